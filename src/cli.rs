//! The whole command line: global flags, the verbs, one match. The arguments and the help of each
//! verb are in its file under `commands/`.

use std::ffi::OsString;
use std::mem::ManuallyDrop;

use clap::builder::Styles;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{
    ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
};
use clap_complete::CompleteEnv;

use crate::args::complete::{self, ShellRequest};
use crate::args::global::GlobalArgs;
use crate::args::leading::move_behind_verb;
use crate::args::program::check_dashes;
use crate::args::{one_dash, other_tools, unknown_flag};
use crate::commands::{
    apply, completions, cp, delete, dev, diff, edit, elect, env, export, get, help, import, lock,
    ls, man, mv, put, run, session, status, tree, txn, undo, wait, watch,
};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::term::{Ui, When, log_requests, no_color};

/// The help of kvw itself, with the verbs in groups, which clap has only for flags.
const HELP: &str = "\
{about}

{usage-heading} {usage}

Read:
  get          Print the value of a key
  ls           List one level of keys and folders
  tree         Show keys as a tree, with key counts per folder
  export       Export entries as a document for import
  env          Print keys as environment variables

Write:
  put          Write a value to a key
  edit         Edit a key, or all keys below a prefix, in an editor
  delete       Delete keys
  txn          Run operations in one transaction
  cp           Copy a key, or all keys below a prefix
  mv           Move a key, or all keys below a prefix
  import       Import the entries of a document
  diff         Show what differs between sources and the store
  apply        Write what differs from the sources
  undo         Put back what a command with --undo FILE has written

Watch:
  watch        Print changes as they happen, or run a handler on them
  wait         Wait until conditions on keys hold
  run          Run a program with keys in its environment

Lock:
  lock         Run a command while holding a lock
  elect        Run a command on an elected leader, or show the leader
  session      List, create, renew and destroy sessions, the holders of locks

Server:
  status       Check that Consul is reachable and has a leader
  dev          Run an embedded in-memory agent for experiments and tests

Help:
  help         Print the help of a verb, or about a topic
  man          Show the manual page of kvw, of a verb, or about handlers
  completions  Print the completion script for a shell

Options:
{options}

Examples:
  kvw get config/web/port
  kvw put config/web/port 8080
  kvw watch config/ --exec ./reload.sh
";

/// Read, write and watch Consul keys
#[derive(Debug, Parser)]
#[command(
    name = "kvw",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    subcommand_value_name = "VERB",
    help_template = HELP
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,

    #[command(subcommand)]
    verb: VerbArgs,
}

#[derive(Debug, Subcommand)]
enum VerbArgs {
    /// Print the value of a key
    Get(Deferred<get::GetArgs>),
    /// Write a value to a key
    Put(Deferred<put::PutArgs>),
    /// Edit a key, or all keys below a prefix, in an editor
    Edit(Deferred<edit::EditArgs>),
    /// Delete keys
    Delete(Deferred<delete::DeleteArgs>),
    /// Run operations in one transaction
    Txn(Deferred<txn::TxnArgs>),
    /// Copy a key, or all keys below a prefix
    Cp(Box<Deferred<cp::CpArgs>>),
    /// Move a key, or all keys below a prefix
    Mv(Box<Deferred<mv::MvArgs>>),
    /// Print changes as they happen, or run a handler on them
    Watch(Box<Deferred<watch::WatchArgs>>),
    /// Wait until conditions on keys hold
    Wait(Deferred<wait::WaitArgs>),
    /// Run a program with keys in its environment
    Run(Box<Deferred<run::RunArgs>>),
    /// List one level of keys and folders
    Ls(Deferred<ls::LsArgs>),
    /// Show keys as a tree, with key counts per folder
    Tree(Deferred<tree::TreeArgs>),
    /// Print keys as environment variables
    Env(Deferred<env::EnvArgs>),
    /// Export entries as a document for import
    Export(Deferred<export::ExportArgs>),
    /// Import the entries of a document
    Import(Deferred<import::ImportArgs>),
    /// Show what differs between sources and the store
    Diff(Box<Deferred<diff::DiffArgs>>),
    /// Write what differs from the sources
    Apply(Box<Deferred<apply::ApplyArgs>>),
    /// Put back what a command with --undo FILE has written
    Undo(Deferred<undo::UndoArgs>),
    /// Run a command while holding a lock
    Lock(Box<Deferred<lock::LockArgs>>),
    /// Run a command on an elected leader, or show the leader
    Elect(Deferred<elect::ElectArgs>),
    /// List, create, renew and destroy sessions, the holders of locks
    Session(Deferred<session::SessionArgs>),
    /// Check that Consul is reachable and has a leader
    Status(Deferred<status::StatusArgs>),
    /// Run an embedded in-memory agent for experiments and tests
    Dev(Deferred<dev::DevArgs>),
    /// Print the completion script for a shell
    Completions(Deferred<completions::CompletionsArgs>),
    /// Show the manual page of kvw, of a verb, or about handlers
    Man(Deferred<man::ManArgs>),
    /// Print the help of a verb, or about a topic
    Help(Deferred<help::HelpArgs>),
}

/// The arguments of a verb, built only when the verb is run: those of all verbs are most of the memory
/// of a short command. The list of verbs has the one-line help of [`VerbArgs`].
#[derive(Debug)]
struct Deferred<T>(T);

impl<T: Args> Args for Deferred<T> {
    fn augment_args(verb: Command) -> Command {
        verb.defer(|verb| with_connection_note(GlobalArgs::augment_verb(verb, T::augment_args)))
    }

    fn augment_args_for_update(verb: Command) -> Command {
        verb.defer(|verb| {
            with_connection_note(GlobalArgs::augment_verb(verb, T::augment_args_for_update))
        })
    }
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Deferred)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// Adds a note to `-h`, which hides the connection flags, on where they are documented.
fn with_connection_note(verb: Command) -> Command {
    const CONNECTION: &str = "Connection flags and details: see --help";
    let verb = verb.mut_subcommands(with_connection_note);
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
}

/// Answers a shell that requests completions, and returns whether one did.
///
/// # Errors
/// When the shell that is to be registered is unknown. A request for candidates fails in silence.
pub fn complete(args: &[OsString]) -> anyhow::Result<bool> {
    let Some(request) = ShellRequest::from_process(args) else {
        return Ok(false);
    };
    let folder = std::env::current_dir().ok();
    complete::keep_verbs(&Cli::command());
    let done = CompleteEnv::with_factory(Cli::command)
        .var(complete::VARIABLE)
        .shells(complete::SHELLS)
        .try_complete(args, folder.as_deref());
    match (request, done) {
        (ShellRequest::Script, done) => Ok(done?),
        (ShellRequest::Candidates, _) => Ok(true),
    }
}

/// Whether a token or a password may stand in the arguments or the environment, or in a file that they
/// name. Answered before anything is parsed: a secret is in the memory from the start.
pub fn holds_secret(args: &[OsString], env: impl Fn(&str) -> Option<OsString>) -> bool {
    const SECRETS: [&str; 4] = [
        "CONSUL_CLIENT_KEY",
        "CONSUL_HTTP_TOKEN",
        "CONSUL_HTTP_TOKEN_FILE",
        "CONSUL_HTTP_AUTH",
    ];
    const ADDRESSES: [&str; 5] = [
        "CONSUL_HTTP_ADDR",
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
    ];
    let has_user = |text: &OsString| text.as_encoded_bytes().contains(&b'@');
    let is_token = |arg: &OsString| {
        let arg = arg.as_encoded_bytes();
        let flags = [&b"-token"[..], b"--token", b"-client-key", b"--client-key"];
        flags.iter().any(|flag| arg.starts_with(flag))
    };
    let is_address = |arg: &OsString| arg.as_encoded_bytes().starts_with(b"http");
    SECRETS
        .iter()
        .any(|name| env(name).is_some_and(|text| !text.is_empty()))
        || ADDRESSES
            .iter()
            .any(|name| env(name).is_some_and(|text| has_user(&text)))
        || args.iter().any(is_token)
        || args
            .iter()
            .any(|arg| has_user(arg) && (is_address(arg) || has_address_flag(arg)))
        || args
            .windows(2)
            .any(|words| has_address_flag(&words[0]) && has_user(&words[1]))
}

fn has_address_flag(arg: &OsString) -> bool {
    let arg = arg.as_encoded_bytes();
    arg.starts_with(b"--http-addr") || arg.starts_with(b"-http-addr")
}

/// Parses a command line.
///
/// # Errors
/// A [`clap::Error`], also for help and version, or exit 2 for what clap would misread.
pub fn parse(args: &[OsString]) -> anyhow::Result<Cli> {
    let args = &*move_behind_verb(args);
    let parsed = if one_dash::needs_normalizing(args) {
        normalize(args)
            .map_err(anyhow::Error::from)
            .and_then(|args| Ok(parse_once(&args)?))
    } else {
        parse_once(args).map_err(anyhow::Error::from)
    };
    let parsed = parsed.and_then(|cli| {
        if cli.verb.runs_program() {
            check_dashes(args)?;
        }
        Ok(cli)
    });
    parsed.map_err(|error| {
        let clap = error.downcast_ref::<clap::Error>();
        if clap.is_some_and(|error| !error.use_stderr()) {
            return error;
        }
        let failure = clap.and_then(|error| explain_format(error, args));
        let failure = failure.or_else(|| other_tools::explain(args));
        let failure = failure.or_else(|| explain_unknown_flag(clap?, args));
        match failure {
            Some(failure) => failure.into(),
            None => without_similar_flags(error),
        }
    })
}

impl VerbArgs {
    /// Whether what follows `--` is a program.
    fn runs_program(&self) -> bool {
        matches!(
            self,
            VerbArgs::Watch(_)
                | VerbArgs::Run(_)
                | VerbArgs::Lock(_)
                | VerbArgs::Elect(_)
                | VerbArgs::Dev(_)
        )
    }
}

/// Removes clap's own proposals from an error of flags: they are as alike as `--time` and `--timeout`.
fn without_similar_flags(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<clap::Error>() {
        Ok(mut error) => {
            error.remove(ContextKind::SuggestedArg);
            error.into()
        }
        Err(error) => error,
    }
}

/// Explains a file in the place of a format.
fn explain_format(error: &clap::Error, args: &[OsString]) -> Option<Failure> {
    let flag = context(error, ContextKind::InvalidArg)?;
    if error.kind() != ErrorKind::InvalidValue || !flag.starts_with("--output ") {
        return None;
    }
    let exports = args.iter().any(|word| word == "export");
    other_tools::explain_format(context(error, ContextKind::InvalidValue)?, exports)
}

/// Explains a flag that clap does not know: one of other tools, a value that looks like a flag, one that is
/// misspelt.
fn explain_unknown_flag(error: &clap::Error, args: &[OsString]) -> Option<Failure> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let flag = context(error, ContextKind::InvalidArg)?;
    let root = built_tree();
    unknown_flag::explain_foreign(&root, args, flag)
        .or_else(|| one_dash::normalize(&root, args.to_vec()).err())
        .or_else(|| unknown_flag::explain(&root, args, flag))
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

/// [`Parser::try_parse_from`], but the command tree is left to the end of the process: to free its
/// thousands of pieces took a twentieth of the instructions of `kvw get`.
fn parse_once(args: &[OsString]) -> Result<Cli, clap::Error> {
    let parse = |mut tree: ManuallyDrop<Command>| {
        let mut matches = tree.try_get_matches_from_mut(args)?;
        let cli = match matches
            .subcommand()
            .map(|(_, verb)| GlobalArgs::from_arg_matches(verb))
        {
            Some(Ok(global)) => {
                Cli::from_arg_matches_mut(&mut matches).map(|cli| Cli { global, ..cli })
            }
            Some(Err(error)) => Err(error),
            None => Cli::from_arg_matches_mut(&mut matches),
        };
        cli.map_err(|error| error.format(&mut tree))
    };
    parse(ManuallyDrop::new(Cli::command())).or_else(|error| match is_help(&error) {
        true => Err(error),
        // Again without styles: their sequences could not be distinguished from those of a foreign word.
        false => parse(ManuallyDrop::new(Cli::command().styles(Styles::plain()))),
    })
}

/// Whether the error is help that was asked for, or stands for a command.
fn is_help(error: &clap::Error) -> bool {
    let for_command = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    !error.use_stderr() || error.kind() == for_command
}

/// Creates the streams for a line that cannot be parsed: what of it says when to use colour counts.
pub fn ui(args: &[OsString]) -> Ui {
    let mut words = args.iter().map(|word| word.to_string_lossy());
    let mut color = When::default();
    while let Some(word) = words.next() {
        let when = match word.split_once('=') {
            _ if word == "--" => break,
            Some(("--color", when)) => Some(when.to_owned()),
            _ if word == "--color" => words.next().map(Into::into),
            _ => None,
        };
        if let Some(when) = when.and_then(|when| When::from_str(&when, false).ok()) {
            color = when;
        }
    }
    new_ui(false, color)
}

fn new_ui(quiet: bool, color: When) -> Ui {
    let force =
        std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
    Ui::new(quiet, |terminal| color.applies(terminal, no_color(), force))
}

fn normalize(args: &[OsString]) -> Result<Vec<OsString>, Failure> {
    one_dash::normalize(&built_tree(), args.to_vec())
}

/// Returns the command tree with the flags of each verb.
fn built_tree() -> Command {
    let mut root = Cli::command();
    root.build();
    root
}

impl Cli {
    /// Creates the streams and the environment of the verb.
    pub fn context(&self) -> Context {
        if self.global.verbose {
            log_requests();
        }
        Context::new(new_ui(self.global.quiet, self.global.color))
    }

    /// Runs the verb.
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        match self.verb {
            VerbArgs::Get(args) => get::run(context, args.0),
            VerbArgs::Put(args) => put::run(context, args.0),
            VerbArgs::Edit(args) => edit::run(context, &args.0),
            VerbArgs::Delete(args) => delete::run(context, args.0),
            VerbArgs::Txn(args) => txn::run(context, args.0),
            VerbArgs::Cp(args) => cp::run(context, &args.0),
            VerbArgs::Mv(args) => mv::run(context, &args.0),
            VerbArgs::Watch(args) => watch::run(context, &args.0),
            VerbArgs::Wait(args) => wait::run(context, args.0),
            VerbArgs::Run(args) => run::run(context, args.0),
            VerbArgs::Ls(args) => ls::run(context, args.0),
            VerbArgs::Tree(args) => tree::run(context, args.0),
            VerbArgs::Env(args) => env::run(context, args.0),
            VerbArgs::Export(args) => export::run(context, args.0),
            VerbArgs::Import(args) => import::run(context, args.0),
            VerbArgs::Diff(args) => diff::run(context, &args.0),
            VerbArgs::Apply(args) => apply::run(context, &args.0),
            VerbArgs::Undo(args) => undo::run(context, args.0),
            VerbArgs::Lock(args) => lock::run(context, args.0),
            VerbArgs::Elect(args) => elect::run(context, args.0),
            VerbArgs::Session(args) => session::run(context, args.0),
            VerbArgs::Status(args) => status::run(context, args.0),
            VerbArgs::Dev(args) => dev::run(context, args.0),
            VerbArgs::Completions(args) => completions::run(context, args.0, Cli::command()),
            VerbArgs::Man(args) => man::run(context, args.0, Cli::command()),
            VerbArgs::Help(args) => help::run(context, &args.0, Cli::command()),
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

    /// A shell offers files, keys, commands and words; what is missing here is typed without help.
    #[test]
    fn every_value_can_be_completed_or_is_free() {
        // Texts, numbers, times and names that only the user knows.
        const FREE: [&str; 18] = [
            "ADDR", "GLOB", "ID", "INDEX", "KEYS", "N", "N|N%", "NAME", "NUMBER", "OP", "P", "P/",
            "SEP", "SIZE", "TEXT", "TIME", "TOKEN", "VALUE",
        ];
        let mut kvw = Cli::command();
        kvw.build();
        let mut missing = Vec::new();
        for verb in kvw.get_subcommands() {
            for arg in verb.get_arguments() {
                let offered = arg.get_value_hint() != clap::ValueHint::Unknown
                    || !arg.get_possible_values().is_empty()
                    || arg.get::<clap_complete::ArgValueCompleter>().is_some();
                let names = arg.get_value_names().unwrap_or_default();
                let free = names.iter().all(|name| FREE.contains(&name.as_str()));
                if arg.get_action().takes_values() && !offered && !free {
                    missing.push(format!("{} {} {names:?}", verb.get_name(), arg.get_id()));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn secrets_are_expected_wherever_they_may_stand() {
        let holds = |args: &[&str], name: &str, value: &str| {
            let args: Vec<_> = args.iter().map(OsString::from).collect();
            holds_secret(&args, |other| (other == name).then(|| value.into()))
        };
        for args in [
            &["kvw", "get", "a", "--token", "x"][..],
            &["kvw", "get", "a", "-token=x"],
            &["kvw", "get", "a", "--token-file", "x"],
            &["kvw", "get", "a", "--http-addr", "u:p@h"],
            &["kvw", "get", "a", "--http-addr=http://u:p@h"],
            &["kvw", "get", "http://u:p@h/v1/kv/a"],
        ] {
            assert!(holds(args, "", ""), "{args:?}");
        }
        let plain = ["kvw", "get", "a@b", "--http-addr", "h:1"];
        for (name, value) in [
            ("CONSUL_CLIENT_KEY", "x"),
            ("CONSUL_HTTP_TOKEN", "x"),
            ("CONSUL_HTTP_TOKEN_FILE", "x"),
            ("CONSUL_HTTP_AUTH", "u:p"),
            ("CONSUL_HTTP_ADDR", "http://u:p@h"),
            ("HTTP_PROXY", "u:p@h"),
        ] {
            assert!(holds(&plain, name, value), "{name}");
        }
        assert!(!holds(&plain, "CONSUL_HTTP_TOKEN", ""));
        assert!(!holds(&plain, "CONSUL_HTTP_ADDR", "h:1"));
    }

    #[test]
    fn dashes_without_a_program_are_refused_by_each_verb_that_runs_one() {
        for verb in Cli::command().get_subcommands() {
            if !verb.get_arguments().any(clap::Arg::is_last_set) {
                continue;
            }
            let name = verb.get_name();
            // Some of these verbs need a key, and some take none.
            let lines = [&["kvw", name, "a", "--"][..], &["kvw", name, "--"]];
            let errors = lines.map(|words| {
                let args: Vec<_> = words.iter().map(OsString::from).collect();
                parse(&args).err().map(|error| error.to_string())
            });
            let refused = errors.iter().flatten();
            let refused = refused.filter(|error| error.starts_with("no program stands behind --"));
            assert!(refused.count() > 0, "{name}: {errors:?}");
        }
    }

    #[test]
    fn help_knows_each_verb() {
        let help = Cli::command().find_subcommand_mut("help").map(|help| {
            help.build();
            let name = help.get_arguments().find(|arg| arg.get_id() == "name");
            let known = name.unwrap().get_possible_values();
            known
                .iter()
                .map(|name| name.get_name().to_owned())
                .collect::<Vec<_>>()
        });
        let known = help.unwrap();
        let mut kvw = Cli::command();
        kvw.build();
        for verb in kvw.get_subcommands() {
            assert!(
                known.iter().any(|name| name == verb.get_name()),
                "{}",
                verb.get_name()
            );
        }
    }

    #[test]
    fn the_list_of_verbs_has_the_first_line_of_each_verbs_help() {
        let short = |command: &Command| command.get_about().map(ToString::to_string);
        let listed = Cli::command();
        let mut built = listed.clone();
        built.build();
        for verb in listed.get_subcommands() {
            let about = verb.get_about().unwrap().to_string();
            let line = format!("\n  {:<12} {about}\n", verb.get_name());
            assert!(HELP.contains(&line), "{line}");
            let own = built.find_subcommand(verb.get_name()).unwrap();
            assert!(short(verb).is_some());
            assert_eq!(short(verb), short(own), "{}", verb.get_name());
        }
    }
}
