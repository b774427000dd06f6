use std::cell::RefCell;

use super::*;
use crate::consul::error::RequestContext;
use crate::model::{Fields, TxnLimits, results};

/// A store with rights, and the ways in which servers differ.
#[derive(Default)]
struct FakeServer {
    exists: Vec<&'static str>,
    hidden: Vec<&'static str>,
    /// Keys that make a transaction fail as a whole.
    unacceptable: Vec<&'static str>,
    /// Whether the server knows `get-or-empty`.
    new: bool,
    restricted: bool,
    denies_in_transactions: bool,
    /// Whether errors name no operation of the transaction.
    names_none: bool,
    down_after: Option<usize>,
    asked: RefCell<Vec<String>>,
}

impl FakeServer {
    fn ask<'a>(&self, what: &str, keys: impl Iterator<Item = &'a str>) -> Result<(), Error> {
        let keys: Vec<_> = keys.collect();
        let mut asked = self.asked.borrow_mut();
        asked.push(format!("{what} {}", keys.join(" ")));
        match self.down_after.is_some_and(|most| asked.len() > most) {
            true => Err(Error::with_cause(Cause::NoLeader)),
            false => Ok(()),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    fn is_hidden(&self, key: &str) -> bool {
        self.hidden.contains(&key)
    }

    fn prove(&self, keys: &[&str]) -> Result<Vec<Option<Lookup>>, Error> {
        MultiGet::with(self).prove(&to_keys(keys))
    }
}

fn to_keys(names: &[&str]) -> Vec<Key> {
    names.iter().map(|name| Key::new(*name).unwrap()).collect()
}

fn entry(key: &str) -> Entry {
    blank(key, 7)
}

fn blank(key: &str, created: u64) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(b"v"),
        created,
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

impl KeyReader for FakeServer {
    fn txn(&self, ops: &[Op]) -> Result<TxnOutcome, Error> {
        let or_empty = matches!(ops[0], Op::GetOrEmpty { .. });
        let what = if or_empty { "or-empty" } else { "txn" };
        self.ask(what, ops.iter().map(Op::name))?;
        if self.restricted {
            return Err(Error::with_cause(Cause::Denied));
        }
        if ops.iter().any(|op| self.unacceptable.contains(&op.name())) {
            return Err(Error::with_cause(Cause::Refused));
        }
        if self.names_none {
            let errors = vec![error(ops.len(), OpErrorKind::Missing)];
            return Ok(TxnOutcome::RolledBack(errors));
        }
        if or_empty && !self.new {
            return Ok(TxnOutcome::RolledBack(vec![error(0, OpErrorKind::Other)]));
        }
        let (mut errors, mut entries) = (Vec::new(), Vec::new());
        for (at, key) in ops.iter().map(Op::name).enumerate() {
            match self.exists.contains(&key) {
                _ if or_empty && self.is_hidden(key) => {}
                false if or_empty => entries.push(blank(key, 0)),
                false => errors.push(error(at, OpErrorKind::Missing)),
                true if !self.is_hidden(key) => entries.push(entry(key)),
                true if self.denies_in_transactions => {
                    errors.push(error(at, OpErrorKind::Denied));
                }
                true => {}
            }
        }
        Ok(if errors.is_empty() {
            TxnOutcome::Applied(results(ops, entries))
        } else {
            TxnOutcome::RolledBack(errors)
        })
    }

    fn get(&self, key: &Key) -> Result<Option<Entry>, Error> {
        let key = key.as_str();
        self.ask("get", std::iter::once(key))?;
        if self.is_hidden(key) {
            return Err(Error::with_cause(Cause::Denied));
        }
        Ok(self.exists.contains(&key).then(|| entry(key)))
    }

    fn rolled_back(&self, ops: &[Op], errors: &[OpError]) -> Error {
        RequestContext::default().rolled_back(ops, errors)
    }
}

use Lookup::{Denied, Found, Missing};

#[test]
fn a_blank_is_missing_and_a_read_without_a_result_is_denied() {
    let ops = to_keys(&["a", "b", "c"]).into_iter();
    let ops: Vec<_> = ops.map(|key| Op::GetOrEmpty { key }).collect();
    let entries = results(&ops, vec![blank("a", 0), blank("c", 7)]);
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
fn deleted_hidden_and_returned_keys_are_told_apart() {
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
