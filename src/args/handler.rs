//! What runs when keys change, and how: the flags of a handler, resolved into what the handlers'
//! room works with.

use std::ffi::OsString;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};

use super::duration::duration;
use crate::consul::{Config, TokenSource};
use crate::exit::Failure;
use crate::handlers::{HandlerSpec, OnBusy, OnFail, Policies, StdinFormat};
use crate::process::{Program, Signal, Stdout};

/// What a handler never sees unless it is meant to.
const CREDENTIALS: [&str; 3] = [
    "CONSUL_HTTP_TOKEN",
    "CONSUL_HTTP_TOKEN_FILE",
    "CONSUL_HTTP_AUTH",
];

/// What systemd tells kvw, and nobody else.
const SERVICE: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// What is run, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Handler")]
#[command(group = ArgGroup::new("handler").args(["exec", "command", "route"]).multiple(true))]
pub struct HandlerArgs {
    /// Run this line with sh -c on each batch of changes
    #[arg(long, value_name = "CMD", conflicts_with = "command")]
    exec: Option<OsString>,

    /// Run this program, without a shell
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,

    /// Run CMD (with sh -c) on the keys that GLOB matches; can be repeated, the first that matches
    /// takes a key, --exec takes what is left
    #[arg(long, value_name = "GLOB=CMD")]
    route: Vec<String>,

    /// One run a changed key instead of one a batch, none for the initial state
    #[arg(long, requires = "handler")]
    each: bool,

    /// For changes while the handler runs: queue, restart, signal or drop [default: queue]
    #[arg(
        long,
        value_name = "POLICY",
        requires = "handler",
        hide_possible_values = true
    )]
    on_busy: Option<Busy>,

    /// The signal of --on-busy signal [default: HUP]
    #[arg(long, value_name = "SIGNAL", requires = "handler")]
    signal: Option<Signal>,

    /// When the handler fails: continue, retry, exit or ignore [default: continue]
    #[arg(
        long,
        value_name = "POLICY",
        requires = "handler",
        hide_possible_values = true
    )]
    on_fail: Option<Fail>,

    /// Stop a run that takes longer, and count it as failed [default: none]
    #[arg(long, value_name = "DURATION", requires = "handler", value_parser = duration)]
    handler_timeout: Option<Duration>,

    /// The signal that asks a handler to end [default: TERM]
    #[arg(long, value_name = "SIGNAL", requires = "handler")]
    stop_signal: Option<Signal>,

    /// How long it may take to end before it is killed [default: 8s]
    #[arg(long, value_name = "DURATION", requires = "handler", value_parser = duration)]
    stop_timeout: Option<Duration>,

    /// Quiet time before a batch is handed over [default: 100ms]
    #[arg(long, value_name = "DURATION", requires = "handler", value_parser = duration)]
    debounce: Option<Duration>,

    /// The longest time that a batch waits for quiet [default: 5s]
    #[arg(long, value_name = "DURATION", requires = "handler", value_parser = duration)]
    max_delay: Option<Duration>,

    /// Let each batch wait a random part of this, so that a fleet does not reload at once
    #[arg(long, value_name = "DURATION", requires = "handler", value_parser = duration)]
    splay: Option<Duration>,

    /// What the handler reads: json, consul (what `consul watch` gives) or none [default: json]
    #[arg(
        long,
        value_name = "FORM",
        requires = "handler",
        hide_possible_values = true
    )]
    stdin: Option<StdinFormat>,

    /// Let the handler see the Consul token and CONSUL_HTTP_AUTH
    #[arg(long, requires = "handler")]
    pass_token: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Busy {
    Queue,
    Restart,
    Signal,
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fail {
    Continue,
    Retry,
    Exit,
    Ignore,
}

/// The handlers of a watch.
#[derive(Debug, Clone)]
pub struct Handlers {
    /// By the glob of their keys, first match first; none takes what is left.
    pub routes: Vec<(Option<String>, HandlerSpec)>,
    /// Whether there are credentials that the handlers will not see.
    pub withheld: bool,
}

impl HandlerArgs {
    /// Whether something is to be run at all.
    pub fn is_given(&self) -> bool {
        self.exec.is_some() || !self.command.is_empty() || !self.route.is_empty()
    }

    /// Whether changes are forgotten while a handler runs.
    pub fn drops(&self) -> bool {
        self.on_busy == Some(Busy::Drop)
    }

    /// What `--stdin` says.
    pub fn stdin(&self) -> StdinFormat {
        self.stdin.unwrap_or_default()
    }

    /// The handlers, which speak to Consul as `config` does; `locks` says whether a lock is a
    /// change.
    ///
    /// # Errors
    /// Exit 2 for flags that contradict each other and for an empty command.
    pub fn handlers(
        &self,
        config: &Config,
        stdout: Stdout,
        locks: bool,
    ) -> Result<Handlers, Failure> {
        let policies = self.policies(locks)?;
        let (set, withhold) = connection(config, self.pass_token);
        let spec = |program| HandlerSpec {
            program,
            policies: policies.clone(),
            stdin: self.stdin(),
            stdout,
            set: set.clone(),
            withhold: withhold.clone(),
        };
        let mut routes = Vec::new();
        for route in &self.route {
            let (glob, line) = split_route(route)?;
            let program = Program::Shell(line.into());
            routes.push((Some(glob.to_owned()), spec(program)));
        }
        if let Some(program) = self.program()? {
            routes.push((None, spec(program)));
        }
        let secret = config.token.is_some() || config.basic_auth.is_some();
        Ok(Handlers {
            routes,
            withheld: secret && !self.pass_token,
        })
    }

    fn program(&self) -> Result<Option<Program>, Failure> {
        match (&self.exec, self.command.first()) {
            (Some(line), _) if is_blank(line) => Err(Failure::usage("--exec: nothing to run")
                .hint("without --exec the changes are printed")),
            (Some(line), _) => Ok(Some(Program::Shell(line.clone()))),
            (None, Some(program)) if program.is_empty() => {
                Err(Failure::usage("the program after -- has no name"))
            }
            (None, Some(_)) => Ok(Some(Program::Argv(self.command.clone()))),
            (None, None) => Ok(None),
        }
    }

    fn policies(&self, locks: bool) -> Result<Policies, Failure> {
        let on_busy = self.on_busy.unwrap_or(Busy::Queue);
        if self.signal.is_some() && on_busy != Busy::Signal {
            return Err(Failure::usage("--signal is for --on-busy signal"));
        }
        if self.each && matches!(on_busy, Busy::Restart | Busy::Signal) {
            return Err(Failure::usage(
                "--each runs keys one after the other, --on-busy restart or signal would not let it",
            ));
        }
        if self.handler_timeout == Some(Duration::ZERO) {
            return Err(Failure::usage(
                "--handler-timeout: no time at all is too little",
            ));
        }
        let default = Policies::default();
        let debounce = self.debounce.unwrap_or(default.debounce);
        if self.max_delay.is_some_and(|most| most < debounce) {
            return Err(Failure::usage("--max-delay is shorter than --debounce"));
        }
        Ok(Policies {
            debounce,
            max_delay: self.max_delay.unwrap_or(default.max_delay.max(debounce)),
            splay: self.splay.unwrap_or(default.splay),
            on_busy: match on_busy {
                Busy::Queue => OnBusy::Queue,
                Busy::Restart => OnBusy::Restart,
                Busy::Signal => OnBusy::Signal(self.signal.unwrap_or(Signal::HUP)),
                Busy::Drop => OnBusy::Drop,
            },
            on_fail: match self.on_fail {
                Some(Fail::Continue) | None => OnFail::Continue,
                Some(Fail::Retry) => OnFail::Retry,
                Some(Fail::Exit) => OnFail::Exit,
                Some(Fail::Ignore) => OnFail::Ignore,
            },
            on_exit: default.on_exit,
            min_interval: default.min_interval,
            linger: default.linger,
            timeout: self.handler_timeout,
            stop_signal: self.stop_signal.unwrap_or(default.stop_signal),
            stop_timeout: self.stop_timeout.unwrap_or(default.stop_timeout),
            each: self.each,
            locks,
        })
    }
}

fn is_blank(line: &OsString) -> bool {
    line.to_str().is_some_and(|line| line.trim().is_empty())
}

fn split_route(route: &str) -> Result<(&str, &str), Failure> {
    let parts = route.split_once('=');
    parts
        .filter(|(glob, line)| !glob.is_empty() && !line.trim().is_empty())
        .ok_or_else(|| Failure::usage(format!("--route: expected GLOB=CMD, got '{route}'")))
}

type Variables = (Vec<(OsString, OsString)>, Vec<OsString>);

/// The connection as variables, whether it came from flags or from the environment: what to set,
/// and what to withhold first. An address is passed on without its user and password.
fn connection(config: &Config, pass_token: bool) -> Variables {
    let names = ["CONSUL_HTTP_ADDR", "CONSUL_NAMESPACE", "CONSUL_PARTITION"];
    let withhold = names
        .iter()
        .chain(&CREDENTIALS)
        .chain(&SERVICE)
        .map(OsString::from);
    let mut set: Vec<(OsString, OsString)> = Vec::new();
    let mut put = |name: &str, value: Option<OsString>| {
        set.extend(value.map(|value| (name.into(), value)));
    };
    put("CONSUL_HTTP_ADDR", Some(config.address.to_string().into()));
    put(
        "CONSUL_NAMESPACE",
        config.namespace.as_ref().map(OsString::from),
    );
    put(
        "CONSUL_PARTITION",
        config.partition.as_ref().map(OsString::from),
    );
    if pass_token {
        match &config.token {
            Some(TokenSource::Literal(token)) => {
                put("CONSUL_HTTP_TOKEN", Some(token.expose().into()));
            }
            Some(TokenSource::File(path)) => put("CONSUL_HTTP_TOKEN_FILE", Some(path.into())),
            None => {}
        }
        let pair = config.basic_auth.as_ref();
        let pair = pair.map(|(user, password)| format!("{user}:{}", password.expose()).into());
        put("CONSUL_HTTP_AUTH", pair);
    }
    (set, withhold.collect())
}

#[cfg(test)]
mod tests;
