//! Sessions: the holders of locks.

use std::fmt;
use std::time::Duration;

use super::Index;

/// The flags of a lock's key: those of Consul's own client.
pub const LOCK_FLAGS: u64 = 0x2ddc_cbc0_58a5_0c18;

/// The flags of the keys of a semaphore.
pub const SEMAPHORE_FLAGS: u64 = 0xe0f6_9a2b_aa41_4de0;

/// The effect of a session's end on the keys that it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SessionEnd {
    /// The keys stay, without a holder.
    #[default]
    Release,
    /// The keys are deleted.
    Delete,
}

impl SessionEnd {
    /// Returns Consul's name of the behaviour.
    pub fn name(self) -> &'static str {
        match self {
            SessionEnd::Release => "release",
            SessionEnd::Delete => "delete",
        }
    }
}

impl fmt::Display for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A session as Consul shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The id, exactly as Consul writes it: a key locked with the same id in upper case has another
    /// holder.
    pub id: String,
    /// The name, which its creator chose.
    pub name: String,
    /// The node that it belongs to. It ends with its node, with or without checks.
    pub node: String,
    /// The time to live; `None` for a session that lives until it is destroyed or its node goes.
    pub ttl: Option<Duration>,
    /// How long its keys cannot be locked after its end.
    pub lock_delay: Duration,
    /// What becomes of its keys.
    pub behavior: SessionEnd,
    /// The checks that end it when they become critical, those of the node and of services.
    pub checks: Vec<String>,
    /// The index of its creation.
    pub created: Index,
}

/// The settings of a session that is to be created.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionSettings {
    /// The name; may be empty.
    pub name: String,
    /// The node; the agent's own if `None`.
    pub node: Option<String>,
    /// The time to live, from 10 s to a day.
    pub ttl: Option<Duration>,
    /// The lock delay.
    pub lock_delay: Duration,
    /// What becomes of its keys.
    pub behavior: SessionEnd,
    /// The checks of the node. Without any the session ends by its TTL alone, or with its node.
    pub checks: Vec<String>,
}
