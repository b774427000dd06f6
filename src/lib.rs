//! `kvw` reads, writes and watches Consul keys.
//!
//! One public function: the rest is private, so that unused code is a compiler warning.
//! CONTRIBUTING.md describes the modules and their dependencies.

// What only the live view uses is not worth a condition at each place.
#![cfg_attr(not(feature = "live"), allow(dead_code))]

mod agent;
mod args;
mod atomic_file;
mod backoff;
mod cli;
mod commands;
mod consul;
mod context;
mod environ;
mod exit;
mod fallback;
mod fetch;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod handlers;
#[cfg(feature = "live")]
mod live;
mod lock;
mod model;
mod observers;
mod output;
mod plan;
mod process;
mod random;
mod rate_limiter;
mod report;
mod sources;
mod state_file;
mod system_error;
mod term;
mod watch;

use std::process::ExitCode;

/// Parses the arguments, runs the verb, reports errors, and ends the process.
pub fn main() -> ExitCode {
    abort_on_panic();
    if process::run_as_guard() {
        return ExitCode::SUCCESS;
    }
    process::survive_file_limit();
    process::disable_core_files();
    let args: Vec<_> = std::env::args_os().collect();
    if cli::holds_secret(&args, |name| std::env::var_os(name)) {
        process::hide_memory();
    }
    match cli::complete(&args) {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => {}
        Err(error) => return report::usage(&cli::ui(&args), error, &args).end(),
    }
    let cli = match cli::parse(&args) {
        Ok(cli) => cli,
        Err(error) => return report::usage(&cli::ui(&args), error, &args).end(),
    };
    let context = cli.context();
    let exit = match cli
        .run(&context)
        .and_then(|exit| context.ui.flush().map(|()| exit).map_err(Into::into))
    {
        Ok(exit) => exit,
        Err(error) => report::failure(&context.ui, &error),
    };
    exit.end()
}

/// Aborts the process when any thread panics, as the release profile does: a process that lost a
/// thread must not go on with handlers and state.
fn abort_on_panic() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // A message on the screen of the view would go with it.
        #[cfg(feature = "live")]
        live::restore();
        print(panic);
        std::process::abort();
    }));
}
