//! The errors of requests to Consul, and their meaning.

mod classify;

use std::fmt;
use std::io;

pub(super) use self::classify::describe_io;
use self::classify::{
    classify_failure, classify_status, describe_denial, describe_status, one_line,
};
use super::redact::Redactor;
use super::tls::failure::TlsFault;
use crate::model::{Op, OpError, OpErrorKind, name_first};

/// The number of keys that a message names.
const NAMED: usize = 5;

/// The meaning of an error for the command, whatever its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The server does not accept this input: 400, 413, an invalid key.
    Refused,
    /// No connection, no answer in time, no leader, a server error or an invalid answer.
    Unavailable,
    /// Permission denied: a 403, or a transaction rolled back for it.
    Denied,
    /// A transaction was rolled back: nothing changed.
    RolledBack,
    /// A write was sent and it is unknown whether it took effect.
    Unknown,
}

/// The reason why a request got no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No connection: refused, timed out, no route, or an unknown host name. Nothing was sent.
    Unreachable,
    /// No connection to the proxy, or through it. Nothing was sent.
    ProxyUnreachable,
    /// No connection, because this process or the system has no descriptors left. Nothing was sent.
    OutOfFiles,
    /// The connection broke while the request was being sent, so the server has only a part of it.
    Unsent,
    /// No answer in time.
    TimedOut,
    /// The connection was lost before the answer was whole.
    Lost,
    /// A new connection was closed without an answer. Consul before 1.9 does this to a client with
    /// too many connections (`http_max_conns_per_client`).
    Dropped,
    /// A 429 for the same limit, from newer servers.
    TooManyConnections,
    /// 429, or a 503 for the rate limit: the server did nothing.
    RateLimited,
    /// The servers have no leader that they reach. Nothing was done: Consul's own servers send a request
    /// again after `No cluster leader`, writes too (`canRetry` in its `rpc.go`).
    NoLeader,
    /// The servers lost their leader while they worked on the request.
    LeaderLost,
    /// 403: the token lacks the permission.
    Denied,
    /// 403: the cluster does not know the token.
    UnknownToken,
    /// `No path to datacenter`.
    UnknownDatacenter,
    /// The server does not accept this input: 400, 405, 431, an invalid key.
    Refused,
    /// A transaction was rolled back. Nothing was done.
    RolledBack,
    /// The session does not exist. Nothing was done.
    UnknownSession,
    /// A session was refused because its node or a check of it is not registered, or a check is critical.
    /// Nothing was done. It may pass: an agent registers itself again.
    Unregistered,
    /// 413: above one of the server's limits.
    TooLarge,
    /// Any other server error, mostly 500.
    Server,
    /// 3xx: never followed.
    Redirected,
    /// 404 where Consul has an endpoint, or a read without an index: not a Consul HTTP API.
    NotConsul,
    /// An HTTP request was sent to a TLS port.
    Tls,
    /// The TLS handshake failed. Nothing was done.
    Handshake(TlsFault),
    /// An answer that Consul does not give.
    InvalidAnswer,
    /// An answer longer than the limit of a value allows.
    TooLong,
    /// The request could not be built: an unreadable token file, an invalid token.
    Setup,
}

/// A request that got no usable answer. It is small, because each entry of a listing is returned in a
/// place that has room for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    request: Box<RequestContext>,
    cause: Cause,
    text: Box<str>,
}

/// What was being done when a request failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RequestContext {
    /// `reading key app/name`
    pub(super) doing: String,
    /// `127.0.0.1:8500`; empty where nothing was sent yet.
    pub(super) address: String,
    /// Whether the request may change something.
    pub(super) write: bool,
    /// Whether the request has no token.
    pub(super) anonymous: bool,
    /// The secrets that no text may have.
    pub(super) redactor: Redactor,
}

impl RequestContext {
    pub(super) fn error(&self, cause: Cause, text: impl Into<String>) -> Error {
        Error {
            request: Box::new(self.clone()),
            cause,
            text: self.redactor.blank(&text.into()).into(),
        }
    }

    pub(super) fn invalid_answer(&self, text: impl fmt::Display) -> Error {
        self.error(Cause::InvalidAnswer, format!("invalid answer: {text}"))
    }

    pub(super) fn too_long(&self, text: &str) -> Error {
        self.error(Cause::TooLong, format!("invalid answer: {text}"))
    }

    /// Maps an error of `ureq`, which failed to send the request or to receive the head of the
    /// answer.
    pub(super) fn map_ureq(&self, error: &ureq::Error) -> Error {
        let (cause, text) = classify_failure(error);
        self.error(cause, text)
    }

    /// Maps an error of reading the body of an answer.
    pub(super) fn map_body(&self, error: &io::Error) -> Error {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(error) => self.map_ureq(error),
            None => self.cut_off(),
        }
    }

    /// The error of a body that ended too early.
    pub(super) fn cut_off(&self) -> Error {
        self.error(Cause::Lost, "the answer was cut off")
    }

    /// Maps an error of parsing the body of an answer.
    pub(super) fn map_json(&self, error: serde_json::Error) -> Error {
        match error.classify() {
            serde_json::error::Category::Io => self.map_body(&io::Error::from(error)),
            serde_json::error::Category::Eof => self.cut_off(),
            _ => self.invalid_answer(error),
        }
    }

    /// Maps a status other than the expected ones, with the text of its body.
    pub(super) fn map_status(&self, status: u16, text: &str) -> Error {
        let cause = classify_status(status, &one_line(text));
        // Before the text is folded and cut: no part of a secret is left.
        let text = one_line(&self.redactor.blank(text));
        self.error(cause, describe_status(cause, status, &text))
    }

    /// Maps the rollback of a transaction that had to be applied: [`Cause::Denied`] where a reason
    /// is a denied permission. A read that is rolled back for another reason has no answer, rather
    /// than the answer no.
    pub(super) fn rolled_back(&self, ops: &[Op], errors: &[OpError]) -> Error {
        // The context names what a single operation does; of several the keys are added.
        self.rolled_back_of(ops, errors, ops.len() > 1)
    }

    /// The same; `names` says whether the keys are added.
    pub(super) fn rolled_back_of(&self, ops: &[Op], errors: &[OpError], names: bool) -> Error {
        let Some(error) = OpError::decisive(errors) else {
            return self.invalid_answer("a rollback without a reason");
        };
        let what = one_line(&error.what);
        let (cause, text) = match error.kind {
            OpErrorKind::Denied => (Cause::Denied, describe_denial(&what)),
            _ if self.write => (Cause::RolledBack, format!("rolled back: {what}")),
            _ => (Cause::Refused, format!("the server refused it: {what}")),
        };
        let same = errors.iter().filter(|other| other.kind == error.kind);
        let same = same.filter(|other| other.kind == OpErrorKind::Denied || *other == error);
        match describe_keys(same.filter_map(|error| ops.get(error.op))) {
            Some(keys) if names => self.error(cause, format!("{keys}: {text}")),
            _ => self.error(cause, text),
        }
    }
}

/// Names the keys of operations, each once: `key a`, `keys a, b and 3 more`.
fn describe_keys<'o>(ops: impl Iterator<Item = &'o Op>) -> Option<String> {
    let mut keys: Vec<&str> = Vec::new();
    for op in ops {
        if !keys.contains(&op.name()) {
            keys.push(op.name());
        }
    }
    let names = name_first(keys.iter().copied(), NAMED);
    match keys.len() {
        0 => None,
        1 => Some(format!("key {names}")),
        _ => Some(format!("keys {names}")),
    }
}

impl Error {
    /// The reason why there was no usable answer.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// The reason without what was being done.
    pub fn reason(&self) -> &str {
        &self.text
    }

    /// The meaning for the command.
    pub fn class(&self) -> ErrorClass {
        match self.cause {
            Cause::Refused | Cause::UnknownSession | Cause::TooLarge | Cause::Setup => {
                ErrorClass::Refused
            }
            Cause::Denied | Cause::UnknownToken => ErrorClass::Denied,
            Cause::RolledBack => ErrorClass::RolledBack,
            Cause::TimedOut
            | Cause::Lost
            | Cause::Dropped
            | Cause::LeaderLost
            | Cause::Server
            | Cause::InvalidAnswer
            | Cause::TooLong
                if self.request.write =>
            {
                ErrorClass::Unknown
            }
            _ => ErrorClass::Unavailable,
        }
    }

    /// Whether the server knows no such session, or takes the text for no session's id. A renewal, whose
    /// answer tells it, has no such error for a well-formed id.
    pub fn is_unknown_session(&self) -> bool {
        self.cause == Cause::UnknownSession
    }

    /// Whether something between the client and Consul may have ended a request that was held: the
    /// connection was lost, or a proxy answered for a server that had not answered yet.
    pub fn may_be_cut(&self) -> bool {
        matches!(
            self.cause,
            Cause::Lost | Cause::Dropped | Cause::Server | Cause::NoLeader | Cause::LeaderLost
        )
    }

    /// Whether the same request may succeed later because Consul or the network recovers, so that a
    /// watch continues. A denied permission is not transient, though it may be restored.
    pub fn is_transient(&self) -> bool {
        if let Cause::Handshake(fault) = self.cause {
            return fault.is_transient();
        }
        !matches!(
            self.cause,
            Cause::Denied
                | Cause::UnknownToken
                | Cause::Refused
                | Cause::RolledBack
                | Cause::UnknownSession
                | Cause::TooLarge
                | Cause::Redirected
                | Cause::NotConsul
                | Cause::Tls
                | Cause::Setup
        )
    }

    /// Whether a read is retried within seconds. A refused connection is reported at once, and a
    /// request that timed out has waited long enough.
    pub(super) fn is_retryable(&self) -> bool {
        matches!(
            self.cause,
            Cause::Unsent
                | Cause::Lost
                | Cause::Dropped
                | Cause::TooManyConnections
                | Cause::RateLimited
                | Cause::NoLeader
                | Cause::LeaderLost
                | Cause::Unregistered
                | Cause::Server
        )
    }

    /// The error of a request that no address answered: each address with its reason, in the order in
    /// which they were asked. What follows from it is that of the address that may answer later.
    pub(super) fn at_all(errors: Vec<Error>) -> Option<Error> {
        let retryable = errors.iter().find(|error| error.is_retryable());
        let transient = || errors.iter().find(|error| error.is_transient());
        let cause = retryable.or_else(transient).or(errors.first())?.cause;
        let mut errors = errors.into_iter();
        let mut first = errors.next()?;
        let mut text = String::from(std::mem::take(&mut first.text));
        for Error {
            request,
            text: reason,
            ..
        } in errors
        {
            for part in ["; at ", &request.address, ": ", &reason] {
                text.push_str(part);
            }
        }
        Some(Error {
            cause,
            text: text.into(),
            ..first
        })
    }

    /// A hint at what the user can do.
    pub fn hint(&self) -> Option<String> {
        if self.class() == ErrorClass::Unknown {
            let mut hint = READ_BACK.to_owned();
            if self.cause == Cause::Dropped {
                hint.push_str("; ");
                hint.push_str(CONNECTION_LIMIT);
            }
            return Some(hint);
        }
        let hint = match self.cause {
            Cause::Unreachable if self.request.address.starts_with("unix://") => {
                "is a Consul agent running there, with this socket in its `addresses`?"
            }
            Cause::Unreachable if self.request.address.ends_with(":443") => {
                "an https address without a port means port 443, and Consul usually listens on 8501: \
                 --http-addr https://HOST:8501 or CONSUL_HTTP_ADDR=https://HOST:8501"
            }
            Cause::Unreachable if self.request.address.ends_with(":80") => {
                "an address without a port means port 80, and Consul listens on 8500: \
                 --http-addr HOST:8500 or CONSUL_HTTP_ADDR=HOST:8500"
            }
            Cause::ProxyUnreachable => {
                "HTTP_PROXY, or HTTPS_PROXY for https, names the proxy, and NO_PROXY what bypasses it"
            }
            Cause::OutOfFiles => "ulimit -n is the limit of this process",
            Cause::Unreachable => {
                "is a Consul agent running there? --http-addr or CONSUL_HTTP_ADDR sets the address"
            }
            Cause::Unsent | Cause::Dropped | Cause::TooManyConnections => CONNECTION_LIMIT,
            Cause::RateLimited => {
                "nothing was done; the server limits the rate of requests: retry later or more slowly"
            }
            Cause::Denied if self.request.anonymous => {
                "no token was given: see --token-file, CONSUL_HTTP_TOKEN_FILE, CONSUL_HTTP_TOKEN"
            }
            Cause::UnknownToken => {
                "the cluster does not know this token: it may have been deleted, or belong to another cluster"
            }
            Cause::NoLeader if self.request.write => {
                "nothing was done: without a leader no server writes"
            }
            Cause::UnknownDatacenter => "datacenter names are case-sensitive",
            Cause::Redirected | Cause::NotConsul => "is this the address of a Consul HTTP API?",
            Cause::TooLong => "--max-value SIZE allows longer values",
            Cause::Tls => "this port speaks TLS, which needs an address that starts with https://",
            Cause::Handshake(fault) => fault.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

const READ_BACK: &str = "the write may or may not have been applied: read it back before retrying";
const CONNECTION_LIMIT: &str = "this may be the agent's limit of connections per client: \
    http_max_conns_per_client, 200 by default";

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RequestContext { doing, address, .. } = &*self.request;
        if address.is_empty() {
            write!(f, "{doing}: {}", self.text)
        } else {
            write!(f, "{doing} at {address}: {}", self.text)
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
impl Error {
    /// An error with this cause, for fakes.
    pub fn with_cause(cause: Cause) -> Self {
        RequestContext::default().error(cause, "")
    }
}

#[cfg(test)]
mod tests;
