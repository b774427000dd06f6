//! Entries, their indexes and tombstones.

use super::*;

#[test]
fn an_answer_is_never_index_zero() {
    let state = KvState::new(0);
    for query in [
        KvQuery::Key(b"a"[..].into()),
        prefix_query(""),
        prefix_query("a"),
        KvQuery::Sessions,
    ] {
        assert!(state.index(&query) > 0, "{query:?}");
    }
}

#[test]
fn a_new_agent_answers_above_where_it_starts() {
    let mut bench = bench();
    assert_eq!(bench.prefix_index(""), START);
    assert!(bench.set("a", "1") > START);
}

#[test]
fn a_found_key_answers_with_its_own_index_and_a_missing_one_with_the_tables() {
    let mut bench = bench();
    let first = bench.set("a", "1");
    let second = bench.set("b", "1");
    assert_eq!(bench.key_index("a"), first);
    assert_eq!(bench.key_index("none"), second);
}

#[test]
fn a_prefix_answers_with_the_highest_of_its_entries_and_tombstones() {
    let mut bench = bench();
    bench.set("p/a", "1");
    let last = bench.set("p/b", "1");
    bench.set("q", "1");
    assert_eq!(bench.prefix_index("p/"), last);
    bench.delete("p/a");
    assert_eq!(bench.prefix_index("p/"), bench.prefix_index(""));
    bench.set("q", "2");
    assert!(bench.prefix_index("p/") < bench.prefix_index(""));
}

#[test]
fn a_prefix_without_entries_and_tombstones_answers_with_the_tables_index() {
    let mut bench = bench();
    let last = bench.set("q", "1");
    assert_eq!(bench.prefix_index("none/"), last);
}

#[test]
fn the_empty_prefix_answers_with_the_tables_index() {
    let mut bench = bench();
    bench.set("a", "1");
    bench.set("b", "1");
    bench.delete_tree("");
    assert_eq!(bench.prefix_index(""), bench.key_index("none"));
    assert!(bench.prefix_index("") > START + 2);
}

#[test]
fn an_identical_write_leaves_indexes_alone_and_changes_nothing() {
    let mut bench = bench();
    let first = bench.set("a", "1");
    bench.changes();
    assert_eq!(bench.set("a", "1"), first);
    assert_eq!(bench.prefix_index(""), first);
    assert_eq!(bench.changes(), []);
}

#[test]
fn a_write_of_other_flags_is_a_change() {
    let mut bench = bench();
    let first = bench.set("a", "1");
    let op = TxnOp {
        value: b"1".to_vec(),
        flags: 7,
        ..TxnOp::new(TxnVerb::Set, "a")
    };
    assert!(bench.apply(&op).unwrap());
    assert!(bench.entry("a").modified > first);
    assert_eq!(bench.entry("a").created, first);
}

#[test]
fn a_plain_write_sets_the_flags_back_to_zero() {
    let mut bench = bench();
    let op = TxnOp {
        flags: 7,
        ..TxnOp::new(TxnVerb::Set, "a")
    };
    bench.apply(&op).unwrap();
    bench.set("a", "1");
    assert_eq!(bench.entry("a").flags, 0);
}

#[test]
fn cas_zero_means_create_only() {
    let mut bench = bench();
    assert!(bench.op(TxnVerb::Cas, "a", "1", 0));
    assert!(!bench.op(TxnVerb::Cas, "a", "2", 0));
    assert_eq!(bench.entry("a").value, b"1");
}

#[test]
fn cas_takes_the_current_index_only_and_no_missing_key() {
    let mut bench = bench();
    let index = bench.set("a", "1");
    assert!(!bench.op(TxnVerb::Cas, "a", "2", index - 1));
    assert!(bench.op(TxnVerb::Cas, "a", "2", index));
    assert!(!bench.op(TxnVerb::Cas, "a", "3", index));
    assert!(!bench.op(TxnVerb::Cas, "none", "1", 5));
    assert!(!bench.has("none"));
}

#[test]
fn a_cas_that_changes_nothing_succeeds_again_and_again() {
    let mut bench = bench();
    let index = bench.set("a", "1");
    assert!(bench.op(TxnVerb::Cas, "a", "1", index));
    assert!(bench.op(TxnVerb::Cas, "a", "1", index));
}

#[test]
fn delete_cas_of_a_missing_key_succeeds() {
    let mut bench = bench();
    assert!(bench.op(TxnVerb::DeleteCas, "none", "", 5));
}

#[test]
fn delete_cas_takes_the_current_index_only_and_zero_never() {
    let mut bench = bench();
    let index = bench.set("a", "1");
    assert!(!bench.op(TxnVerb::DeleteCas, "a", "", 0));
    assert!(!bench.op(TxnVerb::DeleteCas, "a", "", index + 9));
    assert!(bench.op(TxnVerb::DeleteCas, "a", "", index));
    assert!(!bench.has("a"));
}

#[test]
fn a_delete_that_finds_nothing_moves_no_index() {
    let mut bench = bench();
    let last = bench.set("a", "1");
    bench.changes();
    assert!(bench.delete("none"));
    assert!(bench.delete_tree("none"));
    assert_eq!(bench.prefix_index(""), last);
    assert_eq!(bench.changes(), []);
}

#[test]
fn a_recursive_delete_matches_a_byte_prefix() {
    let mut bench = bench();
    for key in ["a", "ab", "a/b", "b"] {
        bench.set(key, "1");
    }
    bench.delete_tree("a");
    let left: Vec<_> = bench
        .state
        .under(b"")
        .map(|entry| entry.key.to_vec())
        .collect();
    assert_eq!(left, [b"b"]);
}

#[test]
fn a_recursive_delete_leaves_one_tombstone_at_its_prefix() {
    let mut bench = bench();
    bench.set("h/p/one", "1");
    bench.set("h/p/two", "1");
    bench.delete("h/p/two");
    let before = bench.prefix_index("h/p/");
    bench.delete_tree("h/p");
    assert_eq!(
        bench.prefix_index("h/p/"),
        before,
        "the older tombstone hides it"
    );
    assert!(bench.prefix_index("h/p") > before);
}

#[test]
fn emptying_the_store_leaves_no_tombstone() {
    let mut bench = bench();
    bench.set("a/b", "1");
    bench.delete_tree("");
    let deleted = bench.prefix_index("");
    bench.set("z", "1");
    assert!(
        bench.prefix_index("a/") > deleted,
        "the table's index, not a tombstone's"
    );
}

#[test]
fn tombstones_are_dropped_after_fifteen_minutes_without_a_change() {
    let mut bench = bench();
    let kept = bench.set("p/a", "1");
    bench.set("p/b", "1");
    bench.delete("p/b");
    let deleted = bench.prefix_index("p/");
    bench.changes();
    bench.pass(14 * 60);
    assert_eq!(bench.prefix_index("p/"), deleted);
    bench.pass(60);
    assert_eq!(bench.prefix_index("p/"), kept);
    assert_eq!(bench.prefix_index(""), deleted);
    assert_eq!(bench.changes(), []);
}

#[test]
fn a_key_that_is_created_again_starts_over() {
    let mut bench = bench();
    let first = bench.set("a", "1");
    bench.delete("a");
    let again = bench.set("a", "1");
    assert!(again > first);
    assert_eq!(bench.entry("a").created, again);
}

#[test]
fn keys_are_bytes() {
    let mut bench = bench();
    bench
        .apply(&TxnOp::new(TxnVerb::Set, b"bad\x80".to_vec()))
        .unwrap();
    assert!(bench.state.entry(b"bad\x80").is_some());
    assert_eq!(bench.state.under(b"bad").count(), 1);
}
