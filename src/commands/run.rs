//! `kvw run`

mod runner;
mod supervisor;
mod watched_keys;
mod written;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use self::runner::{RunnerSpec, run_program};
use self::supervisor::{OnChange, SupervisorPolicy};
use self::written::VariablesFile;
use crate::args::blocking::BlockingArgs;
use crate::args::choice::{long_help, short_help};
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::duration::{duration, duration_text};
use crate::args::fallback::FallbackArgs;
use crate::args::handler::environment::connection;
use crate::args::program::shell_line;
use crate::args::variables::VariableArgs;
use crate::atomic_file::is_same_file;
use crate::consul::Client;
use crate::context::Context;
use crate::environ::Inheritance;
use crate::exit::{Exit, Failure};
use crate::handlers::Policies;
use crate::process::{Program, Signal};

/// Run a program with keys in its environment
///
/// The variable of db/host below the prefix is DB_HOST. By default the program is restarted when its
/// environment changes, and only then. It gets stdin and the terminal, and every signal but INT and TERM
/// unchanged; those stop it by --stop-signal. kvw exits with its status, or 128+n if it died of signal n.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw run app/ -- ./server                  # restarted on changes
  kvw run common/ app/ --once -- ./migrate  # app/ wins over common/
  kvw run app/ --on-change signal --write app.env -- ./server
  kvw run --env TOKEN=app/token -- bash")]
pub struct RunArgs {
    #[command(flatten)]
    variables: VariableArgs,

    /// The program and its arguments
    #[arg(
        last = true,
        value_name = "CMD",
        value_hint = clap::ValueHint::CommandWithArguments,
        required = true,
        help_heading = None
    )]
    command: Vec<OsString>,

    #[arg(
        long,
        value_name = "POLICY",
        value_enum,
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = "Changes",
        help = short_help("On a change", Some(OnChange::default())),
        long_help = long_help("When the variables change", Some(OnChange::default()))
    )]
    on_change: OnChange,

    #[arg(
        long,
        value_name = "SIGNAL",
        add = complete::signals(),
        help_heading = "Changes",
        hide_short_help = true,
        help = format!("Signal of --on-change signal [default: {}]", Signal::HUP)
    )]
    signal: Option<Signal>,

    /// Command of --on-change exec, run with sh -c; changes meanwhile run it once more
    #[arg(
        long,
        value_name = "CMD",
        value_hint = clap::ValueHint::CommandString,
        value_parser = shell_line(),
        add = complete::shell_lines(),
        help_heading = "Changes",
        hide_short_help = true
    )]
    change_exec: Option<OsString>,

    /// Do not watch for changes: --on-change ignore
    #[arg(long, conflicts_with = "on_change", help_heading = "Changes")]
    once: bool,

    /// Write the variables to FILE too, replaced on each change
    ///
    /// FILE is written before the start, readable only by you.
    ///
    /// It is replaced as a whole, and has NAME=VALUE lines as of kvw env -o env, or JSON if its name
    /// ends in .json.
    #[arg(long, value_name = "FILE", help_heading = "Changes")]
    write: Option<PathBuf>,

    /// Quiet time that ends a burst of changes
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = duration_text(Policies::default().debounce),
        help_heading = "Changes",
        hide_short_help = true
    )]
    debounce: Duration,

    /// Longest time that a burst waits for quiet
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = duration_text(Policies::default().max_delay),
        help_heading = "Changes",
        hide_short_help = true
    )]
    max_delay: Duration,

    /// Delay each reaction by a random time up to this
    ///
    /// So that a fleet does not restart in the same second.
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = duration_text(Policies::default().splay),
        help_heading = "Changes",
        hide_short_help = true
    )]
    splay: Duration,

    /// Inherit nothing but PATH, HOME, TERM and the like
    ///
    /// That is PATH, HOME, USER, LOGNAME, SHELL, TERM, LANG, LC_*, TZ, TMPDIR and PWD.
    #[arg(long, help_heading = "Environment")]
    pristine: bool,

    /// Variables that exist already win over keys
    #[arg(long, help_heading = "Environment")]
    preserve_env: bool,

    /// Pass the Consul token and CONSUL_HTTP_AUTH to the program
    #[arg(long, help_heading = "Environment", hide_short_help = true)]
    pass_token: bool,

    /// Signal that asks the program to stop
    #[arg(
        long,
        value_name = "SIGNAL",
        add = complete::signals(),
        default_value_t = Policies::default().stop_signal,
        help_heading = "Stopping",
        hide_short_help = true
    )]
    stop_signal: Signal,

    /// Time after --stop-signal until the program and all it has started are killed
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = duration_text(Policies::default().stop_timeout),
        help_heading = "Stopping",
        hide_short_help = true
    )]
    stop_timeout: Duration,

    #[command(flatten)]
    fallback: FallbackArgs,

    #[command(flatten)]
    blocking: BlockingArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: RunArgs) -> anyhow::Result<Exit> {
    let request = args.variables.request()?;
    args.check()?;
    let config = args.connect.config(&ctx.env)?;
    let client = ctx.connect(config.clone())?;
    let kept = args.fallback.file(&request.question, &config);
    let answer = request.read(&client, &ctx.ui, &args.fallback, kept.as_ref())?;
    let variables = request.variables(&answer)?;
    request.warn_of_unused(&ctx.ui, &answer);
    let mut file = args.write.as_deref().map(VariablesFile::new);
    if let Some(file) = &mut file {
        file.write(file.content(&variables)?)?;
    }
    let (own, set) = args.environment(&client);
    let spec = RunnerSpec {
        program: Program::Argv(args.command.clone()),
        request,
        own,
        set,
        inheritance: Inheritance {
            pristine: args.pristine,
            preserve: args.preserve_env,
        },
        policy: SupervisorPolicy {
            on_change: args.on_change(),
            debounce: args.debounce,
            max_delay: args.max_delay.max(args.debounce),
            splay: args.splay,
            stop_timeout: args.stop_timeout,
        },
        signal: args.signal.unwrap_or(Signal::HUP),
        change_exec: args.change_exec.clone(),
        stop_signal: args.stop_signal,
        wait: args.blocking.wait,
        kept,
        config,
    };
    run_program(&ctx.ui, spec, answer, variables, file)
}

impl RunArgs {
    fn on_change(&self) -> OnChange {
        match self.once {
            true => OnChange::Ignore,
            false => self.on_change,
        }
    }

    /// Refuses flags that have no effect, and one file for two purposes.
    fn check(&self) -> Result<(), Failure> {
        if let (Some(write), Some(fallback)) = (&self.write, &self.fallback.fallback) {
            if is_same_file(write, fallback) {
                let path = write.display();
                let message = format!("--write and --fallback lead to the same file: {path}");
                return Err(Failure::usage(message).hint("give each of them a file of its own"));
            }
        }
        let on_change = self.on_change();
        if self.signal.is_some() && on_change != OnChange::Signal {
            return Err(Failure::usage("--signal requires --on-change signal"));
        }
        match (&self.change_exec, on_change) {
            (None, OnChange::Exec) => {
                Err(Failure::usage("--on-change exec requires --change-exec"))
            }
            (None, _) | (_, OnChange::Exec) => Ok(()),
            (Some(_), _) => Err(Failure::usage("--change-exec requires --on-change exec")),
        }
    }

    /// Returns what the program inherits, without the credentials, and the settings of the connection
    /// that it gets in any case.
    #[expect(clippy::type_complexity, reason = "two lists of variables")]
    fn environment(
        &self,
        client: &Client,
    ) -> (Vec<(OsString, OsString)>, Vec<(OsString, OsString)>) {
        let (set, mut withhold) = connection(client.config(), client.place(), self.pass_token);
        // A service that reports to systemd does so itself: kvw run does not.
        withhold.retain(|name| name.as_encoded_bytes().starts_with(b"CONSUL_"));
        let own = std::env::vars_os().filter(|(name, _)| !withhold.contains(name));
        let set = match self.pristine && !self.pass_token {
            true => Vec::new(),
            false => set,
        };
        (own.collect(), set)
    }
}
