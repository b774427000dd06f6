//! What the verbs that carry out plans share: what is asked and refused before, and how an end is
//! described.

use std::cmp::Reverse;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::SystemTime;

use clap::Args;

use super::confirm::ask;
use crate::consul::{Cause, Client, ErrorClass};
use crate::exit::{Exit, Failure};
use crate::model::{
    ChangePlan, Entry, Key, MaxDelete, PlannedChange, TxnLimits, abbreviate, name_first,
};
use crate::output::{Format, ListWriter, SecretMask, json, plan as plan_text};
use crate::plan::{
    Execution, ExecutionEnd, Executor, PlanConflict, PlanOrigin, UndoChange, UndoJournal,
};
use crate::process::{ProcessGroups, Signals, listen};
use crate::term::{Progress, Style, Ui, plural};

/// The number of keys that a message names.
const NAMED: usize = 5;

/// The most deletes by default: more than this many, and more than half of the keys, are refused.
const FEW_DELETES: u64 = 10;

/// The signals that stop a plan between two transactions.
pub struct StopSignals {
    signals: Arc<Signals>,
    /// The groups of processes that a second signal kills.
    pub groups: Arc<ProcessGroups>,
    taken: AtomicI32,
}

impl StopSignals {
    /// Listens for signals; `wake` is called at each.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn listen(wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let groups = ProcessGroups::new();
        Ok(StopSignals {
            signals: listen(&groups, wake, || ())?,
            groups,
            taken: AtomicI32::new(0),
        })
    }

    /// Returns the first signal that asks to stop, if one has come.
    pub fn stop(&self) -> Option<i32> {
        if let Some(signal) = self.signals.take().stop {
            self.taken.store(signal, Ordering::Relaxed);
        }
        Some(self.taken.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
    }
}

/// Names some keys: `a, b and 3 more`.
pub fn name_keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    name_first(keys, NAMED)
}

/// Refuses a plan that writes keys which a session holds.
///
/// # Errors
/// Exit 1, naming the keys.
pub fn check_unlocked(plan: &ChangePlan) -> Result<(), Failure> {
    let keys: Vec<_> = plan.blocked().map(|change| change.key.as_str()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let (count, names) = (plural(keys.len() as u64, "key"), name_keys(keys));
    let failure = Failure::new(
        Exit::No,
        format!("nothing written: {count} held by a session: {names}"),
    );
    Err(failure.hint("--overwrite-locked writes them, and resets their lock index"))
}

/// Refuses a plan that deletes more than `bound`; by default more than half of the keys, and more than a
/// few.
///
/// # Errors
/// Exit 1, naming the keys.
pub fn check_deletes(plan: &ChangePlan, bound: Option<MaxDelete>) -> Result<(), Failure> {
    let (deletes, existing) = (plan.deletes(), plan.existing);
    let is_allowed = match bound {
        Some(bound) => bound.allows(
            usize::try_from(deletes).unwrap_or(usize::MAX),
            usize::try_from(existing).unwrap_or(usize::MAX),
        ),
        None => deletes <= FEW_DELETES || deletes * 2 <= existing,
    };
    if is_allowed {
        return Ok(());
    }
    let names = plan.changes.iter().filter(|change| change.after.is_none());
    let names = name_keys(names.map(|change| change.key.as_str()));
    let bound = match bound {
        Some(bound) => format!("more than --max-delete {bound}"),
        None => "more than half".to_owned(),
    };
    let failure = Failure::new(
        Exit::No,
        format!(
            "nothing written: {deletes} of {} would be deleted, {bound}: {names}",
            plural(existing, "key")
        ),
    );
    Err(failure.hint(format!("--max-delete {deletes} allows it")))
}

/// Refuses a plan that does not fit one transaction.
///
/// # Errors
/// Exit 2, with the count.
pub fn check_atomic(client: &Client, plan: &ChangePlan) -> Result<(), Failure> {
    match plan.transactions(TxnLimits::USUAL, client.extra_size()) {
        0 | 1 => Ok(()),
        count => {
            let ops = plan.checks.len() + plan.changes.len();
            Err(Failure::usage(format!(
                "nothing written: {ops} operations need {count} transactions, and --atomic allows one"
            )))
        }
    }
}

/// Refuses a plan of several transactions that the token may not carry out as a whole. One transaction is
/// all or nothing by itself.
///
/// # Errors
/// Exit 4, naming the keys.
pub fn check_rights(client: &Client, plan: &ChangePlan) -> anyhow::Result<()> {
    if plan.transactions(TxnLimits::LOWEST, client.extra_size()) <= 1 {
        return Ok(());
    }
    check_writable(client, plan)
}

/// Refuses a plan that the token may not carry out as a whole.
///
/// # Errors
/// Exit 4, naming the keys.
pub fn check_writable(client: &Client, plan: &ChangePlan) -> anyhow::Result<()> {
    match describe_unwritable(client, plan)? {
        Some(what) => Err(Failure::new(Exit::Denied, format!("nothing written: {what}")).into()),
        None => Ok(()),
    }
}

/// Refuses a plan of several transactions with values that the server does not take. A value that no
/// transaction holds is tried by a write that cannot apply, the largest first: the limit is the server's.
///
/// # Errors
/// Exit 2, naming the keys and their places.
pub fn check_sizes(ui: &Ui, client: &Client, plan: &ChangePlan) -> anyhow::Result<()> {
    if plan.transactions(TxnLimits::LOWEST, client.extra_size()) <= 1 {
        return Ok(());
    }
    let mut large: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| TxnLimits::LOWEST.is_exceeded_by(&change.to_op(), client.extra_size()))
        .filter_map(|change| Some((change, change.after.as_ref()?)))
        .collect();
    large.sort_by_key(|(_, after)| Reverse(after.value.len()));
    let mut refused = 0;
    for (change, after) in large {
        let tried = client.try_put(&change.key, &after.value);
        let error = match tried {
            Ok(()) => break,
            Err(error) if error.cause() == Cause::TooLarge => error,
            // The write could not apply, whatever became of it.
            Err(error) => {
                let exit = match error.class() {
                    ErrorClass::Unknown => Exit::Unavailable,
                    class => class.into(),
                };
                return Err(Failure::new(exit, format!("nothing written: {error}")).into());
            }
        };
        let place = change.place.as_ref();
        let place = place.map_or(String::new(), |place| format!(" ({place})"));
        let key = abbreviate(change.key.as_str());
        ui.error(format_args!("key {key}{place}: {}", error.reason()));
        refused += 1;
    }
    let values = match refused {
        0 => return Ok(()),
        1 => "1 value is".to_owned(),
        count => format!("{count} values are"),
    };
    let what = format!("nothing written: {values} too large for the server");
    Err(Failure::usage(what).into())
}

/// Names the keys of a plan that the token may not write; `None` where it may write all. Nothing is written.
///
/// # Errors
/// When Consul does not answer.
pub fn describe_unwritable(
    client: &Client,
    plan: &ChangePlan,
) -> Result<Option<String>, crate::consul::Error> {
    let keys: Vec<_> = plan
        .changes
        .iter()
        .map(|change| change.key.clone())
        .collect();
    let denied = client.unwritable(&keys)?;
    let names = name_keys(denied.iter().map(Key::as_str));
    let count = plural(denied.len() as u64, "key");
    let what = format!("the token may not write {count}: {names}");
    Ok((!denied.is_empty()).then_some(what))
}

/// Whether a plan may be carried out: one with deletes by `--yes`, or by the answer on a terminal. `write` is
/// what it does with the other keys: `write`, `put back`.
///
/// # Errors
/// Exit 2 where nobody can be asked.
pub fn confirm(
    ui: &Ui,
    client: &Client,
    plan: &ChangePlan,
    write: &str,
    yes: bool,
) -> anyhow::Result<bool> {
    let deletes = plan.deletes();
    if yes || deletes == 0 {
        return Ok(true);
    }
    let keys = plural(deletes, "key");
    let what = match plan.writes() {
        0 => format!("delete {keys}"),
        writes => format!("{write} {} and delete {keys}", plural(writes, "key")),
    };
    ask(ui, &what, &client.location(), deletes)
}

/// Creates the journal of a plan, if it is to have one: on the disk before the first write.
///
/// # Errors
/// Exit 2, or 3 where the disk is in trouble.
pub fn create_journal<'a>(
    path: Option<&Path>,
    client: &Client,
    groups: impl IntoIterator<Item = &'a [PlannedChange]>,
) -> Result<Option<UndoJournal>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let groups: Vec<Vec<UndoChange>> = groups
        .into_iter()
        .map(|group| group.iter().map(UndoChange::from).collect())
        .collect();
    let created = json::format_time(SystemTime::now());
    let origin = PlanOrigin::new(client);
    let created = UndoJournal::create(path, origin, created, groups.iter().map(Vec::as_slice));
    created
        .map(Some)
        .map_err(|error| journal_failure(&error, 0))
}

/// The failure of a journal that cannot be written, after so many keys were.
pub fn journal_failure(error: &io::Error, applied: usize) -> Failure {
    let done = match applied {
        0 => "nothing written".to_owned(),
        count => format!("{} written, no more", plural(count as u64, "key")),
    };
    Failure::new(Exit::of_file(error), format!("{done}: {error}"))
}

/// A progress line for a plan.
pub struct PlanProgress {
    progress: Progress,
    keys: std::cell::Cell<u64>,
    bytes: std::cell::Cell<u64>,
}

impl PlanProgress {
    /// Starts at none of the keys.
    pub fn new(ui: &Ui, plan: &ChangePlan) -> Self {
        PlanProgress {
            progress: Progress::new(ui, Some(plan.changes.len() as u64)),
            keys: 0.into(),
            bytes: 0.into(),
        }
    }

    /// Adds changes that were made.
    pub fn add(&self, changes: &[PlannedChange]) {
        let sizes = changes.iter().flat_map(|change| &change.after);
        let bytes: usize = sizes.map(|after| after.value.len()).sum();
        self.keys.set(self.keys.get() + changes.len() as u64);
        self.bytes.set(self.bytes.get() + bytes as u64);
        self.progress.update(self.keys.get(), self.bytes.get());
    }
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
        // What a lost answer was about is known not to be written.
        ExecutionEnd::Failed(error) => {
            let exit = match error.class() {
                ErrorClass::Unknown => Exit::Unavailable,
                class => class.into(),
            };
            (error.to_string(), exit)
        }
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

/// Parses the path of a file that must not be stdin, for clap.
///
/// # Errors
/// For `-` and an empty path.
pub fn new_file(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" => Err("a file is needed, not stdout".to_owned()),
        "" => Err("the name is empty".to_owned()),
        text => Ok(text.into()),
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

/// Sends a plan with a progress line, until a signal asks to stop, which is returned too.
///
/// # Errors
/// When no thread can be started.
pub fn send_plan(
    ui: &Ui,
    executor: &Executor<'_>,
    plan: &ChangePlan,
    journal: Option<&mut UndoJournal>,
) -> io::Result<(Execution, Option<i32>)> {
    let signals = StopSignals::listen(|| ())?;
    let progress = PlanProgress::new(ui, plan);
    let execution = executor.run(
        plan,
        journal,
        |changes| progress.add(changes),
        || signals.stop().is_some(),
    );
    Ok((execution, signals.stop()))
}

/// The file that undoes what a verb writes.
#[derive(Debug, Clone, Default, Args)]
pub struct UndoFileArgs {
    /// Keep in FILE what undo needs to put everything back
    #[arg(long, value_name = "FILE", value_parser = new_file)]
    pub undo: Option<PathBuf>,
}

/// Carries out a plan with a journal, for a verb that writes in another way without one: each key only as
/// it was read, so that the journal is true.
///
/// # Errors
/// When not everything was written: what was is said.
pub fn carry_out_recorded(
    ui: &Ui,
    client: &Client,
    plan: &ChangePlan,
    undo: &Path,
) -> anyhow::Result<Execution> {
    let executor = Executor::new(client);
    let mut journal = create_journal(Some(undo), client, executor.groups(plan))?;
    let (execution, signal) = send_plan(ui, &executor, plan, journal.as_mut())?;
    let Some(failure) = execution_failure(ui, plan, &execution, signal) else {
        return Ok(execution);
    };
    if execution.applied == 0 && !matches!(execution.end, ExecutionEnd::Unknown(..)) {
        return Err(failure.into());
    }
    let undo = undo.display();
    Err(failure
        .hint(format!("kvw undo {undo} puts back what was written"))
        .into())
}

/// The failure of an execution that did not write everything: what was written is said, and the keys that
/// were not as they were read are named before.
pub fn execution_failure(
    ui: &Ui,
    plan: &ChangePlan,
    execution: &Execution,
    signal: Option<i32>,
) -> Option<Failure> {
    let (what, exit) = describe_end(&execution.end, signal)?;
    if let ExecutionEnd::Conflict(conflicts) = &execution.end {
        name_conflicts(ui, conflicts);
    }
    let applied = &plan.changes[..execution.applied];
    let left = plural((plan.changes.len() - applied.len()) as u64, "key");
    Some(match (applied.is_empty(), exit) {
        (true, Exit::Unknown) => Failure::new(exit, what),
        (true, _) => Failure::new(exit, format!("nothing written: {what}")),
        (false, _) => {
            let done = describe_applied(applied);
            Failure::new(exit, format!("stopped: {done}, {left} not: {what}"))
        }
    })
}

/// Makes a plan that deletes entries.
pub fn plan_of_deletes(entries: Vec<Entry>) -> ChangePlan {
    let changes = entries.into_iter().filter_map(|entry| {
        Some(PlannedChange {
            key: Key::new(entry.key()).ok()?,
            before: Some(entry),
            after: None,
            place: None,
        })
    });
    ChangePlan {
        changes: changes.collect(),
        overwrite_locked: true,
        ..ChangePlan::default()
    }
}
