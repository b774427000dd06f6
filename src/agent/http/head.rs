//! The head of a request, with the length of its body.

use httparse::{EMPTY_HEADER, Header, Status};

use super::Response;
use crate::agent::hosts::{is_loopback, is_loopback_origin};

/// The most header lines of a request.
pub(super) const MAX_HEADERS: usize = 64;

/// The length of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    Exact(u64),
    Chunked,
}

/// The parts of a request's head that a response can depend on.
#[derive(Debug)]
pub struct RequestHead {
    pub method: String,
    pub target: String,
    pub namespace: String,
    pub cache_control: String,
    pub length: BodyLength,
    /// What is not of this machine, where the request names such a thing.
    pub foreign: Option<Foreign>,
    pub(super) http_1_1: bool,
    pub(super) keep_alive: bool,
    pub(super) expects_continue: bool,
}

/// A name in a request that is not of this machine, quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreign {
    Host(String),
    Origin(String),
}

/// Finds the end of a head, searching from `from`; a line may end without a carriage return.
pub(super) fn find_head_end(bytes: &[u8], from: usize) -> Option<usize> {
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

pub(super) fn parse_head(bytes: &[u8]) -> Result<RequestHead, Response> {
    let bad = || Response::closing(400, "400 Bad Request");
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Response::closing(
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
    let has_option = |name| connection.split(',').any(|option| option.trim() == name);
    if http_1_1 && header(headers, "host").is_none() {
        let text = "400 Bad Request: missing required Host header";
        return Err(Response::closing(400, text));
    }
    let target = request.path.ok_or_else(bad)?;
    Ok(RequestHead {
        foreign: find_foreign(headers, target)?,
        method: request.method.ok_or_else(bad)?.to_owned(),
        target: target.to_owned(),
        namespace: text("x-consul-namespace"),
        cache_control: text("cache-control"),
        length: parse_length(headers, http_1_1)?,
        http_1_1,
        keep_alive: !has_option("close") && (http_1_1 || has_option("keep-alive")),
        expects_continue: http_1_1 && text("expect").eq_ignore_ascii_case("100-continue"),
    })
}

fn header(headers: &[Header<'_>], name: &str) -> Option<String> {
    let header = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name))?;
    Some(String::from_utf8_lossy(header.value).trim().to_owned())
}

/// Finds a host or an origin that is not of this machine. Two hosts are refused: whose request it is
/// could be read in two ways.
fn find_foreign(headers: &[Header<'_>], target: &str) -> Result<Option<Foreign>, Response> {
    let shown = |value: &[u8]| {
        let value: String = String::from_utf8_lossy(value).chars().take(100).collect();
        format!("{value:?}")
    };
    // The host of a target in absolute form counts before that of the header.
    if let Some(rest) = target.strip_prefix("http://") {
        let host = rest.split(['/', '?']).next().unwrap_or(rest).as_bytes();
        if !is_loopback(host) {
            return Ok(Some(Foreign::Host(shown(host))));
        }
    }
    let mut hosts = 0;
    let mut foreign = None;
    for header in headers {
        let value = header.value.trim_ascii();
        if header.name.eq_ignore_ascii_case("host") {
            hosts += 1;
            if !is_loopback(value) {
                foreign = Some(Foreign::Host(shown(value)));
            }
        } else if header.name.eq_ignore_ascii_case("origin") && !is_loopback_origin(value) {
            foreign = foreign.or_else(|| Some(Foreign::Origin(shown(value))));
        }
    }
    if hosts > 1 {
        return Err(Response::closing(
            400,
            "400 Bad Request: too many Host headers",
        ));
    }
    Ok(foreign)
}

/// Parses the length of the body. Two length headers that differ, or a length beside chunks, are
/// refused: this is how requests are smuggled past a proxy that reads the other one.
fn parse_length(headers: &[Header<'_>], http_1_1: bool) -> Result<BodyLength, Response> {
    let bad = || Response::closing(400, "400 Bad Request");
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
            return Err(Response::closing(501, text));
        }
        if lengths.next().is_some() || !http_1_1 {
            return Err(bad());
        }
        return Ok(BodyLength::Chunked);
    }
    let Some(first) = lengths.next() else {
        return Ok(BodyLength::Exact(0));
    };
    if lengths.any(|other| other != first) || !first.iter().all(u8::is_ascii_digit) {
        return Err(bad());
    }
    let digits = std::str::from_utf8(first).map_err(|_| bad())?;
    digits.parse().map(BodyLength::Exact).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(head: &str) -> RequestHead {
        parse_head(head.as_bytes()).unwrap()
    }

    fn refused_status(head: &str) -> u16 {
        parse_head(head.as_bytes()).unwrap_err().status
    }

    #[test]
    fn a_head_ends_at_an_empty_line() {
        assert_eq!(
            find_head_end(b"GET / HTTP/1.1\r\nHost: h\r\n\r\nrest", 0),
            Some(27)
        );
        assert_eq!(find_head_end(b"GET / HTTP/1.1\n\nrest", 0), Some(16));
        assert_eq!(find_head_end(b"GET / HTTP/1.1\r\nHost: h\r\n", 0), None);
    }

    #[test]
    fn a_connection_is_kept_as_its_version_defines() {
        assert!(parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n").keep_alive);
        assert!(!parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").keep_alive);
        assert!(!parse("GET / HTTP/1.0\r\n\r\n").keep_alive);
        assert!(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
    }

    #[test]
    fn a_length_is_given_once_and_in_digits() {
        let with = |lines: &str| format!("PUT / HTTP/1.1\r\nHost: h\r\n{lines}\r\n");
        assert_eq!(
            parse(&with("Content-Length: 5\r\n")).length,
            BodyLength::Exact(5)
        );
        assert_eq!(
            parse(&with("Content-Length: 5\r\nContent-Length: 5\r\n")).length,
            BodyLength::Exact(5)
        );
        assert_eq!(
            parse(&with("Transfer-Encoding: chunked\r\n")).length,
            BodyLength::Chunked
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
            assert_eq!(refused_status(&with(lines)), status, "{lines}");
        }
    }

    #[test]
    fn a_host_or_an_origin_of_elsewhere_is_found_in_each_place() {
        let foreign = |head: &str| parse(head).foreign;
        for head in [
            "GET / HTTP/1.1\r\nHost: localhost:8500\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: [::1]\r\nOrigin: http://127.0.0.1:3000\r\n\r\n",
            "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
        ] {
            assert_eq!(foreign(head), None, "{head}");
        }
        for (head, found) in [
            (
                "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
                Foreign::Host("\"h\"".to_owned()),
            ),
            (
                "GET / HTTP/1.0\r\nhost: h:1\r\n\r\n",
                Foreign::Host("\"h:1\"".to_owned()),
            ),
            (
                "GET / HTTP/1.1\r\nHost:\r\n\r\n",
                Foreign::Host("\"\"".to_owned()),
            ),
            (
                "GET http://h?x HTTP/1.1\r\nHost: localhost\r\n\r\n",
                Foreign::Host("\"h\"".to_owned()),
            ),
            (
                "GET / HTTP/1.1\r\nHost: localhost\r\nORIGIN: null\r\n\r\n",
                Foreign::Origin("\"null\"".to_owned()),
            ),
            (
                "GET / HTTP/1.1\r\nOrigin: http://localhost\r\nOrigin: http://h\r\nHost: localhost\r\n\r\n",
                Foreign::Origin("\"http://h\"".to_owned()),
            ),
        ] {
            assert_eq!(foreign(head), Some(found), "{head}");
        }
    }

    #[test]
    fn malformed_requests_are_refused() {
        for head in [
            "nonsense\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
        ] {
            assert_eq!(refused_status(head), 400, "{head}");
        }
        let many = "A: b\r\n".repeat(65);
        assert_eq!(
            refused_status(&format!("GET / HTTP/1.1\r\nHost: h\r\n{many}\r\n")),
            431
        );
    }
}
