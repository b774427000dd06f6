//! How long Consul is asked to hold a query: less where something on the way cuts it earlier. Pure:
//! time comes in as an argument.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::consul::Block;

/// The shortest wait that is asked for. Queries that are cut after less are asked again without a
/// report.
const SHORTEST: Duration = Duration::from_secs(5);

/// The time after which a longer wait is tried again.
const TRY_LONGER: Duration = Duration::from_secs(60 * 60);

/// The wait asked of one address.
#[derive(Debug, Clone)]
pub struct WaitTime {
    longest: Duration,
    /// The present wait, and the time since which it is shorter than the longest.
    shortened: Option<(Duration, Instant)>,
    reported: bool,
}

/// A wait that was shortened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortenedWait {
    /// The time for which the query was held.
    pub cut_after: Duration,
    /// The wait asked for from now on.
    pub wait: Duration,
}

impl WaitTime {
    /// A wait of up to `longest`.
    pub fn new(longest: Duration) -> Self {
        WaitTime {
            longest,
            shortened: None,
            reported: false,
        }
    }

    /// Returns the wait to ask for.
    pub fn wait(&mut self, now: Instant) -> Duration {
        let expired = |since: Instant| now.saturating_duration_since(since) >= TRY_LONGER;
        self.shortened = self.shortened.filter(|(_, since)| !expired(*since));
        self.shortened.map_or(self.longest, |(wait, _)| wait)
    }

    /// Whether a query that failed after it was held for this long may have been cut on the way, so
    /// that it is worth asking again at once before that is an outage.
    pub fn may_be_cut(held: Duration) -> bool {
        held >= Block::LEAST_HELD
    }

    /// Halves the wait after a query was cut that had been held for this long. Returns what to report,
    /// once an address.
    pub fn shorten(&mut self, held: Duration, now: Instant) -> Option<ShortenedWait> {
        let present = self.wait(now);
        if present <= SHORTEST || held > present + present / 8 {
            return None;
        }
        let wait = (held.min(present) / 2).max(SHORTEST.min(self.longest));
        self.shortened = Some((wait, now));
        let reported = std::mem::replace(&mut self.reported, true);
        (!reported).then_some(ShortenedWait {
            cut_after: held,
            wait,
        })
    }
}

/// The wait that the pollers of one address share.
#[derive(Debug, Clone)]
pub struct SharedWait {
    time: Arc<Mutex<WaitTime>>,
    /// The end of the command, after which an answer would come too late.
    until: Option<Instant>,
}

impl SharedWait {
    /// A wait of up to `longest`, and never beyond `until`: an agent holds a query on after its client
    /// is gone.
    pub fn new(longest: Duration, until: Option<Instant>) -> Self {
        SharedWait {
            time: Arc::new(Mutex::new(WaitTime::new(longest))),
            until,
        }
    }

    /// Returns the wait to ask for, at least a millisecond: Consul takes 0 for its own default.
    pub fn wait(&self, now: Instant) -> Duration {
        let wait = self.lock().wait(now);
        let left = self.until.map(|until| until.saturating_duration_since(now));
        wait.min(left.unwrap_or(wait)).max(NOT_HELD)
    }

    /// See [`WaitTime::shorten`].
    pub fn shorten(&self, held: Duration, now: Instant) -> Option<ShortenedWait> {
        self.lock().shorten(held, now)
    }

    fn lock(&self) -> MutexGuard<'_, WaitTime> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wait of a query that is answered at once.
pub const NOT_HELD: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn a_cut_halves_the_wait_and_is_reported_once() {
        let (mut time, now) = (WaitTime::new(S(45)), Instant::now());
        assert_eq!(time.wait(now), S(45));
        let (cut_after, wait) = (S(30), S(15));
        let report = ShortenedWait { cut_after, wait };
        assert_eq!(time.shorten(S(30), now), Some(report));
        assert_eq!(time.wait(now), S(15));
        assert_eq!(time.shorten(S(15), now), None);
        assert_eq!(time.wait(now), Duration::from_millis(7500));
    }

    #[test]
    fn the_wait_is_never_shorter_than_the_shortest_or_what_was_asked_for() {
        let (mut time, now) = (WaitTime::new(S(45)), Instant::now());
        for held in [9, 5, 3] {
            time.shorten(S(held), now);
            assert_eq!(time.wait(now), S(5));
        }
        let mut time = WaitTime::new(S(3));
        assert_eq!(time.shorten(S(3), now), None);
        assert_eq!(time.wait(now), S(3));
    }

    #[test]
    fn a_longer_wait_is_tried_again_after_an_hour() {
        let (mut time, now) = (WaitTime::new(S(45)), Instant::now());
        time.shorten(S(40), now);
        assert_eq!(time.wait(now + S(3599)), S(20));
        assert_eq!(time.wait(now + S(3600)), S(45));
        assert_eq!(time.shorten(S(40), now + S(3700)), None);
        assert_eq!(time.wait(now + S(3700)), S(20));
    }

    #[test]
    fn the_wait_is_never_longer_than_the_time_left() {
        let now = Instant::now();
        let wait = SharedWait::new(S(45), Some(now + S(60)));
        assert_eq!(wait.wait(now), S(45));
        assert_eq!(wait.wait(now + S(50)), S(10));
        assert_eq!(wait.wait(now + S(61)), NOT_HELD);
    }

    #[test]
    fn what_fails_at_once_was_not_cut() {
        assert!(!WaitTime::may_be_cut(Duration::from_millis(400)));
        assert!(WaitTime::may_be_cut(Duration::from_millis(500)));
    }
}
