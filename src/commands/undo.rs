//! `kvw undo`

use clap::Args;

use crate::args::applying::{
    applied_report, check_origin, check_rights, check_unlocked, confirm, describe_applied,
    describe_end, name_conflicts, name_keys, name_unrestored, print_plan, send_plan,
};
use crate::args::connect::ConnectArgs;
use crate::args::input::{read_file, read_stdin};
use crate::args::output::formats;
use crate::consul::{Client, Consistency, Lookup};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{Entry, Key, PlannedChange, abbreviate};
use crate::output::{Format, SecretMask, json};
use crate::plan::{
    Execution, ExecutionEnd, Executor, Inverse, PlanConflict, PlanOrigin, UndoDocument, invert,
    read_all,
};
use crate::term::{Ui, plural};

/// Put back what a command with --undo FILE has written
///
/// Compares the keys with FILE, by content: what is as it was written is put back, what is as before is
/// left alone. If any key is neither, it is named, nothing is written, and the exit code is 1. Sessions
/// and lock indexes do not come back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw apply ./config --prefix config/ --undo undo.jsonl
  kvw undo undo.jsonl --dry-run
  kvw undo undo.jsonl")]
pub struct UndoArgs {
    /// File that --undo has written, or - for stdin
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: String,

    /// List what would be put back, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Put back the other keys if some have changed since
    #[arg(long)]
    partial: bool,

    /// Do not ask for confirmation of deletes
    #[arg(short, long)]
    yes: bool,

    /// Also write keys that a session holds; this resets their lock index
    #[arg(long, hide_short_help = true)]
    overwrite_locked: bool,

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

/// Runs the verb.
pub fn run(ctx: &Context, args: UndoArgs) -> anyhow::Result<Exit> {
    let ui = &ctx.ui;
    let (bytes, name) = match &*args.file {
        "-" => (read_stdin()?, "stdin"),
        path => (read_file(path)?, path),
    };
    let document =
        UndoDocument::parse(&bytes).map_err(|invalid| invalid.within(&abbreviate(name)))?;
    let client = ctx.client(&args.connect)?;
    check_origin(ui, "undo file", &document.origin, &PlanOrigin::new(&client))?;
    let Inverse {
        mut plan,
        conflicts,
        unlocked,
    } = invert(&document.changes, &present(&client, &document)?);
    plan.overwrite_locked = args.overwrite_locked;
    name_unrestored(ui, &conflicts);
    if !conflicts.is_empty() && !args.partial {
        let count = plural(conflicts.len() as u64, "key");
        let failure = Failure::new(
            Exit::No,
            format!(
                "nothing put back: {count} changed since {}",
                document.created
            ),
        );
        report(ui, &args, "conflict", &[], plan.unchanged, None, &conflicts)?;
        return Err(failure.hint("--partial puts back the others").into());
    }
    check_unlocked(&plan)?;
    if args.dry_run {
        print_plan(ui, args.output, &client, &plan, &SecretMask::default())?;
        return Ok(exit_of(&conflicts));
    }
    if plan.is_empty() {
        report(
            ui,
            &args,
            "unchanged",
            &[],
            plan.unchanged,
            None,
            &conflicts,
        )?;
        ui.status("nothing to put back");
        return Ok(exit_of(&conflicts));
    }
    if !confirm(ui, &client, &plan, "put back", args.yes)? {
        ui.status("nothing put back");
        return Ok(Exit::No);
    }
    check_rights(&client, &plan)?;
    let (execution, signal) = send_plan(ui, &Executor::new(&client), &plan, None)?;
    let applied = &plan.changes[..execution.applied];
    let (outcome, mut found) = match &execution.end {
        ExecutionEnd::Done => ("applied", Vec::new()),
        ExecutionEnd::Unknown(..) => ("unknown", Vec::new()),
        ExecutionEnd::Conflict(moved) if applied.is_empty() => ("conflict", moved.clone()),
        ExecutionEnd::Conflict(moved) => ("partial", moved.clone()),
        _ => ("partial", Vec::new()),
    };
    name_conflicts(ui, &found);
    found.extend(conflicts.iter().cloned());
    let unchanged = plan.unchanged;
    report(
        ui,
        &args,
        outcome,
        applied,
        unchanged,
        Some(&execution),
        &found,
    )?;
    if let Some((what, exit)) = describe_end(&execution.end, signal) {
        let (done, left) = (applied.len(), plan.changes.len() - applied.len());
        ui.error(format_args!(
            "undo incomplete: {} put back, {left} not: {what}",
            plural(done as u64, "key")
        ));
        ui.hint("run again, it continues");
        return Ok(exit);
    }
    if !unlocked.is_empty() {
        let names = name_keys(unlocked.iter().map(Key::as_str));
        ui.warn(format_args!(
            "the sessions that held them do not come back: {names}"
        ));
    }
    let transactions = plural(execution.transactions, "transaction");
    ui.status(format_args!(
        "{} in {transactions}",
        describe_applied(applied)
    ));
    Ok(exit_of(&conflicts))
}

fn exit_of(conflicts: &[PlanConflict]) -> Exit {
    match conflicts.is_empty() {
        true => Exit::Yes,
        false => Exit::No,
    }
}

/// Reads the keys of a journal as they are now.
fn present(client: &Client, document: &UndoDocument) -> anyhow::Result<Vec<Option<Entry>>> {
    let changes = document.changes.iter();
    let keys: Vec<_> = changes.map(|change| change.key.clone()).collect();
    // Only the leader's word counts.
    let client = client.with_consistency(Consistency::Consistent);
    let mut denied = Vec::new();
    let mut present = Vec::with_capacity(keys.len());
    for (key, found) in keys.iter().zip(read_all(&client, &keys)?) {
        present.push(match found {
            Lookup::Found(entry) => Some(entry),
            Lookup::Missing => None,
            Lookup::Denied => {
                denied.push(key.as_str());
                None
            }
        });
    }
    if denied.is_empty() {
        return Ok(present);
    }
    let (count, names) = (plural(denied.len() as u64, "key"), name_keys(denied));
    let what = format!("nothing put back: the token may not read {count}: {names}");
    Err(Failure::new(Exit::Denied, what).into())
}

/// Prints what was put back, where that is asked for as JSON.
fn report(
    ui: &Ui,
    args: &UndoArgs,
    outcome: &'static str,
    applied: &[PlannedChange],
    unchanged: u64,
    execution: Option<&Execution>,
    conflicts: &[PlanConflict],
) -> anyhow::Result<()> {
    match args.output {
        Format::Json => {
            let report = applied_report(outcome, applied, unchanged, execution, conflicts);
            json::write_line(ui, &report)?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {}
    }
    Ok(())
}
