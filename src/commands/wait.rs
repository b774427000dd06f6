//! `kvw wait`

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use clap::Args;

use crate::args::blocking::BlockingArgs;
use crate::args::complete;
use crate::args::connect::ConnectArgs;
use crate::args::duration::duration;
use crate::args::key::KeyArgs;
use crate::args::nearby::keys_below_hint;
use crate::args::output::formats;
use crate::consul::Client;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{
    Condition, ConditionSet, Entry, Index, Key, Predicate, Regex, Target, TargetId, TargetScope,
    abbreviate,
};
use crate::observers::Warnings;
use crate::output::{Format, wait};
use crate::process::ProcessGroups;
use crate::term::Ui;
use crate::watch::{
    Engine, Event, Flow, Initial, Observer, OutageKind, Plan, PollerConfig, Routes, SharedWait,
};

/// Wait until conditions on keys hold
///
/// All conditions must hold at the same time, or one of them with --any. KEY=VALUE may also be two
/// words, KEY VALUE, where VALUE is no flag. Uses blocking queries and does not poll. Exits with 0 when
/// the conditions hold, and with 1 after --timeout.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw wait app/ready                          # until the key exists
  kvw wait app/ready --timeout 2m
  kvw wait --equals app/version=2 --absent app/lock
  kvw wait --changed-since app/version=17 -o json")]
pub struct WaitArgs {
    /// Keys that must exist
    #[arg(
        value_name = "KEY",
        add = complete::live_keys(),
        required_unless_present_any = ["absent", "equals", "not_equals", "matches", "changed_since"]
    )]
    keys: Vec<String>,

    /// KEY must not exist; repeatable
    #[arg(
        long,
        value_name = "KEY",
        help_heading = "Conditions",
        add = complete::live_keys()
    )]
    absent: Vec<String>,

    /// The value of KEY must equal VALUE; repeatable
    #[arg(
        long,
        value_name = "KEY=VALUE",
        value_parser = assignment,
        add = complete::live_keys_of_conditions(),
        help_heading = "Conditions"
    )]
    equals: Vec<(String, String)>,

    /// KEY must not exist or have another value; repeatable
    #[arg(
        long,
        value_name = "KEY=VALUE",
        value_parser = assignment,
        add = complete::live_keys_of_conditions(),
        help_heading = "Conditions"
    )]
    not_equals: Vec<(String, String)>,

    /// The value of KEY must match REGEX; repeatable
    ///
    /// In the syntax of Rust's regex crate, without classes of Unicode properties such as \p{Greek}.
    #[arg(
        long,
        value_name = "KEY=REGEX",
        value_parser = assignment,
        add = complete::live_keys_of_conditions(),
        help_heading = "Conditions"
    )]
    matches: Vec<(String, String)>,

    /// KEY must be written after INDEX; repeatable
    ///
    /// Unless INDEX is 0, a deleted key meets the condition too.
    #[arg(
        long,
        value_name = "KEY=INDEX",
        value_parser = assignment,
        add = complete::live_keys_of_conditions(),
        help_heading = "Conditions"
    )]
    changed_since: Vec<(String, String)>,

    /// Wait for one of the conditions instead of all
    #[arg(long, help_heading = "Conditions")]
    any: bool,

    /// Give up after this time; 0 checks once [default: wait forever]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,

    /// Print the entries of the keys; json also prints the unmet conditions
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json])
    )]
    output: Option<Format>,

    #[command(flatten)]
    key_args: KeyArgs,

    #[command(flatten)]
    blocking: BlockingArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the verb.
pub fn run(ctx: &Context, args: WaitArgs) -> anyhow::Result<Exit> {
    let conditions = args.conditions()?;
    let keys: Vec<Key> = conditions.keys().into_iter().cloned().collect();
    let targets = targets(&keys)?;
    let client = args.client(ctx, targets.len())?;
    let until = args
        .timeout
        .and_then(|time| Instant::now().checked_add(time));
    let wait = SharedWait::new(args.blocking.wait, until);
    let pollers = targets
        .iter()
        .map(|target| PollerConfig::new(&client, target.clone(), wait.clone()))
        .collect();
    ctx.ui.status(format_args!("waiting for {conditions}"));
    for key in keys.iter().filter(|key| key.is_folder()) {
        if let Some(hint) = keys_below_hint(&ctx.ui, &client, key.as_str(), "kvw watch --once") {
            ctx.ui.hint(hint);
        }
    }
    let state = RefCell::new(ConditionState::new(conditions, keys, args.timeout));
    let observers: Vec<Box<dyn Observer + '_>> = vec![
        Box::new(Warnings::new(&ctx.ui, targets.clone())),
        Box::new(ConditionObserver(&state)),
    ];
    let watch = Engine::new(
        plan(targets),
        Routes::default(),
        ProcessGroups::new(),
        None,
        observers,
    );
    let exit = watch.run(pollers)?;
    state.into_inner().report(exit, &args, &ctx.ui)
}

impl WaitArgs {
    fn conditions(&self) -> Result<ConditionSet, Failure> {
        let mut conditions = Vec::new();
        let mut add = |key: &str, predicate| -> Result<(), Failure> {
            let key = self.key_args.key(key)?;
            conditions.push(Condition { key, predicate });
            Ok(())
        };
        for key in &self.keys {
            add(key, Predicate::Exists)?;
        }
        for key in &self.absent {
            add(key, Predicate::Absent)?;
        }
        for (key, text) in &self.equals {
            add(key, Predicate::Equals(text.clone().into_bytes()))?;
        }
        for (key, text) in &self.not_equals {
            add(key, Predicate::NotEquals(text.clone().into_bytes()))?;
        }
        for (key, text) in &self.matches {
            add(key, Predicate::Matches(parse_regex(text)?))?;
        }
        for (key, text) in &self.changed_since {
            add(key, Predicate::ChangedSince(parse_index(text)?))?;
        }
        Ok(ConditionSet::new(conditions, self.any))
    }

    fn client(&self, ctx: &Context, keys: usize) -> anyhow::Result<Client> {
        let config = self.connect.config(&ctx.env)?;
        ctx.connect(PollerConfig::client_config(config, keys))
    }
}

/// Parses the conditions of a command line, for fuzzing.
#[cfg(any(test, fuzzing))]
pub fn conditions<'a>(args: impl IntoIterator<Item = &'a str>) -> Option<ConditionSet> {
    let command = WaitArgs::augment_args(clap::Command::new("wait").no_binary_name(true));
    let matches = command.try_get_matches_from(args).ok()?;
    let args = <WaitArgs as clap::FromArgMatches>::from_arg_matches(&matches).ok()?;
    args.conditions().ok()
}

/// Parses KEY=VALUE, where KEY holds no `=`.
fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("what follows KEY is missing")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn parse_regex(text: &str) -> Result<Regex, Failure> {
    Regex::new(text)
        .map_err(|what| Failure::usage(format!("'{text}' is not a regular expression: {what}")))
}

fn parse_index(text: &str) -> Result<Index, Failure> {
    let number = text.parse().map(Index);
    number.map_err(|_| Failure::usage(format!("'{text}' is not an index")))
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

/// The plan of a watch that reports everything, including existing keys.
fn plan(targets: Vec<Target>) -> Plan {
    Plan {
        locks: true,
        initial: Initial::Run,
        ..Plan::new(targets)
    }
}

/// The conditions and the current entries of their keys.
struct ConditionState {
    conditions: ConditionSet,
    keys: Vec<Key>,
    /// The keys that were read so far.
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

    fn update(&mut self, event: &Event<'_>) {
        match event {
            Event::Synced(summary) => {
                let key = self.keys[usize::from(summary.target.0)].clone();
                self.entries.insert(key, None);
            }
            Event::Changed(changes) => {
                for change in *changes {
                    let key = self.keys[usize::from(change.target.0)].clone();
                    self.entries.insert(key, change.after.clone());
                }
            }
            Event::Outage(_, cause) => {
                self.outages.insert(cause.kind());
            }
            Event::Recovered(kind, _) => {
                self.outages.remove(kind);
            }
            _ => {}
        }
    }

    /// Whether every key was read, or there is an outage.
    fn is_complete(&self) -> bool {
        !self.outages.is_empty() || self.entries.len() == self.keys.len()
    }

    /// Returns the exit when time is up: in an outage it is unknown whether the conditions hold.
    fn exit_when_timed_out(&self) -> Exit {
        if self.outages.contains(&OutageKind::Rights) {
            Exit::Denied
        } else if [OutageKind::Consul, OutageKind::Tls]
            .iter()
            .any(|kind| self.outages.contains(kind))
        {
            Exit::Unavailable
        } else {
            Exit::No
        }
    }

    /// Prints the result.
    fn report(self, exit: Exit, args: &WaitArgs, ui: &Ui) -> anyhow::Result<Exit> {
        let unmet = self.unmet();
        let shown: Vec<_> = unmet.iter().map(|text| abbreviate(text)).collect();
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
                if let Some(format) = args.output {
                    wait::write_unmet(ui, &unmet, format)?;
                }
                ui.error(format_args!("timed out: {}", shown.join(", ")));
            }
            Exit::Unavailable | Exit::Denied => {
                ui.error(format_args!(
                    "timed out; could not read all keys: {}",
                    shown.join(", ")
                ));
            }
            _ => {}
        }
        Ok(exit)
    }
}

/// An observer that ends the watch when the conditions hold or time is up.
struct ConditionObserver<'a>(&'a RefCell<ConditionState>);

impl Observer for ConditionObserver<'_> {
    fn event(&mut self, event: &Event<'_>, _now: Instant) -> anyhow::Result<Flow> {
        let mut state = self.0.borrow_mut();
        state.update(event);
        // The existing entry is reported after these events; until then the key counts as missing.
        match event {
            Event::Synced(summary) if summary.keys > 0 => return Ok(Flow::Continue),
            Event::Answered(_) => return Ok(Flow::Continue),
            _ => {}
        }
        let check_once = state.timeout == Some(Duration::ZERO);
        Ok(if state.unmet().is_empty() {
            Flow::Stop(Exit::Yes)
        } else if check_once && state.is_complete() {
            Flow::Stop(state.exit_when_timed_out())
        } else {
            Flow::Continue
        })
    }

    fn tick(&mut self, _now: Instant) -> anyhow::Result<Flow> {
        Ok(Flow::Stop(self.0.borrow().exit_when_timed_out()))
    }

    fn deadline(&self) -> Option<Instant> {
        let state = self.0.borrow();
        let timeout = state.timeout.filter(|timeout| !timeout.is_zero())?;
        state.started.checked_add(timeout)
    }
}
