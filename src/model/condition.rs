//! The conditions of `wait`.

use std::collections::BTreeSet;
use std::fmt;

use super::{Entry, Index, Key, Regex, abbreviate};

/// The most characters of a value in a message.
const MAX_SHOWN: usize = 40;

/// A predicate over the entry of a key.
#[derive(Debug, Clone)]
pub enum Predicate {
    /// It exists.
    Exists,
    /// It does not exist.
    Absent,
    /// It exists with this value.
    Equals(Vec<u8>),
    /// It does not exist with this value.
    NotEquals(Vec<u8>),
    /// It exists with a value that matches.
    Matches(Regex),
    /// It was written after this index, or existed then and does not any more.
    ChangedSince(Index),
}

/// A key and the predicate that its entry is to meet.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The key.
    pub key: Key,
    /// The predicate.
    pub predicate: Predicate,
}

impl Condition {
    /// Whether the entry meets the condition.
    pub fn holds(&self, entry: Option<&Entry>) -> bool {
        match (&self.predicate, entry) {
            (Predicate::Exists, entry) => entry.is_some(),
            (Predicate::Absent, entry) => entry.is_none(),
            (Predicate::Equals(value), entry) => entry.is_some_and(|entry| entry.value() == value),
            (Predicate::NotEquals(value), entry) => {
                entry.is_none_or(|entry| entry.value() != value)
            }
            (Predicate::Matches(regex), entry) => {
                entry.is_some_and(|entry| regex.is_match(entry.value()))
            }
            (Predicate::ChangedSince(index), Some(entry)) => entry.modified() > *index,
            // Index 0 is that of a missing key: it has not changed as long as it is missing.
            (Predicate::ChangedSince(index), None) => *index > Index(0),
        }
    }

    /// Describes why the entry does not meet the condition, without its value, which may be a secret.
    pub fn describe_unmet(&self, entry: Option<&Entry>) -> String {
        let key = &self.key;
        match (&self.predicate, entry) {
            (Predicate::Exists | Predicate::Equals(_) | Predicate::Matches(_), None) => {
                format!("{key} does not exist")
            }
            (Predicate::ChangedSince(Index(0)), None) => format!("{key} does not exist"),
            (Predicate::Absent | Predicate::Exists, _) => format!("{key} exists"),
            (Predicate::Equals(value), Some(_)) => format!("{key} is not {}", quote(value)),
            (Predicate::NotEquals(value), _) => format!("{key} is still {}", quote(value)),
            (Predicate::Matches(regex), Some(_)) => format!("{key} does not match '{regex}'"),
            (Predicate::ChangedSince(index), _) => {
                format!("{key} has not changed since index {index}")
            }
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = abbreviate(self.key.as_str());
        match &self.predicate {
            Predicate::Exists => write!(f, "{key} to exist"),
            Predicate::Absent => write!(f, "{key} to be absent"),
            Predicate::Equals(value) => write!(f, "{key} to be {}", quote(value)),
            Predicate::NotEquals(value) => write!(f, "{key} not to be {}", quote(value)),
            Predicate::Matches(regex) => write!(f, "{key} to match '{regex}'"),
            Predicate::ChangedSince(index) => write!(f, "{key} to change after index {index}"),
        }
    }
}

/// Conditions of which all, or any, must be met.
#[derive(Debug, Clone)]
pub struct ConditionSet {
    conditions: Vec<Condition>,
    any: bool,
}

impl ConditionSet {
    /// A set that is met when all, or any, of the conditions are.
    pub fn new(conditions: Vec<Condition>, any: bool) -> Self {
        ConditionSet { conditions, any }
    }

    /// Returns the keys of the conditions, each once, sorted.
    pub fn keys(&self) -> BTreeSet<&Key> {
        self.conditions
            .iter()
            .map(|condition| &condition.key)
            .collect()
    }

    /// Whether one of the conditions is enough, for fuzzing.
    #[cfg(any(test, fuzzing))]
    pub fn is_any(&self) -> bool {
        self.any
    }

    /// Returns whether each of the conditions holds, for fuzzing.
    #[cfg(any(test, fuzzing))]
    pub fn hold<'e>(&self, lookup: impl Fn(&Key) -> Option<&'e Entry>) -> Vec<bool> {
        let conditions = self.conditions.iter();
        conditions
            .map(|condition| condition.holds(lookup(&condition.key)))
            .collect()
    }

    /// Describes the conditions that are not met; empty if the set is. A key that was not read yet,
    /// for which `lookup` returns `None`, meets no condition.
    pub fn unmet<'e>(&self, lookup: impl Fn(&Key) -> Option<Option<&'e Entry>>) -> Vec<String> {
        let reasons = self.conditions.iter().filter_map(|condition| {
            let Some(entry) = lookup(&condition.key) else {
                return Some(format!("{} was not seen", condition.key));
            };
            (!condition.holds(entry)).then(|| condition.describe_unmet(entry))
        });
        let mut unmet: Vec<String> = reasons.collect();
        if self.any && unmet.len() < self.conditions.len() {
            return Vec::new();
        }
        // Several conditions on a missing key have the same reason.
        let mut listed = BTreeSet::new();
        unmet.retain(|reason| listed.insert(reason.clone()));
        unmet
    }
}

impl fmt::Display for ConditionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.any { " or " } else { " and " };
        for (number, condition) in self.conditions.iter().enumerate() {
            if number > 0 {
                f.write_str(between)?;
            }
            condition.fmt(f)?;
        }
        Ok(())
    }
}

/// Quotes a value, cut where it is too long for a message.
fn quote(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("'{}…'", &text[..end]),
        None => format!("'{text}'"),
    }
}

#[cfg(test)]
mod tests;
