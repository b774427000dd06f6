//! What was handled of one target. Pure.

use std::collections::{BTreeMap, HashMap};

use super::format::{Base64Text, FileKey, StoredEntry, ValueHash, hash};
use crate::model::{Entry, Fields, Index, Snapshot};

/// What was handled of one target, and what of that is unresolved.
#[derive(Debug, Clone, Default)]
pub struct TargetHistory {
    handled: Snapshot,
    /// What is unknown of entries that were read from a file and not found again in Consul yet.
    unresolved: HashMap<String, Unresolved>,
    /// The keys that a handler was shown and that were not handled since, as entries whose value
    /// stays unknown, because it is unknown how much of the run was done.
    shown: BTreeMap<String, Entry>,
    /// The shown keys that were read from a file and not seen in Consul since.
    unconfirmed: HashMap<String, Entry>,
}

/// What is unknown of an entry that was read from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unresolved {
    /// The hash of the value, where the value itself was not kept.
    pub hash: Option<ValueHash>,
    /// Whether the session that holds the lock was kept.
    pub session_known: bool,
}

/// An entry, and its replacement.
type EntryReplacement = (Entry, Option<Entry>);

impl TargetHistory {
    /// Loads the entries of a file, and those that were shown.
    pub fn load<'s>(
        index: Index,
        entries: impl Iterator<Item = &'s StoredEntry<'s>>,
        shown: impl Iterator<Item = &'s StoredEntry<'s>>,
    ) -> Self {
        let mut unresolved = HashMap::new();
        let entries = entries.map(|stored| {
            let unknown = Unresolved {
                hash: stored.hash.as_ref().and_then(Base64Text::array),
                session_known: stored.session.is_some(),
            };
            unresolved.insert(stored.key.clone().into_owned(), unknown);
            load_entry(stored)
        });
        let handled = Snapshot::new(index, entries.collect());
        let shown = shown.map(|stored| {
            (
                stored.key.clone().into_owned(),
                without_value(&load_entry(stored)),
            )
        });
        let shown: BTreeMap<String, Entry> = shown.collect();
        TargetHistory {
            handled,
            unresolved,
            unconfirmed: shown.clone().into_iter().collect(),
            shown,
        }
    }

    /// A history in which every present entry is handled.
    pub fn adopted(seen: &Snapshot) -> Self {
        TargetHistory {
            handled: seen.clone(),
            ..TargetHistory::default()
        }
    }

    /// The handled entries. Values that were not kept are unknown.
    pub fn handled(&self) -> &Snapshot {
        &self.handled
    }

    /// The entries that were shown and not handled, by key.
    pub fn shown(&self) -> impl Iterator<Item = &Entry> {
        self.shown.values()
    }

    /// What is unknown of a handled entry, if anything.
    pub fn unresolved(&self, key: &str) -> Option<&Unresolved> {
        self.unresolved.get(key)
    }

    /// Returns what a restart compares Consul with: the handled entries, and the keys that were
    /// only shown. A key that was shown as created and is gone has to be reported as deleted.
    pub fn at_start(&self) -> Snapshot {
        let only_shown = self
            .shown
            .iter()
            .filter(|(key, _)| self.handled.get(key).is_none());
        let mut start = self.handled.clone();
        start.apply(only_shown.map(|(key, entry)| (key.as_str(), Some(entry))));
        start
    }

    /// Fills in what only Consul can tell, see [`super::handled::HandledState::recall`].
    pub fn recall(
        &mut self,
        secret: &FileKey,
        sessions: bool,
        last: &Snapshot,
        seen: &Snapshot,
    ) -> Option<Snapshot> {
        if self.unresolved.is_empty() && self.unconfirmed.is_empty() {
            return None;
        }
        let known = self.resolve(secret, sessions, seen);
        let mut changes = known.clone();
        let unconfirmed = std::mem::take(&mut self.unconfirmed);
        for (key, shown) in unconfirmed {
            match seen.get(&key) {
                Some(now) => self.deliver_again(&shown, now, &mut changes),
                None => drop(self.unconfirmed.insert(key, shown)),
            }
        }
        let last = with_replacements(last, &changes);
        self.handled = with_replacements(&self.handled, &known);
        Some(last)
    }

    /// Makes sure that a key which was shown and not handled is reported again, now that its entry
    /// is `now`.
    fn deliver_again(&self, shown: &Entry, now: &Entry, changes: &mut Vec<EntryReplacement>) {
        let at = changes.binary_search_by(|(was, _)| was.key().cmp(now.key()));
        let handled = self.handled.get(now.key());
        match (handled, at) {
            // The key is as it was handled, but the handler may have been shown something else.
            (Some(_), Ok(at)) => {
                let (_, known) = &mut changes[at];
                *known = known.take().map(|known| {
                    if known.same_content(now) {
                        without_value(&known)
                    } else {
                        known
                    }
                });
            }
            (Some(was), Err(at)) if was.same_content(now) => {
                changes.insert(at, (was.clone(), Some(without_value(was))));
            }
            (Some(_), Err(_)) => {}
            // The key never was handled: it is reported as created, once more.
            (None, Err(at) | Ok(at)) => changes.insert(at, (shown.clone(), None)),
        }
    }

    /// Returns the handled entries of which something becomes known, each with what it is known to
    /// be.
    fn resolve(
        &mut self,
        secret: &FileKey,
        sessions: bool,
        seen: &Snapshot,
    ) -> Vec<EntryReplacement> {
        let (mut known, mut unresolved) = (Vec::new(), HashMap::new());
        // Both are sorted: one walk, however many keys there are.
        let mut present = seen.entries().iter().peekable();
        for was in self.handled.entries() {
            while present.next_if(|now| now.key() < was.key()).is_some() {}
            let Some((key, unknown)) = self.unresolved.remove_entry(was.key()) else {
                continue;
            };
            let still = match present.peek().filter(|now| now.key() == was.key()) {
                None => Some(unknown),
                Some(now) => {
                    let (entry, still) = unknown.resolve(secret, sessions, was, now);
                    known.push((was.clone(), Some(entry)));
                    still
                }
            };
            unresolved.extend(still.map(|still| (key, still)));
        }
        self.unresolved = unresolved;
        known
    }

    /// Takes note that these entries are about to be shown.
    pub fn begin<'e>(&mut self, entries: impl Iterator<Item = &'e Entry>) {
        let shown = entries.map(|entry| (entry.key().to_owned(), without_value(entry)));
        self.shown.extend(shown);
    }

    /// Whether the key was shown and not handled since.
    pub fn has_begun(&self, key: &str) -> bool {
        self.shown.contains_key(key)
    }

    /// Takes these keys as handled in their present state, up to this index.
    pub fn apply(&mut self, changed: BTreeMap<&str, Option<&Entry>>, index: Index) {
        for key in changed.keys() {
            self.unresolved.remove(*key);
            self.shown.remove(*key);
            self.unconfirmed.remove(*key);
        }
        self.handled.apply(changed);
        self.handled = std::mem::take(&mut self.handled).at(index);
    }
}

impl Unresolved {
    /// Returns what this entry of a file was, now that its key's entry is `now`, and what stays
    /// unknown of it.
    fn resolve(
        self,
        secret: &FileKey,
        sessions: bool,
        was: &Entry,
        now: &Entry,
    ) -> (Entry, Option<Unresolved>) {
        let same_value = if was.value_known() {
            was.value() == now.value()
        } else {
            self.hash == Some(hash(secret, was.key(), now.value()))
        };
        let session = if self.session_known {
            was.session()
        } else {
            now.session()
        };
        let same_session = !sessions || session == now.session();
        if same_value && was.flags() == now.flags() && same_session {
            return (now.clone(), None);
        }
        let known = was.value_known() || same_value;
        let value = if same_value { now.value() } else { was.value() };
        let entry = Entry::pack(&Fields {
            value: known.then_some(value),
            session,
            ..was.fields()
        });
        let still = Unresolved {
            session_known: true,
            ..self
        };
        (entry, (!known).then_some(still))
    }
}

fn load_entry(stored: &StoredEntry<'_>) -> Entry {
    Entry::pack(&Fields {
        key: &stored.key,
        value: stored.value.as_ref().map(|value| value.0.as_slice()),
        flags: stored.flags,
        created: stored.created,
        modified: stored.modified,
        locked: stored.locked,
        session: stored.session.as_deref(),
    })
}

/// Returns the entry without its value, which makes it differ from every entry that Consul shows.
fn without_value(entry: &Entry) -> Entry {
    Entry::pack(&Fields {
        value: None,
        ..entry.fields()
    })
}

/// Returns the snapshot with entries replaced or removed. An entry that is not the one to be
/// replaced was admitted since, and stays.
fn with_replacements(snapshot: &Snapshot, replacements: &[EntryReplacement]) -> Snapshot {
    let mut result = snapshot.clone();
    let unchanged = replacements.iter().filter(|(was, _)| {
        let present = snapshot.get(was.key());
        present.is_some_and(|entry| entry.is_same(was))
    });
    result.apply(unchanged.map(|(was, now)| (was.key(), now.as_ref())));
    result
}
