//! So many keys a second. Pure.

use std::time::{Duration, Instant};

/// When the next keys may go.
#[derive(Debug, Clone)]
pub struct Pace {
    per_second: u32,
    next: Instant,
}

impl Pace {
    /// Nothing has gone yet.
    pub fn new(per_second: u32, now: Instant) -> Self {
        Pace {
            per_second,
            next: now,
        }
    }

    /// Takes the right to send `keys`, and says how long to wait before they go.
    pub fn take(&mut self, keys: usize, now: Instant) -> Duration {
        // Time that nobody used is gone: a slow server is not caught up with in a burst.
        let start = self.next.max(now);
        let keys = u32::try_from(keys).unwrap_or(u32::MAX);
        self.next = start + Duration::from_secs(1) * keys / self.per_second.max(1);
        start - now
    }

    /// The most keys to send at once, so that the rate holds within each second.
    pub fn at_once(&self) -> usize {
        self.per_second.max(1) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_wait_for_those_before_them() {
        let now = Instant::now();
        let mut pace = Pace::new(100, now);
        assert_eq!(pace.take(50, now), Duration::ZERO);
        assert_eq!(pace.take(50, now), Duration::from_millis(500));
        assert_eq!(pace.take(1, now), Duration::from_secs(1));
    }

    #[test]
    fn unused_time_is_not_saved() {
        let now = Instant::now();
        let mut pace = Pace::new(10, now);
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.take(10, later), Duration::ZERO);
        assert_eq!(pace.take(10, later), Duration::from_secs(1));
    }
}
