//! A session.

use std::time::Duration;

use serde::Serialize;

use crate::model;

/// A session, and the keys that it holds.
#[derive(Debug, Clone, Serialize)]
pub struct Session<'a> {
    /// The id.
    pub id: &'a str,
    /// The name; may be empty.
    pub name: &'a str,
    /// The node.
    pub node: &'a str,
    /// The time to live; `None` for none.
    pub ttl_ms: Option<u64>,
    /// The lock delay.
    pub lock_delay_ms: u64,
    /// `release` or `delete`.
    pub behavior: &'static str,
    /// The checks that end it.
    pub checks: &'a [String],
    /// The index of its creation.
    pub create_index: u64,
    /// The keys that it holds, as far as the token may read them; `None` where they were not read.
    pub keys: Option<&'a [String]>,
}

impl<'a> Session<'a> {
    /// Describes a session.
    pub fn new(session: &'a model::Session, keys: Option<&'a [String]>) -> Self {
        Session {
            id: &session.id,
            name: &session.name,
            node: &session.node,
            ttl_ms: session.ttl.map(milliseconds),
            lock_delay_ms: milliseconds(session.lock_delay),
            behavior: session.behavior.name(),
            checks: &session.checks,
            create_index: session.created.0,
            keys,
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
