//! The whole command line: global flags, the verbs, one match. The arguments and the help of each
//! verb are in its file under `commands/`.

use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::CompleteEnv;

use crate::commands::{
    completions, delete, dev, export, get, import, ls, man, put, status, tree, txn, wait, watch,
};
use crate::context::Context;
use crate::exit::Exit;
use crate::term::{Ui, When, log_requests, no_color};

/// Read, write and watch Consul keys
#[derive(Debug, Parser)]
#[command(name = "kvw", version, max_term_width = 100)]
pub struct Cli {
    /// Print no status messages; warnings and errors remain
    #[arg(short, long, global = true, display_order = 900)]
    quiet: bool,

    /// Show each request on stderr, without the token
    #[arg(short, long, global = true, display_order = 900)]
    verbose: bool,

    /// When to use colour
    #[arg(
        long,
        global = true,
        display_order = 900,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_short_help = true
    )]
    color: When,

    #[command(subcommand)]
    verb: VerbArgs,
}

#[derive(Debug, Subcommand)]
enum VerbArgs {
    Get(get::GetArgs),
    Put(put::PutArgs),
    Delete(delete::DeleteArgs),
    Txn(txn::TxnArgs),
    Watch(Box<watch::WatchArgs>),
    Wait(wait::WaitArgs),
    Ls(ls::LsArgs),
    Tree(tree::TreeArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Status(status::StatusArgs),
    Dev(dev::DevArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Answers a shell that requests completions, and returns whether one did. The variable has a name
/// of its own: a `COMPLETE` set by chance must not turn kvw into a completer.
pub fn complete() -> bool {
    const VARIABLE: &str = "KVW_COMPLETE";
    std::env::var_os(VARIABLE).is_some_and(|shell| !shell.is_empty())
        && CompleteEnv::with_factory(command)
            .var(VARIABLE)
            .try_complete(std::env::args_os(), None)
            .unwrap_or(true)
}

/// The command tree. `-h` hides the connection flags and says where they are documented.
fn command() -> Command {
    const CONNECTION: &str = "Connection flags and details: see --help";
    Cli::command().mut_subcommands(|verb| {
        if verb.get_arguments().all(|arg| arg.get_id() != "http_addr") {
            return verb;
        }
        let examples = verb.get_after_help().cloned();
        let short = match &examples {
            Some(examples) => format!("{examples}\n{CONNECTION}"),
            None => CONNECTION.to_owned(),
        };
        let long = verb.get_after_long_help().cloned().or(examples);
        verb.after_help(short)
            .after_long_help(long.unwrap_or_default())
    })
}

impl Cli {
    /// Parses the arguments of this process.
    ///
    /// # Errors
    /// For wrong usage, and for `--help` and `--version`.
    pub fn parse() -> Result<Self, clap::Error> {
        Cli::from_arg_matches(&command().try_get_matches()?)
    }

    /// Creates the streams and the environment of the verb.
    pub fn context(&self) -> Context {
        if self.verbose {
            log_requests();
        }
        let force = std::env::var_os("CLICOLOR_FORCE")
            .is_some_and(|value| !value.is_empty() && value != "0");
        Context::new(Ui::new(self.quiet, |terminal| {
            self.color.applies(terminal, no_color(), force)
        }))
    }

    /// Runs the verb.
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        match self.verb {
            VerbArgs::Get(args) => get::run(context, args),
            VerbArgs::Put(args) => put::run(context, args),
            VerbArgs::Delete(args) => delete::run(context, args),
            VerbArgs::Txn(args) => txn::run(context, args),
            VerbArgs::Watch(args) => watch::run(context, &args),
            VerbArgs::Wait(args) => wait::run(context, args),
            VerbArgs::Ls(args) => ls::run(context, args),
            VerbArgs::Tree(args) => tree::run(context, args),
            VerbArgs::Export(args) => export::run(context, args),
            VerbArgs::Import(args) => import::run(context, args),
            VerbArgs::Status(args) => status::run(context, args),
            VerbArgs::Dev(args) => dev::run(context, args),
            VerbArgs::Completions(args) => completions::run(context, args, command()),
            VerbArgs::Man(args) => man::run(context, args, command()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_well_formed() {
        command().debug_assert();
    }
}
