//! A server with rights, in memory.

use std::cell::RefCell;

use super::super::*;
use crate::consul::error::RequestContext;
use crate::model::{Fields, results};

/// A store with rights, and the ways in which servers differ.
#[derive(Default)]
pub struct FakeServer {
    pub exists: Vec<&'static str>,
    pub hidden: Vec<&'static str>,
    /// Keys that make a transaction fail as a whole.
    pub unacceptable: Vec<&'static str>,
    /// Whether the server knows `get-or-empty`.
    pub new: bool,
    pub restricted: bool,
    pub denies_in_transactions: bool,
    /// Whether errors name no operation of the transaction.
    pub names_none: bool,
    pub down_after: Option<usize>,
    pub(super) asked: RefCell<Vec<String>>,
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

    pub fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    fn is_hidden(&self, key: &str) -> bool {
        self.hidden.contains(&key)
    }

    pub fn prove(&self, keys: &[&str]) -> Result<Vec<Option<Lookup>>, Error> {
        MultiGet::with(self).prove(&to_keys(keys))
    }
}

pub fn to_keys(names: &[&str]) -> Vec<Key> {
    names.iter().map(|name| Key::new(*name).unwrap()).collect()
}

pub fn entry(key: &str) -> Entry {
    blank(key, 7)
}

pub fn blank(key: &str, created: u64) -> Entry {
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
            TxnOutcome::Applied(results(ops, entries).unwrap())
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
