//! Changes of entries: the rules of Consul's `state/kvs.go`.

use std::sync::Arc;
use std::time::Instant;

use super::{KvEntry, KvState, StateChange, Tombstone, UndoStep};

/// The content of a write.
#[derive(Debug)]
pub(super) struct WriteContent<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
    pub flags: u64,
}

impl KvState {
    /// Writes an entry. The holder of its lock stays, and the lock index starts again: locks are
    /// advisory.
    pub(super) fn set(&mut self, content: &WriteContent<'_>, index: u64) {
        let session = self.entry(content.key).and_then(|old| old.session.clone());
        self.store(content, session, 0, index);
    }

    /// Writes if the entry was last changed at `expected`, or for 0 if there is none.
    pub(super) fn cas(&mut self, content: &WriteContent<'_>, expected: u64, index: u64) -> bool {
        let found = self.entry(content.key).map_or(0, |entry| entry.modified);
        if found != expected {
            return false;
        }
        self.set(content, index);
        true
    }

    /// Acquires the lock. A new holder raises the lock index, the same holder does not.
    pub(super) fn lock(
        &mut self,
        content: &WriteContent<'_>,
        session: &str,
        index: u64,
    ) -> Result<bool, String> {
        let session = self.require_session(session)?;
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

    /// Releases the lock, if this session holds it.
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

    /// Stores an entry. If nothing would change, its indexes stay and no reader wakes.
    fn store(
        &mut self,
        content: &WriteContent<'_>,
        session: Option<Arc<str>>,
        locked: u64,
        index: u64,
    ) {
        let old = self.entry(content.key);
        let entry = KvEntry {
            key: old.map_or_else(|| content.key.into(), |old| Arc::clone(&old.key)),
            value: content.value.to_vec(),
            flags: content.flags,
            session,
            created: old.map_or(index, |old| old.created),
            modified: index,
            locked,
        };
        if old.is_some_and(|old| old.has_same_content(&entry)) {
            return;
        }
        let key = Arc::clone(&entry.key);
        let old = self.insert_entry(Arc::new(entry));
        self.undo_log.push(UndoStep::Entry(Arc::clone(&key), old));
        self.table = index;
        self.changes.push(StateChange::Key(key));
    }

    /// Removes the holder of a key and keeps everything else, at the end of a session.
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

    /// Deletes an entry, if there is one, and leaves a tombstone.
    pub(super) fn delete(&mut self, key: &[u8], index: u64, now: Instant) {
        if let Some(old) = self.remove_entry(key) {
            let key = Arc::clone(&old.key);
            self.add_tombstone(&key, index, now);
            self.undo_log
                .push(UndoStep::Entry(Arc::clone(&key), Some(old)));
            self.table = index;
            self.changes.push(StateChange::Key(key));
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

    /// Deletes all keys below a prefix. It leaves one tombstone, at the prefix itself, and none for the
    /// empty prefix: a reader of a longer prefix may miss the delete, as on a real Consul.
    pub(super) fn delete_tree(&mut self, prefix: &[u8], index: u64, now: Instant) {
        let keys: Vec<_> = self
            .under(prefix)
            .map(|entry| Arc::clone(&entry.key))
            .collect();
        if keys.is_empty() {
            return;
        }
        for key in keys {
            let old = self.remove_entry(&key);
            self.undo_log.push(UndoStep::Entry(key, old));
        }
        if !prefix.is_empty() {
            self.add_tombstone(prefix, index, now);
        }
        self.table = index;
        self.changes.push(StateChange::Tree(prefix.into()));
    }

    fn add_tombstone(&mut self, name: &[u8], index: u64, now: Instant) {
        let tombstone = Tombstone { index, since: now };
        let old = self.insert_tombstone(name.into(), tombstone);
        self.undo_log.push(UndoStep::Tombstone(name.into(), old));
    }

    /// Restores the state before the transaction.
    pub(super) fn roll_back(&mut self, table: u64) {
        while let Some(step) = self.undo_log.pop() {
            match step {
                UndoStep::Entry(_, Some(old)) => drop(self.insert_entry(old)),
                UndoStep::Entry(key, None) => drop(self.remove_entry(&key)),
                UndoStep::Tombstone(name, Some(old)) => drop(self.insert_tombstone(name, old)),
                UndoStep::Tombstone(name, None) => self.remove_tombstone(&name),
            }
        }
        self.table = table;
        self.changes.clear();
    }
}
