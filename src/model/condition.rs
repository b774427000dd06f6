//! What `wait` waits for.

use std::collections::BTreeSet;
use std::fmt;

use super::{Entry, Index, Key, Regex};

/// How much of a value stands in a sentence.
const SHOWN: usize = 40;

/// What is to be true of a key.
#[derive(Debug, Clone)]
pub enum Wish {
    /// It exists.
    Exists,
    /// It does not.
    Absent,
    /// It exists with this value.
    Equals(Vec<u8>),
    /// It does not exist with this value.
    NotEquals(Vec<u8>),
    /// It exists with a value in which this is found.
    Matches(Regex),
    /// It was written after this index, or was there then and is gone.
    ChangedSince(Index),
}

/// A wish for a key.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Whose.
    pub key: Key,
    /// What.
    pub wish: Wish,
}

impl Condition {
    /// Whether it holds for the key's entry as it is.
    pub fn holds(&self, entry: Option<&Entry>) -> bool {
        match (&self.wish, entry) {
            (Wish::Exists, entry) => entry.is_some(),
            (Wish::Absent, entry) => entry.is_none(),
            (Wish::Equals(value), entry) => entry.is_some_and(|entry| entry.value() == value),
            (Wish::NotEquals(value), entry) => entry.is_none_or(|entry| entry.value() != value),
            (Wish::Matches(regex), entry) => {
                entry.is_some_and(|entry| regex.is_match(entry.value()))
            }
            (Wish::ChangedSince(index), Some(entry)) => entry.modified() > *index,
            // Index 0 is of a key that never was: it has not changed as long as it is not there.
            (Wish::ChangedSince(index), None) => *index > Index(0),
        }
    }

    /// Why it does not hold. The present value is not part of it: it may be a secret.
    pub fn unmet(&self, entry: Option<&Entry>) -> String {
        let key = &self.key;
        match (&self.wish, entry) {
            (Wish::Exists | Wish::Equals(_) | Wish::Matches(_), None) => {
                format!("{key} does not exist")
            }
            (Wish::ChangedSince(Index(0)), None) => format!("{key} does not exist"),
            (Wish::Absent | Wish::Exists, _) => format!("{key} exists"),
            (Wish::Equals(value), Some(_)) => format!("{key} is not {}", shown(value)),
            (Wish::NotEquals(value), _) => format!("{key} is still {}", shown(value)),
            (Wish::Matches(regex), Some(_)) => format!("{key} does not match '{regex}'"),
            (Wish::ChangedSince(index), _) => format!("{key} has not changed since index {index}"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.wish {
            Wish::Exists => write!(f, "{key} to exist"),
            Wish::Absent => write!(f, "{key} to be absent"),
            Wish::Equals(value) => write!(f, "{key} to be {}", shown(value)),
            Wish::NotEquals(value) => write!(f, "{key} not to be {}", shown(value)),
            Wish::Matches(regex) => write!(f, "{key} to match '{regex}'"),
            Wish::ChangedSince(index) => write!(f, "{key} to change after index {index}"),
        }
    }
}

/// Conditions of which all, or any, are to hold.
#[derive(Debug, Clone)]
pub struct Goal {
    conditions: Vec<Condition>,
    any: bool,
}

impl Goal {
    /// All of these, or any of them.
    pub fn new(conditions: Vec<Condition>, any: bool) -> Self {
        Goal { conditions, any }
    }

    /// The keys it speaks of, each once, by name.
    pub fn keys(&self) -> BTreeSet<&Key> {
        self.conditions
            .iter()
            .map(|condition| &condition.key)
            .collect()
    }

    /// What keeps it from being reached; nothing when it is. A key that `look` has no answer for yet
    /// counts as not meeting anything.
    pub fn unmet<'e>(&self, look: impl Fn(&Key) -> Option<Option<&'e Entry>>) -> Vec<String> {
        let reasons = self.conditions.iter().filter_map(|condition| {
            let Some(entry) = look(&condition.key) else {
                return Some(format!("{} was not seen", condition.key));
            };
            (!condition.holds(entry)).then(|| condition.unmet(entry))
        });
        let mut unmet: Vec<String> = reasons.collect();
        if self.any && unmet.len() < self.conditions.len() {
            return Vec::new();
        }
        // Several conditions fail for one reason where their key is missing.
        let mut said = BTreeSet::new();
        unmet.retain(|reason| said.insert(reason.clone()));
        unmet
    }
}

impl fmt::Display for Goal {
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

fn shown(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("'{}…'", &text[..end]),
        None => format!("'{text}'"),
    }
}

#[cfg(test)]
mod tests;
