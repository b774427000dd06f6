//! The cost of a fetch.

use std::fmt;

/// Requests and bytes of one fetch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Requests sent.
    pub requests: u32,
    /// Bytes of the answers' bodies.
    pub bytes: u64,
    /// Rounds of a walk: 1 where no write came in between.
    pub rounds: u32,
}

impl Cost {
    /// The load on server and connection, in bytes: a request costs as much as sending some 16 KB
    /// (0.2 ms on a local agent, and more on a remote one).
    pub(super) fn weight(&self) -> u64 {
        self.bytes + u64::from(self.requests) * (16 << 10)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost {
            requests,
            bytes,
            rounds,
        } = self;
        write!(f, "{requests} requests, {bytes} bytes")?;
        if *rounds > 1 {
            write!(f, ", {rounds} rounds")?;
        }
        Ok(())
    }
}
