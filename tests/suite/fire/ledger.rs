//! What was written, and what is known of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What stands for a deleted key.
pub const DELETED: &str = "-";

/// How long after a restore a watch may still learn of it, with an outage in between.
const RESTORE_SEEN: Duration = Duration::from_secs(45);

/// The key that two writers count in by CAS.
pub const COUNTER: &str = "fire/counter";

/// What is known of a key.
#[derive(Default)]
struct KeyRecord {
    /// What was ever tried: a change to something else is made up.
    tried: HashSet<String>,
    /// What may have been written, and may be so at any later time: a paused server finds it in its
    /// queue.
    unsure: HashSet<String>,
    /// What was acknowledged last.
    acknowledged: Option<String>,
}

/// How writes ended.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    pub acknowledged: usize,
    pub ambiguous: usize,
    pub refused: usize,
    pub lost: usize,
}

#[derive(Default)]
struct LedgerState {
    keys: HashMap<String, KeyRecord>,
    tally: Tally,
    /// How often the counter was raised for certain, and how often perhaps.
    counted: (u64, u64),
    restored: Option<Instant>,
    violations: Vec<String>,
}

/// All that writers did.
#[derive(Default)]
pub struct FireLedger(Mutex<LedgerState>);

/// What was acknowledged when a snapshot was taken.
pub struct LedgerMark {
    keys: HashMap<String, Option<String>>,
    counted: u64,
}

/// How a write ended, from the exit of kvw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Done,
    /// By another write in between: a CAS only.
    Lost,
    NotDone,
    Perhaps,
}

impl FireLedger {
    fn with<T>(&self, act: impl FnOnce(&mut LedgerState) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    /// Notes what is about to be written.
    pub fn will_write(&self, key: &str, value: &str) {
        self.with(|state| {
            let record = state.keys.entry(key.to_owned()).or_default();
            record.tried.insert(value.to_owned());
        });
    }

    /// Notes how it ended, by the exit code of kvw.
    pub fn wrote(&self, key: &str, value: &str, code: i32) -> Written {
        let written = self.ended(&format!("{key} = {value}"), code);
        self.with(|state| {
            let record = state.keys.entry(key.to_owned()).or_default();
            match written {
                Written::Done => record.acknowledged = Some(value.to_owned()),
                Written::Perhaps => {
                    record.unsure.insert(value.to_owned());
                }
                Written::Lost | Written::NotDone => {}
            }
            if key == COUNTER {
                state.counted.0 += u64::from(written == Written::Done);
                state.counted.1 += u64::from(written == Written::Perhaps);
            }
        });
        written
    }

    /// Counts a write of several keys, or of one.
    pub fn ended(&self, what: &str, code: i32) -> Written {
        self.with(|state| {
            let tally = &mut state.tally;
            let (count, written) = match code {
                0 => (&mut tally.acknowledged, Written::Done),
                1 => (&mut tally.lost, Written::Lost),
                3 => (&mut tally.refused, Written::NotDone),
                5 => (&mut tally.ambiguous, Written::Perhaps),
                _ => {
                    state.violations.push(format!("exit {code}: {what}"));
                    return Written::Perhaps;
                }
            };
            *count += 1;
            written
        })
    }

    /// Notes what must not be.
    pub fn violation(&self, text: String) {
        self.with(|state| state.violations.push(text));
    }

    pub fn violations(&self) -> Vec<String> {
        self.with(|state| state.violations.clone())
    }

    pub fn tally(&self) -> Tally {
        self.with(|state| state.tally)
    }

    /// What is acknowledged now.
    pub fn remember(&self) -> LedgerMark {
        self.with(|state| LedgerMark {
            keys: state
                .keys
                .iter()
                .map(|(key, record)| (key.clone(), record.acknowledged.clone()))
                .collect(),
            counted: state.counted.0,
        })
    }

    /// Notes what was written as a part of more.
    pub fn acknowledge(&self, key: &str, value: &str) {
        self.with(|state| {
            let record = state.keys.entry(key.to_owned()).or_default();
            record.acknowledged = Some(value.to_owned());
        });
    }

    /// Notes what may have been written as a part of more.
    pub fn perhaps(&self, key: &str, value: &str) {
        self.with(|state| {
            let record = state.keys.entry(key.to_owned()).or_default();
            record.unsure.insert(value.to_owned());
        });
    }

    /// Begins to count: the counter was written as 0.
    pub fn begin_to_count(&self) {
        self.with(|state| state.counted = (0, 0));
    }

    /// Goes back to what was remembered, while the store does.
    pub fn go_back(&self, remembered: LedgerMark, restore: impl FnOnce()) {
        self.with(|state| state.restored = Some(Instant::now()));
        restore();
        self.with(|state| {
            for (key, acknowledged) in remembered.keys {
                let record = state.keys.entry(key).or_default();
                record.acknowledged = acknowledged;
            }
            state.counted.0 = remembered.counted;
            state.restored = Some(Instant::now());
        });
    }

    /// Whether a restore may be what a watch sees now.
    pub fn was_restored(&self) -> bool {
        let since = self.with(|state| state.restored);
        since.is_some_and(|since| since.elapsed() < RESTORE_SEEN)
    }

    /// Whether a value was ever written to a key, for all that is known.
    pub fn was_tried(&self, key: &str, value: &str) -> bool {
        self.with(|state| {
            let record = state.keys.get(key);
            record.is_some_and(|record| record.tried.contains(value))
        })
    }

    /// Whether a value may have been written at any time after it was tried.
    pub fn is_unsure(&self, key: &str, value: &str) -> bool {
        self.with(|state| {
            let record = state.keys.get(key);
            record.is_some_and(|record| record.unsure.contains(value))
        })
    }

    /// The acknowledged writes that the store does not hold.
    pub fn missing(&self, store: &BTreeMap<String, String>) -> Vec<String> {
        self.with(|state| {
            let mut missing = Vec::new();
            for (key, record) in &state.keys {
                let there = store.get(key).map_or(DELETED, String::as_str);
                let acknowledged = record.acknowledged.as_deref().unwrap_or(DELETED);
                let counts = |count: u64| {
                    (state.counted.0..=state.counted.0 + state.counted.1).contains(&count)
                };
                let fits = match key.as_str() {
                    COUNTER => there.parse().is_ok_and(counts),
                    _ => there == acknowledged || record.unsure.contains(there),
                };
                if !fits {
                    missing.push(format!(
                        "{key}: {there} there, {acknowledged} acknowledged, counted {:?}",
                        state.counted
                    ));
                }
            }
            missing
        })
    }
}
