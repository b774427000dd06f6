//! `kvw mv`

use clap::Args;

use crate::args::copying::{CopyArgs, CopyKind, Stores};
use crate::context::Context;
use crate::exit::Exit;

/// Move a key, or all keys below a prefix
///
/// What fits one transaction is moved as a whole or not at all. More is copied first, and then exactly
/// what was copied is deleted, if it is still as it was read. Between two stores a key is deleted only
/// when its copy was read back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw mv config/web/prot config/web/port
  kvw mv config/web/ config/frontend/
  kvw mv config/web/ config/web/ --to-datacenter dc2")]
pub struct MvArgs {
    /// Do not ask before a prefix is moved
    #[arg(short, long)]
    yes: bool,

    #[command(flatten)]
    copy: CopyArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: &MvArgs) -> anyhow::Result<Exit> {
    let source = ctx.client(&args.copy.connect)?;
    let target = args.copy.target_config(&ctx.env)?;
    let target = target.map(|config| ctx.connect(config)).transpose()?;
    let stores = Stores {
        source: &source,
        target: target.as_ref(),
    };
    let kind = CopyKind::Move { asks: !args.yes };
    args.copy.run(&ctx.ui, &stores, kind)
}
