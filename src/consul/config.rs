//! The configuration of a client.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::tls::TlsConfig;

/// Text that is never printed: a token, a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// Returns the text, for the one header that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

/// Returns an address that stands where none is expected without user and password: from a message
/// nobody should learn them.
pub fn without_user(text: &str) -> Cow<'_, str> {
    let Some((before, host)) = text.rsplit_once('@') else {
        return text.into();
    };
    match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://{host}").into(),
        None if before.contains(':') => format!("(redacted)@{host}").into(),
        None => text.into(),
    }
}

/// How a server over TCP is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The port of an address without one: that of the scheme, as for Consul's own tools.
    pub fn default_port(self) -> &'static str {
        match self {
            Scheme::Http => "80",
            Scheme::Https => "443",
        }
    }
}

/// The address of the agent's HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `http://host:port` or `https://host:port`, with an optional path that starts with `/` and does
    /// not end with it.
    Tcp {
        /// Plain or with TLS.
        scheme: Scheme,
        /// Host and port.
        authority: String,
        /// The path before `/v1`.
        path: String,
    },
    /// `unix:///path`: a socket of this machine.
    Unix(PathBuf),
}

impl Address {
    /// Returns the part of URLs before `/v1`.
    pub(super) fn base(&self) -> String {
        match self {
            Address::Tcp {
                scheme: Scheme::Http,
                authority,
                path,
            } => format!("http://{authority}{path}"),
            Address::Tcp {
                scheme: Scheme::Https,
                authority,
                path,
            } => format!("https://{authority}{path}"),
            // The host of Consul's own client: any is accepted.
            Address::Unix(_) => "http://localhost".to_owned(),
        }
    }

    /// Returns the address for messages, with the port also where it is the default of its scheme.
    pub fn with_port(&self) -> String {
        match self {
            Address::Tcp {
                scheme,
                authority,
                path,
            } if !has_port(authority) => {
                let authority = format!("{authority}:{}", scheme.default_port());
                show(*scheme, &authority, path)
            }
            _ => self.to_string(),
        }
    }

    /// Whether the agent runs on this machine: then no proxy is used, and compression costs more
    /// than it saves: an agent of 1.8 compresses even `true`.
    pub fn is_loopback(&self) -> bool {
        self.host().is_none_or(is_loopback)
    }

    /// Whether it is spoken to with TLS.
    pub fn is_https(&self) -> bool {
        matches!(self, Address::Tcp { scheme, .. } if *scheme == Scheme::Https)
    }

    /// Whether the host is a name that has to be looked up, which may take long.
    pub(super) fn needs_lookup(&self) -> bool {
        let is_name = |host: &str| host != "localhost" && host.parse::<IpAddr>().is_err();
        self.host().is_some_and(is_name)
    }

    /// Returns the host, an IPv6 address without its brackets.
    pub(super) fn host(&self) -> Option<&str> {
        match self {
            Address::Tcp { authority, .. } => Some(host(authority)),
            Address::Unix(_) => None,
        }
    }
}

fn has_port(authority: &str) -> bool {
    authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.contains(']'))
}

fn show(scheme: Scheme, authority: &str, path: &str) -> String {
    match scheme {
        Scheme::Http => format!("{authority}{path}"),
        Scheme::Https => format!("https://{authority}{path}"),
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
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback())
}

/// Plain HTTP is what an address without a scheme means.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp {
                scheme,
                authority,
                path,
            } => f.write_str(&show(*scheme, authority, path)),
            Address::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

/// The source of the ACL token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// The token itself.
    Literal(Secret),
    /// A file, whose white space is trimmed; it is read again when Consul answers 403 (rotation).
    File(PathBuf),
}

/// The consistency of reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Consistency {
    /// The leader answers; it may be a moment behind during an election.
    #[default]
    Default,
    /// Any server answers; it may be behind.
    Stale,
    /// The leader answers after it has confirmed its leadership.
    Consistent,
}

/// How slow and how long an answer may be: what answers need not be Consul.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerBounds {
    /// The least rate of a listing, in bytes a second of waiting; 0 for none.
    pub least_rate: usize,
    /// The longest value, in bytes.
    pub longest_value: usize,
}

impl Default for AnswerBounds {
    fn default() -> Self {
        AnswerBounds {
            least_rate: 1024,
            // Consul's own limit is half a megabyte, which operators may raise.
            longest_value: 8 << 20,
        }
    }
}

impl AnswerBounds {
    /// The longest element of a listing, in bytes: an entry with the longest value in base64, and room
    /// for its key.
    pub(super) fn longest_element(&self) -> usize {
        (self.longest_value / 3)
            .saturating_mul(4)
            .saturating_add(1 << 20)
    }

    /// The longest answer that is parsed as a whole, in bytes. The largest transaction reads 128 values
    /// of half a megabyte by default.
    pub(super) fn longest_whole(&self) -> u64 {
        let longest = self
            .longest_value
            .max(AnswerBounds::default().longest_value);
        (longest as u64).saturating_mul(6)
    }
}

/// An address of Consul, and what is needed to be answered there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsulEndpoint {
    /// The address of an agent.
    pub address: Address,
    /// HTTP Basic: user and password.
    pub basic_auth: Option<(String, Secret)>,
    /// The URL of the proxy, for an address that is not loopback.
    pub proxy: Option<Secret>,
}

impl Default for ConsulEndpoint {
    /// The documented default.
    fn default() -> Self {
        ConsulEndpoint::new(Address::Tcp {
            scheme: Scheme::Http,
            authority: "127.0.0.1:8500".to_owned(),
            path: String::new(),
        })
    }
}

impl ConsulEndpoint {
    /// An address without user and proxy.
    pub fn new(address: Address) -> Self {
        ConsulEndpoint {
            address,
            basic_auth: None,
            proxy: None,
        }
    }
}

/// The configuration of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address that is asked first.
    pub endpoint: ConsulEndpoint,
    /// The addresses of other agents of the same cluster, asked in this order where the one before
    /// gives no answer.
    pub alternatives: Vec<ConsulEndpoint>,
    /// The settings of TLS.
    pub tls: TlsConfig,
    /// `X-Consul-Token`.
    pub token: Option<TokenSource>,
    /// `dc=`.
    pub datacenter: Option<String>,
    /// `ns=`, Enterprise.
    pub namespace: Option<String>,
    /// `partition=`, Enterprise.
    pub partition: Option<String>,
    /// The consistency of reads.
    pub consistency: Consistency,
    /// The longest time to connect.
    pub connect_timeout: Duration,
    /// The longest time for an answer; a blocking query adds its own wait.
    pub request_timeout: Duration,
    /// How slow and how long an answer may be.
    pub bounds: AnswerBounds,
    /// The time for which a failed read is retried; zero for never.
    pub retry_for: Duration,
    /// The most idle connections that are kept for reuse.
    pub connections: usize,
}

impl Default for Config {
    /// The documented defaults.
    fn default() -> Self {
        Config {
            endpoint: ConsulEndpoint::default(),
            alternatives: Vec::new(),
            tls: TlsConfig::default(),
            token: None,
            datacenter: None,
            namespace: None,
            partition: None,
            consistency: Consistency::Default,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            bounds: AnswerBounds::default(),
            retry_for: Duration::from_secs(5),
            connections: 1,
        }
    }
}

impl Config {
    /// All addresses, in the order in which they are asked.
    pub fn endpoints(&self) -> impl Iterator<Item = &ConsulEndpoint> {
        std::iter::once(&self.endpoint).chain(&self.alternatives)
    }

    /// The address at this place of [`Config::endpoints`].
    pub fn endpoint_at(&self, place: usize) -> &ConsulEndpoint {
        match place {
            0 => &self.endpoint,
            place => &self.alternatives[place - 1],
        }
    }

    /// The addresses as one text, with commas.
    pub fn addresses(&self) -> String {
        let addresses = self
            .endpoints()
            .map(|endpoint| endpoint.address.to_string());
        addresses.collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_are_recognized() {
        for (authority, loopback) in [
            ("127.0.0.1:8500", true),
            ("127.1.2.3", true),
            ("localhost:80", true),
            ("[::1]:8500", true),
            ("[::ffff:127.0.0.1]:8500", true),
            ("10.0.0.1:8500", false),
            ("consul.example", false),
            ("localhost.example:8500", false),
        ] {
            let address = Address::Tcp {
                scheme: Scheme::Http,
                authority: authority.to_owned(),
                path: String::new(),
            };
            assert_eq!(address.is_loopback(), loopback, "{authority}");
        }
        assert!(Address::Unix("/run/consul.sock".into()).is_loopback());
    }

    #[test]
    fn an_address_is_shown_as_it_is_given_and_with_its_port_in_errors() {
        let https = |authority: &str| Address::Tcp {
            scheme: Scheme::Https,
            authority: authority.to_owned(),
            path: "/x".to_owned(),
        };
        assert_eq!(https("[::1]").to_string(), "https://[::1]/x");
        assert_eq!(https("[::1]").with_port(), "https://[::1]:443/x");
        assert_eq!(https("h:8501").with_port(), "https://h:8501/x");
        assert_eq!(https("h:8501").base(), "https://h:8501/x");
        let unix = Address::Unix("/run/consul.sock".into());
        assert_eq!(unix.with_port(), "unix:///run/consul.sock");
    }

    #[test]
    fn an_address_is_shown_without_its_user() {
        for (text, shown) in [
            ("http://u:PASS@h:1/v1/kv/a", "http://h:1/v1/kv/a"),
            ("http://u:PA/S S@h:1/v1/kv/a", "http://h:1/v1/kv/a"),
            ("--addr=http://u:P@SS@h", "--addr=http://h"),
            ("u:PASS@h:1", "(redacted)@h:1"),
            ("u@h://x", "u@h://x"),
            ("http://h:1/v1/kv/a", "http://h:1/v1/kv/a"),
            ("a@b", "a@b"),
        ] {
            assert_eq!(without_user(text), shown);
        }
    }

    #[test]
    fn a_secret_is_redacted_in_debug_output() {
        assert_eq!(format!("{:?}", Secret::new("s3cret")), "(redacted)");
    }
}
