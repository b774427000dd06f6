//! For which leader a handler runs, and when: for the newest, and again after a failure.

use std::time::{Duration, Instant};

use crate::backoff::Backoff;

/// The waits before a handler that failed runs again.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The runs of a handler, one after another.
#[derive(Debug)]
pub struct LeaderRuns<T> {
    /// What the handler has not handled yet.
    pending: Option<T>,
    /// Whether a run is on its way, and whether something newer came since it began.
    running: bool,
    superseded: bool,
    retry_at: Option<Instant>,
    backoff: Backoff,
}

impl<T> LeaderRuns<T> {
    /// Nothing to run yet.
    pub fn new() -> Self {
        LeaderRuns {
            pending: None,
            running: false,
            superseded: false,
            retry_at: None,
            backoff: Backoff::new(FIRST_WAIT, LONGEST_WAIT),
        }
    }

    /// There is something new. It follows at once, or behind the run that is on its way; what waited is
    /// no longer true and is never run for.
    pub fn changed(&mut self, new: T) {
        self.pending = Some(new);
        self.superseded = self.running;
        self.retry_at = None;
        self.backoff.reset();
    }

    /// Returns what to run for now, and takes the run for begun.
    pub fn begin(&mut self, now: Instant) -> Option<&T> {
        let waits = self.running || self.retry_at.is_some_and(|at| at > now);
        let pending = self.pending.as_ref().filter(|_| !waits)?;
        self.running = true;
        self.superseded = false;
        self.retry_at = None;
        Some(pending)
    }

    /// The run has ended. Returns the wait before it is repeated, if it failed and nothing newer came.
    pub fn ended(&mut self, success: bool, now: Instant, random: f64) -> Option<Duration> {
        self.running = false;
        match (self.superseded, success) {
            (true, _) => None,
            (false, true) => {
                self.pending = None;
                None
            }
            (false, false) => {
                let wait = self.backoff.next(random);
                self.retry_at = Some(now + wait);
                Some(wait)
            }
        }
    }

    /// When a run is to be repeated.
    pub fn deadline(&self) -> Option<Instant> {
        self.retry_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_newest_is_run_for_after_the_run_on_its_way() {
        let now = Instant::now();
        let mut runs = LeaderRuns::new();
        assert_eq!(runs.begin(now), None);
        runs.changed("a");
        assert_eq!(runs.begin(now), Some(&"a"));
        runs.changed("b");
        runs.changed("c");
        assert_eq!(runs.begin(now), None);
        assert_eq!(runs.ended(true, now, 1.0), None);
        assert_eq!(runs.begin(now), Some(&"c"));
        assert_eq!(runs.ended(true, now, 1.0), None);
        assert_eq!(runs.begin(now), None);
    }

    #[test]
    fn a_failed_run_is_repeated_after_longer_and_longer_waits() {
        let now = Instant::now();
        let mut runs = LeaderRuns::new();
        runs.changed("a");
        for wait in [1, 2, 4] {
            let now = now + SECOND * 100 * wait;
            assert_eq!(runs.begin(now), Some(&"a"));
            assert_eq!(runs.ended(false, now, 1.0), Some(SECOND * wait));
            assert_eq!(runs.deadline(), Some(now + SECOND * wait));
            assert_eq!(runs.begin(now), None);
        }
    }

    #[test]
    fn something_newer_neither_waits_for_the_repetition_nor_inherits_it() {
        let now = Instant::now();
        let mut runs = LeaderRuns::new();
        runs.changed("a");
        runs.begin(now);
        assert_eq!(runs.ended(false, now, 1.0), Some(SECOND));
        runs.changed("b");
        assert_eq!(runs.begin(now), Some(&"b"));
        runs.changed("c");
        assert_eq!(runs.ended(false, now, 1.0), None);
        assert_eq!(runs.begin(now), Some(&"c"));
        assert_eq!(runs.ended(false, now, 1.0), Some(SECOND));
    }
}
