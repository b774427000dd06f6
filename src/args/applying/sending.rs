//! Plans on their way: the journal before the first write, progress, and signals that stop.

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::SystemTime;

use super::report::{describe_applied, describe_end, name_conflicts};
use crate::consul::Client;
use crate::exit::{Exit, Failure};
use crate::model::{ChangePlan, Entry, Key, PlannedChange};
use crate::output::json;
use crate::plan::{Execution, ExecutionEnd, Executor, PlanOrigin, UndoChange, UndoJournal};
use crate::process::{ProcessGroups, Signals, listen};
use crate::term::{Progress, Ui, plural};

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
    keys: Cell<u64>,
    bytes: Cell<u64>,
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
    carry_out(ui, client, &executor, plan, Some(undo), "nothing written")
}

/// Carries out a plan, with a journal in the file `undo`. `nothing` says that nothing was done: `nothing copied`.
///
/// # Errors
/// When not everything was written: what was is said, and how to go on or back.
pub fn carry_out(
    ui: &Ui,
    client: &Client,
    executor: &Executor<'_>,
    plan: &ChangePlan,
    undo: Option<&Path>,
    nothing: &str,
) -> anyhow::Result<Execution> {
    let mut journal = create_journal(undo, client, executor.groups(plan))?;
    let (execution, signal) = send_plan(ui, executor, plan, journal.as_mut())?;
    let Some(failure) = execution_failure(ui, plan, &execution, signal, nothing) else {
        return Ok(execution);
    };
    if execution.applied == 0 && !matches!(execution.end, ExecutionEnd::Unknown(..)) {
        return Err(failure.into());
    }
    let hint = match undo {
        Some(undo) => format!("kvw undo {} puts back what was written", undo.display()),
        None => "run again, it continues".to_owned(),
    };
    Err(failure.hint(hint).into())
}

/// The failure of an execution that did not write everything: what was written is said, and the keys that
/// were not as they were read are named before. `nothing` says that nothing was.
pub fn execution_failure(
    ui: &Ui,
    plan: &ChangePlan,
    execution: &Execution,
    signal: Option<i32>,
    nothing: &str,
) -> Option<Failure> {
    let (what, exit) = describe_end(&execution.end, signal)?;
    if let ExecutionEnd::Conflict(conflicts) = &execution.end {
        name_conflicts(ui, conflicts);
    }
    let applied = &plan.changes[..execution.applied];
    let left = plural((plan.changes.len() - applied.len()) as u64, "key");
    Some(match (applied.is_empty(), exit) {
        (true, Exit::Unknown) => Failure::new(exit, what),
        (true, _) => Failure::new(exit, format!("{nothing}: {what}")),
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
