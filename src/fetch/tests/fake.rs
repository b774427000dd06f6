//! A store in memory that answers as Consul does, and changes between two requests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use crate::consul::{Block, Meta};
use crate::fetch::{WalkSource, split};
use crate::model::{Entry, Fields, Index, Snapshot};

/// The time after which Consul collects tombstones.
const TOMBSTONE_TTL: Duration = Duration::from_secs(15 * 60);

/// The characters that stand in a key for a byte that is not UTF-8.
pub const NON_UTF8: [char; 2] = ['X', 'Y'];

/// An event in the store.
#[derive(Debug, Clone)]
pub enum StoreEvent {
    Put(String, u8),
    Delete(String),
    DeleteTree(String),
    /// All at one index.
    Txn(Vec<StoreEvent>),
    /// Another subsystem uses an index.
    Elsewhere,
    /// Time goes by, and tombstones are collected.
    Pass(Duration),
    /// A backup is made of the state.
    Save,
    /// The backup is restored if a query blocks, and that query ends.
    Restore,
}

#[derive(Debug, Clone, Default)]
struct Data {
    entries: BTreeMap<String, (u8, u64, u64)>,
    /// Index and time of each tombstone.
    tombstones: BTreeMap<String, (u64, SystemTime)>,
    table: u64,
}

/// A store, its clock and all states that its prefix has had.
#[derive(Debug)]
pub struct FakeStore {
    root: String,
    data: Arc<Data>,
    backup: Arc<Data>,
    raft: u64,
    pub now: SystemTime,
    restores: usize,
    /// Each state of the prefix, in order.
    pub history: Vec<Snapshot>,
}

impl FakeStore {
    pub fn new(root: &str) -> Self {
        let mut store = FakeStore {
            root: root.to_owned(),
            data: Arc::default(),
            backup: Arc::default(),
            raft: 7,
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000),
            restores: 0,
            history: Vec::new(),
        };
        store.add_to_history();
        store
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &StoreEvent) {
        if !matches!(event, StoreEvent::Pass(_) | StoreEvent::Save) {
            self.raft += 1;
        }
        self.carry_out(event);
        self.add_to_history();
    }

    /// Returns the current state of the prefix.
    pub fn state(&self) -> Snapshot {
        Snapshot::new(self.data.index(&self.root), self.data.below(&self.root))
    }

    fn add_to_history(&mut self) {
        let state = self.state();
        if self.history.last() != Some(&state) {
            self.history.push(state);
        }
    }

    fn carry_out(&mut self, event: &StoreEvent) {
        let (raft, now) = (self.raft, self.now);
        let data = Arc::make_mut(&mut self.data);
        match event {
            StoreEvent::Put(key, value) => {
                let created = match data.entries.get(key) {
                    // A write of the same value changes nothing.
                    Some((old, ..)) if old == value => return,
                    Some((_, created, _)) => *created,
                    None => raft,
                };
                data.entries.insert(key.clone(), (*value, created, raft));
                data.table = raft;
            }
            StoreEvent::Delete(key) => {
                if data.entries.remove(key).is_some() {
                    data.tombstones.insert(key.clone(), (raft, now));
                    data.table = raft;
                }
            }
            StoreEvent::DeleteTree(prefix) => {
                let before = data.entries.len();
                data.entries.retain(|key, _| !key.starts_with(prefix));
                if data.entries.len() < before {
                    data.table = raft;
                    if !prefix.is_empty() {
                        data.tombstones.insert(prefix.clone(), (raft, now));
                    }
                }
            }
            StoreEvent::Txn(events) => events.iter().for_each(|event| self.carry_out(event)),
            StoreEvent::Elsewhere => {}
            StoreEvent::Pass(time) => {
                self.now += *time;
                let now = self.now;
                data.tombstones
                    .retain(|_, (_, made)| *made + TOMBSTONE_TTL > now);
            }
            StoreEvent::Save => self.backup = self.data.clone(),
            StoreEvent::Restore => {
                self.data = self.backup.clone();
                self.restores += 1;
            }
        }
    }
}

impl Data {
    fn index(&self, text: &str) -> Index {
        let entries = self.entries.iter().filter(|(key, _)| key.starts_with(text));
        let tombstones = self
            .tombstones
            .iter()
            .filter(|(key, _)| key.starts_with(text));
        let newest = entries
            .map(|(_, (_, _, modified))| *modified)
            .chain(tombstones.map(|(_, (index, _))| *index))
            .max();
        let index = match newest {
            Some(newest) if !text.is_empty() => newest,
            _ => self.table,
        };
        Index(index.max(1))
    }

    fn below(&self, text: &str) -> Vec<Entry> {
        let entries = self.entries.iter();
        entries
            .filter(|(key, _)| key.starts_with(text) && !key.contains(NON_UTF8))
            .map(|(key, state)| pack(key, *state))
            .collect()
    }

    /// Returns the entries as an answer lists them: in the order of the real names, and U+FFFD for
    /// bytes that are not UTF-8.
    fn listed(&self, text: &str) -> Vec<Entry> {
        let entries = self.entries.iter();
        entries
            .filter(|(key, _)| key.starts_with(text))
            .map(|(key, state)| pack(&key.replace(NON_UTF8, "\u{fffd}"), *state))
            .collect()
    }
}

fn pack(key: &str, (value, created, modified): (u8, u64, u64)) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(&[value]),
        created,
        modified,
        ..Fields::default()
    })
}

/// A source that reads the store; before each answer the next step of the script happens.
pub struct FakeConsul {
    store: Arc<Mutex<FakeStore>>,
    script: Arc<Mutex<VecDeque<Vec<StoreEvent>>>>,
    /// Texts of requests that no URL can carry.
    pub unaddressable_requests: Arc<Mutex<Vec<String>>>,
    received: AtomicU64,
    side_by_side: bool,
}

impl FakeConsul {
    pub fn new(
        store: Arc<Mutex<FakeStore>>,
        script: Arc<Mutex<VecDeque<Vec<StoreEvent>>>>,
        connections: usize,
    ) -> Self {
        FakeConsul {
            side_by_side: connections > 1,
            store,
            script,
            unaddressable_requests: Arc::default(),
            received: AtomicU64::new(0),
        }
    }

    fn store(&self) -> MutexGuard<'_, FakeStore> {
        self.store.lock().unwrap()
    }

    fn count(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Applies one step of the script; returns `false` at its end.
    fn step(&self, blocks: bool) -> bool {
        let Some(events) = self.script.lock().unwrap().pop_front() else {
            return false;
        };
        let mut store = self.store();
        for event in &events {
            if blocks || !matches!(event, StoreEvent::Restore) {
                store.apply(event);
            }
        }
        true
    }

    fn let_others_run(&self) {
        if self.side_by_side {
            for _ in 0..fastrand::u8(..4) {
                std::thread::yield_now();
            }
        }
    }

    /// Blocks a query as Consul does, then returns the state to answer from.
    fn answer(&self, text: &str, block: Option<Block>) -> Arc<Data> {
        if !split::is_addressable(text) {
            self.unaddressable_requests
                .lock()
                .unwrap()
                .push(text.to_owned());
        }
        let Some(Block { since, wait }) = block else {
            // Side by side, queries meet the steps in any order, on an idle machine too.
            self.let_others_run();
            self.step(false);
            self.let_others_run();
            return self.store().data.clone();
        };
        let (until, restores) = {
            let store = self.store();
            (store.now + wait, store.restores)
        };
        loop {
            let state = self.store().data.clone();
            if state.index(text) > since {
                return state;
            }
            if !self.step(true) {
                let mut store = self.store();
                let left = until.duration_since(store.now).unwrap_or_default();
                store.apply(&StoreEvent::Pass(left));
                return store.data.clone();
            }
            let store = self.store();
            if store.restores > restores {
                // The query ends with the state before the restore.
                return state;
            }
            if store.now >= until {
                return store.data.clone();
            }
        }
    }
}

impl WalkSource for FakeConsul {
    type Error = String;
    type Names = std::vec::IntoIter<Result<String, String>>;
    type EntryListing = std::vec::IntoIter<Result<Entry, String>>;

    fn names(&self, text: &str, block: Option<Block>) -> Result<(Meta, Self::Names), String> {
        let data = self.answer(text, block);
        let mut names: Vec<Result<String, String>> = Vec::new();
        for entry in data.listed(text) {
            let key = entry.key();
            let name = match key[text.len()..].find('/') {
                Some(slash) => &key[..=text.len() + slash],
                None => key,
            };
            if names.last() != Some(&Ok(name.to_owned())) {
                names.push(Ok(name.to_owned()));
            }
        }
        let bytes = names
            .iter()
            .flatten()
            .map(|name| name.len() + 3)
            .sum::<usize>();
        self.count(bytes + 2);
        Ok((meta(data.index(text)), names.into_iter()))
    }

    fn entries(
        &self,
        text: &str,
        block: Option<Block>,
    ) -> Result<(Meta, Self::EntryListing), String> {
        let data = self.answer(text, block);
        let entries: Vec<_> = data.listed(text).into_iter().map(Ok).collect();
        self.count(100 * entries.len());
        Ok((meta(data.index(text)), entries.into_iter()))
    }

    fn entry(&self, key: &str) -> Result<Option<Entry>, String> {
        let data = self.answer(key, None);
        self.count(100);
        Ok(data.entries.get(key).map(|state| pack(key, *state)))
    }

    fn unaddressable(&self, text: &str) -> Result<Option<Vec<Entry>>, String> {
        self.step(false);
        let entries = self.store().data.listed(text);
        self.count(100 * entries.len());
        Ok(Some(entries))
    }

    fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    fn now(&self) -> SystemTime {
        self.store().now
    }
}

fn meta(index: Index) -> Meta {
    Meta {
        index: Some(index),
        filtered: false,
        last_contact: None,
        place: 0,
    }
}
