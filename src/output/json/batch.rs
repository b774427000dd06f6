//! Changes, and the batch that a handler reads.

use std::time::SystemTime;

use serde::{Serialize, Serializer};

use super::{Entry, event_name, format_time, reason_name};
use crate::model;

/// A change of a key.
#[derive(Debug, Serialize)]
pub struct Change<'a> {
    event: &'static str,
    key: &'a str,
    before: Option<Entry<'a>>,
    after: Option<Entry<'a>>,
    index: u64,
    time: String,
    target: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    recreated: bool,
}

impl<'a> Change<'a> {
    /// Creates the JSON of a change; `target` is the target as named on the command line.
    pub fn new(change: &'a model::Change, target: &'a str) -> Self {
        Change {
            event: event_name(change.kind()),
            key: change.key(),
            before: change.before.as_ref().map(Entry::from),
            after: change.after.as_ref().map(Entry::from),
            index: change.index.0,
            time: format_time(change.seen),
            target,
            recreated: change.recreated(),
        }
    }
}

/// The document that a handler reads on its stdin.
#[derive(Debug, Serialize)]
pub struct Batch<'a> {
    index: u64,
    time: String,
    targets: &'a [String],
    reason: &'static str,
    changes: BatchChanges<'a>,
}

/// Changes whose JSON is created one by one while it is written: a batch may hold 100,000.
#[derive(Debug)]
struct BatchChanges<'a> {
    changes: &'a [model::Change],
    targets: &'a [String],
}

impl Serialize for BatchChanges<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = |change: &model::Change| &self.targets[usize::from(change.target.0)];
        let changes = self.changes.iter();
        serializer.collect_seq(changes.map(|change| Change::new(change, name(change))))
    }
}

impl<'a> Batch<'a> {
    /// Creates the document of a batch. `targets` are the names in the order of their ids, `now` is the
    /// time when the batch is handed over.
    ///
    /// # Panics
    /// While it is written, when a change belongs to none of the targets.
    pub fn new(batch: &'a model::Batch, targets: &'a [String], now: SystemTime) -> Self {
        Batch {
            index: batch.index().0,
            time: format_time(now),
            targets,
            reason: reason_name(batch.reason),
            changes: BatchChanges {
                changes: &batch.changes,
                targets,
            },
        }
    }
}
