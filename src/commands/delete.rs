//! `kvw delete`

mod prefix;

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;

use self::prefix::delete_prefix;
use crate::args::applying::{carry_out_recorded, new_file, plan_of_deletes};
use crate::args::cas::cas_index;
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::key::{KeyArgs, folder};
use crate::args::output::formats;
use crate::args::scope::DeleteScopeArgs;
use crate::consul::{Client, Lookup, MultiDelete, MultiGet};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{
    Entry, Index, Key, Op, OpError, OpErrorKind, Prefix, TxnOutcome, encoded_read, folder_of_glob,
    groups,
};
use crate::output::{Format, ListWriter, entry, json, no_glob};
use crate::term::{Ui, plural};

/// Delete keys
///
/// A key that does not exist is no error, and is not counted. Several keys are deleted in as few
/// transactions as possible.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw delete config/web/port
  kvw delete --recurse --dry-run config/web/   # list the keys first
  kvw delete --recurse --yes config/web/
  kvw delete --all --yes                       # the whole store
  kvw delete config/a --cas=7                  # only if at index 7")]
pub struct DeleteArgs {
    /// Keys to delete; with --recurse, a prefix. --all alone needs none
    #[arg(value_name = "KEY", add = complete::live_keys())]
    keys: Vec<String>,

    /// Delete all keys that start with KEY
    #[arg(long, conflicts_with = "cas")]
    recurse: bool,

    #[command(flatten)]
    scope: DeleteScopeArgs,

    /// Do not ask for confirmation of a recursive delete
    #[arg(short, long)]
    yes: bool,

    /// Delete only if the key is unchanged since INDEX, else exit with 1
    #[arg(
        long,
        value_name = "INDEX",
        num_args = 0..=1,
        require_equals = true,
        conflicts_with = "all",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    cas: Option<Option<u64>>,

    /// Index for --cas alone, as shown by get -o json
    #[arg(long, value_name = "INDEX", requires = "cas", hide_short_help = true, value_parser = clap::value_parser!(u64).range(1..))]
    modify_index: Option<u64>,

    /// List the keys that would be deleted, and delete nothing
    #[arg(long, conflicts_with = "cas")]
    dry_run: bool,

    /// Save to FILE what undo needs to put the keys back
    #[arg(
        long,
        value_name = "FILE",
        value_parser = new_file,
        conflicts_with = "dry_run",
        hide_short_help = true
    )]
    undo: Option<PathBuf>,

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
    key_args: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: DeleteArgs) -> anyhow::Result<Exit> {
    if args.keys.is_empty() && !args.recurse && !args.scope.allows_all() {
        let nothing = Failure::usage("nothing to delete: <KEY>... is missing");
        let hint = "--recurse KEY/ deletes all keys of a folder, --all the whole store";
        return Err(nothing.hint(hint).into());
    }
    if args.recurse || args.keys.is_empty() {
        return delete_prefix(ctx, &args);
    }
    let keys = args.keys.iter().map(|key| args.key_args.key(key));
    let mut keys = keys.collect::<Result<Vec<_>, _>>()?;
    // A repeated key is one key.
    let mut repeated = HashSet::new();
    keys.retain(|key| repeated.insert(key.clone()));
    let client = ctx.client(&args.connect)?;
    let ui = &ctx.ui;
    if args.dry_run {
        let existing: Vec<_> = existing_entries(&client, &keys)?
            .iter()
            .filter_map(|entry| Key::new(entry.key()).ok())
            .collect();
        let names: Vec<_> = existing.iter().map(Key::to_string).collect();
        let exit = print_dry_run(ui, args.output, &names)?;
        if !ui.quiet() {
            report_missing(ui, &client, &keys, &existing);
        }
        return Ok(exit);
    }
    let cas = cas_index(args.cas, args.modify_index)?;
    if cas.is_some() && keys.len() > 1 {
        return Err(Failure::usage("--cas takes a single key").into());
    }
    if let Some(undo) = &args.undo {
        let entries = existing_entries(&client, &keys)?;
        if let (Some(index), [key]) = (cas, &keys[..]) {
            let reason = match entries.first().map(Entry::modified) {
                None => Some("it does not exist".to_owned()),
                Some(found) if found != Index(index) => {
                    Some(format!("changed since index {index}"))
                }
                Some(_) => None,
            };
            if let Some(reason) = reason {
                ui.error(format!("key {key} not deleted: {reason}"));
                return Ok(Exit::No);
            }
        }
        let plan = plan_of_deletes(entries);
        if !plan.is_empty() {
            carry_out_recorded(ui, &client, &plan, undo)?;
        }
        let deleted = plan.changes.into_iter().map(|change| change.key);
        let deleted: Vec<_> = deleted.collect();
        report_deleted(ui, args.output, &keys, &deleted)?;
        if !ui.quiet() {
            report_missing(ui, &client, &keys, &deleted);
        }
        return Ok(Exit::Yes);
    }
    let deleted = match (cas, &keys[..]) {
        (Some(index), [key]) => {
            let reason = match delete_cas(&client, key, Index(index))? {
                CasOutcome::Deleted => None,
                CasOutcome::Changed => Some(format!("changed since index {index}")),
                CasOutcome::Missing => Some("it does not exist".to_owned()),
            };
            if let Some(reason) = reason {
                ui.error(format!("key {key} not deleted: {reason}"));
                return Ok(Exit::No);
            }
            keys.clone()
        }
        (None, [key]) if !args.reports(ui) => {
            client.delete(key, None)?;
            return Ok(Exit::Yes);
        }
        (None, [key]) => match client.delete_existing(key)? {
            true => keys.clone(),
            false => Vec::new(),
        },
        (_, keys) => delete_all(&client, keys)?,
    };
    report_deleted(ui, args.output, &keys, &deleted)?;
    if !ui.quiet() {
        report_missing(ui, &client, &keys, &deleted);
    }
    Ok(Exit::Yes)
}

impl DeleteArgs {
    /// Whether it is printed which keys existed.
    fn reports(&self, ui: &Ui) -> bool {
        match self.output {
            Format::Json => true,
            Format::Text | Format::Jsonl | Format::Raw | Format::Consul => !ui.quiet(),
        }
    }
}

fn report_deleted(
    ui: &Ui,
    format: Format,
    requested: &[Key],
    deleted: &[Key],
) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let deleted = deleted.iter().map(Key::as_str).collect();
            json::write_line(ui, &json::Deleted { deleted })?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {}
    }
    match (requested, deleted) {
        ([_], []) => {}
        ([_], [key]) => ui.status(format_args!("deleted {key}")),
        (_, deleted) => {
            let count = deleted.len() as u64;
            ui.status(format_args!("deleted {}", plural(count, "key")));
        }
    }
    Ok(())
}

/// The number of missing keys that are named.
const SHOWN: usize = 5;

/// Names the keys that did not exist, and the keys below those that were probably meant as folders.
/// `existing` are those that did, in the same order.
fn report_missing(ui: &Ui, client: &Client, keys: &[Key], existing: &[Key]) {
    let mut existed = existing.iter().peekable();
    let missing = keys
        .iter()
        .filter(|key| existed.next_if_eq(key).is_none())
        .collect::<Vec<_>>();
    for key in missing.iter().take(SHOWN) {
        ui.status(describe_missing(client, key));
    }
    if let more @ 1.. = missing.len().saturating_sub(SHOWN) {
        ui.status(format_args!("{more} more do not exist"));
    }
}

fn describe_missing(client: &Client, key: &Key) -> String {
    let folder = folder(key.as_str());
    // The delete itself is done: a listing that fails takes nothing from it.
    let below = match client.names(&Prefix::new(folder.as_str()), "", None) {
        Ok(names) => names.value.filter(Result::is_ok).count(),
        Err(_) => 0,
    };
    if below == 0 {
        return match folder_of_glob(key.as_str()) {
            Some(_) => format!("no key {key}: {}", no_glob("key")),
            None => format!("no key {key}"),
        };
    }
    let (keys, are) = (
        plural(below as u64, "key"),
        if below == 1 { "is" } else { "are" },
    );
    match key.is_folder() {
        true => format!("no key {key}; {keys} {are} below it: --recurse deletes them"),
        false => {
            format!("no key {key}; {keys} {are} below {folder}: --recurse {folder} deletes them")
        }
    }
}

/// What became of a key that was to be deleted only unchanged.
enum CasOutcome {
    Deleted,
    Changed,
    Missing,
}

/// Deletes a key if it did not change since `index`. For Consul the delete of a missing key
/// succeeds whatever the index, so the transaction checks the index first.
fn delete_cas(client: &Client, key: &Key, index: Index) -> anyhow::Result<CasOutcome> {
    let key = key.clone();
    let ops = [
        Op::CheckIndex {
            key: key.clone(),
            index,
        },
        Op::DeleteCas { key, index },
    ];
    match client.txn(&ops)? {
        TxnOutcome::Applied(_) => Ok(CasOutcome::Deleted),
        TxnOutcome::RolledBack(errors) => {
            let missing = |error: &OpError| error.kind == OpErrorKind::Missing;
            let conflict =
                |error: &OpError| missing(error) || error.kind == OpErrorKind::IndexDiffers;
            if errors.iter().all(conflict) {
                return Ok(match errors.iter().any(missing) {
                    true => CasOutcome::Missing,
                    false => CasOutcome::Changed,
                });
            }
            Err(client.rolled_back(&ops, &errors).into())
        }
    }
}

/// Deletes keys in as few transactions as hold them, and returns those that existed, in order.
fn delete_all(client: &Client, keys: &[Key]) -> anyhow::Result<Vec<Key>> {
    let mut deletion = MultiDelete::new(client);
    match deletion.delete(keys) {
        Ok(()) => Ok(deletion.deleted),
        Err(failure) if deletion.deleted.is_empty() => Err(failure.into()),
        Err(failure) => {
            let done = format!(
                "deleted {} keys, but not the others",
                deletion.deleted.len()
            );
            Err(anyhow::Error::from(failure).context(done))
        }
    }
}

fn existing_entries(client: &Client, keys: &[Key]) -> anyhow::Result<Vec<Entry>> {
    let mut reader = MultiGet::new(client);
    let mut lookups = Vec::new();
    for keys in groups(keys.iter().cloned(), |key| encoded_read(key.as_str())) {
        lookups.extend(reader.read(&keys)?);
    }
    let mut existing = Vec::new();
    for (key, lookup) in keys.iter().zip(lookups) {
        match lookup {
            Lookup::Found(entry) => existing.push(entry),
            Lookup::Missing => {}
            Lookup::Denied => {
                let what = format!("reading key {key}: permission denied");
                return Err(Failure::new(Exit::Denied, what).into());
            }
        }
    }
    Ok(existing)
}

fn print_dry_run(ui: &Ui, format: Format, names: &[String]) -> anyhow::Result<Exit> {
    match format {
        Format::Json => {
            let would_delete = names;
            json::write_line(ui, &json::WouldDelete { would_delete })?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
            let mut list = ListWriter::new(format);
            for name in names {
                list.item(ui, |ui| entry::write_name(ui, name, format, false))?;
            }
            list.finish(ui)?;
        }
    }
    Ok(Exit::Yes)
}
