//! `kvw txn`

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;

/// Run operations all or nothing
#[derive(Debug, Args)]
pub struct TxnArgs {}

/// Runs the verb.
pub fn run(_ctx: &mut Context, _args: TxnArgs) -> anyhow::Result<Exit> {
    todo!()
}
