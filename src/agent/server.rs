//! The server: binds, accepts, and starts a thread for each connection.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::answer_limits::AnswerLimits;
use super::http::{ClientConnection, Foreign, RequestHead, Response};
use super::large_requests::LargeRequests;
use super::listener::{ListenAddress, Listener};
use super::request::AgentState;
use super::routes;
use super::semaphore::Semaphore;
use super::state::{KvState, TxnOp, TxnVerb};
use super::store::Store;

/// The most connections at once, each with a thread of its own.
const MAX_CONNECTIONS: usize = 4096;

/// The stack of a thread: enough for any request, and small because a thousand blocked readers need
/// a thousand of them.
const STACK_SIZE: usize = 256 * 1024;

/// The most connections that may hold a large head or body at once: with heads of a megabyte and
/// bodies of half a megabyte, thousands of connections would fill the memory.
const MAX_LARGE_REQUESTS: usize = 128;

/// How long a client may take to accept more of a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(300);

/// The pause when no connection can be accepted: descriptors run out and become free again.
const BACK_OFF: Duration = Duration::from_millis(50);

/// The settings of a server.
#[derive(Debug, Clone, Copy)]
pub struct ServerConfig {
    /// The most bytes of keys, values and all else that is stored.
    pub memory: usize,
}

/// The server of the dev agent, which serves as long as the process lives.
pub struct DevServer {
    listener: Listener,
    agent: Arc<AgentState>,
}

impl DevServer {
    /// Binds to the first address that can be bound; port 0 chooses a free one.
    ///
    /// # Errors
    /// When no address can be bound.
    pub fn bind(address: impl ToSocketAddrs, config: ServerConfig) -> io::Result<Self> {
        Listener::bind_tcp(address).map(|bound| DevServer::new(bound, config))
    }

    /// Binds to the path of a unix socket.
    ///
    /// # Errors
    /// When something else has this path, or another server listens there.
    pub fn bind_unix(path: &Path, config: ServerConfig) -> io::Result<Self> {
        Listener::bind_unix(path).map(|bound| DevServer::new(bound, config))
    }

    fn new((listener, address): (Listener, ListenAddress), config: ServerConfig) -> Self {
        // In microseconds, because no run writes that fast: the next run starts at a higher index.
        let micros = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |since| since.as_micros());
        let state = KvState::new(u64::try_from(micros).unwrap_or(1));
        DevServer {
            listener,
            agent: Arc::new(AgentState {
                store: Store::new(state.with_memory(config.memory)),
                address,
                answers: AnswerLimits::new(config.memory),
            }),
        }
    }

    /// Returns the address that the server listens on.
    pub fn address(&self) -> &ListenAddress {
        &self.agent.address
    }

    /// Stores an entry, as a client would.
    ///
    /// # Errors
    /// The text of the refusal where there is no memory left for it.
    pub fn load(&self, key: impl Into<Vec<u8>>, value: Vec<u8>, flags: u64) -> Result<(), String> {
        let op = TxnOp {
            value,
            flags,
            ..TxnOp::new(TxnVerb::Set, key)
        };
        let stored = self.agent.store.write(|state, now| state.apply(&op, now));
        // A plain write is refused for an empty key too, which no document holds.
        stored.map(drop).map_err(|error| error.to_string())
    }

    /// Starts serving, on threads of its own.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(self) -> io::Result<()> {
        let agent = Arc::clone(&self.agent);
        spawn("time", move || agent.store.run_timers())?;
        spawn("accept", move || self.accept())
    }

    fn accept(&self) {
        let connections = Semaphore::new(MAX_CONNECTIONS);
        let large_requests = LargeRequests::new(MAX_LARGE_REQUESTS);
        loop {
            let Ok(stream) = self.listener.accept() else {
                thread::sleep(BACK_OFF);
                continue;
            };
            let Some(permit) = connections.try_acquire() else {
                refuse(stream);
                continue;
            };
            let (agent, large_requests) = (Arc::clone(&self.agent), large_requests.clone());
            let spawned = spawn("connection", move || {
                let _permit = permit;
                serve(&agent, stream, large_requests);
            });
            if spawned.is_err() {
                thread::sleep(BACK_OFF);
            }
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK_SIZE)
        .spawn(work)
        .map(drop)
}

/// Refuses a connection with the text of newer servers; 1.8.7 closes without an answer.
fn refuse(stream: TcpStream) {
    let text = "Your IP is issuing too many concurrent connections, please rate limit your calls\n";
    let _ = stream.set_write_timeout(Some(BACK_OFF));
    let _ = stream.set_nonblocking(true);
    ClientConnection::new(stream, LargeRequests::new(0)).send(None, &Response::closing(429, text));
}

/// Refuses a request that a website sends by way of a browser on this machine: see `hosts`. Where
/// the server listens for other machines, it has names that nobody knows here.
fn refuse_foreign(agent: &AgentState, head: &RequestHead) -> Option<Response> {
    let foreign = head.foreign.as_ref()?;
    // A website reaches no unix socket, and Consul's own client takes its path for the host.
    let loopback = match &agent.address {
        ListenAddress::Tcp(address) => address.ip().to_canonical().is_loopback(),
        ListenAddress::Unix(_) => false,
    };
    loopback.then(|| {
        let (status, name) = match foreign {
            Foreign::Host(name) => (421, format!("host {name}")),
            Foreign::Origin(name) => (403, format!("pages of {name}")),
        };
        let text = format!(
            "kvw dev listens on a loopback address and answers to localhost, 127.0.0.1 \
             and [::1], not to {name}"
        );
        Response::closing(status, text)
    })
}

fn serve(agent: &AgentState, stream: TcpStream, large_requests: LargeRequests) {
    let no_delay = match &agent.address {
        ListenAddress::Tcp(_) => stream.set_nodelay(true),
        ListenAddress::Unix(_) => Ok(()),
    };
    let ready = no_delay.and_then(|()| stream.set_write_timeout(Some(WRITE_TIMEOUT)));
    if ready.is_err() {
        return;
    }
    let mut connection = ClientConnection::new(stream, large_requests);
    loop {
        match connection.read_head() {
            Ok(None) => return,
            Ok(Some(head)) => {
                let response = match refuse_foreign(agent, &head) {
                    Some(refusal) => refusal,
                    None => match routes::respond(agent, &head, &mut connection) {
                        Some(response) => response,
                        None => return,
                    },
                };
                if !connection.send(Some(&head), &response) {
                    return;
                }
            }
            Err(refusal) => {
                connection.send(None, &refusal);
                return;
            }
        }
    }
}

/// Serves the requests of one connection from an empty store and returns what it answers, for fuzzing.
#[cfg(any(test, fuzzing))]
pub fn answers_to(requests: &[u8]) -> Vec<u8> {
    use std::io::{Read, Write};
    use std::net::Shutdown;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    /// More than any index that a request asks for, so that none blocks.
    const START: u64 = 1 << 63;
    /// The bytes of memory.
    const MEMORY: usize = 1 << 20;

    let agent = AgentState {
        store: Store::new(KvState::new(START).with_memory(MEMORY)),
        address: ListenAddress::Unix("socket".into()),
        answers: AnswerLimits::new(MEMORY),
    };
    let (mut client, served) = UnixStream::pair().expect("there are descriptors to be had");
    // Small enough for the buffer of the socket.
    let _ = client.write_all(&requests[..requests.len().min(1 << 16)]);
    let _ = client.shutdown(Shutdown::Write);
    let mut answers = Vec::new();
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            let served = TcpStream::from(OwnedFd::from(served));
            serve(&agent, served, LargeRequests::new(1));
        });
        let _ = client.read_to_end(&mut answers);
        // The scope alone does not wait for the end of the thread, only for that of its work.
        server
            .join()
            .expect("a panic of the server is one of the target");
    });
    answers
}
