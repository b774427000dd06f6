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
