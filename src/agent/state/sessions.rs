//! Sessions: the holders of locks, how long they live, and what their end does to their keys.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{KvState, OutOfMemory, StateChange};

/// The name of the only node.
pub const NODE: &str = "kvw-dev";

/// The longest lock delay that is applied. A longer one is stored, and capped when a session ends.
const MAX_LOCK_DELAY: Duration = Duration::from_secs(60);

/// The effect of a session's end on its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionBehavior {
    Release,
    Delete,
}

/// The settings of a session, given at its creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionConfig {
    pub name: String,
    pub behavior: SessionBehavior,
    /// The time to live; `None` for a session that does not expire.
    pub ttl: Option<Duration>,
    /// The TTL as the client wrote it.
    pub ttl_text: String,
    pub lock_delay: Duration,
    /// Only shown: the node is always healthy.
    pub node_checks: Option<Vec<String>>,
}

/// A session.
#[derive(Debug, Clone)]
pub struct StoredSession {
    pub id: Arc<str>,
    pub config: SessionConfig,
    pub created: u64,
    renewed_at: Instant,
}

impl StoredSession {
    /// Returns the time at which the session ends without renewal: twice the TTL after the last one,
    /// because a TTL is a lower bound.
    fn expires_at(&self) -> Option<Instant> {
        Some(self.renewed_at + self.config.ttl? * 2)
    }
}

/// Refuses an id that Consul's index of sessions cannot look up.
pub fn check_id(id: &str) -> Result<(), String> {
    let refuse = |reason: &str| Err(format!("failed session lookup: index error: {reason}"));
    if id.len() != 36 {
        return refuse("UUID must be 36 characters");
    }
    let hyphens = id.matches('-').count();
    if hyphens > 4 {
        return refuse(&format!(
            "UUID should have maximum of 4 \"-\"; got {hyphens}"
        ));
    }
    if let Some(bad) = id.chars().find(|c| !c.is_ascii_hexdigit() && *c != '-') {
        let shown = format!("U+{:04X} '{bad}'", u32::from(bad));
        return refuse(&format!(
            "Invalid UUID: encoding/hex: invalid byte: {shown}"
        ));
    }
    Ok(())
}

impl KvState {
    /// Returns the session of an id.
    pub fn session(&self, id: &str) -> Result<Option<&StoredSession>, String> {
        check_id(id)?;
        Ok(self.sessions.get(&*id.to_ascii_lowercase()))
    }

    /// Returns all sessions, by id.
    pub fn sessions(&self) -> impl Iterator<Item = &StoredSession> {
        self.sessions.values()
    }

    /// Returns the id of an existing session, which may acquire locks: as it was asked for. Sessions are found
    /// in either case of their letters, the holder of a key is compared letter by letter.
    pub(super) fn require_session(&self, id: &str) -> Result<Arc<str>, String> {
        if id.is_empty() {
            return Err("missing session".to_owned());
        }
        match self.session(id)? {
            Some(session) if *session.id == *id => Ok(Arc::clone(&session.id)),
            Some(_) => Ok(id.into()),
            None => Err(format!(
                "invalid session {}",
                crate::agent::golang::quote(id)
            )),
        }
    }

    /// Creates a session.
    pub fn create_session(
        &mut self,
        id: &str,
        config: SessionConfig,
        now: Instant,
    ) -> Result<(), OutOfMemory> {
        let index = self.next_index();
        self.insert_session(StoredSession {
            id: id.into(),
            config,
            created: index,
            renewed_at: now,
        })?;
        self.sessions_index = index;
        self.changes.push(StateChange::Sessions);
        Ok(())
    }

    /// Renews a session; `None` if there is no such session.
    pub fn renew_session(
        &mut self,
        id: &str,
        now: Instant,
    ) -> Result<Option<&StoredSession>, String> {
        check_id(id)?;
        Ok(self
            .sessions
            .get_mut(&*id.to_ascii_lowercase())
            .map(|session| {
                session.renewed_at = now;
                &*session
            }))
    }

    /// Ends a session, if there is one.
    pub fn destroy_session(&mut self, id: &str, now: Instant) -> Result<(), String> {
        check_id(id)?;
        let index = self.next_index();
        let Some(session) = self.remove_session(&id.to_ascii_lowercase()) else {
            return Ok(());
        };
        let held: Vec<_> = self
            .entries
            .values()
            .filter(|entry| {
                let holder = entry.session.as_deref();
                holder.is_some_and(|holder| holder.eq_ignore_ascii_case(&session.id))
            })
            .map(|entry| Arc::clone(&entry.key))
            .collect();
        let delay = session.config.lock_delay.min(MAX_LOCK_DELAY);
        for key in held {
            match session.config.behavior {
                SessionBehavior::Release => self.release(&key, index),
                SessionBehavior::Delete => self.delete(&key, index, now),
            }
            if delay > Duration::ZERO {
                self.lock_delays.insert(key, now + delay);
            }
        }
        self.undo_log.clear();
        self.sessions_index = index;
        self.changes.push(StateChange::Sessions);
        Ok(())
    }

    pub(super) fn expire_sessions(&mut self, now: Instant) {
        let ended: Vec<_> = self
            .sessions
            .values()
            .filter(|session| session.expires_at().is_some_and(|end| end <= now))
            .map(|session| Arc::clone(&session.id))
            .collect();
        for id in ended {
            self.destroy_session(&id, now)
                .expect("the id of a stored session is well-formed");
        }
    }
}
