//! What is watched.

use std::fmt;

use crate::model::{Key, Prefix, TargetId};

/// One key, or all keys that begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// This key alone.
    Key(Key),
    /// All keys that begin with this.
    Prefix(Prefix),
}

impl What {
    /// Whether a key belongs to it.
    pub fn covers(&self, key: &str) -> bool {
        match self {
            What::Key(own) => own.as_str() == key,
            What::Prefix(prefix) => key.starts_with(prefix.as_str()),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Key(key) => write!(f, "key {key}"),
            What::Prefix(prefix) if prefix.is_root() => f.write_str("all keys"),
            What::Prefix(prefix) => write!(f, "prefix {prefix}"),
        }
    }
}

/// One target of a watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its place on the command line.
    pub id: TargetId,
    /// What it stands for.
    pub what: What,
}

impl Target {
    /// The key or prefix as it was typed.
    pub fn name(&self) -> &str {
        match &self.what {
            What::Key(key) => key.as_str(),
            What::Prefix(prefix) => prefix.as_str(),
        }
    }
}

/// Whose change of a key it is where targets overlap: the first target's that covers it, so that
/// one change is told once.
pub fn owner(targets: &[Target], key: &str) -> Option<TargetId> {
    let mut targets = targets.iter();
    targets
        .find(|target| target.what.covers(key))
        .map(|target| target.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(what: &[What]) -> Vec<Target> {
        let numbered = what.iter().zip(0..);
        numbered
            .map(|(what, id)| Target {
                id: TargetId(id),
                what: what.clone(),
            })
            .collect()
    }

    #[test]
    fn a_prefix_is_compared_byte_by_byte_and_a_key_whole() {
        let prefix = What::Prefix(Prefix::new("web/b"));
        assert!(prefix.covers("web/b") && prefix.covers("web/b2/x"));
        assert!(!prefix.covers("web/a"));
        let key = What::Key(Key::new("web/b").unwrap());
        assert!(key.covers("web/b") && !key.covers("web/b2"));
    }

    #[test]
    fn of_overlapping_targets_the_first_that_covers_a_key_owns_it() {
        let targets = targets(&[
            What::Key(Key::new("app/name").unwrap()),
            What::Prefix(Prefix::new("app/")),
            What::Prefix(Prefix::new("")),
        ]);
        assert_eq!(owner(&targets, "app/name"), Some(TargetId(0)));
        assert_eq!(owner(&targets, "app/port"), Some(TargetId(1)));
        assert_eq!(owner(&targets, "other"), Some(TargetId(2)));
        assert_eq!(owner(&targets[..2], "other"), None);
    }
}
