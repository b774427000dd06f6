//! A connection of TCP between two sides that can be cut, and mended again.

use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// Passes connections on to a server until it is cut.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Mutex<ProxyState>>,
}

struct ProxyState {
    /// How many bytes of the server's a connection passes on before it breaks.
    breaks_after: Option<(usize, Break)>,
    /// Whose connections are not passed on: those of these addresses, or all.
    cut: Cut,
    /// Both sides of the connections that were made, and the address of the client.
    open: Vec<(IpAddr, [TcpStream; 2])>,
}

/// How a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    Close,
    /// With an alert of TLS that is not encrypted: that the certificate is unknown.
    Alert,
    /// With bytes that are nothing.
    Garbage,
}

#[derive(Clone, PartialEq, Eq)]
enum Cut {
    From(Vec<IpAddr>),
    All,
}

impl Cut {
    fn holds(&self, from: IpAddr) -> bool {
        match self {
            Cut::From(addresses) => addresses.contains(&from),
            Cut::All => true,
        }
    }
}

impl Proxy {
    /// Starts one at a free port in front of the server at this `host:port`.
    pub fn start(server: &str) -> Proxy {
        Proxy::at("127.0.0.1:0", server)
    }

    /// Starts one at this address.
    pub fn at(listen: &str, server: &str) -> Proxy {
        let listener = TcpListener::bind(listen).unwrap();
        let proxy = Proxy {
            address: listener.local_addr().unwrap(),
            shared: Arc::new(Mutex::new(ProxyState {
                breaks_after: None,
                cut: Cut::From(Vec::new()),
                open: Vec::new(),
            })),
        };
        let (server, shared) = (server.to_owned(), proxy.shared.clone());
        // It lives as long as the suite.
        thread::spawn(move || {
            for client in listener.incoming() {
                let (server, shared) = (server.clone(), shared.clone());
                thread::spawn(move || {
                    // A connection that fails is closed on both sides.
                    let _ = connect(&client.unwrap(), &server, &shared);
                });
            }
        });
        proxy
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Closes all connections, and new ones as soon as they are made.
    pub fn cut(&self) {
        self.set(&Cut::All);
    }

    /// Cuts the connections that come from these addresses, and mends all others.
    pub fn cut_from(&self, addresses: &[IpAddr]) {
        self.set(&Cut::From(addresses.to_vec()));
    }

    /// Passes connections on again.
    pub fn mend(&self) {
        self.cut_from(&[]);
    }

    /// Breaks each new connection after this many bytes of the server's.
    pub fn break_after(&self, bytes: usize, with: Break) {
        lock(&self.shared).breaks_after = Some((bytes, with));
    }

    fn set(&self, cut: &Cut) {
        let mut state = lock(&self.shared);
        state.cut.clone_from(cut);
        state.open.retain(|(from, sides)| {
            if cut.holds(*from) {
                for side in sides {
                    // One that is closed already is what is wanted.
                    let _ = side.shutdown(Shutdown::Both);
                }
            }
            !cut.holds(*from)
        });
    }
}

fn lock(shared: &Mutex<ProxyState>) -> MutexGuard<'_, ProxyState> {
    shared.lock().unwrap()
}

fn connect(client: &TcpStream, server: &str, shared: &Mutex<ProxyState>) -> std::io::Result<()> {
    let from = client.peer_addr()?.ip();
    if lock(shared).cut.holds(from) {
        return client.shutdown(Shutdown::Both);
    }
    let server = TcpStream::connect_timeout(&server.parse().unwrap(), Duration::from_secs(5))?;
    for side in [client, &server] {
        side.set_nodelay(true)?;
    }
    let breaks_after = {
        let mut state = lock(shared);
        if state.cut.holds(from) {
            return client.shutdown(Shutdown::Both);
        }
        let sides = [client.try_clone()?, server.try_clone()?];
        state.open.push((from, sides));
        state.breaks_after.unwrap_or((usize::MAX, Break::Close))
    };
    let (to_server, to_client) = ((client.try_clone()?, server.try_clone()?), (server, client));
    thread::spawn(move || pass(&to_server.0, &to_server.1, (usize::MAX, Break::Close)));
    pass(&to_client.0, to_client.1, breaks_after);
    Ok(())
}

/// Passes on what comes until one side closes, or so many bytes were passed on, and closes both then.
fn pass(mut from: &TcpStream, mut to: &TcpStream, (most, with): (usize, Break)) {
    let mut part = vec![0; 16 * 1024];
    let mut left = most;
    while let Ok(read @ 1..) = from.read(&mut part) {
        let passed = read.min(left);
        left -= passed;
        if to.write_all(&part[..passed]).is_err() {
            break;
        }
        if left == 0 {
            // A client that has gone is what is wanted.
            let _ = match with {
                Break::Close => Ok(()),
                Break::Alert => to.write_all(b"\x15\x03\x03\x00\x02\x02\x2e"),
                Break::Garbage => to.write_all(&[0x5a; 300]),
            };
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
