//! Single operations and transactions, with the messages of Consul's `state/txn.go`.

use std::sync::Arc;
use std::time::Instant;

use super::entries::WriteContent;
use super::{KvEntry, KvState, OutOfMemory};
use crate::agent::golang::{quote, utf8_lossy};

/// The verb of an operation. Verbs that 1.8.7 does not know are kept by name for its error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxnVerb {
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

impl TxnVerb {
    /// Returns the verb of this name; names are case-sensitive.
    pub fn from_name(name: &str) -> Self {
        match name {
            "set" => TxnVerb::Set,
            "cas" => TxnVerb::Cas,
            "lock" => TxnVerb::Lock,
            "unlock" => TxnVerb::Unlock,
            "get" => TxnVerb::Get,
            "get-tree" => TxnVerb::GetTree,
            "check-index" => TxnVerb::CheckIndex,
            "check-session" => TxnVerb::CheckSession,
            "check-not-exists" => TxnVerb::CheckNotExists,
            "delete" => TxnVerb::Delete,
            "delete-tree" => TxnVerb::DeleteTree,
            "delete-cas" => TxnVerb::DeleteCas,
            name => TxnVerb::Unknown(name.to_owned()),
        }
    }

    /// Whether a transaction with this verb is a write.
    pub fn is_write(&self) -> bool {
        matches!(
            self,
            TxnVerb::Set
                | TxnVerb::Cas
                | TxnVerb::Lock
                | TxnVerb::Unlock
                | TxnVerb::Delete
                | TxnVerb::DeleteTree
                | TxnVerb::DeleteCas
        )
    }
}

/// An operation; each verb uses the fields that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxnOp {
    pub verb: TxnVerb,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    pub flags: u64,
    pub index: u64,
    pub session: String,
}

impl TxnOp {
    /// Creates an operation on a key, with everything else empty.
    pub fn new(verb: TxnVerb, key: impl Into<Vec<u8>>) -> Self {
        TxnOp {
            verb,
            key: key.into(),
            value: Vec::new(),
            flags: 0,
            index: 0,
            session: String::new(),
        }
    }

    fn content(&self) -> WriteContent<'_> {
        WriteContent {
            key: &self.key,
            value: &self.value,
            flags: self.flags,
        }
    }
}

/// The outcome of an operation that did not fail.
enum OpOutcome {
    /// A condition did not hold: `false` for a single write, an error in a transaction.
    ConditionFailed,
    /// The operation took effect and has no entry to return.
    Done,
    Entry(Arc<KvEntry>),
    Tree(Vec<Arc<KvEntry>>),
}

/// A result of a transaction; writes and checks return no value.
#[derive(Debug, PartialEq, Eq)]
pub struct TxnResult {
    pub entry: Arc<KvEntry>,
    pub with_value: bool,
}

/// A failed operation, with its position from 0 and the text of the error.
#[derive(Debug, PartialEq, Eq)]
pub struct TxnError {
    pub op: usize,
    pub what: String,
}

/// The reason why a single write was not tried.
#[derive(Debug, PartialEq, Eq)]
pub enum ApplyError {
    /// The text of Consul's error.
    Consul(String),
    OutOfMemory(OutOfMemory),
}

impl std::fmt::Display for ApplyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ApplyError::Consul(text) => f.write_str(text),
            ApplyError::OutOfMemory(error) => error.fmt(f),
        }
    }
}

impl From<String> for ApplyError {
    fn from(text: String) -> Self {
        ApplyError::Consul(text)
    }
}

impl KvState {
    /// Applies a single write; returns whether it took effect.
    ///
    /// # Errors
    /// Where the write could not be tried, or there is no memory for it.
    pub fn apply(&mut self, op: &TxnOp, now: Instant) -> Result<bool, ApplyError> {
        if !self.pre_check(op, now)? {
            return Ok(false);
        }
        let (table, used) = (self.table, self.used);
        let index = self.next_index();
        let outcome = self.execute(op, index, now);
        if let Err(error) = self.check_memory(used) {
            self.roll_back(table);
            return Err(ApplyError::OutOfMemory(error));
        }
        self.undo_log.clear();
        Ok(!matches!(outcome?, OpOutcome::ConditionFailed))
    }

    /// Applies all operations or none, in order, at one index; each sees the effects of those before
    /// it.
    ///
    /// # Errors
    /// All operations that failed: the others are tried too.
    pub fn apply_txn(
        &mut self,
        ops: &[TxnOp],
        now: Instant,
    ) -> Result<Vec<TxnResult>, Vec<TxnError>> {
        let mut errors = self.pre_checks(ops, now);
        if !errors.is_empty() {
            return Err(errors);
        }
        let (table, used) = (self.table, self.used);
        let index = if ops.iter().any(|op| op.verb.is_write()) {
            self.next_index()
        } else {
            self.last_index
        };
        let mut results = Vec::new();
        for (number, op) in ops.iter().enumerate() {
            match self.execute(op, index, now) {
                Ok(OpOutcome::ConditionFailed) => errors.push(TxnError {
                    op: number,
                    what: describe_failure(op),
                }),
                Ok(outcome) => collect_results(outcome, &op.verb, &mut results),
                Err(what) => errors.push(TxnError { op: number, what }),
            }
        }
        if let Err(error) = self.check_memory(used) {
            let last = ops.iter().rposition(|op| op.verb.is_write());
            errors.push(TxnError {
                op: last.unwrap_or(0),
                what: error.to_string(),
            });
        }
        if errors.is_empty() {
            self.undo_log.clear();
            Ok(results)
        } else {
            self.roll_back(table);
            Err(errors)
        }
    }

    fn pre_checks(&self, ops: &[TxnOp], now: Instant) -> Vec<TxnError> {
        let mut errors = Vec::new();
        for (number, op) in ops.iter().enumerate() {
            let what = match self.pre_check(op, now) {
                Ok(true) => continue,
                Ok(false) => format!(
                    "failed to lock key {} due to lock delay",
                    quote(&utf8_lossy(&op.key))
                ),
                Err(what) => what,
            };
            errors.push(TxnError { op: number, what });
        }
        errors
    }

    /// Checks an operation before anything is written; `false` means that a lock delay is running.
    fn pre_check(&self, op: &TxnOp, now: Instant) -> Result<bool, String> {
        if op.key.is_empty() && op.verb != TxnVerb::DeleteTree {
            return Err("Must provide key".to_owned());
        }
        let delayed = op.verb == TxnVerb::Lock
            && self
                .lock_delays
                .get(&*op.key)
                .is_some_and(|until| *until > now);
        Ok(!delayed)
    }

    fn execute(&mut self, op: &TxnOp, index: u64, now: Instant) -> Result<OpOutcome, String> {
        let key = &op.key;
        let applied = match op.verb {
            TxnVerb::Set => {
                self.set(&op.content(), index);
                true
            }
            TxnVerb::Cas => self.cas(&op.content(), op.index, index),
            TxnVerb::Lock => self.lock(&op.content(), &op.session, index)?,
            TxnVerb::Unlock => self.unlock(&op.content(), &op.session, index)?,
            TxnVerb::Delete => {
                self.delete(key, index, now);
                return Ok(OpOutcome::Done);
            }
            TxnVerb::DeleteTree => {
                self.delete_tree(key, index, now);
                return Ok(OpOutcome::Done);
            }
            TxnVerb::DeleteCas if self.delete_cas(key, op.index, index, now) => {
                return Ok(OpOutcome::Done);
            }
            TxnVerb::DeleteCas => false,
            _ => return self.execute_read(op),
        };
        Ok(match self.entry(key) {
            Some(entry) if applied => OpOutcome::Entry(Arc::clone(entry)),
            _ => OpOutcome::ConditionFailed,
        })
    }

    fn execute_read(&self, op: &TxnOp) -> Result<OpOutcome, String> {
        let key = quote(&utf8_lossy(&op.key));
        let entry = self.entry(&op.key);
        let found = |missing: String| entry.cloned().ok_or(missing);
        match &op.verb {
            TxnVerb::Get => found(format!("key {key} doesn't exist")).map(OpOutcome::Entry),
            TxnVerb::GetTree => Ok(OpOutcome::Tree(self.under(&op.key).cloned().collect())),
            TxnVerb::CheckIndex => {
                let entry = found(format!("failed to check index, key {key} doesn't exist"))?;
                if entry.modified != op.index {
                    let (found, asked) = (entry.modified, op.index);
                    return Err(format!(
                        "failed index check for key {key}, current modify index {found} != {asked}"
                    ));
                }
                Ok(OpOutcome::Entry(entry))
            }
            TxnVerb::CheckSession => {
                let entry = found(format!("failed to check session, key {key} doesn't exist"))?;
                let holder = entry.session.as_deref().unwrap_or("");
                if *holder != op.session {
                    let (found, asked) = (quote(holder), quote(&op.session));
                    return Err(format!(
                        "failed session check for key {key}, current session {found} != {asked}"
                    ));
                }
                Ok(OpOutcome::Entry(entry))
            }
            TxnVerb::CheckNotExists if entry.is_some() => Err(format!("key {key} exists")),
            TxnVerb::CheckNotExists => Ok(OpOutcome::Done),
            TxnVerb::Unknown(name) => Err(format!("unknown KV verb {}", quote(name))),
            verb => unreachable!("{verb:?} is a write"),
        }
    }
}

fn collect_results(outcome: OpOutcome, verb: &TxnVerb, results: &mut Vec<TxnResult>) {
    let result = |entry, with_value| TxnResult { entry, with_value };
    match outcome {
        OpOutcome::ConditionFailed | OpOutcome::Done => {}
        OpOutcome::Entry(entry) => results.push(result(entry, *verb == TxnVerb::Get)),
        OpOutcome::Tree(entries) => {
            results.extend(entries.into_iter().map(|entry| result(entry, true)));
        }
    }
}

/// Describes a condition that did not hold, as Consul does.
fn describe_failure(op: &TxnOp) -> String {
    let key = quote(&utf8_lossy(&op.key));
    match op.verb {
        TxnVerb::Lock => format!("failed to lock key {key}, lock is already held"),
        TxnVerb::Unlock => {
            format!("failed to unlock key {key}, lock isn't held, or is held by another session")
        }
        TxnVerb::DeleteCas => format!("failed to delete key {key}, index is stale"),
        _ => format!("failed to set key {key}, index is stale"),
    }
}
