//! What a store is to be, and which of its keys that concerns: the arguments of plans.

use std::io::Read as _;

use clap::Args;

use super::applying::name_keys;
use super::input::{read_error, read_stdin};
use super::key_mapping::KeyMapping;
use crate::consul::Client;
use crate::exit::{Exit, Failure};
use crate::model::{
    Desired, DocumentReader, Glob, Invalid, Key, Place, PlanRules, Prefix, Snapshot, abbreviate,
};
use crate::output::{SecretMask, filtered_message};
use crate::plan::{StoreError, read_store};

/// Sources, their prefix and scope, and what of the differences counts.
#[derive(Debug, Clone, Args)]
pub struct DesiredArgs {
    /// Documents with the desired entries, or - for stdin
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,

    /// Prepend P to each key; P is the scope
    #[arg(long, value_name = "P")]
    prefix: Option<String>,

    /// Remove the prefix P from each key, before --prefix
    #[arg(long, value_name = "P", default_value = "", hide_default_value = true)]
    strip: String,

    /// Keys below PREFIX are compared, and deleted by --prune
    #[arg(long, value_name = "PREFIX")]
    scope: Vec<String>,

    /// Delete keys in the scope that no source has
    #[arg(long)]
    prune: bool,

    /// With --prune, delete folder keys too
    #[arg(long, hide_short_help = true)]
    folders: bool,

    /// Allow --prune with sources that have no keys
    #[arg(long, hide_short_help = true)]
    allow_empty: bool,

    /// Only keys that match GLOB
    #[arg(long, value_name = "GLOB", value_parser = Glob::new)]
    include: Vec<Glob>,

    /// No keys that match GLOB
    #[arg(long, value_name = "GLOB", value_parser = Glob::new)]
    exclude: Vec<Glob>,

    /// Do not show the values of keys that match GLOB
    #[arg(long, value_name = "GLOB", value_parser = Glob::new)]
    secret: Vec<Glob>,

    /// Create no keys
    #[arg(long, conflicts_with = "create_only", hide_short_help = true)]
    only_existing: bool,

    /// Write no existing keys
    #[arg(long, hide_short_help = true)]
    create_only: bool,

    /// Write also keys that a session holds, which resets their lock index
    #[arg(long, hide_short_help = true)]
    pub overwrite_locked: bool,
}

/// What sources say, and what of it is planned.
pub struct DesiredState {
    /// The entries.
    pub desired: Vec<Desired>,
    /// The prefixes that are compared.
    pub scope: Vec<Prefix>,
    /// What of the differences is planned.
    pub rules: PlanRules,
}

impl DesiredArgs {
    /// Whether a source is given.
    pub fn has_sources(&self) -> bool {
        !self.sources.is_empty()
    }

    /// Returns the values that are not shown.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn mask(&self) -> anyhow::Result<SecretMask> {
        let mut salt = [0; 32];
        if !self.secret.is_empty() {
            std::fs::File::open("/dev/urandom")?.read_exact(&mut salt)?;
        }
        Ok(SecretMask::new(self.secret.clone(), salt))
    }

    /// Reads all sources. Nothing is sent before.
    ///
    /// # Errors
    /// Exit 2, naming the place.
    pub fn read(&self, guard_unchanged: bool) -> anyhow::Result<DesiredState> {
        if self.sources.is_empty() {
            let missing = Failure::usage("SOURCE is missing");
            return Err(missing.hint("a document of export, or - for stdin").into());
        }
        let mut desired = Vec::new();
        for source in &self.sources {
            desired.extend(self.read_source(source)?);
        }
        let texts = match (&self.scope[..], &self.prefix) {
            ([], Some(prefix)) => vec![prefix.clone()],
            (scope, _) => scope.to_vec(),
        };
        if let Some(text) = texts
            .iter()
            .find(|text| !text.is_empty() && !text.ends_with('/'))
        {
            let failure = Failure::usage(format!("the scope '{text}' does not end in /"));
            return Err(failure.hint(format!("'{text}/' is the folder")).into());
        }
        if self.prune && texts.is_empty() {
            let failure = Failure::usage("--prune needs to know what it may delete");
            return Err(failure
                .hint("--prefix P/ or --scope PREFIX/ says it")
                .into());
        }
        if self.prune && desired.is_empty() && !self.allow_empty {
            let failure =
                Failure::usage("the sources have no keys: --prune would delete everything");
            return Err(failure.hint("--allow-empty allows it").into());
        }
        Ok(DesiredState {
            desired,
            scope: texts.into_iter().map(Prefix::new).collect(),
            rules: PlanRules {
                prune: self.prune,
                folders: self.folders,
                include: self.include.clone(),
                exclude: self.exclude.clone(),
                only_existing: self.only_existing,
                create_only: self.create_only,
                overwrite_locked: self.overwrite_locked,
                guard_unchanged,
            },
        })
    }

    fn read_source(&self, source: &str) -> anyhow::Result<Vec<Desired>> {
        let bytes = match source {
            "-" => read_stdin()?,
            path => std::fs::read(path).map_err(|error| read_error(path, &error))?,
        };
        let mapping = KeyMapping {
            strip: self.strip.clone(),
            prefix: self.prefix.clone().unwrap_or_default(),
            exact: true,
        };
        let mut desired = Vec::new();
        let mut seen = std::collections::HashMap::new();
        for (number, entry) in (1_u32..).zip(DocumentReader::new(&bytes[..])) {
            let invalid = |what: String| {
                Invalid::new(format!("{}: entry {number}", abbreviate(source)), what)
            };
            let entry = entry.map_err(|error| {
                Invalid::new(
                    format!("{}: {}", abbreviate(source), error.place),
                    error.what,
                )
            })?;
            let Some(entry) = mapping.import_entry(entry).map_err(invalid)? else {
                continue;
            };
            if let Some(first) = seen.insert(entry.key.clone(), number) {
                let key = abbreviate(entry.key.as_str());
                return Err(invalid(format!("key {key} is there already: entry {first}")).into());
            }
            desired.push(Desired {
                key: entry.key,
                value: Some(entry.value),
                flags: Some(entry.flags),
                place: Place {
                    file: source.into(),
                    line: None,
                },
            });
        }
        Ok(desired)
    }
}

/// Reads what a plan is compared with.
///
/// # Errors
/// Exit 4 where the token may not read all of it.
pub fn read_scope(client: &Client, state: &DesiredState) -> anyhow::Result<Snapshot> {
    read_store(client, &state.scope, &state.desired).map_err(|error| match error {
        StoreError::Consul(error) => error.into(),
        StoreError::Filtered => Failure::new(Exit::Denied, filtered_message("listing")).into(),
        StoreError::Hidden(keys) => {
            let names = name_keys(keys.iter().map(Key::as_str));
            Failure::new(Exit::Denied, format!("the token may not read {names}")).into()
        }
    })
}
