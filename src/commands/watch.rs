//! `kvw watch`

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;

/// Print changes as they happen, or run a handler on them
#[derive(Debug, Args)]
pub struct WatchArgs {}

/// Runs the verb.
pub fn run(_ctx: &mut Context, _args: WatchArgs) -> anyhow::Result<Exit> {
    todo!()
}
