//! `kvw status`

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;

/// Say whether Consul is there and led
#[derive(Debug, Args)]
pub struct StatusArgs {}

/// Runs the verb.
pub fn run(_ctx: &mut Context, _args: StatusArgs) -> anyhow::Result<Exit> {
    todo!()
}
