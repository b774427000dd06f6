//! What became of a transaction.

use std::io;

use serde::Serialize;

use super::{entry, json};
use crate::model::{Entry, Op, OpError};
use crate::term::Ui;

/// What was read, `key:value` a line, in order.
pub fn reads<'a>(ui: &Ui, entries: impl Iterator<Item = &'a Entry>) -> io::Result<()> {
    for read in entries {
        entry::line(ui, read.key(), read.value(), false)?;
    }
    Ok(())
}

/// The outcome as JSON, on a line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum TxnOutcomeJson<'a> {
    /// All of it happened.
    Applied {
        /// True.
        applied: bool,
        /// What the operations gave, in order.
        results: Vec<json::Entry<'a>>,
    },
    /// None of it did.
    RolledBack {
        /// False.
        applied: bool,
        /// Why.
        errors: Vec<FailedOpJson<'a>>,
    },
}

/// One operation that failed.
#[derive(Debug, Serialize)]
pub struct FailedOpJson<'a> {
    /// Its number, from 1.
    op: usize,
    /// The operation in words, its value left out.
    text: String,
    /// The server's words.
    reason: &'a str,
}

impl<'a> TxnOutcomeJson<'a> {
    /// What the operations gave.
    pub fn applied(results: impl Iterator<Item = &'a Entry>) -> Self {
        TxnOutcomeJson::Applied {
            applied: true,
            results: results.map(json::Entry::from).collect(),
        }
    }

    /// Why nothing happened.
    pub fn rolled_back(ops: &[Op], errors: &'a [OpError]) -> Self {
        let failed = errors.iter().map(|error| FailedOpJson {
            op: error.op + 1,
            text: text(ops, error),
            reason: &error.what,
        });
        TxnOutcomeJson::RolledBack {
            applied: false,
            errors: failed.collect(),
        }
    }
}

/// One failed operation in a line.
pub fn failure(ops: &[Op], error: &OpError) -> String {
    let (number, text) = (error.op + 1, text(ops, error));
    format!("operation {number} ({text}): {}", error.what)
}

fn text(ops: &[Op], error: &OpError) -> String {
    ops.get(error.op).map(Op::to_string).unwrap_or_default()
}
