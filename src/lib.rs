//! `kvw` reads, writes and watches Consul keys.
//!
//! One public function: the rest is private, so that unused code is a compiler warning.
//! CONTRIBUTING.md draws the rooms and says which may use which.

mod agent;
mod args;
mod backoff;
mod cli;
mod commands;
mod consul;
mod context;
mod exit;
mod fetch;
mod handlers;
mod model;
mod observers;
mod output;
mod process;
mod rate_limiter;
mod report;
mod state_file;
mod term;
mod watch;

use std::process::ExitCode;

use clap::Parser;

/// Parses the arguments, runs the verb, reports, and ends the process.
pub fn main() -> ExitCode {
    abort_on_panic();
    if process::run_as_guard() {
        return ExitCode::SUCCESS;
    }
    if cli::complete() {
        return ExitCode::SUCCESS;
    }
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return report::usage(&error).end(),
    };
    let mut context = cli.context();
    let exit = match cli
        .run(&mut context)
        .and_then(|exit| context.ui.flush().map(|()| exit).map_err(Into::into))
    {
        Ok(exit) => exit,
        Err(error) => report::failure(&mut context.ui, &error),
    };
    exit.end()
}

/// No thread dies alone: what a half-dead process would do with handlers and state is anyone's
/// guess, and the release profile aborts anyway.
fn abort_on_panic() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        std::process::abort();
    }));
}
