//! Responses.

use std::time::{SystemTime, UNIX_EPOCH};

use super::RequestHead;

/// A response.
#[derive(Debug)]
pub struct Response {
    pub(super) status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) close: bool,
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
        line("Date", &date(SystemTime::now()));
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
}
