//! What is watched.

use std::fmt;

use super::{Key, Prefix};

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

/// Which of a watch's targets something belongs to, by its place on the command line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub u16);

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

/// Whose change of a key it is where targets overlap: the closest one's, so that one change is told
/// once. Not the first one's: a state file remembers keys by target, and targets may be given in
/// another order after a restart.
pub fn owner(targets: &[Target], key: &str) -> Option<TargetId> {
    let covering = targets.iter().filter(|target| target.what.covers(key));
    covering
        .max_by_key(|target| (matches!(target.what, What::Key(_)), target.name().len()))
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
    fn of_overlapping_targets_the_closest_owns_a_key_in_any_order() {
        let mut what = [
            What::Key(Key::new("app/name").unwrap()),
            What::Prefix(Prefix::new("app/")),
            What::Prefix(Prefix::new("app/name")),
            What::Prefix(Prefix::new("")),
        ];
        for _ in 0..what.len() {
            what.rotate_left(1);
            let targets = targets(&what);
            let owner = |key| {
                let id = owner(&targets, key).unwrap();
                targets[usize::from(id.0)].what.to_string()
            };
            assert_eq!(owner("app/name"), "key app/name");
            assert_eq!(owner("app/names"), "prefix app/name");
            assert_eq!(owner("app/port"), "prefix app/");
            assert_eq!(owner("other"), "all keys");
        }
        assert_eq!(owner(&targets(&what[..2]), "other"), None);
    }
}
