//! `kvw tree`

use std::iter::Peekable;

use clap::Args;

use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::key::{KeyArgs, folder};
use crate::args::output::formats;
use crate::consul::{Client, Error};
use crate::context::Context;
use crate::exit::Exit;
use crate::model::{Prefix, TreeNode};
use crate::output::{Format, tree};
use crate::term::Ui;

/// Show keys as a tree, with how many there are below each folder
///
/// Only names are read, so values cost nothing however large they are; --du reads everything.
#[derive(Debug, Args)]
pub struct TreeArgs {
    /// The folder, left out for the whole store
    #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true, add = complete::live_keys())]
    prefix: String,

    /// How many levels to show; deeper ones are counted [default: all]
    #[arg(long, value_name = "N")]
    depth: Option<usize>,

    /// Add sizes, which takes reading all values
    #[arg(long)]
    du: bool,

    /// How to print it: text or json [default: text]
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
    key: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &mut Context, args: TreeArgs) -> anyhow::Result<Exit> {
    let prefix = args.key.prefix(&folder(&args.prefix))?;
    let client = ctx.client(&args.connect)?;
    let ui = &mut ctx.ui;
    let (filtered, names) = listed(&client, &prefix, args.du)?;
    let mut names = names.peekable();
    if names.peek().is_none() {
        client.check_empty(&prefix)?;
    }
    match args.output {
        Format::Json => tree::write_json(ui, &whole(names, &prefix, &args)?, args.du)?,
        _ => draw(ui, names, &prefix, &args)?,
    }
    if filtered {
        ui.warn("the token may not read everything here: the tree is not whole");
    }
    Ok(Exit::Yes)
}

/// Names and the sizes of their values; 0 where these are not asked for.
type Listed = Box<dyn Iterator<Item = Result<(String, u64), Error>>>;

fn listed(client: &Client, prefix: &Prefix, du: bool) -> Result<(bool, Listed), Error> {
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

fn whole(names: Peekable<Listed>, prefix: &Prefix, args: &TreeArgs) -> anyhow::Result<TreeNode> {
    let mut root = TreeNode::new(prefix.as_str());
    for name in names {
        let (name, bytes) = name?;
        root.add(rest(&name, prefix), bytes, args.depth());
    }
    Ok(root)
}

/// Draws each child of the root as soon as the next one begins.
fn draw(
    ui: &mut Ui,
    names: Peekable<Listed>,
    prefix: &Prefix,
    args: &TreeArgs,
) -> anyhow::Result<()> {
    let mut drawing = tree::TreeWriter::begin(ui, prefix.as_str(), args.du)?;
    let mut root = TreeNode::new(prefix.as_str());
    for name in names {
        let (name, bytes) = name?;
        root.add(rest(&name, prefix), bytes, args.depth());
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

fn rest<'a>(name: &'a str, prefix: &Prefix) -> &'a str {
    name.strip_prefix(prefix.as_str()).unwrap_or(name)
}
