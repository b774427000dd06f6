//! Detects a handler that triggers itself by its own writes. Pure: time comes in as an argument.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::model::{Batch, Reason};

/// The number of runs in a row that the same key must have caused from within the run before.
const RUNS: u32 = 5;

/// How long after the end of a run its writes may still be seen.
const DELAY: Duration = Duration::from_millis(500);

/// The longest time from one run to the next: a loop is faster.
const LONGEST_TURN: Duration = Duration::from_secs(30);

/// Detects a handler that writes a key it is run for. A key that changes during each of several
/// runs in a row, with no other cause between them, is probably written by the handler.
#[derive(Debug, Default)]
pub(super) struct FeedbackDetector {
    /// The times of the last run: its start, and its end if it has ended.
    last: Option<(SystemTime, Option<SystemTime>)>,
    /// For each key that changed during the last runs, the number of those runs.
    streaks: HashMap<String, u32>,
    reported: bool,
}

impl FeedbackDetector {
    /// Takes note of a run that starts with this batch. Returns the key that seems to be written by
    /// the handler, once.
    pub(super) fn started(&mut self, batch: &Batch, now: SystemTime) -> Option<String> {
        if self.reported {
            return None;
        }
        let last = self.last.replace((now, None));
        let within_last = |seen: SystemTime| {
            last.is_some_and(|(start, end)| {
                let latest = end.unwrap_or(now) + DELAY;
                (start..=latest).contains(&seen) && now <= start + LONGEST_TURN
            })
        };
        let caused = batch.reason == Reason::Change
            && batch.changes.iter().all(|change| within_last(change.seen));
        if !caused {
            self.streaks.clear();
            return None;
        }
        let keys = batch.changes.iter().map(|change| change.key().to_owned());
        let streaks = keys.map(|key| {
            let streak = self.streaks.get(&key).copied().unwrap_or_default();
            (key, streak + 1)
        });
        self.streaks = streaks.collect();
        let mut found = self.streaks.iter().filter(|(_, streak)| **streak >= RUNS);
        let key = found.next().map(|(key, _)| key.clone())?;
        self.reported = true;
        self.streaks.clear();
        Some(key)
    }

    /// Takes note of the end of the run.
    pub(super) fn ended(&mut self, now: SystemTime) {
        if let Some((_, end)) = &mut self.last {
            *end = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, Continuity, Entry, Fields, Index, TargetId};

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn batch(keys: &[&str], seen: SystemTime) -> Batch {
        let change = |key: &&str| Change {
            target: TargetId(0),
            before: None,
            after: Some(Entry::pack(&Fields {
                key,
                ..Fields::default()
            })),
            index: Index(1),
            seen,
            continuity: Continuity::Kept,
        };
        Batch {
            reason: Reason::Change,
            changes: keys.iter().map(change).collect(),
        }
    }

    /// Runs that take 10 ms, each started 100 ms after its change was seen, which was this long
    /// after the start of the run before.
    fn runs(keys: &[&[&str]], seen_after: Duration) -> Vec<Option<String>> {
        let (mut detector, mut start) = (FeedbackDetector::default(), SystemTime::UNIX_EPOCH);
        let runs = keys.iter().map(|keys| {
            let seen = start + seen_after;
            start = seen + MS(100);
            let found = detector.started(&batch(keys, seen), start);
            detector.ended(start + MS(10));
            found
        });
        runs.collect()
    }

    #[test]
    fn a_key_that_changes_in_every_run_is_named_once() {
        let found = runs(&[&["a/stamp"][..]; 12], MS(5));
        let named: Vec<_> = found.iter().flatten().collect();
        assert_eq!(named, ["a/stamp"]);
        assert_eq!(found[5].as_deref(), Some("a/stamp"));
    }

    #[test]
    fn a_key_that_changes_between_runs_is_somebody_elses() {
        assert!(
            runs(&[&["a"][..]; 12], MS(1000))
                .iter()
                .all(Option::is_none)
        );
    }

    #[test]
    fn keys_that_take_turns_are_no_loop() {
        let turns: [&[&str]; 12] = [
            &["a"],
            &["b"],
            &["a"],
            &["b"],
            &["a"],
            &["b"],
            &["a"],
            &["b"],
            &["a"],
            &["b"],
            &["a"],
            &["b"],
        ];
        assert!(runs(&turns, MS(5)).iter().all(Option::is_none));
    }
}
