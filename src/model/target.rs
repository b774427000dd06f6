//! Targets: the keys and prefixes that are watched.

use std::fmt;

use super::{Glob, Key, Prefix};

/// The keys of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetScope {
    /// One key.
    Key(Key),
    /// All keys with a prefix.
    Prefix(Prefix),
}

impl TargetScope {
    /// Whether it contains the key.
    pub fn covers(&self, key: &str) -> bool {
        match self {
            TargetScope::Key(own) => own.as_str() == key,
            TargetScope::Prefix(prefix) => key.starts_with(prefix.as_str()),
        }
    }

    /// Whether it may contain keys that the glob matches.
    pub fn may_match(&self, glob: &Glob) -> bool {
        match self {
            TargetScope::Key(key) => glob.matches(key.as_str()),
            TargetScope::Prefix(prefix) => {
                // What all matches begin with. A backslash stands for what comes after it.
                let pattern = glob.as_str();
                let special = ['*', '?', '[', '{', '\\'];
                let literal = pattern.split(special).next().unwrap_or_default();
                let prefix = prefix.as_str();
                literal.starts_with(prefix)
                    || (literal.len() < pattern.len() && prefix.starts_with(literal))
            }
        }
    }
}

impl fmt::Display for TargetScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetScope::Key(key) => write!(f, "key {key}"),
            TargetScope::Prefix(prefix) if prefix.is_root() => f.write_str("all keys"),
            TargetScope::Prefix(prefix) => write!(f, "prefix {prefix}"),
        }
    }
}

/// The number of a target on the command line, from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub u16);

/// One target of a watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The number on the command line.
    pub id: TargetId,
    /// The keys that it covers.
    pub scope: TargetScope,
}

impl Target {
    /// Returns the key or prefix.
    pub fn name(&self) -> &str {
        match &self.scope {
            TargetScope::Key(key) => key.as_str(),
            TargetScope::Prefix(prefix) => prefix.as_str(),
        }
    }
}

/// Returns the target that a key belongs to where targets overlap: the most specific one, so that a
/// change is reported once. Not the first one: a state file stores keys by target, and the order of
/// targets may differ after a restart.
pub fn owner(targets: &[Target], key: &str) -> Option<TargetId> {
    let covering = targets.iter().filter(|target| target.scope.covers(key));
    covering
        .max_by_key(|target| {
            (
                matches!(target.scope, TargetScope::Key(_)),
                target.name().len(),
            )
        })
        .map(|target| target.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(scopes: &[TargetScope]) -> Vec<Target> {
        let numbered = scopes.iter().zip(0..);
        numbered
            .map(|(scope, id)| Target {
                id: TargetId(id),
                scope: scope.clone(),
            })
            .collect()
    }

    #[test]
    fn a_prefix_is_compared_byte_by_byte_and_a_key_whole() {
        let prefix = TargetScope::Prefix(Prefix::new("web/b"));
        assert!(prefix.covers("web/b") && prefix.covers("web/b2/x"));
        assert!(!prefix.covers("web/a"));
        let key = TargetScope::Key(Key::new("web/b").unwrap());
        assert!(key.covers("web/b") && !key.covers("web/b2"));
    }

    #[test]
    fn of_overlapping_targets_the_most_specific_owns_a_key_in_any_order() {
        let mut scopes = [
            TargetScope::Key(Key::new("app/name").unwrap()),
            TargetScope::Prefix(Prefix::new("app/")),
            TargetScope::Prefix(Prefix::new("app/name")),
            TargetScope::Prefix(Prefix::new("")),
        ];
        for _ in 0..scopes.len() {
            scopes.rotate_left(1);
            let targets = targets(&scopes);
            let owner = |key| {
                let id = owner(&targets, key).unwrap();
                targets[usize::from(id.0)].scope.to_string()
            };
            assert_eq!(owner("app/name"), "key app/name");
            assert_eq!(owner("app/names"), "prefix app/name");
            assert_eq!(owner("app/port"), "prefix app/");
            assert_eq!(owner("other"), "all keys");
        }
        assert_eq!(owner(&targets(&scopes[..2]), "other"), None);
    }

    #[test]
    fn a_scope_may_match_globs_that_begin_as_its_keys_do() {
        let key = TargetScope::Key(Key::new("app/name").unwrap());
        let prefix = TargetScope::Prefix(Prefix::new("app/"));
        for (glob, key_matches, prefix_matches) in [
            ("app/*", true, true),
            ("**", true, true),
            ("app/db/*", false, true),
            ("app/name", true, true),
            ("ap*", false, true),
            ("a[p]p/*", true, true),
            (r"\app/x", false, true),
            ("web/*", false, false),
            ("app", false, false),
            ("name", false, false),
        ] {
            let glob = Glob::new(glob).unwrap();
            assert_eq!(key.may_match(&glob), key_matches, "{}", glob.as_str());
            assert_eq!(prefix.may_match(&glob), prefix_matches, "{}", glob.as_str());
        }
    }
}
