//! How long to wait before trying again. Pure: randomness comes in as an argument.

use std::time::Duration;

/// Doubling waits with jitter, so that a fleet that lost its servers together does not return
/// together.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    /// Waits from `first`, doubled at each failure, up to `most`.
    pub fn new(first: Duration, most: Duration) -> Self {
        Backoff {
            first,
            most,
            failures: 0,
        }
    }

    /// The wait after one more failure. `random` is in 0..1; the wait is between half and the
    /// whole of the step.
    pub fn next(&mut self, random: f64) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        doubled.min(self.most).mul_f64(0.5 + random / 2.0)
    }

    /// Starts over after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn waits_double_up_to_the_most() {
        let mut backoff = Backoff::new(MS(100), MS(1000));
        let waits: Vec<_> = (0..6).map(|_| backoff.next(1.0)).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000].map(MS));
    }

    #[test]
    fn jitter_takes_off_up_to_a_half() {
        let mut backoff = Backoff::new(MS(100), MS(1000));
        assert_eq!(backoff.next(0.0), MS(50));
        assert_eq!(backoff.next(0.5), MS(150));
    }

    #[test]
    fn a_success_starts_over_and_nothing_overflows() {
        let mut backoff = Backoff::new(MS(100), MS(10_000));
        for _ in 0..1000 {
            assert!(backoff.next(1.0) <= MS(10_000));
        }
        backoff.reset();
        assert_eq!(backoff.next(1.0), MS(100));
    }
}
