//! Recursive deletes: what a prefix matches, and what is asked before.

use super::{DeleteArgs, SHOWN, print_dry_run};
use crate::args::applying::{carry_out_recorded, plan_of_deletes};
use crate::args::confirm::ask;
use crate::args::scope::neighbours_error;
use crate::consul::Client;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::Prefix;
use crate::output::{Format, glob_hint, json};
use crate::term::{Ui, plural};

/// Deletes all keys below a prefix.
pub(super) fn delete_prefix(ctx: &Context, args: &DeleteArgs) -> anyhow::Result<Exit> {
    let prefix = match &args.keys[..] {
        [] => Prefix::default(),
        [prefix] => args.key_args.prefix(prefix)?,
        _ => return Err(Failure::usage("a recursive delete takes a single prefix").into()),
    };
    let ui = &ctx.ui;
    let needs_yes = !args.yes && !ui.can_ask();
    if prefix.is_root() && !args.dry_run {
        args.scope.check(&prefix, needs_yes)?;
    }
    let client = ctx.client(&args.connect)?;
    if args.dry_run {
        let names = client.names(&prefix, "", None)?.value;
        let names = names.collect::<Result<Vec<_>, _>>()?;
        if names.is_empty() {
            client.check_empty(&prefix)?;
        }
        let exit = print_dry_run(ui, args.output, &names)?;
        if names.is_empty() {
            report_empty(ui, &prefix);
        }
        return Ok(exit);
    }
    if args.scope.matches_neighbours(&prefix) {
        let neighbours = neighbours(&client, &prefix)?;
        let refused = neighbours_error(&prefix, neighbours.as_deref().unwrap_or(&[]), needs_yes);
        return Err(
            match hint_of_glob(&prefix).filter(|_| neighbours.is_none()) {
                Some(hint) => refused.hint(hint).into(),
                None => refused.into(),
            },
        );
    }
    let mut listed: u64 = 0;
    for name in client.names(&prefix, "", None)?.value {
        name?;
        listed += 1;
    }
    if listed == 0 {
        client.check_empty(&prefix)?;
    } else if confirmed(ui, &client, args, &prefix, listed)? {
        match &args.undo {
            None => client.delete_prefix(&prefix)?,
            Some(undo) => {
                let entries = client.entries(&prefix, None)?.value;
                let plan = plan_of_deletes(entries.collect::<Result<Vec<_>, _>>()?);
                listed = plan.changes.len() as u64;
                carry_out_recorded(ui, &client, &plan, undo)?;
            }
        }
    } else {
        ui.status("nothing deleted");
        return Ok(Exit::No);
    }
    match args.output {
        Format::Json => {
            let prefix = prefix.as_str();
            json::write_line(ui, &json::DeletedPrefix { prefix, listed })?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {}
    }
    match listed {
        0 => report_empty(ui, &prefix),
        listed => ui.status(format_args!("deleted {}", describe(listed, &prefix))),
    }
    Ok(Exit::Yes)
}

fn report_empty(ui: &Ui, prefix: &Prefix) {
    if ui.quiet() {
        return;
    }
    match prefix.as_str() {
        "" => ui.status("no keys in the store"),
        prefix => ui.status(format_args!("no keys below '{prefix}'")),
    }
    if let Some(hint) = hint_of_glob(prefix) {
        ui.hint(hint);
    }
}

/// The hint at what a glob would delete, by a command that deletes nothing.
fn hint_of_glob(prefix: &Prefix) -> Option<String> {
    glob_hint("prefix", prefix.as_str(), "delete --recurse --dry-run")
}

/// Whether the user confirmed the delete by `--yes` or on the terminal.
fn confirmed(
    ui: &Ui,
    client: &Client,
    args: &DeleteArgs,
    prefix: &Prefix,
    listed: u64,
) -> anyhow::Result<bool> {
    if args.yes {
        return Ok(true);
    }
    let what = format!("delete {}", describe(listed, prefix));
    ask(ui, &what, &client.location(), listed)
}

fn describe(listed: u64, prefix: &Prefix) -> String {
    let keys = plural(listed, "key");
    match prefix.as_str() {
        "" => format!("{keys}, the whole store"),
        prefix => format!("{keys} below '{prefix}'"),
    }
}

/// Returns some of the keys and folders that the prefix matches beside the folder itself; `None`
/// where it matches nothing.
fn neighbours(client: &Client, prefix: &Prefix) -> anyhow::Result<Option<Vec<String>>> {
    let folder = format!("{prefix}/");
    let mut others = Vec::new();
    let mut matched = false;
    for name in client.names(prefix, "/", None)?.value {
        let name = name?;
        matched = true;
        if name != folder && others.len() <= SHOWN {
            others.push(name);
        }
    }
    if others.len() > SHOWN {
        others[SHOWN] = "…".to_owned();
    }
    Ok(matched.then_some(others))
}
