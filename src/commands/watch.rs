//! `kvw watch`

mod observers;
mod state;

use std::cell::RefCell;
use std::time::Duration;

use clap::{Args, ValueEnum};

use self::observers::ObserverArgs;
use self::state::StateArgs;
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::duration::duration;
use crate::args::handler::{HandlerArgs, Handlers};
use crate::args::key::KeyArgs;
use crate::consul::{Client, Config};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::fetch::{WALK_CONNECTIONS, WalkLimits, fetcher_for};
use crate::handlers::{Handler, StdinFormat};
use crate::model::{Glob, Snapshot, Target, TargetId, TargetScope};
use crate::process::{ProcessGroups, Stdout, take_orphans};
use crate::state_file::StateFile;
use crate::watch::{ConsistentReader, Engine, Filter, Initial, Plan, PollerConfig, Routes};

/// How long Consul may hold an answer. A recursive delete above the target leaves no mark that a
/// held query sees; it is found when this is over.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Print changes as they happen, or run a handler on them
///
/// Runs until stopped. A change is a difference in value or flags: an identical write, a restore or
/// an outage that left everything as it was is none.
#[derive(Debug, Args)]
#[command(after_long_help = include_str!("watch/guide.txt"))]
pub struct WatchArgs {
    /// What to watch: a prefix if it ends in /, else a key; can be repeated
    #[arg(value_name = "TARGET", required_unless_present_any = ["prefix", "key"], add = complete::live_keys())]
    targets: Vec<String>,

    /// Watch all keys that begin with P, whether it ends in / or not; '' is all; can be repeated
    #[arg(long, value_name = "P")]
    prefix: Vec<String>,

    /// Watch the key K, also one that ends in /; can be repeated
    #[arg(long, value_name = "K")]
    key: Vec<String>,

    #[command(flatten)]
    keys: KeyArgs,

    /// Only keys that match GLOB: * stops at /, ** does not; can be repeated
    #[arg(long, value_name = "GLOB", value_parser = Glob::new, help_heading = "What is told")]
    include: Vec<Glob>,

    /// No keys that match GLOB, even if included; can be repeated
    #[arg(long, value_name = "GLOB", value_parser = Glob::new, help_heading = "What is told")]
    exclude: Vec<Glob>,

    /// Taking and releasing a lock is a change too
    #[arg(long, help_heading = "What is told")]
    locks: bool,

    /// What is there at the start: run tells it as created, skip says nothing, if-changed tells
    /// what differs from what was handled [default: if-changed with --state, else run with a handler
    /// and skip without]
    #[arg(
        long,
        value_name = "WHEN",
        hide_possible_values = true,
        help_heading = "What is told"
    )]
    initial: Option<InitialArg>,

    /// End after one batch of changes; the initial one counts
    #[arg(long, conflicts_with = "count", help_heading = "When it ends")]
    once: bool,

    /// End after N batches
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "When it ends"
    )]
    count: Option<u64>,

    /// End after this time; with --once or --count and too little to tell until then the exit code is 1
    #[arg(
        long = "for",
        value_name = "DURATION",
        value_parser = duration,
        help_heading = "When it ends"
    )]
    time: Option<Duration>,

    /// For tests: how long Consul may hold an answer
    #[arg(long, value_name = "DURATION", value_parser = duration, hide = true)]
    longest_wait: Option<Duration>,

    /// For tests: from how many keys on a prefix is walked
    #[arg(long, value_name = "KEYS", hide = true)]
    walk_from: Option<usize>,

    /// End when Consul cannot be seen for this long: exit 3, or 4 for lost rights [default: never]
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = duration,
        help_heading = "When it ends"
    )]
    max_outage: Option<Duration>,

    #[command(flatten)]
    observers: ObserverArgs,

    #[command(flatten)]
    memory: StateArgs,

    #[command(flatten)]
    handler: HandlerArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum InitialArg {
    Run,
    Skip,
    IfChanged,
}

/// Runs the verb.
pub fn run(ctx: &mut Context, args: &WatchArgs) -> anyhow::Result<Exit> {
    let targets = args.targets()?;
    let mut config = args.connect.config(&ctx.env)?;
    // Each target holds a connection, its proofs may need one more, and walks some. What fails is tried again
    // by the pollers, who say so.
    config.connections = targets.len() + 2 + WALK_CONNECTIONS;
    config.retry_for = Duration::ZERO;
    let handlers = args.handlers(&config, &targets)?;
    let opened = args.memory.open(&targets, &config, args.locks)?;
    let client = Client::new(config)?;
    let groups = ProcessGroups::new();
    if !handlers.routes.is_empty() {
        take_orphans();
        if let Err(error) = groups.start_guard() {
            ctx.ui.warn(format_args!(
                "no guard process could be started, kill -9 would leave handlers behind: {error}"
            ));
        }
        if handlers.withheld {
            ctx.ui.status(
                "the handler does not see the Consul credentials; --pass-token hands them over",
            );
        }
    }
    for warning in opened.iter().flat_map(|opened| &opened.warnings) {
        ctx.ui.warn(warning);
    }
    let fresh = opened.as_ref().is_none_or(|opened| opened.new);
    let state_file = opened.map(|opened| opened.state_file);
    let pollers = targets
        .iter()
        .map(|target| args.poller(&client, target, state_file.as_ref()))
        .collect();
    let ui = RefCell::new(&mut ctx.ui);
    let observers = args.observers.observers(&ui, &targets, &handlers)?;
    let routes = routes(handlers, &groups)?;
    Engine::new(
        args.plan(targets, fresh),
        routes,
        groups,
        state_file,
        observers,
    )
    .run(pollers)
}

fn routes(handlers: Handlers, groups: &std::sync::Arc<ProcessGroups>) -> anyhow::Result<Routes> {
    let mut routes = Vec::new();
    for (glob, spec) in handlers.routes {
        let glob = glob.map(|glob| Glob::new(&glob)).transpose()?;
        routes.push((glob, Handler::new(spec, groups.clone())));
    }
    Ok(Routes::new(routes))
}

impl WatchArgs {
    fn targets(&self) -> Result<Vec<Target>, Failure> {
        let key = |text: &String| self.keys.key(text).map(TargetScope::Key);
        let prefix = |text: &String| self.keys.prefix(text).map(TargetScope::Prefix);
        let typed = self.targets.iter().map(|text| match text.as_str() {
            "" => Err(Failure::usage("a key cannot be empty")
                .hint("to watch everything, write --prefix ''")),
            folder if folder.ends_with('/') => prefix(text),
            _ => key(text),
        });
        let all = typed
            .chain(self.prefix.iter().map(prefix))
            .chain(self.key.iter().map(key));
        let mut targets: Vec<Target> = Vec::new();
        for scope in all {
            let scope = scope?;
            // Twice the same is one target.
            if targets.iter().all(|target| target.scope != scope) {
                let id = u16::try_from(targets.len())
                    .map_err(|_| Failure::usage("more than 65535 targets"))?;
                targets.push(Target {
                    id: TargetId(id),
                    scope,
                });
            }
        }
        Ok(targets)
    }

    fn handlers(&self, config: &Config, targets: &[Target]) -> Result<Handlers, Failure> {
        if self.handler.stdin() == StdinFormat::Consul && targets.len() > 1 {
            return Err(Failure::usage(
                "--stdin consul gives one key or one prefix, as consul watch does; there are more",
            ));
        }
        if self.memory.is_kept() && self.handler.drops() {
            return Err(Failure::usage(
                "--on-busy drop forgets changes, and --state is to lose none",
            ));
        }
        // Where changes are printed too, stdout is theirs.
        let stdout = if self.observers.prints() {
            Stdout::Stderr
        } else {
            Stdout::Inherit
        };
        self.handler.handlers(config, stdout, self.locks)
    }

    fn poller(
        &self,
        client: &Client,
        target: &Target,
        state_file: Option<&StateFile>,
    ) -> PollerConfig {
        PollerConfig {
            fetch: fetcher_for(
                client,
                &target.scope,
                self.walk_from
                    .map_or_else(WalkLimits::default, WalkLimits::from_keys),
            ),
            prober: Box::new(ConsistentReader::new(client)),
            wait: crate::watch::SharedWait::new(self.longest_wait.unwrap_or(LONGEST_WAIT), None),
            known: state_file.map_or_else(Snapshot::default, |state| state.at_start(target.id)),
            target: target.clone(),
        }
    }

    fn initial(&self) -> Initial {
        let default = if self.memory.is_kept() {
            InitialArg::IfChanged
        } else if self.handler.is_given() {
            InitialArg::Run
        } else {
            InitialArg::Skip
        };
        match self.initial.unwrap_or(default) {
            InitialArg::Run => Initial::Run,
            InitialArg::Skip => Initial::Skip,
            InitialArg::IfChanged => Initial::IfChanged,
        }
    }

    fn plan(&self, targets: Vec<Target>, fresh: bool) -> Plan {
        Plan {
            targets,
            filter: Filter {
                include: self.include.clone(),
                exclude: self.exclude.clone(),
            },
            locks: self.locks,
            initial: self.initial(),
            fresh,
            count: if self.once { Some(1) } else { self.count },
            pass_status: self.once,
            time: self.time,
            max_outage: self.max_outage,
            max_delete: self.memory.max_delete,
            accept_reset: self.memory.accept_reset,
        }
    }
}
