//! HTTP as bytes on a socket, for what no well-behaved client would send and for header names as
//! they are on the wire.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::agent::Agent;
use super::waiting::PATIENCE;
use super::wordings::is_worded;

/// A connection.
pub struct RawHttp {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer, as it came.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// The head without its last empty line.
    pub head: String,
    pub body: Vec<u8>,
}

impl RawHttp {
    /// Connects.
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        RawHttp {
            stream,
            read: Vec::new(),
        }
    }

    /// Sends bytes as they are. A server that has heard enough may have closed.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Sends a request and reads its answer.
    #[track_caller]
    pub fn ask(&mut self, method: &str, path: &str, body: impl AsRef<[u8]>) -> Reply {
        let body = body.as_ref();
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n").into_bytes();
        if method != "GET" || !body.is_empty() {
            request.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body);
        assert!(
            self.send(request),
            "{method} {path}: the connection is closed"
        );
        self.reply()
    }

    /// Reads an answer.
    #[track_caller]
    pub fn reply(&mut self) -> Reply {
        self.try_reply(true)
            .expect("the server closed without an answer")
    }

    /// Reads an answer that has a head only, as one to HEAD.
    #[track_caller]
    pub fn head_only(&mut self) -> Reply {
        self.try_reply(false)
            .expect("the server closed without an answer")
    }

    /// Whether the server has closed its side and nothing is left to be read.
    pub fn is_closed(&mut self) -> bool {
        self.read.is_empty() && matches!(self.stream.read(&mut [0]), Ok(0) | Err(_))
    }

    /// Whether something has come that was not read yet.
    pub fn has_answer(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let arrived = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        !self.read.is_empty() || arrived.is_ok_and(|bytes| bytes > 0)
    }

    /// The socket itself.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    fn try_reply(&mut self, with_body: bool) -> Option<Reply> {
        let end = loop {
            if let Some(at) = find(&self.read, b"\r\n\r\n") {
                break at;
            }
            self.more()?;
        };
        let head = String::from_utf8(self.read[..end].to_vec()).unwrap();
        self.read.drain(..end + 4);
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply {
            status,
            head,
            body: Vec::new(),
        };
        if !with_body || status == 100 {
            return Some(reply);
        }
        let length = reply
            .header("Content-Length")
            .map(|length| length.parse().unwrap());
        reply.body = match length {
            _ if reply.header("Transfer-Encoding").is_some() => self.chunks()?,
            Some(length) => self.exactly(length)?,
            // Refusals before routing end with the connection.
            None => {
                while self.more().is_some() {}
                std::mem::take(&mut self.read)
            }
        };
        Some(reply)
    }

    fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                match find(&self.read, b"\r\n") {
                    Some(at) => break at,
                    None => self.more()?,
                }
            };
            let size = std::str::from_utf8(&self.read[..end]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            self.read.drain(..end + 2);
            body.extend(self.exactly(size)?);
            self.exactly(2)?;
            if size == 0 {
                return Some(body);
            }
        }
    }

    fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.read.len() < length {
            self.more()?;
        }
        Some(self.read.drain(..length).collect())
    }

    fn more(&mut self) -> Option<()> {
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(0) => None,
            Ok(read) => {
                self.read.extend_from_slice(&bytes[..read]);
                Some(())
            }
            // A read with a time limit is not restarted after a signal, even one that is ignored.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Some(()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no answer: {error}"),
        }
    }
}

impl Reply {
    /// A header, by its name exactly as it is on the wire.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// `X-Consul-Index`.
    #[track_caller]
    pub fn index(&self) -> u64 {
        self.header("X-Consul-Index")
            .unwrap_or_else(|| panic!("no index: {self:?}"))
            .parse()
            .unwrap()
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The one entry that was asked for.
    #[track_caller]
    pub fn entry(&self) -> serde_json::Value {
        let mut entries: Vec<serde_json::Value> = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(entries.len(), 1, "{self:?}");
        entries.remove(0)
    }

    /// Fails unless status and body are these; of a newer server, unless it says the same.
    #[track_caller]
    pub fn is(self, status: u16, body: &str) -> Self {
        let said = String::from_utf8_lossy(&self.body);
        if self.status != status || !is_worded(&said, body, Agent::is_newer()) {
            assert_eq!(
                (self.status, said.as_ref()),
                (status, body),
                "{}",
                self.head
            );
        }
        self
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
