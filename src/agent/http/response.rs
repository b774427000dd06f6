//! What goes out.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Head;

/// An answer.
#[derive(Debug)]
pub struct Response {
    pub(super) status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) close: bool,
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

    /// Too many large requests at once.
    pub fn crowded() -> Self {
        Response::refusal(503, "too many large requests at once, try again")
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

    pub(super) fn head(&self, head: Option<&Head>, keep: bool) -> Vec<u8> {
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
        // A clock before 1970 has no date that HTTP could write.
        let now = SystemTime::now().max(UNIX_EPOCH);
        line("Date", &httpdate::fmt_http_date(now));
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
        503 => "Service Unavailable",
        _ => "",
    }
}
