//! `kvw ls`

use clap::Args;

use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::key::{KeyArgs, folder};
use crate::args::output::formats;
use crate::consul::{Client, Lookup, MultiGet, NameListing};
use crate::context::Context;
use crate::exit::Exit;
use crate::model::{Key, Prefix, encoded_read, groups};
use crate::output::{Format, ListWriter, entry, json, ls};
use crate::term::Ui;

/// List one level of keys and folders
///
/// Only that level is sent, however many keys are below it.
#[derive(Debug, Args)]
pub struct LsArgs {
    /// The folder (config means config/), left out for the top
    #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true, add = complete::live_keys())]
    prefix: String,

    /// Read the level's keys too: size, index, flags and session
    #[arg(short, long)]
    long: bool,

    /// How to print it: text, json or jsonl [default: text]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json, Format::Jsonl]),
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
pub fn run(ctx: &mut Context, args: LsArgs) -> anyhow::Result<Exit> {
    let prefix = args.key.prefix(&folder(&args.prefix))?;
    let client = ctx.client(&args.connect)?;
    let ui = &mut ctx.ui;
    let reply = client.names(&prefix, "/", None)?;
    let mut list = ListWriter::new(args.output);
    let mut exit = Exit::Yes;
    if args.long {
        exit = long(ui, &client, &prefix, reply.value, &mut list, args.output)?;
    } else {
        for name in reply.value {
            let name = name?;
            list.item(ui, |ui| entry::write_name(ui, &name, args.output))?;
        }
    }
    if list.finish(ui)? == 0 {
        client.check_empty(&prefix)?;
    }
    if reply.meta.filtered {
        ui.warn("the token may not read everything here: the list is not whole");
    }
    Ok(exit)
}

/// Reads the level's keys, some at once, each lot at one moment.
fn long(
    ui: &mut Ui,
    client: &Client,
    prefix: &Prefix,
    names: NameListing,
    list: &mut ListWriter,
    format: Format,
) -> anyhow::Result<Exit> {
    let mut exit = Exit::Yes;
    let mut reader = MultiGet::new(client);
    let size = |name: &Result<String, _>| name.as_deref().map_or(0, encoded_read);
    for names in groups(names, size) {
        let names = names.into_iter().collect::<Result<Vec<_>, _>>()?;
        // What ends in a slash is a folder, but for the one whose level this is.
        let keys = names
            .iter()
            .filter(|name| !name.ends_with('/') || *name == prefix.as_str());
        let keys = keys.map(Key::new).collect::<Result<Vec<_>, _>>()?;
        let mut seen = keys.iter().zip(reader.read(&keys)?).peekable();
        for name in &names {
            let Some((_, seen)) = seen.next_if(|(key, _)| key.as_str() == name) else {
                list.item(ui, |ui| ls::write_folder(ui, name, format))?;
                continue;
            };
            match seen {
                Lookup::Found(entry) => list.item(ui, |ui| match format {
                    Format::Text | Format::Raw | Format::Consul => ls::write_entry(ui, &entry),
                    Format::Json | Format::Jsonl => json::write(ui, &json::Entry::from(&entry)),
                })?,
                // Deleted since it was listed.
                Lookup::Missing => {}
                Lookup::Denied => {
                    ui.error(format!("reading key {name}: permission denied"));
                    exit = Exit::Denied;
                }
            }
        }
    }
    Ok(exit)
}
