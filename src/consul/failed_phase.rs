//! How far a request came before it failed: what the outcome of a write depends on.

use std::fmt;

use super::tls::failure::TlsFailure;

/// The phase in which a request failed.
#[derive(Debug)]
pub enum FailedPhase {
    /// Before there was a connection: nothing was sent.
    Connecting(ureq::Error),
    /// Before there was a connection to the proxy, or through it: nothing was sent.
    ConnectingToProxy(ureq::Error),
    /// While it was being sent: the server has only a part of it, so it did nothing.
    Sending(ureq::Error),
    /// On a connection that was closed before it ever answered.
    Unanswered,
    /// The answer was a TLS record.
    Tls,
    /// In the TLS handshake: nothing was done of what may have been sent.
    Handshake(TlsFailure),
}

impl fmt::Display for FailedPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailedPhase::Connecting(error) => write!(f, "connecting: {error}"),
            FailedPhase::ConnectingToProxy(error) => write!(f, "connecting to the proxy: {error}"),
            FailedPhase::Sending(error) => write!(f, "sending: {error}"),
            FailedPhase::Unanswered => f.write_str("closed without an answer"),
            FailedPhase::Tls => f.write_str("answered by TLS"),
            FailedPhase::Handshake(failure) => write!(f, "TLS: {failure}"),
        }
    }
}

impl std::error::Error for FailedPhase {}

/// The error of a request that failed in this phase.
pub(super) fn tag(phase: FailedPhase) -> ureq::Error {
    ureq::Error::Other(Box::new(phase))
}

/// Returns the error with its phase, unless a layer below has said it already.
pub(super) fn tag_once(
    error: ureq::Error,
    phase: impl FnOnce(ureq::Error) -> FailedPhase,
) -> ureq::Error {
    match error {
        ureq::Error::Other(inner) if inner.is::<FailedPhase>() => ureq::Error::Other(inner),
        error => tag(phase(error)),
    }
}
