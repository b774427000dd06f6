//! What can go wrong between here and Consul, and what it means.

use std::fmt;
use std::io;

use super::transport::FailedPhase;

/// What an error means for the command, whatever its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The server will not take this input: 400, 413, a key it refuses to hold.
    Refused,
    /// Not reached, not answered in time, no leader, an error or nonsense.
    Unavailable,
    /// 403.
    Denied,
    /// A write was sent and nobody knows whether it took effect.
    Unknown,
}

/// Why a request got no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Nobody listens there, the name is unknown, no route, or connecting took too long. Nothing
    /// was sent.
    Unreachable,
    /// The connection broke while the request was being sent: the server cannot have all of it.
    Unsent,
    /// No answer in time.
    TimedOut,
    /// The connection was lost before the answer was whole.
    Lost,
    /// A fresh connection was closed without an answer. Consul before 1.9 does this where a
    /// client holds too many connections (`http_max_conns_per_client`).
    Dropped,
    /// The same limit, said by newer servers with a 429.
    TooManyConnections,
    /// 429, or a 503 of the rate limit: the server did nothing and wants to be asked later.
    RateLimited,
    /// The servers have no leader, or lost it while they worked on this.
    NoLeader,
    /// 403: the token may not do this.
    Denied,
    /// 403: the cluster does not know the token.
    UnknownToken,
    /// `No path to datacenter`.
    UnknownDatacenter,
    /// The server will not take this input: 400, 405, 431, a key or a session it does not accept.
    Refused,
    /// No such session. Nothing was done.
    UnknownSession,
    /// 413: above one of the server's limits.
    TooLarge,
    /// Any other error of the server's, mostly 500.
    Server,
    /// 3xx: says nothing about the key that was asked for, and is never followed.
    Redirected,
    /// 404 where Consul has an endpoint, or a read without an index: somebody else listens there.
    NotConsul,
    /// `http` was spoken to a port that speaks TLS.
    Tls,
    /// An answer that Consul would not give.
    Nonsense,
    /// What the request would have been built from cannot be used: a token file, a token.
    Setup,
}

/// A request that got no usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    request: RequestContext,
    cause: Cause,
    text: String,
}

/// What was being done when something failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestContext {
    /// `reading key app/name`
    pub(super) doing: String,
    /// `127.0.0.1:8500`; empty where nothing was asked yet.
    pub(super) address: String,
    /// Whether it may have changed something.
    pub(super) write: bool,
    /// Whether it carried no token.
    pub(super) anonymous: bool,
}

impl RequestContext {
    pub(super) fn error(&self, cause: Cause, text: impl Into<String>) -> Error {
        Error {
            request: self.clone(),
            cause,
            text: text.into(),
        }
    }

    pub(super) fn nonsense(&self, text: impl fmt::Display) -> Error {
        self.error(
            Cause::Nonsense,
            format!("not an answer of Consul's: {text}"),
        )
    }

    /// Where `ureq` failed to send the request or to receive the head of the answer.
    pub(super) fn failed(&self, error: &ureq::Error) -> Error {
        let (cause, text) = of_transport(error);
        self.error(cause, text)
    }

    /// Where reading the body of an answer failed.
    pub(super) fn body(&self, error: &io::Error) -> Error {
        let (cause, text) = match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(error) => of_transport(error),
            None => (Cause::Lost, CUT_OFF.to_owned()),
        };
        self.error(cause, text)
    }

    /// Where the body of an answer ended too early.
    pub(super) fn cut_off(&self) -> Error {
        self.error(Cause::Lost, CUT_OFF)
    }

    /// Where the body of an answer is not the JSON it should be.
    pub(super) fn json(&self, error: serde_json::Error) -> Error {
        match error.classify() {
            serde_json::error::Category::Io => self.body(&io::Error::from(error)),
            serde_json::error::Category::Eof => self.cut_off(),
            _ => self.nonsense(error),
        }
    }

    /// Where the server answered with an error.
    pub(super) fn status(&self, status: u16, text: &str) -> Error {
        let text = one_line(text);
        let cause = of_status(status, &text);
        self.error(cause, told(cause, status, &text))
    }
}

const CUT_OFF: &str = "the answer was cut off";

impl Error {
    /// Why.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// What it means for the command.
    pub fn outcome(&self) -> ErrorClass {
        match self.cause {
            Cause::Refused | Cause::UnknownSession | Cause::TooLarge | Cause::Setup => {
                ErrorClass::Refused
            }
            Cause::Denied | Cause::UnknownToken => ErrorClass::Denied,
            Cause::TimedOut
            | Cause::Lost
            | Cause::Dropped
            | Cause::NoLeader
            | Cause::Server
            | Cause::Nonsense
                if self.request.write =>
            {
                ErrorClass::Unknown
            }
            _ => ErrorClass::Unavailable,
        }
    }

    /// Whether the same request may succeed later, untouched, because Consul or the way to it
    /// recovers: a watch goes on. Lost rights are not such a thing, though they may come back.
    pub fn is_transient(&self) -> bool {
        !matches!(
            self.cause,
            Cause::Denied
                | Cause::UnknownToken
                | Cause::Refused
                | Cause::UnknownSession
                | Cause::TooLarge
                | Cause::Redirected
                | Cause::NotConsul
                | Cause::Tls
                | Cause::Setup
        )
    }

    /// Whether a read is worth trying again within seconds. Who is refused a connection is told
    /// so at once, and who waited for an answer in vain has waited enough.
    pub(super) fn passes(&self) -> bool {
        matches!(
            self.cause,
            Cause::Unsent
                | Cause::Lost
                | Cause::Dropped
                | Cause::TooManyConnections
                | Cause::RateLimited
                | Cause::NoLeader
                | Cause::Server
        )
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        if self.outcome() == ErrorClass::Unknown {
            let mut hint = READ_BACK.to_owned();
            if self.cause == Cause::Dropped {
                hint.push_str("; ");
                hint.push_str(CONNECTION_LIMIT);
            }
            return Some(hint);
        }
        let hint = match self.cause {
            Cause::Unreachable => {
                "is a Consul agent running there? --http-addr or CONSUL_HTTP_ADDR says where to look"
            }
            Cause::Unsent | Cause::Dropped | Cause::TooManyConnections => CONNECTION_LIMIT,
            Cause::RateLimited => {
                "nothing was done; the server limits requests: ask again later, or more slowly"
            }
            Cause::Denied if self.request.anonymous => {
                "no token was given: see --token-file, CONSUL_HTTP_TOKEN_FILE, CONSUL_HTTP_TOKEN"
            }
            Cause::UnknownToken => {
                "the cluster does not know this token: it may have been deleted, or be another cluster's"
            }
            Cause::UnknownDatacenter => "datacenter names are case-sensitive",
            Cause::Redirected | Cause::NotConsul => {
                "is it Consul's own API that listens there, under this path?"
            }
            Cause::Tls => "this port speaks TLS, which needs an address that begins with https://",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

const READ_BACK: &str = "it may or may not have been written: read it back before trying again";
const CONNECTION_LIMIT: &str = "this may be the agent's limit of connections from one address: \
    http_max_conns_per_client, 200 by default";

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RequestContext { doing, address, .. } = &self.request;
        if address.is_empty() {
            write!(f, "{doing}: {}", self.text)
        } else {
            write!(f, "{doing} at {address}: {}", self.text)
        }
    }
}

impl std::error::Error for Error {}

/// What an error of `ureq` means, and words for it.
fn of_transport(error: &ureq::Error) -> (Cause, String) {
    match error {
        ureq::Error::Other(inner) => match inner.downcast_ref() {
            Some(FailedPhase::Connecting(error)) => (Cause::Unreachable, unreachable(error)),
            Some(FailedPhase::Sending(error)) => (
                Cause::Unsent,
                format!(
                    "the connection broke while sending, so nothing was done: {}",
                    words(error)
                ),
            ),
            Some(FailedPhase::Unanswered) => (
                Cause::Dropped,
                "the connection was closed without an answer".to_owned(),
            ),
            Some(FailedPhase::Tls) => (Cause::Tls, "the answer is TLS, not HTTP".to_owned()),
            None => (Cause::Nonsense, words(error)),
        },
        ureq::Error::Timeout(_) => (Cause::TimedOut, "no answer in time".to_owned()),
        ureq::Error::Io(_) | ureq::Error::BodyStalled => (
            Cause::Lost,
            format!("the connection was lost: {}", words(error)),
        ),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => (Cause::Setup, words(error)),
        _ => (
            Cause::Nonsense,
            format!("not an answer of Consul's: {}", words(error)),
        ),
    }
}

fn unreachable(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(ureq::Timeout::Resolve) => "looking up the host took too long".into(),
        ureq::Error::Timeout(_) => "connecting took too long".into(),
        ureq::Error::ConnectProxyFailed(reason) => {
            format!("the proxy of HTTP_PROXY makes no connection, which NO_PROXY avoids: {reason}")
        }
        _ => words(error),
    }
}

/// The error as one lower-case phrase.
fn words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => io_words(error),
        error => one_line(&error.to_string()),
    }
}

/// The error of the operating system as one lower-case phrase, without its number.
pub(super) fn io_words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

/// What a status other than the expected ones means. Texts of Consul's are matched in their
/// middle: each forwarding puts its own words in front (`rpc error making call: …`).
fn of_status(status: u16, text: &str) -> Cause {
    let says = |words: &str| text.contains(words);
    match status {
        300..=399 => Cause::Redirected,
        403 if says("ACL not found") => Cause::UnknownToken,
        401 | 403 => Cause::Denied,
        413 => Cause::TooLarge,
        429 if says("concurrent connections") => Cause::TooManyConnections,
        429 => Cause::RateLimited,
        503 if says("rate limit exceeded") => Cause::RateLimited,
        // Go's TLS listener says so itself.
        400 if says("HTTP request to an HTTPS server") => Cause::Tls,
        404 => Cause::NotConsul,
        // kvw's own agent says so of what it does not have.
        501 | 400..=499 => Cause::Refused,
        // Newer servers' key rules and unknown sessions come as a 500, though the fault is in
        // the request; nothing was done.
        _ if says("invalid key name") => Cause::Refused,
        _ if says("invalid session") || says("failed session lookup") => Cause::UnknownSession,
        _ if says("No path to datacenter") => Cause::UnknownDatacenter,
        _ if says("rate limit exceeded") => Cause::RateLimited,
        _ if NO_LEADER.iter().any(|words| says(words)) => Cause::NoLeader,
        500..=599 => Cause::Server,
        _ => Cause::Nonsense,
    }
}

/// How Consul says that there is no leader, or that it was lost on the way.
const NO_LEADER: [&str; 9] = [
    "No cluster leader",
    "No known Consul servers",
    "rpc error getting client",
    "rpc error making call: EOF",
    "leadership lost",
    "node is not the leader",
    "leadership transfer",
    "Raft leader not found",
    "Not ready to serve consistent reads",
];

fn told(cause: Cause, status: u16, text: &str) -> String {
    match (cause, text) {
        (Cause::Denied | Cause::UnknownToken, "") => "permission denied".to_owned(),
        (Cause::Denied | Cause::UnknownToken, text) => {
            // Consul says it in the same words; once is enough.
            match text.strip_prefix("Permission denied") {
                Some(rest) => format!("permission denied{rest}"),
                None => format!("permission denied: {text}"),
            }
        }
        (Cause::RateLimited, "") => "too many requests (429)".to_owned(),
        (Cause::Redirected, _) => {
            format!("answered with a redirect ({status}), which is not followed")
        }
        (_, "") => format!("the server answered {status}"),
        (_, text) => format!("the server answered {status}: {text}"),
    }
}

/// A server's text fit for one line: white space folded, cut where a proxy sends a whole page.
fn one_line(text: &str) -> String {
    const MOST: usize = 400;
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
