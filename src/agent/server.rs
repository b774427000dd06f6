//! Bind, accept, a thread for each connection.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::http::{ClientConnection, Permits, Response};
use super::request::AgentState;
use super::routes;
use super::state::{KvState, TxnOp, TxnVerb};
use super::store::Store;

/// The most connections at once, each of them a thread.
const MOST_CONNECTIONS: usize = 4096;

/// Enough for the deepest answer; a thousand blocked readers are a thousand of these.
const STACK: usize = 256 * 1024;

/// How long a client may say nothing between requests or in the middle of one, and how long it may
/// take to accept more of an answer.
const IDLE: Duration = Duration::from_secs(300);

/// How long to wait when no connection can be accepted: descriptors run out and come back.
const BACK_OFF: Duration = Duration::from_millis(50);

/// The dev agent: its store and its listening socket. Serves as long as the process lives.
pub struct DevServer {
    listener: TcpListener,
    agent: Arc<AgentState>,
}

impl DevServer {
    /// Binds to the first address that can be bound; port 0 takes a free one.
    ///
    /// # Errors
    /// When none can be.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        // Microseconds: no run writes faster than time passes, so the next run starts above it.
        let micros = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |since| since.as_micros());
        let store = Store::new(KvState::new(u64::try_from(micros).unwrap_or(1)));
        Ok(DevServer {
            listener,
            agent: Arc::new(AgentState { store, address }),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.agent.address
    }

    /// Puts an entry in, as a client would.
    pub fn load(&self, key: impl Into<Vec<u8>>, value: Vec<u8>, flags: u64) {
        let op = TxnOp {
            value,
            flags,
            ..TxnOp::new(TxnVerb::Set, key)
        };
        // A plain write is refused for an empty key only, which documents do not hold.
        let _ = self.agent.store.write(|state, now| state.apply(&op, now));
    }

    /// Serves from threads of its own.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(self) -> io::Result<()> {
        let agent = Arc::clone(&self.agent);
        small("time", move || agent.store.keep_time())?;
        small("accept", move || self.accept())
    }

    fn accept(&self) {
        let open = Arc::new(AtomicUsize::new(0));
        let permits = Permits::default();
        loop {
            let Ok((stream, _)) = self.listener.accept() else {
                thread::sleep(BACK_OFF);
                continue;
            };
            let place = ConnectionSlot::take(&open);
            if open.load(Ordering::Relaxed) > MOST_CONNECTIONS {
                refuse(stream);
                continue;
            }
            let (agent, permits) = (Arc::clone(&self.agent), permits.clone());
            let served = small("connection", move || {
                let _place = place;
                serve(&agent, stream, permits);
            });
            if served.is_err() {
                thread::sleep(BACK_OFF);
            }
        }
    }
}

/// One of the connections that are open.
struct ConnectionSlot(Arc<AtomicUsize>);

impl ConnectionSlot {
    fn take(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        ConnectionSlot(Arc::clone(open))
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn small(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn(work)
        .map(drop)
}

/// Newer servers say this; 1.8.7 closes without a word.
fn refuse(stream: TcpStream) {
    let text = "Your IP is issuing too many concurrent connections, please rate limit your calls\n";
    let _ = stream.set_write_timeout(Some(BACK_OFF));
    let _ = stream.set_nonblocking(true);
    ClientConnection::new(stream, Permits::default()).send(None, &Response::refusal(429, text));
}

fn serve(agent: &AgentState, stream: TcpStream, permits: Permits) {
    let ready = stream
        .set_nodelay(true)
        .and_then(|()| stream.set_read_timeout(Some(IDLE)))
        .and_then(|()| stream.set_write_timeout(Some(IDLE)));
    if ready.is_err() {
        return;
    }
    let mut connection = ClientConnection::new(stream, permits);
    loop {
        match connection.head() {
            Ok(None) => return,
            Ok(Some(head)) => {
                let Some(response) = routes::answer(agent, &head, &mut connection) else {
                    return;
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
