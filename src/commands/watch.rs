//! `kvw watch`

#[cfg(feature = "live")]
mod live;
mod observers;
mod state;

use std::time::{Duration, Instant};

use clap::Args;

use self::observers::ObserverArgs;
use self::state::StateArgs;
use crate::args::blocking::BlockingArgs;
use crate::args::choice::{long_help, short_help};
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::duration::duration;
use crate::args::handler::{HandlerArgs, Handlers};
use crate::args::key::KeyArgs;
use crate::args::program::guard;
use crate::atomic_file::is_same_file;
use crate::consul::{Client, Config};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::fetch::{WalkLimits, fetcher_for};
use crate::handlers::{Handler, StdinFormat};
#[cfg(feature = "live")]
use crate::live::LiveSetup;
use crate::model::{Filter, Glob, Target, TargetId, TargetScope};
use crate::process::{ProcessGroups, Stdout};
use crate::state_file::StateFile;
use crate::term::{Ui, on_closed_stdout};
use crate::watch::{Engine, Initial, Plan, PollerConfig, Route, Routes, SharedWait};

/// Print changes as they happen, or run a handler on them
///
/// A target that ends in / is a prefix, any other one a key. Runs until stopped. A change is a
/// difference in value or flags: identical writes, restores and outages without a difference are
/// none. Changes during an outage or, with --state, between two runs are reported afterwards.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = include_str!("../args/topics/handlers.txt"))]
pub struct WatchArgs {
    /// Prefix to watch if it ends in /, else a key; repeatable
    #[arg(
        value_name = "TARGET",
        required_unless_present_any = ["prefix", "key"],
        add = complete::live_keys()
    )]
    targets: Vec<String>,

    /// Watch all keys that start with P, which need not end in /; '' for all; repeatable
    #[arg(
        long,
        value_name = "P",
        hide_short_help = true,
        add = complete::live_keys()
    )]
    prefix: Vec<String>,

    /// Watch key K, which may end in /; repeatable
    #[arg(
        long,
        value_name = "K",
        hide_short_help = true,
        add = complete::live_keys()
    )]
    key: Vec<String>,

    #[command(flatten)]
    key_args: KeyArgs,

    /// Report only keys that match GLOB in full; repeatable
    ///
    /// A glob matches the whole key: * stops at /, ** does not. So '**/host' is every key named host.
    #[arg(long, value_name = "GLOB", value_parser = Glob::new, help_heading = "Filters")]
    include: Vec<Glob>,

    /// Do not report keys that match GLOB in full; repeatable
    ///
    /// A glob matches the whole key, as with --include, over which it takes precedence.
    #[arg(long, value_name = "GLOB", value_parser = Glob::new, help_heading = "Filters")]
    exclude: Vec<Glob>,

    /// Report acquired and released locks as changes
    #[arg(long, help_heading = "Filters", hide_short_help = true)]
    locks: bool,

    #[arg(
        long,
        value_name = "MODE",
        help_heading = "Filters",
        hide_possible_values = true,
        help = short_help::<Initial>("Existing keys at startup", None),
        long_help = long_help::<Initial>(
            "Existing keys at startup [default: if-changed with --state, else run with a handler \
             and skip without]",
            None
        )
    )]
    initial: Option<Initial>,

    #[command(flatten)]
    handler: HandlerArgs,

    /// Exit after one batch of changes; the initial one counts
    #[arg(long, conflicts_with = "count", help_heading = "Stopping")]
    once: bool,

    /// Exit after N batches
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Stopping",
        hide_short_help = true
    )]
    count: Option<u64>,

    /// Exit after this time; 0 checks once
    ///
    /// With --once or --count, exits with 1 if there were too few batches until then. With 0, as with
    /// --once, the handler's status is passed on, unless --on-fail ignore.
    #[arg(
        long = "for",
        value_name = "TIME",
        value_parser = duration,
        help_heading = "Stopping"
    )]
    time: Option<Duration>,

    /// For tests: the number of keys from which a prefix is walked
    #[arg(long, value_name = "KEYS", hide = true)]
    walk_from: Option<usize>,

    /// Exit after an outage of this length: with 3, or 4 for lost permissions [default: never]
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        help_heading = "Stopping",
        hide_short_help = true
    )]
    max_outage: Option<Duration>,

    #[command(flatten)]
    state: StateArgs,

    #[command(flatten)]
    observers: ObserverArgs,

    #[command(flatten)]
    blocking: BlockingArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

const EXAMPLES: &str = "\
Examples:
  kvw watch config/                             # print changes
  kvw watch config/ -o jsonl | jq -r .key       # for programs
  kvw watch config/ --state s -- ./reload.sh    # run, across restarts";

/// Runs the verb.
pub fn run(ctx: &Context, args: &WatchArgs) -> anyhow::Result<Exit> {
    let targets = args.targets()?;
    let config = args.connect.config(&ctx.env)?;
    let config = PollerConfig::client_config(config, targets.len());
    let mut handlers = args.handlers(&ctx.ui, &config, &targets)?;
    args.check_files()?;
    args.observers.check(args.handler.is_given())?;
    args.observers.check_terminal(&ctx.ui)?;
    let client = ctx.connect(config)?;
    // The command line is valid, and so are the files that it names: only now are files created and processes
    // started.
    let config = client.config();
    let opened = args.state.open(&targets, config, args.locks())?;
    let addresses: Vec<_> = config
        .endpoints()
        .map(|endpoint| endpoint.address.to_string())
        .collect();
    handlers.follow(&client);
    let groups = ProcessGroups::new();
    if !handlers.routes.is_empty() {
        guard(&ctx.ui, &groups, "handlers");
        if handlers.withheld {
            ctx.ui.status(
                "the Consul credentials are withheld from the handler; --pass-token passes them",
            );
        }
    }
    for warning in opened.iter().flat_map(|opened| &opened.warnings) {
        ctx.ui.warn(warning);
    }
    let fresh = opened.as_ref().is_none_or(|opened| opened.new);
    let state_file = opened.map(|opened| opened.state_file);
    let until = args.time.filter(|time| !time.is_zero());
    let until = until.and_then(|time| Instant::now().checked_add(time));
    let wait = SharedWait::new(args.blocking.wait, until);
    let pollers = targets
        .iter()
        .map(|target| args.poller(&client, target, wait.clone(), state_file.as_ref()))
        .collect();
    let prints =
        args.observers.prints() || (handlers.routes.is_empty() && !args.observers.is_live());
    let observers = args
        .observers
        .observers(&ctx.ui, &targets, &handlers, &addresses)?;
    #[cfg(feature = "live")]
    let live = args.observers.is_live().then(|| live::Live {
        client: client.clone(),
        setup: args.live_setup(&ctx.ui, &targets, &handlers, addresses),
    });
    let routes = handlers.routes.into_iter();
    let routes = routes.map(|route| Route {
        glob: route.glob,
        target: route.target,
        handler: Handler::new(route.handler, groups.clone()),
    });
    #[cfg_attr(not(feature = "live"), allow(unused_mut))]
    let mut engine = Engine::new(
        args.plan(targets, fresh),
        Routes::new(routes.collect()),
        groups,
        state_file,
        observers,
    );
    if prints {
        on_closed_stdout(engine.waker());
    }
    #[cfg(feature = "live")]
    if let Some(live) = live {
        live.attach(&ctx.ui, &mut engine)?;
    }
    engine.run(pollers)
}

impl WatchArgs {
    /// Whether a taken or released lock is a change: it is one for `consul watch`.
    fn locks(&self) -> bool {
        self.locks || self.handler.stdin() == StdinFormat::Consul
    }

    /// Refuses one file for two purposes.
    fn check_files(&self) -> Result<(), Failure> {
        match (self.state.path(), self.observers.status_file()) {
            (Some(state), Some(status)) if is_same_file(state, status) => {
                let message = format!(
                    "--state and --status-file lead to the same file: {}",
                    state.display()
                );
                Err(Failure::usage(message).hint("give each of them a file of its own"))
            }
            _ => Ok(()),
        }
    }

    fn targets(&self) -> Result<Vec<Target>, Failure> {
        self.handler
            .check_targets(&self.targets_of_flags(), &self.targets)?;
        let key = |text: &String| self.key_args.key(text).map(TargetScope::Key);
        let prefix = |text: &String| self.key_args.prefix(text).map(TargetScope::Prefix);
        let typed =
            self.targets.iter().map(|text| match text.as_str() {
                "" => Err(Failure::usage("a key cannot be empty")
                    .hint("to watch all keys, use --prefix ''")),
                folder if folder.ends_with('/') => prefix(text),
                _ => key(text),
            });
        let all = typed
            .chain(self.prefix.iter().map(prefix))
            .chain(self.key.iter().map(key));
        let mut targets: Vec<Target> = Vec::new();
        for scope in all {
            let scope = scope?;
            // A repeated target is one target.
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

    /// Returns the targets of `--prefix` and `--key` as they are typed without these flags, where they
    /// can be.
    fn targets_of_flags(&self) -> Vec<String> {
        let typed = |flag: &str, text: &String, as_target: bool| match as_target {
            true => text.clone(),
            false => format!("{flag}={text}"),
        };
        let prefixes = self.prefix.iter();
        let prefixes = prefixes.map(|text| typed("--prefix", text, text.ends_with('/')));
        let keys = self.key.iter();
        let keys = keys.map(|text| typed("--key", text, !text.ends_with('/')));
        prefixes.chain(keys).collect()
    }

    fn handlers(&self, ui: &Ui, config: &Config, targets: &[Target]) -> Result<Handlers, Failure> {
        if self.state.is_given() && self.handler.drops() {
            return Err(Failure::usage(
                "--on-busy drop discards changes, and --state must not lose any",
            ));
        }
        // With -o, stdout is for the changes.
        let stdout = match (self.observers.is_live(), ui.err_is_terminal()) {
            (true, true) => Stdout::Nowhere,
            (true, false) => Stdout::Stderr,
            (false, _) if self.observers.prints() => Stdout::Stderr,
            (false, _) => Stdout::Inherit,
        };
        self.handler.handlers(config, targets, stdout, self.locks())
    }

    #[cfg(feature = "live")]
    fn live_setup(
        &self,
        ui: &Ui,
        targets: &[Target],
        handlers: &Handlers,
        addresses: Vec<String>,
    ) -> LiveSetup {
        LiveSetup {
            targets: targets.to_vec(),
            filter: self.filter(),
            addresses,
            routes: observers::route_names(targets, handlers),
            reports_existing: self.initial() == Initial::Run,
            time: self.observers.time_format(true),
            color: ui.style().color,
        }
    }

    fn filter(&self) -> Filter {
        Filter {
            include: self.include.clone(),
            exclude: self.exclude.clone(),
        }
    }

    fn poller(
        &self,
        client: &Client,
        target: &Target,
        wait: SharedWait,
        state_file: Option<&StateFile>,
    ) -> PollerConfig {
        let mut poller = PollerConfig::new(client, target.clone(), wait);
        if let Some(keys) = self.walk_from {
            poller.fetch = fetcher_for(client, &target.scope, WalkLimits::from_keys(keys));
        }
        if let Some(state_file) = state_file {
            poller.known = state_file.at_start(target.id);
        }
        poller
    }

    fn initial(&self) -> Initial {
        let default = if self.state.is_given() {
            Initial::IfChanged
        } else if self.handler.is_given() {
            Initial::Run
        } else {
            Initial::Skip
        };
        self.initial.unwrap_or(default)
    }

    fn plan(&self, targets: Vec<Target>, fresh: bool) -> Plan {
        Plan {
            targets,
            filter: self.filter(),
            locks: self.locks(),
            per_target: self.handler.is_per_target(),
            initial: self.initial(),
            fresh,
            count: if self.once { Some(1) } else { self.count },
            // A job of cron has to tell that something is left to be handled.
            pass_status: self.once
                || self.time == Some(Duration::ZERO) && !self.handler.ignores_failures(),
            time: self.time,
            max_outage: self.max_outage,
            max_delete: self.state.max_delete,
            accept_reset: self.state.accept_reset,
        }
    }
}
