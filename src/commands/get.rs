//! `kvw get`

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;

/// Print the value of a key
#[derive(Debug, Args)]
pub struct GetArgs {}

/// Runs the verb.
pub fn run(_ctx: &mut Context, _args: GetArgs) -> anyhow::Result<Exit> {
    todo!()
}
