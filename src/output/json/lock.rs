//! Locks.

use serde::Serialize;

/// A lock that this process holds.
#[derive(Debug, Clone, Serialize)]
pub struct HeldLock<'a> {
    /// The name of the lock.
    pub key: &'a str,
    /// The session that holds it.
    pub session: &'a str,
    /// The fence, which grows from holder to holder.
    pub fence: u64,
}

/// Who holds a lock.
#[derive(Debug, Clone, Serialize)]
pub struct LockState<'a> {
    /// The name of the lock.
    pub key: &'a str,
    /// The key in the store.
    pub lock_key: &'a str,
    /// Whether somebody holds it.
    pub held: bool,
    /// The holders.
    pub holders: Vec<LockHolder<'a>>,
    /// The most holders.
    pub limit: u64,
    /// The number of contenders that wait for a slot; `None` for a lock with one holder, whose contenders
    /// leave no trace.
    pub waiting: Option<usize>,
}

/// A holder of a lock.
#[derive(Debug, Clone, Serialize)]
pub struct LockHolder<'a> {
    /// The id of its session.
    pub session: &'a str,
    /// The name of the session; `None` where it may not be read.
    pub name: Option<&'a str>,
    /// The node of the session; `None` where it may not be read.
    pub node: Option<&'a str>,
    /// What its key holds.
    pub value: String,
    /// The index of the last write of its key.
    pub since_index: u64,
}

/// Who leads, from now on.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LeaderEvent<'a> {
    /// There is a leader.
    Leader {
        /// The key of the election.
        key: &'a str,
        /// What the leader has written.
        value: String,
        /// Its session.
        session: &'a str,
        /// The index of its last write: the fence, unless somebody else has written to the key.
        fence: u64,
        /// When it was seen.
        time: String,
    },
    /// There is none.
    None {
        /// The key of the election.
        key: &'a str,
        /// When that was seen.
        time: String,
    },
}
