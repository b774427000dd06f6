//! Operations of a transaction, their names, and their results.

mod draft;
mod json;
mod parse;
mod results;
mod words;

use std::fmt;

pub use draft::{Draft, Verb};
pub use json::parse_json;
pub use parse::{parse, parse_lines};
pub use results::{OpResult, results};

use super::{Index, Key, Prefix};

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
    /// Write if last changed at `index`; 0: if it does not exist.
    Cas {
        key: Key,
        value: Vec<u8>,
        flags: u64,
        index: Index,
    },
    /// Write and acquire the lock.
    Lock {
        key: Key,
        value: Vec<u8>,
        flags: u64,
        session: String,
    },
    /// Write and release the lock.
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
    /// Fail unless `session` holds the lock; empty: unless nobody does.
    CheckSession { key: Key, session: String },
    /// Fail if it exists.
    CheckNotExists { key: Key },
    /// Delete, if it exists.
    Delete { key: Key },
    /// Delete all below.
    DeleteTree { prefix: Prefix },
    /// Delete if last changed at `index`; a missing key is no failure.
    DeleteCas { key: Key, index: Index },
}

impl Op {
    /// Whether its results are what is stored, values included.
    pub fn is_read(&self) -> bool {
        matches!(
            self,
            Op::Get { .. } | Op::GetOrEmpty { .. } | Op::GetTree { .. }
        )
    }

    /// Returns the verb.
    pub fn verb(&self) -> Verb {
        match self {
            Op::Set { .. } => Verb::Set,
            Op::Cas {
                index: Index(0), ..
            } => Verb::Create,
            Op::Cas { .. } => Verb::Cas,
            Op::Lock { .. } => Verb::Lock,
            Op::Unlock { .. } => Verb::Unlock,
            Op::Get { .. } => Verb::Get,
            Op::GetOrEmpty { .. } => Verb::GetOrEmpty,
            Op::GetTree { .. } => Verb::GetTree,
            Op::CheckIndex { .. } => Verb::Check,
            Op::CheckSession { .. } => Verb::CheckSession,
            Op::CheckNotExists { .. } => Verb::CheckAbsent,
            Op::Delete { .. } => Verb::Delete,
            Op::DeleteTree { .. } => Verb::DeleteTree,
            Op::DeleteCas { .. } => Verb::DeleteCas,
        }
    }

    /// Returns the key or prefix.
    pub fn name(&self) -> &str {
        match self {
            Op::GetTree { prefix } | Op::DeleteTree { prefix } => prefix.as_str(),
            Op::Set { key, .. }
            | Op::Cas { key, .. }
            | Op::Lock { key, .. }
            | Op::Unlock { key, .. }
            | Op::Get { key }
            | Op::GetOrEmpty { key }
            | Op::CheckIndex { key, .. }
            | Op::CheckSession { key, .. }
            | Op::CheckNotExists { key }
            | Op::Delete { key }
            | Op::DeleteCas { key, .. } => key.as_str(),
        }
    }

    /// Returns the value to write; empty for verbs that write none.
    pub fn value(&self) -> &[u8] {
        match self {
            Op::Set { value, .. }
            | Op::Cas { value, .. }
            | Op::Lock { value, .. }
            | Op::Unlock { value, .. } => value,
            _ => &[],
        }
    }

    /// Returns the flags to write; 0 for verbs that write no value.
    pub fn flags(&self) -> u64 {
        match self {
            Op::Set { flags, .. }
            | Op::Cas { flags, .. }
            | Op::Lock { flags, .. }
            | Op::Unlock { flags, .. } => *flags,
            _ => 0,
        }
    }

    /// Returns the index to compare with; 0 for verbs that compare with none, and for `create`.
    pub fn index(&self) -> Index {
        match self {
            Op::Cas { index, .. } | Op::CheckIndex { index, .. } | Op::DeleteCas { index, .. } => {
                *index
            }
            _ => Index(0),
        }
    }

    /// Returns the session, or the empty string.
    pub fn session(&self) -> &str {
        match self {
            Op::Lock { session, .. }
            | Op::Unlock { session, .. }
            | Op::CheckSession { session, .. } => session,
            _ => "",
        }
    }
}

/// The operation as on the command line, without its value, which may be long or secret.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb().name(), quote(self.name()))?;
        let verb = self.verb();
        if verb.has_index() {
            write!(f, " {}", self.index())?;
        }
        if verb.has_session() {
            write!(f, " {}", quote(self.session()))?;
        }
        Ok(())
    }
}

fn quote(word: &str) -> String {
    // Only a word with a NUL cannot be quoted, and no shell can pass that on.
    shlex::try_quote(word).map_or_else(|_| format!("'{word}'"), std::borrow::Cow::into_owned)
}

/// The outcome of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxnOutcome {
    /// All operations were applied. Deletes and `check-not-exists` have no result, `get-tree` has
    /// one for each key, and a read that ACLs forbid has none.
    Applied(Vec<OpResult>),
    /// Nothing was applied; each failed operation is named.
    RolledBack(Vec<OpError>),
}

/// Why one operation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpError {
    /// The operation's number, from 0.
    pub op: usize,
    /// The server's message.
    pub what: String,
    /// The meaning of the message.
    pub kind: OpErrorKind,
}

impl OpError {
    /// The error that a rollback is reported for: a denied permission, or else the first. `None`
    /// only where there are none.
    pub fn decisive(errors: &[OpError]) -> Option<&OpError> {
        let denied = |error: &&OpError| error.kind == OpErrorKind::Denied;
        errors.iter().find(denied).or(errors.first())
    }
}

/// The meaning of a failed operation's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpErrorKind {
    /// The key does not exist.
    Missing,
    /// Permission denied.
    Denied,
    /// The key was last changed at another index, or exists although it should not.
    IndexDiffers,
    /// Anything else.
    Other,
}
