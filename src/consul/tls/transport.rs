//! A TLS connection as ureq uses it.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, ClientConnection};
use ureq::unversioned::transport::time::Duration;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::{TlsFailure, TlsFault, shown};
use crate::consul::failed_phase::{FailedPhase, tag};

/// A TLS connection over another one.
pub(in crate::consul) struct TlsTransport {
    connection: ClientConnection,
    socket: TransportAdapter,
    buffers: LazyBuffers,
    /// The name that the server should have, for messages.
    name: String,
    /// Whether a client certificate is presented to a server that wants one.
    has_certificate: bool,
    /// Whether anything came after the handshake. With TLS 1.3 the server's verdict on the client
    /// certificate is the first that comes.
    answered: bool,
    /// Whether anything came since something was sent last: a connection that ends now ends in an answer.
    receiving: bool,
}

impl TlsTransport {
    pub(super) fn connect(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        has_certificate: bool,
        inner: Box<dyn Transport>,
        details: &ConnectionDetails<'_>,
    ) -> Result<Self, ureq::Error> {
        let shown = shown(&name);
        let failed = |error: &rustls::Error| {
            let failure = TlsFailure::from_error(error, &shown, has_certificate);
            tag(FailedPhase::Handshake(failure))
        };
        let mut connection = ClientConnection::new(config, name).map_err(|error| failed(&error))?;
        let mut socket = TransportAdapter::new(inner, details.current_time.clone());
        socket.set_timeout(time_left(details));
        while connection.is_handshaking() {
            let result = connection.complete_io(&mut socket);
            if let Err(error) = result {
                let error = match pending_alert(&mut connection, &mut socket, error) {
                    Ok(rustls::Error::AlertReceived(
                        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
                    )) if connection.protocol_version().is_none() => {
                        let failure = TlsFailure::nothing_in_common();
                        return Err(tag(FailedPhase::Handshake(failure)));
                    }
                    Ok(error) => return Err(failed(&error)),
                    Err(error) => error,
                };
                return Err(match ureq::Error::from(error) {
                    ureq::Error::Timeout(_) => no_answer("the TLS handshake took too long"),
                    ureq::Error::Io(_) => {
                        no_answer("the connection was closed during the TLS handshake")
                    }
                    error => tag(FailedPhase::Connecting(error)),
                });
            }
        }
        let buffers = LazyBuffers::new(
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        Ok(TlsTransport {
            connection,
            socket,
            buffers,
            name: shown,
            has_certificate,
            answered: false,
            receiving: false,
        })
    }

    /// Maps an error. What the server says of the client certificate before it ever answered is a
    /// failure of the handshake: of a request it has done nothing. Anything else may end a request that
    /// it works on.
    fn map_error(&mut self, error: io::Error) -> ureq::Error {
        if self.answered {
            return self.end_of_answer(error).into();
        }
        let error = match pending_alert(&mut self.connection, &mut self.socket, error) {
            Ok(error) => error,
            Err(error) => return error.into(),
        };
        let failure = TlsFailure::from_error(&error, &self.name, self.has_certificate);
        match failure.fault {
            TlsFault::ClientMissing | TlsFault::ClientRefused => {
                tag(FailedPhase::Handshake(failure))
            }
            _ => io::Error::new(io::ErrorKind::InvalidData, error).into(),
        }
    }

    /// Maps the error of a connection that ends in the middle of an answer. Where an answer has no length
    /// it ends with the connection, and ureq takes any end for that one; but an end that the server did not
    /// announce (`close_notify`) can be that of somebody on the way.
    fn end_of_answer(&self, error: io::Error) -> io::Error {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, InvalidData, UnexpectedEof};
        match error.kind() {
            UnexpectedEof | ConnectionReset | ConnectionAborted if self.receiving => {
                io::Error::new(InvalidData, error)
            }
            _ => error,
        }
    }

    /// Reads something into the buffer; nothing at the orderly end of the connection.
    fn receive(&mut self) -> io::Result<usize> {
        loop {
            match self
                .connection
                .reader()
                .read(self.buffers.input_append_buf())
            {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // As ureq says of a connection without TLS.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(io::Error::new(error.kind(), "Peer disconnected"));
                }
                result => return result,
            }
            // At its end the reader says how the connection ended.
            self.connection.read_tls(&mut self.socket)?;
            self.connection
                .process_new_packets()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            flush(&mut self.connection, &mut self.socket)?;
        }
    }
}

/// Sends all of it. What is not with the system at the end is an error: then the server cannot have
/// the whole.
fn send(
    connection: &mut ClientConnection,
    socket: &mut TransportAdapter,
    mut rest: &[u8],
) -> io::Result<()> {
    while !rest.is_empty() {
        let taken = connection.writer().write(rest)?;
        rest = &rest[taken..];
        flush(connection, socket)?;
    }
    Ok(())
}

fn flush(connection: &mut ClientConnection, socket: &mut TransportAdapter) -> io::Result<()> {
    while connection.wants_write() {
        connection.write_tls(socket)?;
    }
    Ok(())
}

fn no_answer(text: &str) -> ureq::Error {
    tag(FailedPhase::Handshake(TlsFailure::new(
        TlsFault::NoAnswer,
        text,
    )))
}

/// Returns the error of TLS in an error of the connection. Where the connection is broken, the server
/// may have said why before it closed: that is still to be read.
fn pending_alert(
    connection: &mut ClientConnection,
    socket: &mut TransportAdapter,
    error: io::Error,
) -> Result<rustls::Error, io::Error> {
    let inner = error.get_ref();
    if let Some(error) = inner.and_then(|error| error.downcast_ref::<rustls::Error>()) {
        return Ok(error.clone());
    }
    let broken = matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    );
    while broken && matches!(connection.read_tls(socket), Ok(1..)) {
        if let Err(alert) = connection.process_new_packets() {
            return Ok(alert);
        }
    }
    Err(error)
}

/// Returns the time that is left to connect. ureq grants it anew to each step.
fn time_left(details: &ConnectionDetails<'_>) -> NextTimeout {
    use ureq::unversioned::transport::time::Instant;
    let mut timeout = details.timeout;
    let spent = match ((details.current_time)(), details.now) {
        (Instant::Exact(now), Instant::Exact(start)) => now.saturating_duration_since(start),
        _ => return timeout,
    };
    if let Duration::Exact(limit) = timeout.after {
        timeout.after = Duration::Exact(limit.saturating_sub(spent));
    }
    timeout
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.socket.set_timeout(timeout);
        self.receiving = false;
        let output = &self.buffers.output()[..amount];
        send(&mut self.connection, &mut self.socket, output).map_err(|error| self.map_error(error))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.socket.set_timeout(timeout);
        let amount = self.receive().map_err(|error| self.map_error(error))?;
        self.answered |= amount > 0;
        self.receiving |= amount > 0;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.socket.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport")
            .field("over", &self.socket.inner())
            .finish_non_exhaustive()
    }
}
