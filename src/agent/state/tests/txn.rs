//! Transactions, and the readers that a change wakes.

use super::*;

#[test]
fn all_changes_of_a_transaction_share_one_index() {
    let mut bench = bench();
    let ops = [
        TxnOp::new(TxnVerb::Set, "a"),
        TxnOp::new(TxnVerb::Set, "b"),
        TxnOp::new(TxnVerb::Get, "a"),
    ];
    assert_eq!(bench.txn(&ops), Ok(3));
    assert_eq!(bench.entry("a").modified, bench.entry("b").modified);
}

#[test]
fn a_transaction_that_fails_leaves_everything_as_it_was() {
    let mut bench = bench();
    bench.set("d/a", "1");
    bench.set("d/b", "1");
    bench.delete("d/b");
    let before = (
        bench.prefix_index(""),
        bench.prefix_index("d/"),
        bench.entry("d/a").modified,
    );
    bench.changes();
    let failed = bench.txn(&[
        TxnOp {
            value: b"2".to_vec(),
            ..TxnOp::new(TxnVerb::Set, "d/a")
        },
        TxnOp::new(TxnVerb::Set, "d/b"),
        TxnOp::new(TxnVerb::Delete, "d/b"),
        TxnOp::new(TxnVerb::DeleteTree, "d"),
        TxnOp::new(TxnVerb::Set, "new"),
        TxnOp::new(TxnVerb::Get, "none"),
    ]);
    assert_eq!(
        failed.unwrap_err(),
        [(5, "key \"none\" doesn't exist".to_owned())]
    );
    let after = (
        bench.prefix_index(""),
        bench.prefix_index("d/"),
        bench.entry("d/a").modified,
    );
    assert_eq!(after, before);
    assert_eq!(bench.entry("d/a").value, b"1");
    assert!(!bench.has("new") && !bench.has("d/b"));
    assert_eq!(bench.changes(), []);
}

#[test]
fn a_failed_transaction_does_not_undo_writes_before_it() {
    let mut bench = bench();
    bench.set("a", "1");
    bench.session(ONE, config());
    bench.hold(TxnVerb::Lock, "b", ONE).unwrap();
    bench.destroy(ONE);
    assert!(bench.txn(&[TxnOp::new(TxnVerb::Get, "none")]).is_err());
    assert!(bench.has("a") && bench.has("b"));
}

#[test]
fn a_key_set_and_deleted_in_one_transaction_wakes_its_readers() {
    let mut bench = bench();
    bench
        .txn(&[
            TxnOp::new(TxnVerb::Set, "p/x"),
            TxnOp::new(TxnVerb::Delete, "p/x"),
        ])
        .unwrap();
    assert!(bench.changes().contains(&key_change("p/x")));
    assert_eq!(bench.prefix_index("p/"), bench.prefix_index(""));
}

#[test]
fn readers_are_affected_by_their_query_and_nothing_else() {
    let key = KvQuery::Key(b"a/b"[..].into());
    let prefix = prefix_query("a/");
    for (query, change, affected) in [
        (&key, key_change("a/b"), true),
        (&key, key_change("a/bc"), false),
        (&key, key_change("a"), false),
        (&key, tree_change("a"), true),
        (&key, tree_change("a/b/"), false),
        (&key, StateChange::Sessions, false),
        (&prefix, key_change("a/x/y"), true),
        (&prefix, key_change("a"), false),
        (&prefix, tree_change("a/x/"), true),
        (&prefix, tree_change(""), true),
        (&prefix, tree_change("b"), false),
        (&prefix_query(""), key_change("any"), true),
        (&KvQuery::Sessions, StateChange::Sessions, true),
        (&KvQuery::Sessions, key_change("a"), false),
    ] {
        assert_eq!(
            query.is_affected_by(&change),
            affected,
            "{query:?} {change:?}"
        );
    }
}
