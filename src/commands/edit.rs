//! `kvw edit`

mod editor;
mod form;
mod interaction;
mod key;
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

/// Edit a key in an editor
///
/// The editor is what KVW_EDITOR, VISUAL or EDITOR holds, else vi. What is saved is written only if the key
/// is still as it was read; if not, the difference is shown, to merge, edit again, overwrite or give up. A
/// key that does not exist starts empty and is created.
///
/// If the editor fails, nothing is written: exit 1. Whatever is not written stays in a file, whose path is
/// the last line on stderr.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw edit config/web/port
  kvw edit config/web.json --check json
  KVW_EDITOR='code --wait' kvw edit config/motd
  EDITOR=\"sed -i s/8080/8081/\" kvw edit config/web/port     # no terminal needed")]
pub struct EditArgs {
    /// Key to edit
    #[arg(value_name = "KEY", add = complete::live_keys())]
    key: String,

    /// Write nothing unless CMD accepts the value
    ///
    /// CMD reads the value, and finds the key in KVW_KEY. The words json, yaml and toml stand for checks of
    /// these formats.
    #[arg(long, value_name = "CMD")]
    check: Option<ValueCheck>,

    /// Edit the value as base64, which a value that is not UTF-8 needs
    #[arg(long)]
    base64: bool,

    /// Keep a newline that the editor adds at the end of a value without one
    #[arg(long, conflicts_with = "base64")]
    exact: bool,

    /// Write also a key that a session holds, which resets its lock index
    #[arg(long)]
    overwrite_locked: bool,

    /// Keep in FILE what undo needs to put the key back
    #[arg(long, value_name = "FILE", value_parser = new_file)]
    undo: Option<PathBuf>,

    #[command(flatten)]
    key_args: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: &EditArgs) -> anyhow::Result<Exit> {
    let key = args.key_args.key(&args.key)?;
    if key.is_folder() {
        let failure = Failure::usage(format!("{key} is a folder, and one key is edited"));
        return Err(failure
            .hint(format!("kvw export {key} -o yaml, then kvw apply"))
            .into());
    }
    let editor = Editor::find(&ctx.env, &ctx.ui)?;
    let config = args.connect.config(&ctx.env)?;
    if config.consistency == Consistency::Stale {
        return Err(Failure::usage("--stale would edit what may be old").into());
    }
    let client = ctx.connect(config)?;
    key::edit(&ctx.ui, &client, &editor, key, args)
}
