//! What a store is to be, and which of its keys that concerns: the arguments of plans.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::applying::name_keys;
use super::complete;
use super::input::{read_error, read_stdin};
use super::key::KeyArgs;
use crate::consul::Client;
use crate::exit::{Exit, Failure};
use crate::model::{
    ChangePlan, Desired, Filter, Glob, Key, PlanRules, Prefix, Snapshot, abbreviate,
};
use crate::output::{SecretMask, filtered_message, json};
use crate::plan::{HashSalt, PlanOrigin, SavedPlan, StoreError, read_store};
use crate::random;
use crate::sources::{
    Dots, ListPolicy, Merged, NullPolicy, SourceError, SourceFormat, SourceOptions, merge, parse,
    read_directory,
};
use crate::term::{Ui, plural};

/// Sources, their meaning and scope, and what of the differences counts.
#[derive(Debug, Clone, Args)]
pub struct DesiredArgs {
    /// Directories and files that say what keys should be; - is stdin
    ///
    /// A file of a directory is a key, a nested name of YAML, JSON or TOML too. Hidden files are no keys,
    /// nor are those that match a glob of DIR/.kvwignore, one a line. Of several sources the later one
    /// wins.
    #[arg(value_name = "SOURCE", value_hint = clap::ValueHint::AnyPath)]
    sources: Vec<String>,

    /// Format of the sources [default: by their names]
    ///
    /// dir, yaml, json, toml, properties, env, docker-env, jsonl, or consul: what export, consul kv
    /// export and Consul's API write.
    #[arg(
        long,
        value_name = "FORMAT",
        value_parser = source_formats(),
        hide_possible_values = true
    )]
    format: Option<SourceFormat>,

    /// Prepend P/ to each key; what is below it is compared
    #[arg(long, value_name = "P/", conflicts_with = "all", add = complete::live_keys())]
    prefix: Option<String>,

    /// Compare the whole store; keys get no prefix
    #[arg(long, conflicts_with = "scope")]
    all: bool,

    /// Remove the prefix P/ from whole keys, before --prefix
    #[arg(
        long,
        value_name = "P/",
        default_value = "",
        hide_default_value = true,
        hide_short_help = true
    )]
    strip: String,

    /// Compare what is below PREFIX/, instead of --prefix; repeatable
    #[arg(long, value_name = "PREFIX/", hide_short_help = true, add = complete::live_keys())]
    scope: Vec<String>,

    /// Delete keys below the prefix that no source has
    ///
    /// Never keys that a session holds, with the flags of a lock or semaphore, excluded ones, or folder
    /// keys without --folders.
    #[arg(long)]
    prune: bool,

    /// Compare folder keys, whose names end in /, too
    ///
    /// An empty directory or map is one then.
    #[arg(long, hide_short_help = true)]
    folders: bool,

    /// Allow --prune with sources that have no keys
    #[arg(long, requires = "prune", hide_short_help = true)]
    allow_empty: bool,

    /// Leave alone keys that do not match GLOB; repeatable
    #[arg(long, value_name = "GLOB", value_parser = Glob::new)]
    include: Vec<Glob>,

    /// Leave alone keys that match GLOB; repeatable
    #[arg(long, value_name = "GLOB", value_parser = Glob::new)]
    exclude: Vec<Glob>,

    /// Hide the values of keys that match GLOB; repeatable
    ///
    /// A hash, new in each run, tells whether they differ.
    #[arg(long, value_name = "GLOB", value_parser = Glob::new)]
    secret: Vec<Glob>,

    /// Create no keys
    #[arg(long, conflicts_with = "create_only", hide_short_help = true)]
    only_existing: bool,

    /// Write no existing keys
    #[arg(long, hide_short_help = true)]
    create_only: bool,

    /// Also write keys that a session holds; this resets their lock index
    #[arg(long, hide_short_help = true)]
    pub overwrite_locked: bool,

    /// Keep the last newline of a file as part of the value
    #[arg(long, hide_short_help = true, help_heading = "Meaning of sources")]
    exact: bool,

    /// Leave the extension of a file out of its key
    #[arg(long, hide_short_help = true, help_heading = "Meaning of sources")]
    strip_extension: bool,

    /// Read structured files of a directory that match GLOB as subtrees; repeatable
    ///
    /// Those are .json .yaml .yml .toml .properties .env. The glob matches the path below the
    /// directory; '**' is all of them.
    #[arg(
        long,
        value_name = "GLOB",
        value_parser = Glob::new,
        hide_short_help = true,
        help_heading = "Meaning of sources"
    )]
    expand: Vec<Glob>,

    /// Read files whose names start with a dot, but never .git
    #[arg(long, hide_short_help = true, help_heading = "Meaning of sources")]
    hidden: bool,

    /// What null means: empty, skip, or delete the key
    #[arg(
        long,
        value_name = "MEANING",
        value_parser = null_policies(),
        hide_possible_values = true,
        hide_short_help = true,
        help_heading = "Meaning of sources"
    )]
    null: Option<NullPolicy>,

    /// What a list means: index (keys NAME/0, NAME/1), json (one text), or join=SEP
    #[arg(
        long,
        value_name = "MEANING",
        value_parser = list_policy,
        add = complete::words(&["index", "json", "join="]),
        hide_short_help = true,
        help_heading = "Meaning of sources"
    )]
    list: Option<ListPolicy>,

    /// What dots in names of properties are: keep (part of the name), or slash
    #[arg(
        long,
        value_name = "MEANING",
        value_parser = dots(),
        default_value = "keep",
        hide_possible_values = true,
        hide_short_help = true,
        help_heading = "Meaning of sources"
    )]
    dots: Dots,

    /// Split names of env files at SEP into folders: with __, DB__HOST is DB/HOST
    #[arg(
        long,
        value_name = "SEP",
        value_parser = clap::builder::NonEmptyStringValueParser::new(),
        hide_short_help = true,
        help_heading = "Meaning of sources"
    )]
    split: Option<String>,

    #[command(flatten)]
    key_args: KeyArgs,
}

fn source_formats() -> impl TypedValueParser<Value = SourceFormat> {
    named_values(SourceFormat::ALL.map(|format| (format.name(), format)))
}

fn null_policies() -> impl TypedValueParser<Value = NullPolicy> {
    named_values([
        ("empty", NullPolicy::Empty),
        ("skip", NullPolicy::Skip),
        ("delete", NullPolicy::Delete),
    ])
}

fn dots() -> impl TypedValueParser<Value = Dots> {
    named_values([("keep", Dots::Keep), ("slash", Dots::Slash)])
}

/// A parser of named values.
fn named_values<T: Copy + Send + Sync + 'static, const N: usize>(
    values: [(&'static str, T); N],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(values.map(|(name, _)| name)).map(move |given| {
        let found = values.iter().find(|(name, _)| *name == given);
        found.expect("the possible values are these names").1
    })
}

fn list_policy(text: &str) -> Result<ListPolicy, String> {
    match (text, text.strip_prefix("join=")) {
        ("index", _) => Ok(ListPolicy::Index),
        ("json", _) => Ok(ListPolicy::Json),
        (_, Some(glue)) => Ok(ListPolicy::Join(glue.to_owned())),
        _ => Err("a list means index, json or join=SEP".to_owned()),
    }
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

impl DesiredState {
    /// Keeps a plan of this state in a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save_plan(
        &self,
        client: &Client,
        plan: &ChangePlan,
        path: &Path,
        with_values: bool,
    ) -> anyhow::Result<()> {
        let saved = SavedPlan::new(
            plan,
            PlanOrigin::new(client),
            self.scope.iter().map(Prefix::to_string).collect(),
            &self.desired,
            json::format_time(SystemTime::now()),
            HashSalt::new(random::bytes()?),
            with_values,
        );
        let saved = saved.save(path);
        saved.map_err(|error| Failure::new(Exit::of_file(&error), error.to_string()))?;
        Ok(())
    }
}

impl DesiredArgs {
    /// Whether a source is given.
    pub fn has_sources(&self) -> bool {
        !self.sources.is_empty()
    }

    /// Takes out of a plan what `--include` and `--exclude` leave alone.
    pub fn leave_out(&self, plan: &mut ChangePlan) {
        let filter = self.filter();
        plan.changes
            .retain(|change| filter.admits(change.key.as_str()));
        plan.checks.retain(|(key, _)| filter.admits(key.as_str()));
    }

    fn filter(&self) -> Filter {
        Filter {
            include: self.include.clone(),
            exclude: self.exclude.clone(),
        }
    }

    /// Returns a flag that says what is planned, if one is given.
    pub fn flag_of_sources(&self) -> Option<&'static str> {
        let given = [
            ("--prefix", self.prefix.is_some()),
            ("--strip", !self.strip.is_empty()),
            ("--all", self.all),
            ("--scope", !self.scope.is_empty()),
            ("--format", self.format.is_some()),
            ("--prune", self.prune),
            ("--folders", self.folders),
            ("--only-existing", self.only_existing),
            ("--create-only", self.create_only),
        ];
        let given = given.into_iter().find(|(_, given)| *given);
        given.map(|(flag, _)| flag)
    }

    /// Returns the values that are not shown.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn mask(&self) -> io::Result<SecretMask> {
        let salt = match self.secret.is_empty() {
            true => [0; 32],
            false => random::bytes()?,
        };
        Ok(SecretMask::new(self.secret.clone(), salt))
    }

    /// Reads all sources: nothing is sent before everything is read and valid.
    ///
    /// # Errors
    /// Exit 2, naming the place of a source that cannot be read or means nothing.
    pub fn read(&self, ui: &Ui, guard_unchanged: bool) -> Result<DesiredState, Failure> {
        if self.sources.is_empty() {
            let missing = Failure::usage("SOURCE is missing");
            return Err(missing.hint("a directory, a file, or - for stdin"));
        }
        let scope = self.scope()?;
        let options = self.options();
        let mut sources = Vec::new();
        for source in &self.sources {
            sources.push(self.read_source(source, &options)?);
        }
        let Merged {
            entries,
            overridden,
        } = merge(sources);
        if !overridden.is_empty() {
            for found in &overridden {
                let (key, before, after) = (&found.key, &found.before, &found.after);
                log::info!("key {key} of {before} is overridden by {after}");
            }
            ui.status(format_args!(
                "{} overridden by a later source",
                plural(overridden.len() as u64, "key")
            ));
        }
        if self.prune && entries.is_empty() && !self.allow_empty {
            let failure =
                Failure::usage("the sources have no keys, and --prune would delete everything");
            return Err(failure.hint("--allow-empty allows it"));
        }
        if options.list == Some(ListPolicy::Index) && !self.prune {
            ui.hint("without --prune, a list that got shorter leaves its old last elements");
        }
        Ok(DesiredState {
            desired: entries,
            scope,
            rules: PlanRules {
                prune: self.prune,
                folders: self.folders,
                filter: self.filter(),
                only_existing: self.only_existing,
                create_only: self.create_only,
                overwrite_locked: self.overwrite_locked,
                guard_unchanged,
            },
        })
    }

    fn options(&self) -> SourceOptions {
        SourceOptions {
            prefix: self.prefix.clone().unwrap_or_default(),
            strip: self.strip.clone(),
            exact: self.exact,
            strip_extension: self.strip_extension,
            expand: self.expand.clone(),
            hidden: self.hidden,
            folders: self.folders,
            null: self.null,
            list: self.list.clone(),
            dots: self.dots,
            split: self.split.clone(),
        }
    }

    /// The prefixes that are compared. Each is a folder: `config` would take `config2/` too.
    fn scope(&self) -> Result<Vec<Prefix>, Failure> {
        let named = [
            ("--prefix", &self.prefix),
            ("--strip", &Some(self.strip.clone())),
        ];
        let named = named
            .into_iter()
            .filter_map(|(flag, name)| Some((flag, name.as_ref()?)));
        let scopes = self.scope.iter().map(|name| ("--scope", name));
        for (flag, name) in named.chain(scopes) {
            if !name.is_empty() && !name.ends_with('/') {
                let shown = abbreviate(name);
                let failure = Failure::usage(format!("{flag} {shown} does not end in /"));
                return Err(failure.hint(format!("did you mean {flag} {shown}/?")));
            }
            if flag != "--strip" {
                self.key_args.check("prefix", name)?;
            }
            if name.is_empty() && flag != "--strip" {
                let failure = Failure::usage(format!("{flag} is empty"));
                return Err(failure.hint("--all compares the whole store"));
            }
        }
        let texts = match (&self.scope[..], &self.prefix) {
            ([], Some(prefix)) => vec![prefix.clone()],
            ([], None) if self.all => vec![String::new()],
            (scope, _) => scope.to_vec(),
        };
        if self.prune && texts.is_empty() {
            let failure = Failure::usage("--prune does not know what it may delete");
            return Err(failure.hint("--prefix P/ or --scope PREFIX/ says it"));
        }
        Ok(texts.into_iter().map(Prefix::new).collect())
    }

    fn read_source(&self, source: &str, options: &SourceOptions) -> Result<Vec<Desired>, Failure> {
        let path = Path::new(source);
        let is_directory =
            source != "-" && fs::metadata(path).is_ok_and(|metadata| metadata.is_dir());
        match (is_directory, self.format) {
            (true, None | Some(SourceFormat::Dir)) => {
                self.require_prefix(source, SourceFormat::Dir)?;
                return read_directory(path, options).map_err(invalid);
            }
            (true, Some(format)) => {
                let (name, shown) = (format.name(), abbreviate(source));
                let what = format!("{shown} is a directory, and --format is {name}");
                return Err(Failure::usage(what));
            }
            (false, Some(SourceFormat::Dir)) if source == "-" || path.exists() => {
                let what = format!("{} is not a directory", abbreviate(source));
                return Err(Failure::usage(what));
            }
            (false, None) if source == "-" => {
                let failure = Failure::usage("the format of stdin is not known");
                return Err(failure.hint(NAME_FORMAT));
            }
            (false, _) => {}
        }
        let bytes = match source {
            "-" => read_stdin()?,
            _ => fs::read(path).map_err(|error| read_error(source, &error))?,
        };
        let format = self.format.or_else(|| SourceFormat::detect(path, &bytes));
        let format = format.ok_or_else(|| {
            let what = format!("the format of {} is not known", abbreviate(source));
            Failure::usage(what).hint(NAME_FORMAT)
        })?;
        self.require_prefix(source, format)?;
        parse(format, &bytes, path, options).map_err(invalid)
    }

    fn require_prefix(&self, source: &str, format: SourceFormat) -> Result<(), Failure> {
        if format.has_whole_keys() || self.all || self.prefix.is_some() {
            return Ok(());
        }
        let what = format!(
            "{} has names, and not the prefix that they are below",
            abbreviate(source)
        );
        Err(Failure::usage(what).hint("--prefix P/ names it, --all takes none"))
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

const NAME_FORMAT: &str = "--format says it: yaml, json, toml, properties, env, docker-env, consul, \
    jsonl";

fn invalid(error: SourceError) -> Failure {
    let failure = Failure::usage(error.to_string());
    match error.hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meaning_of_a_list_is_one_of_three() {
        assert_eq!(list_policy("index"), Ok(ListPolicy::Index));
        assert_eq!(list_policy("json"), Ok(ListPolicy::Json));
        assert_eq!(
            list_policy("join=, "),
            Ok(ListPolicy::Join(", ".to_owned()))
        );
        assert_eq!(list_policy("join="), Ok(ListPolicy::Join(String::new())));
        assert!(list_policy("join").is_err());
    }
}
