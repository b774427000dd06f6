//! Keys and values to variables: order, collisions, and what is refused. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::names::{NameStyle, check_name, is_dangerous_name};
use crate::model::{Entry, Filter, Glob, Prefix, abbreviate};

/// The most bytes of `NAME=VALUE` and the NUL behind it that Linux passes to a program
/// (`MAX_ARG_STRLEN`).
const MAX_VARIABLE: usize = 128 * 1024;

/// The variables by their names, each with the entry that its value is of.
pub type Variables = BTreeMap<String, Entry>;

/// The entries of one source of variables. Of two sources with one name the later one wins; two keys of
/// one source with one name are a collision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvSource {
    /// All entries below a prefix, which is no part of their names.
    Prefix(Prefix, Vec<Entry>),
    /// Single keys, named by what stands behind their last `/`.
    Keys(Vec<Entry>),
    /// Single keys with names of their own.
    Named(Vec<(String, Entry)>),
}

/// How keys become variables.
#[derive(Debug, Clone, Default)]
pub struct EnvRules {
    /// The form of names.
    pub names: NameStyle,
    /// Names of their own for keys of a prefix or single keys.
    pub renamed: BTreeMap<String, String>,
    /// The keys of a prefix that become variables.
    pub filter: Filter,
    /// Dangerous names that are allowed.
    pub allowed: BTreeSet<String>,
}

/// The reason why keys cannot become variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvError {
    /// Two keys of one source have one name.
    Collision {
        /// The name.
        name: String,
        /// The keys, in their order.
        keys: [String; 2],
    },
    /// The name could make the program run other code.
    Dangerous {
        /// The name.
        name: String,
        /// The key.
        key: String,
    },
    /// No variable can have this name.
    Name {
        /// The key.
        key: String,
        /// The reason.
        reason: &'static str,
    },
    /// The value has a NUL, where every program would take its end to be.
    Nul(String),
    /// The system passes no variable of this size to a program.
    TooLarge {
        /// The key.
        key: String,
        /// The bytes of the value.
        size: usize,
    },
}

impl EnvRules {
    /// Returns the variables of the sources.
    ///
    /// # Errors
    /// When two keys of one source give one name, or a name or value is none that a program may get.
    pub fn variables(&self, sources: &[EnvSource]) -> Result<Variables, EnvError> {
        let mut variables = Variables::new();
        for source in sources {
            let mut own: BTreeMap<String, &Entry> = BTreeMap::new();
            for (name, entry) in self.named_entries(source) {
                let collision = |other: &Entry| EnvError::Collision {
                    name: name.clone(),
                    keys: [other.key().to_owned(), entry.key().to_owned()],
                };
                if let Some(other) = own.get(&name).filter(|other| other.key() != entry.key()) {
                    return Err(collision(other));
                }
                own.insert(name, entry);
            }
            let own = own.into_iter();
            variables.extend(own.map(|(name, entry)| (name, entry.clone())));
        }
        for (name, entry) in &variables {
            self.check(name, entry)?;
        }
        Ok(variables)
    }

    /// Returns the keys that were given a name and are in no source.
    pub fn unknown_renames<'a>(&'a self, sources: &'a [EnvSource]) -> Vec<&'a str> {
        let renamed = self.renamed.keys().map(String::as_str);
        renamed
            .filter(|key| !sources.iter().any(|source| source.has(key)))
            .collect()
    }

    /// Returns the globs that match no key of a prefix, with their flags.
    pub fn unmatched_globs<'a>(
        &'a self,
        sources: &'a [EnvSource],
    ) -> impl Iterator<Item = (&'static str, &'a Glob)> {
        self.filter.globs().filter(|(_, glob)| {
            let mut prefixes = sources.iter().filter_map(|source| match source {
                EnvSource::Prefix(_, entries) => Some(entries),
                EnvSource::Keys(_) | EnvSource::Named(_) => None,
            });
            !prefixes.any(|entries| entries.iter().any(|entry| glob.matches(entry.key())))
        })
    }

    fn named_entries<'a>(&'a self, source: &'a EnvSource) -> Vec<(String, &'a Entry)> {
        match source {
            EnvSource::Prefix(prefix, entries) => {
                let admitted = entries
                    .iter()
                    .filter(|entry| self.filter.admits(entry.key()));
                let below = admitted.filter_map(|entry| {
                    let below = prefix.strip_from(entry.key());
                    // A folder key, and the prefix itself where it is a key, hold no setting.
                    let is_setting = !below.is_empty() && !entry.key().ends_with('/');
                    is_setting.then(|| (self.name(entry.key(), below), entry))
                });
                below.collect()
            }
            EnvSource::Keys(entries) => {
                let named = entries.iter().map(|entry| {
                    let key = entry.key().trim_end_matches('/');
                    let last = key.rsplit('/').next().unwrap_or_default();
                    (self.name(entry.key(), last), entry)
                });
                named.collect()
            }
            EnvSource::Named(entries) => {
                let named = entries.iter();
                named.map(|(name, entry)| (name.clone(), entry)).collect()
            }
        }
    }

    fn name(&self, key: &str, below: &str) -> String {
        let renamed = self.renamed.get(key).cloned();
        renamed.unwrap_or_else(|| self.names.name(below))
    }

    fn check(&self, name: &str, entry: &Entry) -> Result<(), EnvError> {
        let key = || entry.key().to_owned();
        if let Err(reason) = check_name(name) {
            return Err(EnvError::Name { key: key(), reason });
        }
        if is_dangerous_name(name) && !self.allowed.contains(name) {
            let name = name.to_owned();
            return Err(EnvError::Dangerous { name, key: key() });
        }
        let size = entry.value().len();
        if entry.value().contains(&0) {
            return Err(EnvError::Nul(key()));
        }
        if name.len() + size + 2 > MAX_VARIABLE {
            return Err(EnvError::TooLarge { key: key(), size });
        }
        Ok(())
    }
}

impl EnvSource {
    fn has(&self, key: &str) -> bool {
        match self {
            EnvSource::Prefix(_, entries) | EnvSource::Keys(entries) => {
                entries.iter().any(|entry| entry.key() == key)
            }
            EnvSource::Named(_) => false,
        }
    }
}

impl EnvError {
    /// Returns what the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            EnvError::Collision { name, keys } => {
                format!("--rename {}={name}_OLD, or --exclude", abbreviate(&keys[1]))
            }
            EnvError::Dangerous { name, key } => format!(
                "--allow-env {name} permits it; --exclude or --rename {}=NAME avoid it",
                abbreviate(key)
            ),
            EnvError::Name { key, .. } => format!("--rename {}=NAME", abbreviate(key)),
            EnvError::Nul(_) | EnvError::TooLarge { .. } => {
                "--exclude leaves the key out".to_owned()
            }
        }
    }
}

impl fmt::Display for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EnvError::Collision { name, keys } => {
                let [one, other] = keys.each_ref().map(|key| abbreviate(key));
                write!(f, "'{one}' and '{other}' both give {}", abbreviate(name))
            }
            EnvError::Dangerous { name, key } => write!(
                f,
                "'{}' gives {}, which could make a program run other code",
                abbreviate(key),
                abbreviate(name)
            ),
            EnvError::Name { key, reason } => {
                write!(f, "'{}' gives no variable: {reason}", abbreviate(key))
            }
            EnvError::Nul(key) => write!(
                f,
                "the value of '{}' has a NUL, which no variable can hold",
                abbreviate(key)
            ),
            EnvError::TooLarge { key, size } => write!(
                f,
                "the value of '{}' has {size} bytes; a variable can have 128 KiB with its name",
                abbreviate(key)
            ),
        }
    }
}

impl std::error::Error for EnvError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefix(prefix: &str, keys: &[&str]) -> EnvSource {
        let entries = keys.iter().map(|key| Entry::sample(key, key.as_bytes()));
        EnvSource::Prefix(Prefix::new(prefix), entries.collect())
    }

    fn names(rules: &EnvRules, sources: &[EnvSource]) -> Vec<String> {
        let variables = rules.variables(sources).unwrap();
        let shown = variables
            .iter()
            .map(|(name, entry)| format!("{name}={}", entry.key()));
        shown.collect()
    }

    fn error(rules: &EnvRules, sources: &[EnvSource]) -> String {
        let error = rules.variables(sources).unwrap_err();
        format!("{error} | {}", error.hint())
    }

    #[test]
    fn folder_keys_and_the_prefix_itself_are_left_out() {
        let source = prefix("app/", &["app/", "app/db/", "app/db/host", "app/x"]);
        let rules = EnvRules::default();
        assert_eq!(names(&rules, &[source]), ["DB_HOST=app/db/host", "X=app/x"]);
        let whole = prefix("", &["a/b", "c"]);
        assert_eq!(names(&rules, &[whole]), ["A_B=a/b", "C=c"]);
    }

    #[test]
    fn the_later_source_wins_and_one_source_may_not_disagree_with_itself() {
        let rules = EnvRules::default();
        let sources = [
            prefix("common/", &["common/host", "common/port"]),
            prefix("web/", &["web/port"]),
        ];
        assert_eq!(
            names(&rules, &sources),
            ["HOST=common/host", "PORT=web/port"]
        );
        let keys = ["config/web/db-host", "config/web/db/host"];
        assert_eq!(
            error(&rules, &[prefix("config/web/", &keys)]),
            "'config/web/db-host' and 'config/web/db/host' both give DB_HOST | \
             --rename config/web/db/host=DB_HOST_OLD, or --exclude"
        );
        // A collision is one although a later source has the last word.
        let late = [prefix("config/web/", &keys), prefix("x/", &["x/db_host"])];
        assert!(rules.variables(&late).is_err());
    }

    #[test]
    fn a_renamed_or_an_excluded_key_does_not_collide() {
        let keys = ["w/a-b", "w/a/b", "w/A_B"];
        let mut rules = EnvRules {
            filter: Filter {
                exclude: vec![Glob::new("w/A_B").unwrap()],
                ..Filter::default()
            },
            ..EnvRules::default()
        };
        rules.renamed.insert("w/a/b".to_owned(), "OLD".to_owned());
        rules.renamed.insert("w/none".to_owned(), "X".to_owned());
        let sources = [prefix("w/", &keys)];
        assert_eq!(names(&rules, &sources), ["A_B=w/a-b", "OLD=w/a/b"]);
        assert_eq!(rules.unknown_renames(&sources), ["w/none"]);
        rules.filter.include = vec![Glob::new("w/*/b").unwrap(), Glob::new("x").unwrap()];
        assert_eq!(names(&rules, &sources), ["OLD=w/a/b"]);
        let unmatched: Vec<_> = rules.unmatched_globs(&sources).collect();
        assert_eq!(unmatched.len(), 1);
        assert_eq!(
            (unmatched[0].0, unmatched[0].1.as_str()),
            ("--include", "x")
        );
    }

    #[test]
    fn a_dangerous_name_is_refused_unless_it_is_allowed() {
        let sources = [prefix("a/", &["a/path"])];
        let mut rules = EnvRules::default();
        assert_eq!(
            error(&rules, &sources),
            "'a/path' gives PATH, which could make a program run other code | \
             --allow-env PATH permits it; --exclude or --rename a/path=NAME avoid it"
        );
        rules.allowed.insert("PATH".to_owned());
        assert_eq!(names(&rules, &sources), ["PATH=a/path"]);
        let own = EnvSource::Named(vec![("LD_PRELOAD".to_owned(), Entry::sample("k", b""))]);
        assert!(matches!(
            rules.variables(&[own]),
            Err(EnvError::Dangerous { .. })
        ));
    }

    #[test]
    fn single_keys_are_named_by_their_last_part_or_as_asked() {
        let rules = EnvRules::default();
        let keys = EnvSource::Keys(vec![
            Entry::sample("a/db/host", b""),
            Entry::sample("top", b""),
        ]);
        let named = EnvSource::Named(vec![("x.y".to_owned(), Entry::sample("a/z", b""))]);
        assert_eq!(
            names(&rules, &[keys, named]),
            ["HOST=a/db/host", "TOP=top", "x.y=a/z"]
        );
        let twice = EnvSource::Keys(vec![
            Entry::sample("a/host", b""),
            Entry::sample("b/host", b""),
        ]);
        assert!(error(&rules, &[twice]).contains("both give HOST"));
        // The same key twice is one.
        let same = EnvSource::Keys(vec![
            Entry::sample("a/host", b""),
            Entry::sample("a/host", b""),
        ]);
        assert_eq!(names(&rules, &[same]), ["HOST=a/host"]);
    }

    #[test]
    fn a_value_that_no_variable_can_hold_is_named_by_its_key() {
        let rules = EnvRules::default();
        let source = |value: &[u8]| [EnvSource::Keys(vec![Entry::sample("a/x", value)])];
        assert!(error(&rules, &source(b"a\0b")).starts_with("the value of 'a/x' has a NUL"));
        let most = vec![b'x'; MAX_VARIABLE - 3];
        assert!(rules.variables(&source(&most)).is_ok());
        let more = vec![b'x'; MAX_VARIABLE - 2];
        assert!(error(&rules, &source(&more)).contains("131070 bytes"));
        let keep = EnvRules {
            names: NameStyle::Keep,
            ..EnvRules::default()
        };
        assert!(error(&keep, &[prefix("a/", &["a/b=c"])]).contains("the name has a '='"));
    }

    proptest! {
        /// No key is lost in silence: each has its variable, or the whole is refused.
        #[test]
        fn every_key_of_a_prefix_is_a_variable_or_the_whole_is_refused(
            below in prop::collection::btree_set("[abAB_./-]{1,4}", 1..6)
        ) {
            let keys: Vec<String> = below.iter().map(|below| format!("p/{below}")).collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let rules = EnvRules::default();
            let settings = keys.iter().filter(|key| !key.ends_with('/'));
            match rules.variables(&[prefix("p/", &keys)]) {
                Ok(variables) => prop_assert_eq!(variables.len(), settings.count()),
                Err(EnvError::Collision { keys, .. }) => prop_assert_ne!(&keys[0], &keys[1]),
                Err(error) => prop_assert!(false, "{}", error),
            }
        }
    }
}
