//! Requests: method, path, parameters.

use std::fmt::Write as _;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Config, Consistency};
use crate::model::{Index, Prefix, abbreviate};

/// The parameters of a blocking query: the server holds the answer until the index is higher than
/// `since` or `wait` is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The index last seen, at least 1.
    pub since: Index,
    /// The longest time that the server holds the answer; it adds up to a sixteenth.
    pub wait: Duration,
}

impl Block {
    /// The shortest time for which a query must have been held for its end to be a cut, and not a
    /// failure like any other. Queries that are cut so early are no more than a few in a second.
    pub const LEAST_HELD: Duration = Duration::from_millis(500);

    /// Whether the query was to be held, and was, for this long.
    pub(super) fn is_held(&self, held: Duration) -> bool {
        held.min(self.wait) >= Block::LEAST_HELD
    }
}

/// A request.
pub(super) struct Request<'a> {
    pub(super) method: &'static str,
    /// The path after the base, encoded: see [`path_of`].
    pub(super) path: String,
    pub(super) query: QueryString,
    pub(super) body: Option<&'a [u8]>,
    /// The description for errors: `reading key a`.
    pub(super) doing: String,
    /// Whether the request may change something.
    pub(super) write: bool,
    /// A status other than 200 that is no error.
    pub(super) accepts: Option<u16>,
    pub(super) block: Option<Block>,
    /// Whether the answer is of any length: it may take any time, at a least rate.
    pub(super) long: bool,
}

impl<'a> Request<'a> {
    /// A read without parameters.
    pub(super) fn get(path: String, doing: String) -> Self {
        Request {
            method: "GET",
            path,
            query: QueryString::default(),
            body: None,
            doing,
            write: false,
            accepts: None,
            block: None,
            long: false,
        }
    }

    /// A write with a body.
    pub(super) fn put(path: String, doing: String, body: &'a [u8]) -> Self {
        Request {
            method: "PUT",
            body: Some(body),
            write: true,
            ..Request::get(path, doing)
        }
    }
}

impl Request<'_> {
    /// Returns path and query, as in the request line.
    pub(super) fn target(&self, config: &Config, consistency: Consistency) -> String {
        let mut query = QueryString(self.query.0.clone());
        if let Some(block) = self.block {
            query.add("index", &block.since.to_string());
            // 0 would mean the server's default of 5 minutes.
            query.add("wait", &format!("{}ms", block.wait.as_millis().max(1)));
        }
        if !self.write {
            match consistency {
                Consistency::Default => {}
                Consistency::Stale => query.flag("stale"),
                Consistency::Consistent => query.flag("consistent"),
            }
        }
        for (name, value) in [
            ("dc", &config.datacenter),
            ("ns", &config.namespace),
            ("partition", &config.partition),
        ] {
            if let Some(value) = value {
                query.add(name, value);
            }
        }
        format!("{}{}", self.path, query.0)
    }
}

/// A query string that is being built.
#[derive(Debug, Default)]
pub(super) struct QueryString(String);

impl QueryString {
    pub(super) fn flag(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(name);
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.flag(name);
        let value = utf8_percent_encode(value, UNRESERVED);
        // Writing to a String cannot fail.
        let _ = write!(self.0, "={value}");
    }
}

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// Returns the path of a key or a prefix, which must be one that a URL can carry.
pub(super) fn path_of(name: &str) -> String {
    format!("/v1/kv/{}", encoded(name))
}

/// Describes a prefix in a message.
pub(super) fn describe_prefix(prefix: &Prefix) -> String {
    if prefix.is_root() {
        "all keys".to_owned()
    } else {
        format!("prefix {}", abbreviate(prefix.as_str()))
    }
}

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_key_arrives_as_it_is() {
        assert_eq!(encoded("a/b-c_d.e~f"), "a/b-c_d.e~f");
        assert_eq!(
            encoded("q?m#h%2F+ &=;:@ü"),
            "q%3Fm%23h%252F%2B%20%26%3D%3B%3A%40%C3%BC"
        );
    }

    #[test]
    fn parameters_follow_those_of_the_request() {
        let mut request = Request::get("/v1/kv/a".to_owned(), String::new());
        let config = Config {
            datacenter: Some("dc 2".to_owned()),
            namespace: Some("a/b".to_owned()),
            ..Config::default()
        };
        request.query.flag("keys");
        request.query.add("separator", "/");
        request.block = Some(Block {
            since: Index(u64::MAX),
            wait: Duration::ZERO,
        });
        assert_eq!(
            request.target(&config, Consistency::Stale),
            "/v1/kv/a?keys&separator=%2F&index=18446744073709551615&wait=1ms&stale&dc=dc%202&ns=a%2Fb"
        );
        let request = Request::put("/v1/kv/a".to_owned(), String::new(), b"");
        assert_eq!(
            request.target(&Config::default(), Consistency::Consistent),
            "/v1/kv/a"
        );
    }
}
