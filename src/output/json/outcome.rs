//! Outcomes of the verbs that write or wait.

use serde::Serialize;

use super::Entry;
use crate::model::{self, Op, OpError};
use crate::output::txn;

/// The outcome of a delete of keys.
#[derive(Debug, Serialize)]
pub struct Deleted<'a> {
    /// The keys, none of which exist any more.
    pub deleted: Vec<&'a str>,
}

/// The outcome of a recursive delete.
#[derive(Debug, Serialize)]
pub struct DeletedPrefix<'a> {
    /// The prefix of the keys.
    pub prefix: &'a str,
    /// The number of keys listed just before.
    pub listed: u64,
}

/// The preview of a delete.
#[derive(Debug, Serialize)]
pub struct WouldDelete<'a> {
    /// The keys that exist.
    pub would_delete: &'a [String],
}

/// The outcome of an import, in numbers of entries.
#[derive(Debug, Serialize)]
pub struct Imported {
    /// Entries that were written.
    pub written: u64,
    /// Entries that existed with the same content.
    pub unchanged: u64,
    /// Entries that existed and were left unchanged.
    pub skipped: u64,
    /// Entries that were sent and whose outcome is unknown.
    pub unknown: u64,
    /// Entries that the server refused.
    pub refused: u64,
}

/// The outcome of a transaction.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum TxnOutcome<'a> {
    /// All operations took effect.
    Applied {
        /// Always true.
        applied: bool,
        /// The results of the operations, in order.
        results: Vec<Entry<'a>>,
    },
    /// No operation took effect.
    RolledBack {
        /// Always false.
        applied: bool,
        /// The operations that failed.
        errors: Vec<FailedOp<'a>>,
    },
}

/// An operation that failed.
#[derive(Debug, Serialize)]
pub struct FailedOp<'a> {
    /// The number of the operation, from 1.
    op: usize,
    /// The operation as text, without its value.
    text: String,
    /// The text of the server's error.
    reason: &'a str,
}

impl<'a> TxnOutcome<'a> {
    /// Creates the outcome of a transaction that was applied.
    pub fn applied(results: impl Iterator<Item = &'a model::Entry>) -> Self {
        TxnOutcome::Applied {
            applied: true,
            results: results.map(Entry::from).collect(),
        }
    }

    /// Creates the outcome of a transaction that was rolled back.
    pub fn rolled_back(ops: &[Op], errors: &'a [OpError]) -> Self {
        let failed = errors.iter().map(|error| FailedOp {
            op: error.op + 1,
            text: txn::op_text(ops, error),
            reason: &error.what,
        });
        TxnOutcome::RolledBack {
            applied: false,
            errors: failed.collect(),
        }
    }
}

/// The outcome of a wait whose conditions hold.
#[derive(Debug, Serialize)]
pub struct ConditionsMet<'a> {
    met: bool,
    entries: Vec<Entry<'a>>,
}

impl<'a> ConditionsMet<'a> {
    /// Creates the outcome with the entries of the conditions' keys.
    pub fn new(entries: impl Iterator<Item = &'a model::Entry>) -> Self {
        ConditionsMet {
            met: true,
            entries: entries.map(Entry::from).collect(),
        }
    }
}

/// The outcome of a wait that ended before its conditions held.
#[derive(Debug, Serialize)]
pub struct ConditionsUnmet<'a> {
    met: bool,
    unmet: &'a [String],
}

impl<'a> ConditionsUnmet<'a> {
    /// Creates the outcome with the conditions that do not hold.
    pub fn new(unmet: &'a [String]) -> Self {
        ConditionsUnmet { met: false, unmet }
    }
}
