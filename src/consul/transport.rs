//! What ureq's errors do not tell and a write depends on: whether anything was sent at all, and
//! whether a connection ever answered. A thin layer around ureq's own resolver, connector and
//! transport; the only use of its `unversioned` traits.

use std::fmt;

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};

/// The first byte of a TLS record that an `http://` request was answered with: an alert.
const TLS_ALERT: u8 = 0x15;

/// Where a request failed.
#[derive(Debug)]
pub enum FailedPhase {
    /// Before there was a connection: nothing was sent.
    Connecting(ureq::Error),
    /// While it was being sent: the server cannot have the whole of it, so it did nothing.
    Sending(ureq::Error),
    /// On a connection that was closed before it ever answered anything.
    Unanswered,
    /// The answer was a TLS record.
    Tls,
}

impl fmt::Display for FailedPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailedPhase::Connecting(error) => write!(f, "connecting: {error}"),
            FailedPhase::Sending(error) => write!(f, "sending: {error}"),
            FailedPhase::Unanswered => f.write_str("closed without an answer"),
            FailedPhase::Tls => f.write_str("answered by TLS"),
        }
    }
}

impl std::error::Error for FailedPhase {}

fn failed(failed: FailedPhase) -> ureq::Error {
    ureq::Error::Other(Box::new(failed))
}

/// Resolves and connects as ureq does, and marks what fails.
#[derive(Debug, Default)]
pub struct FailureTagging<T>(T);

impl Resolver for FailureTagging<DefaultResolver> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.0
            .resolve(uri, config, timeout)
            .map_err(|error| failed(FailedPhase::Connecting(error)))
    }
}

impl Connector for FailureTagging<DefaultConnector> {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Connection>, ureq::Error> {
        let inner = self
            .0
            .connect(details, chained)
            .map_err(|error| failed(FailedPhase::Connecting(error)))?;
        Ok(inner.map(|inner| Connection {
            inner,
            answered: false,
            refusal_unread: false,
        }))
    }
}

/// A connection that knows whether it ever answered.
#[derive(Debug)]
pub struct Connection {
    inner: Box<dyn Transport>,
    answered: bool,
    /// Set with each sending, cleared when [`Connection::holds_refusal`] has found an answer: it
    /// may report one only once a request.
    refusal_unread: bool,
}

impl Connection {
    /// Whether the buffer holds the whole head of an answer that nobody has read yet. Where a server
    /// refuses a body instead of saying `100 Continue`, ureq leaves that answer in the buffer, and
    /// then asks for more input because nothing was consumed: it would wait until the server closes.
    fn holds_refusal(&mut self) -> bool {
        let holds = self.refusal_unread
            && self
                .inner
                .buffers()
                .input()
                .windows(4)
                .any(|four| four == b"\r\n\r\n");
        // From here on ureq alone judges whether it needs more input.
        self.refusal_unread &= !holds;
        holds
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.refusal_unread = true;
        self.inner
            .transmit_output(amount, timeout)
            .map_err(|error| failed(FailedPhase::Sending(error)))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        if self.holds_refusal() {
            return Ok(true);
        }
        let result = self.inner.await_input(timeout);
        if self.answered {
            return result;
        }
        match result {
            Ok(true) => {
                self.answered = true;
                if self.inner.buffers().input().first() == Some(&TLS_ALERT) {
                    return Err(failed(FailedPhase::Tls));
                }
                Ok(true)
            }
            Ok(false) | Err(ureq::Error::Io(_)) => Err(failed(FailedPhase::Unanswered)),
            other => other,
        }
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
