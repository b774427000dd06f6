//! What counts as stored, and what becomes of a write for which there is no room.

use super::*;

/// A bench whose store takes this many bytes.
fn limited(memory: usize) -> StateBench {
    let mut bench = bench();
    bench.state.memory = memory;
    bench
}

#[test]
fn the_count_is_what_is_there_whatever_was_done() {
    let mut bench = bench();
    let check = |bench: &StateBench| assert_eq!(bench.state.used, bench.state.recount());
    bench.session(
        ONE,
        SessionConfig {
            name: "holder".to_owned(),
            ttl_text: "10s".to_owned(),
            ttl: Some(Duration::from_secs(10)),
            behavior: SessionBehavior::Delete,
            node_checks: Some(vec!["serfHealth".to_owned()]),
            ..config()
        },
    );
    bench.session(TWO, config());
    check(&bench);
    for key in ["a", "d/a", "d/b", "d/c/d", "e"] {
        bench.set(key, "value");
        bench.set(key, "another value");
        check(&bench);
    }
    bench.hold(TxnVerb::Lock, "held", ONE).unwrap();
    bench.hold(TxnVerb::Lock, "released", TWO).unwrap();
    bench.delete("a");
    bench.set("a", "again");
    bench.delete("a");
    bench.delete_tree("d/");
    check(&bench);
    let failed = bench.txn(&[
        TxnOp::new(TxnVerb::Set, "d/a"),
        TxnOp::new(TxnVerb::Set, "e"),
        TxnOp::new(TxnVerb::Delete, "e"),
        TxnOp::new(TxnVerb::DeleteTree, ""),
        TxnOp::new(TxnVerb::Get, "none"),
    ]);
    assert!(failed.is_err());
    check(&bench);
    bench.destroy(TWO);
    check(&bench);
    bench.pass(30);
    assert!(!bench.has("held"));
    check(&bench);
    bench.pass(1000);
    check(&bench);
    bench.delete_tree("");
    bench.pass(1000);
    assert_eq!(bench.state.used, 0);
}

#[test]
fn a_write_without_room_changes_nothing_and_wakes_nobody() {
    let mut bench = limited(2000);
    bench.set("a", &"v".repeat(1000));
    bench.changes();
    let index = bench.prefix_index("");
    let big = TxnOp {
        value: vec![b'v'; 1000],
        ..TxnOp::new(TxnVerb::Set, "b")
    };
    assert!(bench.apply(&big).unwrap_err().contains("--memory"));
    let failed = bench.txn(&[TxnOp::new(TxnVerb::Set, "c"), big.clone()]);
    assert_eq!(failed.unwrap_err()[0].0, 1);
    assert_eq!(bench.changes(), []);
    assert_eq!(bench.prefix_index(""), index);
    assert!(!bench.has("b") && !bench.has("c"));
    assert_eq!(bench.state.used, bench.state.recount());
}

#[test]
fn a_full_store_still_takes_what_makes_less_of_it() {
    let mut bench = limited(600);
    bench.set("a", &"v".repeat(300));
    assert!(bench.apply(&TxnOp::new(TxnVerb::Set, "b")).is_err());
    bench.state.memory = 0;
    bench.set("a", "less");
    assert!(bench.delete("a"));
    assert!(!bench.has("a"));
}
