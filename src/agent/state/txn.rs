//! Operations, alone and all or nothing, with the texts of Consul's `state/txn.go`.

use std::sync::Arc;
use std::time::Instant;

use super::entries::Content;
use super::{Entry, State};
use crate::agent::golang::{quote, text};

/// What an operation does. Verbs that 1.8.7 does not know are kept by name for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    Set,
    Cas,
    Lock,
    Unlock,
    Get,
    GetTree,
    CheckIndex,
    CheckSession,
    CheckNotExists,
    Delete,
    DeleteTree,
    DeleteCas,
    Unknown(String),
}

impl Verb {
    /// The verb of this name; names are case-sensitive.
    pub fn named(name: &str) -> Self {
        match name {
            "set" => Verb::Set,
            "cas" => Verb::Cas,
            "lock" => Verb::Lock,
            "unlock" => Verb::Unlock,
            "get" => Verb::Get,
            "get-tree" => Verb::GetTree,
            "check-index" => Verb::CheckIndex,
            "check-session" => Verb::CheckSession,
            "check-not-exists" => Verb::CheckNotExists,
            "delete" => Verb::Delete,
            "delete-tree" => Verb::DeleteTree,
            "delete-cas" => Verb::DeleteCas,
            name => Verb::Unknown(name.to_owned()),
        }
    }

    /// Whether a transaction with it is a write.
    pub fn is_write(&self) -> bool {
        matches!(
            self,
            Verb::Set
                | Verb::Cas
                | Verb::Lock
                | Verb::Unlock
                | Verb::Delete
                | Verb::DeleteTree
                | Verb::DeleteCas
        )
    }
}

/// One operation; a verb takes of it what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    pub verb: Verb,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    pub flags: u64,
    pub index: u64,
    pub session: String,
}

impl Op {
    /// An operation on a key, with everything else empty.
    pub fn new(verb: Verb, key: impl Into<Vec<u8>>) -> Self {
        Op {
            verb,
            key: key.into(),
            value: Vec::new(),
            flags: 0,
            index: 0,
            session: String::new(),
        }
    }

    fn content(&self) -> Content<'_> {
        Content {
            key: &self.key,
            value: &self.value,
            flags: self.flags,
        }
    }
}

/// What an operation gives when it does not fail.
enum Outcome {
    /// A condition did not hold: `false` alone, an error in a transaction.
    Lost,
    Nothing,
    Entry(Arc<Entry>),
    Tree(Vec<Arc<Entry>>),
}

/// One result of a transaction; writes and checks show no value.
#[derive(Debug, PartialEq, Eq)]
pub struct TxnResult {
    pub entry: Arc<Entry>,
    pub with_value: bool,
}

/// A failed operation: which, from 0, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct TxnError {
    pub op: usize,
    pub what: String,
}

impl State {
    /// One write by itself: whether it took effect, or why it could not be tried.
    pub fn apply(&mut self, op: &Op, now: Instant) -> Result<bool, String> {
        if !self.pre_check(op, now)? {
            return Ok(false);
        }
        let index = self.advance();
        let outcome = self.execute(op, index, now);
        self.undo.clear();
        Ok(!matches!(outcome?, Outcome::Lost))
    }

    /// All operations or none, in order, at one index; each sees what those before it did. All are
    /// tried, and every one that fails is named.
    pub fn txn(&mut self, ops: &[Op], now: Instant) -> Result<Vec<TxnResult>, Vec<TxnError>> {
        let mut errors = self.pre_checks(ops, now);
        if !errors.is_empty() {
            return Err(errors);
        }
        let table = self.table;
        let index = if ops.iter().any(|op| op.verb.is_write()) {
            self.advance()
        } else {
            self.position
        };
        let mut results = Vec::new();
        for (number, op) in ops.iter().enumerate() {
            match self.execute(op, index, now) {
                Ok(Outcome::Lost) => errors.push(TxnError {
                    op: number,
                    what: lost(op),
                }),
                Ok(outcome) => collect(outcome, &op.verb, &mut results),
                Err(what) => errors.push(TxnError { op: number, what }),
            }
        }
        if errors.is_empty() {
            self.undo.clear();
            Ok(results)
        } else {
            self.roll_back(table);
            Err(errors)
        }
    }

    fn pre_checks(&self, ops: &[Op], now: Instant) -> Vec<TxnError> {
        let mut errors = Vec::new();
        for (op, asked) in ops.iter().enumerate() {
            let what = match self.pre_check(asked, now) {
                Ok(true) => continue,
                Ok(false) => format!(
                    "failed to lock key {} due to lock delay",
                    quote(&text(&asked.key))
                ),
                Err(what) => what,
            };
            errors.push(TxnError { op, what });
        }
        errors
    }

    /// What is looked at before anything is written: `false` means that a lock delay is running.
    fn pre_check(&self, op: &Op, now: Instant) -> Result<bool, String> {
        if op.key.is_empty() && op.verb != Verb::DeleteTree {
            return Err("Must provide key".to_owned());
        }
        let delayed =
            op.verb == Verb::Lock && self.delays.get(&*op.key).is_some_and(|until| *until > now);
        Ok(!delayed)
    }

    fn execute(&mut self, op: &Op, index: u64, now: Instant) -> Result<Outcome, String> {
        let key = &op.key;
        let held = match op.verb {
            Verb::Set => {
                self.set(&op.content(), index);
                true
            }
            Verb::Cas => self.cas(&op.content(), op.index, index),
            Verb::Lock => self.lock(&op.content(), &op.session, index)?,
            Verb::Unlock => self.unlock(&op.content(), &op.session, index)?,
            Verb::Delete => {
                self.delete(key, index, now);
                return Ok(Outcome::Nothing);
            }
            Verb::DeleteTree => {
                self.delete_tree(key, index, now);
                return Ok(Outcome::Nothing);
            }
            Verb::DeleteCas if self.delete_cas(key, op.index, index, now) => {
                return Ok(Outcome::Nothing);
            }
            Verb::DeleteCas => false,
            _ => return self.look(op),
        };
        Ok(match self.entry(key) {
            Some(entry) if held => Outcome::Entry(Arc::clone(entry)),
            _ => Outcome::Lost,
        })
    }

    fn look(&self, op: &Op) -> Result<Outcome, String> {
        let key = quote(&text(&op.key));
        let entry = self.entry(&op.key);
        let found = |missing: String| entry.cloned().ok_or(missing);
        match &op.verb {
            Verb::Get => found(format!("key {key} doesn't exist")).map(Outcome::Entry),
            Verb::GetTree => Ok(Outcome::Tree(self.under(&op.key).cloned().collect())),
            Verb::CheckIndex => {
                let entry = found(format!("failed to check index, key {key} doesn't exist"))?;
                if entry.modified != op.index {
                    let (found, asked) = (entry.modified, op.index);
                    return Err(format!(
                        "failed index check for key {key}, current modify index {found} != {asked}"
                    ));
                }
                Ok(Outcome::Entry(entry))
            }
            Verb::CheckSession => {
                let entry = found(format!("failed to check session, key {key} doesn't exist"))?;
                let holder = entry.session.as_deref().unwrap_or("");
                if *holder != op.session {
                    let (found, asked) = (quote(holder), quote(&op.session));
                    return Err(format!(
                        "failed session check for key {key}, current session {found} != {asked}"
                    ));
                }
                Ok(Outcome::Entry(entry))
            }
            Verb::CheckNotExists if entry.is_some() => Err(format!("key {key} exists")),
            Verb::CheckNotExists => Ok(Outcome::Nothing),
            Verb::Unknown(name) => Err(format!("unknown KV verb {}", quote(name))),
            verb => unreachable!("{verb:?} is a write"),
        }
    }
}

fn collect(outcome: Outcome, verb: &Verb, results: &mut Vec<TxnResult>) {
    let result = |entry, with_value| TxnResult { entry, with_value };
    match outcome {
        Outcome::Lost | Outcome::Nothing => {}
        Outcome::Entry(entry) => results.push(result(entry, *verb == Verb::Get)),
        Outcome::Tree(entries) => {
            results.extend(entries.into_iter().map(|entry| result(entry, true)));
        }
    }
}

fn lost(op: &Op) -> String {
    let key = quote(&text(&op.key));
    match op.verb {
        Verb::Lock => format!("failed to lock key {key}, lock is already held"),
        Verb::Unlock => {
            format!("failed to unlock key {key}, lock isn't held, or is held by another session")
        }
        Verb::DeleteCas => format!("failed to delete key {key}, index is stale"),
        _ => format!("failed to set key {key}, index is stale"),
    }
}
