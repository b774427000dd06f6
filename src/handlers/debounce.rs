//! The quiet time before a batch is handed over (`--debounce`), bounded by `--max-delay`. Pure: time
//! comes in as an argument.

use std::time::{Duration, Instant};

/// Waits until a burst of changes is over, but not for ever.
#[derive(Debug, Clone)]
pub struct Debounce {
    quiet: Duration,
    most: Duration,
    /// The times of the first and the last change of the burst.
    burst: Option<(Instant, Instant)>,
}

impl Debounce {
    /// A debounce without a burst. A burst is over when no change came for `quiet`, at the latest
    /// `most` after it began.
    pub fn new(quiet: Duration, most: Duration) -> Self {
        Debounce {
            quiet,
            most,
            burst: None,
        }
    }

    /// Takes note of a change.
    pub fn touch(&mut self, now: Instant) {
        let first = self.burst.map_or(now, |(first, _)| first);
        self.burst = Some((first, now));
    }

    /// The time at which the burst is over; `None` when there is none.
    pub fn due(&self) -> Option<Instant> {
        let (first, last) = self.burst?;
        Some((last + self.quiet).min(first + self.most))
    }

    /// Ends the burst: its changes were taken, or cancelled out.
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
        debounce.touch(start);
        assert_eq!(debounce.due(), Some(start + MS(100)));
    }

    #[test]
    fn each_change_of_a_burst_starts_the_quiet_anew_up_to_the_most() {
        let (start, mut debounce) = (Instant::now(), Debounce::new(MS(100), MS(250)));
        for at in [0, 90, 180] {
            debounce.touch(start + MS(at));
        }
        assert_eq!(debounce.due(), Some(start + MS(250)));
        debounce.clear();
        assert_eq!(debounce.due(), None);
        debounce.touch(start + MS(300));
        assert_eq!(debounce.due(), Some(start + MS(400)));
    }

    #[test]
    fn no_quiet_means_at_once() {
        let (start, mut debounce) = (Instant::now(), Debounce::new(MS(0), MS(5000)));
        debounce.touch(start);
        assert_eq!(debounce.due(), Some(start));
    }
}
