//! Where Consul is and how it is spoken to.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Text that is never shown: a token, a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text, for the one header that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

/// Where the agent listens. TLS and unix sockets have their room here and are not built yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `http://host:port`, with an optional path prefix that begins with `/` and does not end so.
    Http {
        /// Host and port.
        authority: String,
        /// Put in front of `/v1`.
        path: String,
    },
}

/// Where the ACL token comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// As given.
    Literal(Secret),
    /// Read from a file, white space trimmed; read again when Consul answers 403 (rotation).
    File(PathBuf),
}

/// Which servers may answer reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Consistency {
    /// The leader, which may be a moment behind during an election.
    #[default]
    Default,
    /// Any server: answers may be old.
    Stale,
    /// The leader, after it made sure that it still leads.
    Consistent,
}

/// Everything a client is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the agent listens.
    pub address: Address,
    /// `X-Consul-Token`.
    pub token: Option<TokenSource>,
    /// HTTP Basic: user and password.
    pub basic_auth: Option<(String, Secret)>,
    /// `dc=`.
    pub datacenter: Option<String>,
    /// `ns=`, Enterprise.
    pub namespace: Option<String>,
    /// `partition=`, Enterprise.
    pub partition: Option<String>,
    /// For reads.
    pub consistency: Consistency,
    /// `http://…` proxy for addresses that are not loopback.
    pub proxy: Option<String>,
    /// To connect.
    pub connect_timeout: Duration,
    /// For the answer of a plain request; a blocking query adds its own wait.
    pub request_timeout: Duration,
    /// How long a read is tried again; zero never.
    pub retry_for: Duration,
    /// Kept idle for reuse: one for a single command, more for a watch of several targets.
    pub connections: usize,
}
