//! `kvw put`

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;

/// Write a value to a key
#[derive(Debug, Args)]
pub struct PutArgs {}

/// Runs the verb.
pub fn run(_ctx: &mut Context, _args: PutArgs) -> anyhow::Result<Exit> {
    todo!()
}
