//! The plan that undoes changes.

use crate::model::{ChangePlan, Entry, EntryContent, Key, PlannedChange};

use super::PlanConflict;

/// The change of one key, by content: what a journal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoChange {
    /// The key.
    pub key: Key,
    /// What it was; `None`: it did not exist.
    pub before: Option<EntryContent>,
    /// What was written; `None`: it was deleted.
    pub after: Option<EntryContent>,
    /// Whether a session held the key. Neither it nor the lock index comes back.
    pub was_locked: bool,
}

impl From<&PlannedChange> for UndoChange {
    fn from(change: &PlannedChange) -> Self {
        UndoChange {
            key: change.key.clone(),
            before: change.before.as_ref().map(EntryContent::from),
            after: change.after.clone(),
            was_locked: change.is_locked(),
        }
    }
}

/// How changes are undone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inverse {
    /// What puts back the keys that are as they were written.
    pub plan: ChangePlan,
    /// The keys that are neither as they were before nor as they were written.
    pub conflicts: Vec<PlanConflict>,
    /// The keys whose session does not come back.
    pub unlocked: Vec<Key>,
}

/// Returns how changes are undone, where `present` are the entries of their keys as they are now. Content
/// decides, so that it does not matter which of the changes were made: a key that is as it was written is
/// put back, guarded by its present index; one that is as before is left alone.
pub fn invert(changes: &[UndoChange], present: &[Option<Entry>]) -> Inverse {
    let mut inverse = Inverse {
        plan: ChangePlan {
            existing: present.iter().flatten().count() as u64,
            ..ChangePlan::default()
        },
        ..Inverse::default()
    };
    let (mut writes, mut deletes) = (Vec::new(), Vec::new());
    for (change, present) in changes.iter().zip(present) {
        if is_as(change.before.as_ref(), present.as_ref()) {
            inverse.plan.unchanged += 1;
        } else if is_as(change.after.as_ref(), present.as_ref()) {
            if change.was_locked {
                inverse.unlocked.push(change.key.clone());
            }
            let back = PlannedChange {
                key: change.key.clone(),
                before: present.clone(),
                after: change.before.clone(),
                place: None,
            };
            match back.after {
                Some(_) => writes.push(back),
                None => deletes.push(back),
            }
        } else {
            inverse.conflicts.push(PlanConflict {
                key: change.key.clone(),
                expected: None,
                found: present.as_ref().map(Entry::modified),
            });
        }
    }
    for changes in [&mut writes, &mut deletes] {
        changes.sort_by(|a, b| a.key.cmp(&b.key));
        inverse.plan.changes.append(changes);
    }
    inverse
}

fn is_as(content: Option<&EntryContent>, present: Option<&Entry>) -> bool {
    match (content, present) {
        (None, None) => true,
        (Some(content), Some(entry)) => content.is_in(entry),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fields;

    fn change(key: &str, before: Option<&str>, after: Option<&str>) -> UndoChange {
        let content = |value: &str| EntryContent {
            value: value.into(),
            flags: 0,
        };
        UndoChange {
            key: Key::new(key).unwrap(),
            before: before.map(content),
            after: after.map(content),
            was_locked: false,
        }
    }

    fn entry(key: &str, value: &str, flags: u64) -> Option<Entry> {
        Some(Entry::pack(&Fields {
            key,
            value: Some(value.as_bytes()),
            flags,
            created: 1,
            modified: 9,
            ..Fields::default()
        }))
    }

    #[test]
    fn what_is_as_written_is_put_back_and_what_is_as_before_is_left_alone() {
        let changes = [
            change("created", None, Some("1")),
            change("updated", Some("1"), Some("2")),
            change("deleted", Some("1"), None),
            change("not-yet", Some("1"), Some("2")),
            change("same", Some("1"), Some("1")),
        ];
        let present = [
            entry("created", "1", 0),
            entry("updated", "2", 0),
            None,
            entry("not-yet", "1", 0),
            entry("same", "1", 0),
        ];
        let inverse = invert(&changes, &present);
        let ops: Vec<_> = inverse.plan.ops().map(|op| op.to_string()).collect();
        assert_eq!(
            ops,
            ["create deleted", "cas updated 9", "delete-cas created 9"]
        );
        assert_eq!(inverse.plan.unchanged, 2);
        assert_eq!(inverse.conflicts, []);
    }

    #[test]
    fn anything_else_is_a_conflict() {
        let changes = [
            change("other", Some("1"), Some("2")),
            change("flags", Some("1"), Some("2")),
            change("gone", Some("1"), Some("2")),
            change("made", Some("1"), None),
        ];
        let present = [
            entry("other", "3", 0),
            entry("flags", "2", 5),
            None,
            entry("made", "2", 0),
        ];
        let inverse = invert(&changes, &present);
        assert!(inverse.plan.is_empty());
        let keys: Vec<_> = inverse
            .conflicts
            .iter()
            .map(|conflict| conflict.key.as_str())
            .collect();
        assert_eq!(keys, ["other", "flags", "gone", "made"]);
    }
}
