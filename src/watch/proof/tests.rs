use super::*;
use crate::model::Fields;

/// A store with rights, and the ways in which servers differ.
#[derive(Default)]
struct FakeServer {
    exists: Vec<&'static str>,
    hidden: Vec<&'static str>,
    /// Keys that make a transaction fail as a whole.
    unacceptable: Vec<&'static str>,
    restricted: bool,
    denies_in_transactions: bool,
    down_after: Option<usize>,
    asked: Vec<String>,
}

impl FakeServer {
    fn ask(&mut self, what: &str, keys: &[Key]) -> Result<(), &'static str> {
        let names: Vec<_> = keys.iter().map(Key::as_str).collect();
        self.asked.push(format!("{what} {}", names.join(" ")));
        if self.down_after.is_some_and(|most| self.asked.len() > most) {
            return Err("down");
        }
        Ok(())
    }
}

fn entry(key: &str) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(b"v"),
        ..Fields::default()
    })
}

fn error(op: usize, kind: OpErrorKind) -> OpError {
    OpError {
        op,
        what: String::new(),
        kind,
    }
}

impl Prover for FakeServer {
    type Error = &'static str;

    fn together(&mut self, keys: &[Key]) -> Result<TxnAnswer, &'static str> {
        self.ask("txn", keys)?;
        if self.restricted {
            return Ok(TxnAnswer::Restricted);
        }
        if keys
            .iter()
            .any(|key| self.unacceptable.contains(&key.as_str()))
        {
            return Ok(TxnAnswer::Unacceptable);
        }
        let mut errors = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            if !self.exists.contains(&key.as_str()) {
                errors.push(error(at, OpErrorKind::Missing));
            } else if self.denies_in_transactions && self.hidden.contains(&key.as_str()) {
                errors.push(error(at, OpErrorKind::Denied));
            }
        }
        if !errors.is_empty() {
            return Ok(TxnAnswer::RolledBack(errors));
        }
        let readable = keys
            .iter()
            .filter(|key| !self.hidden.contains(&key.as_str()));
        Ok(TxnAnswer::Found(
            readable.map(|key| entry(key.as_str())).collect(),
        ))
    }

    fn alone(&mut self, key: &Key) -> Result<GetAnswer, &'static str> {
        self.ask("get", std::slice::from_ref(key))?;
        Ok(if self.hidden.contains(&key.as_str()) {
            GetAnswer::Denied
        } else if self.exists.contains(&key.as_str()) {
            GetAnswer::Found(entry(key.as_str()))
        } else {
            GetAnswer::Missing(Index(7))
        })
    }
}

use Fate::{Back, Deleted, Hidden, Unproven};

#[test]
fn deleted_hidden_and_returned_keys_are_told_apart() {
    let mut server = FakeServer {
        exists: vec!["hid", "back"],
        hidden: vec!["hid"],
        ..FakeServer::default()
    };
    let verdicts = prove(&mut server, &["gone", "hid", "back", "lost"]).unwrap();
    assert_eq!(verdicts, [Deleted, Hidden, Back(entry("back")), Deleted]);
    // The second question is needed: a rolled back transaction has no results.
    assert_eq!(server.asked, ["txn gone hid back lost", "txn hid back"]);
}

#[test]
fn one_question_is_enough_where_all_are_deleted() {
    let mut server = FakeServer::default();
    assert_eq!(prove(&mut server, &["a", "b"]).unwrap(), [Deleted, Deleted]);
    assert_eq!(server.asked.len(), 1);
}

#[test]
fn nothing_vanished_means_nothing_asked() {
    let mut server = FakeServer::default();
    assert!(prove(&mut server, &[]).unwrap().is_empty());
    assert!(server.asked.is_empty());
}

#[test]
fn permission_denied_in_a_transaction_reads_as_hidden() {
    let mut server = FakeServer {
        exists: vec!["hid"],
        hidden: vec!["hid"],
        denies_in_transactions: true,
        ..FakeServer::default()
    };
    assert_eq!(
        prove(&mut server, &["hid", "gone"]).unwrap(),
        [Hidden, Deleted]
    );
}

#[test]
fn an_agent_that_takes_no_put_is_asked_key_by_key() {
    let mut server = FakeServer {
        exists: vec!["hid", "back"],
        hidden: vec!["hid"],
        restricted: true,
        ..FakeServer::default()
    };
    let verdicts = prove(&mut server, &["gone", "hid", "back", "a//b"]).unwrap();
    // A key that fits in no URL cannot be asked for there.
    assert_eq!(verdicts, [Deleted, Hidden, Back(entry("back")), Unproven]);
    assert_eq!(
        server.asked,
        ["txn gone hid back a//b", "get gone", "get hid", "get back"]
    );
}

#[test]
fn a_restricted_agent_is_not_asked_for_another_transaction() {
    let keys: Vec<String> = (0..GROUP + 3).map(|n| format!("k{n:03}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut server = FakeServer {
        restricted: true,
        ..FakeServer::default()
    };
    assert!(
        prove(&mut server, &keys)
            .unwrap()
            .iter()
            .all(|verdict| *verdict == Deleted)
    );
    assert_eq!(
        server
            .asked
            .iter()
            .filter(|asked| asked.starts_with("txn"))
            .count(),
        1
    );
}

#[test]
fn a_name_that_the_server_refuses_stays_unproven_and_spoils_no_other() {
    let mut server = FakeServer {
        exists: vec!["hid"],
        hidden: vec!["hid"],
        unacceptable: vec!["/lead"],
        ..FakeServer::default()
    };
    let verdicts = prove(&mut server, &["/lead", "a", "b", "hid", "c"]).unwrap();
    assert_eq!(verdicts, [Unproven, Deleted, Deleted, Hidden, Deleted]);
}

#[test]
fn names_that_are_not_utf8_are_never_asked_for() {
    let mut server = FakeServer::default();
    let verdicts = prove(&mut server, &["a\u{fffd}b", "c"]).unwrap();
    assert_eq!(verdicts, [Unproven, Deleted]);
    assert_eq!(server.asked, ["txn c"]);
}

#[test]
fn an_outage_half_way_proves_nothing() {
    let mut server = FakeServer {
        exists: vec!["hid"],
        hidden: vec!["hid"],
        down_after: Some(1),
        ..FakeServer::default()
    };
    assert_eq!(prove(&mut server, &["gone", "hid"]), Err("down"));
}

#[test]
fn many_keys_go_in_groups_by_count_and_bytes() {
    let keys: Vec<Key> = (0..GROUP * 2 + 1)
        .map(|n| Key::new(format!("k{n}")).unwrap())
        .collect();
    assert_eq!(
        groups(&keys).map(<[Key]>::len).collect::<Vec<_>>(),
        [64, 64, 1]
    );
    let long: Vec<Key> = [30_000, 30_000, 30_000, 70_000, 5]
        .map(|length| Key::new("x".repeat(length)).unwrap())
        .to_vec();
    assert_eq!(
        groups(&long).map(<[Key]>::len).collect::<Vec<_>>(),
        [2, 1, 1, 1]
    );
}

#[test]
fn an_error_that_names_no_key_settles_nothing() {
    struct Odd;
    impl Prover for Odd {
        type Error = ();
        fn together(&mut self, _: &[Key]) -> Result<TxnAnswer, ()> {
            Ok(TxnAnswer::RolledBack(vec![error(9, OpErrorKind::Missing)]))
        }
        fn alone(&mut self, _: &Key) -> Result<GetAnswer, ()> {
            Err(())
        }
    }
    assert_eq!(prove(&mut Odd, &["a", "b"]), Ok(vec![Unproven, Unproven]));
}

#[test]
fn an_empty_listing_is_real_only_with_rights() {
    let mut server = FakeServer {
        exists: vec!["hid/", "there/"],
        hidden: vec!["hid/"],
        ..FakeServer::default()
    };
    let mut ask = |prefix: &str| emptiness(&mut server, &Prefix::new(prefix)).unwrap();
    assert_eq!(ask("app/"), Emptiness::Real(Index(7)));
    assert_eq!(ask("hid/"), Emptiness::NoRights);
    assert_eq!(ask("there/"), Emptiness::Over);
    assert_eq!(ask(""), Emptiness::Real(Index(7)));
    assert_eq!(ask("app//"), Emptiness::Real(Index(7)));
    assert_eq!(
        server.asked,
        ["get app/", "get hid/", "get there/", "get _", "get app/"]
    );
}
