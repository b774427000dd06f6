//! The flags that say which keys become which variables.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;

use super::choice::{long_help, short_help};
use super::complete;
use super::fallback::FallbackArgs;
use super::key::{KeyArgs, folder};
use crate::consul::Client;
use crate::environ::{EnvError, EnvRules, EnvSource, NameStyle, Variables, check_name};
use crate::exit::{Exit, Failure};
use crate::fallback::{AnswerFile, KeyQuestion, StoredAnswer};
use crate::model::{Entry, Filter, Glob, Snapshot, abbreviate};
use crate::output::filtered_message;
use crate::term::Ui;

/// The keys whose values become variables, and their names.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Variables")]
pub struct VariableArgs {
    /// Folders of keys; a later one wins; app means app/
    #[arg(
        value_name = "PREFIX",
        required_unless_present_any = ["key", "env"],
        add = complete::live_keys(),
        help_heading = None
    )]
    prefixes: Vec<String>,

    /// Set NAME to the value of KEY; repeatable
    ///
    /// A key that does not exist is exit 1.
    #[arg(long, value_name = "NAME=KEY", value_parser = mapping, add = complete::live_keys_of_names())]
    env: Vec<(String, String)>,

    /// Take a single key, named by its last part; repeatable
    ///
    /// A key that does not exist is exit 1.
    #[arg(
        long,
        value_name = "KEY",
        hide_short_help = true,
        add = complete::live_keys()
    )]
    key: Vec<String>,

    #[arg(
        long,
        value_name = "STYLE",
        value_enum,
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true,
        help = short_help("Names from keys", Some(NameStyle::default())),
        long_help = long_help("Names from the part of a key below its prefix", Some(NameStyle::default()))
    )]
    names: NameStyle,

    /// Name the variable of KEY; repeatable
    #[arg(long, value_name = "KEY=NAME", value_parser = renaming, add = complete::live_keys_of_conditions())]
    rename: Vec<(String, String)>,

    /// Only keys that match GLOB in full; repeatable
    ///
    /// A glob matches the whole key: * stops at /, ** does not. So '**/host' is every key named host.
    #[arg(long, value_name = "GLOB", value_parser = Glob::new)]
    include: Vec<Glob>,

    /// No keys that match GLOB in full; repeatable
    ///
    /// A glob matches the whole key, as with --include, over which it takes precedence.
    #[arg(long, value_name = "GLOB", value_parser = Glob::new)]
    exclude: Vec<Glob>,

    /// Allow a name such as PATH or LD_PRELOAD; repeatable
    ///
    /// Such a name could make a program run other code. Without this flag PATH, IFS, LD_*, BASH_ENV, NODE_OPTIONS, PYTHONPATH, GIT_SSH_COMMAND, KVW_*, CONSUL_*
    /// and others of their kind are refused: who may write a key must not thereby choose what runs.
    #[arg(long, value_name = "NAME")]
    allow_env: Vec<String>,

    /// Accept a prefix without keys
    #[arg(long)]
    allow_empty: bool,

    #[command(flatten)]
    key_args: KeyArgs,
}

/// What the flags ask for.
#[derive(Debug, Clone)]
pub struct VariableRequest {
    /// The prefixes and keys to read.
    pub question: KeyQuestion,
    /// How they become variables.
    pub rules: EnvRules,
    /// The names of the last keys of the question; those before are named by the rules.
    names: Vec<String>,
    allow_empty: bool,
}

impl VariableArgs {
    /// Resolves the flags.
    ///
    /// # Errors
    /// Exit 2 for keys that other clients cannot address, and for names that are given twice.
    pub fn request(&self) -> Result<VariableRequest, Failure> {
        let mut question = KeyQuestion::default();
        for text in &self.prefixes {
            let prefix = self.key_args.prefix(&folder(text))?;
            // Repeated, the last place counts.
            question.prefixes.retain(|other| *other != prefix);
            question.prefixes.push(prefix);
        }
        for text in &self.key {
            question.keys.push(self.key_args.key(text)?);
        }
        let mut names = Vec::new();
        for (name, key) in &self.env {
            if names.contains(name) {
                return Err(Failure::usage(format!("--env gives {name} twice")));
            }
            names.push(name.clone());
            question.keys.push(self.key_args.key(key)?);
        }
        let mut renamed = BTreeMap::new();
        for (key, name) in &self.rename {
            if renamed.insert(key.clone(), name.clone()).is_some() {
                let key = abbreviate(key);
                return Err(Failure::usage(format!(
                    "--rename gives key {key} two names"
                )));
            }
        }
        Ok(VariableRequest {
            question,
            rules: EnvRules {
                names: self.names,
                renamed,
                filter: Filter {
                    include: self.include.clone(),
                    exclude: self.exclude.clone(),
                },
                allowed: BTreeSet::from_iter(self.allow_env.iter().cloned()),
            },
            names,
            allow_empty: self.allow_empty,
        })
    }
}

impl VariableRequest {
    /// Reads the keys, or takes the kept answer, and warns if ACLs filtered them.
    ///
    /// # Errors
    /// When Consul gives no usable answer, and exit 4 where the token may not read a key.
    pub fn read(
        &self,
        client: &Client,
        ui: &Ui,
        fallback: &FallbackArgs,
        file: Option<&AnswerFile>,
    ) -> anyhow::Result<StoredAnswer> {
        let fetched = fallback.fetch(client, ui, &self.question, file)?;
        if let Some(key) = fetched.denied.first() {
            let key = abbreviate(key.as_str());
            let message = format!("reading key {key}: permission denied");
            return Err(Failure::new(Exit::Denied, message).into());
        }
        if fetched.filtered {
            ui.warn(filtered_message("list"));
        }
        Ok(fetched.answer)
    }

    /// Returns the variables of an answer.
    ///
    /// # Errors
    /// Exit 1 for a missing key or an empty prefix, exit 2 for what cannot be a variable.
    pub fn variables(&self, answer: &StoredAnswer) -> Result<Variables, Failure> {
        let sources = self.sources(answer)?;
        let variables = self.rules.variables(&sources);
        variables.map_err(|error: EnvError| {
            let hint = error.hint();
            Failure::usage(error.to_string()).hint(hint)
        })
    }

    /// Warns of flags that concern no key of the answer.
    pub fn warn_of_unused(&self, ui: &Ui, answer: &StoredAnswer) {
        let Ok(sources) = self.sources(answer) else {
            return;
        };
        for key in self.rules.unknown_renames(&sources) {
            ui.warn(format_args!(
                "--rename: key {} does not exist here",
                abbreviate(key)
            ));
        }
        let example = answer.prefixes.iter().flat_map(Snapshot::entries);
        let Some(example) = example.map(Entry::key).next() else {
            return;
        };
        for (flag, glob) in self.rules.unmatched_globs(&sources) {
            ui.warn(format_args!("{flag} '{}' matches no key", glob.as_str()));
            ui.hint(format_args!(
                "a glob matches the whole key, such as {}: * stops at /, ** does not",
                abbreviate(example)
            ));
        }
    }

    fn sources(&self, answer: &StoredAnswer) -> Result<Vec<EnvSource>, Failure> {
        let mut sources = Vec::new();
        for (prefix, listed) in self.question.prefixes.iter().zip(&answer.prefixes) {
            if listed.is_empty() && !self.allow_empty {
                let what = match prefix.is_root() {
                    true => "no key exists".to_owned(),
                    false => format!("no key starts with {}", abbreviate(prefix.as_str())),
                };
                let failure = Failure::new(Exit::No, what);
                return Err(failure.hint("--allow-empty accepts a prefix without keys"));
            }
            let entries = listed.entries().to_vec();
            sources.push(EnvSource::Prefix(prefix.clone(), entries));
        }
        let mut entries = Vec::new();
        for (key, entry) in self.question.keys.iter().zip(&answer.keys) {
            let missing = || format!("key {} does not exist", abbreviate(key.as_str()));
            let entry = entry.clone();
            entries.push(entry.ok_or_else(|| Failure::new(Exit::No, missing()))?);
        }
        let named = entries.split_off(entries.len() - self.names.len());
        sources.push(EnvSource::Keys(entries));
        let named = self.names.iter().cloned().zip(named);
        sources.push(EnvSource::Named(named.collect()));
        Ok(sources)
    }
}

/// Parses `NAME=KEY`, for clap.
fn mapping(text: &str) -> Result<(String, String), String> {
    let (name, key) = text.split_once('=').ok_or("expected NAME=KEY")?;
    checked(name, key)
}

/// Parses `KEY=NAME`, for clap: a key may have a `=`, a name has none.
fn renaming(text: &str) -> Result<(String, String), String> {
    let (key, name) = text.rsplit_once('=').ok_or("expected KEY=NAME")?;
    let (name, key) = checked(name, key)?;
    Ok((key, name))
}

fn checked(name: &str, key: &str) -> Result<(String, String), String> {
    check_name(name)?;
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    Ok((name.to_owned(), key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_key_are_parted_although_keys_may_have_an_equals_sign() {
        let both = |name: &str, key: &str| Ok((name.to_owned(), key.to_owned()));
        assert_eq!(mapping("A=a/b=c"), both("A", "a/b=c"));
        assert_eq!(renaming("a/b=c=A"), both("a/b=c", "A"));
        for text in ["A", "", "=a", "A="] {
            assert!(mapping(text).is_err(), "{text}");
            assert!(renaming(text).is_err(), "{text}");
        }
    }
}
