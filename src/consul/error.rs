//! What can go wrong between here and Consul.

use std::fmt;

/// What an error means for the command, whatever its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The server will not take this input: 400, 413, a key it refuses to hold.
    Refused,
    /// Not reached, not answered in time, no leader, an error or nonsense.
    Trouble,
    /// 403.
    Denied,
    /// A write was sent and nobody knows whether it took effect.
    Unknown,
}

/// A request that got no usable answer.
#[derive(Debug)]
pub struct Error;

impl Error {
    /// What it means for the command.
    pub fn outcome(&self) -> Outcome {
        todo!()
    }
    /// Whether the same request may succeed later, untouched: a watch goes on, a read is tried again.
    pub fn is_transient(&self) -> bool {
        todo!()
    }
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        todo!()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl std::error::Error for Error {}
