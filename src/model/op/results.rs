//! Which result belongs to which operation.

use super::Op;
use crate::model::{Entry, Fields};

/// One result and the operation that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpResult {
    /// Which operation, from 0.
    pub op: usize,
    /// The entry. The value of one that was written is what was written; one that was only
    /// checked has a value that is not known.
    pub entry: Entry,
    /// Whether the operation was there to read it.
    pub read: bool,
}

/// How many results an operation gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gives {
    None,
    /// One, which for a read may be left out by ACLs.
    One,
    Many,
}

fn gives(op: &Op) -> Gives {
    match op {
        Op::Delete { .. }
        | Op::DeleteTree { .. }
        | Op::DeleteCas { .. }
        | Op::CheckNotExists { .. } => Gives::None,
        Op::GetTree { .. } => Gives::Many,
        _ => Gives::One,
    }
}

/// Whether the result of an operation holds what is stored, its value included.
fn reads(op: &Op) -> bool {
    matches!(
        op,
        Op::Get { .. } | Op::GetOrEmpty { .. } | Op::GetTree { .. }
    )
}

/// Aligns the results of a transaction with its operations: deletes and `check-absent` give none,
/// `get-tree` gives many, in the order of keys, and reads that ACLs forbid are left out in silence.
pub fn results(ops: &[Op], entries: Vec<Entry>) -> Vec<OpResult> {
    let owed = |counts: fn(&Op) -> bool| -> Vec<usize> {
        let ones = ops.iter().map(|op| gives(op) == Gives::One && counts(op));
        ones.map(usize::from).collect()
    };
    // As a rule nothing is left out. Where something is, only writes and checks are sure to have
    // given what they owe.
    let owners = owners(ops, &entries, &owed(|_| true))
        .or_else(|| owners(ops, &entries, &owed(|op| !reads(op))))
        .unwrap_or_default();
    let owned = owners.into_iter().zip(entries);
    owned
        .map(|(op, entry)| OpResult {
            op,
            read: reads(&ops[op]),
            entry: whole(&ops[op], entry),
        })
        .collect()
}

/// The operation of each result, where every operation gives at least what it owes; `None` if
/// that leaves results over.
fn owners(ops: &[Op], entries: &[Entry], owed: &[usize]) -> Option<Vec<usize>> {
    let mut owners = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        let reserved: usize = owed[at + 1..].iter().sum();
        let mut last: Option<&str> = None;
        while let Some(key) = entries.get(owners.len()).map(Entry::key) {
            let fits = entries.len() - owners.len() > reserved
                && match gives(op) {
                    Gives::None => false,
                    Gives::One => last.is_none() && key == op.name(),
                    Gives::Many => key.starts_with(op.name()) && last.is_none_or(|last| last < key),
                };
            if !fits {
                break;
            }
            last = Some(key);
            owners.push(at);
        }
    }
    (owners.len() == entries.len()).then_some(owners)
}

/// Consul answers writes and checks without the value.
fn whole(op: &Op, entry: Entry) -> Entry {
    let value = match op {
        op if reads(op) => return entry,
        Op::CheckIndex { .. } | Op::CheckSession { .. } => None,
        op => Some(op.value()),
    };
    Entry::pack(&Fields {
        value,
        ..entry.fields()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Index, parse};

    fn entry(key: &str) -> Entry {
        Entry::pack(&Fields {
            key,
            value: Some(b""),
            modified: 7,
            ..Fields::default()
        })
    }

    fn aligned(ops: &[&str], entries: &[&str]) -> Vec<(usize, String)> {
        let ops: Vec<_> = ops
            .iter()
            .map(|op| parse(op, &mut |_| unreachable!()).unwrap())
            .collect();
        let entries = entries.iter().map(|key| entry(key)).collect();
        results(&ops, entries)
            .into_iter()
            .map(|result| (result.op, result.entry.key().to_owned()))
            .collect()
    }

    #[test]
    fn operations_without_a_result_are_passed_over() {
        let ops = ["delete a", "get b", "check-absent c", "set d v"];
        assert_eq!(
            aligned(&ops, &["b", "d"]),
            [(1, "b".into()), (3, "d".into())]
        );
    }

    #[test]
    fn a_tree_takes_what_is_its_own_and_leaves_what_others_are_owed() {
        let ops = ["get-tree w/", "set w/z v", "get w/a"];
        let got = aligned(&ops, &["w/a", "w/b", "w/z", "w/a"]);
        let expected = [(0, "w/a"), (0, "w/b"), (1, "w/z"), (2, "w/a")];
        assert_eq!(got, expected.map(|(op, key)| (op, key.to_owned())));
    }

    #[test]
    fn a_read_that_acls_forbid_shifts_nothing() {
        let ops = ["get a", "get b", "get c"];
        assert_eq!(aligned(&ops, &["c"]), [(2, "c".into())]);
    }

    #[test]
    fn a_written_value_is_known_and_a_checked_one_is_not() {
        let ops: Vec<_> = ["set a v", "check b 7"]
            .iter()
            .map(|op| parse(op, &mut |_| unreachable!()).unwrap())
            .collect();
        let results = results(&ops, vec![entry("a"), entry("b")]);
        assert_eq!(results[0].entry.value(), b"v");
        assert_eq!(results[0].entry.modified(), Index(7));
        assert!(!results[1].entry.value_known());
        assert!(!results[0].read);
    }
}
