//! Sessions: who may hold locks, for how long, and what their end does to what they hold.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{KvState, Touch};

/// The name of the one node there is.
pub const NODE: &str = "kvw-dev";

/// A longer lock delay is stored, but not applied.
const MOST_LOCK_DELAY: Duration = Duration::from_secs(60);

/// What the end of a session does to its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    Release,
    Delete,
}

/// What a session is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    pub name: String,
    pub behavior: Behavior,
    /// None: no end by time.
    pub ttl: Option<Duration>,
    /// The TTL as it was written.
    pub ttl_text: String,
    pub lock_delay: Duration,
    /// Shown only: the one node is always healthy.
    pub node_checks: Vec<String>,
}

/// A session.
#[derive(Debug, Clone)]
pub struct StoredSession {
    pub id: Arc<str>,
    pub given: NewSession,
    pub created: u64,
    renewed: Instant,
}

impl StoredSession {
    /// When it ends if it is not renewed: twice the TTL after the last time, because a TTL is a
    /// lower bound.
    fn ends(&self) -> Option<Instant> {
        Some(self.renewed + self.given.ttl? * 2)
    }
}

/// Refuses what Consul's index of sessions cannot look up.
pub fn check_id(id: &str) -> Result<(), String> {
    let failed = |why: &str| Err(format!("failed session lookup: index error: {why}"));
    if id.len() != 36 {
        return failed("UUID must be 36 characters");
    }
    let hyphens = id.matches('-').count();
    if hyphens > 4 {
        return failed(&format!(
            "UUID should have maximum of 4 \"-\"; got {hyphens}"
        ));
    }
    if let Some(bad) = id.chars().find(|c| !c.is_ascii_hexdigit() && *c != '-') {
        let shown = format!("U+{:04X} '{bad}'", u32::from(bad));
        return failed(&format!(
            "Invalid UUID: encoding/hex: invalid byte: {shown}"
        ));
    }
    Ok(())
}

impl KvState {
    /// The session of this id.
    pub fn session(&self, id: &str) -> Result<Option<&StoredSession>, String> {
        check_id(id)?;
        Ok(self.sessions.get(&*id.to_ascii_lowercase()))
    }

    /// All sessions, by id.
    pub fn sessions(&self) -> impl Iterator<Item = &StoredSession> {
        self.sessions.values()
    }

    /// Who may take a lock: a session that there is.
    pub(super) fn holder(&self, id: &str) -> Result<Arc<str>, String> {
        if id.is_empty() {
            return Err("missing session".to_owned());
        }
        match self.session(id)? {
            Some(session) => Ok(Arc::clone(&session.id)),
            None => Err(format!(
                "invalid session {}",
                crate::agent::golang::quote(id)
            )),
        }
    }

    /// Makes a session.
    pub fn create_session(&mut self, id: &str, given: NewSession, now: Instant) {
        let index = self.advance();
        let id: Arc<str> = id.into();
        let session = StoredSession {
            id: Arc::clone(&id),
            given,
            created: index,
            renewed: now,
        };
        self.sessions.insert(id, session);
        self.sessions_index = index;
        self.touched.push(Touch::Sessions);
    }

    /// Starts the time of a session over; `None` if there is no such session.
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
                session.renewed = now;
                &*session
            }))
    }

    /// Ends a session, if there is one.
    pub fn destroy_session(&mut self, id: &str, now: Instant) -> Result<(), String> {
        check_id(id)?;
        let index = self.advance();
        let Some(session) = self.sessions.remove(&*id.to_ascii_lowercase()) else {
            return Ok(());
        };
        let held: Vec<_> = self
            .entries
            .values()
            .filter(|entry| entry.session.as_ref() == Some(&session.id))
            .map(|entry| Arc::clone(&entry.key))
            .collect();
        let delay = session.given.lock_delay.min(MOST_LOCK_DELAY);
        for key in held {
            match session.given.behavior {
                Behavior::Release => self.release(&key, index),
                Behavior::Delete => self.delete(&key, index, now),
            }
            if delay > Duration::ZERO {
                self.delays.insert(key, now + delay);
            }
        }
        self.undo.clear();
        self.sessions_index = index;
        self.touched.push(Touch::Sessions);
        Ok(())
    }

    pub(super) fn expire_sessions(&mut self, now: Instant) {
        let ended: Vec<_> = self
            .sessions
            .values()
            .filter(|session| session.ends().is_some_and(|end| end <= now))
            .map(|session| Arc::clone(&session.id))
            .collect();
        for id in ended {
            self.destroy_session(&id, now)
                .expect("the id of a stored session is well-formed");
        }
    }
}
