//! Answers: headers, and a body that is still on the socket.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ureq::http::HeaderMap;
use ureq::{Body, BodyReader};

use super::Error;
use super::error::{Cause, RequestContext};
use crate::model::Index;

/// The headers of a read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meta {
    /// `X-Consul-Index`, at least 1; absent on transactions.
    pub index: Option<Index>,
    /// `X-Consul-Results-Filtered-By-ACLs: true` (servers from 1.11, requests with a token).
    pub filtered: bool,
    /// `X-Consul-LastContact`: how long ago the answering server heard from the leader.
    pub last_contact: Option<Duration>,
}

impl Meta {
    pub(super) fn from_headers(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name| text(name).and_then(|text| text.parse::<u64>().ok());
        Meta {
            // Never wait on 0: that would not block at all.
            index: number("x-consul-index").map(|index| Index(index.max(1))),
            filtered: text("x-consul-results-filtered-by-acls") == Some("true"),
            last_contact: number("x-consul-lastcontact").map(Duration::from_millis),
        }
    }
}

/// The value of a read, and its headers.
#[derive(Debug)]
pub struct Reply<T> {
    /// The headers.
    pub meta: Meta,
    /// The value.
    pub value: T,
}

/// An answer with one of the expected statuses.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) meta: Meta,
    pub(super) context: RequestContext,
    pub(super) body: Body,
    pub(super) meter: Meter,
}

/// Counts the bytes of answers' bodies. Clones share the count.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter(Arc<AtomicU64>);

impl Meter {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body whose bytes are counted while it is read.
pub(super) struct MeteredBody {
    body: BodyReader<'static>,
    meter: Meter,
}

impl Read for MeteredBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(buffer)?;
        self.meter.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Answer {
    /// Returns a reader of the body. The connection is reused only once it is read to its end.
    pub(super) fn reader(self) -> (MeteredBody, RequestContext) {
        let body = MeteredBody {
            body: self.body.into_reader(),
            meter: self.meter,
        };
        (body, self.context)
    }

    /// The index of a read. Consul answers every read with one, also that of a missing key: an
    /// answer without it is not Consul's.
    pub(super) fn index(&self) -> Result<Index, Error> {
        self.meta.index.ok_or_else(|| {
            let text = format!(
                "the server answered {} without an X-Consul-Index",
                self.status
            );
            self.context.error(Cause::NotConsul, text)
        })
    }

    /// Checks that Consul answered the read, and discards the body.
    pub(super) fn discard(self) -> Result<(), Error> {
        self.index()?;
        self.bytes().map(drop)
    }

    /// Returns the whole body, which must be short.
    pub(super) fn bytes(self) -> Result<Vec<u8>, Error> {
        let (mut reader, context) = self.reader();
        let mut bytes = Vec::new();
        match reader.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(context.map_body(&error)),
        }
    }

    /// Parses the body, which must be short, as JSON.
    pub(super) fn json<T: serde::de::DeserializeOwned>(self) -> Result<T, Error> {
        let context = self.context.clone();
        serde_json::from_slice(&self.bytes()?).map_err(|error| context.map_json(error))
    }

    /// Parses the body of a write's answer: `true` or `false`.
    pub(super) fn into_bool(self) -> Result<bool, Error> {
        let context = self.context.clone();
        // Agents in dev mode put a newline behind it.
        match self.bytes()?.trim_ascii() {
            b"true" => Ok(true),
            b"false" => Ok(false),
            _ => Err(context.invalid_answer("neither true nor false")),
        }
    }
}
