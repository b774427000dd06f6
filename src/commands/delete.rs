//! `kvw delete`

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;

/// Delete keys
#[derive(Debug, Args)]
pub struct DeleteArgs {}

/// Runs the verb.
pub fn run(_ctx: &mut Context, _args: DeleteArgs) -> anyhow::Result<Exit> {
    todo!()
}
