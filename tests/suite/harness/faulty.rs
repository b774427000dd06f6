//! A scripted HTTP server on std sockets, for everything a real server must not do.
//!
//! ```ignore
//! let server = Faulty::script()
//!     .on("GET /v1/kv/a").answers(500, "No cluster leader")
//!     .on("GET /v1/kv/a").cuts(7, "[{\"Key\":", 5)
//!     .on("GET /v1/kv/a").stalls()
//!     .start();
//! Kvw::at(server.address()).args(["get", "a"]).run();
//! ```
//!
//! A request plays the first step that was not played yet and whose pattern is how the request
//! begins (`METHOD target`), so that several connections can be scripted at once. Dropping the
//! server fails the test when a step was not played or a request fitted none.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// How long the last steps may take to be played once the test is over.
const LAST_STEPS: Duration = Duration::from_secs(5);

/// A server that plays its script.
pub struct Faulty {
    address: String,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<ScriptState>,
    played: Condvar,
}

struct ScriptState {
    steps: Vec<Option<Step>>,
    received: Vec<ReceivedRequest>,
    /// Connections that were made, and that are still open.
    made: usize,
    open: usize,
    wrong: Vec<String>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct ReceivedRequest {
    /// `GET /v1/kv/a?recurse`
    pub line: String,
    /// Its headers, in lower case: `x-consul-token: abc`.
    pub headers: Vec<String>,
    /// What came of its body.
    pub body: Vec<u8>,
}

/// The steps so far.
#[derive(Clone, Default)]
pub struct Script(Vec<Step>);

/// A step whose answer is still to be said.
pub struct On {
    script: Script,
    step: Step,
}

#[derive(Clone)]
struct Step {
    /// How the request begins; `None`: the connection itself.
    pattern: Option<String>,
    having: Vec<String>,
    lacking: Vec<String>,
    after: Duration,
    /// Whether it may be left out.
    optional: bool,
    action: Action,
}

impl Step {
    /// Whether a step that was not played yet has to be.
    fn is_due(slot: &Option<Step>) -> bool {
        slot.as_ref().is_some_and(|step| !step.optional)
    }
}

#[derive(Clone)]
enum Action {
    /// Write these bytes, and close where the answer says so.
    Answer { bytes: Vec<u8>, close: bool },
    /// Close after the request was read.
    Close,
    /// Close while the request is unread, which the client sees as a reset.
    Reset,
    /// Write these bytes, and then one byte after another until the client goes.
    Drip(Vec<u8>),
    /// Hold the connection until the client goes.
    Stall,
}

impl Faulty {
    /// An empty script.
    pub fn script() -> Script {
        Script::default()
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The requests that came so far.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.lock().received.clone()
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.shared.lock().made
    }

    /// How many connections are still open.
    pub fn open(&self) -> usize {
        self.shared.lock().open
    }
}

impl Faulty {
    /// Waits until every step was begun.
    pub fn wait_until_played(&self) {
        let state = self.shared.lock();
        let left = |state: &mut ScriptState| state.steps.iter().any(Step::is_due);
        let (state, late) = self
            .shared
            .played
            .wait_timeout_while(state, LAST_STEPS, left)
            .unwrap();
        let received = &state.received;
        assert!(
            !late.timed_out(),
            "the script is not played out: {received:?}"
        );
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        let state = self.shared.lock();
        let (state, _) = self
            .shared
            .played
            .wait_timeout_while(state, LAST_STEPS, |state| {
                state.steps.iter().any(Step::is_due) && state.wrong.is_empty()
            })
            .unwrap();
        let left: Vec<_> = state
            .steps
            .iter()
            .filter(|slot| Step::is_due(slot))
            .flatten()
            .map(|step| step.pattern.as_deref().unwrap_or("a connection"))
            .collect();
        if left.is_empty() && state.wrong.is_empty() {
            return;
        }
        let mut report = String::new();
        for received in &state.received {
            let _ = writeln!(report, "  {}", received.line);
        }
        panic!(
            "the script was not played out\nnot played: {left:#?}\nwrong: {:#?}\nseen:\n{report}",
            state.wrong
        );
    }
}

impl Script {
    /// The next request that begins so: `GET /v1/kv/a`.
    pub fn on(self, pattern: &str) -> On {
        On {
            script: self,
            step: Step {
                pattern: Some(pattern.to_owned()),
                having: Vec::new(),
                lacking: Vec::new(),
                after: Duration::ZERO,
                optional: false,
                action: Action::Close,
            },
        }
    }

    /// The next connection is closed as soon as it is made, as Consul 1.8 does above its limit.
    pub fn hangs_up(mut self) -> Script {
        self.0.push(Step {
            pattern: None,
            having: Vec::new(),
            lacking: Vec::new(),
            after: Duration::ZERO,
            optional: false,
            action: Action::Close,
        });
        self
    }

    /// Listens on a free port.
    pub fn start(self) -> Faulty {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            state: Mutex::new(ScriptState {
                steps: self.0.into_iter().map(Some).collect(),
                received: Vec::new(),
                made: 0,
                open: 0,
                wrong: Vec::new(),
            }),
            played: Condvar::new(),
        });
        let accepting = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = accepting.clone();
                let stream = stream.unwrap();
                let mut state = shared.lock();
                state.made += 1;
                state.open += 1;
                drop(state);
                thread::spawn(move || {
                    shared.serve(&stream);
                    shared.lock().open -= 1;
                });
            }
        });
        Faulty { address, shared }
    }
}

impl On {
    /// The request must have this header line: `x-consul-token: abc`.
    pub fn having(mut self, header: &str) -> On {
        self.step.having.push(header.to_lowercase());
        self
    }

    /// The request must not have this header.
    pub fn lacking(mut self, header: &str) -> On {
        self.step
            .lacking
            .push(format!("{}:", header.to_lowercase()));
        self
    }

    /// The request may come or not: where a watch that ends may have asked once more.
    pub fn perhaps(mut self) -> On {
        self.step.optional = true;
        self
    }

    /// Acts only after a while.
    pub fn after(mut self, time: Duration) -> On {
        self.step.after = time;
        self
    }

    /// 200 with an index, as Consul answers a read.
    pub fn finds(self, index: u64, json: &str) -> Script {
        let bytes = response(200, &[index_header(index)], json.len(), json.as_bytes());
        self.add(Action::Answer {
            bytes,
            close: false,
        })
    }

    /// 404 with an index: no such key.
    pub fn misses(self, index: u64) -> Script {
        let bytes = response(404, &[index_header(index)], 0, b"");
        self.add(Action::Answer {
            bytes,
            close: false,
        })
    }

    /// Any status and text, without an index.
    pub fn answers(self, status: u16, text: &str) -> Script {
        let bytes = response(status, &[], text.len(), text.as_bytes());
        self.add(Action::Answer {
            bytes,
            close: false,
        })
    }

    /// 200 with an index, the body cut off after `kept` bytes, then closed.
    pub fn cuts(self, index: u64, json: &str, kept: usize) -> Script {
        let body = &json.as_bytes()[..kept];
        let bytes = response(200, &[index_header(index)], json.len(), body);
        self.add(Action::Answer { bytes, close: true })
    }

    /// Exactly these bytes, then closed.
    pub fn writes(self, bytes: impl Into<Vec<u8>>) -> Script {
        self.add(Action::Answer {
            bytes: bytes.into(),
            close: true,
        })
    }

    /// Closes without an answer, the request having been read.
    pub fn closes(self) -> Script {
        self.add(Action::Close)
    }

    /// Resets the connection without an answer.
    pub fn resets(self) -> Script {
        self.add(Action::Reset)
    }

    /// A status, and a body that never ends and comes byte by byte.
    pub fn drips(self, status: u16) -> Script {
        let headers = [index_header(1)];
        self.add(Action::Drip(response(status, &headers, 1_000_000, b"")))
    }

    /// Never answers.
    pub fn stalls(self) -> Script {
        self.add(Action::Stall)
    }

    fn add(mut self, action: Action) -> Script {
        self.step.action = action;
        self.script.0.push(self.step);
        self.script
    }
}

fn index_header(index: u64) -> String {
    format!("X-Consul-Index: {index}\r\nX-Consul-Knownleader: true\r\nX-Consul-Lastcontact: 0")
}

fn response(status: u16, headers: &[String], length: usize, body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\nContent-Length: {length}\r\n");
    for header in headers {
        let _ = write!(head, "{header}\r\n");
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, ScriptState> {
        self.state.lock().unwrap()
    }

    /// The first step that fits and was not played.
    fn take(&self, fits: impl Fn(&Step) -> bool) -> Option<Step> {
        let mut state = self.lock();
        let slot = state
            .steps
            .iter_mut()
            .find(|slot| slot.as_ref().is_some_and(&fits))?;
        let step = slot.take();
        self.played.notify_all();
        step
    }

    /// Plays a connection's requests until one side closes it.
    fn serve(&self, stream: &TcpStream) {
        // Only as the very next step: later ones are for later connections.
        let hangs_up = {
            let mut state = self.lock();
            let next = state.steps.iter_mut().find(|slot| slot.is_some());
            next.is_some_and(|slot| slot.take_if(|step| step.pattern.is_none()).is_some())
        };
        if hangs_up {
            self.played.notify_all();
            return;
        }
        stream.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(request) = self.request(&mut reader, stream) {
            if !request {
                return;
            }
        }
    }

    /// One request and its answer: `None` at the client's end, `false` when the step closes.
    fn request(&self, reader: &mut BufReader<TcpStream>, mut stream: &TcpStream) -> Option<bool> {
        let head = peek_until(stream, |head| head.contains("\r\n\r\n"))?;
        let line = head.split(" HTTP/").next().unwrap_or_default().to_owned();
        let fits = |step: &Step| {
            let pattern = step.pattern.as_deref();
            pattern.is_some_and(|pattern| line.starts_with(pattern))
        };
        let Some(step) = self.take(fits) else {
            let mut state = self.lock();
            state.wrong.push(format!("no step fits {line}"));
            self.played.notify_all();
            return Some(false);
        };
        if matches!(step.action, Action::Reset) {
            // All of it has arrived and none of it is read: closing then is a reset.
            peek_until(stream, |request| {
                let (head, body) = request.split_once("\r\n\r\n").unwrap_or_default();
                let lines: Vec<_> = head.lines().map(str::to_lowercase).collect();
                body.len() >= body_length(&lines)
            });
            self.lock().received.push(ReceivedRequest {
                line,
                headers: Vec::new(),
                body: Vec::new(),
            });
            return Some(false);
        }
        let headers = read_head(reader)?;
        let expects_continue = headers.iter().any(|line| line == "expect: 100-continue");
        let accepts = matches!(&step.action, Action::Answer { bytes, .. } if bytes.starts_with(b"HTTP/1.1 200"));
        let mut body = Vec::new();
        if expects_continue && accepts {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
        }
        if !expects_continue || accepts {
            body = read_body(reader, &headers)?;
        }
        let number = self.note(&step, line, headers, body);
        thread::sleep(step.after);
        match step.action {
            Action::Answer { bytes, close } => {
                stream.write_all(&bytes).ok()?;
                if expects_continue && !accepts {
                    self.note_upload(number, reader);
                    return Some(false);
                }
                Some(!close)
            }
            Action::Drip(bytes) => {
                stream.write_all(&bytes).ok()?;
                while stream.write_all(b" ").is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
                Some(false)
            }
            Action::Stall => {
                let _ = stream.peek(&mut [0]);
                Some(false)
            }
            Action::Close | Action::Reset => Some(false),
        }
    }

    /// Returns the request's number.
    fn note(&self, step: &Step, line: String, headers: Vec<String>, body: Vec<u8>) -> usize {
        let mut state = self.lock();
        for header in &step.having {
            if !headers.contains(header) {
                state
                    .wrong
                    .push(format!("{line} lacks {header}: {headers:#?}"));
            }
        }
        for header in &step.lacking {
            if headers.iter().any(|line| line.starts_with(header)) {
                state
                    .wrong
                    .push(format!("{line} has {header} {headers:#?}"));
            }
        }
        state.received.push(ReceivedRequest {
            line,
            headers,
            body,
        });
        state.received.len() - 1
    }

    /// What is sent of a body that was refused before it was asked for. Meanwhile the next request may
    /// have come in, on a connection of its own.
    fn note_upload(&self, number: usize, reader: &mut BufReader<TcpStream>) {
        let mut body = Vec::new();
        let _ = reader.read_to_end(&mut body);
        self.lock().received[number].body = body;
    }
}

/// The head's lines but the first, in lower case.
fn read_head(reader: &mut impl BufRead) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            lines.remove(0);
            return Some(lines);
        }
        lines.push(line.to_lowercase());
    }
}

fn body_length(headers: &[String]) -> usize {
    headers
        .iter()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap())
}

/// Looks at what has arrived without reading it, until it is enough or nothing more can come:
/// a client may send even a head in pieces.
fn peek_until(stream: &TcpStream, enough: impl Fn(&str) -> bool) -> Option<String> {
    let mut bytes = [0; 16 * 1024];
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let length = stream.peek(&mut bytes).ok().filter(|length| *length > 0)?;
        let arrived = String::from_utf8_lossy(&bytes[..length]);
        if enough(&arrived) || length == bytes.len() || Instant::now() > until {
            return Some(arrived.into_owned());
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn read_body(reader: &mut impl Read, headers: &[String]) -> Option<Vec<u8>> {
    let mut body = vec![0; body_length(headers)];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

/// The read that a watch of `app/` begins with.
pub const READ_APP: &str = "GET /v1/kv/app/?recurse";

/// A server for a watch of `app/`, which shows two keys, has no leader for one request, then hides one of the keys,
/// as with a lost right, and shows it again.
pub fn outage_and_lost_right() -> Script {
    let both = listing(&["app/a", "app/b"]);
    Faulty::script()
        .on(READ_APP)
        .finds(5, &both)
        .on(READ_APP)
        .answers(500, "No cluster leader")
        .on(READ_APP)
        .finds(6, &listing(&["app/a"]))
        .on("PUT /v1/txn")
        .answers(200, r#"{"Results":[],"Errors":null}"#)
        .on(READ_APP)
        .finds(7, &both)
}

/// The body of a listing: these keys, each with the value `v`.
pub fn listing(keys: &[&str]) -> String {
    let entries = keys.iter().map(|key| {
        format!(
            r#"{{"LockIndex":0,"Key":"{key}","Flags":0,"Value":"dg==","CreateIndex":1,"ModifyIndex":1}}"#
        )
    });
    format!("[{}]", entries.collect::<Vec<_>>().join(","))
}
