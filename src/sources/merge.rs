//! Several entries for one key: a mistake within one source, an override between two.

use std::collections::BTreeMap;

use super::SourceError;
use crate::model::{Desired, Key, Place, abbreviate};

/// A key that a later source has too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overridden {
    /// The key.
    pub key: Key,
    /// The place that no longer counts.
    pub before: Place,
    /// The place that does.
    pub after: Place,
}

/// The entries of several sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// The entries, sorted by key, each key once.
    pub entries: Vec<Desired>,
    /// The keys that several sources have.
    pub overridden: Vec<Overridden>,
}

/// Sorts the entries of one source, and checks that each key stands once.
pub fn without_duplicates(mut entries: Vec<Desired>) -> Result<Vec<Desired>, SourceError> {
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    for two in entries.windows(2) {
        if two[0].key == two[1].key {
            let key = abbreviate(two[0].key.as_str());
            let what = format!("key {key} is also in {}", two[0].place);
            return Err(SourceError::at(two[1].place.clone(), what));
        }
    }
    Ok(entries)
}

/// Joins sources, each with its keys once: the later one wins.
pub fn merge(sources: Vec<Vec<Desired>>) -> Merged {
    let mut keys: BTreeMap<Key, Desired> = BTreeMap::new();
    let mut overridden = Vec::new();
    for entry in sources.into_iter().flatten() {
        let (key, after) = (entry.key.clone(), entry.place.clone());
        if let Some(before) = keys.insert(entry.key.clone(), entry) {
            overridden.push(Overridden {
                key,
                before: before.place,
                after,
            });
        }
    }
    Merged {
        entries: keys.into_values().collect(),
        overridden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, file: &str) -> Desired {
        Desired {
            key: Key::new(key).unwrap(),
            value: Some(file.into()),
            flags: None,
            place: Place {
                file: file.into(),
                line: Some(1),
            },
        }
    }

    #[test]
    fn the_later_source_wins_and_the_override_is_known() {
        assert_eq!(merge(Vec::new()), Merged::default());
        let one = vec![entry("a", "x"), entry("b", "x")];
        assert_eq!(merge(vec![one.clone()]).entries, one);
        let merged = merge(vec![one, vec![entry("b", "y"), entry("c", "y")]]);
        let places = merged.entries.iter().map(|entry| entry.place.to_string());
        assert_eq!(places.collect::<Vec<_>>(), ["x:1", "y:1", "y:1"]);
        assert_eq!(merged.overridden.len(), 1);
        assert_eq!(merged.overridden[0].key.as_str(), "b");
    }
}
