//! A plan: what has to change so that a store is as sources say, as operations that apply only while
//! the store is as it was read.
//!
//! No operation of a plan is a plain write: each is guarded by the index that its key was read at.

use std::collections::BTreeMap;

use super::{
    Desired, Entry, Filter, Index, Key, LOCK_FLAGS, Op, Packer, Place, SEMAPHORE_FLAGS, Snapshot,
    TxnLimits,
};

/// What of the differences is planned.
#[derive(Debug, Clone, Default)]
pub struct PlanRules {
    /// Whether keys that no source has are deleted.
    pub prune: bool,
    /// Whether folder keys, whose names end in `/`, are deleted too.
    pub folders: bool,
    /// The keys that are changed; others are left alone.
    pub filter: Filter,
    /// Whether no key is created.
    pub only_existing: bool,
    /// Whether no existing key is written.
    pub create_only: bool,
    /// Whether keys that a session holds are written. A plain write resets the lock index of such a
    /// key and leaves its session, so that the holder's fence is worth nothing.
    pub overwrite_locked: bool,
    /// Whether the unchanged keys of the sources are guarded too.
    pub guard_unchanged: bool,
}

/// A value and its flags: what a write can put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryContent {
    /// The value.
    pub value: Vec<u8>,
    /// The application's 64-bit number.
    pub flags: u64,
}

impl EntryContent {
    /// Whether an entry has this content.
    pub fn is_in(&self, entry: &Entry) -> bool {
        entry.value_known() && entry.value() == self.value && entry.flags() == self.flags
    }
}

impl From<&Entry> for EntryContent {
    fn from(entry: &Entry) -> Self {
        EntryContent {
            value: entry.value().to_vec(),
            flags: entry.flags(),
        }
    }
}

/// The kind of a planned change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlannedOp {
    /// The key does not exist.
    Create,
    /// Value or flags differ.
    Update,
    /// The key is to be removed.
    Delete,
}

impl PlannedOp {
    /// Returns the name that JSON has for it.
    pub fn name(self) -> &'static str {
        match self {
            PlannedOp::Create => "create",
            PlannedOp::Update => "update",
            PlannedOp::Delete => "delete",
        }
    }
}

/// The change of one key. At least one of `before` and `after` is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChange {
    /// The key.
    pub key: Key,
    /// The entry as it was read.
    pub before: Option<Entry>,
    /// What it is to be; `None`: no entry.
    pub after: Option<EntryContent>,
    /// Where a source says so; `None` for a key that no source has.
    pub place: Option<Place>,
}

impl PlannedChange {
    /// Returns the kind of the change.
    pub fn op(&self) -> PlannedOp {
        match (&self.before, &self.after) {
            (None, _) => PlannedOp::Create,
            (Some(_), Some(_)) => PlannedOp::Update,
            (Some(_), None) => PlannedOp::Delete,
        }
    }

    /// Returns the index that the change is guarded by: 0 for a key that must not exist.
    pub fn guard(&self) -> Index {
        self.before.as_ref().map_or(Index(0), Entry::modified)
    }

    /// Returns the operation, which applies only while the key is as it was read. For a delete that
    /// includes a key that is gone: Consul's `delete-cas` succeeds then.
    pub fn to_op(&self) -> Op {
        let key = self.key.clone();
        let index = self.guard();
        match &self.after {
            Some(EntryContent { value, flags }) => Op::Cas {
                key,
                value: value.clone(),
                flags: *flags,
                index,
            },
            None => Op::DeleteCas { key, index },
        }
    }

    /// Whether the values differ in nothing but a newline at the end.
    pub fn only_ends_differ(&self) -> bool {
        let (Some(before), Some(after)) = (&self.before, &self.after) else {
            return false;
        };
        let (before, after) = (before.value(), &*after.value);
        let ends = [&b"\n"[..], b"\r\n"];
        let is_longer = |long: &[u8], short: &[u8]| {
            let mut rests = ends.iter().filter_map(|end| long.strip_suffix(*end));
            rests.any(|rest| rest == short)
        };
        is_longer(before, after) || is_longer(after, before)
    }

    /// Whether a session holds the key.
    pub fn is_locked(&self) -> bool {
        self.before
            .as_ref()
            .is_some_and(|entry| entry.session().is_some())
    }
}

/// Why a key is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// A session holds it.
    Locked,
    /// It has the flags of a lock or a semaphore.
    Lock,
    /// It is a folder key.
    Folder,
    /// `--include` or `--exclude` leave it out.
    Excluded,
    /// It does not exist, and `--only-existing` creates none.
    Missing,
    /// It exists, and `--create-only` writes no existing key.
    Exists,
}

impl SkipReason {
    /// Returns the name that text and JSON have for it.
    pub fn name(self) -> &'static str {
        match self {
            SkipReason::Locked => "locked",
            SkipReason::Lock => "lock",
            SkipReason::Folder => "folder",
            SkipReason::Excluded => "excluded",
            SkipReason::Missing => "missing",
            SkipReason::Exists => "exists",
        }
    }
}

/// A key that differs and is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedKey {
    /// The key.
    pub key: Key,
    /// The reason.
    pub reason: SkipReason,
}

/// What has to change, and what is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangePlan {
    /// The changes in the order in which they are applied: creates and updates by key, then deletes by
    /// key, so that no moment has less than before and after.
    pub changes: Vec<PlannedChange>,
    /// Unchanged keys and the indexes that they must still have.
    pub checks: Vec<(Key, Index)>,
    /// The keys of the sources that are as they should be.
    pub unchanged: u64,
    /// The keys in the scope that no source has, and that are not pruned.
    pub unmanaged: u64,
    /// Keys that differ and are left alone, by key.
    pub skipped: Vec<SkippedKey>,
    /// The keys that were read, which a percentage of `--max-delete` is of.
    pub existing: u64,
    /// Whether keys that a session holds are written.
    pub overwrite_locked: bool,
}

impl ChangePlan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Returns the number of keys to write.
    pub fn writes(&self) -> u64 {
        self.changes.len() as u64 - self.deletes()
    }

    /// Returns the number of keys to delete.
    pub fn deletes(&self) -> u64 {
        let deletes = self
            .changes
            .iter()
            .filter(|change| change.op() == PlannedOp::Delete);
        deletes.count() as u64
    }

    /// Returns the changes of keys that a session holds and that may not be written for it.
    pub fn blocked(&self) -> impl Iterator<Item = &PlannedChange> {
        let allowed = self.overwrite_locked;
        let changes = self.changes.iter();
        changes.filter(move |change| !allowed && change.is_locked())
    }

    /// Returns the operations in order: first those that only check.
    pub fn ops(&self) -> impl Iterator<Item = Op> {
        self.ops_from(0)
    }

    /// Returns the operations without the first ones.
    pub fn ops_from(&self, first: usize) -> impl Iterator<Item = Op> {
        let checked = first.min(self.checks.len());
        let changed = (first - checked).min(self.changes.len());
        let checks = self.checks[checked..].iter();
        let checks = checks.map(|(key, index)| Op::CheckIndex {
            key: key.clone(),
            index: *index,
        });
        let changes = self.changes[changed..].iter();
        checks.chain(changes.map(PlannedChange::to_op))
    }

    /// Returns the number of transactions that hold the operations; `extra` are the bytes that the
    /// sender adds to each operation.
    pub fn transactions(&self, limits: TxnLimits, extra: usize) -> usize {
        if self.changes.is_empty() {
            return 0;
        }
        let mut packer = Packer::new(limits, extra);
        let full = self.ops().filter_map(|op| packer.push(op)).count();
        full + usize::from(packer.finish().is_some())
    }
}

/// Compares what sources say with what is stored: all entries of the scope, and those of keys of
/// sources outside it. Of several desired entries with one key the last counts.
pub fn compare(desired: Vec<Desired>, store: &Snapshot, rules: &PlanRules) -> ChangePlan {
    let mut plan = ChangePlan {
        existing: store.len() as u64,
        overwrite_locked: rules.overwrite_locked,
        ..ChangePlan::default()
    };
    let desired: BTreeMap<_, _> = desired
        .into_iter()
        .map(|desired| (desired.key.clone(), desired))
        .collect();
    let mut deletes = Vec::new();
    for entry in store.entries() {
        if !desired.contains_key(entry.key()) {
            match prune(entry, rules) {
                Pruned::Delete(change) => deletes.push(change),
                Pruned::Skip(skipped) => plan.skipped.push(skipped),
                Pruned::Leave => plan.unmanaged += 1,
                Pruned::Ignore => {}
            }
        }
    }
    for (key, desired) in desired {
        let before = store.get(key.as_str()).cloned();
        let after = desired.value.map(|value| EntryContent {
            value,
            flags: match (desired.flags, &before) {
                (Some(flags), _) => flags,
                (None, Some(before)) => before.flags(),
                (None, None) => 0,
            },
        });
        let is_equal = match (&before, &after) {
            (None, None) => true,
            (Some(before), Some(after)) => after.is_in(before),
            _ => false,
        };
        let reason = match &before {
            _ if !rules.filter.admits(key.as_str()) => Some(SkipReason::Excluded),
            _ if is_equal => None,
            None if rules.only_existing => Some(SkipReason::Missing),
            Some(_) if rules.create_only => Some(SkipReason::Exists),
            _ => None,
        };
        match reason {
            Some(reason) => plan.skipped.push(SkippedKey { key, reason }),
            None if is_equal => {
                plan.unchanged += 1;
                if let Some(before) = before.filter(|_| rules.guard_unchanged) {
                    plan.checks.push((key, before.modified()));
                }
            }
            None => {
                let change = PlannedChange {
                    key,
                    before,
                    after,
                    place: Some(desired.place),
                };
                match change.op() {
                    PlannedOp::Delete => deletes.push(change),
                    PlannedOp::Create | PlannedOp::Update => plan.changes.push(change),
                }
            }
        }
    }
    deletes.sort_by(|a, b| a.key.cmp(&b.key));
    plan.changes.extend(deletes);
    plan.skipped.sort_by(|a, b| a.key.cmp(&b.key));
    plan
}

/// What becomes of a key that no source has.
enum Pruned {
    Delete(PlannedChange),
    Skip(SkippedKey),
    /// It is counted.
    Leave,
    /// A folder key, which the web interface makes: without `--folders` it is not looked at.
    Ignore,
}

fn prune(entry: &Entry, rules: &PlanRules) -> Pruned {
    let Ok(key) = Key::new(entry.key()) else {
        return Pruned::Ignore;
    };
    if !rules.prune {
        return match key.is_folder() && !rules.folders {
            true => Pruned::Ignore,
            false => Pruned::Leave,
        };
    }
    let reason = if !rules.filter.admits(key.as_str()) {
        SkipReason::Excluded
    } else if entry.session().is_some() {
        SkipReason::Locked
    } else if [LOCK_FLAGS, SEMAPHORE_FLAGS].contains(&entry.flags()) {
        SkipReason::Lock
    } else if key.is_folder() && !rules.folders {
        SkipReason::Folder
    } else {
        return Pruned::Delete(PlannedChange {
            key,
            before: Some(entry.clone()),
            after: None,
            place: None,
        });
    };
    Pruned::Skip(SkippedKey { key, reason })
}

#[cfg(test)]
mod tests;
