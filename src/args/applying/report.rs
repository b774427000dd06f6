//! Plans, and what has become of them, in words and as JSON.

use std::io;

use crate::consul::{Cause, Client, Error, ErrorClass};
use crate::exit::Exit;
use crate::model::{ChangePlan, PlannedChange, TxnLimits, abbreviate, name_first};
use crate::output::{Format, ListWriter, SecretMask, json, plan as plan_text};
use crate::plan::{Execution, ExecutionEnd, PlanConflict};
use crate::term::{Style, Ui, plural};

/// The number of keys that a message names.
const NAMED: usize = 5;

/// Names some keys: `a, b and 3 more`.
pub fn name_keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    name_first(keys, NAMED)
}

/// Describes a key that is not as it was read.
pub fn describe_conflict(conflict: &PlanConflict) -> String {
    let key = abbreviate(conflict.key.as_str());
    match (conflict.expected, conflict.found) {
        (None, Some(found)) => format!("key {key}: exists now (index {found})"),
        (Some(expected), None) => format!("key {key}: deleted since index {expected}"),
        (Some(expected), Some(found)) if expected == found => {
            format!("key {key}: another content at the same index {expected}")
        }
        (Some(expected), Some(found)) => {
            format!("key {key}: changed since index {expected} (now {found})")
        }
        (None, None) => format!("key {key}: changed meanwhile"),
    }
}

/// The exit for an error of a write that is known not to be done, also where its answer was lost.
pub(super) fn exit_of_unwritten(error: &Error) -> Exit {
    match error.class() {
        ErrorClass::Unknown => Exit::Unavailable,
        class => class.into(),
    }
}

/// The error that an execution ended by, as one line, and the exit; `None` where all was applied.
pub fn describe_end(end: &ExecutionEnd, signal: Option<i32>) -> Option<(String, Exit)> {
    Some(match end {
        ExecutionEnd::Done => return None,
        ExecutionEnd::Stopped => {
            let exit = signal.map_or(Exit::Unavailable, Exit::Signal);
            ("stopped by a signal".to_owned(), exit)
        }
        ExecutionEnd::Conflict(conflicts) => {
            let count = plural(conflicts.len() as u64, "key");
            (format!("{count} changed meanwhile"), Exit::No)
        }
        ExecutionEnd::Failed(error) => (error.to_string(), exit_of_unwritten(error)),
        ExecutionEnd::Unknown(error, unread) => {
            let unread = match unread {
                Some(unread) if unread.cause() != Cause::Lost => format!("; {unread}"),
                Some(_) => "; its keys could not be read back".to_owned(),
                None => "; its keys are neither as before nor as written".to_owned(),
            };
            (format!("{error}{unread}"), Exit::Unknown)
        }
    })
}

/// Describes how many keys were written and deleted: `2 keys written, 1 deleted`.
pub fn describe_applied(changes: &[PlannedChange]) -> String {
    let deleted = changes
        .iter()
        .filter(|change| change.after.is_none())
        .count();
    let written = changes.len() - deleted;
    match (written, deleted) {
        (0, 0) => "nothing written".to_owned(),
        (0, deleted) => format!("deleted {deleted}"),
        (written, 0) => format!("wrote {written}"),
        (written, deleted) => format!("wrote {written}, deleted {deleted}"),
    }
}

/// Returns the JSON of what was done; a check of `--then` and a journal are to be added.
pub fn applied_report<'a>(
    outcome: &'static str,
    applied: &[PlannedChange],
    unchanged: u64,
    execution: Option<&Execution>,
    conflicts: &'a [PlanConflict],
) -> json::Applied<'a> {
    let deleted = applied.iter().filter(|change| change.after.is_none());
    let deleted = deleted.count() as u64;
    let conflicts = conflicts.iter().map(|conflict| json::Conflict {
        key: conflict.key.as_str(),
        expected: conflict.expected.map(|index| index.0),
        found: conflict.found.map(|index| index.0),
    });
    let index = execution.and_then(|execution| execution.index);
    json::Applied {
        outcome,
        written: applied.len() as u64 - deleted,
        deleted,
        unchanged,
        transactions: execution.map_or(0, |execution| execution.transactions),
        index: index.map(|index| index.0),
        conflicts: conflicts.collect(),
        check: None,
        undo: None,
    }
}

/// Names the keys that are not as they were read.
pub fn name_conflicts(ui: &Ui, conflicts: &[PlanConflict]) {
    for conflict in conflicts {
        ui.error(describe_conflict(conflict));
    }
}

/// Names the keys that are not put back: what others have written since stays.
pub fn name_unrestored(ui: &Ui, conflicts: &[PlanConflict]) {
    for conflict in conflicts {
        let key = abbreviate(conflict.key.as_str());
        ui.error(match conflict.found {
            Some(found) => format!("key {key}: changed since it was written (index {found})"),
            None => format!("key {key}: deleted since it was written"),
        });
    }
}

/// Prints a plan that is not carried out, or not yet, and its counts on stderr.
///
/// # Errors
/// When stdout cannot be written.
pub fn print_plan(
    ui: &Ui,
    format: Format,
    client: &Client,
    plan: &ChangePlan,
    mask: &SecretMask,
) -> anyhow::Result<()> {
    let mut out = ui;
    match format {
        Format::Text | Format::Raw | Format::Consul => {
            plan_text::write(&mut out, plan, mask, ui.style())?;
        }
        Format::Json => {
            let count = plan.transactions(TxnLimits::USUAL, client.extra_size());
            json::write_line(out, &json::Plan::new(plan, mask, count))?;
        }
        Format::Jsonl => {
            let mut list = ListWriter::new(format);
            for change in &plan.changes {
                let change = json::PlannedChange::new(change, mask);
                list.item(&mut out, |out| json::write(out, &change))?;
            }
            list.finish(&mut out)?;
        }
    }
    ui.status(plan_text::summary(plan));
    Ok(())
}

/// Shows a plan to the person who is asked about it, on stderr.
///
/// # Errors
/// Never: the text is made in memory.
pub fn show_plan(ui: &Ui, plan: &ChangePlan, mask: &SecretMask) -> io::Result<()> {
    let style = Style {
        terminal: true,
        color: false,
    };
    let mut text = Vec::new();
    plan_text::write(&mut text, plan, mask, style)?;
    for line in String::from_utf8_lossy(&text).lines() {
        ui.status(line);
    }
    ui.status(plan_text::summary(plan));
    Ok(())
}
