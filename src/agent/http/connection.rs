//! A client's connection: bytes in and out, bounded in size and memory.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use httparse::Status;

use super::head::{MOST_HEADERS, head_end, parse_head};
use super::{Length, RequestHead, Response};

/// The longest request head, Go's slack included: a megabyte.
const MOST_HEAD: usize = (1 << 20) + 4096;

/// The most of an unwanted body that is read to keep a connection.
const MOST_DISCARDED: u64 = 256 * 1024;

/// What is read at once; a blocked connection holds no more than this.
const CHUNK: usize = 4096;

/// A head or a body above this needs a permit.
const LARGE: usize = 64 * 1024;

/// How many connections may hold something large at once: with heads of a megabyte and bodies of
/// half of one, thousands of connections would fill the memory.
const SEATS: usize = 128;

/// How long a connection that is to be closed is still listened to.
const LINGER: Duration = Duration::from_secs(2);

/// The permits of a server, counted.
#[derive(Debug, Clone, Default)]
pub struct Permits(Arc<AtomicUsize>);

/// One of them; given back when dropped.
#[derive(Debug)]
struct Permit(Permits);

impl Permits {
    fn take(&self) -> Option<Permit> {
        let permit = Permit(self.clone());
        (self.0.fetch_add(1, Ordering::Relaxed) < SEATS).then_some(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a body could not be had.
#[derive(Debug)]
pub enum BodyError {
    TooLarge,
    /// Too many others are sending something large.
    Crowded,
    /// A chunked body that is none; the connection is of no more use.
    Malformed,
    Lost,
}

/// A client's connection: what was read of it and not used yet.
pub struct ClientConnection {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: Body,
    permits: Permits,
    permit: Option<Permit>,
}

/// How much of the current body is still on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Left(Length),
    /// It was not read to its end and cannot be.
    Spoilt,
}

impl ClientConnection {
    /// Takes over a connected socket.
    pub fn new(stream: TcpStream, permits: Permits) -> Self {
        ClientConnection {
            stream,
            buffer: Vec::new(),
            body: Body::Left(Length::Exactly(0)),
            permits,
            permit: None,
        }
    }

    /// The next request's head; nothing at the end of the connection.
    ///
    /// # Errors
    /// A response that refuses it, to be sent before the connection is closed.
    pub fn head(&mut self) -> Result<Option<RequestHead>, Response> {
        let mut scanned = 0;
        self.permit = None;
        self.buffer.shrink_to(CHUNK);
        loop {
            if let Some(end) = head_end(&self.buffer, scanned) {
                let head = parse_head(&self.buffer[..end])?;
                self.buffer.drain(..end);
                self.body = Body::Left(head.length);
                return Ok(Some(head));
            }
            if self.buffer.len() > MOST_HEAD {
                return Err(Response::refusal(
                    431,
                    "431 Request Header Fields Too Large",
                ));
            }
            if !self.has_room_for(self.buffer.len()) {
                return Err(Response::crowded());
            }
            scanned = self.buffer.len().saturating_sub(3);
            match self.fill() {
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) => {}
            }
        }
    }

    /// The body of a request, at most `most` bytes of it.
    pub fn body(&mut self, head: &RequestHead, most: usize) -> Result<Vec<u8>, BodyError> {
        let Body::Left(length) = std::mem::replace(&mut self.body, Body::Spoilt) else {
            return Err(BodyError::Lost);
        };
        if length == Length::Exactly(0) {
            self.body = Body::Left(length);
            return Ok(Vec::new());
        }
        if head.expects_continue && self.buffer.is_empty() {
            let go_on = self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
            go_on.map_err(|_| BodyError::Lost)?;
        }
        let body = match length {
            Length::Exactly(length) => match usize::try_from(length) {
                Ok(length) if length <= most => {
                    let mut body = Vec::new();
                    self.take(length, &mut body).map(|()| body)
                }
                _ => Err(BodyError::TooLarge),
            },
            Length::Chunked => self.chunks(most),
        }?;
        self.body = Body::Left(Length::Exactly(0));
        Ok(body)
    }

    /// Whether so much may be held, from now until the next request.
    fn has_room_for(&mut self, size: usize) -> bool {
        if size > LARGE && self.permit.is_none() {
            self.permit = self.permits.take();
        }
        size <= LARGE || self.permit.is_some()
    }

    /// Whether the client has closed its side: there is nobody to answer.
    pub fn is_gone(&self) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return true;
        }
        let gone = match self.stream.peek(&mut [0]) {
            Ok(0) => true,
            Ok(_) => false,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        };
        gone || self.stream.set_nonblocking(false).is_err()
    }

    /// Sends the response, head and body in one write: two would meet Nagle and delayed
    /// acknowledgements. Says whether the connection can go on.
    pub fn send(&mut self, head: Option<&RequestHead>, response: &Response) -> bool {
        let keep = !response.close && head.is_some_and(|head| head.keep_alive) && self.rest(head);
        let mut bytes = response.head(head, keep);
        if head.is_none_or(|head| head.method != "HEAD") {
            bytes.extend_from_slice(&response.body);
        }
        if self.stream.write_all(&bytes).is_err() {
            return false;
        }
        if !keep {
            self.linger();
        }
        keep
    }

    /// Passes over what was not read of a body, if that is worth it.
    fn rest(&mut self, head: Option<&RequestHead>) -> bool {
        match self.body {
            Body::Left(Length::Exactly(0)) => true,
            Body::Left(Length::Exactly(length)) if length > MOST_DISCARDED => false,
            // The client waits for a word that it does not get: whether a body follows is open.
            Body::Left(_) if head.is_some_and(|head| head.expects_continue) => false,
            Body::Left(_) => head.is_some_and(|head| {
                self.body(head, usize::try_from(MOST_DISCARDED).unwrap_or(0))
                    .is_ok()
            }),
            Body::Spoilt => false,
        }
    }

    /// Ends a connection so that the client gets to read the response: closing with input unread
    /// would reset it.
    fn linger(&mut self) {
        let until = Instant::now() + LINGER;
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
        let _ = self.stream.set_read_timeout(Some(LINGER / 4));
        let mut waste = vec![0; CHUNK];
        while Instant::now() < until {
            if !matches!(self.stream.read(&mut waste), Ok(read) if read > 0) {
                break;
            }
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let had = self.buffer.len();
        self.buffer.resize(had + CHUNK, 0);
        let read = loop {
            match self.stream.read(&mut self.buffer[had..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(had + *read.as_ref().unwrap_or(&0));
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
        read
    }

    /// Exactly so many bytes, onto the end of what there is. Memory is taken as they come: a length
    /// alone costs nothing.
    fn take(&mut self, length: usize, bytes: &mut Vec<u8>) -> Result<(), BodyError> {
        if !self.has_room_for(bytes.len() + length) {
            return Err(BodyError::Crowded);
        }
        let buffered = length.min(self.buffer.len());
        bytes.extend(self.buffer.drain(..buffered));
        let rest = (length - buffered) as u64;
        let read = (&self.stream).take(rest).read_to_end(bytes);
        match read {
            Ok(read) if read as u64 == rest => Ok(()),
            _ => Err(BodyError::Lost),
        }
    }

    /// A line without its end, which must come soon.
    fn line(&mut self) -> Result<Vec<u8>, BodyError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            if self.buffer.len() > CHUNK {
                return Err(BodyError::Malformed);
            }
            match self.fill() {
                Ok(0) | Err(_) => return Err(BodyError::Lost),
                Ok(_) => {}
            }
        }
    }

    fn chunks(&mut self, most: usize) -> Result<Vec<u8>, BodyError> {
        let mut body = Vec::new();
        loop {
            let mut line = self.line()?;
            line.extend_from_slice(b"\r\n");
            let Ok(Status::Complete((_, size))) = httparse::parse_chunk_size(&line) else {
                return Err(BodyError::Malformed);
            };
            if size == 0 {
                break;
            }
            let size = usize::try_from(size).map_err(|_| BodyError::TooLarge)?;
            if size > most - body.len() {
                return Err(BodyError::TooLarge);
            }
            self.take(size, &mut body)?;
            if !self.line()?.is_empty() {
                return Err(BodyError::Malformed);
            }
        }
        for _ in 0..MOST_HEADERS {
            if self.line()?.is_empty() {
                return Ok(body);
            }
        }
        Err(BodyError::Malformed)
    }
}
