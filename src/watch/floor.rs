//! The least time between two queries: a token bucket, so that a single change is seen at once and
//! constant writes become slow polling instead of a storm. Pure.

use std::time::{Duration, Instant};

/// Queries that may follow one another at once.
const BURST: u32 = 2;

/// One more query is free after this long.
const REFILL: Duration = Duration::from_millis(100);

/// A bucket of queries.
#[derive(Debug, Clone)]
pub struct Floor {
    free: u32,
    /// Since when the next token is being earned; irrelevant while the bucket is full.
    since: Instant,
}

impl Floor {
    /// A full bucket.
    pub fn new(now: Instant) -> Self {
        Floor {
            free: BURST,
            since: now,
        }
    }

    /// Takes the right to one query, and says how long to wait before it is made.
    pub fn take(&mut self, now: Instant) -> Duration {
        let earned = now.saturating_duration_since(self.since).as_nanos() / REFILL.as_nanos();
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        if self.free.saturating_add(earned) >= BURST {
            self.free = BURST;
            self.since = now;
        } else {
            self.free += earned;
            self.since += REFILL * earned;
        }
        if self.free > 0 {
            self.free -= 1;
            return Duration::ZERO;
        }
        // The token that is being earned is spent in advance.
        self.since += REFILL;
        self.since.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_burst_is_free_and_then_one_query_in_a_while() {
        let start = Instant::now();
        let mut floor = Floor::new(start);
        assert_eq!(floor.take(start), MS(0));
        assert_eq!(floor.take(start), MS(0));
        assert_eq!(floor.take(start), MS(100));
        assert_eq!(floor.take(start + MS(100)), MS(100));
        assert_eq!(floor.take(start + MS(230)), MS(70));
    }

    #[test]
    fn rest_fills_the_bucket_but_not_beyond_the_burst() {
        let start = Instant::now();
        let mut floor = Floor::new(start);
        floor.take(start);
        floor.take(start);
        let later = start + Duration::from_secs(60);
        assert_eq!(floor.take(later), MS(0));
        assert_eq!(floor.take(later), MS(0));
        assert_eq!(floor.take(later), MS(100));
    }

    #[test]
    fn constant_answers_never_come_faster_than_the_floor() {
        let start = Instant::now();
        let (mut floor, mut now) = (Floor::new(start), start);
        for _ in 0..100 {
            now += floor.take(now) + MS(3);
        }
        assert!(now - start >= MS(97 * 100), "{:?}", now - start);
    }
}
