//! `kvw env`

use std::io::Write;

use clap::Args;

use crate::args::choice::{long_help, short_help};
use crate::args::connect::ConnectArgs;
use crate::args::fallback::FallbackArgs;
use crate::args::variables::VariableArgs;
use crate::context::Context;
use crate::environ::EnvFormat;
use crate::exit::{Exit, Failure};
use crate::output::json;

/// Print keys as environment variables
///
/// The variables are those of kvw run: db/host below the prefix is DB_HOST. Two keys of one prefix that
/// give one name are refused. Exits with 1 if a key that was asked for or a prefix does not exist.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eval \"$(kvw env app/)\"                      # into this shell
  kvw env common/ app/ -o env > .env          # app/ wins over common/
  kvw env app/ -o docker > app.list           # for docker run --env-file
  kvw env --env DB_HOST=app/db/host -o json")]
pub struct EnvArgs {
    #[command(flatten)]
    variables: VariableArgs,

    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        help_heading = "Output",
        hide_default_value = true,
        hide_possible_values = true,
        help = short_help("Output format", Some(EnvFormat::default())),
        long_help = long_help("Output format", Some(EnvFormat::default()))
    )]
    output: EnvFormat,

    #[command(flatten)]
    fallback: FallbackArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: EnvArgs) -> anyhow::Result<Exit> {
    let request = args.variables.request()?;
    let config = args.connect.config(&ctx.env)?;
    let kept = args.fallback.file(&request.question, &config);
    let client = ctx.connect(config)?;
    let answer = request.read(&client, &ctx.ui, &args.fallback, kept.as_ref())?;
    let variables = request.variables(&answer)?;
    request.warn_of_unused(&ctx.ui, &answer);
    let refused = |error| Failure::usage(format!("writing {}: {error}", args.output));
    args.output.check(&variables).map_err(refused)?;
    let mut text = Vec::new();
    args.output.write(&mut text, &variables, |out, members| {
        json::write_line(out, &json::Environment(members))
    })?;
    let mut out = &ctx.ui;
    // On a terminal what is stored must not drive it.
    out.write_all(&ctx.ui.style().bytes(&text))?;
    Ok(Exit::Yes)
}
