//! How many bytes are stored: every name, value and session, with what the maps around them need.
//!
//! All inserts and removals pass through here, so that the count is what is there.

use std::sync::Arc;

use super::{KvEntry, KvState, SessionConfig, StoredSession, Tombstone};

/// What an entry needs beside its key and value.
const ENTRY_OVERHEAD: usize = 256;

/// What a tombstone needs beside its name. With an entry's share of the maps it is less than the entry,
/// so that a delete never needs more memory.
const TOMBSTONE_OVERHEAD: usize = 128;

/// What a session needs beside its texts.
const SESSION_OVERHEAD: usize = 512;

/// The error of a write for which no memory is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory {
    limit: usize,
}

impl std::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let limit = self.limit;
        write!(
            f,
            "nothing was written: kvw dev stores at most {limit} bytes, deleted keys of the last 15 \
             minutes included; --memory sets the limit"
        )
    }
}

fn entry_size(entry: &KvEntry) -> usize {
    ENTRY_OVERHEAD + entry.key.len() + entry.value.len()
}

pub(super) fn tombstone_size(name: &[u8]) -> usize {
    TOMBSTONE_OVERHEAD + name.len()
}

fn session_size(config: &SessionConfig) -> usize {
    let checks: usize = config
        .node_checks
        .iter()
        .flatten()
        .map(|name| name.len() + 24)
        .sum();
    SESSION_OVERHEAD + config.name.len() + config.ttl_text.len() + checks
}

impl KvState {
    /// Checks that no more is stored than may be, after a change from `before` bytes.
    pub(super) fn check_memory(&self, before: usize) -> Result<(), OutOfMemory> {
        // What makes less of it may be written always.
        if self.used > self.memory && self.used > before {
            return Err(OutOfMemory { limit: self.memory });
        }
        Ok(())
    }

    /// Inserts an entry, and returns the one before it.
    pub(super) fn insert_entry(&mut self, entry: Arc<KvEntry>) -> Option<Arc<KvEntry>> {
        self.used += entry_size(&entry);
        let old = self.entries.insert(Arc::clone(&entry.key), entry);
        self.used -= old.as_deref().map_or(0, entry_size);
        old
    }

    /// Removes an entry.
    pub(super) fn remove_entry(&mut self, key: &[u8]) -> Option<Arc<KvEntry>> {
        let old = self.entries.remove(key)?;
        self.used -= entry_size(&old);
        Some(old)
    }

    /// Inserts a tombstone, and returns the one before it.
    pub(super) fn insert_tombstone(
        &mut self,
        name: Box<[u8]>,
        tombstone: Tombstone,
    ) -> Option<Tombstone> {
        let size = tombstone_size(&name);
        let old = self.tombstones.insert(name, tombstone);
        if old.is_none() {
            self.used += size;
        }
        old
    }

    /// Removes a tombstone.
    pub(super) fn remove_tombstone(&mut self, name: &[u8]) {
        if self.tombstones.remove(name).is_some() {
            self.used -= tombstone_size(name);
        }
    }

    /// Inserts a session, whose id is new.
    pub(super) fn insert_session(&mut self, session: StoredSession) -> Result<(), OutOfMemory> {
        let size = session_size(&session.config);
        if self.used.saturating_add(size) > self.memory {
            return Err(OutOfMemory { limit: self.memory });
        }
        self.used += size;
        self.sessions.insert(Arc::clone(&session.id), session);
        Ok(())
    }

    /// Removes a session.
    pub(super) fn remove_session(&mut self, id: &str) -> Option<StoredSession> {
        let session = self.sessions.remove(id)?;
        self.used -= session_size(&session.config);
        Some(session)
    }

    /// Counts what is stored anew.
    #[cfg(any(test, fuzzing))]
    pub(super) fn recount(&self) -> usize {
        let entries = self.entries.values().map(|entry| entry_size(entry));
        let tombstones = self.tombstones.keys().map(|name| tombstone_size(name));
        let sessions = self
            .sessions
            .values()
            .map(|session| session_size(&session.config));
        entries.chain(tombstones).chain(sessions).sum()
    }
}
