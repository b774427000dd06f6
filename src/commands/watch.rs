//! `kvw watch`

use std::cell::RefCell;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::args::connect::ConnectArgs;
use crate::args::duration::duration;
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::consul::Client;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{Snapshot, TargetId};
use crate::observers::{Jsonl, Notices, Text};
use crate::output::Format;
use crate::watch::{
    Consistent, Engine, Filter, Glob, Initial, Observer, Plain, Plan, Poller, Target, What,
};

/// How long Consul may hold an answer. A recursive delete above the target leaves no mark that a
/// held query sees; it is found when this is over.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Print changes as they happen, or run a handler on them
///
/// Runs until stopped. A change is a difference in value or flags: an identical write, a restore or
/// an outage that left everything as it was is none.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// What to watch: a prefix if it ends in /, else a key; can be repeated
    #[arg(value_name = "TARGET", required_unless_present_any = ["prefix", "key"])]
    targets: Vec<String>,

    /// Watch all keys that begin with P, whether it ends in / or not; '' is all; can be repeated
    #[arg(long, value_name = "P")]
    prefix: Vec<String>,

    /// Watch the key K, also one that ends in /; can be repeated
    #[arg(long, value_name = "K")]
    key: Vec<String>,

    #[command(flatten)]
    keys: KeyArgs,

    /// Print changes as text or jsonl [default: text]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Jsonl]),
        hide_possible_values = true,
        help_heading = "What is told"
    )]
    output: Option<Format>,

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
    /// what differs from what was handled [default: run with a handler, else skip]
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

    /// End after this time; with --once and nothing to tell until then the exit code is 1
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
pub fn run(ctx: &mut Context, args: WatchArgs) -> anyhow::Result<Exit> {
    let targets = args.targets()?;
    let client = args.client(ctx, targets.len())?;
    let pollers = targets
        .iter()
        .map(|target| args.poller(&client, target))
        .collect();
    let ui = RefCell::new(&mut ctx.ui);
    let observers = args.observers(&ui, &targets);
    Engine::new(args.plan(targets), observers).run(pollers)
}

impl WatchArgs {
    fn targets(&self) -> Result<Vec<Target>, Failure> {
        let key = |text: &String| self.keys.key(text).map(What::Key);
        let prefix = |text: &String| self.keys.prefix(text).map(What::Prefix);
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
        for what in all {
            let what = what?;
            // Twice the same is one target.
            if targets.iter().all(|target| target.what != what) {
                let id = u16::try_from(targets.len())
                    .map_err(|_| Failure::usage("more than 65535 targets"))?;
                targets.push(Target {
                    id: TargetId(id),
                    what,
                });
            }
        }
        Ok(targets)
    }

    /// Each target holds a connection, and its proofs may need one more. What fails is tried again
    /// by the pollers, who say so.
    fn client(&self, ctx: &Context, targets: usize) -> anyhow::Result<Client> {
        let mut config = self.connect.config(&ctx.env)?;
        config.connections = targets + 2;
        config.retry_for = Duration::ZERO;
        Ok(Client::new(config)?)
    }

    fn poller(&self, client: &Client, target: &Target) -> Poller {
        Poller {
            look: Box::new(Plain::new(client.clone(), target.what.clone())),
            probe: Box::new(Consistent::new(client)),
            wait: self.longest_wait.unwrap_or(LONGEST_WAIT),
            known: Snapshot::default(),
            target: target.clone(),
        }
    }

    fn observers<'a, 'u>(
        &self,
        ui: &'a RefCell<&'u mut crate::term::Ui>,
        targets: &[Target],
    ) -> Vec<Box<dyn Observer + 'a>> {
        let names = targets.iter().map(|target| target.name().to_owned());
        let told: Box<dyn Observer + 'a> = match self.output {
            Some(Format::Jsonl) => Box::new(Jsonl::new(ui, names.collect())),
            _ => Box::new(Text::new(ui)),
        };
        vec![Box::new(Notices::new(ui, targets.to_vec())), told]
    }

    fn plan(&self, targets: Vec<Target>) -> Plan {
        Plan {
            targets,
            filter: Filter {
                include: self.include.clone(),
                exclude: self.exclude.clone(),
                routes: Vec::new(),
            },
            locks: self.locks,
            initial: match self.initial {
                Some(InitialArg::Run) => Initial::Run,
                Some(InitialArg::IfChanged) => Initial::IfChanged,
                Some(InitialArg::Skip) | None => Initial::Skip,
            },
            count: if self.once { Some(1) } else { self.count },
            time: self.time,
            max_delete: None,
        }
    }
}
