//! The outcome of a transaction.

use std::io;

use super::entry::{self, ValueStyle};
use crate::model::{Entry, Op, OpError};
use crate::term::Ui;

/// Writes the entries that were read, `key:value` a line, in order.
pub fn write_reads<'a>(ui: &Ui, entries: impl Iterator<Item = &'a Entry>) -> io::Result<()> {
    for read in entries {
        entry::write_line(ui, read.key(), read.value(), ValueStyle::default())?;
    }
    Ok(())
}

/// Describes a failed operation in a line.
pub fn describe_failure(ops: &[Op], error: &OpError) -> String {
    let (number, text) = (error.op + 1, op_text(ops, error));
    format!("operation {number} ({text}): {}", error.what)
}

/// Returns a failed operation as text, without its value.
pub(super) fn op_text(ops: &[Op], error: &OpError) -> String {
    ops.get(error.op).map(Op::to_string).unwrap_or_default()
}
