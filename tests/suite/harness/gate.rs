//! A gate before a server: it passes requests on, and does to the transactions that write what a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use super::agent::try_request;
use super::waiting::PATIENCE;

/// What becomes of a transaction that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It is passed on, and its answer too.
    Open,
    /// The connection is closed, and nothing passed on.
    Refused,
    /// It is passed on, and the connection closed without its answer.
    Unanswered,
    /// It is held for ever, and not passed on.
    HeldBefore,
    /// It is passed on, and its answer held for ever.
    HeldAfter,
}

/// Decides by the number of the transaction, from 1.
type Decide = Box<dyn FnMut(usize) -> Passage + Send>;

/// A running gate.
pub struct Gate {
    address: String,
    reached: Receiver<usize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Gate {
    /// Opens a gate before the server at this address.
    pub fn before(server: &str, decide: impl FnMut(usize) -> Passage + Send + 'static) -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (send, reached) = channel();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let decide: Arc<Mutex<(usize, Decide)>> = Arc::new(Mutex::new((0, Box::new(decide))));
        let (server, seen) = (server.to_owned(), requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (decide, send) = (decide.clone(), send.clone());
                let (server, seen) = (server.clone(), seen.clone());
                thread::spawn(move || {
                    let stream = stream.unwrap();
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(request) = read_request(&mut reader) {
                        seen.lock().unwrap().push(request.line.clone());
                        let passage = match request.writes() {
                            true => {
                                let mut decide = decide.lock().unwrap();
                                decide.0 += 1;
                                let number = decide.0;
                                let passage = (decide.1)(number);
                                let send = send.clone();
                                let reached: Box<dyn Fn()> = Box::new(move || {
                                    let _ = send.send(number);
                                });
                                (passage, reached)
                            }
                            false => (Passage::Open, Box::new(|| ()) as Box<dyn Fn()>),
                        };
                        let (passage, reached) = passage;
                        if serve(&stream, &request, &server, passage, &*reached).is_none() {
                            return;
                        }
                    }
                });
            }
        });
        Gate {
            address,
            reached,
            requests,
        }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the next transaction that writes is passed on or held, and returns its number.
    #[track_caller]
    pub fn next(&self) -> usize {
        self.reached.recv_timeout(PATIENCE).expect("a transaction")
    }

    /// How many transactions were passed on or held since the last call.
    pub fn passed(&self) -> usize {
        self.reached.try_iter().count()
    }

    /// The first lines of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

struct GateRequest {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl GateRequest {
    /// Whether it is a transaction that writes, and not one that tries rights.
    fn writes(&self) -> bool {
        let body = String::from_utf8_lossy(&self.body);
        let writes = ["\"cas\"", "\"set\"", "\"delete-cas\"", "\"delete\""];
        self.line.starts_with("PUT /v1/txn")
            && writes.iter().any(|verb| body.contains(verb))
            && !body.contains("18446744073709551615")
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<GateRequest> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(GateRequest {
        line: line.trim_end().to_owned(),
        headers,
        body,
    })
}

/// Passes a request on; `None` ends the connection.
///
/// Calls `reached` when the transaction is where it is to be held, or passed on.
fn serve(
    mut stream: &TcpStream,
    request: &GateRequest,
    server: &str,
    passage: Passage,
    reached: &dyn Fn(),
) -> Option<()> {
    let hold = || {
        // Until the client goes.
        let _ = stream.peek(&mut [0]);
    };
    match passage {
        Passage::Refused => {
            reached();
            return None;
        }
        Passage::HeldBefore => {
            reached();
            hold();
            return None;
        }
        Passage::Open | Passage::Unanswered | Passage::HeldAfter => {}
    }
    let mut words = request.line.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    let token = request
        .headers
        .iter()
        .filter(|(name, _)| name == "x-consul-token");
    let token: Vec<_> = token.map(|(name, value)| (&**name, &**value)).collect();
    let response = try_request(server, method, path, &token, &request.body).ok()?;
    reached();
    match passage {
        Passage::Unanswered => return None,
        Passage::HeldAfter => {
            hold();
            return None;
        }
        Passage::Open | Passage::Refused | Passage::HeldBefore => {}
    }
    let mut answer = format!("HTTP/1.1 {}\r\n", response.status());
    for (name, value) in response.headers() {
        if name.as_str().starts_with("x-consul") {
            answer.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
    }
    answer.push_str(&format!(
        "Content-Length: {}\r\n\r\n",
        response.body().len()
    ));
    stream.write_all(answer.as_bytes()).ok()?;
    stream.write_all(response.body()).ok()
}
