//! `kvw ls`

use clap::Args;

use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::key::KeyArgs;
use crate::args::nearby::hint_at_key;
use crate::args::output::{formats, require_text};
use crate::consul::{Client, Lookup, MultiGet, NameListing};
use crate::context::Context;
use crate::exit::Exit;
use crate::model::{Key, Prefix, encoded_read, groups};
use crate::output::{Format, ListWriter, entry, explain_empty, filtered_message, json, ls};
use crate::term::Ui;

/// List one level of keys and folders
///
/// Consul sends only the names of this level, however many keys are below it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw ls                  # the top level
  kvw ls config           # the level below config/
  kvw ls --long config    # with size, index, flags and session
  kvw ls config -o json | jq -r '.[]'")]
pub struct LsArgs {
    /// Folder to list: config means config/ [default: the top level]
    #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true, add = complete::live_keys())]
    prefix: String,

    /// Show size, index, flags and session; reads the keys of the level
    #[arg(short, long)]
    long: bool,

    /// Print names without PREFIX
    ///
    /// The key of the folder itself has an empty name.
    #[arg(long)]
    relative: bool,

    /// End each name with a NUL, for xargs -0
    #[arg(short = '0', long, conflicts_with = "long")]
    null: bool,

    /// Output format
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json, Format::Jsonl]),
        default_value_t = Format::Text
    )]
    output: Format,

    #[command(flatten)]
    key_args: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: LsArgs) -> anyhow::Result<Exit> {
    let prefix = args.key_args.folder(&args.prefix)?;
    if args.null {
        require_text(args.output)?;
    }
    let client = ctx.client(&args.connect)?;
    let ui = &ctx.ui;
    let reply = client.names(&prefix, "/", None)?;
    let mut list = ListWriter::new(args.output);
    let mut exit = Exit::Yes;
    if args.long {
        exit = list_long(ui, &client, &prefix, reply.value, &mut list, &args)?;
    } else {
        for name in reply.value {
            let name = name?;
            let name = args.name(&prefix, &name);
            list.item(ui, |ui| entry::write_name(ui, name, args.output, args.null))?;
        }
    }
    let empty = list.is_empty();
    if empty {
        client.check_empty(&prefix)?;
    }
    list.finish(ui)?;
    if reply.meta.filtered {
        ui.warn(filtered_message("list"));
    } else if empty {
        explain_empty(ui, &prefix, "ls");
        hint_at_key(ui, &client, &prefix);
    }
    Ok(exit)
}

impl LsArgs {
    /// Returns the name by which a key or folder is printed.
    fn name<'a>(&self, prefix: &Prefix, name: &'a str) -> &'a str {
        match self.relative {
            true => prefix.strip_from(name),
            false => name,
        }
    }
}

/// Lists a level with the entries of its keys, several per transaction.
fn list_long(
    ui: &Ui,
    client: &Client,
    prefix: &Prefix,
    names: NameListing,
    list: &mut ListWriter,
    args: &LsArgs,
) -> anyhow::Result<Exit> {
    let format = args.output;
    let mut exit = Exit::Yes;
    let mut reader = MultiGet::new(client);
    let mut names = names.peekable();
    if names.peek().is_some() {
        match format {
            Format::Text | Format::Raw | Format::Consul => ls::write_header(ui)?,
            Format::Json | Format::Jsonl => {}
        }
    }
    let size = |name: &Result<String, _>| name.as_deref().map_or(0, encoded_read);
    for names in groups(names, size) {
        let names = names.into_iter().collect::<Result<Vec<_>, _>>()?;
        // A name that ends in a slash is a folder, except that of the listed folder's own key.
        let keys = names
            .iter()
            .filter(|name| !name.ends_with('/') || *name == prefix.as_str());
        let keys = keys.map(Key::new).collect::<Result<Vec<_>, _>>()?;
        let mut lookups = keys.iter().zip(reader.read(&keys)?).peekable();
        for name in &names {
            let shown = args.name(prefix, name);
            let Some((_, lookup)) = lookups.next_if(|(key, _)| key.as_str() == name) else {
                list.item(ui, |ui| ls::write_folder(ui, shown, format))?;
                continue;
            };
            match lookup {
                Lookup::Found(entry) => list.item(ui, |ui| match format {
                    Format::Text | Format::Raw | Format::Consul => {
                        ls::write_entry(ui, shown, &entry)
                    }
                    Format::Json | Format::Jsonl => {
                        json::write(ui, &json::Entry::from(&entry).with_key(shown))
                    }
                })?,
                // Deleted since the listing.
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
