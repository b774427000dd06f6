//! What is kept from being reported although it is no longer listed: keys that a lost right hides
//! or nobody can prove deleted, and deletes over `--max-delete`. Pure.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::str::FromStr;

use crate::model::{Entry, Snapshot};

/// More deletes at once than this are held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxDelete {
    /// This many keys.
    Keys(usize),
    /// This part of what was there, in percent.
    Percent(u8),
}

impl MaxDelete {
    /// Whether `deletes` keys may go at once where there were `of`.
    pub fn allows(self, deletes: usize, of: usize) -> bool {
        match self {
            MaxDelete::Keys(most) => deletes <= most,
            MaxDelete::Percent(most) => deletes as u128 * 100 <= of as u128 * u128::from(most),
        }
    }
}

impl FromStr for MaxDelete {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is neither a number of keys nor a percentage from 0% to 100%");
        match text.strip_suffix('%') {
            Some(percent) => percent
                .parse()
                .ok()
                .filter(|percent| *percent <= 100)
                .map(MaxDelete::Percent),
            None => text.parse().ok().map(MaxDelete::Keys),
        }
        .ok_or_else(wrong)
    }
}

impl fmt::Display for MaxDelete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MaxDelete::Keys(most) => write!(f, "{most}"),
            MaxDelete::Percent(most) => write!(f, "{most}%"),
        }
    }
}

/// Why a key that is no longer listed is not reported as deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WithheldReason {
    /// It exists and may not be read any more.
    Hidden,
    /// Consul gives no answer about its name.
    Unproven,
    /// It is deleted, with more others than `--max-delete` lets go at once.
    HeldBack,
}

impl WithheldReason {
    const ALL: [WithheldReason; 3] = [
        WithheldReason::Hidden,
        WithheldReason::Unproven,
        WithheldReason::HeldBack,
    ];
}

/// Something to say once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WithheldChange {
    /// These keys, by name, are the first that are withheld for this reason.
    Begun(WithheldReason, Vec<String>),
    /// None is withheld for this reason any more.
    Ended(WithheldReason),
}

/// What is let through of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// What was seen, and what is withheld as it last was.
    pub snapshot: Snapshot,
    /// What began or ended with this answer.
    pub notices: Vec<WithheldChange>,
}

/// The withheld keys of one target.
#[derive(Debug, Clone, Default)]
pub struct Withheld {
    bound: Option<MaxDelete>,
    keys: BTreeMap<String, WithheldReason>,
}

impl Withheld {
    /// Nothing withheld yet.
    pub fn new(bound: Option<MaxDelete>) -> Self {
        Withheld {
            bound,
            keys: BTreeMap::new(),
        }
    }

    /// Lets an answer through, but for the deletes that are not to be believed or not to be acted
    /// on. `last` is what was last let through (at a restart: what was last handled), `unproven`
    /// every key of it that is not in `seen` and not proven deleted either.
    ///
    /// Deletes that are held back stay so until their keys are there again: where a mass delete is
    /// being mended key by key, the last missing ones are no small delete of their own. As long as
    /// there are such, further deletes count together with them.
    pub fn admit(
        &mut self,
        last: &Snapshot,
        seen: &Snapshot,
        unproven: &[(String, WithheldReason)],
    ) -> Admitted {
        let gone = last.vanished(seen);
        let unproven: BTreeMap<&str, WithheldReason> = unproven
            .iter()
            .map(|(key, why)| (key.as_str(), *why))
            .collect();
        let deletes = gone
            .iter()
            .filter(|entry| !unproven.contains_key(entry.key()))
            .count();
        let too_many = self
            .bound
            .is_some_and(|bound| !bound.allows(deletes, last.len()));
        let withheld: Vec<(&Entry, WithheldReason)> = gone
            .into_iter()
            .filter_map(|entry| {
                let held =
                    too_many || self.keys.get(entry.key()) == Some(&WithheldReason::HeldBack);
                let why = unproven.get(entry.key()).copied();
                why.or(held.then_some(WithheldReason::HeldBack))
                    .map(|why| (entry, why))
            })
            .collect();
        let mut snapshot = seen.clone();
        let kept = withheld.iter().map(|(entry, _)| *entry);
        snapshot.apply(kept.map(|entry| (entry.key(), Some(entry))));
        let keys = withheld
            .iter()
            .map(|(entry, why)| (entry.key().to_owned(), *why))
            .collect();
        let before = std::mem::replace(&mut self.keys, keys);
        Admitted {
            snapshot,
            notices: notices(&before, &self.keys),
        }
    }

    /// The withheld keys and why, by key.
    pub fn keys(&self) -> impl Iterator<Item = (&str, WithheldReason)> {
        self.keys.iter().map(|(key, why)| (key.as_str(), *why))
    }
}

fn notices(
    before: &BTreeMap<String, WithheldReason>,
    now: &BTreeMap<String, WithheldReason>,
) -> Vec<WithheldChange> {
    let reasons = |keys: &BTreeMap<String, WithheldReason>| {
        keys.values().copied().collect::<HashSet<WithheldReason>>()
    };
    let (had, has) = (reasons(before), reasons(now));
    let of = |why| {
        now.iter()
            .filter(move |(_, other)| **other == why)
            .map(|(key, _)| key.clone())
            .collect()
    };
    WithheldReason::ALL
        .into_iter()
        .filter_map(|why| match (had.contains(&why), has.contains(&why)) {
            (false, true) => Some(WithheldChange::Begun(why, of(why))),
            (true, false) => Some(WithheldChange::Ended(why)),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
