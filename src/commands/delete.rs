//! `kvw delete`

use clap::Args;

use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::args::tree::{DeleteScopeArgs, neighbours};
use crate::consul::{Bulk, Client, Error, Lookup, MultiGet};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{
    Index, Key, Op, OpError, OpErrorKind, Packer, Prefix, TxnLimits, TxnOutcome, encoded_read,
    groups,
};
use crate::output::{Format, ListWriter, entry, json};
use crate::term::Ui;

/// Delete keys
///
/// A key that does not exist is no error. Several keys are deleted in as few transactions as hold
/// them.
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// Keys; with --recurse a prefix
    #[arg(value_name = "KEY", required = true, add = complete::live_keys())]
    keys: Vec<String>,

    /// Delete everything that begins with KEY
    #[arg(long, conflicts_with = "cas")]
    recurse: bool,

    #[command(flatten)]
    tree: DeleteScopeArgs,

    /// Do not ask before a recursive delete
    #[arg(short, long)]
    yes: bool,

    /// Delete only if the key was last changed at --modify-index; exit 1 if not
    #[arg(long, requires = "modify_index")]
    cas: bool,

    /// The index for --cas, as get -o json shows it
    #[arg(long, value_name = "INDEX", requires = "cas", value_parser = clap::value_parser!(u64).range(1..))]
    modify_index: Option<u64>,

    /// List what would be deleted, and delete nothing
    #[arg(long, conflicts_with = "cas")]
    dry_run: bool,

    /// How to print it: text (nothing) or json [default: text]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json]),
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true
    )]
    output: Format,

    #[command(flatten)]
    exact: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &mut Context, args: DeleteArgs) -> anyhow::Result<Exit> {
    if args.recurse {
        return recurse(ctx, &args);
    }
    let keys = args.keys.iter().map(|key| args.exact.key(key));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let client = ctx.client(&args.connect)?;
    let ui = &mut ctx.ui;
    if args.dry_run {
        return would_delete(ui, args.output, &existing(&client, &keys)?);
    }
    match (args.modify_index, &keys[..]) {
        (Some(index), [key]) => {
            if !delete_cas(&client, key, Index(index))? {
                ui.error(format!(
                    "key {key} not deleted: it is not as it was at index {index}"
                ));
                return Ok(Exit::No);
            }
        }
        (Some(_), _) => return Err(Failure::usage("--cas takes one key").into()),
        (None, [key]) => drop(client.delete(key, None)?),
        (None, keys) => delete_all(&client, keys)?,
    }
    deleted(ui, args.output, &keys)?;
    Ok(Exit::Yes)
}

fn deleted(ui: &mut Ui, format: Format, keys: &[Key]) -> anyhow::Result<()> {
    if format == Format::Json {
        let deleted = keys.iter().map(Key::as_str).collect();
        json::write_line(ui.out(), &json::Deleted { deleted })?;
    }
    match keys {
        [key] => ui.status(format!("deleted {key}")),
        keys => ui.status(format!("deleted {} keys", keys.len())),
    }
    Ok(())
}

/// Consul calls the delete of a missing key a success whatever the index, so it is checked first.
fn delete_cas(client: &Client, key: &Key, index: Index) -> anyhow::Result<bool> {
    let key = key.clone();
    let ops = [
        Op::CheckIndex {
            key: key.clone(),
            index,
        },
        Op::DeleteCas { key, index },
    ];
    match client.txn(&ops)? {
        TxnOutcome::Applied(_) => Ok(true),
        TxnOutcome::RolledBack(errors) => {
            let lost = |error: &OpError| {
                matches!(error.kind, OpErrorKind::Missing | OpErrorKind::IndexDiffers)
            };
            if errors.iter().all(lost) {
                return Ok(false);
            }
            Err(client.rolled_back(&ops, &errors).into())
        }
    }
}

fn delete_all(client: &Client, keys: &[Key]) -> anyhow::Result<()> {
    let bulk = Bulk::default();
    let mut packer = Packer::new(TxnLimits::USUAL, client.extra_size());
    let mut done = 0;
    for key in keys {
        if let Some(full) = packer.push(Op::Delete { key: key.clone() }) {
            send(client, &bulk, full, &mut done)?;
            packer.limits = bulk.limits();
        }
    }
    match packer.finish() {
        Some(rest) => send(client, &bulk, rest, &mut done),
        None => Ok(()),
    }
}

fn send(client: &Client, bulk: &Bulk, ops: Vec<Op>, done: &mut usize) -> anyhow::Result<()> {
    let mut failure: Option<Error> = None;
    bulk.send(client, ops, |sent| match sent.outcome {
        Ok(TxnOutcome::Applied(_)) => *done += sent.ops.len(),
        Ok(TxnOutcome::RolledBack(errors)) => {
            failure = Some(client.rolled_back(&sent.ops, &errors));
        }
        Err(error) => failure = Some(error),
    });
    match failure {
        None => Ok(()),
        Some(failure) if *done == 0 => Err(failure.into()),
        Some(failure) => {
            let done = format!("deleted {done} keys, not the others");
            Err(anyhow::Error::from(failure).context(done))
        }
    }
}

fn existing(client: &Client, keys: &[Key]) -> anyhow::Result<Vec<String>> {
    let mut reader = MultiGet::new(client);
    let mut seen = Vec::new();
    for keys in groups(keys.iter().cloned(), |key| encoded_read(key.as_str())) {
        seen.extend(reader.read(&keys)?);
    }
    let mut existing = Vec::new();
    for (key, seen) in keys.iter().zip(seen) {
        match seen {
            Lookup::Found(_) => existing.push(key.to_string()),
            Lookup::Missing => {}
            Lookup::Denied => {
                let what = format!("reading key {key}: permission denied");
                return Err(Failure::new(Exit::Denied, what).into());
            }
        }
    }
    Ok(existing)
}

fn would_delete(ui: &mut Ui, format: Format, names: &[String]) -> anyhow::Result<Exit> {
    if format == Format::Json {
        json::write_line(
            ui.out(),
            &json::WouldDelete {
                would_delete: names,
            },
        )?;
        return Ok(Exit::Yes);
    }
    let mut list = ListWriter::new(format);
    for name in names {
        list.item(ui, |ui| entry::write_name(ui, name, format))?;
    }
    list.finish(ui)?;
    Ok(Exit::Yes)
}

fn recurse(ctx: &mut Context, args: &DeleteArgs) -> anyhow::Result<Exit> {
    let [prefix] = &args.keys[..] else {
        return Err(Failure::usage("a recursive delete takes one prefix").into());
    };
    let prefix = args.exact.prefix(prefix)?;
    if prefix.is_root() && !args.dry_run {
        args.tree.check(&prefix)?;
    }
    let client = ctx.client(&args.connect)?;
    let ui = &mut ctx.ui;
    if args.dry_run {
        let names = client.names(&prefix, "", None)?.value;
        let names = names.collect::<Result<Vec<_>, _>>()?;
        return would_delete(ui, args.output, &names);
    }
    if args.tree.takes_neighbours(&prefix) {
        refuse_neighbours(&client, &prefix)?;
    }
    let mut listed: u64 = 0;
    for name in client.names(&prefix, "", None)?.value {
        name?;
        listed += 1;
    }
    if listed == 0 {
        client.check_empty(&prefix)?;
    } else if agreed(ui, args, &prefix, listed)? {
        client.delete_prefix(&prefix)?;
    } else {
        ui.status("nothing deleted");
        return Ok(Exit::No);
    }
    if args.output == Format::Json {
        let prefix = prefix.as_str();
        json::write_line(ui.out(), &json::DeletedPrefix { prefix, listed })?;
    }
    ui.status(format!("deleted {}", counted(listed, &prefix)));
    Ok(Exit::Yes)
}

/// Whether the user consents.
fn agreed(ui: &mut Ui, args: &DeleteArgs, prefix: &Prefix, listed: u64) -> anyhow::Result<bool> {
    if args.yes {
        return Ok(true);
    }
    let what = counted(listed, prefix);
    if ui.can_ask() {
        return Ok(ui.confirm(&format!("Delete {what}?"))?);
    }
    let refused = Failure::usage(format!("not deleting {what} without being told so"));
    Err(refused.hint("--yes deletes without asking").into())
}

fn counted(listed: u64, prefix: &Prefix) -> String {
    let keys = if listed == 1 { "key" } else { "keys" };
    match prefix.as_str() {
        "" => format!("{listed} {keys}, the whole store"),
        prefix => format!("{listed} {keys} below '{prefix}'"),
    }
}

/// Says which names beside the folder itself the prefix would take.
fn refuse_neighbours(client: &Client, prefix: &Prefix) -> anyhow::Result<()> {
    const SHOWN: usize = 5;
    let folder = format!("{prefix}/");
    let mut others = Vec::new();
    for name in client.names(prefix, "/", None)?.value {
        let name = name?;
        if name != folder && others.len() <= SHOWN {
            others.push(name);
        }
    }
    if others.len() > SHOWN {
        others[SHOWN] = "…".to_owned();
    }
    Err(neighbours(prefix, &others).into())
}
