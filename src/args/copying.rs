//! What copies and moves of keys share: `cp` and `mv`.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;

use super::applying::{
    carry_out, check_atomic, check_rights, check_sizes, check_unlocked, check_writable, name_keys,
    new_file, plan_of_deletes, print_plan,
};
use super::complete;
use super::confirm::ask;
use super::connect::{ConnectArgs, TargetStoreArgs};
use super::key::KeyArgs;
use super::nearby::keys_below_hint;
use super::output::formats;
use crate::consul::{Client, Consistency, Lookup};
use crate::exit::{Exit, Failure};
use crate::model::{
    ChangePlan, Entry, EntryContent, Glob, Key, PlannedChange, Prefix, TxnLimits, abbreviate,
};
use crate::output::{Format, SecretMask, filtered_message, json};
use crate::plan::{Executor, StoreError, read_all, read_store};
use crate::term::{Ui, plural};

/// What is copied, and where to.
#[derive(Debug, Clone, Args)]
pub struct CopyArgs {
    /// Key, or prefix that ends in /
    #[arg(value_name = "SRC", add = complete::live_keys())]
    source: String,

    /// Its new name, ending in / where SRC does
    #[arg(value_name = "DST", add = complete::live_keys())]
    target: String,

    /// Overwrite keys that exist and differ
    #[arg(long)]
    overwrite: bool,

    /// Leave out keys of SRC that match GLOB; repeatable
    #[arg(long, value_name = "GLOB", value_parser = Glob::new)]
    exclude: Vec<Glob>,

    /// Do everything in one transaction, or nothing
    #[arg(long)]
    atomic: bool,

    /// Show what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Save to FILE what undo needs to put everything back
    #[arg(long, value_name = "FILE", value_parser = new_file, conflicts_with = "dry_run")]
    undo: Option<PathBuf>,

    /// Also copy and overwrite keys that a session holds
    #[arg(long, hide_short_help = true)]
    overwrite_locked: bool,

    /// Output format
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = formats(&[Format::Text, Format::Json]),
        default_value_t = Format::Text
    )]
    output: Format,

    #[command(flatten)]
    to: TargetStoreArgs,

    #[command(flatten)]
    key_args: KeyArgs,

    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// What becomes of what is copied.
#[derive(Debug, Clone, Copy)]
pub enum CopyKind {
    /// It stays.
    Copy,
    /// It is deleted where it was; with a question before, where that is a prefix.
    Move {
        /// Whether to ask.
        asks: bool,
    },
}

/// The two ends of a copy.
enum Ends {
    Keys(Key, Key),
    Prefixes(Prefix, Prefix),
}

/// What is to be done.
struct CopyPlan {
    /// The copies at the target, and in a move within one store the deletes.
    plan: ChangePlan,
    /// The entries that are copied, or are at the target already.
    sources: Vec<Entry>,
    /// Entries that are left out.
    skipped: u64,
}

/// The store that keys are read from, and the one that they are copied to.
pub struct Stores<'a> {
    /// The store with the sources.
    pub source: &'a Client,
    /// The store of the copies; `None`: the same.
    pub target: Option<&'a Client>,
}

impl CopyArgs {
    /// Returns the configuration of the target; `None` for the same store.
    ///
    /// # Errors
    /// Exit 2, naming the flag.
    pub fn target_config(
        &self,
        env: &super::env::Env,
    ) -> Result<Option<crate::consul::Config>, Failure> {
        self.to.config(&self.connect, env)
    }

    /// Copies or moves keys.
    ///
    /// # Errors
    /// When nothing was written, or not everything.
    pub fn run(&self, ui: &Ui, stores: &Stores<'_>, kind: CopyKind) -> anyhow::Result<Exit> {
        let moves = matches!(kind, CopyKind::Move { .. });
        let across = stores.target.is_some();
        let ends = self.ends(across)?;
        if moves && across && self.undo.is_some() {
            let failure = Failure::usage("a move between two stores has two halves to undo");
            return Err(failure
                .hint("cp --undo FILE, then delete --undo FILE2")
                .into());
        }
        if moves && across && self.atomic {
            let what = "a move between two stores is never one transaction";
            return Err(Failure::usage(what).into());
        }
        let target = stores.target.unwrap_or(stores.source);
        let copy = self.plan(ui, stores, &ends, moves)?;
        check_unlocked(&copy.plan)?;
        if self.dry_run {
            print_plan(ui, self.output, target, &copy.plan, &SecretMask::default())?;
            return Ok(Exit::Yes);
        }
        if let (CopyKind::Move { asks: true }, Ends::Prefixes(..)) = (kind, &ends) {
            // What is deleted at its old place is what is confirmed, also where that comes later.
            if !self.confirm_move(ui, stores, &ends, copy.sources.len() as u64)? {
                ui.status("nothing moved");
                return Ok(Exit::No);
            }
        }
        if self.atomic {
            check_atomic(target, &copy.plan)?;
        }
        check_rights(target, &copy.plan)?;
        if moves && across {
            // Else the copies would be made, and the keys not be moved.
            check_writable(stores.source, &plan_of_deletes(copy.sources.clone()))?;
        }
        check_sizes(ui, target, &copy.plan)?;
        let mut transactions = self.carry_out(ui, target, &copy.plan, "nothing copied")?;
        if moves && across {
            transactions += self.delete_sources(ui, stores.source, target, &ends, &copy)?;
        }
        self.report(ui, &copy, moves, transactions)?;
        Ok(Exit::Yes)
    }

    fn confirm_move(
        &self,
        ui: &Ui,
        stores: &Stores<'_>,
        ends: &Ends,
        keys: u64,
    ) -> anyhow::Result<bool> {
        if keys == 0 {
            return Ok(true);
        }
        let (from, to) = match ends {
            Ends::Keys(from, to) => (from.as_str(), to.as_str()),
            Ends::Prefixes(from, to) => (from.as_str(), to.as_str()),
        };
        // The whole store has no name.
        let shown = |name: &str| match name {
            "" => "the root".to_owned(),
            name => abbreviate(name).into_owned(),
        };
        let (mut from, mut place) = (shown(from), stores.source.location());
        if let Some(target) = stores.target {
            from = format!("{from} at {place}");
            place = target.location();
        }
        let what = format!("move {} from {from} to {}", plural(keys, "key"), shown(to));
        ask(ui, &what, &place, keys)
    }

    fn ends(&self, across: bool) -> Result<Ends, Failure> {
        let (from, to) = (&*self.source, &*self.target);
        if from.is_empty() || to.is_empty() {
            let failure = Failure::usage("an empty name is the whole store");
            return Err(failure.hint("export and import copy a whole store"));
        }
        if from.ends_with('/') != to.ends_with('/') {
            let failure = Failure::usage(format!(
                "'{}' and '{}': one is a key, and the other a prefix",
                abbreviate(from),
                abbreviate(to)
            ));
            return Err(failure.hint("names of prefixes end in /"));
        }
        if !from.ends_with('/') {
            let (from, to) = (self.key_args.key(from)?, self.key_args.key(to)?);
            if from == to && !across {
                return Err(Failure::usage(format!("both names are {from}")));
            }
            return Ok(Ends::Keys(from, to));
        }
        if !across && (from.starts_with(to) || to.starts_with(from)) {
            return Err(Failure::usage(format!(
                "'{}' and '{}' overlap",
                abbreviate(from),
                abbreviate(to)
            )));
        }
        Ok(Ends::Prefixes(
            self.key_args.prefix(from)?,
            self.key_args.prefix(to)?,
        ))
    }

    /// Reads both ends, and plans what is to be done.
    fn plan(
        &self,
        ui: &Ui,
        stores: &Stores<'_>,
        ends: &Ends,
        moves: bool,
    ) -> anyhow::Result<CopyPlan> {
        let (entries, skipped) = self.sources(ui, stores.source, ends)?;
        let names = entries.iter().map(|entry| target_of(entry, ends));
        let names = names.collect::<Result<Vec<_>, _>>()?;
        let target = stores.target.unwrap_or(stores.source);
        let target = target.with_consistency(Consistency::Default);
        let mut plan = ChangePlan {
            overwrite_locked: self.overwrite_locked,
            ..ChangePlan::default()
        };
        let mut differing = Vec::new();
        let found = read_all(&target, &names)?;
        if moves && stores.target.is_some() {
            check_stores_differ(&entries, &names, &found)?;
        }
        for ((entry, name), found) in entries.iter().zip(names).zip(found) {
            let before = match found {
                Lookup::Found(entry) => Some(entry),
                Lookup::Missing => None,
                Lookup::Denied => {
                    let name = abbreviate(name.as_str());
                    let what = format!("reading key {name}: permission denied");
                    return Err(Failure::new(Exit::Denied, what).into());
                }
            };
            let after = EntryContent::from(entry);
            match &before {
                Some(before) if after.is_in(before) => {
                    plan.unchanged += 1;
                    plan.checks.push((name, before.modified()));
                }
                Some(_) if !self.overwrite => differing.push(name),
                _ => plan.changes.push(PlannedChange {
                    key: name,
                    before,
                    after: Some(after),
                    place: None,
                }),
            }
        }
        if !differing.is_empty() {
            let count = plural(differing.len() as u64, "key");
            let names = name_keys(differing.iter().map(Key::as_str));
            let what = format!("nothing written: {count} exist with another value: {names}");
            let what = what.replace("1 key exist ", "1 key exists ");
            return Err(Failure::new(Exit::No, what)
                .hint("--overwrite writes them")
                .into());
        }
        if stores.target.is_none() {
            let sources = entries
                .iter()
                .filter_map(|entry| Some((Key::new(entry.key()).ok()?, entry.modified())));
            plan.checks.extend(sources);
            if moves {
                plan.changes
                    .extend(plan_of_deletes(entries.clone()).changes);
            }
        }
        // Checks hold only together with what they are for.
        if plan.transactions(TxnLimits::USUAL, target.extra_size()) > 1 && !self.atomic {
            plan.checks.clear();
        }
        Ok(CopyPlan {
            plan,
            sources: entries,
            skipped,
        })
    }

    /// Reads what is copied; returns how many entries are left out too.
    fn sources(&self, ui: &Ui, client: &Client, ends: &Ends) -> anyhow::Result<(Vec<Entry>, u64)> {
        let client = client.with_consistency(Consistency::Default);
        let mut entries = match ends {
            Ends::Keys(from, _) => client.get(from)?.value.into_iter().collect::<Vec<_>>(),
            Ends::Prefixes(from, _) => {
                let read = read_store(&client, std::slice::from_ref(from), &[]);
                let store = read.map_err(|error| match error {
                    StoreError::Consul(error) => anyhow::Error::from(error),
                    StoreError::Filtered | StoreError::Hidden(_) => {
                        Failure::new(Exit::Denied, filtered_message("listing")).into()
                    }
                })?;
                store.entries().to_vec()
            }
        };
        if entries.is_empty() {
            return Err(missing(ui, &client, ends).into());
        }
        let all = entries.len();
        entries.retain(|entry| !self.exclude.iter().any(|glob| glob.matches(entry.key())));
        let held = entries.iter().filter(|entry| entry.session().is_some());
        let held: Vec<_> = held.map(Entry::key).collect();
        if !held.is_empty() && !self.overwrite_locked {
            let (count, names) = (plural(held.len() as u64, "key"), name_keys(held));
            let what = format!("nothing written: {count} held by a session: {names}");
            let failure = Failure::new(Exit::No, what);
            return Err(failure.hint("--overwrite-locked takes them").into());
        }
        let skipped = (all - entries.len()) as u64;
        Ok((entries, skipped))
    }

    /// Carries out a plan, and returns the number of transactions.
    fn carry_out(
        &self,
        ui: &Ui,
        client: &Client,
        plan: &ChangePlan,
        nothing: &str,
    ) -> anyhow::Result<u64> {
        if plan.is_empty() {
            return Ok(0);
        }
        let executor = Executor::new(client).atomically(self.atomic);
        let undo = self.undo.as_deref();
        Ok(carry_out(ui, client, &executor, plan, undo, nothing)?.transactions)
    }

    /// Deletes what is at the other store by now, read back and equal. Returns the number of transactions.
    fn delete_sources(
        &self,
        ui: &Ui,
        source: &Client,
        target: &Client,
        ends: &Ends,
        copy: &CopyPlan,
    ) -> anyhow::Result<u64> {
        let names = copy.sources.iter().map(|entry| target_of(entry, ends));
        let names = names.collect::<Result<Vec<_>, _>>()?;
        let target = target.with_consistency(Consistency::Consistent);
        let found = read_all(&target, &names)?;
        let arrived = copy.sources.iter().zip(&found).filter(
            |(entry, found)| matches!(found, Lookup::Found(found) if found.same_content(entry)),
        );
        let arrived: Vec<_> = arrived.map(|(entry, _)| entry.clone()).collect();
        let missing = copy.sources.len() - arrived.len();
        let plan = plan_of_deletes(arrived);
        check_rights(source, &plan)?;
        let transactions = self.carry_out(ui, source, &plan, "nothing deleted")?;
        if missing > 0 {
            let keys = plural(missing as u64, "key");
            let what = format!("{keys} not deleted: the copies have changed since");
            return Err(Failure::new(Exit::No, what).into());
        }
        Ok(transactions)
    }

    fn report(
        &self,
        ui: &Ui,
        copy: &CopyPlan,
        moves: bool,
        transactions: u64,
    ) -> anyhow::Result<()> {
        let unchanged = copy.plan.unchanged;
        let all = copy.sources.len() as u64;
        let report = json::Copied {
            copied: all - unchanged,
            moved: if moves { all } else { 0 },
            skipped: copy.skipped,
            unchanged,
            transactions,
        };
        match self.output {
            Format::Json => json::write_line(ui, &report)?,
            Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {}
        }
        let done = match moves {
            true => format!("moved {}", plural(all, "key")),
            false => format!("copied {}", plural(all - unchanged, "key")),
        };
        let unchanged = match unchanged {
            0 => String::new(),
            unchanged => format!(", {unchanged} unchanged"),
        };
        let atomic = match transactions {
            0 | 1 => String::new(),
            count => format!(" in {count} transactions, not atomically"),
        };
        ui.status(format_args!("{done}{unchanged}{atomic}"));
        Ok(())
    }
}

/// Refuses a move between two stores that are one, by two names of it: the copy of a key is then the key
/// itself, which would be deleted as soon as it is found equal. Equal indexes tell one entry from two.
///
/// # Errors
/// Exit 2, naming the key.
fn check_stores_differ(entries: &[Entry], names: &[Key], found: &[Lookup]) -> Result<(), Failure> {
    let sources: HashMap<&str, &Entry> = entries.iter().map(|entry| (entry.key(), entry)).collect();
    let is_source = |entry: &Entry| {
        sources.get(entry.key()).is_some_and(|source| {
            source.same_content(entry)
                && source.created() == entry.created()
                && source.modified() == entry.modified()
        })
    };
    let is_same = |found: &Lookup| matches!(found, Lookup::Found(entry) if is_source(entry));
    let same = names.iter().zip(found).find(|(_, found)| is_same(found));
    let Some((name, _)) = same else {
        return Ok(());
    };
    let name = abbreviate(name.as_str());
    let what = format!("key {name} is the same entry at both stores: they seem to be one");
    let failure = Failure::usage(what);
    Err(failure.hint("a move between copies of one store is cp, and then delete"))
}

/// Returns the key that an entry is copied to.
fn target_of(entry: &Entry, ends: &Ends) -> Result<Key, crate::model::Invalid> {
    match ends {
        Ends::Keys(_, to) => Ok(to.clone()),
        Ends::Prefixes(from, to) => Key::new(format!("{to}{}", from.strip_from(entry.key()))),
    }
}

/// Says that there is nothing to copy.
fn missing(ui: &Ui, client: &Client, ends: &Ends) -> Failure {
    match ends {
        Ends::Keys(from, _) => {
            let what = format!("key {} does not exist", abbreviate(from.as_str()));
            let mut failure = Failure::new(Exit::No, what);
            failure.hint = keys_below_hint(ui, client, from.as_str(), "kvw ls");
            failure
        }
        Ends::Prefixes(from, _) => {
            let what = format!("no keys below {}", abbreviate(from.as_str()));
            Failure::new(Exit::No, what)
        }
    }
}
