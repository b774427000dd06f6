//! What comes back: headers and a body that is still on the socket.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ureq::http::HeaderMap;
use ureq::{Body, BodyReader};

use super::Error;
use super::error::{Cause, Context};
use crate::model::Index;

/// What the headers of a read say.
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
    pub(super) fn of(headers: &HeaderMap) -> Self {
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

/// A read's value and what its headers said.
#[derive(Debug)]
pub struct Reply<T> {
    /// The headers.
    pub meta: Meta,
    /// The answer.
    pub value: T,
}

/// An answer whose status was one of the expected ones.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) meta: Meta,
    pub(super) context: Context,
    pub(super) body: Body,
    pub(super) meter: Meter,
}

/// Counts the bytes of answers' bodies. Clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter(Arc<AtomicU64>);

impl Meter {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that is counted while it is read.
pub(super) struct Metered {
    body: BodyReader<'static>,
    meter: Meter,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(buffer)?;
        self.meter.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Answer {
    /// The body, to be read to its end: only then is the connection used again.
    pub(super) fn reader(self) -> (Metered, Context) {
        let body = Metered {
            body: self.body.into_reader(),
            meter: self.meter,
        };
        (body, self.context)
    }

    /// The index of a read. Every one that reached Consul's store has it, also that of a missing
    /// key: an answer without one comes from somebody else.
    pub(super) fn index(&self) -> Result<Index, Error> {
        self.meta.index.ok_or_else(|| {
            let text = format!(
                "the server answered {} without an X-Consul-Index",
                self.status
            );
            self.context.error(Cause::NotConsul, text)
        })
    }

    /// Nothing but that Consul answered a read, whatever it found.
    pub(super) fn proof(self) -> Result<(), Error> {
        self.index()?;
        self.bytes().map(drop)
    }

    /// The whole body, of an answer that is short.
    pub(super) fn bytes(self) -> Result<Vec<u8>, Error> {
        let (mut reader, context) = self.reader();
        let mut bytes = Vec::new();
        match reader.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(context.body(&error)),
        }
    }

    /// The body as JSON of a short answer.
    pub(super) fn json<T: serde::de::DeserializeOwned>(self) -> Result<T, Error> {
        let context = self.context.clone();
        serde_json::from_slice(&self.bytes()?).map_err(|error| context.json(error))
    }

    /// `true` or `false`: what Consul answers to a write.
    pub(super) fn yes(self) -> Result<bool, Error> {
        let context = self.context.clone();
        // Agents in dev mode put a newline behind it.
        match self.bytes()?.trim_ascii() {
            b"true" => Ok(true),
            b"false" => Ok(false),
            _ => Err(context.nonsense("neither true nor false")),
        }
    }
}
