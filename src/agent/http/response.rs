//! Responses.

use std::time::{SystemTime, UNIX_EPOCH};

use super::RequestHead;
use crate::agent::answer_limits::AnswerRoom;

/// A response.
#[derive(Debug)]
pub struct Response {
    pub(super) status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) close: bool,
    /// The room that the body takes until it is sent.
    _room: AnswerRoom,
}

impl Response {
    /// Creates a response without a body and its type.
    pub fn empty(status: u16) -> Self {
        Response {
            status,
            content_type: "",
            headers: Vec::new(),
            body: Vec::new(),
            close: false,
            _room: AnswerRoom::default(),
        }
    }

    /// Creates a response of plain text, as Consul's errors are.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Response::bytes(
            status,
            "text/plain; charset=utf-8",
            text.into().into_bytes(),
        )
    }

    /// Creates a response with a body of any type.
    pub fn bytes(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        Response {
            content_type,
            body,
            ..Response::empty(status)
        }
    }

    /// Creates a response of plain text after which the connection is closed, because what follows on
    /// it could not be understood.
    pub fn closing(status: u16, text: impl Into<String>) -> Self {
        Response {
            close: true,
            ..Response::text(status, text)
        }
    }

    /// Creates the response of an agent that serves too many large requests at once.
    pub fn too_many_large_requests() -> Self {
        Response::closing(503, "too many large requests at once, try again")
    }

    /// Creates the response to a request that did not come to its end in time.
    pub fn timed_out() -> Self {
        Response::closing(408, "408 Request Timeout")
    }

    /// Keeps the room that the body takes until the response is sent.
    pub fn with_room(self, room: AnswerRoom) -> Self {
        Response {
            _room: room,
            ..self
        }
    }

    /// Adds a header; the name is sent as given.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds the `Vary` header that Consul's compression adds on registered endpoints.
    pub fn with_vary(mut self) -> Self {
        self.headers
            .insert(0, ("Vary", "Accept-Encoding".to_owned()));
        self
    }

    /// Returns the body.
    #[cfg(test)]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Encodes status line and headers of the response to a request.
    pub(super) fn encode_head(&self, request: Option<&RequestHead>, keep_alive: bool) -> Vec<u8> {
        let version = if request.is_none_or(|request| request.http_1_1) {
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
        // HTTP cannot write a date before 1970.
        let now = SystemTime::now().max(UNIX_EPOCH);
        line("Date", &httpdate::fmt_http_date(now));
        line("Content-Length", &self.body.len().to_string());
        match (keep_alive, version) {
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
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Request Entity Too Large",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "",
    }
}
