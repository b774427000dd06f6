//! Keys that are not listed any more and not reported as deleted: hidden ones, unproven ones, and
//! deletes over `--max-delete`. Pure.

use std::collections::{BTreeMap, HashSet};

use crate::model::{Entry, MaxDelete, Snapshot};

/// The reason why a key that is not listed any more is not reported as deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WithheldReason {
    /// It exists, and the token may not read it any more.
    Hidden,
    /// Consul gives no answer about its name.
    Unproven,
    /// It is deleted, together with more keys than `--max-delete` allows.
    HeldBack,
}

impl WithheldReason {
    const ALL: [WithheldReason; 3] = [
        WithheldReason::Hidden,
        WithheldReason::Unproven,
        WithheldReason::HeldBack,
    ];
}

/// A start or an end of withholding, which is reported once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WithheldChange {
    /// These keys, sorted, are the first that are withheld for this reason.
    Begun(WithheldReason, Vec<String>),
    /// No key is withheld for this reason any more.
    Ended(WithheldReason),
}

/// The admitted part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The entries of the answer, and withheld ones as they last were.
    pub snapshot: Snapshot,
    /// The starts and ends of withholding.
    pub changes: Vec<WithheldChange>,
}

/// The withheld keys of one target.
#[derive(Debug, Clone, Default)]
pub struct Withheld {
    bound: Option<MaxDelete>,
    keys: BTreeMap<String, WithheldReason>,
}

impl Withheld {
    /// No key withheld yet.
    pub fn new(bound: Option<MaxDelete>) -> Self {
        Withheld {
            bound,
            keys: BTreeMap::new(),
        }
    }

    /// Admits an answer without the deletes that are unproven or too many. `last` is the last admitted
    /// snapshot (after a restart: the handled one), `unproven` every key of it that is not in `seen`
    /// and not proven deleted.
    ///
    /// Deletes stay held back until their keys exist again: if a mass delete is repaired key by key,
    /// the last missing ones are no small delete of their own. Until then further deletes count
    /// together with them.
    pub fn admit(
        &mut self,
        last: &Snapshot,
        seen: &Snapshot,
        unproven: &[(String, WithheldReason)],
    ) -> Admitted {
        let vanished = last.vanished(seen);
        let unproven: BTreeMap<&str, WithheldReason> = unproven
            .iter()
            .map(|(key, reason)| (key.as_str(), *reason))
            .collect();
        let deletes = vanished
            .iter()
            .filter(|entry| !unproven.contains_key(entry.key()))
            .count();
        let too_many = self
            .bound
            .is_some_and(|bound| !bound.allows(deletes, last.len()));
        let withheld: Vec<(&Entry, WithheldReason)> = vanished
            .into_iter()
            .filter_map(|entry| {
                let held =
                    too_many || self.keys.get(entry.key()) == Some(&WithheldReason::HeldBack);
                let reason = unproven.get(entry.key()).copied();
                reason
                    .or(held.then_some(WithheldReason::HeldBack))
                    .map(|reason| (entry, reason))
            })
            .collect();
        let mut snapshot = seen.clone();
        let kept = withheld.iter().map(|(entry, _)| *entry);
        snapshot.apply(kept.map(|entry| (entry.key(), Some(entry))));
        let keys = withheld
            .iter()
            .map(|(entry, reason)| (entry.key().to_owned(), *reason))
            .collect();
        let before = std::mem::replace(&mut self.keys, keys);
        Admitted {
            snapshot,
            changes: changes(&before, &self.keys),
        }
    }

    /// Returns the withheld keys and their reasons, by key.
    pub fn keys(&self) -> impl Iterator<Item = (&str, WithheldReason)> {
        self.keys
            .iter()
            .map(|(key, reason)| (key.as_str(), *reason))
    }
}

/// Returns the starts and ends of withholding between two answers.
fn changes(
    before: &BTreeMap<String, WithheldReason>,
    now: &BTreeMap<String, WithheldReason>,
) -> Vec<WithheldChange> {
    let reasons = |keys: &BTreeMap<String, WithheldReason>| {
        keys.values().copied().collect::<HashSet<WithheldReason>>()
    };
    let (had, has) = (reasons(before), reasons(now));
    let keys = |reason| {
        now.iter()
            .filter(move |(_, other)| **other == reason)
            .map(|(key, _)| key.clone())
            .collect()
    };
    WithheldReason::ALL
        .into_iter()
        .filter_map(
            |reason| match (had.contains(&reason), has.contains(&reason)) {
                (false, true) => Some(WithheldChange::Begun(reason, keys(reason))),
                (true, false) => Some(WithheldChange::Ended(reason)),
                _ => None,
            },
        )
        .collect()
}

#[cfg(test)]
mod tests;
