//! Detects a handler that triggers itself by its own writes. Pure: time comes in as an argument.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::model::{Batch, Change, Reason};

/// The number of runs in a row that the same key must have caused from within the run before.
const RUNS: u32 = 5;

/// How long after the end of a run its writes may still be seen: a write returns when Consul has it. A
/// longer time would take what others write for the handler's.
const DELAY: Duration = Duration::from_millis(100);

/// The longest time from one run to the next: a loop is faster.
const LONGEST_TURN: Duration = Duration::from_secs(30);

/// Detects a handler that writes a key it is run for. A key that changes during each of several
/// runs in a row, with no other cause between them, is probably written by the handler; so are keys
/// of one folder that are created, one in each run.
#[derive(Debug, Default)]
pub(super) struct FeedbackDetector {
    /// The times of the last run: its start, and its end if it has ended.
    last: Option<(SystemTime, Option<SystemTime>)>,
    /// For each key that changed during the last runs, the number of those runs; keys that were created
    /// are counted by their folder.
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
        // A run that failed leaves its changes to a retry; a key that it wrote is a new change there.
        let caused = matches!(batch.reason, Reason::Change | Reason::Retry)
            && batch.changes.iter().all(|change| within_last(change.seen));
        if !caused {
            self.streaks.clear();
            return None;
        }
        let streaks = batch.changes.iter().map(|change| {
            let name = streak_name(change);
            let streak = self.streaks.get(name).copied().unwrap_or_default();
            (name.to_owned(), streak + 1)
        });
        self.streaks = streaks.collect();
        let has_streak = |change: &&Change| self.streaks[streak_name(change)] >= RUNS;
        let key = batch.changes.iter().find(has_streak)?.key().to_owned();
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

/// What the streak of a change is counted by.
fn streak_name(change: &Change) -> &str {
    let key = change.key();
    match (&change.before, key.rfind('/')) {
        (None, Some(slash)) => &key[..=slash],
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Continuity, Entry, Fields, Index, TargetId};

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// A `+` before a key means that it was created.
    fn batch(keys: &[&str], seen: SystemTime) -> Batch {
        let entry = |key: &str| {
            Entry::pack(&Fields {
                key,
                ..Fields::default()
            })
        };
        let change = |key: &&str| Change {
            target: TargetId(0),
            before: (!key.starts_with('+')).then(|| entry(key)),
            after: Some(entry(key.trim_start_matches('+'))),
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

    #[test]
    fn a_new_key_in_every_run_is_named_too() {
        let names: Vec<_> = (0..12).map(|n| format!("+a/log-{n}")).collect();
        let keys: Vec<_> = names.iter().map(|name| [name.as_str()]).collect();
        let keys: Vec<&[&str]> = keys.iter().map(|keys| &keys[..]).collect();
        let found = runs(&keys, MS(5));
        assert_eq!(found[5].as_deref(), Some("a/log-5"));
        assert_eq!(found.iter().flatten().count(), 1);
    }

    #[test]
    fn a_change_that_comes_a_while_after_a_run_is_somebody_elses() {
        // Written every 300 ms, with runs of 10 ms.
        assert!(runs(&[&["a"][..]; 12], MS(200)).iter().all(Option::is_none));
    }

    #[test]
    fn a_run_that_fails_and_writes_is_named_too() {
        let (mut detector, mut start) = (FeedbackDetector::default(), SystemTime::UNIX_EPOCH);
        let found = (0..12).filter_map(|_| {
            let seen = start + MS(5);
            start = seen + MS(100);
            let reason = Reason::Retry;
            let batch = Batch {
                reason,
                ..batch(&["a"], seen)
            };
            let found = detector.started(&batch, start);
            detector.ended(start + MS(10));
            found
        });
        assert_eq!(found.count(), 1);
    }
}
