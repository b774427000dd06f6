//! How entries change: the rules of Consul's `state/kvs.go`.

use std::sync::Arc;
use std::time::Instant;

use super::{KvState, StoredKey, Tombstone, Touch, Undo};

/// What a write brings.
#[derive(Debug)]
pub(super) struct WriteContent<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
    pub flags: u64,
}

impl KvState {
    /// Writes an entry. The holder of its lock stays, the lock index starts over: locks are
    /// advisory.
    pub(super) fn set(&mut self, content: &WriteContent<'_>, index: u64) {
        let session = self.entry(content.key).and_then(|old| old.session.clone());
        self.store(content, session, 0, index);
    }

    /// Writes if the entry was last changed at `expected`; 0: if there is none.
    pub(super) fn cas(&mut self, content: &WriteContent<'_>, expected: u64, index: u64) -> bool {
        let found = self.entry(content.key).map_or(0, |entry| entry.modified);
        if found != expected {
            return false;
        }
        self.set(content, index);
        true
    }

    /// Takes the lock. A new holder raises the lock index, the same holder does not.
    pub(super) fn lock(
        &mut self,
        content: &WriteContent<'_>,
        session: &str,
        index: u64,
    ) -> Result<bool, String> {
        let session = self.holder(session)?;
        let old = self.entry(content.key);
        let locked = match old.map(|old| (old.session.as_deref(), old.locked)) {
            None => 1,
            Some((Some(holder), locked)) if *holder == *session => locked,
            Some((Some(_), _)) => return Ok(false),
            Some((None, locked)) => locked + 1,
        };
        self.store(content, Some(session), locked, index);
        Ok(true)
    }

    /// Gives the lock back, if held by this session.
    pub(super) fn unlock(
        &mut self,
        content: &WriteContent<'_>,
        session: &str,
        index: u64,
    ) -> Result<bool, String> {
        if session.is_empty() {
            return Err("missing session".to_owned());
        }
        let locked = match self.entry(content.key) {
            Some(old) if old.session.as_deref() == Some(session) => old.locked,
            _ => return Ok(false),
        };
        self.store(content, None, locked, index);
        Ok(true)
    }

    /// Stores, unless nothing would change: then the entry's indexes stay and nobody wakes.
    fn store(
        &mut self,
        content: &WriteContent<'_>,
        session: Option<Arc<str>>,
        locked: u64,
        index: u64,
    ) {
        let old = self.entry(content.key);
        let entry = StoredKey {
            key: old.map_or_else(|| content.key.into(), |old| Arc::clone(&old.key)),
            value: content.value.to_vec(),
            flags: content.flags,
            session,
            created: old.map_or(index, |old| old.created),
            modified: index,
            locked,
        };
        if old.is_some_and(|old| old.same_content(&entry)) {
            return;
        }
        let key = Arc::clone(&entry.key);
        let old = self.entries.insert(Arc::clone(&key), Arc::new(entry));
        self.undo.push(Undo::StoredKey(Arc::clone(&key), old));
        self.table = index;
        self.touched.push(Touch::Key(key));
    }

    /// Takes the holder off a key and keeps everything else: the end of a session.
    pub(super) fn release(&mut self, key: &[u8], index: u64) {
        if let Some(old) = self.entry(key).cloned() {
            let content = WriteContent {
                key,
                value: &old.value,
                flags: old.flags,
            };
            self.store(&content, None, old.locked, index);
        }
    }

    /// Deletes an entry, if there, and leaves a tombstone.
    pub(super) fn delete(&mut self, key: &[u8], index: u64, now: Instant) {
        if let Some((key, old)) = self.entries.remove_entry(key) {
            self.bury(&key, index, now);
            self.undo.push(Undo::StoredKey(Arc::clone(&key), Some(old)));
            self.table = index;
            self.touched.push(Touch::Key(key));
        }
    }

    /// Deletes if last changed at `expected`; a missing key is no failure.
    pub(super) fn delete_cas(
        &mut self,
        key: &[u8],
        expected: u64,
        index: u64,
        now: Instant,
    ) -> bool {
        match self.entry(key) {
            None => true,
            Some(entry) if entry.modified != expected => false,
            Some(_) => {
                self.delete(key, index, now);
                true
            }
        }
    }

    /// Deletes all below a prefix. One tombstone at the prefix itself is all that is left, and none
    /// at the root: a reader of a longer prefix may miss the delete, as on a real Consul.
    pub(super) fn delete_tree(&mut self, prefix: &[u8], index: u64, now: Instant) {
        let keys: Vec<_> = self
            .under(prefix)
            .map(|entry| Arc::clone(&entry.key))
            .collect();
        if keys.is_empty() {
            return;
        }
        for key in keys {
            let old = self.entries.remove(&key);
            self.undo.push(Undo::StoredKey(key, old));
        }
        if !prefix.is_empty() {
            self.bury(prefix, index, now);
        }
        self.table = index;
        self.touched.push(Touch::Tree(prefix.into()));
    }

    fn bury(&mut self, name: &[u8], index: u64, now: Instant) {
        let tombstone = Tombstone { index, since: now };
        let old = self.tombstones.insert(name.into(), tombstone);
        self.undo.push(Undo::Tombstone(name.into(), old));
    }

    /// Puts back what was changed since the list of undos was empty.
    pub(super) fn roll_back(&mut self, table: u64) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::StoredKey(key, Some(old)) => drop(self.entries.insert(key, old)),
                Undo::StoredKey(key, None) => drop(self.entries.remove(&key)),
                Undo::Tombstone(name, Some(old)) => drop(self.tombstones.insert(name, old)),
                Undo::Tombstone(name, None) => drop(self.tombstones.remove(&name)),
            }
        }
        self.table = table;
        self.touched.clear();
    }
}
