//! A thin layer around ureq's resolver, connector and transport that adds to its errors what the
//! outcome of a write depends on: whether anything was sent, and whether the connection ever
//! answered. The only use of ureq's `unversioned` traits.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};

use super::failed_phase::{FailedPhase, tag, tag_once};
use super::tls::Tls;
use super::unix::UnixTransport;

/// The first byte of a TLS record that an `http://` request was answered with: an alert.
const TLS_ALERT: u8 = 0x15;

/// Resolves as ureq does, and tags failures with their phase. For a unix socket nothing is looked up.
#[derive(Debug, Default)]
pub(super) struct TaggingResolver {
    resolver: DefaultResolver,
    has_socket: bool,
}

impl TaggingResolver {
    /// The resolver of an address, which may be that of a unix socket.
    pub(super) fn new(has_socket: bool) -> Self {
        TaggingResolver {
            resolver: DefaultResolver::default(),
            has_socket,
        }
    }
}

impl Resolver for TaggingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        if self.has_socket {
            return Ok(self.empty());
        }
        if !timeout.after.is_not_happening() {
            // With a time-out ureq starts a thread, and panics where the system has none to give.
            check_thread().map_err(|error| tag(FailedPhase::Connecting(error.into())))?;
        }
        self.resolver
            .resolve(uri, config, timeout)
            .map_err(|error| tag_connecting(error, config))
    }
}

/// Returns the error of a connection with its phase. That to a proxy is made by the same connector, with a
/// configuration that has none, within the one to the server behind it.
fn tag_connecting(error: ureq::Error, config: &ureq::config::Config) -> ureq::Error {
    let error = tag_once(error, FailedPhase::Connecting);
    match error {
        ureq::Error::Other(inner) if config.proxy().is_some() => {
            match inner.downcast::<FailedPhase>().map(|phase| *phase) {
                Ok(FailedPhase::Connecting(error)) => tag(FailedPhase::ConnectingToProxy(error)),
                Ok(phase) => tag(phase),
                Err(inner) => ureq::Error::Other(inner),
            }
        }
        error => error,
    }
}

/// Checks that a thread can be started.
fn check_thread() -> io::Result<()> {
    let started = thread::Builder::new().spawn(|| ());
    let thread = started.map_err(|error| {
        io::Error::other(format!(
            "starting the thread that looks up the host name: {error}"
        ))
    })?;
    // It does nothing, so it has nothing to panic about.
    let _ = thread.join();
    Ok(())
}

/// Connects as ureq does, or to a unix socket, or with TLS, and tags failures with their phase.
pub(super) struct TaggingConnector {
    tcp: DefaultConnector,
    /// The path of a unix socket, instead of TCP.
    socket: Option<PathBuf>,
    /// Used for URLs of https.
    tls: Option<Arc<Tls>>,
}

impl fmt::Debug for TaggingConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaggingConnector")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

impl TaggingConnector {
    pub(super) fn new(socket: Option<PathBuf>, tls: Option<Arc<Tls>>) -> Self {
        TaggingConnector {
            tcp: DefaultConnector::default(),
            socket,
            tls,
        }
    }

    fn plain(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Box<dyn Transport>>, ureq::Error> {
        match &self.socket {
            Some(path) => Ok(Some(Box::new(UnixTransport::connect(path, details)?))),
            None => self.tcp.connect(details, chained),
        }
    }
}

impl Connector for TaggingConnector {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Connection>, ureq::Error> {
        let inner = self
            .plain(details, chained)
            .map_err(|error| tag_connecting(error, details.config))?;
        let inner = match (inner, &self.tls) {
            (Some(inner), Some(tls)) if details.needs_tls() => {
                Some(Box::new(tls.connect(inner, details)?) as Box<dyn Transport>)
            }
            (inner, _) => inner,
        };
        Ok(inner.map(|inner| Connection {
            inner,
            answered: false,
            refusal_unread: false,
        }))
    }
}

/// A connection that records whether it ever answered.
#[derive(Debug)]
pub struct Connection {
    inner: Box<dyn Transport>,
    answered: bool,
    /// Set when something is sent, and cleared when [`Connection::holds_refusal`] has found an
    /// answer, which may be reported once a request.
    refusal_unread: bool,
}

impl Connection {
    /// Whether the buffer holds the whole head of an answer that was not read yet. Where a server
    /// refuses a body instead of answering `100 Continue`, ureq leaves that answer in the buffer, and
    /// then waits for more input because nothing was consumed, until the server closes.
    fn holds_refusal(&mut self) -> bool {
        let holds = self.refusal_unread
            && self
                .inner
                .buffers()
                .input()
                .windows(4)
                .any(|four| four == b"\r\n\r\n");
        // From here on ureq decides whether it needs more input.
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
            .map_err(|error| tag_once(error, FailedPhase::Sending))
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
                let first = self.inner.buffers().input().first().copied();
                if first == Some(TLS_ALERT) && !self.inner.is_tls() {
                    return Err(tag(FailedPhase::Tls));
                }
                Ok(true)
            }
            Ok(false) | Err(ureq::Error::Io(_)) => Err(tag(FailedPhase::Unanswered)),
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
