//! Every rule in one sentence. Times are counted from an instant of the test's own.

use super::*;

/// Where the store's indexes start.
const START: u64 = 1000;

struct StateBench {
    state: KvState,
    now: Instant,
}

fn bench() -> StateBench {
    StateBench {
        state: KvState::new(START),
        now: Instant::now(),
    }
}

fn given() -> NewSession {
    NewSession {
        name: String::new(),
        behavior: Behavior::Release,
        ttl: None,
        ttl_text: String::new(),
        lock_delay: Duration::ZERO,
        node_checks: Vec::new(),
    }
}

const ONE: &str = "11111111-1111-1111-1111-111111111111";
const TWO: &str = "22222222-2222-2222-2222-222222222222";

impl StateBench {
    fn apply(&mut self, op: &TxnOp) -> Result<bool, String> {
        self.state.apply(op, self.now)
    }

    fn op(&mut self, verb: TxnVerb, key: &str, value: &str, index: u64) -> bool {
        let op = TxnOp {
            value: value.into(),
            index,
            ..TxnOp::new(verb, key)
        };
        self.apply(&op).unwrap()
    }

    fn set(&mut self, key: &str, value: &str) -> u64 {
        assert!(self.op(TxnVerb::Set, key, value, 0));
        self.entry(key).modified
    }

    fn delete(&mut self, key: &str) -> bool {
        self.op(TxnVerb::Delete, key, "", 0)
    }

    fn delete_tree(&mut self, prefix: &str) -> bool {
        self.op(TxnVerb::DeleteTree, prefix, "", 0)
    }

    fn hold(&mut self, verb: TxnVerb, key: &str, session: &str) -> Result<bool, String> {
        let op = TxnOp {
            session: session.into(),
            ..TxnOp::new(verb, key)
        };
        self.apply(&op)
    }

    fn session(&mut self, id: &str, given: NewSession) {
        self.state.create_session(id, given, self.now);
    }

    fn destroy(&mut self, id: &str) {
        self.state.destroy_session(id, self.now).unwrap();
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.state.tick(self.now);
    }

    fn entry(&self, key: &str) -> &StoredKey {
        self.state.entry(key.as_bytes()).unwrap()
    }

    fn has(&self, key: &str) -> bool {
        self.state.entry(key.as_bytes()).is_some()
    }

    fn key_index(&self, key: &str) -> u64 {
        self.state.index(&KvQuery::Key(key.as_bytes().into()))
    }

    fn prefix_index(&self, prefix: &str) -> u64 {
        self.state.index(&prefix_query(prefix))
    }

    fn touched(&mut self) -> Vec<Touch> {
        self.state.take_touched()
    }

    fn txn(&mut self, ops: &[TxnOp]) -> Result<usize, Vec<(usize, String)>> {
        match self.state.txn(ops, self.now) {
            Ok(results) => Ok(results.len()),
            Err(errors) => Err(errors
                .into_iter()
                .map(|error| (error.op, error.what))
                .collect()),
        }
    }
}

fn prefix_query(prefix: &str) -> KvQuery {
    KvQuery::Prefix(prefix.as_bytes().into())
}

fn key_touch(key: &str) -> Touch {
    Touch::Key(key.as_bytes().into())
}

fn tree_touch(prefix: &str) -> Touch {
    Touch::Tree(prefix.as_bytes().into())
}

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
fn an_identical_write_leaves_indexes_alone_and_touches_nothing() {
    let mut bench = bench();
    let first = bench.set("a", "1");
    bench.touched();
    assert_eq!(bench.set("a", "1"), first);
    assert_eq!(bench.prefix_index(""), first);
    assert_eq!(bench.touched(), []);
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
    bench.touched();
    assert!(bench.delete("none"));
    assert!(bench.delete_tree("none"));
    assert_eq!(bench.prefix_index(""), last);
    assert_eq!(bench.touched(), []);
}

#[test]
fn a_recursive_delete_takes_a_byte_prefix() {
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
fn tombstones_are_dropped_after_fifteen_minutes_and_nobody_is_touched() {
    let mut bench = bench();
    let kept = bench.set("p/a", "1");
    bench.set("p/b", "1");
    bench.delete("p/b");
    let deleted = bench.prefix_index("p/");
    bench.touched();
    bench.pass(14 * 60);
    assert_eq!(bench.prefix_index("p/"), deleted);
    bench.pass(60);
    assert_eq!(bench.prefix_index("p/"), kept);
    assert_eq!(bench.prefix_index(""), deleted);
    assert_eq!(bench.touched(), []);
}

#[test]
fn a_key_made_again_starts_over() {
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

#[test]
fn a_new_holder_raises_the_lock_index_and_the_same_holder_does_not() {
    let mut bench = bench();
    bench.session(ONE, given());
    bench.session(TWO, given());
    assert_eq!(bench.hold(TxnVerb::Lock, "k", ONE), Ok(true));
    assert_eq!(bench.hold(TxnVerb::Lock, "k", ONE), Ok(true));
    assert_eq!(bench.entry("k").locked, 1);
    assert_eq!(bench.hold(TxnVerb::Lock, "k", TWO), Ok(false));
    assert_eq!(bench.hold(TxnVerb::Unlock, "k", TWO), Ok(false));
    assert_eq!(bench.hold(TxnVerb::Unlock, "k", ONE), Ok(true));
    assert_eq!(bench.hold(TxnVerb::Lock, "k", TWO), Ok(true));
    assert_eq!(bench.entry("k").locked, 2);
    assert_eq!(bench.entry("k").session.as_deref(), Some(TWO));
}

#[test]
fn a_plain_write_keeps_the_session_and_starts_the_lock_index_over() {
    let mut bench = bench();
    bench.session(ONE, given());
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.set("k", "");
    assert_eq!(bench.entry("k").session.as_deref(), Some(ONE));
    assert_eq!(bench.entry("k").locked, 0);
}

#[test]
fn only_a_session_that_there_is_takes_a_lock() {
    let mut bench = bench();
    let refused =
        |bench: &mut StateBench, session| bench.hold(TxnVerb::Lock, "k", session).unwrap_err();
    assert_eq!(refused(&mut bench, ""), "missing session");
    assert_eq!(
        refused(&mut bench, ONE),
        format!("invalid session \"{ONE}\"")
    );
    assert_eq!(
        refused(&mut bench, "x"),
        "failed session lookup: index error: UUID must be 36 characters"
    );
    assert_eq!(
        bench.hold(TxnVerb::Unlock, "k", ""),
        Err("missing session".to_owned())
    );
    assert_eq!(bench.hold(TxnVerb::Unlock, "k", "x"), Ok(false));
}

#[test]
fn the_end_of_a_session_releases_its_keys_and_keeps_their_values() {
    let mut bench = bench();
    bench.session(ONE, given());
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.set("k", "v");
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.set("k", "v");
    bench.touched();
    bench.destroy(ONE);
    assert_eq!(
        (
            bench.entry("k").session.clone(),
            &bench.entry("k").value[..]
        ),
        (None, &b"v"[..])
    );
    assert_eq!(bench.touched(), [key_touch("k"), Touch::Sessions]);
}

#[test]
fn the_end_of_a_deleting_session_deletes_its_keys() {
    let mut bench = bench();
    bench.session(
        ONE,
        NewSession {
            behavior: Behavior::Delete,
            ..given()
        },
    );
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.set("other", "v");
    bench.destroy(ONE);
    assert!(!bench.has("k"));
    assert!(bench.has("other"));
}

#[test]
fn a_session_ends_twice_its_ttl_after_the_last_renewal() {
    let mut bench = bench();
    bench.session(
        ONE,
        NewSession {
            ttl: Some(Duration::from_secs(10)),
            ..given()
        },
    );
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.pass(19);
    assert!(bench.state.renew_session(ONE, bench.now).unwrap().is_some());
    bench.pass(19);
    assert!(bench.state.session(ONE).unwrap().is_some());
    bench.pass(1);
    assert!(bench.state.session(ONE).unwrap().is_none());
    assert_eq!(bench.entry("k").session, None);
    assert!(bench.state.renew_session(ONE, bench.now).unwrap().is_none());
}

#[test]
fn a_session_without_ttl_does_not_end_by_time() {
    let mut bench = bench();
    bench.session(ONE, given());
    bench.pass(1_000_000);
    assert!(bench.state.session(ONE).unwrap().is_some());
}

#[test]
fn a_lock_delay_holds_off_locks_and_not_plain_writes() {
    let mut bench = bench();
    bench.session(
        ONE,
        NewSession {
            lock_delay: Duration::from_secs(15),
            ..given()
        },
    );
    bench.session(TWO, given());
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.destroy(ONE);
    assert_eq!(bench.hold(TxnVerb::Lock, "k", TWO), Ok(false));
    bench.set("k", "v");
    let op = TxnOp {
        session: TWO.into(),
        ..TxnOp::new(TxnVerb::Lock, "k")
    };
    let failed = bench.txn(&[op]).unwrap_err();
    assert_eq!(
        failed,
        [(0, "failed to lock key \"k\" due to lock delay".to_owned())]
    );
    bench.pass(15);
    assert_eq!(bench.hold(TxnVerb::Lock, "k", TWO), Ok(true));
}

#[test]
fn a_lock_delay_is_cut_at_a_minute() {
    let mut bench = bench();
    bench.session(
        ONE,
        NewSession {
            lock_delay: Duration::from_secs(600),
            ..given()
        },
    );
    bench.session(TWO, given());
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.destroy(ONE);
    bench.pass(60);
    assert_eq!(bench.hold(TxnVerb::Lock, "k", TWO), Ok(true));
}

#[test]
fn a_release_leaves_no_lock_delay() {
    let mut bench = bench();
    bench.session(
        ONE,
        NewSession {
            lock_delay: Duration::from_secs(15),
            ..given()
        },
    );
    bench.session(TWO, given());
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.hold(TxnVerb::Unlock, "k", ONE).unwrap();
    assert_eq!(bench.hold(TxnVerb::Lock, "k", TWO), Ok(true));
}

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
    bench.touched();
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
    assert_eq!(bench.touched(), []);
}

#[test]
fn a_failed_transaction_does_not_undo_writes_before_it() {
    let mut bench = bench();
    bench.set("a", "1");
    bench.session(ONE, given());
    bench.hold(TxnVerb::Lock, "b", ONE).unwrap();
    bench.destroy(ONE);
    assert!(bench.txn(&[TxnOp::new(TxnVerb::Get, "none")]).is_err());
    assert!(bench.has("a") && bench.has("b"));
}

#[test]
fn a_key_set_and_deleted_in_one_transaction_touches_its_readers() {
    let mut bench = bench();
    bench
        .txn(&[
            TxnOp::new(TxnVerb::Set, "p/x"),
            TxnOp::new(TxnVerb::Delete, "p/x"),
        ])
        .unwrap();
    assert!(bench.touched().contains(&key_touch("p/x")));
    assert_eq!(bench.prefix_index("p/"), bench.prefix_index(""));
}

#[test]
fn readers_are_concerned_by_what_they_asked_for_and_nothing_else() {
    let key = KvQuery::Key(b"a/b"[..].into());
    let prefix = prefix_query("a/");
    for (query, touch, concerned) in [
        (&key, key_touch("a/b"), true),
        (&key, key_touch("a/bc"), false),
        (&key, key_touch("a"), false),
        (&key, tree_touch("a"), true),
        (&key, tree_touch("a/b/"), false),
        (&key, Touch::Sessions, false),
        (&prefix, key_touch("a/x/y"), true),
        (&prefix, key_touch("a"), false),
        (&prefix, tree_touch("a/x/"), true),
        (&prefix, tree_touch(""), true),
        (&prefix, tree_touch("b"), false),
        (&prefix_query(""), key_touch("any"), true),
        (&KvQuery::Sessions, Touch::Sessions, true),
        (&KvQuery::Sessions, key_touch("a"), false),
    ] {
        assert_eq!(query.is_concerned(&touch), concerned, "{query:?} {touch:?}");
    }
}
