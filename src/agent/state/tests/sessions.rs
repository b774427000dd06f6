//! Sessions, locks and lock delays.

use super::*;

#[test]
fn a_new_holder_raises_the_lock_index_and_the_same_holder_does_not() {
    let mut bench = bench();
    bench.session(ONE, config());
    bench.session(TWO, config());
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
    bench.session(ONE, config());
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.set("k", "");
    assert_eq!(bench.entry("k").session.as_deref(), Some(ONE));
    assert_eq!(bench.entry("k").locked, 0);
}

#[test]
fn only_an_existing_session_acquires_a_lock() {
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
    bench.session(ONE, config());
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.set("k", "v");
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.set("k", "v");
    bench.changes();
    bench.destroy(ONE);
    assert_eq!(
        (
            bench.entry("k").session.clone(),
            &bench.entry("k").value[..]
        ),
        (None, &b"v"[..])
    );
    assert_eq!(bench.changes(), [key_change("k"), StateChange::Sessions]);
}

#[test]
fn the_end_of_a_deleting_session_deletes_its_keys() {
    let mut bench = bench();
    bench.session(
        ONE,
        SessionConfig {
            behavior: SessionBehavior::Delete,
            ..config()
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
        SessionConfig {
            ttl: Some(Duration::from_secs(10)),
            ..config()
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
    bench.session(ONE, config());
    bench.pass(1_000_000);
    assert!(bench.state.session(ONE).unwrap().is_some());
}

#[test]
fn a_lock_delay_blocks_locks_and_not_plain_writes() {
    let mut bench = bench();
    bench.session(
        ONE,
        SessionConfig {
            lock_delay: Duration::from_secs(15),
            ..config()
        },
    );
    bench.session(TWO, config());
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
fn a_lock_delay_is_limited_to_a_minute() {
    let mut bench = bench();
    bench.session(
        ONE,
        SessionConfig {
            lock_delay: Duration::from_secs(600),
            ..config()
        },
    );
    bench.session(TWO, config());
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
        SessionConfig {
            lock_delay: Duration::from_secs(15),
            ..config()
        },
    );
    bench.session(TWO, config());
    bench.hold(TxnVerb::Lock, "k", ONE).unwrap();
    bench.hold(TxnVerb::Unlock, "k", ONE).unwrap();
    assert_eq!(bench.hold(TxnVerb::Lock, "k", TWO), Ok(true));
}
