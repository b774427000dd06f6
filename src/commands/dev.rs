//! `kvw dev`

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;

/// Run an embedded in-memory agent for trying and testing
#[derive(Debug, Args)]
pub struct DevArgs {}

/// Runs the verb.
pub fn run(_ctx: &mut Context, _args: DevArgs) -> anyhow::Result<Exit> {
    todo!()
}
