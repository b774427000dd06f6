//! The published JSON: a contract that only ever grows.
//!
//! Every published JSON type stands here, except the status file's, which its observer keeps up to
//! date. A type may have the name of the type of the model that it shows; outside it is written
//! `json::Entry`.

mod batch;
mod entry;
mod environment;
mod event;
mod lock;
mod outcome;
mod plan;
mod session;
mod status;
mod tree;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

pub use self::batch::{Batch, Change};
pub use self::entry::{Entry, PortableEntry};
pub use self::environment::Environment;
pub use self::event::{Event, HandlerEvent};
pub use self::lock::{HeldLock, LeaderEvent, LockHolder, LockState};
pub use self::outcome::{
    ConditionsMet, ConditionsUnmet, Deleted, DeletedPrefix, Imported, TxnOutcome, WouldDelete,
};
pub use self::plan::{Applied, CheckRun, Conflict, Copied, Plan, PlannedChange};
pub use self::session::Session;
pub use self::status::{AccessReport, StatusReport};
pub use self::tree::{Folder, Tree};
pub use super::time::format_millis as format_time;
use crate::model::{ChangeKind, Reason};
use crate::term;

/// Returns the name of a change's kind.
pub fn event_name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Create => "create",
        ChangeKind::Update => "update",
        ChangeKind::Delete => "delete",
        ChangeKind::Lock => "lock",
        ChangeKind::Unlock => "unlock",
    }
}

/// Returns the name of a batch's reason.
pub fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::Initial => "initial",
        Reason::Change => "change",
        Reason::Retry => "retry",
        Reason::Manual => "manual",
        Reason::Apply => "apply",
    }
}

/// Writes a value.
pub fn write(out: impl Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, TerminalSafeFormatter);
    Ok(value.serialize(&mut serializer)?)
}

/// Writes a value and a newline.
pub fn write_line(mut out: impl Write, value: &impl Serialize) -> io::Result<()> {
    write(&mut out, value)?;
    out.write_all(b"\n")
}

/// A formatter that escapes characters that could control a terminal.
struct TerminalSafeFormatter;

impl Formatter for TerminalSafeFormatter {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // serde_json escapes the characters below the space.
        if fragment.bytes().all(|byte| byte < 0x7f) {
            return out.write_all(fragment.as_bytes());
        }
        write_escaped(out, fragment, term::is_dangerous)
    }
}

/// Writes text inside a JSON string, with some characters as `\uXXXX`.
pub(super) fn write_escaped<W: ?Sized + Write>(
    out: &mut W,
    text: &str,
    escaped: impl Fn(char) -> bool,
) -> io::Result<()> {
    let mut rest = text;
    while let Some(at) = rest.find(&escaped) {
        let (plain, from) = rest.split_at(at);
        out.write_all(plain.as_bytes())?;
        let mut chars = from.chars();
        if let Some(c) = chars.next() {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
        rest = chars.as_str();
    }
    out.write_all(rest.as_bytes())
}
