//! A lock with one holder: one key, locked by a session.

use std::time::Duration;

use super::layout::LockHolder;
use super::lease::BootTime;
use crate::consul::{Block, Client, Consistency, Error};
use crate::model::{
    Entry, Index, Key, LOCK_FLAGS, Op, OpError, OpErrorKind, SEMAPHORE_FLAGS, TxnOutcome,
};
use crate::process::boot_time;

/// How often one attempt is repeated because the key changed between a read and a write.
const MAX_ROUNDS: usize = 16;

/// A lock on a key.
#[derive(Debug, Clone)]
pub struct ExclusiveLock {
    /// The key that is locked.
    pub key: Key,
    /// What the key holds while it is locked.
    pub value: Vec<u8>,
    /// Whether a key with other flags than a lock's may be taken, if it holds nothing or was locked before; its
    /// flags are kept.
    pub any_flags: bool,
    /// Whether the key stays, empty, after the release.
    pub keep_key: bool,
}

/// What came of an attempt to take a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It is taken.
    Taken(Taken),
    /// It is not to be had now; the index is that of the answer.
    Blocked(LockObstacle, Index),
    /// The own session has ended.
    SessionEnded,
    /// The key is no lock: it has these flags.
    Foreign(u64),
    /// It is a semaphore with another limit, this one.
    OtherLimit(u64),
    /// It is a semaphore whose value cannot be read.
    Malformed,
}

/// A lock that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The index of the acquiring write, which grows from holder to holder.
    pub fence: Index,
    /// The flags that the key has, which a release must write too.
    pub flags: u64,
    /// When the acquiring request was sent.
    pub sent: BootTime,
}

/// Why a lock is not to be had now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockObstacle {
    /// These hold it.
    Held(Vec<LockHolder>),
    /// A session that held it has ended, and its lock delay has not.
    Delayed,
}

impl ExclusiveLock {
    /// Tries to take the lock once. May be repeated after an error: a lock that the own session holds
    /// already is taken with the index that it had.
    ///
    /// # Errors
    /// When there is no usable answer, or permission is denied.
    pub fn attempt(&self, client: &Client, session: &str) -> Result<Attempt, Error> {
        // Most locks are free, and their key does not exist: one request.
        let absent = Op::CheckNotExists {
            key: self.key.clone(),
        };
        match self.lock(client, session, Some(absent), LOCK_FLAGS)? {
            LockAnswer::Taken(taken) => return Ok(Attempt::Taken(taken)),
            LockAnswer::Delayed => return self.delayed(client, session),
            LockAnswer::SessionEnded => return Ok(Attempt::SessionEnded),
            LockAnswer::Changed => {}
        }
        for _ in 0..MAX_ROUNDS {
            let reply = client
                .with_consistency(Consistency::Consistent)
                .get(&self.key)?;
            let (check, flags) = match &reply.value {
                None => {
                    let key = self.key.clone();
                    (Some(Op::CheckNotExists { key }), LOCK_FLAGS)
                }
                Some(entry) if !self.accepts(entry) => {
                    return Ok(Attempt::Foreign(entry.flags()));
                }
                Some(entry) => match entry.session() {
                    Some(holder) if holder == session => (None, entry.flags()),
                    Some(_) => {
                        let index = reply.meta.index.unwrap_or(entry.modified());
                        let holder = LockObstacle::Held(vec![holder(client, entry)]);
                        return Ok(Attempt::Blocked(holder, index));
                    }
                    None => {
                        let (key, index) = (self.key.clone(), entry.modified());
                        (Some(Op::CheckIndex { key, index }), entry.flags())
                    }
                },
            };
            match self.lock(client, session, check, flags)? {
                LockAnswer::Taken(taken) => return Ok(Attempt::Taken(taken)),
                LockAnswer::Delayed => return self.delayed(client, session),
                LockAnswer::SessionEnded => return Ok(Attempt::SessionEnded),
                LockAnswer::Changed => {}
            }
        }
        // It changes hands all the time: as good as held, and asked for again at once.
        Ok(Attempt::Blocked(LockObstacle::Held(Vec::new()), Index(1)))
    }

    /// Whether the key may be that of a lock. What was never locked and has a value is somebody's data, which
    /// the lock would replace and its release delete.
    fn accepts(&self, entry: &Entry) -> bool {
        match entry.flags() {
            LOCK_FLAGS => true,
            SEMAPHORE_FLAGS => false,
            _ => self.any_flags && (entry.locked() > 0 || entry.value().is_empty()),
        }
    }

    /// The lock delay is tested before the session, so that it hides that the session has ended.
    fn delayed(&self, client: &Client, session: &str) -> Result<Attempt, Error> {
        Ok(match client.renew_session(session)? {
            Some(_) => Attempt::Blocked(LockObstacle::Delayed, Index(0)),
            None => Attempt::SessionEnded,
        })
    }

    fn lock(
        &self,
        client: &Client,
        session: &str,
        check: Option<Op>,
        flags: u64,
    ) -> Result<LockAnswer, Error> {
        let lock = Op::Lock {
            key: self.key.clone(),
            value: self.value.clone(),
            flags,
            session: session.to_owned(),
        };
        let ops: Vec<Op> = check.into_iter().chain([lock]).collect();
        let sent = BootTime(boot_time());
        let errors = match client.txn(&ops)? {
            TxnOutcome::Applied(results) => {
                let entry = results.last().map(|result| &result.entry);
                let fence = entry.map_or(Index(0), Entry::modified);
                return Ok(LockAnswer::Taken(Taken { fence, flags, sent }));
            }
            TxnOutcome::RolledBack(errors) => errors,
        };
        let denied = |error: &OpError| error.kind == OpErrorKind::Denied;
        if errors.iter().any(denied) {
            return Err(client.rolled_back(&ops, &errors));
        }
        let any = |is: fn(&OpError) -> bool| errors.iter().any(is);
        Ok(if any(|error| error.what.ends_with(" due to lock delay")) {
            LockAnswer::Delayed
        } else if any(|error| is_unknown_session(&error.what)) {
            LockAnswer::SessionEnded
        } else if any(is_race) {
            LockAnswer::Changed
        } else {
            // To ask again would be refused again.
            return Err(client.rolled_back(&ops, &errors));
        })
    }

    /// Waits until the key may have changed since `index`, for this long at most.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn wait(&self, client: &Client, index: Index, wait: Duration) -> Result<(), Error> {
        let since = Index(index.0.max(1));
        let reply = client.get_blocking(&self.key, Block { since, wait })?;
        drop(reply);
        Ok(())
    }

    /// Reads the key consistently, and returns whether the session holds it.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn is_held(&self, client: &Client, session: &str) -> Result<bool, Error> {
        let client = client.with_consistency(Consistency::Consistent);
        let reply = client.get(&self.key)?;
        Ok(reply
            .value
            .is_some_and(|entry| entry.session() == Some(session)))
    }

    /// Releases the lock, and deletes its key in the same transaction unless it is to be kept. Never
    /// touches the lock of another holder. Returns whether the session held it.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn release(&self, client: &Client, session: &str, flags: u64) -> Result<bool, Error> {
        // With the flags: without them a waiting `consul lock` dies of a key that is no lock.
        let mut ops = vec![Op::Unlock {
            key: self.key.clone(),
            value: Vec::new(),
            flags,
            session: session.to_owned(),
        }];
        if !self.keep_key {
            let key = self.key.clone();
            ops.push(Op::Delete { key });
        }
        match client.txn(&ops)? {
            TxnOutcome::Applied(_) => Ok(true),
            TxnOutcome::RolledBack(errors)
                if errors.iter().any(|error| error.kind == OpErrorKind::Denied) =>
            {
                Err(client.rolled_back(&ops, &errors))
            }
            TxnOutcome::RolledBack(_) => Ok(false),
        }
    }
}

impl ExclusiveLock {
    /// Releases the lock of a contender that gives up, if it has it by now.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn withdraw(&self, client: &Client, session: &str) -> Result<bool, Error> {
        self.release(client, session, LOCK_FLAGS)
    }

    /// Reads whether the lock is held, and by whom.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn read(&self, client: &Client) -> Result<LockView, Error> {
        let client = client.with_consistency(Consistency::Consistent);
        let Some(entry) = client.get(&self.key)?.value else {
            return Ok(LockView::Free);
        };
        Ok(match entry.session() {
            Some(_) => LockView::Held(holder(&client, &entry)),
            None if self.accepts(&entry) => LockView::Free,
            None => LockView::Foreign(entry.flags()),
        })
    }
}

/// A lock as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockView {
    /// It can be taken.
    Free,
    /// This one holds it.
    Held(LockHolder),
    /// The key is no lock with one holder: it has these flags.
    Foreign(u64),
}

/// The answer to a request that locks a key.
enum LockAnswer {
    Taken(Taken),
    Delayed,
    SessionEnded,
    /// The key is held, or is not as it was read.
    Changed,
}

/// Whether an operation failed because the key is held, or is not as it was read.
fn is_race(error: &OpError) -> bool {
    matches!(error.kind, OpErrorKind::Missing | OpErrorKind::IndexDiffers)
        || error.what.ends_with("lock is already held")
}

/// Whether a transaction was refused because its session does not exist.
pub(super) fn is_unknown_session(what: &str) -> bool {
    [
        "invalid session",
        "failed session lookup",
        "missing session",
    ]
    .iter()
    .any(|start| what.starts_with(start))
}

/// Returns the holder of an entry, with what Consul shows of its session.
pub(super) fn holder(client: &Client, entry: &Entry) -> LockHolder {
    let session = entry.session().unwrap_or_default().to_owned();
    LockHolder {
        // Only for people: without it the id is shown.
        info: client.session(&session).ok().flatten(),
        session,
        value: entry.value().to_vec(),
        since: entry.modified(),
    }
}
