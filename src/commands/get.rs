//! `kvw get`

use std::io;

use clap::Args;

use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::consul::{Client, Lookup, MultiGet};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{Entry, Fields, Prefix};
use crate::output::{Format, ListWriter, consul, entry, json};
use crate::term::Ui;

/// Print the value of a key
///
/// A value goes to a pipe byte for byte; on a terminal control characters are made visible.
/// Several keys are read at one moment and printed as key:value lines. Exits 1 when a key is
/// missing and 4 when it may not be read.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// Keys; with --recurse or --keys a prefix, empty or left out for the whole store
    #[arg(value_name = "KEY", required_unless_present_any = ["recurse", "names"], add = complete::live_keys())]
    keys: Vec<String>,

    /// Print all entries whose keys begin with KEY
    #[arg(long)]
    recurse: bool,

    /// Print only names, cut behind the first separator after KEY; with --recurse uncut
    #[arg(long = "keys", conflicts_with_all = ["detailed", "base64"])]
    names: bool,

    /// Where --keys cuts names, '' for nowhere [default: /]
    #[arg(
        long,
        value_name = "TEXT",
        requires = "names",
        conflicts_with = "recurse"
    )]
    separator: Option<String>,

    /// Print all fields
    #[arg(long)]
    detailed: bool,

    /// Print values in base64
    #[arg(long)]
    base64: bool,

    /// What to print for a missing key, with exit 0
    #[arg(long, value_name = "VALUE", conflicts_with_all = ["recurse", "names"])]
    default: Option<String>,

    /// How to print it: text, json, jsonl, raw (exact bytes) or consul (its own JSON)
    /// [default: text]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json, Format::Jsonl, Format::Raw, Format::Consul]),
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true
    )]
    output: Format,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &mut Context, args: GetArgs) -> anyhow::Result<Exit> {
    if args.recurse || args.names {
        let prefix = args.prefix()?;
        let client = ctx.client(&args.connect)?;
        return if args.names {
            names(&mut ctx.ui, &client, &prefix, &args)
        } else {
            entries(&mut ctx.ui, &client, &prefix, &args)
        };
    }
    let client = ctx.client(&args.connect)?;
    match &args.keys[..] {
        [key] => one(&mut ctx.ui, &client, key, &args),
        _ => several(&mut ctx.ui, &client, &args),
    }
}

impl GetArgs {
    /// The one prefix of a listing.
    fn prefix(&self) -> Result<Prefix, Failure> {
        if self.output == Format::Raw {
            return Err(Failure::usage(
                "-o raw prints the value of one key, not a list",
            ));
        }
        match &self.keys[..] {
            [] => Ok(Prefix::default()),
            [prefix] => self.key.prefix(prefix),
            _ => Err(Failure::usage("a listing takes one prefix")),
        }
    }

    /// What stands in for a missing entry: it was never made, so its indexes are 0.
    fn default_for(&self, key: &str) -> Option<Entry> {
        let value = self.default.as_ref()?.as_bytes();
        Some(Entry::pack(&Fields {
            key,
            value: Some(value),
            ..Fields::default()
        }))
    }

    /// One entry of a list, in the list's format.
    fn item(&self, ui: &mut Ui, first: bool, entry: &Entry) -> io::Result<()> {
        match self.output {
            Format::Json | Format::Jsonl => json::write(ui, &self.json(entry)),
            Format::Consul => {
                let terminal = ui.out_is_terminal();
                consul::write(ui, &consul::ConsulEntry::from(entry), terminal)
            }
            Format::Text | Format::Raw if self.detailed => {
                entry::write_detailed(ui, entry, !first, self.base64)
            }
            Format::Text | Format::Raw => {
                entry::write_line(ui, entry.key(), entry.value(), self.base64)
            }
        }
    }

    fn json<'a>(&self, entry: &'a Entry) -> json::Entry<'a> {
        match json::Entry::from(entry) {
            json if self.base64 => json.with_base64(entry),
            json => json,
        }
    }
}

fn one(ui: &mut Ui, client: &Client, key: &str, args: &GetArgs) -> anyhow::Result<Exit> {
    let key = args.key.key(key)?;
    let found = client.get(&key)?.value;
    let Some(entry) = found.or_else(|| args.default_for(key.as_str())) else {
        missing(ui, key.as_str());
        return Ok(Exit::No);
    };
    match args.output {
        Format::Raw => entry::write_raw(ui, entry.value(), args.base64)?,
        Format::Text if !args.detailed => entry::write_value(ui, entry.value(), args.base64)?,
        Format::Json => json::write_line(ui.out(), &args.json(&entry))?,
        Format::Text | Format::Jsonl | Format::Consul => {
            let mut list = ListWriter::new(args.output);
            list.item(ui, |ui| args.item(ui, true, &entry))?;
            list.finish(ui)?;
        }
    }
    Ok(Exit::Yes)
}

/// Several keys, seen at one moment. Text keeps the order in which they were asked for, JSON is
/// sorted like every list.
fn several(ui: &mut Ui, client: &Client, args: &GetArgs) -> anyhow::Result<Exit> {
    if args.output == Format::Raw {
        return Err(Failure::usage("-o raw prints the value of one key, not of several").into());
    }
    let keys = args.keys.iter().map(|key| args.key.key(key));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let seen = MultiGet::new(client).read(&keys)?;
    let mut exit = Exit::Yes;
    let mut found = Vec::new();
    for (key, seen) in keys.iter().zip(seen) {
        match (seen, args.default_for(key.as_str())) {
            (Lookup::Found(entry), _) | (Lookup::Missing, Some(entry)) => found.push(entry),
            (Lookup::Missing, None) => {
                missing(ui, key.as_str());
                if exit == Exit::Yes {
                    exit = Exit::No;
                }
            }
            (Lookup::Denied, _) => {
                ui.error(format!("reading key {key}: permission denied"));
                exit = Exit::Denied;
            }
        }
    }
    if args.output != Format::Text {
        found.sort_by(|a, b| a.key().cmp(b.key()));
        found.dedup_by(|a, b| a.key() == b.key());
    }
    let mut list = ListWriter::new(args.output);
    for (number, entry) in found.iter().enumerate() {
        list.item(ui, |ui| args.item(ui, number == 0, entry))?;
    }
    list.finish(ui)?;
    Ok(exit)
}

fn entries(ui: &mut Ui, client: &Client, prefix: &Prefix, args: &GetArgs) -> anyhow::Result<Exit> {
    let reply = client.entries(prefix, None)?;
    let mut list = ListWriter::new(args.output);
    let mut first = true;
    for entry in reply.value {
        let entry = entry?;
        list.item(ui, |ui| args.item(ui, first, &entry))?;
        first = false;
    }
    finish(ui, client, prefix, list, reply.meta.filtered)
}

fn names(ui: &mut Ui, client: &Client, prefix: &Prefix, args: &GetArgs) -> anyhow::Result<Exit> {
    let separator = match &args.separator {
        Some(separator) => separator,
        None if args.recurse => "",
        None => "/",
    };
    let reply = client.names(prefix, separator, None)?;
    let mut list = ListWriter::new(args.output);
    for name in reply.value {
        let name = name?;
        list.item(ui, |ui| entry::write_name(ui, &name, args.output))?;
    }
    finish(ui, client, prefix, list, reply.meta.filtered)
}

/// Ends a listing, and says what it may have kept silent about.
fn finish(
    ui: &mut Ui,
    client: &Client,
    prefix: &Prefix,
    list: ListWriter,
    filtered: bool,
) -> anyhow::Result<Exit> {
    if list.finish(ui)? == 0 {
        client.check_empty(prefix)?;
    }
    if filtered {
        ui.warn("the token may not read everything here: the list is not whole");
    }
    Ok(Exit::Yes)
}

fn missing(ui: &Ui, key: &str) {
    ui.error(format!("key {key} does not exist"));
}
