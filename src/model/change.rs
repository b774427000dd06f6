//! What became of keys between two looks, and batches of it.

use std::time::SystemTime;

use super::{Entry, Index, Snapshot, TargetId};

/// Whether the indexes of two looks belong to one history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// They do: a `created` that differs means that the key was deleted and made again.
    Kept,
    /// An index went back in between (a restore, a new cluster): `created` tells nothing.
    Broken,
}

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was not there before.
    Create,
    /// Value or flags differ.
    Update,
    /// It is gone.
    Delete,
    /// A session took its lock; value and flags are the same.
    Lock,
    /// Its lock was released; value and flags are the same.
    Unlock,
}

/// One key that is not what it was. At least one of `before` and `after` is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose key it is.
    pub target: TargetId,
    /// As it was; its value may be unknown after a restart.
    pub before: Option<Entry>,
    /// As it is.
    pub after: Option<Entry>,
    /// The entry's own modify index; of a delete, the index of the answer that lacked it.
    pub index: Index,
    /// When kvw saw it.
    pub seen: SystemTime,
    /// Whether `before` and `after` belong to one history.
    pub continuity: Continuity,
}

impl Change {
    /// The full name of the key.
    ///
    /// # Panics
    /// When neither side is there, which no change is.
    pub fn key(&self) -> &str {
        self.after
            .as_ref()
            .or(self.before.as_ref())
            .expect("a change has at least one side")
            .key()
    }

    /// What it is the change of: of two with the same slot the later takes up the earlier.
    pub fn slot(&self) -> (&str, TargetId) {
        (self.key(), self.target)
    }

    /// What happened.
    pub fn kind(&self) -> Kind {
        match (&self.before, &self.after) {
            (None, _) => Kind::Create,
            (Some(_), None) => Kind::Delete,
            (Some(before), Some(after)) if !before.same_content(after) => Kind::Update,
            (Some(_), Some(after)) if after.session().is_some() => Kind::Lock,
            (Some(_), Some(_)) => Kind::Unlock,
        }
    }

    /// Whether an update hides a delete and a new key between the two looks.
    pub fn recreated(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                self.continuity == Continuity::Kept && before.created() != after.created()
            }
            _ => false,
        }
    }
}

/// Why a handler is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// At the start, with what is there.
    Initial,
    /// Something changed.
    Change,
    /// What failed before, and what came since.
    Retry,
    /// Asked for: USR1 or a key in the live view.
    Manual,
}

/// Changes that are handed over together, at most one a key, by key and then target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Why.
    pub reason: Reason,
    /// What; may be empty for an initial or a manual run.
    pub changes: Vec<Change>,
}

impl Batch {
    /// This batch and a later one as one: from the first `before` of a key to its last `after`.
    /// What came back to where it was drops out.
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

    /// The highest index of its changes.
    pub fn index(&self) -> Index {
        self.changes
            .iter()
            .map(|change| change.index)
            .max()
            .unwrap_or_default()
    }
}

/// By key and then target, which they nearly always are already.
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

/// Whether two states of one key are a change. Content counts, not indexes: an identical write, a
/// restore and a re-import move indexes and change nothing. Locks count where they were asked for.
fn differs(before: Option<&Entry>, after: Option<&Entry>, locks: bool) -> bool {
    match (before, after) {
        (None, None) => false,
        (Some(before), Some(after)) => {
            !before.same_content(after) || (locks && before.session() != after.session())
        }
        _ => true,
    }
}

/// The changes that lead from one snapshot of a target to a later one, by key.
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
