//! `kvw wait`

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use clap::Args;

use crate::args::connect::ConnectArgs;
use crate::args::duration::duration;
use crate::args::key::KeyArgs;
use crate::args::output::formats;
use crate::consul::Client;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::fetch::{WalkLimits, fetcher_for};
use crate::model::{
    Condition, ConditionSet, Entry, Index, Key, Predicate, Regex, Snapshot, Target, TargetId,
    TargetScope,
};
use crate::observers::Warnings;
use crate::output::{Format, wait};
use crate::process::ProcessGroups;
use crate::term::Ui;
use crate::watch::{
    ConsistentReader, Engine, Event, Flow, Initial, Observer, OutageKind, Plan, PollerConfig,
    Routes,
};

/// How long Consul may hold an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Wait until keys are as they should be
///
/// All conditions must hold at once, or one with --any. Asks Consul to answer when something
/// changes, and does not poll. Exits 0 when they hold and 1 when time is up.
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// Keys that must exist
    #[arg(
        value_name = "KEY",
        required_unless_present_any = ["absent", "equals", "not_equals", "matches", "changed_since"]
    )]
    keys: Vec<String>,

    /// KEY must not exist; can be repeated
    #[arg(long, value_name = "KEY")]
    absent: Vec<String>,

    /// KEY must have exactly this value; can be repeated
    #[arg(long, num_args = 2, value_names = ["KEY", "VALUE"], allow_hyphen_values = true)]
    equals: Vec<String>,

    /// KEY must have another value than this, or none; can be repeated
    #[arg(long, num_args = 2, value_names = ["KEY", "VALUE"], allow_hyphen_values = true)]
    not_equals: Vec<String>,

    /// KEY must have a value in which REGEX is found; can be repeated
    #[arg(long, num_args = 2, value_names = ["KEY", "REGEX"], allow_hyphen_values = true)]
    matches: Vec<String>,

    /// KEY must be written after this modify index, or deleted if that is not 0; can be repeated
    #[arg(long, num_args = 2, value_names = ["KEY", "INDEX"])]
    changed_since: Vec<String>,

    /// One condition is enough
    #[arg(long)]
    any: bool,

    /// Give up after this time; 0 is one look [default: never]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,

    /// Print the entries of the keys that exist, as text or json, or in json what does not hold
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json]),
        hide_possible_values = true
    )]
    output: Option<Format>,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &mut Context, args: WaitArgs) -> anyhow::Result<Exit> {
    let conditions = args.conditions()?;
    let keys: Vec<Key> = conditions.keys().into_iter().cloned().collect();
    let targets = targets(&keys)?;
    let client = args.client(ctx, targets.len())?;
    let pollers = targets
        .iter()
        .map(|target| poller(&client, target))
        .collect();
    ctx.ui.status(format_args!("waiting for {conditions}"));
    let seen = RefCell::new(ConditionState::new(conditions, keys, args.timeout));
    let ui = RefCell::new(&mut ctx.ui);
    let observers: Vec<Box<dyn Observer + '_>> = vec![
        Box::new(Warnings::new(&ui, targets.clone())),
        Box::new(Waiting(&seen)),
    ];
    let watch = Engine::new(
        plan(targets),
        Routes::default(),
        ProcessGroups::new(),
        None,
        observers,
    );
    let exit = watch.run(pollers)?;
    seen.into_inner().answer(exit, &args, &mut ctx.ui)
}

impl WaitArgs {
    fn conditions(&self) -> Result<ConditionSet, Failure> {
        let mut conditions = Vec::new();
        let mut add = |key: &str, predicate| -> Result<(), Failure> {
            let key = self.key.key(key)?;
            conditions.push(Condition { key, predicate });
            Ok(())
        };
        for key in &self.keys {
            add(key, Predicate::Exists)?;
        }
        for key in &self.absent {
            add(key, Predicate::Absent)?;
        }
        for pair in self.equals.chunks_exact(2) {
            add(&pair[0], Predicate::Equals(pair[1].clone().into_bytes()))?;
        }
        for pair in self.not_equals.chunks_exact(2) {
            add(&pair[0], Predicate::NotEquals(pair[1].clone().into_bytes()))?;
        }
        for pair in self.matches.chunks_exact(2) {
            add(&pair[0], Predicate::Matches(regex(&pair[1])?))?;
        }
        for pair in self.changed_since.chunks_exact(2) {
            add(&pair[0], Predicate::ChangedSince(index(&pair[1])?))?;
        }
        Ok(ConditionSet::new(conditions, self.any))
    }

    /// Each key holds a connection. What fails is tried again by the pollers, who say so.
    fn client(&self, ctx: &Context, keys: usize) -> anyhow::Result<Client> {
        let mut config = self.connect.config(&ctx.env)?;
        config.connections = keys + 2;
        config.retry_for = Duration::ZERO;
        Ok(Client::new(config)?)
    }
}

fn regex(text: &str) -> Result<Regex, Failure> {
    Regex::new(text)
        .map_err(|what| Failure::usage(format!("'{text}' is no regular expression: {what}")))
}

fn index(text: &str) -> Result<Index, Failure> {
    let number = text.parse().map(Index);
    number.map_err(|_| Failure::usage(format!("'{text}' is no index")))
}

fn targets(keys: &[Key]) -> Result<Vec<Target>, Failure> {
    let numbered = keys.iter().enumerate().map(|(at, key)| {
        let id = u16::try_from(at).map_err(|_| Failure::usage("more than 65535 keys"))?;
        Ok(Target {
            id: TargetId(id),
            scope: TargetScope::Key(key.clone()),
        })
    });
    numbered.collect()
}

fn poller(client: &Client, target: &Target) -> PollerConfig {
    PollerConfig {
        fetch: fetcher_for(client, &target.scope, WalkLimits::default()),
        prober: Box::new(ConsistentReader::new(client)),
        wait: crate::watch::SharedWait::new(LONGEST_WAIT, None),
        known: Snapshot::default(),
        target: target.clone(),
    }
}

/// The plan of a watch that reports everything, entries that already exist included.
fn plan(targets: Vec<Target>) -> Plan {
    Plan {
        locks: true,
        initial: Initial::Run,
        ..Plan::new(targets)
    }
}

/// The keys as they are, as far as they were seen.
struct ConditionState {
    conditions: ConditionSet,
    keys: Vec<Key>,
    entries: HashMap<Key, Option<Entry>>,
    started: Instant,
    timeout: Option<Duration>,
    outages: BTreeSet<OutageKind>,
}

impl ConditionState {
    fn new(conditions: ConditionSet, keys: Vec<Key>, timeout: Option<Duration>) -> Self {
        ConditionState {
            conditions,
            keys,
            entries: HashMap::new(),
            started: Instant::now(),
            timeout,
            outages: BTreeSet::new(),
        }
    }

    fn unmet(&self) -> Vec<String> {
        let entry = |key: &Key| self.entries.get(key).map(Option::as_ref);
        self.conditions.unmet(entry)
    }

    /// Takes note of an event.
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Synced(account) => {
                let key = self.keys[usize::from(account.target.0)].clone();
                self.entries.insert(key, None);
            }
            Event::Changed(changes) => {
                for change in *changes {
                    let key = self.keys[usize::from(change.target.0)].clone();
                    self.entries.insert(key, change.after.clone());
                }
            }
            Event::Outage(_, trouble) => {
                self.outages.insert(trouble.kind());
            }
            Event::Recovered(kind, _) => {
                self.outages.remove(kind);
            }
            _ => {}
        }
    }

    /// Whether there was an answer, or an outage, for every key.
    fn is_complete(&self) -> bool {
        !self.outages.is_empty() || self.entries.len() == self.keys.len()
    }

    /// How the wait ends that did not reach its conditions: while a key cannot be seen nobody knows
    /// whether the answer is no.
    fn no(&self) -> Exit {
        let exits = [
            (OutageKind::Rights, Exit::Denied),
            (OutageKind::Consul, Exit::Unavailable),
        ];
        let hidden = exits.iter().find(|(kind, _)| self.outages.contains(kind));
        hidden.map_or(Exit::No, |(_, exit)| *exit)
    }

    /// What the user is told in the end.
    fn answer(self, exit: Exit, args: &WaitArgs, ui: &mut Ui) -> anyhow::Result<Exit> {
        let unmet = self.unmet();
        match exit {
            Exit::Yes => {
                let found = self
                    .keys
                    .iter()
                    .filter_map(|key| self.entries.get(key)?.as_ref());
                if let Some(format) = args.output {
                    wait::write_met(ui, found, format)?;
                }
            }
            Exit::No => {
                if args.output == Some(Format::Json) {
                    wait::write_unmet(ui, &unmet)?;
                }
                ui.error(format_args!("time is up: {}", unmet.join(", ")));
            }
            Exit::Unavailable | Exit::Denied => {
                ui.error(format_args!(
                    "time is up, and nobody knows: {}",
                    unmet.join(", ")
                ));
            }
            _ => {}
        }
        Ok(exit)
    }
}

/// Ends the watch when the conditions is reached or time is up.
struct Waiting<'a>(&'a RefCell<ConditionState>);

impl Observer for Waiting<'_> {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        let mut seen = self.0.borrow_mut();
        seen.take(event);
        // What is there is told right after these: until then the key counts as missing.
        match event {
            Event::Synced(account) if account.keys > 0 => return Ok(Flow::Continue),
            Event::Answered(_) => return Ok(Flow::Continue),
            _ => {}
        }
        let one_look = seen.timeout == Some(Duration::ZERO);
        Ok(if seen.unmet().is_empty() {
            Flow::Stop(Exit::Yes)
        } else if one_look && seen.is_complete() {
            Flow::Stop(seen.no())
        } else {
            Flow::Continue
        })
    }

    fn tick(&mut self, _now: Instant) -> anyhow::Result<Flow> {
        Ok(Flow::Stop(self.0.borrow().no()))
    }

    fn deadline(&self) -> Option<Instant> {
        let seen = self.0.borrow();
        let timeout = seen.timeout.filter(|timeout| !timeout.is_zero())?;
        seen.started.checked_add(timeout)
    }
}
