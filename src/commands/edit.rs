//! `kvw edit`

mod editor;
mod form;
mod interaction;
mod key;
mod prefix;
mod text_edit;

use std::path::PathBuf;

use clap::Args;

use self::editor::Editor;
use crate::args::applying::new_file;
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::key::KeyArgs;
use crate::args::value_check::ValueCheck;
use crate::consul::Consistency;
use crate::context::Context;
use crate::exit::{Exit, Failure};

/// Edit a key, or all keys below a prefix, in an editor
///
/// The editor is what KVW_EDITOR, VISUAL or EDITOR holds, else vi. What is saved is written only if the key
/// is still as it was read; if not, the difference is shown, to merge, edit again, overwrite or give up. A
/// key that does not exist starts empty and is created.
///
/// Of PREFIX/ the keys are lines of a YAML document. A line that is removed is a delete, which is asked for. Only
/// what differs is written, as apply does it. Binary and large values are left out.
///
/// If the editor fails, nothing is written: exit 1. Whatever is not written stays in a file, whose path is
/// the last line on stderr.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw edit config/web/port
  kvw edit config/web.json --check json
  KVW_EDITOR='code --wait' kvw edit config/motd
  kvw edit config/web/
  EDITOR=\"sed -i s/8080/8081/\" kvw edit config/web/port     # no terminal needed")]
pub struct EditArgs {
    /// Key to edit, or prefix that ends in /
    #[arg(value_name = "KEY|PREFIX/", add = complete::live_keys())]
    key: String,

    /// Write nothing unless CMD accepts each new value
    ///
    /// CMD reads the value, and finds the key in KVW_KEY. The words json, yaml and toml stand for checks of
    /// these formats.
    #[arg(long, value_name = "CMD", add = complete::value_checks())]
    check: Option<ValueCheck>,

    /// Edit the value as base64; needed if it is not UTF-8
    #[arg(long)]
    base64: bool,

    /// Keep a newline that the editor adds at the end of a value without one
    #[arg(long, conflicts_with = "base64")]
    exact: bool,

    /// Also write a key that a session holds; this resets its lock index
    #[arg(long)]
    overwrite_locked: bool,

    /// With PREFIX/, do not ask before deletes
    #[arg(short, long)]
    yes: bool,

    /// Save to FILE what undo needs to put everything back
    #[arg(long, value_name = "FILE", value_parser = new_file)]
    undo: Option<PathBuf>,

    #[command(flatten)]
    key_args: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: &EditArgs) -> anyhow::Result<Exit> {
    args.check_flags()?;
    args.key_args.check("key", &args.key)?;
    let editor = Editor::find(&ctx.env, &ctx.ui)?;
    let config = args.connect.config(&ctx.env)?;
    if config.consistency == Consistency::Stale {
        return Err(Failure::usage("--stale would edit what may be old").into());
    }
    let client = ctx.connect(config)?;
    if args.is_prefix() {
        let prefix = args.key_args.prefix(&args.key)?;
        return prefix::edit(&ctx.ui, &client, &editor, prefix, args);
    }
    let key = args.key_args.key(&args.key)?;
    key::edit(&ctx.ui, &client, &editor, key, args)
}

impl EditArgs {
    fn is_prefix(&self) -> bool {
        self.key.ends_with('/')
    }

    /// Refuses flags that mean nothing here.
    fn check_flags(&self) -> Result<(), Failure> {
        if self.key.is_empty() {
            return Err(Failure::usage("the key is empty"));
        }
        let of_key = [("--base64", self.base64), ("--exact", self.exact)];
        let of_key = of_key.into_iter().find(|(_, given)| *given);
        match (self.is_prefix(), of_key) {
            (true, Some((flag, _))) => Err(Failure::usage(format!(
                "{flag} is for one key, not for a prefix"
            ))),
            (false, _) if self.yes => Err(Failure::usage(
                "--yes confirms deletes, and the edit of a key has none",
            )),
            _ => Ok(()),
        }
    }
}
