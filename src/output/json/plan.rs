//! Plans: what differs, and what an apply has done.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::Entry;
use super::entry::{Encoding, encode};
use crate::model;
use crate::output::SecretMask;

/// A plan.
#[derive(Debug, Serialize)]
pub struct Plan<'a> {
    changes: PlannedChanges<'a>,
    unchanged: u64,
    unmanaged: u64,
    skipped: Vec<Skipped<'a>>,
    transactions: usize,
}

impl<'a> Plan<'a> {
    /// Creates the JSON of a plan that takes this many transactions.
    pub fn new(plan: &'a model::ChangePlan, mask: &'a SecretMask, transactions: usize) -> Self {
        let skipped = plan.skipped.iter().map(|skipped| Skipped {
            key: skipped.key.as_str(),
            reason: skipped.reason.name(),
        });
        Plan {
            changes: PlannedChanges {
                changes: &plan.changes,
                mask,
            },
            unchanged: plan.unchanged,
            unmanaged: plan.unmanaged,
            skipped: skipped.collect(),
            transactions,
        }
    }
}

/// Changes whose JSON is created one by one while it is written.
#[derive(Debug)]
struct PlannedChanges<'a> {
    changes: &'a [model::PlannedChange],
    mask: &'a SecretMask,
}

impl Serialize for PlannedChanges<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let changes = self.changes.iter();
        serializer.collect_seq(changes.map(|change| PlannedChange::new(change, self.mask)))
    }
}

/// A change of a plan.
#[derive(Debug, Serialize)]
pub struct PlannedChange<'a> {
    op: &'static str,
    key: &'a str,
    before: Option<Entry<'a>>,
    after: Option<PlannedContent<'a>>,
    /// Present where values are secret: they are null then, and this tells whether they differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<SecretChange>,
}

/// What a key is to be. `value` and `encoding` are null where it is secret.
#[derive(Debug, Serialize)]
struct PlannedContent<'a> {
    value: Option<Cow<'a, str>>,
    encoding: Option<Encoding>,
    flags: u64,
}

/// The descriptions of secret values.
#[derive(Debug, Serialize)]
struct SecretChange {
    before: Option<String>,
    after: Option<String>,
}

/// A key that differs and is left alone.
#[derive(Debug, Serialize)]
struct Skipped<'a> {
    key: &'a str,
    reason: &'static str,
}

impl<'a> PlannedChange<'a> {
    /// Creates the JSON of a change.
    pub fn new(change: &'a model::PlannedChange, mask: &SecretMask) -> Self {
        let key = change.key.as_str();
        let describe = |value: Option<&[u8]>| value.and_then(|value| mask.describe(key, value));
        let secret = SecretChange {
            before: describe(change.before.as_ref().map(model::Entry::value)),
            after: describe(change.after.as_ref().map(|after| &*after.value)),
        };
        let is_secret = secret.before.is_some() || secret.after.is_some();
        let before = change.before.as_ref().map(|entry| match is_secret {
            true => Entry::from(entry).without_value(),
            false => Entry::from(entry),
        });
        let after = change.after.as_ref().map(|after| {
            let shown = (!is_secret).then(|| encode(&after.value));
            let (value, encoding) = shown.unzip();
            PlannedContent {
                value,
                encoding,
                flags: after.flags,
            }
        });
        PlannedChange {
            op: change.op().name(),
            key,
            before,
            after,
            secret: is_secret.then_some(secret),
        }
    }
}

/// What has become of a plan.
#[derive(Debug, Serialize)]
pub struct Applied<'a> {
    /// `applied`, `unchanged`, `conflict`, `rolled_back`, `partial` or `unknown`.
    pub outcome: &'static str,
    /// Keys that were written.
    pub written: u64,
    /// Keys that were deleted.
    pub deleted: u64,
    /// Keys that were as they should be.
    pub unchanged: u64,
    /// Transactions that were applied.
    pub transactions: u64,
    /// The index of the last of them; null where none was applied, or its answer was lost.
    pub index: Option<u64>,
    /// The keys that were not as they were read, or not as they were written when they were to be put back.
    pub conflicts: Vec<Conflict<'a>>,
    /// The check of `--then`; null without one.
    pub check: Option<CheckRun>,
    /// The file that undoes it; null without one.
    pub undo: Option<&'a str>,
}

/// What `cp` and `mv` have done, in numbers of keys.
#[derive(Debug, Serialize)]
pub struct Copied {
    /// Keys that were written.
    pub copied: u64,
    /// Keys that were deleted where they were read.
    pub moved: u64,
    /// Keys that were left out.
    pub skipped: u64,
    /// Keys whose copies were there already.
    pub unchanged: u64,
    /// Transactions that were applied.
    pub transactions: u64,
}

/// A key that was not as it was read. The indexes are null where the key does not exist, or may not be
/// read any more.
#[derive(Debug, Serialize)]
pub struct Conflict<'a> {
    /// The key.
    pub key: &'a str,
    /// The index that it was read at.
    pub expected: Option<u64>,
    /// The index that it has now.
    pub found: Option<u64>,
}

/// How the check of `--then` ended.
#[derive(Debug, Clone, Serialize)]
pub struct CheckRun {
    /// The exit status, or 128+n after signal n; null where it was out of time.
    pub status: Option<u8>,
    /// How long it took.
    pub ms: u128,
}
