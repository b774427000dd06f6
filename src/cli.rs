//! The command line as a whole: global flags, the verbs, one match. Each verb's own arguments and
//! help stand in its file under `commands/`.

use clap::{CommandFactory, Parser, Subcommand};

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
    /// Print no status lines on stderr; warnings and errors stay
    #[arg(short, long, global = true, help_heading = "Global options")]
    quiet: bool,

    /// Show each request on stderr, never the token
    #[arg(short, long, global = true, help_heading = "Global options")]
    verbose: bool,

    /// When to use colour [default: auto]
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = "Global options"
    )]
    color: When,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
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

/// Answers a shell that asks for completions, and says whether one did. The variable is our own:
/// a `COMPLETE` set by chance must not turn the tool into a completer.
pub fn complete() -> bool {
    const ASKED: &str = "KVW_COMPLETE";
    std::env::var_os(ASKED).is_some_and(|shell| !shell.is_empty())
        && CompleteEnv::with_factory(Cli::command)
            .var(ASKED)
            .try_complete(std::env::args_os(), None)
            .unwrap_or(true)
}

impl Cli {
    /// What the verb is given to work with.
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
    pub fn run(self, context: &mut Context) -> anyhow::Result<Exit> {
        match self.command {
            Command::Get(args) => get::run(context, args),
            Command::Put(args) => put::run(context, args),
            Command::Delete(args) => delete::run(context, args),
            Command::Txn(args) => txn::run(context, args),
            Command::Watch(args) => watch::run(context, &args),
            Command::Wait(args) => wait::run(context, args),
            Command::Ls(args) => ls::run(context, args),
            Command::Tree(args) => tree::run(context, args),
            Command::Export(args) => export::run(context, args),
            Command::Import(args) => import::run(context, args),
            Command::Status(args) => status::run(context, args),
            Command::Dev(args) => dev::run(context, args),
            Command::Completions(args) => completions::run(context, args, Cli::command()),
            Command::Man(args) => man::run(context, args, Cli::command()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_well_formed() {
        Cli::command().debug_assert();
    }
}
