//! `kvw tree`

use std::iter::Peekable;

use clap::Args;

use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::key::KeyArgs;
use crate::args::nearby::hint_at_key;
use crate::args::output::formats;
use crate::consul::{Client, Error};
use crate::context::Context;
use crate::exit::Exit;
use crate::model::{Prefix, TreeNode};
use crate::output::{Format, explain_empty, filtered_message, tree};
use crate::term::Ui;

/// Show keys as a tree, with key counts per folder
///
/// Only names are read, whatever the size of the values; --du reads the values too.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw tree                  # the whole store
  kvw tree config           # the keys below config/
  kvw tree --depth 1        # top-level folders and their key counts
  kvw tree --du config      # with the sizes of the values")]
pub struct TreeArgs {
    /// Folder to show: config means config/ [default: the whole store]
    #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true, add = complete::live_keys())]
    prefix: String,

    /// Levels to show; deeper keys are only counted [default: all]
    #[arg(short = 'L', short_alias = 'd', long, value_name = "N")]
    depth: Option<usize>,

    /// Show sizes; reads all values
    #[arg(long)]
    du: bool,

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
pub fn run(ctx: &Context, args: TreeArgs) -> anyhow::Result<Exit> {
    let prefix = args.key_args.folder(&args.prefix)?;
    let client = ctx.client(&args.connect)?;
    let ui = &ctx.ui;
    let (filtered, names) = list(&client, &prefix, args.du)?;
    let mut names = names.peekable();
    let empty = names.peek().is_none();
    if empty {
        client.check_empty(&prefix)?;
    }
    match args.output {
        Format::Json => tree::write_json(ui, &build(names, &prefix, &args)?, args.du)?,
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
            draw(ui, names, &prefix, &args)?;
        }
    }
    if filtered {
        ui.warn(filtered_message("tree"));
    } else if empty {
        explain_empty(ui, &prefix, "tree");
        hint_at_key(ui, &client, &prefix);
    }
    Ok(Exit::Yes)
}

/// Names and the sizes of their values; 0 without `--du`.
type SizedNames = Box<dyn Iterator<Item = Result<(String, u64), Error>>>;

fn list(client: &Client, prefix: &Prefix, du: bool) -> Result<(bool, SizedNames), Error> {
    if !du {
        let reply = client.names(prefix, "", None)?;
        let names = reply.value.map(|name| Ok((name?, 0)));
        return Ok((reply.meta.filtered, Box::new(names)));
    }
    let reply = client.entries(prefix, None)?;
    let names = reply.value.map(|entry| {
        let entry = entry?;
        Ok((entry.key().to_owned(), entry.value().len() as u64))
    });
    Ok((reply.meta.filtered, Box::new(names)))
}

impl TreeArgs {
    fn depth(&self) -> usize {
        self.depth.unwrap_or(usize::MAX)
    }
}

fn build(
    names: Peekable<SizedNames>,
    prefix: &Prefix,
    args: &TreeArgs,
) -> anyhow::Result<TreeNode> {
    let mut root = TreeNode::new(prefix.as_str());
    for name in names {
        let (name, bytes) = name?;
        root.add(prefix.strip_from(&name), bytes, args.depth());
    }
    Ok(root)
}

/// Draws each child of the root as soon as the first name of the next one arrives.
fn draw(
    ui: &Ui,
    names: Peekable<SizedNames>,
    prefix: &Prefix,
    args: &TreeArgs,
) -> anyhow::Result<()> {
    let mut drawing = tree::TreeWriter::begin(ui, prefix.as_str(), args.du)?;
    let mut root = TreeNode::new(prefix.as_str());
    for name in names {
        let (name, bytes) = name?;
        root.add(prefix.strip_from(&name), bytes, args.depth());
        if root.children.len() > 1 {
            let complete = root.children.remove(0);
            root.keys -= complete.keys;
            root.bytes -= complete.bytes;
            drawing.write_child(ui, &complete, false)?;
        }
    }
    if let Some(last) = root.children.pop() {
        root.keys -= last.keys;
        root.bytes -= last.bytes;
        drawing.write_child(ui, &last, true)?;
    }
    drawing.finish(ui, &root)?;
    Ok(())
}
