//! Changes of keys between two snapshots, and batches of changes.

use std::time::SystemTime;

use super::{Entry, Index, Snapshot, TargetId};

/// Whether the indexes of two snapshots belong to one history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// They do: a different `created` means that the key was deleted and recreated.
    Kept,
    /// An index went back in between (a restore, a new cluster): `created` means nothing.
    Broken,
}

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// The key did not exist before.
    Create,
    /// Value or flags differ.
    Update,
    /// The key does not exist any more.
    Delete,
    /// A session acquired the lock; value and flags are the same.
    Lock,
    /// The lock was released; value and flags are the same.
    Unlock,
}

/// The change of one key. At least one of `before` and `after` is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The target that the key belongs to.
    pub target: TargetId,
    /// The entry before; its value may be unknown after a restart.
    pub before: Option<Entry>,
    /// The entry after.
    pub after: Option<Entry>,
    /// The entry's modify index; for a delete, the index of the answer without the key.
    pub index: Index,
    /// The time at which kvw saw the change.
    pub seen: SystemTime,
    /// Whether `before` and `after` belong to one history.
    pub continuity: Continuity,
}

impl Change {
    /// Returns the key.
    ///
    /// # Panics
    /// If neither `before` nor `after` is there.
    pub fn key(&self) -> &str {
        self.after
            .as_ref()
            .or(self.before.as_ref())
            .expect("a change has an entry before or after")
            .key()
    }

    /// Returns what identifies the changed entry: two changes of one slot are merged into one.
    pub fn slot(&self) -> (&str, TargetId) {
        (self.key(), self.target)
    }

    /// Returns the kind of the change.
    pub fn kind(&self) -> ChangeKind {
        match (&self.before, &self.after) {
            (None, _) => ChangeKind::Create,
            (Some(_), None) => ChangeKind::Delete,
            (Some(before), Some(after)) if !before.same_content(after) => ChangeKind::Update,
            (Some(_), Some(after)) if after.session().is_some() => ChangeKind::Lock,
            (Some(_), Some(_)) => ChangeKind::Unlock,
        }
    }

    /// Whether the key was deleted and recreated between the two snapshots.
    pub fn recreated(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                self.continuity == Continuity::Kept && before.created() != after.created()
            }
            _ => false,
        }
    }
}

/// The reason of a handler run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The start, with the existing keys.
    Initial,
    /// Changes.
    Change,
    /// A failed run, with its changes and later ones.
    Retry,
    /// A request of the user: USR1 or a key in the live view.
    Manual,
    /// Changes that kvw itself has made, for the check of an apply.
    Apply,
}

/// Changes that are handled together, at most one per key and target, sorted by both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The reason of the run.
    pub reason: Reason,
    /// The changes; may be empty for an initial or a manual run.
    pub changes: Vec<Change>,
}

impl Batch {
    /// Merges this batch with a later one: from the first `before` of a key to its last `after`. A
    /// key that is back at its first state is left out.
    pub fn then(self, later: Batch, locks: bool) -> Batch {
        let mut merged = Vec::with_capacity(self.changes.len() + later.changes.len());
        let mut earlier = sorted(self.changes).into_iter().peekable();
        for change in sorted(later.changes) {
            while let Some(before) = earlier.next_if(|other| other.slot() < change.slot()) {
                merged.push(before);
            }
            let change = match earlier.next_if(|other| other.slot() == change.slot()) {
                Some(earlier) => join(earlier, change),
                None => change,
            };
            if differs(change.before.as_ref(), change.after.as_ref(), locks) {
                merged.push(change);
            }
        }
        merged.extend(earlier);
        Batch {
            reason: self.reason,
            changes: merged,
        }
    }

    /// Returns the highest index of the changes.
    pub fn index(&self) -> Index {
        self.changes
            .iter()
            .map(|change| change.index)
            .max()
            .unwrap_or_default()
    }
}

/// Sorts changes by key and target, as they nearly always are already.
fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    if !changes.is_sorted_by(|a, b| a.slot() < b.slot()) {
        changes.sort_by(|a, b| a.slot().cmp(&b.slot()));
    }
    changes
}

fn join(earlier: Change, later: Change) -> Change {
    let continuity = match (earlier.continuity, later.continuity) {
        (Continuity::Kept, Continuity::Kept) => Continuity::Kept,
        _ => Continuity::Broken,
    };
    Change {
        before: earlier.before,
        continuity,
        ..later
    }
}

/// Whether two states of one key differ. Content counts, not indexes: an identical write, a restore
/// and a re-import move indexes and change nothing. Locks count if `locks` is set.
fn differs(before: Option<&Entry>, after: Option<&Entry>, locks: bool) -> bool {
    match (before, after) {
        (None, None) => false,
        (Some(before), Some(after)) => {
            !before.same_content(after) || (locks && before.session() != after.session())
        }
        _ => true,
    }
}

/// Returns the changes from one snapshot of a target to a later one, by key.
pub fn between(
    target: TargetId,
    before: &Snapshot,
    after: &Snapshot,
    continuity: Continuity,
    locks: bool,
    seen: SystemTime,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for (old, new) in before.differences(after) {
        if differs(old, new, locks) {
            changes.push(Change {
                target,
                before: old.cloned(),
                after: new.cloned(),
                index: new.map_or(after.index(), Entry::modified),
                seen,
                continuity,
            });
        }
    }
    changes
}

#[cfg(test)]
mod tests;
