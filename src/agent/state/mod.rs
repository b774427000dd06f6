//! The rules of the store: entries, tombstones, sessions and locks as plain data.
//!
//! Single-threaded; time is an argument. Nothing here waits or knows HTTP.

mod entries;
mod memory;
#[cfg(any(test, fuzzing))]
mod reference;
mod sessions;
#[cfg(test)]
mod tests;
mod txn;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use memory::OutOfMemory;
#[cfg(any(test, fuzzing))]
pub use reference::compare_with_reference;
pub use sessions::{NODE, SessionBehavior, SessionConfig, StoredSession};
pub use txn::{ApplyError, TxnError, TxnOp, TxnResult, TxnVerb};

/// The lifetime of a tombstone; after it the index of a prefix may go back.
const TOMBSTONE_TTL: Duration = Duration::from_secs(15 * 60);

/// How often tombstones are collected, as on a real Consul.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// A stored entry. Keys are bytes: Consul accepts any.
#[derive(Debug, PartialEq, Eq)]
pub struct KvEntry {
    pub key: Arc<[u8]>,
    pub value: Vec<u8>,
    pub flags: u64,
    pub session: Option<Arc<str>>,
    pub created: u64,
    pub modified: u64,
    pub locked: u64,
}

impl KvEntry {
    /// Whether a write of `other` changes nothing: everything but create and modify index is equal.
    fn has_same_content(&self, other: &KvEntry) -> bool {
        self.value == other.value
            && self.flags == other.flags
            && self.session == other.session
            && self.locked == other.locked
    }
}

/// A query of a reader; a blocked one waits for a change of its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KvQuery {
    Key(Box<[u8]>),
    Prefix(Box<[u8]>),
    Sessions,
}

/// A change by a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateChange {
    Key(Arc<[u8]>),
    /// A recursive delete below this prefix.
    Tree(Box<[u8]>),
    Sessions,
}

impl KvQuery {
    /// Whether a reader that waits on this query must check its index again.
    pub fn is_affected_by(&self, change: &StateChange) -> bool {
        match (self, change) {
            (KvQuery::Key(key), StateChange::Key(changed)) => **key == **changed,
            (KvQuery::Key(key), StateChange::Tree(tree)) => key.starts_with(tree),
            (KvQuery::Prefix(prefix), StateChange::Key(changed)) => changed.starts_with(prefix),
            (KvQuery::Prefix(prefix), StateChange::Tree(tree)) => {
                tree.starts_with(prefix) || prefix.starts_with(tree)
            }
            (KvQuery::Sessions, change) => *change == StateChange::Sessions,
            (_, StateChange::Sessions) => false,
        }
    }
}

/// Returns the range of all names from this one on.
fn range_from(name: &[u8]) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (Bound::Included(name), Bound::Unbounded)
}

#[derive(Debug, Clone, Copy)]
struct Tombstone {
    index: u64,
    since: Instant,
}

/// The state of a name before a write of a transaction, to be restored by a rollback.
#[derive(Debug)]
enum UndoStep {
    Entry(Arc<[u8]>, Option<Arc<KvEntry>>),
    Tombstone(Box<[u8]>, Option<Tombstone>),
}

/// Everything that is stored.
#[derive(Debug)]
pub struct KvState {
    /// The most bytes that may be stored.
    memory: usize,
    /// The bytes that are stored, as `memory` counts them.
    used: usize,
    /// The index of the last write; rejected ones count too.
    last_index: u64,
    /// The index of the last change of any key, deletes included.
    table: u64,
    entries: BTreeMap<Arc<[u8]>, Arc<KvEntry>>,
    tombstones: BTreeMap<Box<[u8]>, Tombstone>,
    sessions: BTreeMap<Arc<str>, StoredSession>,
    sessions_index: u64,
    /// The times until which keys may not be locked, because their holder's session ended.
    lock_delays: HashMap<Arc<[u8]>, Instant>,
    /// The time when tombstones were last collected.
    swept_at: Option<Instant>,
    changes: Vec<StateChange>,
    undo_log: Vec<UndoStep>,
}

impl KvState {
    /// Creates an empty store without a limit whose indexes start above `index`, which should be above any index of an
    /// earlier run: a client that still has an old index must not wait for ever on a new agent.
    pub fn new(index: u64) -> Self {
        let index = index.max(1);
        KvState {
            memory: usize::MAX,
            used: 0,
            last_index: index,
            table: index,
            entries: BTreeMap::new(),
            tombstones: BTreeMap::new(),
            sessions: BTreeMap::new(),
            sessions_index: index,
            lock_delays: HashMap::new(),
            swept_at: None,
            changes: Vec::new(),
            undo_log: Vec::new(),
        }
    }

    /// Limits the bytes that are stored.
    pub fn with_memory(self, memory: usize) -> Self {
        KvState { memory, ..self }
    }

    /// Returns the changes since the last call.
    pub fn take_changes(&mut self) -> Vec<StateChange> {
        std::mem::take(&mut self.changes)
    }

    /// Returns the entry of a key.
    pub fn entry(&self, key: &[u8]) -> Option<&Arc<KvEntry>> {
        self.entries.get(key)
    }

    /// Returns the entries whose keys begin with `prefix`, in byte order.
    pub fn under<'a>(&'a self, prefix: &'a [u8]) -> impl Iterator<Item = &'a Arc<KvEntry>> {
        self.entries
            .range::<[u8], _>(range_from(prefix))
            .map(|(_, entry)| entry)
            .take_while(move |entry| entry.key.starts_with(prefix))
    }

    /// Returns the index of the answer to a query; never 0.
    ///
    /// A found key has its own modify index, a missing one the table's. A prefix has the highest of
    /// its entries and of the tombstones below it, or the table's if there are none of either; the
    /// empty prefix always has the table's.
    pub fn index(&self, query: &KvQuery) -> u64 {
        match query {
            KvQuery::Key(key) => self.entry(key).map_or(self.table, |entry| entry.modified),
            KvQuery::Prefix(prefix) if prefix.is_empty() => self.table,
            KvQuery::Prefix(prefix) => {
                let entries = self.under(prefix).map(|entry| entry.modified).max();
                let tombstones = self
                    .tombstones
                    .range::<[u8], _>(range_from(prefix))
                    .take_while(|(name, _)| name.starts_with(prefix))
                    .map(|(_, tombstone)| tombstone.index)
                    .max();
                entries.max(tombstones).unwrap_or(self.table)
            }
            KvQuery::Sessions => self.sessions_index,
        }
    }

    /// Returns the index of a new write.
    fn next_index(&mut self) -> u64 {
        self.last_index += 1;
        self.last_index
    }

    /// Applies what time alone changes: sessions end twice their TTL after the last renewal, lock delays
    /// run out, and every half minute old tombstones are collected, which wakes no reader.
    pub fn tick(&mut self, now: Instant) {
        self.expire_sessions(now);
        self.lock_delays.retain(|_, until| *until > now);
        if self
            .swept_at
            .is_none_or(|swept_at| now.duration_since(swept_at) >= SWEEP_INTERVAL)
        {
            self.swept_at = Some(now);
            let used = &mut self.used;
            self.tombstones.retain(|name, tombstone| {
                let kept = now.duration_since(tombstone.since) < TOMBSTONE_TTL;
                if !kept {
                    *used -= memory::tombstone_size(name);
                }
                kept
            });
        }
    }
}
