//! The alignment of a transaction's results with its operations.

use super::Op;
use crate::model::{Entry, Fields};

/// One result and the operation that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpResult {
    /// The operation's number, from 0.
    pub op: usize,
    /// The entry. A write has the value that was written, and a check an unknown one: Consul
    /// answers both without the value, which looks like an empty one.
    pub entry: Entry,
    /// Whether the operation is a read.
    pub read: bool,
}

/// How many results an operation has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResultCount {
    None,
    /// One, which for a read may be left out by ACLs.
    One,
    Many,
}

fn result_count(op: &Op) -> ResultCount {
    match op {
        Op::Delete { .. }
        | Op::DeleteTree { .. }
        | Op::DeleteCas { .. }
        | Op::CheckNotExists { .. } => ResultCount::None,
        Op::GetTree { .. } => ResultCount::Many,
        _ => ResultCount::One,
    }
}

/// Aligns the results of a transaction with its operations: deletes and `check-absent` have none,
/// `get-tree` has many, in the order of keys, and reads that ACLs forbid are left out in silence.
/// `None` where they cannot be the results of these operations.
pub fn results(ops: &[Op], entries: Vec<Entry>) -> Option<Vec<OpResult>> {
    // As a rule nothing is left out. Where something is, only writes and checks are sure to have
    // their result. Names that are not UTF-8 may be out of order in a tree.
    let owners = owners(ops, &entries, |_| true, true)
        .or_else(|| owners(ops, &entries, |op| !op.is_read(), true))
        .or_else(|| owners(ops, &entries, |op| !op.is_read(), false))?;
    let owned = owners.into_iter().zip(entries);
    let results = owned.map(|(op, entry)| OpResult {
        op,
        read: ops[op].is_read(),
        entry: restore_value(&ops[op], entry),
    });
    Some(results.collect())
}

/// The operation of each result, where the operations of one result that are `sure` have it; `None` if
/// a result is missing or left over. `ordered` says that the results of a tree are in order.
fn owners(
    ops: &[Op],
    entries: &[Entry],
    sure: impl Fn(&Op) -> bool,
    ordered: bool,
) -> Option<Vec<usize>> {
    let is_sure = |op: &&Op| result_count(op) == ResultCount::One && sure(op);
    let mut reserved = ops.iter().filter(is_sure).count();
    let mut owners = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        let first = owners.len();
        let own = usize::from(is_sure(&op));
        reserved -= own;
        let mut last: Option<&str> = None;
        while let Some(key) = entries.get(owners.len()).map(Entry::key) {
            let fits = entries.len() - owners.len() > reserved
                && match result_count(op) {
                    ResultCount::None => false,
                    ResultCount::One => last.is_none() && key == op.name(),
                    ResultCount::Many => {
                        let follows = !ordered || last.is_none_or(|last| last < key);
                        key.starts_with(op.name()) && follows
                    }
                };
            if !fits {
                break;
            }
            last = Some(key);
            owners.push(at);
        }
        if owners.len() - first < own {
            return None;
        }
    }
    (owners.len() == entries.len()).then_some(owners)
}

/// Consul answers writes and checks without the value.
fn restore_value(op: &Op, entry: Entry) -> Entry {
    let value = match op {
        op if op.is_read() => return entry,
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
        try_aligned(ops, entries).expect("they are aligned")
    }

    fn try_aligned(ops: &[&str], entries: &[&str]) -> Option<Vec<(usize, String)>> {
        let ops: Vec<_> = ops
            .iter()
            .map(|op| parse(op, &mut |_| unreachable!(), &mut Vec::new()).unwrap())
            .collect();
        let entries = entries.iter().map(|key| entry(key)).collect();
        let results = results(&ops, entries)?.into_iter();
        Some(
            results
                .map(|result| (result.op, result.entry.key().to_owned()))
                .collect(),
        )
    }

    #[test]
    fn what_cannot_be_the_results_of_the_operations_is_refused() {
        for (ops, entries) in [
            (&["set a v"][..], &[][..]),
            (&["set a v"], &["b"]),
            (&["set a v"], &["a", "a"]),
            (&["get a"], &["b"]),
            (&["delete a"], &["a"]),
            (&["delete-tree a/"], &["a/b"]),
            (&["get-tree a/"], &["b"]),
            (&["set a v", "set b v"], &["a"]),
            (&["set a v", "set b v"], &["b", "a"]),
            (&["get a", "set b v"], &["a"]),
            (&["get-tree a/", "set b v"], &["a/x", "b", "c"]),
        ] {
            assert_eq!(try_aligned(ops, entries), None, "{ops:?} {entries:?}");
        }
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
    fn a_tree_takes_its_own_results_and_leaves_those_of_others() {
        let ops = ["get-tree w/", "set w/z v", "get w/a"];
        let got = aligned(&ops, &["w/a", "w/b", "w/z", "w/a"]);
        let expected = [(0, "w/a"), (0, "w/b"), (1, "w/z"), (2, "w/a")];
        assert_eq!(got, expected.map(|(op, key)| (op, key.to_owned())));
    }

    #[test]
    fn a_tree_on_its_own_takes_all_results_in_any_order() {
        let got = aligned(&["get-tree a"], &["a\u{fffd}", "a\u{fffd}", "aa"]);
        assert_eq!(got.len(), 3);
    }

    #[test]
    fn a_read_that_acls_forbid_shifts_nothing() {
        let ops = ["get a", "get b", "get c"];
        assert_eq!(aligned(&ops, &["c"]), [(2, "c".into())]);
    }

    #[test]
    fn a_value_that_was_written_or_read_is_known_and_a_checked_one_is_not() {
        let ops: Vec<_> = ["set a v", "check b 7", "get-tree x"]
            .iter()
            .map(|op| parse(op, &mut |_| unreachable!(), &mut Vec::new()).unwrap())
            .collect();
        let results = results(&ops, vec![entry("a"), entry("b"), entry("x")]).unwrap();
        assert_eq!(results[0].entry.value(), b"v");
        assert_eq!(results[0].entry.modified(), Index(7));
        assert!(!results[1].entry.value_known());
        assert!(!results[0].read);
        assert_eq!(results[2].entry, entry("x"));
        assert!(results[2].entry.value_known() && results[2].read);
    }
}
