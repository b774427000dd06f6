//! `kvw get`

use std::io;

use clap::Args;

use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::fallback::FallbackArgs;
use crate::args::key::{KeyArgs, key_of_url};
use crate::args::nearby::keys_below_hint;
use crate::args::output::{formats, require_text};
use crate::consul::{Client, Lookup, MultiGet};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::fallback::KeyQuestion;
use crate::model::{Entry, Fields, Key, Prefix, abbreviate};
use crate::output::entry::{self, ValueStyle};
use crate::output::{Format, ListWriter, consul, explain_empty, filtered_message, glob_hint, json};
use crate::term::{Ui, is_plain_line};

/// Print the value of a key
///
/// Values are written to a pipe byte for byte, so that files and binary values survive; --newline
/// ends each one as a line. On a terminal, control characters are escaped. Several keys are read in
/// one transaction and printed as key:value. Exits with 1 if a key does not exist
/// and with 4 if the token may not read it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw get config/web/port
  kvw get config/web/port -o json | jq -r .value
  kvw get -n config/hosts | while read -r host; do ping -c1 $host; done
  kvw get --recurse config/
  kvw get config/web/port --default 8080")]
pub struct GetArgs {
    /// Keys to read; with --recurse or --keys, a prefix [default: all]
    #[arg(value_name = "KEY", required_unless_present_any = ["recurse", "names"], add = complete::live_keys())]
    keys: Vec<String>,

    /// Print all entries whose keys start with KEY
    #[arg(short, long)]
    recurse: bool,

    /// Print only key names, up to and including the first separator after KEY
    ///
    /// With --recurse, whole names.
    #[arg(long = "keys", conflicts_with_all = ["detailed", "base64"])]
    names: bool,

    /// Separator at which --keys cuts names; '' for whole names
    #[arg(
        long,
        value_name = "TEXT",
        requires = "names",
        conflicts_with = "recurse",
        default_value = "/"
    )]
    separator: String,

    /// Print all fields
    #[arg(long)]
    detailed: bool,

    /// Print values in base64
    #[arg(long)]
    base64: bool,

    /// End each value with a newline where it has none
    ///
    /// By default a value is printed exactly as stored, so that its bytes and checksum stay those of
    /// the file it came from. A loop over lines, such as while read, needs the last newline.
    #[arg(short, long, conflicts_with = "names")]
    newline: bool,

    /// End each name and each value of a list with a NUL, for xargs -0
    ///
    /// A value that holds a NUL itself is refused.
    #[arg(short = '0', long, conflicts_with_all = ["newline", "detailed"])]
    null: bool,

    /// Print nothing: exit with 0 if all KEYs exist, else with 1
    #[arg(long, conflicts_with_all = ["recurse", "names", "default", "output", "null", "base64", "detailed", "fallback"])]
    exists: bool,

    /// Print keys without the prefix KEY; with --recurse or --keys
    ///
    /// A key that is equal to the prefix has an empty name.
    #[arg(long)]
    relative: bool,

    /// Print VALUE for a missing key, and exit with 0
    #[arg(long, value_name = "VALUE", conflicts_with_all = ["recurse", "names"])]
    default: Option<String>,

    /// Output format; raw is the exact bytes, consul the JSON of Consul's API
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json, Format::Jsonl, Format::Raw, Format::Consul]),
        default_value_t = Format::Text
    )]
    output: Format,

    /// Print raw bytes that could control the terminal
    #[arg(long, hide_short_help = true)]
    force: bool,

    #[command(flatten)]
    fallback: FallbackArgs,

    #[command(flatten)]
    key_args: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: GetArgs) -> anyhow::Result<Exit> {
    if args.null {
        require_text(args.output)?;
    }
    if args.fallback.fallback.is_some() {
        return run_with_fallback(ctx, &args);
    }
    if args.recurse || args.names {
        let prefix = args.prefix()?;
        let client = ctx.client(&args.connect)?;
        return if args.names {
            print_names(&ctx.ui, &client, &prefix, &args)
        } else {
            print_entries(&ctx.ui, &client, &prefix, &args)
        };
    }
    args.refuse_relative()?;
    if args.exists {
        return exist(ctx, &args);
    }
    let client = ctx.client(&args.connect)?;
    match &args.keys[..] {
        [key] => print_one(&ctx.ui, &client, key, &args),
        _ => print_several(&ctx.ui, &client, &args),
    }
}

impl GetArgs {
    /// Returns the prefix of a listing.
    fn prefix(&self) -> Result<Prefix, Failure> {
        self.refuse_raw("a list")?;
        match &self.keys[..] {
            [] => Ok(Prefix::default()),
            [prefix] => self.key_args.prefix(prefix),
            _ => Err(Failure::usage("a listing takes a single prefix")),
        }
    }

    /// A single key has no prefix to be printed without.
    fn refuse_relative(&self) -> Result<(), Failure> {
        match self.relative {
            true => Err(Failure::usage("--relative requires --recurse or --keys")),
            false => Ok(()),
        }
    }

    /// The command that lists, as hints name it.
    fn listing_command(&self) -> &'static str {
        match (self.names, self.recurse) {
            (true, true) => "get --keys --recurse",
            (true, false) => "get --keys",
            (false, _) => "get --recurse",
        }
    }

    /// Raw values have no delimiters, so several would be one.
    fn refuse_raw(&self, what: &str) -> Result<(), Failure> {
        match self.output {
            Format::Raw => Err(Failure::usage(format!(
                "-o raw prints the value of a single key, not {what}"
            ))),
            Format::Text | Format::Json | Format::Jsonl | Format::Consul => Ok(()),
        }
    }

    /// Refuses to drive a terminal by the bytes of a value.
    fn check_raw(&self, ui: &Ui, value: &[u8]) -> Result<(), Failure> {
        let is_text = || {
            let text = std::str::from_utf8(value);
            text.is_ok_and(|text| text.split(['\n', '\t']).all(is_plain_line))
        };
        if !ui.out_is_terminal() || self.base64 || self.force || is_text() {
            return Ok(());
        }
        Err(
            Failure::usage("the value holds bytes that could control the terminal")
                .hint("--force prints them, as a pipe or a file takes them; -o text escapes them"),
        )
    }

    /// Returns the entry of `--default`. It was never written, so its indexes are 0.
    fn default_for(&self, key: &str) -> Option<Entry> {
        let value = self.default.as_ref()?.as_bytes();
        Some(Entry::pack(&Fields {
            key,
            value: Some(value),
            ..Fields::default()
        }))
    }

    fn style(&self) -> ValueStyle {
        ValueStyle {
            base64: self.base64,
            newline: self.newline,
            null: self.null,
        }
    }

    /// Returns the name by which a key of a listing is printed.
    fn name<'a>(&self, prefix: &Prefix, key: &'a str) -> &'a str {
        match self.relative {
            true => prefix.strip_from(key),
            false => key,
        }
    }

    /// Refuses to end by a NUL what holds one.
    fn check_null(&self, name: &str, value: &[u8]) -> Result<(), Failure> {
        let shown = abbreviate(name);
        let failure = if !self.null {
            return Ok(());
        } else if name.contains('\0') {
            Failure::usage(format!("the name {shown} holds a NUL"))
        } else if value.contains(&0) && !self.base64 {
            Failure::usage(format!("the value of {shown} holds a NUL")).hint("--base64 prints it")
        } else {
            return Ok(());
        };
        Err(failure)
    }

    /// Writes one entry of a list, under the name `key`.
    fn write_item(&self, ui: &Ui, first: bool, key: &str, entry: &Entry) -> io::Result<()> {
        match self.output {
            Format::Json | Format::Jsonl => json::write(ui, &self.json(entry).with_key(key)),
            Format::Consul => {
                let terminal = ui.out_is_terminal();
                let entry = consul::ConsulEntry::from(entry).with_key(key);
                consul::write(ui, &entry, terminal)
            }
            Format::Text | Format::Raw if self.detailed => {
                entry::write_detailed(ui, key, entry, !first, self.style())
            }
            Format::Text | Format::Raw => entry::write_line(ui, key, entry.value(), self.style()),
        }
    }

    fn json<'a>(&self, entry: &'a Entry) -> json::Entry<'a> {
        match json::Entry::from(entry) {
            json if self.base64 => json.with_base64(entry),
            json => json,
        }
    }
}

/// Whether all keys exist.
fn exist(ctx: &Context, args: &GetArgs) -> anyhow::Result<Exit> {
    let keys = args.keys.iter().map(|key| args.key_args.key(key));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let client = ctx.client(&args.connect)?;
    if let [key] = &keys[..] {
        return Ok(match client.get(key)?.value {
            Some(_) => Exit::Yes,
            None => Exit::No,
        });
    }
    let mut exit = Exit::Yes;
    for (key, lookup) in keys.iter().zip(MultiGet::new(&client).read(&keys)?) {
        match (lookup, exit) {
            (Lookup::Missing, Exit::Yes) => exit = Exit::No,
            (Lookup::Found(_) | Lookup::Missing, _) => {}
            (Lookup::Denied, _) => {
                report_denied(&ctx.ui, key.as_str());
                exit = Exit::Denied;
            }
        }
    }
    Ok(exit)
}

fn report_denied(ui: &Ui, key: &str) {
    let key = abbreviate(key);
    ui.error(format!("reading key {key}: permission denied"));
}

fn print_one(ui: &Ui, client: &Client, key: &str, args: &GetArgs) -> anyhow::Result<Exit> {
    let key = args.key_args.key(key)?;
    let found = client.get(&key)?.value;
    print_found(ui, Some(client), &key, found, args)
}

/// Prints a key; `client` asks what is there instead of a missing one.
fn print_found(
    ui: &Ui,
    client: Option<&Client>,
    key: &Key,
    found: Option<Entry>,
    args: &GetArgs,
) -> anyhow::Result<Exit> {
    let Some(entry) = found.or_else(|| args.default_for(key.as_str())) else {
        report_missing(ui, client, key.as_str());
        return Ok(Exit::No);
    };
    args.check_null(entry.key(), entry.value())?;
    match args.output {
        Format::Raw => {
            args.check_raw(ui, entry.value())?;
            entry::write_raw(ui, entry.value(), args.style())?;
        }
        Format::Text if !args.detailed => entry::write_value(ui, entry.value(), args.style())?,
        Format::Json => json::write_line(ui, &args.json(&entry))?,
        Format::Text | Format::Jsonl | Format::Consul => {
            let mut list = ListWriter::new(args.output);
            list.item(ui, |ui| args.write_item(ui, true, entry.key(), &entry))?;
            list.finish(ui)?;
        }
    }
    Ok(Exit::Yes)
}

/// Prints several keys, read in one transaction: text in the order of the arguments, JSON sorted
/// like every list.
fn print_several(ui: &Ui, client: &Client, args: &GetArgs) -> anyhow::Result<Exit> {
    args.refuse_raw("of several")?;
    let keys = args.keys.iter().map(|key| args.key_args.key(key));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let lookups = MultiGet::new(client).read(&keys)?;
    print_lookups(ui, Some(client), &keys, lookups, args)
}

fn print_lookups(
    ui: &Ui,
    client: Option<&Client>,
    keys: &[Key],
    lookups: Vec<Lookup>,
    args: &GetArgs,
) -> anyhow::Result<Exit> {
    let mut exit = Exit::Yes;
    let mut found = Vec::new();
    for (key, lookup) in keys.iter().zip(lookups) {
        match (lookup, args.default_for(key.as_str())) {
            (Lookup::Found(entry), _) | (Lookup::Missing, Some(entry)) => found.push(entry),
            (Lookup::Missing, None) => {
                report_missing(ui, client, key.as_str());
                if exit == Exit::Yes {
                    exit = Exit::No;
                }
            }
            (Lookup::Denied, _) => {
                report_denied(ui, key.as_str());
                exit = Exit::Denied;
            }
        }
    }
    match args.output {
        Format::Text | Format::Raw => {}
        Format::Json | Format::Jsonl | Format::Consul => {
            found.sort_by(|a, b| a.key().cmp(b.key()));
            found.dedup_by(|a, b| a.key() == b.key());
        }
    }
    let mut list = ListWriter::new(args.output);
    for (number, entry) in found.iter().enumerate() {
        args.check_null(entry.key(), entry.value())?;
        list.item(ui, |ui| {
            args.write_item(ui, number == 0, entry.key(), entry)
        })?;
    }
    list.finish(ui)?;
    Ok(exit)
}

fn print_entries(
    ui: &Ui,
    client: &Client,
    prefix: &Prefix,
    args: &GetArgs,
) -> anyhow::Result<Exit> {
    let reply = client.entries(prefix, None)?;
    let mut list = ListWriter::new(args.output);
    let mut first = true;
    for entry in reply.value {
        let entry = entry?;
        let name = args.name(prefix, entry.key());
        args.check_null(name, entry.value())?;
        list.item(ui, |ui| args.write_item(ui, first, name, &entry))?;
        first = false;
    }
    let filtered = reply.meta.filtered;
    finish(ui, client, prefix, list, filtered, args.listing_command())
}

fn print_names(ui: &Ui, client: &Client, prefix: &Prefix, args: &GetArgs) -> anyhow::Result<Exit> {
    let separator = if args.recurse { "" } else { &args.separator };
    let reply = client.names(prefix, separator, None)?;
    let mut list = ListWriter::new(args.output);
    for name in reply.value {
        let name = name?;
        let name = args.name(prefix, &name);
        args.check_null(name, b"")?;
        list.item(ui, |ui| entry::write_name(ui, name, args.output, args.null))?;
    }
    let filtered = reply.meta.filtered;
    finish(ui, client, prefix, list, filtered, args.listing_command())
}

/// Reads from Consul or from the kept answer, as a whole, and prints that as without `--fallback`.
fn run_with_fallback(ctx: &Context, args: &GetArgs) -> anyhow::Result<Exit> {
    let mut question = KeyQuestion::default();
    if args.recurse || args.names {
        question.prefixes.push(args.prefix()?);
    } else {
        args.refuse_relative()?;
        if args.keys.len() > 1 {
            args.refuse_raw("of several")?;
        }
        let keys = args.keys.iter().map(|key| args.key_args.key(key));
        question.keys = keys.collect::<Result<_, _>>()?;
    }
    let config = args.connect.config(&ctx.env)?;
    let file = args.fallback.file(&question, &config);
    let (ui, client) = (&ctx.ui, ctx.connect(config)?);
    let fetched = args.fallback.fetch(&client, ui, &question, file.as_ref())?;
    if let (Some(prefix), Some(listed)) =
        (question.prefixes.first(), fetched.answer.prefixes.first())
    {
        print_listed(ui, prefix, listed.entries(), args)?;
        if fetched.filtered {
            ui.warn(filtered_message("list"));
        } else if listed.entries().is_empty() {
            explain_empty(ui, prefix, args.listing_command());
        }
        return Ok(Exit::Yes);
    }
    let mut entries = fetched.answer.keys;
    if let [key] = &question.keys[..] {
        return print_found(ui, None, key, entries.pop().flatten(), args);
    }
    let lookups = question.keys.iter().zip(entries);
    let lookups = lookups.map(|(key, entry)| match entry {
        Some(entry) => Lookup::Found(entry),
        None if fetched.denied.contains(key) => Lookup::Denied,
        None => Lookup::Missing,
    });
    print_lookups(ui, None, &question.keys, lookups.collect(), args)
}

/// Prints entries, or with `--keys` their names, cut as Consul cuts them.
fn print_listed(ui: &Ui, prefix: &Prefix, entries: &[Entry], args: &GetArgs) -> anyhow::Result<()> {
    let separator = if args.recurse { "" } else { &args.separator };
    let mut list = ListWriter::new(args.output);
    let mut last = None;
    for (number, entry) in entries.iter().enumerate() {
        if !args.names {
            let name = args.name(prefix, entry.key());
            args.check_null(name, entry.value())?;
            list.item(ui, |ui| args.write_item(ui, number == 0, name, entry))?;
            continue;
        }
        let below = prefix.strip_from(entry.key());
        let cut = match separator {
            "" => below.len(),
            separator => below
                .find(separator)
                .map_or(below.len(), |at| at + separator.len()),
        };
        let name = &entry.key()[..entry.key().len() - below.len() + cut];
        if last.replace(name) != Some(name) {
            let shown = args.name(prefix, name);
            list.item(ui, |ui| {
                entry::write_name(ui, shown, args.output, args.null)
            })?;
        }
    }
    list.finish(ui)?;
    Ok(())
}

/// Ends a listing, and warns if ACLs filtered it, or if `command` was given a glob.
fn finish(
    ui: &Ui,
    client: &Client,
    prefix: &Prefix,
    list: ListWriter,
    filtered: bool,
    command: &str,
) -> anyhow::Result<Exit> {
    let empty = list.is_empty();
    if empty {
        client.check_empty(prefix)?;
    }
    list.finish(ui)?;
    if filtered {
        ui.warn(filtered_message("list"));
    } else if empty {
        explain_empty(ui, prefix, command);
    }
    Ok(Exit::Yes)
}

fn report_missing(ui: &Ui, client: Option<&Client>, key: &str) {
    ui.error(format!("key {} does not exist", abbreviate(key)));
    if let Some(hint) = glob_hint("key", key, "get --recurse") {
        ui.hint(hint);
    } else if let Some((_, meant)) = key_of_url(key) {
        ui.hint(format_args!("the key is '{}'", abbreviate(&meant)));
    } else if let Some(client) = client {
        if let Some(hint) = keys_below_hint(ui, client, key, "kvw get --recurse") {
            ui.hint(hint);
        }
    }
}
