//! The state of Consul.

use std::time::Duration;

use serde::Serialize;

/// The state of a Consul that is reachable and has a leader.
#[derive(Debug, Clone, Serialize)]
pub struct StatusReport {
    /// The address of the leader; `None` when it changed during the query.
    pub leader: Option<String>,
    /// The addresses of the servers.
    pub servers: Vec<String>,
    /// The duration of a consistent read.
    #[serde(rename = "rtt_ms", serialize_with = "serialize_milliseconds")]
    pub rtt: Duration,
    /// The datacenter; `None` when it may not be read.
    pub datacenter: Option<String>,
    /// The address that was asked.
    pub address: String,
    /// Whether the cluster knows the token: `none`, `known`, `unknown`, or `unchecked` where it has no ACLs; `None`
    /// where it does not say.
    pub token: Option<&'static str>,
    /// What the token may do; only with `--access`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessReport>,
}

/// What a token may do with keys.
#[derive(Debug, Clone, Serialize)]
pub struct AccessReport {
    /// The name that was tried.
    pub prefix: String,
    /// Whether it may be read.
    pub read: bool,
    /// Whether it may be written.
    pub write: bool,
}

fn serialize_milliseconds<S: serde::Serializer>(
    time: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(milliseconds(*time))
}

impl StatusReport {
    /// Returns the round trip in milliseconds, with two decimals.
    pub fn rtt_ms(&self) -> f64 {
        milliseconds(self.rtt)
    }
}

/// Converts to milliseconds with two decimals.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}
