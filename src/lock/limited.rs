//! A lock with several holders, as Consul's own client lays it out: each contender holds the key
//! `KEY/SESSION`, and the holders stand in `KEY/.lock`, which is written by compare-and-set.
//!
//! The server applies no lock delay to a slot, and other clients take that of a dead holder at once. So
//! the lease of a slot lasts for the TTL alone; and kvw waits for the lock delay before it takes the slot
//! of a holder that has vanished without leaving.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::exclusive::{Attempt, LockObstacle, Taken, holder, is_unknown_session};
use super::layout::LockHolder;
use super::lease::BootTime;
use crate::consul::{Block, Client, Consistency, Error};
use crate::model::{Entry, Index, Key, Op, OpErrorKind, Prefix, SEMAPHORE_FLAGS, TxnOutcome};
use crate::process::boot_time;

/// How often one step is repeated because others change `.lock` between a read and a write.
const MAX_ROUNDS: usize = 64;

/// A lock with several holders.
#[derive(Debug, Clone)]
pub struct LimitedLock {
    /// The key `KEY/.lock`.
    pub key: Key,
    /// What the key of a contender holds.
    pub value: Vec<u8>,
    /// The most holders.
    pub limit: u64,
    /// Whether another limit in the store is replaced by this one, rather than refused.
    pub sets_limit: bool,
    /// How long the slot of a holder that has vanished is left alone.
    pub lock_delay: Duration,
    /// The holders that have vanished, and since when.
    pub vanished: HashMap<String, BootTime>,
}

/// The value of `.lock`. `Holders` is never null: that makes `consul lock -n` crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SemaphoreJson {
    #[serde(alias = "limit")]
    limit: u64,
    #[serde(alias = "holders", default, deserialize_with = "null_as_empty")]
    holders: BTreeMap<String, bool>,
}

fn null_as_empty<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, bool>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl SemaphoreJson {
    fn parse(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok()
    }

    fn to_value(&self) -> Vec<u8> {
        serde_json::json!(self).to_string().into_bytes()
    }
}

/// What stands below the prefix of a semaphore.
#[derive(Debug, Default)]
pub struct SemaphoreState {
    /// The entry of `.lock`.
    lock: Option<Entry>,
    /// The keys of live contenders, by session.
    contenders: BTreeMap<String, Entry>,
    index: Index,
}

impl SemaphoreState {
    fn content(&self, limit: u64) -> Option<SemaphoreJson> {
        match &self.lock {
            Some(entry) if !entry.value().is_empty() => SemaphoreJson::parse(entry.value()),
            _ => Some(SemaphoreJson {
                limit,
                holders: BTreeMap::new(),
            }),
        }
    }

    fn is_held_by(&self, session: &str) -> bool {
        let content = self.content(0);
        self.contenders.contains_key(session)
            && content.is_some_and(|content| content.holders.contains_key(session))
    }

    /// Returns the limit, the live holders and the number of those that wait; `None` if there is no
    /// semaphore.
    pub fn describe(&self, client: &Client) -> Option<(u64, Vec<LockHolder>, usize)> {
        let lock = self.lock.as_ref()?;
        if lock.flags() != SEMAPHORE_FLAGS {
            return None;
        }
        let content = self.content(0)?;
        let (holding, waiting): (Vec<_>, Vec<_>) = self
            .contenders
            .iter()
            .partition(|(session, _)| content.holders.contains_key(*session));
        let holders = holding.into_iter().map(|(_, entry)| holder(client, entry));
        Some((content.limit, holders.collect(), waiting.len()))
    }
}

/// Decides whether a contender takes a slot, and what `.lock` then holds. `None`: all slots are taken,
/// some by holders that have vanished a moment ago if the flag says so.
fn next_holders(
    content: &SemaphoreJson,
    is_live: impl Fn(&str) -> bool,
    vanished: &mut HashMap<String, BootTime>,
    lock_delay: Duration,
    session: &str,
    now: BootTime,
) -> Result<SemaphoreJson, bool> {
    vanished.retain(|id, _| content.holders.contains_key(id) && !is_live(id));
    let mut holders = content.holders.clone();
    let mut delayed = false;
    holders.retain(|id, _| {
        if is_live(id) {
            return true;
        }
        let since = *vanished.entry(id.clone()).or_insert(now);
        let kept = now.since(since) < lock_delay;
        delayed |= kept;
        kept
    });
    if holders.len() as u64 >= content.limit {
        return Err(delayed);
    }
    holders.insert(session.to_owned(), true);
    Ok(SemaphoreJson {
        limit: content.limit,
        holders,
    })
}

impl LimitedLock {
    fn prefix(&self) -> Prefix {
        let key = self.key.as_str();
        Prefix::new(key.strip_suffix(".lock").unwrap_or(key))
    }

    fn contender_key(&self, session: &str) -> Key {
        Key::new(format!("{}{session}", self.prefix().as_str())).expect("it has a name")
    }

    /// Reads what stands below the prefix, consistently.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn read(&self, client: &Client) -> Result<SemaphoreState, Error> {
        let client = client.with_consistency(Consistency::Consistent);
        let prefix = self.prefix();
        let reply = client.entries(&prefix, None)?;
        let mut state = SemaphoreState {
            index: reply.meta.index.unwrap_or_default(),
            ..SemaphoreState::default()
        };
        for entry in reply.value {
            let entry = entry?;
            let name = prefix.strip_from(entry.key());
            if name == ".lock" {
                state.lock = Some(entry);
            } else if entry.session() == Some(name) {
                state.contenders.insert(name.to_owned(), entry);
            }
        }
        Ok(state)
    }

    /// Writes the own limit and leaves the holders as they are, also where they are more than it; the next
    /// read tells whether somebody else wrote first.
    fn write_limit(
        &self,
        client: &Client,
        content: SemaphoreJson,
        flags: u64,
        index: Index,
    ) -> Result<(), Error> {
        let content = SemaphoreJson {
            limit: self.limit,
            ..content
        };
        let write = [Op::Cas {
            key: self.key.clone(),
            value: content.to_value(),
            flags,
            index,
        }];
        match client.txn(&write)? {
            TxnOutcome::RolledBack(errors)
                if errors.iter().any(|error| error.kind == OpErrorKind::Denied) =>
            {
                Err(client.rolled_back(&write, &errors))
            }
            TxnOutcome::Applied(_) | TxnOutcome::RolledBack(_) => Ok(()),
        }
    }

    /// Tries to take a slot once. May be repeated.
    ///
    /// # Errors
    /// When there is no usable answer, or permission is denied.
    pub fn attempt(&mut self, client: &Client, session: &str) -> Result<Attempt, Error> {
        let join = [Op::Lock {
            key: self.contender_key(session),
            value: self.value.clone(),
            flags: SEMAPHORE_FLAGS,
            session: session.to_owned(),
        }];
        if let TxnOutcome::RolledBack(errors) = client.txn(&join)? {
            if errors.iter().any(|error| is_unknown_session(&error.what)) {
                return Ok(Attempt::SessionEnded);
            }
            return Err(client.rolled_back(&join, &errors));
        }
        for _ in 0..MAX_ROUNDS {
            let state = self.read(client)?;
            let (flags, index) = match &state.lock {
                Some(entry) => (entry.flags(), entry.modified()),
                None => (SEMAPHORE_FLAGS, Index(0)),
            };
            if flags != SEMAPHORE_FLAGS {
                return Ok(Attempt::Foreign(flags));
            }
            let Some(content) = state.content(self.limit) else {
                return Ok(Attempt::Malformed);
            };
            if content.limit != self.limit {
                if !self.sets_limit {
                    return Ok(Attempt::OtherLimit(content.limit));
                }
                self.write_limit(client, content, flags, index)?;
                continue;
            }
            let sent = BootTime(boot_time());
            if state.is_held_by(session) {
                let taken = Taken {
                    fence: index,
                    flags,
                    sent,
                };
                return Ok(Attempt::Taken(taken));
            }
            let next = next_holders(
                &content,
                |id| state.contenders.contains_key(id),
                &mut self.vanished,
                self.lock_delay,
                session,
                sent,
            );
            let next = match next {
                Ok(next) => next,
                Err(true) => return Ok(Attempt::Blocked(LockObstacle::Delayed, Index(0))),
                Err(false) => {
                    let holders = content.holders.keys();
                    let holders = holders.filter_map(|id| state.contenders.get(id));
                    let holders = holders.map(|entry| holder(client, entry)).collect();
                    return Ok(Attempt::Blocked(LockObstacle::Held(holders), state.index));
                }
            };
            let ops = [
                Op::CheckSession {
                    key: self.contender_key(session),
                    session: session.to_owned(),
                },
                Op::Cas {
                    key: self.key.clone(),
                    value: next.to_value(),
                    flags,
                    index,
                },
            ];
            match client.txn(&ops)? {
                TxnOutcome::Applied(results) => {
                    let fence = results.last().map(|result| result.entry.modified());
                    let fence = fence.unwrap_or_default();
                    return Ok(Attempt::Taken(Taken { fence, flags, sent }));
                }
                TxnOutcome::RolledBack(errors)
                    if errors.iter().any(|error| error.kind == OpErrorKind::Denied) =>
                {
                    return Err(client.rolled_back(&ops, &errors));
                }
                TxnOutcome::RolledBack(errors) if errors.iter().any(|error| error.op == 0) => {
                    return Ok(Attempt::SessionEnded);
                }
                TxnOutcome::RolledBack(_) => {}
            }
        }
        Ok(Attempt::Blocked(LockObstacle::Held(Vec::new()), Index(1)))
    }

    /// Waits until something below the prefix may have changed since `index`, for this long at most.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn wait(&self, client: &Client, index: Index, wait: Duration) -> Result<(), Error> {
        let since = Index(index.0.max(1));
        let reply = client.entries(&self.prefix(), Some(Block { since, wait }))?;
        // To the end, so that the connection is used again.
        reply.value.for_each(drop);
        Ok(())
    }

    /// Reads consistently whether the session has a slot.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn is_held(&self, client: &Client, session: &str) -> Result<bool, Error> {
        Ok(self.read(client)?.is_held_by(session))
    }

    /// Whether the entry of `.lock` names the session.
    pub fn shows(&self, entry: &Entry, session: &str) -> bool {
        let content = SemaphoreJson::parse(entry.value());
        content.is_some_and(|content| content.holders.contains_key(session))
    }

    /// Gives the slot back, if the session has one, and takes its contender away. The last holder deletes
    /// `.lock`. Returns whether the session had a slot.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn release(&self, client: &Client, session: &str) -> Result<bool, Error> {
        for _ in 0..MAX_ROUNDS {
            let state = self.read(client)?;
            let mut ops = Vec::new();
            let content = state.content(self.limit);
            let content = content.filter(|content| content.holders.contains_key(session));
            if let (Some(entry), Some(mut content)) = (&state.lock, content.clone()) {
                content.holders.remove(session);
                let (key, index) = (self.key.clone(), entry.modified());
                ops.push(match content.holders.is_empty() {
                    true => Op::DeleteCas { key, index },
                    false => Op::Cas {
                        key,
                        value: content.to_value(),
                        flags: SEMAPHORE_FLAGS,
                        index,
                    },
                });
            }
            if state.contenders.contains_key(session) {
                let key = self.contender_key(session);
                ops.push(Op::CheckSession {
                    key: key.clone(),
                    session: session.to_owned(),
                });
                ops.push(Op::Delete { key });
            }
            if ops.is_empty() {
                return Ok(false);
            }
            match client.txn(&ops)? {
                TxnOutcome::Applied(_) => return Ok(content.is_some()),
                TxnOutcome::RolledBack(errors)
                    if errors.iter().any(|error| error.kind == OpErrorKind::Denied) =>
                {
                    return Err(client.rolled_back(&ops, &errors));
                }
                TxnOutcome::RolledBack(_) => {}
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(limit: u64, holders: &[&str]) -> SemaphoreJson {
        let holders = holders.iter().map(|id| ((*id).to_owned(), true)).collect();
        SemaphoreJson { limit, holders }
    }

    #[test]
    fn a_null_for_the_holders_is_read_and_never_written() {
        let read = SemaphoreJson::parse(br#"{"Limit":3,"Holders":null}"#).unwrap();
        assert_eq!(read, content(3, &[]));
        assert_eq!(read.to_value(), br#"{"Holders":{},"Limit":3}"#);
        assert_eq!(
            SemaphoreJson::parse(br#"{"limit":3,"holders":{"a":true}}"#),
            Some(content(3, &["a"]))
        );
        assert_eq!(SemaphoreJson::parse(b"3"), None);
    }

    #[test]
    fn a_free_slot_is_taken_and_one_of_a_vanished_holder_after_the_lock_delay() {
        let (mut vanished, delay) = (HashMap::new(), Duration::from_secs(15));
        let at = |seconds: u64| BootTime(Duration::from_secs(100 + seconds));
        let mut step = |content: &SemaphoreJson, live: &[&str], seconds| {
            next_holders(
                content,
                |id| live.contains(&id),
                &mut vanished,
                delay,
                "me",
                at(seconds),
            )
        };
        assert_eq!(
            step(&content(2, &["a"]), &["a"], 0),
            Ok(content(2, &["a", "me"]))
        );
        assert_eq!(step(&content(2, &["a", "b"]), &["a", "b"], 1), Err(false));
        assert_eq!(step(&content(2, &["a", "b"]), &["a"], 2), Err(true));
        assert_eq!(step(&content(2, &["a", "b"]), &["a"], 16), Err(true));
        assert_eq!(
            step(&content(2, &["a", "b"]), &["a"], 17),
            Ok(content(2, &["a", "me"]))
        );
        // It came back: what was seen of it is forgotten.
        assert_eq!(step(&content(2, &["a", "b"]), &["a", "b"], 18), Err(false));
        assert_eq!(step(&content(2, &["a", "b"]), &["a"], 19), Err(true));
        // A slot beside it is free at once, and its own is left alone.
        assert_eq!(
            step(&content(3, &["a", "b"]), &["a"], 20),
            Ok(content(3, &["a", "b", "me"]))
        );
    }
}
