mod fake;

use self::fake::{FakeServer, blank, entry, to_keys};
use super::*;
use crate::model::{TxnLimits, results};
use Lookup::{Denied, Found, Missing};

#[test]
fn a_blank_is_missing_and_a_read_without_a_result_is_denied() {
    let ops = to_keys(&["a", "b", "c"]).into_iter();
    let ops: Vec<_> = ops.map(|key| Op::GetOrEmpty { key }).collect();
    let entries = results(&ops, vec![blank("a", 0), blank("c", 7)]).unwrap();
    assert_eq!(lookups(3, entries), [Missing, Denied, Found(entry("c"))]);
}

#[test]
fn a_missing_key_that_may_not_be_read_is_denied_on_old_and_new_servers() {
    for (new, asked) in [
        (true, &["or-empty a none secret hid"][..]),
        (
            false,
            &[
                "or-empty a none secret hid",
                "txn a none secret hid",
                "txn a hid",
                "get none",
                "get secret",
            ],
        ),
    ] {
        let server = FakeServer {
            exists: vec!["a", "hid"],
            hidden: vec!["hid", "secret"],
            new,
            ..FakeServer::default()
        };
        let mut reader = MultiGet::with(&server);
        let keys = to_keys(&["a", "none", "secret", "hid"]);
        let found = reader.read(&keys).unwrap();
        assert_eq!(found, [Found(entry("a")), Missing, Denied, Denied]);
        assert_eq!(server.asked(), asked);
        let present = reader.present(&keys).unwrap();
        assert_eq!(present, [Some(entry("a")), None, None, None]);
        assert!(reader.read(&[]).unwrap().is_empty());
    }
}

#[test]
fn what_the_server_refuses_is_an_error_of_a_read() {
    let server = FakeServer {
        unacceptable: vec!["/lead"],
        ..FakeServer::default()
    };
    let error = MultiGet::with(&server).read(&to_keys(&["a", "/lead"]));
    assert_eq!(error.unwrap_err().cause(), Cause::Refused);
    let server = FakeServer {
        names_none: true,
        ..FakeServer::default()
    };
    let error = MultiGet::with(&server).read(&to_keys(&["a"]));
    assert_eq!(error.unwrap_err().cause(), Cause::Refused);
}

#[test]
fn deleted_hidden_and_returned_keys_are_distinguished() {
    let server = FakeServer {
        exists: vec!["hid", "back"],
        hidden: vec!["hid"],
        ..FakeServer::default()
    };
    let proven = server.prove(&["gone", "hid", "back", "lost"]).unwrap();
    let back = Found(entry("back"));
    assert_eq!(proven, [Missing, Denied, back, Missing].map(Some));
    // The second question is needed: a rolled back transaction has no results.
    assert_eq!(server.asked(), ["txn gone hid back lost", "txn hid back"]);
}

#[test]
fn one_question_is_enough_where_all_are_deleted() {
    let server = FakeServer::default();
    assert_eq!(server.prove(&["a", "b"]).unwrap(), vec![Some(Missing); 2]);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn no_keys_means_nothing_asked() {
    let server = FakeServer::default();
    assert!(server.prove(&[]).unwrap().is_empty());
    assert!(server.asked().is_empty());
}

#[test]
fn permission_denied_in_a_transaction_reads_as_hidden() {
    let server = FakeServer {
        exists: vec!["hid"],
        hidden: vec!["hid"],
        denies_in_transactions: true,
        ..FakeServer::default()
    };
    assert_eq!(
        server.prove(&["hid", "gone"]).unwrap(),
        [Some(Denied), Some(Missing)]
    );
}

#[test]
fn an_agent_that_takes_no_put_is_asked_key_by_key() {
    let server = FakeServer {
        exists: vec!["hid", "back"],
        hidden: vec!["hid"],
        restricted: true,
        ..FakeServer::default()
    };
    let proven = server.prove(&["gone", "hid", "back", "a//b"]).unwrap();
    // A key that fits in no URL cannot be asked for there.
    let back = Some(Found(entry("back")));
    assert_eq!(proven, [Some(Missing), Some(Denied), back, None]);
    assert_eq!(
        server.asked(),
        ["txn gone hid back a//b", "get gone", "get hid", "get back"]
    );
}

#[test]
fn a_restricted_agent_is_not_asked_for_another_transaction() {
    let keys = (0..TxnLimits::LOWEST.ops + 3).map(|n| format!("k{n:03}"));
    let keys: Vec<String> = keys.collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let server = FakeServer {
        restricted: true,
        ..FakeServer::default()
    };
    let proven = server.prove(&keys).unwrap();
    assert_eq!(proven, vec![Some(Missing); keys.len()]);
    let asked = server.asked();
    let transactions = asked.iter().filter(|asked| asked.starts_with("txn"));
    assert_eq!(transactions.count(), 1);
}

#[test]
fn a_name_that_the_server_refuses_stays_unproven_and_spoils_no_other() {
    let server = FakeServer {
        exists: vec!["hid"],
        hidden: vec!["hid"],
        unacceptable: vec!["/lead"],
        ..FakeServer::default()
    };
    let proven = server.prove(&["/lead", "a", "b", "hid", "c"]).unwrap();
    let [missing, denied] = [Some(Missing), Some(Denied)];
    assert_eq!(
        proven,
        [None, missing.clone(), missing.clone(), denied, missing]
    );
}

#[test]
fn an_outage_half_way_proves_nothing() {
    let server = FakeServer {
        exists: vec!["hid"],
        hidden: vec!["hid"],
        down_after: Some(1),
        ..FakeServer::default()
    };
    let error = server.prove(&["gone", "hid"]).unwrap_err();
    assert_eq!(error.cause(), Cause::NoLeader);
}

#[test]
fn many_keys_are_proven_in_groups() {
    let keys = (0..TxnLimits::LOWEST.ops * 2 + 1).map(|n| format!("k{n}"));
    let keys: Vec<String> = keys.collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let server = FakeServer::default();
    assert_eq!(server.prove(&keys).unwrap().len(), keys.len());
    let sizes = server.asked().into_iter();
    let sizes: Vec<_> = sizes.map(|asked| asked.matches('k').count()).collect();
    assert_eq!(sizes, [64, 64, 1]);
}

#[test]
fn an_error_that_names_no_key_settles_nothing() {
    let server = FakeServer {
        names_none: true,
        ..FakeServer::default()
    };
    assert_eq!(server.prove(&["a", "b"]).unwrap(), [None, None]);
}
