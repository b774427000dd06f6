//! The store's rules, single-threaded: entries, tombstones, sessions and locks as plain data.
//! Time comes in as an argument; nothing here waits, and nothing here knows HTTP.

mod entries;
mod sessions;
#[cfg(test)]
mod tests;
mod txn;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use sessions::{Behavior, NODE, NewSession, StoredSession};
pub use txn::{TxnError, TxnOp, TxnResult, TxnVerb};

/// How long a tombstone stands; after it the index of a prefix may go back.
const TOMBSTONE_TTL: Duration = Duration::from_secs(15 * 60);

/// How often they are looked at, as on a real Consul.
const SWEEP: Duration = Duration::from_secs(30);

/// One stored entry. Keys are bytes: Consul takes any.
#[derive(Debug, PartialEq, Eq)]
pub struct StoredKey {
    pub key: Arc<[u8]>,
    pub value: Vec<u8>,
    pub flags: u64,
    pub session: Option<Arc<str>>,
    pub created: u64,
    pub modified: u64,
    pub locked: u64,
}

impl StoredKey {
    /// What an identical write is measured by: everything but the indexes of creation and change.
    fn same_content(&self, other: &StoredKey) -> bool {
        self.value == other.value
            && self.flags == other.flags
            && self.session == other.session
            && self.locked == other.locked
    }
}

/// What a reader asks for, and what a blocked one waits on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KvQuery {
    Key(Box<[u8]>),
    Prefix(Box<[u8]>),
    Sessions,
}

/// What a write changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touch {
    Key(Arc<[u8]>),
    /// All below were deleted at once.
    Tree(Box<[u8]>),
    Sessions,
}

impl KvQuery {
    /// Whether a reader that waits on this has to look again.
    pub fn is_concerned(&self, touch: &Touch) -> bool {
        match (self, touch) {
            (KvQuery::Key(key), Touch::Key(changed)) => **key == **changed,
            (KvQuery::Key(key), Touch::Tree(tree)) => key.starts_with(tree),
            (KvQuery::Prefix(prefix), Touch::Key(changed)) => changed.starts_with(prefix),
            (KvQuery::Prefix(prefix), Touch::Tree(tree)) => {
                tree.starts_with(prefix) || prefix.starts_with(tree)
            }
            (KvQuery::Sessions, touch) => *touch == Touch::Sessions,
            (_, Touch::Sessions) => false,
        }
    }
}

/// Everything from this name on.
fn from(name: &[u8]) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (Bound::Included(name), Bound::Unbounded)
}

#[derive(Debug, Clone, Copy)]
struct Tombstone {
    index: u64,
    since: Instant,
}

/// What a rolled-back transaction puts back.
#[derive(Debug)]
enum Undo {
    StoredKey(Arc<[u8]>, Option<Arc<StoredKey>>),
    Tombstone(Box<[u8]>, Option<Tombstone>),
}

/// Everything that is stored.
#[derive(Debug)]
pub struct KvState {
    /// The position of the last write that was asked for; rejected ones count too.
    position: u64,
    /// The position of the last change of any key, deletes included.
    table: u64,
    entries: BTreeMap<Arc<[u8]>, Arc<StoredKey>>,
    tombstones: BTreeMap<Box<[u8]>, Tombstone>,
    sessions: BTreeMap<Arc<str>, StoredSession>,
    sessions_index: u64,
    /// Until when a key whose holder ended may not be locked.
    delays: HashMap<Arc<[u8]>, Instant>,
    /// When tombstones were last looked at.
    swept: Option<Instant>,
    touched: Vec<Touch>,
    undo: Vec<Undo>,
}

impl KvState {
    /// An empty store whose indexes start above `index`, which should be above any earlier run's:
    /// a client that still holds an old index must not wait for ever on a new agent.
    pub fn new(index: u64) -> Self {
        let index = index.max(1);
        KvState {
            position: index,
            table: index,
            entries: BTreeMap::new(),
            tombstones: BTreeMap::new(),
            sessions: BTreeMap::new(),
            sessions_index: index,
            delays: HashMap::new(),
            swept: None,
            touched: Vec::new(),
            undo: Vec::new(),
        }
    }

    /// What was changed since this was last asked.
    pub fn take_touched(&mut self) -> Vec<Touch> {
        std::mem::take(&mut self.touched)
    }

    /// The entry of this key.
    pub fn entry(&self, key: &[u8]) -> Option<&Arc<StoredKey>> {
        self.entries.get(key)
    }

    /// The entries whose keys begin with `prefix`, in byte order.
    pub fn under<'a>(&'a self, prefix: &'a [u8]) -> impl Iterator<Item = &'a Arc<StoredKey>> {
        self.entries
            .range::<[u8], _>(from(prefix))
            .map(|(_, entry)| entry)
            .take_while(move |entry| entry.key.starts_with(prefix))
    }

    /// The index that an answer to this query carries; never 0.
    ///
    /// A found key has its own modify index, a missing one the table's. A prefix has the highest of
    /// its entries and of the tombstones below it, or the table's if there are none of both; the
    /// empty prefix always has the table's.
    pub fn index(&self, query: &KvQuery) -> u64 {
        match query {
            KvQuery::Key(key) => self.entry(key).map_or(self.table, |entry| entry.modified),
            KvQuery::Prefix(prefix) if prefix.is_empty() => self.table,
            KvQuery::Prefix(prefix) => {
                let entries = self.under(prefix).map(|entry| entry.modified).max();
                let tombstones = self
                    .tombstones
                    .range::<[u8], _>(from(prefix))
                    .take_while(|(name, _)| name.starts_with(prefix))
                    .map(|(_, tombstone)| tombstone.index)
                    .max();
                entries.max(tombstones).unwrap_or(self.table)
            }
            KvQuery::Sessions => self.sessions_index,
        }
    }

    /// The position of one more write.
    fn advance(&mut self) -> u64 {
        self.position += 1;
        self.position
    }

    /// What time alone does: sessions end twice their TTL after the last renewal, lock delays run
    /// out, and every half minute old tombstones are dropped, which wakes nobody.
    pub fn tick(&mut self, now: Instant) {
        self.expire_sessions(now);
        self.delays.retain(|_, until| *until > now);
        if self
            .swept
            .is_none_or(|swept| now.duration_since(swept) >= SWEEP)
        {
            self.swept = Some(now);
            self.tombstones
                .retain(|_, tombstone| now.duration_since(tombstone.since) < TOMBSTONE_TTL);
        }
    }
}
