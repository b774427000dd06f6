//! How fast requests may follow one another. Pure: time comes in as an argument.

use std::time::{Duration, Instant};

/// A rate of one request a period, with a burst: the generic cell rate algorithm, which needs one
/// point in time and no counter.
#[derive(Debug, Clone)]
pub struct RateLimiter {
    period: Duration,
    /// How far ahead of the steady rate a burst may run.
    tolerance: Duration,
    /// When the next request is due at the steady rate.
    due: Instant,
}

impl RateLimiter {
    /// A limiter from which nothing was taken yet. `burst` is the number of requests that may go at
    /// once after a rest, at least 1.
    pub fn new(period: Duration, burst: u32, now: Instant) -> Self {
        RateLimiter {
            period,
            tolerance: period * burst.saturating_sub(1),
            due: now,
        }
    }

    /// Takes the right to `requests` at once, and returns how long to wait before they are sent.
    /// Unused time is not saved beyond the burst.
    pub fn take(&mut self, requests: u32, now: Instant) -> Duration {
        let due = self.due.max(now);
        self.due = due + self.period * requests;
        due.saturating_duration_since(now)
            .saturating_sub(self.tolerance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn bursts_of_two(start: Instant) -> RateLimiter {
        RateLimiter::new(MS(100), 2, start)
    }

    #[test]
    fn a_burst_is_free_and_then_one_query_in_a_while() {
        let start = Instant::now();
        let mut limiter = bursts_of_two(start);
        assert_eq!(limiter.take(1, start), MS(0));
        assert_eq!(limiter.take(1, start), MS(0));
        assert_eq!(limiter.take(1, start), MS(100));
        assert_eq!(limiter.take(1, start + MS(100)), MS(100));
        assert_eq!(limiter.take(1, start + MS(230)), MS(70));
    }

    #[test]
    fn rest_allows_another_burst_but_no_larger_one() {
        let start = Instant::now();
        let mut limiter = bursts_of_two(start);
        limiter.take(1, start);
        limiter.take(1, start);
        let later = start + Duration::from_secs(60);
        assert_eq!(limiter.take(1, later), MS(0));
        assert_eq!(limiter.take(1, later), MS(0));
        assert_eq!(limiter.take(1, later), MS(100));
    }

    #[test]
    fn constant_requests_never_come_faster_than_the_rate() {
        let start = Instant::now();
        let (mut limiter, mut now) = (bursts_of_two(start), start);
        for _ in 0..100 {
            now += limiter.take(1, now) + MS(3);
        }
        assert!(now - start >= MS(97 * 100), "{:?}", now - start);
    }

    #[test]
    fn several_at_once_wait_for_those_before_them() {
        let now = Instant::now();
        let mut limiter = RateLimiter::new(MS(10), 1, now);
        assert_eq!(limiter.take(50, now), Duration::ZERO);
        assert_eq!(limiter.take(50, now), MS(500));
        assert_eq!(limiter.take(1, now), MS(1000));
    }

    #[test]
    fn unused_time_is_not_saved() {
        let now = Instant::now();
        let mut limiter = RateLimiter::new(MS(100), 1, now);
        let later = now + Duration::from_secs(60);
        assert_eq!(limiter.take(10, later), Duration::ZERO);
        assert_eq!(limiter.take(10, later), MS(1000));
    }
}
