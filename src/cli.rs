//! The command line as a whole: global flags, the verbs, one match. Each verb's own arguments and
//! help stand in its file under `commands/`.

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

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
    /// Print the value of a key
    Get(Deferred<get::GetArgs>),
    /// Write a value to a key
    Put(Deferred<put::PutArgs>),
    /// Delete keys
    Delete(Deferred<delete::DeleteArgs>),
    /// Run operations all or nothing
    Txn(Deferred<txn::TxnArgs>),
    /// Print changes as they happen, or run a handler on them
    Watch(Box<Deferred<watch::WatchArgs>>),
    /// Wait until keys are as they should be
    Wait(Deferred<wait::WaitArgs>),
    /// List one level of keys and folders
    Ls(Deferred<ls::LsArgs>),
    /// Show keys as a tree, with how many there are below each folder
    Tree(Deferred<tree::TreeArgs>),
    /// Print all entries as a document that import takes
    Export(Deferred<export::ExportArgs>),
    /// Write all entries of a document
    Import(Deferred<import::ImportArgs>),
    /// Say whether Consul is there and led
    Status(Deferred<status::StatusArgs>),
    /// Run an embedded in-memory agent for trying and testing
    Dev(Deferred<dev::DevArgs>),
    /// Print the completion script for a shell
    Completions(Deferred<completions::CompletionsArgs>),
    /// Print the manual page, or write all pages to a folder
    Man(Deferred<man::ManArgs>),
}

/// The arguments of a verb, built only when the verb is run: all of them together are most of the memory
/// of a short command. The one-line help of [`Command`] is for the list of verbs.
#[derive(Debug)]
struct Deferred<T>(T);

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.defer(|command| globals_last(command, T::augment_args))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        command.defer(|command| globals_last(command, T::augment_args_for_update))
    }
}

/// Adds the arguments of a verb before the global ones, which the command has already.
fn globals_last(
    command: clap::Command,
    augment: fn(clap::Command) -> clap::Command,
) -> clap::Command {
    let globals = command.get_arguments().filter(|arg| arg.is_global_set());
    let globals: Vec<clap::Id> = globals.map(|arg| arg.get_id().clone()).collect();
    let augmented = augment(command);
    globals
        .into_iter()
        .fold(augmented, |command, id| command.mut_arg(id, |arg| arg))
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Deferred)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
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
            Command::Get(args) => get::run(context, args.0),
            Command::Put(args) => put::run(context, args.0),
            Command::Delete(args) => delete::run(context, args.0),
            Command::Txn(args) => txn::run(context, args.0),
            Command::Watch(args) => watch::run(context, &args.0),
            Command::Wait(args) => wait::run(context, args.0),
            Command::Ls(args) => ls::run(context, args.0),
            Command::Tree(args) => tree::run(context, args.0),
            Command::Export(args) => export::run(context, args.0),
            Command::Import(args) => import::run(context, args.0),
            Command::Status(args) => status::run(context, args.0),
            Command::Dev(args) => dev::run(context, args.0),
            Command::Completions(args) => completions::run(context, args.0, Cli::command()),
            Command::Man(args) => man::run(context, args.0, Cli::command()),
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

    #[test]
    fn the_list_of_verbs_has_the_first_line_of_each_verbs_help() {
        let short = |command: &clap::Command| command.get_about().map(ToString::to_string);
        let listed = Cli::command();
        let mut built = listed.clone();
        built.build();
        for verb in listed.get_subcommands() {
            let own = built.find_subcommand(verb.get_name()).unwrap();
            assert!(short(verb).is_some());
            assert_eq!(short(verb), short(own), "{}", verb.get_name());
        }
    }
}
