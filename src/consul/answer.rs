//! Answers: headers, and a body that is still on the socket.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use ureq::http::HeaderMap;
use ureq::{Body, BodyReader};

use super::Error;
use super::config::AnswerBounds;
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
    /// The place of the address that answered, see [`Config::endpoints`](super::Config::endpoints).
    pub place: usize,
}

impl Meta {
    /// Reads the headers of an answer from the address at this place.
    pub(super) fn from_headers(headers: &HeaderMap, place: usize) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name| text(name).and_then(|text| text.parse::<u64>().ok());
        Meta {
            // Never wait on 0: that would not block at all.
            index: number("x-consul-index").map(|index| Index(index.max(1))),
            filtered: text("x-consul-results-filtered-by-acls") == Some("true"),
            last_contact: number("x-consul-lastcontact").map(Duration::from_millis),
            place,
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
    pub(super) body: Decoder,
    pub(super) bounds: AnswerBounds,
    pub(super) meter: Meter,
}

/// A body, decoded where it is in gzip and that was asked for.
pub(super) enum Decoder {
    Identity(BodyReader<'static>),
    Gzip(Box<MultiGzDecoder<BodyReader<'static>>>),
}

impl Decoder {
    /// The body of an answer; the name of its encoding where that was not asked for.
    pub(super) fn new(headers: &HeaderMap, body: Body, asked: bool) -> Result<Self, String> {
        let encoding = headers
            .get("content-encoding")
            .map(ureq::http::HeaderValue::as_bytes);
        let is_empty = body.content_length() == Some(0);
        let reader = body.into_reader();
        match encoding.unwrap_or_default() {
            // 1.8.7 compresses an empty value to nothing and calls it gzip.
            _ if is_empty => Ok(Decoder::Identity(reader)),
            b"" | b"identity" => Ok(Decoder::Identity(reader)),
            b"gzip" | b"x-gzip" if asked => {
                Ok(Decoder::Gzip(Box::new(MultiGzDecoder::new(reader))))
            }
            other => Err(String::from_utf8_lossy(other).into_owned()),
        }
    }
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Decoder::Identity(reader) => reader.read(buffer),
            Decoder::Gzip(reader) => reader.read(buffer),
        }
    }
}

/// Counts the bytes of answers' bodies. Clones share the count.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter(Arc<AtomicU64>);

impl Meter {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body whose bytes are counted while it is read, and that must come at a least rate.
pub(super) struct MeteredBody {
    body: Decoder,
    meter: Meter,
    rate: LeastRate,
}

impl Read for MeteredBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let asked = Instant::now();
        let read = self.body.read(buffer)?;
        self.meter.0.fetch_add(read as u64, Ordering::Relaxed);
        if read > 0 && self.rate.is_too_low(read, asked.elapsed()) {
            let error = ureq::Error::Timeout(ureq::Timeout::RecvBody);
            return Err(io::Error::other(error));
        }
        Ok(read)
    }
}

/// The least rate of an answer, in bytes in the time that is waited for them: one that drips holds a
/// command for ever, and blinds a watch. What the reader does in between does not count.
#[derive(Debug)]
struct LeastRate {
    /// In bytes a second.
    least: usize,
    bytes: usize,
    waited: Duration,
}

impl LeastRate {
    const SECONDS: u32 = 30;

    fn new(least: usize) -> Self {
        LeastRate {
            least,
            bytes: 0,
            waited: Duration::ZERO,
        }
    }

    /// Takes note of bytes that were waited for so long.
    fn is_too_low(&mut self, bytes: usize, waited: Duration) -> bool {
        self.bytes += bytes;
        self.waited += waited;
        if self.waited.as_secs() < u64::from(Self::SECONDS) {
            return false;
        }
        let last = std::mem::replace(self, LeastRate::new(self.least));
        last.bytes / (Self::SECONDS as usize) < last.least
    }
}

/// The longest answer of `true`, `false`, nothing or a few names. An agent's description of itself has
/// some 10 kB.
const SHORT: u64 = 64 * 1024;

impl Answer {
    /// Returns a reader of the body. The connection is reused only once it is read to its end.
    pub(super) fn reader(self) -> (MeteredBody, RequestContext) {
        let body = MeteredBody {
            body: self.body,
            meter: self.meter,
            rate: LeastRate::new(self.bounds.least_rate),
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
        self.bytes(SHORT).map(drop)
    }

    /// Returns the whole body, of at most so many bytes.
    pub(super) fn bytes(self, longest: u64) -> Result<Vec<u8>, Error> {
        let (reader, context) = self.reader();
        let mut bytes = Vec::new();
        match reader.take(longest + 1).read_to_end(&mut bytes) {
            Ok(read) if read as u64 > longest => {
                Err(context.too_long(&format!("longer than {longest} bytes")))
            }
            Ok(_) => Ok(bytes),
            Err(error) => Err(context.map_body(&error)),
        }
    }

    /// Returns the body, which must be short, as text.
    pub(super) fn short_text(self) -> Result<String, Error> {
        let bytes = self.bytes(SHORT)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Parses the body, which may have results of any number, as JSON.
    pub(super) fn json<T: serde::de::DeserializeOwned>(self) -> Result<T, Error> {
        let longest = self.bounds.longest_whole();
        self.json_up_to(longest)
    }

    /// Parses the body, which must be short, as JSON.
    pub(super) fn short_json<T: serde::de::DeserializeOwned>(self) -> Result<T, Error> {
        self.json_up_to(SHORT)
    }

    fn json_up_to<T: serde::de::DeserializeOwned>(self, longest: u64) -> Result<T, Error> {
        let context = self.context.clone();
        serde_json::from_slice(&self.bytes(longest)?).map_err(|error| context.map_json(error))
    }

    /// Parses the body of a write's answer: `true` or `false`.
    pub(super) fn into_bool(self) -> Result<bool, Error> {
        let context = self.context.clone();
        // Agents in dev mode put a newline behind it.
        match self.bytes(SHORT)?.trim_ascii() {
            b"true" => Ok(true),
            b"false" => Ok(false),
            _ => Err(context.invalid_answer("neither true nor false")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_drips_is_too_slow_and_one_that_waits_for_its_reader_is_not() {
        let (second, mut rate) = (Duration::from_secs(1), LeastRate::new(1024));
        let too_low = (0..100).position(|_| rate.is_too_low(1000, second));
        assert_eq!(too_low, Some(29));
        let mut rate = LeastRate::new(1024);
        assert!((0..100).all(|_| !rate.is_too_low(1100, second)));
        // A megabyte at once, and then nothing for long.
        let mut rate = LeastRate::new(1024);
        assert!(!rate.is_too_low(1 << 20, Duration::ZERO));
        assert!((0..59).all(|_| !rate.is_too_low(1, second)));
        assert!(rate.is_too_low(1, second));
    }
}
