//! A plan carried out: sent, checked, and put back where the check fails.

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::args::applying::{
    PlanProgress, describe_applied, describe_end, name_conflicts, name_unrestored,
};
use crate::args::check_runner::{CheckEnd, CheckRunner};
use crate::args::duration::duration_text;
use crate::args::handler::environment::connection;
use crate::consul::Client;
use crate::exit::Exit;
use crate::handlers::check_command;
use crate::model::{
    Batch, Change, ChangePlan, Continuity, Entry, Index, Key, PlannedChange, Reason, TargetId,
};
use crate::output::json;
use crate::plan::{
    Execution, ExecutionEnd, Executor, PlanConflict, UndoChange, UndoJournal, read_all,
};
use crate::term::{Ui, plural};

/// What follows the writes.
pub struct FollowUp<'a> {
    /// The command of `--then`.
    pub then: Option<&'a OsStr>,
    /// The time that it may take.
    pub then_timeout: Duration,
    /// The time between the last write and its start.
    pub settle: Duration,
    /// Whether the token is passed on to it.
    pub pass_token: bool,
    /// Whether what was written is put back when not everything can be.
    pub rollback: bool,
    /// The prefixes that the plan is of, which the check finds as targets.
    pub scope: &'a [String],
}

/// What has become of a plan.
pub struct Carried {
    /// The outcome as JSON names it.
    pub outcome: &'static str,
    /// The exit.
    pub exit: Exit,
    /// The changes that are in the store now.
    pub applied: usize,
    /// What was sent.
    pub execution: Execution,
    /// The keys that were not as they were read, and those that others have changed before they were put back.
    pub conflicts: Vec<PlanConflict>,
    /// The check of `--then`.
    pub check: Option<json::CheckRun>,
}

impl Carried {
    /// Whether planning again may help: a conflict, and nothing was put back.
    pub fn may_retry(&self) -> bool {
        matches!(self.execution.end, ExecutionEnd::Conflict(_)) && self.outcome != "unknown"
    }
}

/// Carries out plans.
pub struct Carrier<'a> {
    /// The user's streams.
    pub ui: &'a Ui,
    /// The store.
    pub client: &'a Client,
    /// The checks, and the signals that stop.
    pub runner: CheckRunner,
}

impl Carrier<'_> {
    /// Sends a plan, and does what follows. Says everything but the last line of a success.
    pub fn carry_out(
        &mut self,
        executor: &Executor<'_>,
        plan: &ChangePlan,
        journal: Option<&mut UndoJournal>,
        follow: &FollowUp<'_>,
    ) -> Carried {
        let progress = PlanProgress::new(self.ui, plan);
        let execution = executor.run(
            plan,
            journal,
            |changes| progress.add(changes),
            || self.runner.stop().is_some(),
        );
        drop(progress);
        let applied = &plan.changes[..execution.applied];
        let Some((what, exit)) = describe_end(&execution.end, self.runner.stop()) else {
            return self.follow(executor, plan, execution, follow);
        };
        let exit = self.runner.stop().map_or(exit, Exit::Signal);
        let mut conflicts = match &execution.end {
            ExecutionEnd::Conflict(conflicts) => conflicts.clone(),
            _ => Vec::new(),
        };
        name_conflicts(self.ui, &conflicts);
        let left = plan.changes.len() - applied.len();
        let is_unknown = matches!(execution.end, ExecutionEnd::Unknown(..));
        let (outcome, exit, applied) = if is_unknown {
            let done = describe_applied(applied);
            self.ui.error(format_args!(
                "apply stopped: {done}, {} unknown or not written: {what}",
                plural(left as u64, "key")
            ));
            self.ui
                .hint("diff shows what differs; run again, apply finishes it");
            ("unknown", Exit::Unknown, execution.applied)
        } else if applied.is_empty() {
            self.ui.error(format_args!("nothing written: {what}"));
            let outcome = match execution.end {
                ExecutionEnd::Conflict(_) => "conflict",
                _ => "unchanged",
            };
            (outcome, exit, 0)
        } else if follow.rollback {
            match self.put_back(executor, applied, &what) {
                Ok(()) => ("rolled_back", exit, 0),
                Err(unrestored) => {
                    conflicts.extend(unrestored);
                    ("unknown", Exit::Unknown, execution.applied)
                }
            }
        } else {
            let done = describe_applied(applied);
            self.ui.error(format_args!(
                "apply stopped: {done}, {} not written: {what}",
                plural(left as u64, "key")
            ));
            ("partial", exit, execution.applied)
        };
        Carried {
            outcome,
            exit,
            applied,
            execution,
            conflicts,
            check: None,
        }
    }

    /// Runs the check after everything is written.
    fn follow(
        &mut self,
        executor: &Executor<'_>,
        plan: &ChangePlan,
        execution: Execution,
        follow: &FollowUp<'_>,
    ) -> Carried {
        let done = Carried {
            outcome: "applied",
            exit: Exit::Yes,
            applied: execution.applied,
            execution,
            conflicts: Vec::new(),
            check: None,
        };
        let Some(line) = follow.then else {
            return done;
        };
        let (failed, check) = self.check(line, plan, &done.execution, follow);
        let Some((what, exit)) = failed else {
            return Carried { check, ..done };
        };
        let put_back = self.put_back(executor, &plan.changes, &what);
        let (outcome, exit, applied, conflicts) = match put_back {
            Ok(()) => ("rolled_back", exit, 0, Vec::new()),
            Err(conflicts) => ("unknown", Exit::Unknown, done.applied, conflicts),
        };
        Carried {
            outcome,
            exit,
            applied,
            conflicts,
            check,
            ..done
        }
    }

    /// Runs the check; returns why it failed, and how it ended.
    fn check(
        &mut self,
        line: &OsStr,
        plan: &ChangePlan,
        execution: &Execution,
        follow: &FollowUp<'_>,
    ) -> (Option<(String, Exit)>, Option<json::CheckRun>) {
        let stopped = |signal| ("stopped by a signal".to_owned(), Exit::Signal(signal));
        if let Some(signal) = self.runner.wait(follow.settle) {
            return (Some(stopped(signal)), None);
        }
        let batch = match self.batch(plan, execution, follow) {
            Ok(batch) => Arc::new(batch),
            Err(error) => {
                let what = format!("the check was not run: {error}");
                return (Some((what, error.class().into())), None);
            }
        };
        let targets = match follow.scope {
            [] => vec![String::new()],
            scope => scope.to_vec(),
        };
        let connection = connection(self.client.config(), self.client.place(), follow.pass_token);
        let command = check_command(line, batch, targets, SystemTime::now(), connection);
        let run = self.runner.run(self.ui, command, follow.then_timeout);
        let (end, took) = match run {
            Ok(run) => run,
            Err(error) => {
                let what = format!("the check was not run: {error}");
                return (Some((what, Exit::Unavailable)), None);
            }
        };
        let status = match &end {
            CheckEnd::Exited(status) => Some(status.code()),
            CheckEnd::TimedOut | CheckEnd::Signal(_) => None,
        };
        let ms = took.as_millis();
        let failed = match end {
            CheckEnd::Exited(status) if status.code() == 0 => None,
            CheckEnd::Exited(status) => Some((format!("the check {status}"), Exit::No)),
            CheckEnd::TimedOut => {
                let limit = duration_text(follow.then_timeout);
                Some((format!("the check was not done within {limit}"), Exit::No))
            }
            CheckEnd::Signal(signal) => Some(stopped(signal)),
        };
        (failed, Some(json::CheckRun { status, ms }))
    }

    /// Makes the batch that the check reads: the entries as they are now.
    fn batch(
        &self,
        plan: &ChangePlan,
        execution: &Execution,
        follow: &FollowUp<'_>,
    ) -> Result<Batch, crate::consul::Error> {
        let keys: Vec<_> = plan
            .changes
            .iter()
            .map(|change| change.key.clone())
            .collect();
        let found = read_all(self.client, &keys)?;
        let deleted = match execution.index {
            Some(index) => index,
            None => self.index_of(keys.first())?,
        };
        let seen = SystemTime::now();
        let changes = plan
            .changes
            .iter()
            .zip(found)
            .filter_map(|(change, found)| {
                let after = found.entry();
                if change.before.is_none() && after.is_none() {
                    return None;
                }
                let index = after.as_ref().map_or(deleted, Entry::modified);
                Some(Change {
                    target: target_of(change, follow.scope),
                    before: change.before.clone(),
                    after,
                    index,
                    seen,
                    continuity: Continuity::Kept,
                })
            });
        let mut changes: Vec<_> = changes.collect();
        changes.sort_by(|a, b| a.slot().cmp(&b.slot()));
        Ok(Batch {
            reason: Reason::Apply,
            changes,
        })
    }

    /// Returns the index of a store in which keys were only deleted, which no answer has.
    fn index_of(&self, key: Option<&Key>) -> Result<Index, crate::consul::Error> {
        match key {
            Some(key) => Ok(self.client.get(key)?.meta.index.unwrap_or_default()),
            None => Ok(Index(0)),
        }
    }

    /// Puts back what was applied, and says so.
    ///
    /// # Errors
    /// When not everything is put back, with the keys that others have changed since.
    fn put_back(
        &self,
        executor: &Executor<'_>,
        applied: &[PlannedChange],
        why: &str,
    ) -> Result<(), Vec<PlanConflict>> {
        let count = plural(applied.len() as u64, "key");
        let (execution, mut conflicts) = match executor.put_back(applied) {
            Ok(put_back) => put_back,
            Err(error) => {
                self.ui
                    .error(format_args!("{why}; {count} not put back: {error}"));
                return Err(Vec::new());
            }
        };
        let end = describe_end(&execution.end, None);
        if let ExecutionEnd::Conflict(moved) = execution.end {
            conflicts.extend(moved);
        }
        name_unrestored(self.ui, &conflicts);
        match end {
            None if conflicts.is_empty() => {
                self.ui.error(format_args!("{why}; {count} put back"));
                return Ok(());
            }
            None => {
                let left = plural(conflicts.len() as u64, "key");
                self.ui.error(format_args!(
                    "{why}; put back all but {left}, which others have changed since"
                ));
            }
            Some((what, _)) => {
                let done = execution.applied;
                self.ui
                    .error(format_args!("{why}; {done} of {count} put back: {what}"));
            }
        }
        Err(conflicts)
    }
}

/// The target that a change belongs to: the longest prefix of the scope that its key has.
fn target_of(change: &PlannedChange, scope: &[String]) -> TargetId {
    let key = change.key.as_str();
    let matching = scope.iter().enumerate();
    let matching = matching.filter(|(_, prefix)| key.starts_with(prefix.as_str()));
    let longest = matching.max_by_key(|(_, prefix)| prefix.len());
    TargetId(longest.map_or(0, |(number, _)| number.try_into().unwrap_or_default()))
}

/// Takes back from the journal what a conflict kept from being written, so that it can be planned again.
///
/// # Errors
/// When the journal cannot be written.
pub fn retract(
    journal: Option<&mut UndoJournal>,
    plan: &ChangePlan,
    applied: usize,
) -> std::io::Result<()> {
    let Some(journal) = journal else {
        return Ok(());
    };
    let left = plan.changes[applied..].iter();
    journal.retract(left.map(|change| change.key.clone()))
}

/// Adds a plan that is made again to the journal.
///
/// # Errors
/// When the journal cannot be written.
pub fn add_again(journal: &mut UndoJournal, plan: &ChangePlan) -> std::io::Result<()> {
    let changes: Vec<_> = plan.changes.iter().map(UndoChange::from).collect();
    journal.add(&changes)
}
