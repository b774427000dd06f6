//! HTTP/1.1 on a socket: one request in, one response out, and nothing that could be read two ways.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use httparse::{EMPTY_HEADER, Header, Status};

/// The longest request head, Go's slack included: a megabyte.
const MOST_HEAD: usize = (1 << 20) + 4096;

/// The most header lines.
const MOST_HEADERS: usize = 64;

/// The most of an unwanted body that is read to keep a connection.
const MOST_DISCARDED: u64 = 256 * 1024;

/// What is read at once; a blocked connection holds no more than this.
const CHUNK: usize = 4096;

/// How a body's length is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    Exactly(u64),
    Chunked,
}

/// The head of a request, as far as an answer can depend on it.
#[derive(Debug)]
pub struct Head {
    pub method: String,
    pub target: String,
    pub namespace: String,
    pub cache_control: String,
    pub length: Length,
    http_1_1: bool,
    keep_alive: bool,
    expects_continue: bool,
}

/// Why a body could not be had.
#[derive(Debug)]
pub enum BodyError {
    TooLarge,
    /// A chunked body that is none; the connection is of no more use.
    Malformed,
    Lost,
}

/// A client's connection: what was read of it and not used yet.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: Body,
}

/// How much of the current body is still on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Left(Length),
    /// It was not read to its end and cannot be.
    Spoilt,
}

impl Connection {
    /// Takes over a connected socket.
    pub fn new(stream: TcpStream) -> Self {
        Connection {
            stream,
            buffer: Vec::new(),
            body: Body::Left(Length::Exactly(0)),
        }
    }

    /// The next request's head; nothing at the end of the connection.
    ///
    /// # Errors
    /// A response that refuses it, to be sent before the connection is closed.
    pub fn head(&mut self) -> Result<Option<Head>, Response> {
        let mut scanned = 0;
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
            scanned = self.buffer.len().saturating_sub(3);
            match self.fill() {
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) => {}
            }
        }
    }

    /// The body of a request, at most `most` bytes of it.
    pub fn body(&mut self, head: &Head, most: usize) -> Result<Vec<u8>, BodyError> {
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
                Ok(length) if length <= most => self.take(length),
                _ => Err(BodyError::TooLarge),
            },
            Length::Chunked => self.chunks(most),
        }?;
        self.body = Body::Left(Length::Exactly(0));
        Ok(body)
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
    pub fn send(&mut self, head: Option<&Head>, response: &Response) -> bool {
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
    fn rest(&mut self, head: Option<&Head>) -> bool {
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
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
        let _ = self
            .stream
            .set_read_timeout(Some(std::time::Duration::from_millis(500)));
        let mut left = 16 * MOST_DISCARDED;
        self.buffer.clear();
        while left > 0 {
            match self.fill() {
                Ok(0) | Err(_) => break,
                Ok(read) => left = left.saturating_sub(read as u64),
            }
            self.buffer.clear();
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

    /// Exactly so many bytes.
    fn take(&mut self, length: usize) -> Result<Vec<u8>, BodyError> {
        let buffered = length.min(self.buffer.len());
        let mut bytes: Vec<u8> = self.buffer.drain(..buffered).collect();
        bytes.resize(length, 0);
        self.stream
            .read_exact(&mut bytes[buffered..])
            .map_err(|_| BodyError::Lost)?;
        Ok(bytes)
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
            body.extend_from_slice(&self.take(size)?);
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

/// Where a head ends, looked for from `from`; a line may end without a carriage return.
fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(newline) = bytes[at..].iter().position(|byte| *byte == b'\n') {
        let next = at + newline + 1;
        match &bytes[next..] {
            [b'\n', ..] => return Some(next + 1),
            [b'\r', b'\n', ..] => return Some(next + 2),
            _ => at = next,
        }
    }
    None
}

fn parse_head(bytes: &[u8]) -> Result<Head, Response> {
    let bad = || Response::refusal(400, "400 Bad Request");
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Response::refusal(
                431,
                "431 Request Header Fields Too Large",
            ));
        }
        _ => return Err(bad()),
    }
    let http_1_1 = request.version == Some(1);
    let headers = &*request.headers;
    let text = |name| header(headers, name).unwrap_or_default();
    let connection = text("connection").to_ascii_lowercase();
    let says = |word| connection.split(',').any(|said| said.trim() == word);
    if http_1_1 && header(headers, "host").is_none() {
        let text = "400 Bad Request: missing required Host header";
        return Err(Response::refusal(400, text));
    }
    Ok(Head {
        method: request.method.ok_or_else(bad)?.to_owned(),
        target: request.path.ok_or_else(bad)?.to_owned(),
        namespace: text("x-consul-namespace"),
        cache_control: text("cache-control"),
        length: length(headers, http_1_1)?,
        http_1_1,
        keep_alive: !says("close") && (http_1_1 || says("keep-alive")),
        expects_continue: http_1_1 && text("expect").eq_ignore_ascii_case("100-continue"),
    })
}

fn header(headers: &[Header<'_>], name: &str) -> Option<String> {
    let header = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name))?;
    Some(String::from_utf8_lossy(header.value).trim().to_owned())
}

/// How long the body is. Two ways to tell it, or one told twice differently, is how requests are
/// smuggled past whoever reads the other one.
fn length(headers: &[Header<'_>], http_1_1: bool) -> Result<Length, Response> {
    let bad = || Response::refusal(400, "400 Bad Request");
    let all = |name: &str| {
        let name = name.to_owned();
        headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(&name))
            .map(|header| header.value.trim_ascii())
    };
    let mut codings = all("transfer-encoding");
    let mut lengths = all("content-length");
    if let Some(coding) = codings.next() {
        if !coding.eq_ignore_ascii_case(b"chunked") || codings.next().is_some() {
            let text = "501 Not Implemented: unsupported transfer encoding";
            return Err(Response::refusal(501, text));
        }
        if lengths.next().is_some() || !http_1_1 {
            return Err(bad());
        }
        return Ok(Length::Chunked);
    }
    let Some(first) = lengths.next() else {
        return Ok(Length::Exactly(0));
    };
    if lengths.any(|other| other != first) || !first.iter().all(u8::is_ascii_digit) {
        return Err(bad());
    }
    let digits = std::str::from_utf8(first).map_err(|_| bad())?;
    digits.parse().map(Length::Exactly).map_err(|_| bad())
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    close: bool,
}

impl Response {
    /// No body; the type is then left out too.
    pub fn empty(status: u16) -> Self {
        Response {
            status,
            content_type: "",
            headers: Vec::new(),
            body: Vec::new(),
            close: false,
        }
    }

    /// Plain text, as Consul words its errors.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Response::bytes(
            status,
            "text/plain; charset=utf-8",
            text.into().into_bytes(),
        )
    }

    /// A body of any type.
    pub fn bytes(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        Response {
            content_type,
            body,
            ..Response::empty(status)
        }
    }

    /// Text, and the end of the connection: nothing after it could be understood.
    pub fn refusal(status: u16, text: impl Into<String>) -> Self {
        Response {
            close: true,
            ..Response::text(status, text)
        }
    }

    /// Adds a header; names are given as they go over the wire.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Marks the answer of a registered endpoint, as Consul's compressing wrapper does.
    pub fn varies(mut self) -> Self {
        self.headers
            .insert(0, ("Vary", "Accept-Encoding".to_owned()));
        self
    }

    /// The body.
    #[cfg(test)]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    fn head(&self, head: Option<&Head>, keep: bool) -> Vec<u8> {
        let version = if head.is_none_or(|head| head.http_1_1) {
            1
        } else {
            0
        };
        let mut text = format!(
            "HTTP/1.{version} {} {}\r\n",
            self.status,
            reason(self.status)
        );
        let mut line = |name: &str, value: &str| {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(value);
            text.push_str("\r\n");
        };
        if !self.content_type.is_empty() {
            line("Content-Type", self.content_type);
        }
        for (name, value) in &self.headers {
            line(name, value);
        }
        line("Date", &date(SystemTime::now()));
        line("Content-Length", &self.body.len().to_string());
        match (keep, version) {
            (false, _) => line("Connection", "close"),
            (true, 0) => line("Connection", "keep-alive"),
            (true, _) => {}
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Request Entity Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        _ => "",
    }
}

/// The time as HTTP writes it: `Sun, 22 Nov 2026 09:43:51 GMT`.
fn date(time: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March have their odd day at the end; 146,097 days are 400 of them.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12;
    let year = era * 400 + year_of_era + u64::from(month < 2);
    let name = |names: &[&'static str], at: u64| names[usize::try_from(at).unwrap_or(0)];
    format!(
        "{}, {day:02} {} {year} {:02}:{:02}:{:02} GMT",
        name(&DAYS, days % 7),
        name(&MONTHS, month),
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn parsed(head: &str) -> Head {
        parse_head(head.as_bytes()).unwrap()
    }

    fn refused(head: &str) -> u16 {
        parse_head(head.as_bytes()).unwrap_err().status
    }

    #[test]
    fn dates_are_written_as_http_does() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_340_631, "Sun, 22 Nov 2026 09:43:51 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] {
            assert_eq!(date(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_head_ends_at_an_empty_line() {
        assert_eq!(
            head_end(b"GET / HTTP/1.1\r\nHost: h\r\n\r\nrest", 0),
            Some(27)
        );
        assert_eq!(head_end(b"GET / HTTP/1.1\n\nrest", 0), Some(16));
        assert_eq!(head_end(b"GET / HTTP/1.1\r\nHost: h\r\n", 0), None);
    }

    #[test]
    fn a_connection_is_kept_as_its_version_has_it() {
        assert!(parsed("GET / HTTP/1.1\r\nHost: h\r\n\r\n").keep_alive);
        assert!(!parsed("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").keep_alive);
        assert!(!parsed("GET / HTTP/1.0\r\n\r\n").keep_alive);
        assert!(parsed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
    }

    #[test]
    fn a_length_is_told_once_and_in_digits() {
        let with = |lines: &str| format!("PUT / HTTP/1.1\r\nHost: h\r\n{lines}\r\n");
        assert_eq!(
            parsed(&with("Content-Length: 5\r\n")).length,
            Length::Exactly(5)
        );
        assert_eq!(
            parsed(&with("Content-Length: 5\r\nContent-Length: 5\r\n")).length,
            Length::Exactly(5)
        );
        assert_eq!(
            parsed(&with("Transfer-Encoding: chunked\r\n")).length,
            Length::Chunked
        );
        for (lines, status) in [
            ("Content-Length: 5\r\nContent-Length: 6\r\n", 400),
            ("Content-Length: +5\r\n", 400),
            ("Content-Length: 5x\r\n", 400),
            ("Content-Length: 99999999999999999999\r\n", 400),
            ("Content-Length:\r\n", 400),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
            ("Transfer-Encoding: gzip, chunked\r\n", 501),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                501,
            ),
        ] {
            assert_eq!(refused(&with(lines)), status, "{lines}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for head in [
            "nonsense\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
        ] {
            assert_eq!(refused(head), 400, "{head}");
        }
        let many = "A: b\r\n".repeat(65);
        assert_eq!(
            refused(&format!("GET / HTTP/1.1\r\nHost: h\r\n{many}\r\n")),
            431
        );
    }
}
