//! The causes of failed requests, and their descriptions.

use std::io;

use super::Cause;
use crate::consul::failed_phase::FailedPhase;
use crate::system_error;

/// The cause of an error of `ureq`, and a description of it.
pub(super) fn classify_failure(error: &ureq::Error) -> (Cause, String) {
    match error {
        ureq::Error::Other(inner) => match inner.downcast_ref() {
            Some(FailedPhase::Connecting(error)) => {
                let cause = match error {
                    ureq::Error::Io(error) if is_out_of_files(error) => Cause::OutOfFiles,
                    _ => Cause::Unreachable,
                };
                (cause, describe_connecting(error))
            }
            Some(FailedPhase::ConnectingToProxy(error)) => match error {
                ureq::Error::Io(inner) if is_out_of_files(inner) => {
                    (Cause::OutOfFiles, describe_connecting(error))
                }
                ureq::Error::ConnectProxyFailed(_) => {
                    (Cause::ProxyUnreachable, describe_connecting(error))
                }
                _ => (
                    Cause::ProxyUnreachable,
                    format!(
                        "connecting through the proxy: {}",
                        describe_connecting(error)
                    ),
                ),
            },
            Some(FailedPhase::Sending(error)) => (
                Cause::Unsent,
                format!(
                    "the connection broke while sending, so nothing was done: {}",
                    describe(error)
                ),
            ),
            Some(FailedPhase::Unanswered) => (
                Cause::Dropped,
                "the connection was closed without an answer".to_owned(),
            ),
            Some(FailedPhase::Tls) => (Cause::Tls, "the answer is TLS, not HTTP".to_owned()),
            Some(FailedPhase::Handshake(failure)) => {
                (Cause::Handshake(failure.fault), failure.text.clone())
            }
            None => (Cause::InvalidAnswer, describe(error)),
        },
        ureq::Error::Timeout(_) => (Cause::TimedOut, "no answer in time".to_owned()),
        ureq::Error::Io(_) | ureq::Error::BodyStalled => (
            Cause::Lost,
            format!("the connection was lost: {}", describe(error)),
        ),
        // Nothing was sent.
        ureq::Error::Protocol(_) | ureq::Error::Http(_) if is_too_long(error) => (
            Cause::Setup,
            "the request does not fit: its key, namespace or token is too long".to_owned(),
        ),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => (Cause::Setup, describe(error)),
        _ => (
            Cause::InvalidAnswer,
            format!("invalid answer: {}", describe(error)),
        ),
    }
}

/// Whether the head of the request is larger than a URL, or the buffer, may be.
fn is_too_long(error: &ureq::Error) -> bool {
    let text = error.to_string();
    text.contains("output too small") || text.contains("uri too long")
}

fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

fn describe_connecting(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(ureq::Timeout::Resolve) => "looking up the host took too long".into(),
        ureq::Error::Timeout(_) => "connecting took too long".into(),
        // ureq says "proxy server responded 403/403".
        ureq::Error::ConnectProxyFailed(reason) => match reason.rsplit_once('/') {
            Some((_, status)) => format!("the proxy answered {status} to CONNECT"),
            None => format!("the proxy did not connect: {reason}"),
        },
        _ => describe(error),
    }
}

/// Describes the error as one lower-case phrase.
fn describe(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => describe_io(error),
        error => one_line(&error.to_string()),
    }
}

/// Describes an error of the operating system as one lower-case phrase, without its number.
pub(in crate::consul) fn describe_io(error: &io::Error) -> String {
    let text = system_error::describe(error);
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

/// The cause of a status other than the expected ones. Consul's messages are searched for their
/// known part: each server that forwards one puts its own words in front (`rpc error making call: …`).
pub(super) fn classify_status(status: u16, text: &str) -> Cause {
    let contains = |words: &str| text.contains(words);
    match status {
        300..=399 => Cause::Redirected,
        403 if contains("ACL not found") => Cause::UnknownToken,
        401 | 403 => Cause::Denied,
        413 => Cause::TooLarge,
        429 if contains("concurrent connections") => Cause::TooManyConnections,
        429 => Cause::RateLimited,
        503 if contains("rate limit exceeded") => Cause::RateLimited,
        // From listeners of TLS, not from Consul: Go's, nginx's and Apache's.
        400 if PLAIN_ON_TLS.iter().any(|words| contains(words)) => Cause::Tls,
        404 => Cause::NotConsul,
        // Request Timeout, from a proxy: Consul does not give it.
        408 => Cause::Server,
        // The agent of `kvw dev` answers so for an endpoint that it does not have.
        501 | 400..=499 => Cause::Refused,
        // Newer servers' key rules and unknown sessions come as a 500, though the fault is in
        // the request; nothing was done.
        _ if contains("invalid key name") => Cause::Refused,
        _ if contains("invalid session") || contains("failed session lookup") => {
            Cause::UnknownSession
        }
        _ if UNREGISTERED.iter().any(|words| contains(words)) => Cause::Unregistered,
        _ if contains("No path to datacenter") => Cause::UnknownDatacenter,
        _ if contains("rate limit exceeded") => Cause::RateLimited,
        _ if NO_LEADER.iter().any(|words| contains(words)) => Cause::NoLeader,
        _ if LEADER_LOST.iter().any(|words| contains(words)) => Cause::LeaderLost,
        500..=599 => Cause::Server,
        _ => Cause::InvalidAnswer,
    }
}

/// What listeners of TLS answer to plain HTTP.
const PLAIN_ON_TLS: [&str; 3] = [
    "HTTP request to an HTTPS server",
    "plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled server port",
];

/// Messages of servers that do not create a session (`session_endpoint.go`, `state/session.go`).
const UNREGISTERED: [&str; 3] = [
    "Missing node registration",
    "Missing check '",
    "' is in critical state",
];

/// Messages of servers that have no leader, or have no connection to one, and did nothing.
const NO_LEADER: [&str; 3] = [
    "No cluster leader",
    "No known Consul servers",
    // From before the request is passed on (`rpc` in Consul's `pool.go`).
    "rpc error getting client",
];

/// Messages of servers that lost their leader while they worked on a request.
const LEADER_LOST: [&str; 6] = [
    "rpc error making call: EOF",
    "leadership lost",
    "node is not the leader",
    "leadership transfer",
    "Raft leader not found",
    "Not ready to serve consistent reads",
];

/// Describes a status other than the expected ones.
pub(super) fn describe_status(cause: Cause, status: u16, text: &str) -> String {
    match (cause, text) {
        (Cause::Denied | Cause::UnknownToken, text) => describe_denial(text),
        (Cause::RateLimited, "") => "too many requests (429)".to_owned(),
        (Cause::Redirected, _) => {
            format!("answered with a redirect ({status}), which is not followed")
        }
        (_, "") => format!("the server answered {status}"),
        // Consul answers in JSON and plain text.
        (_, text) if is_html(text) => {
            format!("a proxy answered {status} with an HTML page instead of Consul's answer")
        }
        (_, text) => format!("the server answered {status}: {text}"),
    }
}

fn is_html(text: &str) -> bool {
    let start = text.get(..16).unwrap_or(text).to_ascii_lowercase();
    ["<!doctype", "<html", "<head", "<body", "<h1", "<?xml"]
        .iter()
        .any(|tag| start.starts_with(tag))
}

/// Describes a denied permission, without saying so twice where the server's message does too.
pub(super) fn describe_denial(text: &str) -> String {
    match text.strip_prefix("Permission denied") {
        Some(rest) => format!("permission denied{rest}"),
        None if text.is_empty() => "permission denied".to_owned(),
        None if is_html(text) => "permission denied by a proxy, with an HTML page".to_owned(),
        None => format!("permission denied: {text}"),
    }
}

/// The text with its white space folded into one line, cut where a proxy sends a whole page.
pub(super) fn one_line(text: &str) -> String {
    const MOST: usize = 400;
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
