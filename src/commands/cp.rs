//! `kvw cp`

use clap::Args;

use crate::args::copying::{CopyArgs, CopyKind, Stores};
use crate::context::Context;
use crate::exit::Exit;

/// Copy a key, or all keys below a prefix
///
/// Values and flags are copied, sessions never. A target key that exists with another value is named,
/// nothing is written then, and the exit code is 1. What fits one transaction is copied as a whole or
/// not at all, and only as it was read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw cp config/web/port config/web/old-port
  kvw cp config/web/ config/web2/ --exclude '**/password'
  kvw cp config/ config/ --to-datacenter dc2
  kvw cp config/ config/ --to-http-addr consul.staging:8500")]
pub struct CpArgs {
    #[command(flatten)]
    copy: CopyArgs,

    /// Nothing is asked; accepted, so that a script may say the same to cp as to mv
    #[arg(short, long = "yes", hide = true)]
    _yes: bool,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: &CpArgs) -> anyhow::Result<Exit> {
    let source = ctx.client(&args.copy.connect)?;
    let target = args.copy.target_config(&ctx.env)?;
    let target = target.map(|config| ctx.connect(config)).transpose()?;
    let stores = Stores {
        source: &source,
        target: target.as_ref(),
    };
    args.copy.run(&ctx.ui, &stores, CopyKind::Copy)
}
