//! Operations of a transaction, and what becomes of it.

use super::{Entry, Index, Key, Prefix};

/// One operation. The verbs are Consul's; `create` is `cas` with index 0, `check-absent` is
/// Consul's `check-not-exists`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Write.
    Set {
        key: Key,
        value: Vec<u8>,
        flags: u64,
    },
    /// Write if last changed at `index`; 0: if there is none.
    Cas {
        key: Key,
        value: Vec<u8>,
        flags: u64,
        index: Index,
    },
    /// Take the lock.
    Lock {
        key: Key,
        value: Vec<u8>,
        flags: u64,
        session: String,
    },
    /// Give the lock back.
    Unlock {
        key: Key,
        value: Vec<u8>,
        flags: u64,
        session: String,
    },
    /// Read one entry, which must exist.
    Get { key: Key },
    /// Read one entry, which need not exist (servers from 1.14).
    GetOrEmpty { key: Key },
    /// Read all entries below.
    GetTree { prefix: Prefix },
    /// Fail unless last changed at `index`.
    CheckIndex { key: Key, index: Index },
    /// Fail unless held by `session`; empty: by none.
    CheckSession { key: Key, session: String },
    /// Fail if it exists.
    CheckNotExists { key: Key },
    /// Delete, if there.
    Delete { key: Key },
    /// Delete all below.
    DeleteTree { prefix: Prefix },
    /// Delete if last changed at `index`; a missing key is no failure.
    DeleteCas { key: Key, index: Index },
}

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxnOutcome {
    /// All of it happened. The results are not aligned with the operations: deletes and
    /// `check-not-exists` give none, `get-tree` many, and what may not be read is left out.
    Applied(Vec<Entry>),
    /// Nothing happened; each failed operation is named.
    RolledBack(Vec<OpError>),
}

/// Why one operation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpError {
    /// Which, from 0.
    pub op: usize,
    /// The server's words.
    pub what: String,
    /// What they mean.
    pub kind: OpErrorKind,
}

/// The meaning of a failed operation's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpErrorKind {
    /// A key that does not exist.
    Missing,
    /// Permission denied.
    Denied,
    /// Last changed at another index, or existing where it should not.
    IndexDiffers,
    /// Anything else.
    Other,
}
