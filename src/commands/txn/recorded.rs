//! `kvw txn --undo`

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use crate::args::applying::journal_failure;
use crate::consul::{Client, Consistency, ErrorClass, Lookup};
use crate::exit::{Exit, Failure};
use crate::model::{Entry, EntryContent, Key, Op, OpError, OpResult, TxnOutcome, abbreviate};
use crate::output::json;
use crate::plan::{PlanOrigin, UndoChange, UndoJournal, read_all};

/// Runs the operations with a file that undoes them. Before them stands a check of each key that they
/// write, so that the file is true; its results and errors have the numbers of the operations.
///
/// # Errors
/// When the keys may not be read, the file cannot be written, or a key has changed in between.
pub fn run_recorded(client: &Client, ops: &[Op], undo: &Path) -> anyhow::Result<TxnOutcome> {
    if ops.iter().any(|op| matches!(op, Op::DeleteTree { .. })) {
        let failure = Failure::usage("--undo does not know beforehand what delete-tree deletes");
        return Err(failure
            .hint("kvw delete --recurse --undo FILE deletes a folder so that it can be undone")
            .into());
    }
    let mut keys: Vec<Key> = Vec::new();
    for op in ops.iter().filter(|op| writes(op)) {
        let key = Key::new(op.name())?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let reader = client.with_consistency(Consistency::Default);
    let mut before: BTreeMap<&Key, Option<Entry>> = BTreeMap::new();
    for (key, found) in keys.iter().zip(read_all(&reader, &keys)?) {
        let entry = match found {
            Lookup::Found(entry) => Some(entry),
            Lookup::Missing => None,
            Lookup::Denied => {
                let what = format!(
                    "reading key {}: permission denied",
                    abbreviate(key.as_str())
                );
                return Err(Failure::new(Exit::Denied, what).into());
            }
        };
        before.insert(key, entry);
    }
    let checks = keys.iter().map(|key| match &before[key] {
        Some(entry) => Op::CheckIndex {
            key: key.clone(),
            index: entry.modified(),
        },
        None => Op::CheckNotExists { key: key.clone() },
    });
    let all: Vec<_> = checks.chain(ops.iter().cloned()).collect();
    let changes = changes(&keys, &before, ops);
    let created = json::format_time(SystemTime::now());
    let origin = PlanOrigin::new(client);
    let groups = [&changes[..]].into_iter();
    let journal = UndoJournal::create(undo, origin, created, groups);
    let mut journal = journal.map_err(|error| journal_failure(&error, 0))?;
    let outcome = client.txn(&all).inspect_err(|error| {
        if error.class() == ErrorClass::Unknown {
            journal.keep();
        }
    })?;
    let first = keys.len();
    Ok(match outcome {
        TxnOutcome::Applied(results) => {
            let index = results.iter().map(|result| result.entry.modified()).max();
            // For people only: the transaction is applied whatever becomes of it.
            let _ = journal.add_answer(keys.len(), true, index);
            let results = results.into_iter().filter_map(|result| {
                Some(OpResult {
                    op: result.op.checked_sub(first)?,
                    ..result
                })
            });
            TxnOutcome::Applied(results.collect())
        }
        TxnOutcome::RolledBack(errors) => {
            let _ = journal.add_answer(keys.len(), false, None);
            if let Some(key) = errors.iter().find_map(|error| keys.get(error.op)) {
                let key = abbreviate(key.as_str());
                let what =
                    format!("nothing written: key {key} changed since it was read for --undo");
                return Err(Failure::new(Exit::No, what).into());
            }
            let errors = errors.into_iter().map(|error| OpError {
                op: error.op.saturating_sub(first),
                ..error
            });
            TxnOutcome::RolledBack(errors.collect())
        }
    })
}

/// Whether an operation changes its key.
fn writes(op: &Op) -> bool {
    matches!(
        op,
        Op::Set { .. }
            | Op::Cas { .. }
            | Op::Lock { .. }
            | Op::Unlock { .. }
            | Op::Delete { .. }
            | Op::DeleteCas { .. }
    )
}

/// Returns what the operations leave of each key.
fn changes(keys: &[Key], before: &BTreeMap<&Key, Option<Entry>>, ops: &[Op]) -> Vec<UndoChange> {
    let changes = keys.iter().map(|key| {
        let entry = before[key].as_ref();
        let last = ops
            .iter()
            .rfind(|op| writes(op) && op.name() == key.as_str());
        let after = last
            .filter(|op| op.verb().has_value())
            .map(|op| EntryContent {
                value: op.value().to_vec(),
                flags: op.flags(),
            });
        UndoChange {
            key: key.clone(),
            before: entry.map(EntryContent::from),
            after,
            was_locked: entry.is_some_and(|entry| entry.session().is_some()),
        }
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Index;

    #[test]
    fn of_several_operations_on_a_key_the_last_one_counts() {
        let key = |name: &str| Key::new(name).unwrap();
        let set = |name: &str, value: &str| Op::Set {
            key: key(name),
            value: value.into(),
            flags: 3,
        };
        let delete = |name: &str| Op::Delete { key: key(name) };
        let ops = [
            set("a", "1"),
            Op::Get { key: key("c") },
            delete("b"),
            set("b", "2"),
            delete("a"),
            Op::CheckIndex {
                key: key("b"),
                index: Index(1),
            },
        ];
        let keys = [key("a"), key("b")];
        let before = keys.iter().map(|key| (key, None)).collect();
        let changes = changes(&keys, &before, &ops);
        let after: Vec<_> = changes.into_iter().map(|change| change.after).collect();
        let b = EntryContent {
            value: b"2".to_vec(),
            flags: 3,
        };
        assert_eq!(after, [None, Some(b)]);
    }
}
