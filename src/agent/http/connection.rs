//! A client's connection: requests in and responses out, limited in size and memory.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use httparse::Status;

use super::head::{MAX_HEADERS, find_head_end, parse_head};
use super::{BodyLength, RequestHead, Response};
use crate::agent::large_requests::{LargeRequests, LargeSlot};

/// The first byte of a client that speaks TLS.
const TLS_HANDSHAKE: u8 = 0x16;

/// The longest request head: a megabyte, and the slack that Go adds.
const MAX_HEAD: usize = (1 << 20) + 4096;

/// The most of an unwanted body that is read to keep a connection.
const MAX_DISCARDED: u64 = 256 * 1024;

/// The number of bytes read at once; the buffer of a blocked connection holds no more.
const CHUNK: usize = 4096;

/// The number of bytes of a body read at once.
const BODY_CHUNK: usize = 64 * 1024;

/// The size from which a head or a body needs a slot.
const LARGE_REQUEST: usize = 64 * 1024;

/// How long a client may send nothing between requests.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// How long a client may send nothing in the middle of a head or a body.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a head may take after its first bytes, and a body, however little is sent at a time.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection that is to be closed is still read from.
const LINGER_TIMEOUT: Duration = Duration::from_secs(2);

/// The reason why a body could not be read.
#[derive(Debug)]
pub enum BodyError {
    TooLarge,
    /// Too many other connections send large requests.
    TooManyLarge,
    /// Nothing came for too long, or the end did not.
    TimedOut,
    /// The chunks are malformed; the connection cannot be used any more.
    Malformed,
    Lost,
}

/// A client's connection, with the bytes that were read and not used yet.
pub struct ClientConnection {
    stream: Arc<TcpStream>,
    buffer: Vec<u8>,
    body: BodyState,
    large_requests: LargeRequests,
    slot: Option<LargeSlot>,
    /// The time when the head or the body that is read began; `None` between requests.
    began_at: Option<Instant>,
    /// The timeout that reads of the socket have.
    read_timeout: Option<Duration>,
}

/// The state of the current request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyState {
    /// The length still to be read.
    Unread(BodyLength),
    /// A read failed in the middle, and where the body ends is unknown.
    Lost,
}

/// Returns how long the next bytes of a head or a body that began at `began_at` may take; `None` when its
/// time is over.
fn time_left(began_at: Instant, now: Instant) -> Option<Duration> {
    let left = REQUEST_TIMEOUT.saturating_sub(now.saturating_duration_since(began_at));
    (!left.is_zero()).then(|| left.min(STALL_TIMEOUT))
}

impl ClientConnection {
    /// Takes over a connected socket.
    pub fn new(stream: TcpStream, large_requests: LargeRequests) -> Self {
        ClientConnection {
            stream: Arc::new(stream),
            buffer: Vec::new(),
            body: BodyState::Unread(BodyLength::Exact(0)),
            large_requests,
            slot: None,
            began_at: None,
            read_timeout: None,
        }
    }

    /// Reads the head of the next request; `None` at the end of the connection.
    ///
    /// # Errors
    /// A response that refuses the request, to be sent before the connection is closed.
    pub fn read_head(&mut self) -> Result<Option<RequestHead>, Response> {
        let mut scanned = 0;
        self.slot = None;
        self.began_at = None;
        self.buffer.shrink_to(CHUNK);
        loop {
            if let Some(end) = find_head_end(&self.buffer, scanned) {
                let head = parse_head(&self.buffer[..end])?;
                self.buffer.drain(..end);
                self.body = BodyState::Unread(head.length);
                return Ok(Some(head));
            }
            // It would wait for a head that never comes. Go looks for the end of a line first, which a
            // message of TLS has by chance.
            if self.buffer.first() == Some(&TLS_HANDSHAKE) {
                return Err(Response::closing(400, "400 Bad Request"));
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(Response::closing(
                    431,
                    "431 Request Header Fields Too Large",
                ));
            }
            if !self.acquire_for(self.buffer.len()) {
                return Err(Response::too_many_large_requests());
            }
            scanned = self.buffer.len().saturating_sub(3);
            if !self.buffer.is_empty() {
                self.began_at.get_or_insert_with(Instant::now);
            }
            match self.fill() {
                Ok(0) | Err(BodyError::Lost) => return Ok(None),
                Ok(_) => {}
                Err(BodyError::TooManyLarge) => return Err(Response::too_many_large_requests()),
                Err(_) if self.buffer.is_empty() => return Ok(None),
                Err(_) => return Err(Response::timed_out()),
            }
        }
    }

    /// Reads the body of a request, of at most `limit` bytes.
    pub fn read_body(&mut self, head: &RequestHead, limit: usize) -> Result<Vec<u8>, BodyError> {
        let BodyState::Unread(length) = std::mem::replace(&mut self.body, BodyState::Lost) else {
            return Err(BodyError::Lost);
        };
        if length == BodyLength::Exact(0) {
            self.body = BodyState::Unread(length);
            return Ok(Vec::new());
        }
        self.began_at = Some(Instant::now());
        if head.expects_continue && self.buffer.is_empty() {
            let sent = (&*self.stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
            sent.map_err(|_| BodyError::Lost)?;
        }
        let body = match length {
            BodyLength::Exact(length) => match usize::try_from(length) {
                Ok(length) if length <= limit => {
                    let mut body = Vec::new();
                    self.read_exact(length, &mut body).map(|()| body)
                }
                _ => Err(BodyError::TooLarge),
            },
            BodyLength::Chunked => self.read_chunked(limit),
        }?;
        self.body = BodyState::Unread(BodyLength::Exact(0));
        Ok(body)
    }

    /// Acquires the slot to hold this number of bytes until the next request; returns whether it
    /// was granted.
    fn acquire_for(&mut self, size: usize) -> bool {
        if size > LARGE_REQUEST && self.slot.is_none() {
            self.slot = self.large_requests.acquire(&self.stream);
        }
        size <= LARGE_REQUEST || self.slot.is_some()
    }

    /// Whether the client has closed its side.
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

    /// Sends the response; returns whether the connection can be kept. Head and body are one write: two
    /// would be slowed down by Nagle's algorithm and delayed acknowledgements.
    pub fn send(&mut self, head: Option<&RequestHead>, response: &Response) -> bool {
        let keep =
            !response.close && head.is_some_and(|head| head.keep_alive) && self.discard_body(head);
        let mut bytes = response.encode_head(head, keep);
        let with_body = head.is_none_or(|head| head.method != "HEAD");
        let body: &[u8] = if with_body { &response.body } else { &[] };
        // The rest of a large body is not copied.
        let (first, rest) = body.split_at(body.len().min(BODY_CHUNK));
        bytes.extend_from_slice(first);
        let mut stream = &*self.stream;
        if stream.write_all(&bytes).is_err() || stream.write_all(rest).is_err() {
            return false;
        }
        if !keep {
            self.linger();
        }
        keep
    }

    /// Discards what was not read of a body, if it is short; returns whether the connection can be
    /// kept.
    fn discard_body(&mut self, head: Option<&RequestHead>) -> bool {
        match self.body {
            BodyState::Unread(BodyLength::Exact(0)) => true,
            BodyState::Unread(BodyLength::Exact(length)) if length > MAX_DISCARDED => false,
            // The client waits for `100 Continue` and does not get it: whether a body follows is
            // unknown.
            BodyState::Unread(_) if head.is_some_and(|head| head.expects_continue) => false,
            BodyState::Unread(_) => head.is_some_and(|head| {
                self.read_body(head, usize::try_from(MAX_DISCARDED).unwrap_or(0))
                    .is_ok()
            }),
            BodyState::Lost => false,
        }
    }

    /// Ends a connection so that the client can read the response: closing it with unread input would
    /// reset it.
    fn linger(&mut self) {
        let until = Instant::now() + LINGER_TIMEOUT;
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
        let _ = self.stream.set_read_timeout(Some(LINGER_TIMEOUT / 4));
        let mut discarded = vec![0; CHUNK];
        while Instant::now() < until {
            if !matches!((&*self.stream).read(&mut discarded), Ok(read) if read > 0) {
                break;
            }
        }
    }

    /// Reads what is there into the buffer.
    fn fill(&mut self) -> Result<usize, BodyError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = self.receive(&mut buffer, CHUNK);
        if !buffer.is_empty() {
            self.buffer = buffer;
        }
        read
    }

    /// Appends what the socket has, of at most `limit` bytes; 0 is the end of the connection. Waits for
    /// it as long as the request may take.
    fn receive(&mut self, bytes: &mut Vec<u8>, limit: usize) -> Result<usize, BodyError> {
        let had = bytes.len();
        bytes.resize(had + limit, 0);
        let read = self.read_some(&mut bytes[had..]);
        bytes.truncate(had + *read.as_ref().unwrap_or(&0));
        // A slot is lost while its holder reads, too.
        if self.slot.as_ref().is_some_and(LargeSlot::is_lost) {
            return Err(BodyError::TooManyLarge);
        }
        read
    }

    fn read_some(&mut self, bytes: &mut [u8]) -> Result<usize, BodyError> {
        loop {
            let timeout = match self.began_at {
                None => IDLE_TIMEOUT,
                Some(began_at) => time_left(began_at, Instant::now()).ok_or(BodyError::TimedOut)?,
            };
            if self.read_timeout != Some(timeout) {
                let set = self.stream.set_read_timeout(Some(timeout));
                set.map_err(|_| BodyError::Lost)?;
                self.read_timeout = Some(timeout);
            }
            match (&*self.stream).read(bytes) {
                Ok(read) => return Ok(read),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                        return Err(BodyError::TimedOut);
                    }
                    _ => return Err(BodyError::Lost),
                },
            }
        }
    }

    /// Appends exactly this number of bytes. Memory and a slot are taken as they arrive: a length alone
    /// costs nothing.
    fn read_exact(&mut self, length: usize, bytes: &mut Vec<u8>) -> Result<(), BodyError> {
        let buffered = length.min(self.buffer.len());
        bytes.extend(self.buffer.drain(..buffered));
        let mut rest = length - buffered;
        while rest > 0 {
            // Of a large body no more is read without a slot than another one may have.
            let next = match LARGE_REQUEST.saturating_sub(bytes.len()) {
                0 => BODY_CHUNK,
                small => small,
            };
            let next = rest.min(next);
            if !self.acquire_for(bytes.len() + next) {
                return Err(BodyError::TooManyLarge);
            }
            match self.receive(bytes, next)? {
                0 => return Err(BodyError::Lost),
                read => rest -= read,
            }
        }
        Ok(())
    }

    /// Reads a line of limited length, without its end.
    fn read_line(&mut self) -> Result<Vec<u8>, BodyError> {
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
            if self.fill()? == 0 {
                return Err(BodyError::Lost);
            }
        }
    }

    fn read_chunked(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        let mut body = Vec::new();
        loop {
            let mut line = self.read_line()?;
            line.extend_from_slice(b"\r\n");
            let Ok(Status::Complete((_, size))) = httparse::parse_chunk_size(&line) else {
                return Err(BodyError::Malformed);
            };
            if size == 0 {
                break;
            }
            let size = usize::try_from(size).map_err(|_| BodyError::TooLarge)?;
            if size > limit - body.len() {
                return Err(BodyError::TooLarge);
            }
            self.read_exact(size, &mut body)?;
            if !self.read_line()?.is_empty() {
                return Err(BodyError::Malformed);
            }
        }
        for _ in 0..MAX_HEADERS {
            if self.read_line()?.is_empty() {
                return Ok(body);
            }
        }
        Err(BodyError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_ends_ten_seconds_after_its_last_byte_and_a_minute_after_its_first() {
        let start = Instant::now();
        let after = |seconds| time_left(start, start + Duration::from_secs(seconds));
        assert_eq!(after(0), Some(Duration::from_secs(10)));
        assert_eq!(after(50), Some(Duration::from_secs(10)));
        assert_eq!(after(57), Some(Duration::from_secs(3)));
        assert_eq!(after(60), None);
        assert_eq!(after(100), None);
    }
}
