//! A store in memory that answers as Consul does, and changes between two requests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use super::{Held, Source};
use crate::consul::Meta;
use crate::model::{Entry, Fields, Index, Snapshot};

/// Consul forgets deletion marks after this time.
const MARKS_LIVE: Duration = Duration::from_secs(15 * 60);

/// Stands in a key for a byte that is not UTF-8.
pub const BROKEN: [char; 2] = ['X', 'Y'];

/// Something that happens to the store.
#[derive(Debug, Clone)]
pub enum Event {
    Put(String, u8),
    Delete(String),
    DeleteTree(String),
    /// All at one index.
    Txn(Vec<Event>),
    /// Another subsystem takes an index.
    Elsewhere,
    /// Time goes by, and marks are collected.
    Pass(Duration),
    /// The state is put aside as a backup.
    Save,
    /// The backup is put back, if a query is held, which is let go then.
    Restore,
}

#[derive(Debug, Clone, Default)]
struct Data {
    entries: BTreeMap<String, (u8, u64, u64)>,
    /// Index and age of each deletion mark.
    marks: BTreeMap<String, (u64, SystemTime)>,
    table: u64,
}

/// The store, its clock and all states that its prefix has had.
#[derive(Debug)]
pub struct Store {
    root: String,
    data: Arc<Data>,
    backup: Arc<Data>,
    raft: u64,
    pub now: SystemTime,
    restores: usize,
    /// Each state of the prefix, in order.
    pub history: Vec<Snapshot>,
}

impl Store {
    pub fn new(root: &str) -> Self {
        let mut store = Store {
            root: root.to_owned(),
            data: Arc::default(),
            backup: Arc::default(),
            raft: 7,
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000),
            restores: 0,
            history: Vec::new(),
        };
        store.note();
        store
    }

    /// Lets something happen.
    pub fn apply(&mut self, event: &Event) {
        if !matches!(event, Event::Pass(_) | Event::Save) {
            self.raft += 1;
        }
        self.carry_out(event);
        self.note();
    }

    /// The prefix as it stands.
    pub fn state(&self) -> Snapshot {
        Snapshot::new(self.data.index(&self.root), self.data.below(&self.root))
    }

    fn note(&mut self) {
        let state = self.state();
        if self.history.last() != Some(&state) {
            self.history.push(state);
        }
    }

    fn carry_out(&mut self, event: &Event) {
        let (raft, now) = (self.raft, self.now);
        let data = Arc::make_mut(&mut self.data);
        match event {
            Event::Put(key, value) => {
                let created = match data.entries.get(key) {
                    // A write of the same value is none.
                    Some((old, ..)) if old == value => return,
                    Some((_, created, _)) => *created,
                    None => raft,
                };
                data.entries.insert(key.clone(), (*value, created, raft));
                data.table = raft;
            }
            Event::Delete(key) => {
                if data.entries.remove(key).is_some() {
                    data.marks.insert(key.clone(), (raft, now));
                    data.table = raft;
                }
            }
            Event::DeleteTree(prefix) => {
                let before = data.entries.len();
                data.entries.retain(|key, _| !key.starts_with(prefix));
                if data.entries.len() < before {
                    data.table = raft;
                    if !prefix.is_empty() {
                        data.marks.insert(prefix.clone(), (raft, now));
                    }
                }
            }
            Event::Txn(events) => events.iter().for_each(|event| self.carry_out(event)),
            Event::Elsewhere => {}
            Event::Pass(time) => {
                self.now += *time;
                let now = self.now;
                data.marks.retain(|_, (_, made)| *made + MARKS_LIVE > now);
            }
            Event::Save => self.backup = self.data.clone(),
            Event::Restore => {
                self.data = self.backup.clone();
                self.restores += 1;
            }
        }
    }
}

impl Data {
    fn index(&self, text: &str) -> Index {
        let entries = self.entries.iter().filter(|(key, _)| key.starts_with(text));
        let marks = self.marks.iter().filter(|(key, _)| key.starts_with(text));
        let newest = entries
            .map(|(_, (_, _, modified))| *modified)
            .chain(marks.map(|(_, (index, _))| *index))
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
            .filter(|(key, _)| key.starts_with(text) && !key.contains(BROKEN))
            .map(|(key, state)| packed(key, *state))
            .collect()
    }

    /// As an answer lists them: in the order of the real names, with broken ones as they read.
    fn listed(&self, text: &str) -> Vec<Entry> {
        let entries = self.entries.iter();
        entries
            .filter(|(key, _)| key.starts_with(text))
            .map(|(key, state)| packed(&key.replace(BROKEN, "\u{fffd}"), *state))
            .collect()
    }
}

fn packed(key: &str, (value, created, modified): (u8, u64, u64)) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(&[value]),
        created,
        modified,
        ..Fields::default()
    })
}

/// Asks the store; before each answer the next step of the script happens.
pub struct Imitation {
    store: Arc<Mutex<Store>>,
    script: Arc<Mutex<VecDeque<Vec<Event>>>>,
    /// Requests whose text must not stand in a URL.
    pub asked_wrongly: Arc<Mutex<Vec<String>>>,
    received: AtomicU64,
}

impl Imitation {
    pub fn new(store: Arc<Mutex<Store>>, script: Arc<Mutex<VecDeque<Vec<Event>>>>) -> Self {
        Imitation {
            store,
            script,
            asked_wrongly: Arc::default(),
            received: AtomicU64::new(0),
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap()
    }

    fn count(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// One step of the script; `false` at its end.
    fn step(&self, held: bool) -> bool {
        let Some(events) = self.script.lock().unwrap().pop_front() else {
            return false;
        };
        let mut store = self.store();
        for event in &events {
            if held || !matches!(event, Event::Restore) {
                store.apply(event);
            }
        }
        true
    }

    /// Holds a query as Consul does, then gives the state to answer from.
    fn answer(&self, text: &str, held: Option<Held>) -> Arc<Data> {
        if !super::split::askable(text) {
            self.asked_wrongly.lock().unwrap().push(text.to_owned());
        }
        let Some((since, wait)) = held else {
            self.step(false);
            return self.store().data.clone();
        };
        let (until, restores) = {
            let store = self.store();
            (store.now + wait, store.restores)
        };
        loop {
            let looked_at = self.store().data.clone();
            if looked_at.index(text) > since {
                return looked_at;
            }
            if !self.step(true) {
                let mut store = self.store();
                let left = until.duration_since(store.now).unwrap_or_default();
                store.apply(&Event::Pass(left));
                return store.data.clone();
            }
            let store = self.store();
            if store.restores > restores {
                // Let go with what it saw before.
                return looked_at;
            }
            if store.now >= until {
                return store.data.clone();
            }
        }
    }
}

impl Source for Imitation {
    type Error = String;
    type Names = std::vec::IntoIter<Result<String, String>>;
    type Entries = std::vec::IntoIter<Result<Entry, String>>;

    fn names(&self, text: &str, held: Option<Held>) -> Result<(Meta, Self::Names), String> {
        let data = self.answer(text, held);
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

    fn entries(&self, text: &str, held: Option<Held>) -> Result<(Meta, Self::Entries), String> {
        let data = self.answer(text, held);
        let entries: Vec<_> = data.listed(text).into_iter().map(Ok).collect();
        self.count(100 * entries.len());
        Ok((meta(data.index(text)), entries.into_iter()))
    }

    fn entry(&self, key: &str) -> Result<Option<Entry>, String> {
        let data = self.answer(key, None);
        self.count(100);
        Ok(data.entries.get(key).map(|state| packed(key, *state)))
    }

    fn hidden(&self, text: &str) -> Result<Option<Vec<Entry>>, String> {
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
    }
}
