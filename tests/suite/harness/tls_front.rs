//! TLS in front of a server of plain HTTP: what arrives is passed on, and back.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};

use super::certificates::{Authority, Certificate};

/// A listener that speaks TLS. Its certificate can be changed while it runs.
pub struct TlsFront {
    port: u16,
    shared: Arc<Mutex<FrontState>>,
}

struct FrontState {
    config: Arc<ServerConfig>,
    /// The connections that were made, open or not.
    open: Vec<TcpStream>,
    /// How many handshakes were completed.
    handshakes: usize,
}

/// What a server presents and wants.
pub struct Presents<'a> {
    pub certificate: &'a Certificate,
    /// The authority of the client certificates that it wants.
    pub clients: Option<&'a Authority>,
    pub versions: &'a [&'static SupportedProtocolVersion],
}

impl<'a> Presents<'a> {
    /// Any version of TLS, and no client certificate.
    pub fn new(certificate: &'a Certificate) -> Self {
        Presents {
            certificate,
            clients: None,
            versions: rustls::ALL_VERSIONS,
        }
    }

    /// Wants certificates of this authority, as `verify_incoming` does.
    pub fn wanting(self, clients: &'a Authority) -> Self {
        Presents {
            clients: Some(clients),
            ..self
        }
    }

    /// The settings of a server that presents this.
    pub fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match self.clients {
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
            None => builder.with_no_client_auth(),
        };
        let certificate = self.certificate;
        Arc::new(
            builder
                .with_single_cert(certificate.chain(), certificate.key())
                .unwrap(),
        )
    }
}

impl TlsFront {
    /// Starts one in front of the server at this `host:port`.
    pub fn start(server: &str, presents: &Presents<'_>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Mutex::new(FrontState {
            config: presents.config(),
            open: Vec::new(),
            handshakes: 0,
        }));
        let (server, own) = (server.to_owned(), shared.clone());
        // It lives as long as the suite.
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let config = {
                    let mut shared = own.lock().unwrap();
                    shared.open.push(client.try_clone().unwrap());
                    shared.config.clone()
                };
                let (server, own) = (server.clone(), own.clone());
                thread::spawn(move || {
                    // A connection that fails is closed; the client's side of it is what is tested.
                    let _ = serve(&client, config, &server, &own);
                    let _ = client.shutdown(Shutdown::Both);
                });
            }
        });
        TlsFront { port, shared }
    }

    /// Its address, by number.
    pub fn address(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Its address by this name.
    pub fn address_as(&self, host: &str) -> String {
        format!("https://{host}:{}", self.port)
    }

    /// Presents something else from now on, and cuts the connections that are open.
    pub fn change(&self, presents: &Presents<'_>) {
        let mut shared = self.shared.lock().unwrap();
        shared.config = presents.config();
        for connection in shared.open.drain(..) {
            // One that is closed already is what is wanted.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// How many handshakes were completed so far.
    pub fn handshakes(&self) -> usize {
        self.shared.lock().unwrap().handshakes
    }
}

fn serve(
    mut client: &TcpStream,
    config: Arc<ServerConfig>,
    server: &str,
    shared: &Mutex<FrontState>,
) -> std::io::Result<()> {
    let mut tls = ServerConnection::new(config).map_err(std::io::Error::other)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut client)?;
    }
    shared.lock().unwrap().handshakes += 1;
    let mut server = TcpStream::connect(server)?;
    server.set_nodelay(true)?;
    client.set_nodelay(true)?;
    let mut part = vec![0; 64 * 1024];
    loop {
        // What came with the handshake is there already.
        let pending = tls.process_new_packets().map_err(std::io::Error::other)?;
        if pending.plaintext_bytes_to_read() > 0 {
            let read = tls.reader().read(&mut part)?;
            server.write_all(&part[..read])?;
            continue;
        }
        let (from_client, from_server) = {
            let mut ready = [
                PollFd::new(&client, PollFlags::IN),
                PollFd::new(&server, PollFlags::IN),
            ];
            poll(&mut ready, None)?;
            (
                !ready[0].revents().is_empty(),
                !ready[1].revents().is_empty(),
            )
        };
        if from_client && tls.read_tls(&mut client)? == 0 {
            return Ok(());
        }
        if from_client {
            if let Err(error) = tls.process_new_packets() {
                tls.write_tls(&mut client)?;
                return Err(std::io::Error::other(error));
            }
        }
        if from_server {
            let read = server.read(&mut part)?;
            if read == 0 {
                tls.send_close_notify();
                tls.write_tls(&mut client)?;
                return Ok(());
            }
            let mut rest = &part[..read];
            while !rest.is_empty() {
                let taken = tls.writer().write(rest)?;
                rest = &rest[taken..];
                while tls.wants_write() {
                    tls.write_tls(&mut client)?;
                }
            }
        }
        while tls.wants_write() {
            tls.write_tls(&mut client)?;
        }
    }
}
