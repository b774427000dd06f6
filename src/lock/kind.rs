//! The two kinds of locks.

use std::time::Duration;

use super::exclusive::{Attempt, ExclusiveLock};
use super::limited::LimitedLock;
use crate::consul::{Client, Error};
use crate::model::{Entry, Index, Key};

/// A lock with one holder or several.
#[derive(Debug, Clone)]
pub enum LockKind {
    /// One holder.
    Exclusive(ExclusiveLock),
    /// Several.
    Limited(LimitedLock),
}

impl LockKind {
    /// Returns the key that changes when the lock changes hands.
    pub fn key(&self) -> &Key {
        match self {
            LockKind::Exclusive(mutex) => &mutex.key,
            LockKind::Limited(semaphore) => &semaphore.key,
        }
    }

    /// Tries to take the lock once; see [`ExclusiveLock::attempt`] and [`LimitedLock::attempt`].
    pub(super) fn attempt(&mut self, client: &Client, session: &str) -> Result<Attempt, Error> {
        match self {
            LockKind::Exclusive(mutex) => mutex.attempt(client, session),
            LockKind::Limited(semaphore) => semaphore.attempt(client, session),
        }
    }

    /// Waits for a change since `index`.
    pub(super) fn wait(&self, client: &Client, index: Index, wait: Duration) -> Result<(), Error> {
        match self {
            LockKind::Exclusive(mutex) => mutex.wait(client, index, wait),
            LockKind::Limited(semaphore) => semaphore.wait(client, index, wait),
        }
    }

    /// Reads consistently whether the session holds the lock.
    pub(super) fn is_held(&self, client: &Client, session: &str) -> Result<bool, Error> {
        match self {
            LockKind::Exclusive(mutex) => mutex.is_held(client, session),
            LockKind::Limited(semaphore) => semaphore.is_held(client, session),
        }
    }

    /// Whether the entry of the key shows that the session holds the lock.
    pub(super) fn shows(&self, entry: &Entry, session: &str) -> bool {
        match self {
            LockKind::Exclusive(_) => entry.session() == Some(session),
            LockKind::Limited(semaphore) => semaphore.shows(entry, session),
        }
    }

    /// Releases the lock; `flags` are those that its key has.
    pub(super) fn release(
        &self,
        client: &Client,
        session: &str,
        flags: u64,
    ) -> Result<bool, Error> {
        match self {
            LockKind::Exclusive(mutex) => mutex.release(client, session, flags),
            LockKind::Limited(semaphore) => semaphore.release(client, session),
        }
    }

    /// Takes the contender of a session away that gives up.
    pub(super) fn withdraw(&self, client: &Client, session: &str) -> Result<bool, Error> {
        match self {
            LockKind::Exclusive(mutex) => mutex.withdraw(client, session),
            LockKind::Limited(semaphore) => semaphore.release(client, session),
        }
    }
}
