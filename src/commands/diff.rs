//! `kvw diff`

use std::path::PathBuf;

use clap::Args;

use crate::args::applying::{describe_unwritable, name_keys, new_file, print_plan};
use crate::args::connect::ConnectArgs;
use crate::args::desired::{DesiredArgs, read_scope};
use crate::args::output::formats;
use crate::consul::Consistency;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{ChangePlan, compare};
use crate::output::Format;
use crate::term::Ui;

/// Show what differs between sources and the store
///
/// Shows what apply would write with the same flags, and writes nothing. Exits with 0 if nothing
/// differs, and with 1 if something does. Without --prune, keys that no source has are counted and are
/// no differences.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw diff ./config --prefix config/
  kvw diff ./config --prefix config/ --prune --secret '**/password'
  kvw diff values.yaml --prefix config/web/ --save plan.json
  kvw export a/ | kvw diff - --format consul --strip a/ --prefix b/")]
pub struct DiffArgs {
    #[command(flatten)]
    desired: DesiredArgs,

    /// Keep the plan in FILE for apply --plan
    ///
    /// The file is private. It holds the values that would be written.
    #[arg(long, value_name = "FILE", value_parser = new_file)]
    save: Option<PathBuf>,

    /// Keep no values in the file of --save: apply --plan reads the sources again
    #[arg(long, requires = "save", hide_short_help = true)]
    without_values: bool,

    /// Exit with 4 if the token may not write what differs
    ///
    /// The rights are tried without writing.
    #[arg(long)]
    access: bool,

    /// Output format: text, json, or jsonl with a change a line
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json, Format::Jsonl]),
        hide_possible_values = true,
        default_value_t = Format::Text
    )]
    output: Format,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: &DiffArgs) -> anyhow::Result<Exit> {
    let ui = &ctx.ui;
    let state = args.desired.read(ui, false)?;
    let mask = args.desired.mask()?;
    let config = args.connect.config(&ctx.env)?;
    if config.consistency == Consistency::Stale {
        return Err(Failure::usage("--stale would compare with what may be old").into());
    }
    let client = ctx.connect(config)?;
    let store = read_scope(&client, &state)?;
    let plan = match &args.save {
        None => compare(state.desired, &store, &state.rules),
        Some(path) => {
            let plan = compare(state.desired.clone(), &store, &state.rules);
            state.save_plan(&client, &plan, path, !args.without_values)?;
            plan
        }
    };
    print_plan(ui, args.output, &client, &plan, &mask)?;
    hint_at_newlines(ui, &plan);
    if args.access {
        if let Some(what) = describe_unwritable(&client, &plan)? {
            return Err(Failure::new(Exit::Denied, what).into());
        }
    }
    Ok(match plan.is_empty() {
        true => Exit::Yes,
        false => Exit::No,
    })
}

/// Says where a file and a value are the same but for the newline at the end, the most common difference
/// that nobody wants.
fn hint_at_newlines(ui: &Ui, plan: &ChangePlan) {
    let keys = plan
        .changes
        .iter()
        .filter(|change| change.only_ends_differ());
    let keys: Vec<_> = keys.map(|change| change.key.as_str()).collect();
    if keys.is_empty() {
        return;
    }
    ui.hint(format_args!(
        "only a newline at the end differs: {}; --exact keeps the newline of a file",
        name_keys(keys)
    ));
}
