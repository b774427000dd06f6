//! Where Consul is and how it is spoken to.

use std::fmt;
use std::net::IpAddr;
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

impl Address {
    /// Everything that stands before `/v1` in a URL.
    pub(super) fn base(&self) -> String {
        let Address::Http { authority, path } = self;
        format!("http://{authority}{path}")
    }

    /// Whether the agent runs on this machine: no proxy stands between, and compressing costs
    /// more than sending.
    pub fn is_loopback(&self) -> bool {
        let Address::Http { authority, .. } = self;
        is_loopback(host(authority))
    }

    /// Whether the host is a name that has to be looked up, which may take its time.
    pub(super) fn needs_lookup(&self) -> bool {
        let Address::Http { authority, .. } = self;
        let host = host(authority);
        host != "localhost" && host.parse::<IpAddr>().is_err()
    }
}

/// The host of `host:port`, an IPv6 address without its brackets.
fn host(authority: &str) -> &str {
    if let Some((host, _)) = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return host;
    }
    authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address::Http { authority, path } = self;
        write!(f, "{authority}{path}")
    }
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

impl Default for Config {
    /// What the contract says where nothing is set.
    fn default() -> Self {
        Config {
            address: Address::Http {
                authority: "127.0.0.1:8500".to_owned(),
                path: String::new(),
            },
            token: None,
            basic_auth: None,
            datacenter: None,
            namespace: None,
            partition: None,
            consistency: Consistency::Default,
            proxy: None,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            retry_for: Duration::from_secs(5),
            connections: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_the_rest() {
        for (authority, loopback) in [
            ("127.0.0.1:8500", true),
            ("127.1.2.3", true),
            ("localhost:80", true),
            ("[::1]:8500", true),
            ("10.0.0.1:8500", false),
            ("consul.example", false),
            ("localhost.example:8500", false),
        ] {
            let address = Address::Http {
                authority: authority.to_owned(),
                path: String::new(),
            };
            assert_eq!(address.is_loopback(), loopback, "{authority}");
        }
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("s3cret")), "(redacted)");
    }
}
