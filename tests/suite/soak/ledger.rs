//! What was written, what handlers got, and what is there.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::harness::contract::{Batch, Change, Entry, parse_line};
use crate::harness::request;

/// A value and flags.
type Content = (String, u64);

/// What writers set out to write. Noted before it is sent: what fails may have happened.
#[derive(Default)]
pub struct Ledger {
    put: Mutex<HashMap<String, HashSet<Content>>>,
    deleted: Mutex<HashSet<String>>,
    swept: Mutex<HashSet<String>>,
    writes: AtomicUsize,
}

impl Ledger {
    pub fn will_put(&self, key: &str, value: &str, flags: u64) {
        let mut put = self.put.lock().unwrap();
        let contents = put.entry(key.to_owned()).or_default();
        contents.insert((value.to_owned(), flags));
    }

    pub fn will_delete(&self, key: &str, recurse: bool) {
        let keys = if recurse { &self.swept } else { &self.deleted };
        keys.lock().unwrap().insert(key.to_owned());
    }

    /// One more write was answered with success.
    pub fn wrote(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    pub fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }

    /// The changes that cannot have happened: a content that nobody wrote to that key, a delete of a
    /// key that nobody deleted, two contents of one key at one index.
    pub fn made_up(&self, changes: &[ReplayedChange]) -> Vec<String> {
        let mut at: HashMap<(&str, u64), &Content> = HashMap::new();
        let mut wrong = Vec::new();
        for change in changes {
            let contents = change
                .before
                .iter()
                .chain(change.after.iter().map(|(content, _)| content));
            let unwritten = contents
                .filter(|content| !self.was_put(&change.key, content))
                .count();
            let undeleted = change.after.is_none() && !self.may_be_deleted(&change.key);
            let twice = change.after.as_ref().is_some_and(|(content, index)| {
                at.insert((&change.key, *index), content)
                    .is_some_and(|other| other != content)
            });
            if unwritten > 0 || undeleted || twice {
                wrong.push(format!("{change:?}"));
            }
        }
        wrong
    }

    fn was_put(&self, key: &str, content: &Content) -> bool {
        let put = self.put.lock().unwrap();
        put.get(key)
            .is_some_and(|contents| contents.contains(content))
    }

    fn may_be_deleted(&self, key: &str) -> bool {
        let swept = self.swept.lock().unwrap();
        self.deleted.lock().unwrap().contains(key)
            || swept.iter().any(|prefix| key.starts_with(prefix))
    }
}

/// A change that a handler got.
#[derive(Debug)]
pub struct ReplayedChange {
    key: String,
    /// Where it is known.
    before: Option<Content>,
    /// With its modify index.
    after: Option<(Content, u64)>,
}

/// What the handlers got, in order.
pub struct Replay {
    batches: usize,
    changes: Vec<ReplayedChange>,
    state: BTreeMap<String, Content>,
}

impl Replay {
    /// Of this folder: a batch a file, by name.
    pub fn read(record: &Path) -> Self {
        let files = fs::read_dir(record)
            .unwrap()
            .map(|file| file.unwrap().path());
        let mut files: Vec<_> = files.collect();
        files.sort();
        let mut replay = Replay {
            batches: files.len(),
            changes: Vec::new(),
            state: BTreeMap::new(),
        };
        for file in files {
            let batch: Batch = parse_line(&fs::read_to_string(file).unwrap());
            for change in batch.changes {
                replay.take(change);
            }
        }
        replay
    }

    fn take(&mut self, change: Change) {
        let key = change.key;
        let after = change.after.as_ref().and_then(content);
        match &after {
            Some(content) => self.state.insert(key.clone(), content.clone()),
            None => self.state.remove(&key),
        };
        self.changes.push(ReplayedChange {
            before: change.before.as_ref().and_then(content),
            after: after.zip(change.after.map(|entry| entry.modify_index)),
            key,
        });
    }

    pub fn batches(&self) -> usize {
        self.batches
    }

    pub fn changes(&self) -> &[ReplayedChange] {
        &self.changes
    }

    /// The keys that are not as the handlers got them.
    pub fn differences(&self, store: &Store) -> Vec<String> {
        let keys: HashSet<&String> = self.state.keys().chain(store.0.keys()).collect();
        let differ = keys
            .into_iter()
            .filter(|key| self.state.get(*key) != store.0.get(*key));
        let shown = |key: &String| {
            let (got, there) = (self.state.get(key), store.0.get(key));
            format!("{key}: got {got:?}, there {there:?}")
        };
        differ.map(shown).collect()
    }
}

/// The content of an entry, where its value is known.
fn content(entry: &Entry) -> Option<Content> {
    let value = entry.value.clone()?;
    assert_eq!(entry.encoding.as_deref(), Some("utf8"));
    Some((value, entry.flags))
}

/// What is there.
pub struct Store(BTreeMap<String, Content>);

impl Store {
    /// Below this prefix, asked behind kvw's back.
    pub fn read(address: &str, prefix: &str) -> Self {
        let path = format!("/v1/kv/{prefix}?recurse&consistent");
        let response = request(address, "GET", &path, &[], b"");
        let entries: Vec<Value> = match response.status().as_u16() {
            404 => Vec::new(),
            _ => serde_json::from_slice(response.body()).unwrap(),
        };
        let entries = entries.iter().map(|entry| {
            let value = entry["Value"].as_str().unwrap_or_default();
            let value = String::from_utf8(STANDARD.decode(value).unwrap()).unwrap();
            let key = entry["Key"].as_str().unwrap().to_owned();
            (key, (value, entry["Flags"].as_u64().unwrap()))
        });
        Store(entries.collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}
