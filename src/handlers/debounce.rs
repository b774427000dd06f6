//! When a burst is over. Pure: time comes in as an argument.

use std::time::{Duration, Instant};

/// Waits for quiet, but not for ever.
#[derive(Debug, Clone)]
pub struct Debounce {
    quiet: Duration,
    most: Duration,
    /// First and last news of the burst.
    burst: Option<(Instant, Instant)>,
}

impl Debounce {
    /// A burst is over when nothing came for `quiet`, at the latest `most` after it began.
    pub fn new(quiet: Duration, most: Duration) -> Self {
        Debounce {
            quiet,
            most,
            burst: None,
        }
    }

    /// Something came.
    pub fn news(&mut self, now: Instant) {
        let first = self.burst.map_or(now, |(first, _)| first);
        self.burst = Some((first, now));
    }

    /// When the burst is over; `None` when there is none.
    pub fn due(&self) -> Option<Instant> {
        let (first, last) = self.burst?;
        Some((last + self.quiet).min(first + self.most))
    }

    /// The burst was taken, or came to nothing.
    pub fn clear(&mut self) {
        self.burst = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_single_change_waits_for_quiet() {
        let (start, mut debounce) = (Instant::now(), Debounce::new(MS(100), MS(5000)));
        assert_eq!(debounce.due(), None);
        debounce.news(start);
        assert_eq!(debounce.due(), Some(start + MS(100)));
    }

    #[test]
    fn each_change_of_a_burst_starts_the_quiet_anew_up_to_the_most() {
        let (start, mut debounce) = (Instant::now(), Debounce::new(MS(100), MS(250)));
        for at in [0, 90, 180] {
            debounce.news(start + MS(at));
        }
        assert_eq!(debounce.due(), Some(start + MS(250)));
        debounce.clear();
        assert_eq!(debounce.due(), None);
        debounce.news(start + MS(300));
        assert_eq!(debounce.due(), Some(start + MS(400)));
    }

    #[test]
    fn no_quiet_means_at_once() {
        let (start, mut debounce) = (Instant::now(), Debounce::new(MS(0), MS(5000)));
        debounce.news(start);
        assert_eq!(debounce.due(), Some(start));
    }
}
