//! The flags of a handler, resolved into the settings of `handlers`.

pub mod environment;
mod policies;
mod route_arg;

use std::ffi::OsString;
use std::time::Duration;

use clap::{ArgGroup, Args};

use self::environment::connection;
use self::route_arg::RouteArg;
use super::choice::{long_help, short_help};
use super::complete;
use super::duration::{duration, duration_text};
use super::misplaced_handler::misplaced_handler;
use super::program::{program, shell_line};
use crate::consul::{Client, Config};
use crate::exit::Failure;
use crate::handlers::{
    Daemons, HandlerSpec, OnBusy, OnExit, OnFail, Policies, StartVariables, StdinFormat,
};
use crate::model::{Glob, Target, TargetId};
use crate::process::{Program, Signal, Stdout};

/// The rest of the help of `--daemons`.
const DAEMONS_HELP: &str = "\n\nUnder --on-busy restart the default is end. Such a process has --linger to end \
by itself, or gets TERM once the group of a stopped run is gone, and KILL after --stop-timeout. After a \
kill -9 of kvw those that it had seen are killed; one started in the last half second may be missed. \
Linux only. Under systemd the cgroup of the unit does the rest.";

/// The handlers of a watch and their policies.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Handler")]
#[command(group = ArgGroup::new("handler").args(["exec", "command", "route"]).multiple(true))]
pub struct HandlerArgs {
    /// Run CMD with sh -c on each batch (-- CMD: no shell)
    #[arg(long, value_name = "CMD", value_hint = clap::ValueHint::CommandString, value_parser = shell_line(), add = complete::shell_lines(), conflicts_with = "command")]
    exec: Option<OsString>,

    /// Run a program, without a shell, on each batch of changes
    #[arg(last = true, value_name = "CMD", value_hint = clap::ValueHint::CommandWithArguments, hide_short_help = true)]
    command: Vec<OsString>,

    /// Run CMD on keys that match GLOB; repeatable
    ///
    /// GLOB matches the whole key: * stops at /, ** does not. CMD runs with sh -c. A key goes to the first route that matches it; --exec or the program
    /// after -- gets the keys that no route matches. Each route has a queue of its own.
    #[arg(long, value_name = "GLOB=CMD", add = complete::shell_lines_of_routes())]
    route: Vec<RouteArg>,

    /// Run once per changed key, not once per batch, and not for the initial state
    #[arg(long, requires = "handler", hide_short_help = true)]
    each: bool,

    #[arg(
        long,
        value_name = "TIME",
        requires = "handler",
        value_parser = duration,
        help = format!(
            "Quiet time that ends a batch [default: {}]",
            duration_text(Policies::default().debounce)
        ),
        long_help = format!(
            "Quiet time that ends a batch [default: {}, or 0 with --min-interval]",
            duration_text(Policies::default().debounce)
        )
    )]
    debounce: Option<Duration>,

    /// Run or signal the handler at most once in this time
    ///
    /// The first change does so at once. Each route has an interval of its own.
    #[arg(
        long,
        value_name = "TIME",
        requires = "handler",
        value_parser = duration
    )]
    min_interval: Option<Duration>,

    #[arg(
        long,
        value_name = "TIME",
        requires = "handler",
        value_parser = duration,
        hide_short_help = true,
        help = format!(
            "Longest time that a batch waits for quiet [default: {}, or --debounce if longer]",
            duration_text(Policies::default().max_delay)
        )
    )]
    max_delay: Option<Duration>,

    /// Delay each batch by a random time up to this
    ///
    /// So that a fleet does not reload in the same second.
    #[arg(
        long,
        value_name = "TIME",
        requires = "handler",
        value_parser = duration,
        default_value = duration_text(Policies::default().splay),
        hide_short_help = true
    )]
    splay: Duration,

    #[arg(
        long,
        value_name = "POLICY",
        requires = "handler",
        value_enum,
        default_value_t = Policies::default().on_busy,
        hide_default_value = true,
        hide_possible_values = true,
        help = short_help("While busy", Some(Policies::default().on_busy)),
        long_help = long_help("Changes during a run", Some(Policies::default().on_busy))
    )]
    on_busy: OnBusy,

    #[arg(
        long,
        value_name = "SIGNAL",
        add = complete::signals(),
        requires = "handler",
        hide_short_help = true,
        help = format!("Signal of --on-busy signal [default: {}]", OnBusy::DEFAULT_SIGNAL)
    )]
    signal: Option<Signal>,

    #[arg(
        long,
        value_name = "POLICY",
        requires = "handler",
        value_enum,
        default_value_t = Policies::default().on_fail,
        hide_default_value = true,
        hide_possible_values = true,
        help = short_help("On failure", Some(Policies::default().on_fail)),
        long_help = long_help("Failed runs", Some(Policies::default().on_fail))
    )]
    on_fail: OnFail,

    #[arg(
        long,
        value_name = "POLICY",
        requires = "handler",
        hide_short_help = true,
        hide_possible_values = true,
        help = long_help(
            "When a service of --on-busy restart ends by itself or cannot be started",
            Some(Policies::default().on_exit)
        )
    )]
    on_exit: Option<OnExit>,

    /// Stop a run that takes longer than this, and count it as failed [default: no limit]
    #[arg(
        long,
        value_name = "TIME",
        requires = "handler",
        value_parser = duration,
        hide_short_help = true
    )]
    handler_timeout: Option<Duration>,

    /// Signal that asks a handler to stop
    #[arg(
        long,
        value_name = "SIGNAL",
        add = complete::signals(),
        requires = "handler",
        default_value_t = Policies::default().stop_signal,
        hide_short_help = true
    )]
    stop_signal: Signal,

    /// Time for processes that a handler left behind to end by themselves
    ///
    /// A daemon leaves the handler's process group in this time: start one with setsid -f or systemd, or
    /// run it as a service under --on-busy restart. What stays in the group is ended; --daemons says
    /// what becomes of the rest.
    #[arg(
        long,
        value_name = "TIME",
        requires = "handler",
        value_parser = duration,
        default_value = duration_text(Policies::default().linger),
        hide_short_help = true
    )]
    linger: Duration,

    #[arg(
        long,
        value_name = "POLICY",
        requires = "handler",
        hide_short_help = true,
        hide_possible_values = true,
        help = long_help(
            "Processes that a handler put outside its process group, by setsid, setpgid or a double fork",
            Some(Policies::default().daemons)
        ) + DAEMONS_HELP
    )]
    daemons: Option<Daemons>,

    /// Time after --stop-signal until a handler is killed
    #[arg(
        long,
        value_name = "TIME",
        requires = "handler",
        value_parser = duration,
        default_value = duration_text(Policies::default().stop_timeout),
        hide_short_help = true
    )]
    stop_timeout: Duration,

    /// Input of the handler
    #[arg(
        long,
        value_name = "FORMAT",
        requires = "handler",
        value_enum,
        default_value_t,
        hide_short_help = true
    )]
    stdin: StdinFormat,

    /// Pass the Consul token and CONSUL_HTTP_AUTH to the handler
    #[arg(long, requires = "handler", hide_short_help = true)]
    pass_token: bool,
}

/// A handler, and the changes that it gets.
#[derive(Debug, Clone)]
pub struct RouteSpec {
    /// The keys; `None` matches every key.
    pub glob: Option<Glob>,
    /// The target; `None` is all of them.
    pub target: Option<TargetId>,
    /// The handler.
    pub handler: HandlerSpec,
}

/// The handlers of a watch.
#[derive(Debug, Clone)]
pub struct Handlers {
    /// The handlers in order of precedence.
    pub routes: Vec<RouteSpec>,
    /// Whether credentials exist that the handlers do not see.
    pub withheld: bool,
    pass_token: bool,
}

impl Handlers {
    /// Lets each run find the address that answers when it starts, where there are several.
    pub fn follow(&mut self, client: &Client) {
        if client.config().alternatives.is_empty() {
            return;
        }
        let (client, pass_token) = (client.clone(), self.pass_token);
        let set =
            StartVariables::new(move || connection(client.config(), client.place(), pass_token).0);
        for route in &mut self.routes {
            route.handler.set = set.clone();
        }
    }
}

impl HandlerArgs {
    /// Whether there is a handler.
    pub fn is_given(&self) -> bool {
        self.exec.is_some() || !self.command.is_empty() || !self.route.is_empty()
    }

    /// Checks that no handler stands where targets go. `known` are targets from flags, as they would be
    /// typed.
    ///
    /// # Errors
    /// Exit 2 if a word behind the first target is a program, and there is no handler.
    pub fn check_targets(&self, known: &[String], words: &[String]) -> Result<(), Failure> {
        if self.is_given() {
            return Ok(());
        }
        for at in 0..words.len() {
            let targets: Vec<_> = known.iter().chain(&words[..at]).collect();
            let targets: Vec<_> = targets.into_iter().map(String::as_str).collect();
            let words: Vec<_> = words[at..].iter().map(String::as_str).collect();
            if let Some(failure) = misplaced_handler(&targets, &words) {
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Whether changes are discarded while a handler runs.
    pub fn drops(&self) -> bool {
        self.on_busy == OnBusy::Drop
    }

    /// Whether each target has handlers of its own, as each of the agent's `watches` has: what one run
    /// reads is one target's state.
    pub fn is_per_target(&self) -> bool {
        self.stdin == StdinFormat::Consul
    }

    /// Whether a run that fails has handled its changes.
    pub fn ignores_failures(&self) -> bool {
        self.on_fail == OnFail::Ignore
    }

    /// The input of the handlers.
    pub fn stdin(&self) -> StdinFormat {
        self.stdin
    }

    /// Resolves the handlers of a watch of these targets. Their environment has the connection of
    /// `config`; `locks` says whether a taken or released lock is a change.
    ///
    /// # Errors
    /// Exit 2 for contradicting flags.
    pub fn handlers(
        &self,
        config: &Config,
        targets: &[Target],
        stdout: Stdout,
        locks: bool,
    ) -> Result<Handlers, Failure> {
        let policies = self.policies(locks)?;
        let (set, withhold) = connection(config, 0, self.pass_token);
        let set = StartVariables::new(move || set.clone());
        let spec = |program| HandlerSpec {
            program,
            policies: policies.clone(),
            stdin: self.stdin,
            target: TargetId(0),
            stdout,
            set: set.clone(),
            withhold: withhold.clone(),
        };
        let mut routes = Vec::new();
        let mut add = |glob: Option<Glob>, program| {
            let handler = spec(program);
            if !self.is_per_target() {
                let target = None;
                routes.push(RouteSpec {
                    glob,
                    target,
                    handler,
                });
                return;
            }
            let mut own: Vec<_> = targets.iter().collect();
            let may_match = |target: &&Target| {
                glob.as_ref()
                    .is_none_or(|glob| target.scope.may_match(glob))
            };
            // A route that no target has keys for is kept, to be reported.
            if own.iter().any(may_match) {
                own.retain(may_match);
            }
            routes.extend(own.into_iter().map(|target| RouteSpec {
                glob: glob.clone(),
                target: Some(target.id),
                handler: HandlerSpec {
                    target: target.id,
                    ..handler.clone()
                },
            }));
        };
        for RouteArg { glob, line } in &self.route {
            add(Some(glob.clone()), Program::Shell(line.clone()));
        }
        if let Some(program) = program(&self.command, self.exec.as_ref()) {
            add(None, program);
        }
        let secret = config.token.is_some()
            || config
                .endpoints()
                .any(|endpoint| endpoint.basic_auth.is_some());
        Ok(Handlers {
            routes,
            withheld: secret && !self.pass_token,
            pass_token: self.pass_token,
        })
    }
}

#[cfg(test)]
mod tests;
