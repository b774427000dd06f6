//! `kvw apply`

mod carry_out;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use self::carry_out::{Carried, Carrier, FollowUp, add_again, retract};
use crate::args::applying::{
    applied_report, check_atomic, check_deletes, check_origin, check_rights, check_sizes,
    check_unlocked, confirm, create_journal, describe_applied, journal_failure, name_conflicts,
    new_file, print_plan, show_plan,
};
use crate::args::check_runner::CheckRunner;
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::desired::{DesiredArgs, DesiredState, read_scope};
use crate::args::duration::duration;
use crate::args::input::read_file;
use crate::args::output::formats;
use crate::args::program::shell_line;
use crate::args::value_check::{ValueCheck, check_values};
use crate::consul::{Client, Consistency, Lookup};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{ChangePlan, Glob, Invalid, MaxDelete, Prefix, abbreviate, compare};
use crate::output::{Format, json, plan as plan_text};
use crate::plan::{
    Executor, PlanConflict, PlanOrigin, PlanValues, SavedPlan, UndoJournal, read_all,
};
use crate::term::{Ui, plural};

/// Write what differs from the sources
///
/// Only differences are written, each only if its key is as it was read: a key that someone else changes
/// meanwhile is named, and left as they wrote it. Exits with 1 then; with 4 before anything is written if
/// the token may not write everything; with 5 if the outcome is unknown.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw apply ./config --prefix config/web/ --dry-run
  kvw apply ./config --prefix config/web/ --prune --undo undo.jsonl
  kvw apply web.yaml --prefix config/web/ --then ./smoke-test.sh
  kvw apply --plan plan.json")]
pub struct ApplyArgs {
    #[command(flatten)]
    desired: DesiredArgs,

    /// Apply the plan that diff --save has written
    ///
    /// A plan without values needs its sources again.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    plan: Option<String>,

    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// With --dry-run, keep the plan in FILE for --plan
    #[arg(
        long,
        value_name = "FILE",
        requires = "dry_run",
        conflicts_with = "plan",
        value_parser = new_file,
        hide_short_help = true
    )]
    save: Option<PathBuf>,

    /// Keep no values in the file of --save: --plan reads the sources again
    #[arg(long, requires = "save", hide_short_help = true)]
    without_values: bool,

    /// Do not ask before deletes; --plan never asks
    #[arg(short, long)]
    yes: bool,

    /// Refuse to delete more keys [default: 10, or half]
    ///
    /// More than 10 keys that are more than half of those that there are. 100% allows all.
    #[arg(long, value_name = "N|N%")]
    max_delete: Option<MaxDelete>,

    /// Write everything in one transaction, or nothing
    #[arg(long)]
    atomic: bool,

    /// Keys that must be as they were read: those that are written, or all of the sources
    #[arg(
        long,
        value_name = "KEYS",
        default_value = "changed",
        hide_short_help = true
    )]
    guard: Guarded,

    /// Save to FILE what undo needs to put everything back
    #[arg(long, value_name = "FILE", value_parser = new_file)]
    undo: Option<PathBuf>,

    /// Put back what was written if not everything can be
    #[arg(long)]
    rollback: bool,

    /// Plan again so often after a conflict
    #[arg(long, value_name = "N", default_value_t = 0, hide_short_help = true)]
    retry_conflicts: u32,

    /// Run CMD after the writes; if it fails, put everything back
    #[arg(long, value_name = "CMD", value_hint = clap::ValueHint::CommandString, value_parser = shell_line(), add = complete::shell_lines(), conflicts_with = "dry_run")]
    then: Option<OsString>,

    /// Time limit for the command of --then
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = "1m",
        requires = "then",
        hide_short_help = true
    )]
    then_timeout: Duration,

    /// Time between the writes and the command of --then
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = "0s",
        requires = "then",
        hide_short_help = true
    )]
    settle: Duration,

    /// Pass the token on to the command of --then
    #[arg(long, requires = "then", hide_short_help = true)]
    pass_token: bool,

    /// Write nothing unless CMD accepts each new value
    ///
    /// CMD reads the value, and finds the key in KVW_KEY. The words json, yaml and toml stand for
    /// checks of these formats.
    #[arg(long, value_name = "CMD", add = complete::value_checks())]
    check: Option<ValueCheck>,

    /// Keys whose values --check is for; repeatable [default: all]
    #[arg(
        long,
        value_name = "GLOB",
        value_parser = Glob::new,
        requires = "check",
        hide_short_help = true
    )]
    check_on: Vec<Glob>,

    /// Output format
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json]),
        default_value_t = Format::Text
    )]
    output: Format,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Keys that must be as they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Guarded {
    /// Those that are written
    Changed,
    /// All that the sources have
    All,
}

/// A plan, or the keys that are not as a saved plan found them.
type Planned = Result<ChangePlan, Vec<PlanConflict>>;

/// Where plans come from.
enum PlanSource {
    Sources(DesiredState),
    Saved(SavedPlan),
}

/// Runs the verb.
pub fn run(ctx: &Context, args: &ApplyArgs) -> anyhow::Result<Exit> {
    let ui = &ctx.ui;
    let source = args.source(ui)?;
    let mask = args.desired.mask()?;
    let config = args.connect.config(&ctx.env)?;
    if config.consistency == Consistency::Stale {
        let failure = Failure::usage("--stale would plan with what may be old");
        return Err(failure.into());
    }
    let client = ctx.connect(config)?;
    if let PlanSource::Saved(saved) = &source {
        check_origin(ui, "plan", &saved.origin(), &PlanOrigin::new(&client))?;
    }
    let mut carrier = Carrier {
        ui,
        client: &client,
        runner: CheckRunner::new()?,
    };
    let executor = Executor::new(&client).atomically(args.atomic);
    let mut journal: Option<UndoJournal> = None;
    let scope: Vec<String> = match &source {
        PlanSource::Sources(state) => state.scope.iter().map(Prefix::to_string).collect(),
        PlanSource::Saved(saved) => saved.scope().to_vec(),
    };
    let follow = FollowUp {
        then: args.then.as_deref(),
        then_timeout: args.then_timeout,
        settle: args.settle,
        pass_token: args.pass_token,
        rollback: args.rollback || args.then.is_some(),
        scope: &scope,
    };
    let mut retries = args.retry_conflicts;
    loop {
        let plan = match args.plan_with(&client, &source)? {
            Ok(plan) => plan,
            Err(stale) => return report_stale(ui, args, &stale),
        };
        if args.dry_run {
            args.save(&client, &source, &plan)?;
            print_plan(ui, args.output, &client, &plan, &mask)?;
            let checked = args.check_values(ui, &client, &mut carrier.runner, &plan)?;
            return Ok(checked.unwrap_or(Exit::Yes));
        }
        if plan.is_empty() {
            report(ui, args, None, &plan)?;
            ui.status(plan_text::summary(&plan));
            return Ok(Exit::Yes);
        }
        check_unlocked(&plan)?;
        check_deletes(&plan, args.max_delete)?;
        if args.atomic {
            check_atomic(&client, &plan)?;
        }
        if let Some(exit) = args.check_values(ui, &client, &mut carrier.runner, &plan)? {
            return Ok(exit);
        }
        // Who names a plan has seen what it deletes.
        let yes = args.yes || args.plan.is_some();
        if plan.deletes() > 0 && !yes && ui.can_ask() {
            match args.output {
                // stdout has the answer alone, which is one document.
                Format::Json => show_plan(ui, &plan, &mask)?,
                Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
                    print_plan(ui, args.output, &client, &plan, &mask)?;
                }
            }
        }
        if !confirm(ui, &client, &plan, "write", yes)? {
            ui.status("nothing written");
            return Ok(Exit::No);
        }
        check_rights(&client, &plan)?;
        check_sizes(ui, &client, &plan)?;
        match &mut journal {
            None => {
                let groups = executor.groups(&plan);
                journal = create_journal(args.undo.as_deref(), &client, groups)?;
            }
            Some(journal) => {
                add_again(journal, &plan).map_err(|error| journal_failure(&error, 0))?;
            }
        }
        let carried = carrier.carry_out(&executor, &plan, journal.as_mut(), &follow);
        if carried.may_retry() && retries > 0 {
            retries -= 1;
            let applied = carried.execution.applied;
            retract(journal.as_mut(), &plan, applied)
                .map_err(|error| journal_failure(&error, applied))?;
            ui.status("planning again");
            continue;
        }
        report(ui, args, Some(&carried), &plan)?;
        return Ok(args.finish(ui, &carried, &plan));
    }
}

impl ApplyArgs {
    fn source(&self, ui: &Ui) -> anyhow::Result<PlanSource> {
        let guard_unchanged = self.guard == Guarded::All;
        let Some(path) = &self.plan else {
            return Ok(PlanSource::Sources(self.desired.read(ui, guard_unchanged)?));
        };
        let in_file = |invalid: Invalid| invalid.within(&abbreviate(path));
        let mut saved = SavedPlan::parse(&read_file(path)?).map_err(in_file)?;
        match (saved.values(), self.desired.has_sources()) {
            (PlanValues::Present | PlanValues::None, false) => {
                if let Some(flag) = self.desired.flag_of_sources() {
                    let failure = Failure::usage(format!("{flag} is of sources, not of a plan"));
                    return Err(failure
                        .hint("a plan says itself what becomes of its keys")
                        .into());
                }
            }
            (PlanValues::Present, true) => {
                let failure = Failure::usage("the plan has its values, so SOURCE is not needed");
                return Err(failure.into());
            }
            (PlanValues::Absent, false) => {
                let failure = Failure::usage("the plan was saved without values");
                return Err(failure.hint("name its sources again").into());
            }
            (PlanValues::Absent | PlanValues::None, true) => {
                let state = self.desired.read(ui, guard_unchanged)?;
                saved.fill(&state.desired).map_err(in_file)?;
            }
        }
        Ok(PlanSource::Saved(saved))
    }

    /// Compares the sources, or the saved plan, with the store as it is now.
    fn plan_with(&self, client: &Client, source: &PlanSource) -> anyhow::Result<Planned> {
        match source {
            PlanSource::Sources(state) => {
                let store = read_scope(client, state)?;
                Ok(Ok(compare(state.desired.clone(), &store, &state.rules)))
            }
            PlanSource::Saved(saved) => {
                let keys = saved.keys()?;
                let client = client.with_consistency(Consistency::Consistent);
                let found = read_all(&client, &keys)?.into_iter();
                let present: Vec<_> = found.map(Lookup::entry).collect();
                let mut planned = saved.restore(&present)?;
                if let Ok(plan) = &mut planned {
                    self.desired.leave_out(plan);
                    plan.overwrite_locked = self.desired.overwrite_locked;
                }
                Ok(planned)
            }
        }
    }

    /// Checks the values that would be written, where that is asked for.
    fn check_values(
        &self,
        ui: &Ui,
        client: &Client,
        runner: &mut CheckRunner,
        plan: &ChangePlan,
    ) -> anyhow::Result<Option<Exit>> {
        match &self.check {
            Some(check) => check_values(ui, client, runner, plan, check, &self.check_on),
            None => Ok(None),
        }
    }

    /// Keeps the plan in a file, where one is named.
    fn save(&self, client: &Client, source: &PlanSource, plan: &ChangePlan) -> anyhow::Result<()> {
        let (Some(path), PlanSource::Sources(state)) = (&self.save, source) else {
            return Ok(());
        };
        state.save_plan(client, plan, path, !self.without_values)
    }

    /// Says what was done, and how it is undone where that is not everything.
    fn finish(&self, ui: &Ui, carried: &Carried, plan: &ChangePlan) -> Exit {
        let applied = &plan.changes[..carried.applied];
        if carried.exit == Exit::Yes {
            let transactions = plural(carried.execution.transactions, "transaction");
            let index = match carried.execution.index {
                Some(index) => format!(" (index {index})"),
                None => String::new(),
            };
            let done = describe_applied(applied);
            ui.status(format_args!("{done} in {transactions}{index}"));
        } else if matches!(carried.outcome, "partial") {
            match &self.undo {
                Some(file) => ui.hint(format_args!(
                    "run again, it continues; kvw undo {} puts back what was written",
                    file.display()
                )),
                None => ui.hint("run again, it continues"),
            }
        }
        carried.exit
    }
}

fn report_stale(ui: &Ui, args: &ApplyArgs, stale: &[PlanConflict]) -> anyhow::Result<Exit> {
    name_conflicts(ui, stale);
    match args.output {
        Format::Json => {
            json::write_line(ui, &applied_report("conflict", &[], 0, None, stale))?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {}
    }
    let count = plural(stale.len() as u64, "key");
    let what = format!("nothing written: {count} changed since the plan was saved");
    Err(Failure::new(Exit::No, what).into())
}

/// Prints what was done, where that is asked for as JSON.
fn report(
    ui: &Ui,
    args: &ApplyArgs,
    carried: Option<&Carried>,
    plan: &ChangePlan,
) -> anyhow::Result<()> {
    match args.output {
        Format::Json => {
            let undo = args.undo.as_ref().map(|path| path.to_string_lossy());
            let unchanged = plan.unchanged;
            let report = match carried {
                None => applied_report("unchanged", &[], unchanged, None, &[]),
                Some(carried) => {
                    let applied = &plan.changes[..carried.applied];
                    let execution = Some(&carried.execution);
                    let conflicts = &carried.conflicts;
                    json::Applied {
                        check: carried.check.clone(),
                        undo: undo.as_deref(),
                        ..applied_report(carried.outcome, applied, unchanged, execution, conflicts)
                    }
                }
            };
            json::write_line(ui, &report)?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {}
    }
    Ok(())
}
