//! Consul's JSON, read one element at a time from the socket: a listing of 100,000 entries takes
//! the memory of one.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine};
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::de::SliceRead;

use crate::model::{Entry, Fields};

/// The first size of the buffer: more than one read of a connection gives, so that it goes beside
/// what was left of an element.
const BUFFER: usize = 32 * 1024;

/// A parser that stands at the beginning of an element.
pub type Json<'a> = serde_json::Deserializer<SliceRead<'a>>;

/// The elements of a JSON array, objects or strings, pulled from a reader one by one. Each is parsed
/// where it lies in the buffer: serde_json reads a socket byte by byte, at thrice the cost.
pub struct Elements<R> {
    reader: R,
    at: At,
    buffer: Vec<u8>,
    /// Where in the buffer that begins which was read and not yet parsed.
    start: usize,
    /// Where it ends.
    end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Inside,
    End,
}

/// Why an array could not be read to its end.
#[derive(Debug)]
pub enum Fault {
    /// Reading failed.
    Io(io::Error),
    /// The text ended before the array did.
    Cut,
    /// An element is not what it should be.
    Json(serde_json::Error),
    /// Something else stands where this should.
    Expected(&'static str),
}

impl<R: Read> Elements<R> {
    pub fn new(reader: R) -> Self {
        Elements {
            reader,
            at: At::Start,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
        }
    }

    /// The next element, as `parse` gives it, which is called again with the element from its
    /// beginning when more of it has come. After the last one the reader is read to its end, so that
    /// its connection can be used again, and only white space may be left there.
    pub fn next<T>(
        &mut self,
        parse: impl FnMut(&mut Json<'_>) -> serde_json::Result<T>,
    ) -> Result<Option<T>, Fault> {
        match self.at {
            At::End => return Ok(None),
            At::Start => {
                if self.symbol()? != Some(b'[') {
                    return Err(Fault::Expected("a JSON array"));
                }
                self.start += 1;
                if self.symbol()? == Some(b']') {
                    return self.end();
                }
            }
            At::Inside => match self.symbol()? {
                Some(b',') => self.start += 1,
                Some(b']') => return self.end(),
                Some(_) => return Err(Fault::Expected("a comma or the end of the array")),
                None => return Err(Fault::Cut),
            },
        }
        self.at = At::Inside;
        if !matches!(self.symbol()?, Some(b'{' | b'"') | None) {
            return Err(Fault::Expected("an object or a string"));
        }
        self.element(parse).map(Some)
    }

    fn element<T>(
        &mut self,
        mut parse: impl FnMut(&mut Json<'_>) -> serde_json::Result<T>,
    ) -> Result<T, Fault> {
        loop {
            let mut json = Json::from_slice(&self.buffer[self.start..self.end]);
            match parse(&mut json) {
                Ok(element) => {
                    // Only the stream says how far the parser has come.
                    self.start += json.into_iter::<IgnoredAny>().byte_offset();
                    return Ok(element);
                }
                Err(error) if error.is_eof() => {}
                Err(error) => return Err(Fault::Json(error)),
            }
            // A long element is not parsed again for each piece of it.
            let had = self.end - self.start;
            let enough = if had < BUFFER { had + 1 } else { 2 * had };
            while self.end - self.start < enough {
                if self.fill()? == 0 {
                    if self.end - self.start > had {
                        break;
                    }
                    return Err(Fault::Cut);
                }
            }
        }
    }

    fn end<T>(&mut self) -> Result<Option<T>, Fault> {
        self.start += 1;
        self.at = At::End;
        match self.symbol()? {
            None => Ok(None),
            Some(_) => Err(Fault::Expected("the end of the answer")),
        }
    }

    /// The next byte that is not white space, not consumed; `None` at the end.
    fn symbol(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            for &byte in &self.buffer[self.start..self.end] {
                if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                    return Ok(Some(byte));
                }
                self.start += 1;
            }
            if self.fill()? == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads what comes next, and says how much that is: nothing at the end.
    fn fill(&mut self) -> Result<usize, Fault> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Io(error)),
            }
        }
    }
}

/// An entry as it stands in an answer: its value is base64 that was not looked at.
#[derive(Debug, Default)]
pub struct RawEntry<'a> {
    key: Text<'a>,
    value: Bytes<'a>,
    flags: u64,
    session: Text<'a>,
    created: u64,
    modified: u64,
    locked: u64,
}

/// An entry whose value was checked and is still in base64.
#[derive(Debug, Clone, Copy)]
pub struct Encoded<'a> {
    /// The full name.
    pub key: &'a str,
    /// The caller's 64 bits.
    pub flags: u64,
    /// The value as an encoder would write it.
    pub base64: &'a [u8],
}

impl Encoded<'_> {
    /// How many bytes the value has.
    pub fn value_len(&self) -> u64 {
        let padding = self.base64.iter().rev().take_while(|byte| **byte == b'=');
        (self.base64.len() / 4 * 3 - padding.count()) as u64
    }
}

impl RawEntry<'_> {
    /// The full name.
    pub fn key(&self) -> &str {
        &self.key.0
    }

    /// What of it survives an export, for which the value need not be decoded.
    ///
    /// # Errors
    /// When the value is not base64.
    pub fn encoded<E: de::Error>(&self) -> Result<Encoded<'_>, E> {
        let base64 = &*self.value.0;
        check(base64).map_err(|error| self.not_base64(&error))?;
        Ok(Encoded {
            key: &self.key.0,
            flags: self.flags,
            base64,
        })
    }

    /// All of it, the value decoded.
    ///
    /// # Errors
    /// When the value is not base64.
    pub fn pack<E: de::Error>(&self) -> Result<Entry, E> {
        let value = STANDARD.decode(&self.value.0);
        let value = value.map_err(|error| self.not_base64(&error))?;
        Ok(Entry::pack(&Fields {
            key: &self.key.0,
            value: Some(&value),
            flags: self.flags,
            created: self.created,
            modified: self.modified,
            locked: self.locked,
            session: Some(&self.session.0),
        }))
    }

    fn not_base64<E: de::Error>(&self, error: &DecodeError) -> E {
        let key = self.key();
        E::custom(format_args!("the value of {key} is not base64: {error}"))
    }
}

impl<'de> Deserialize<'de> for RawEntry<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = RawEntry<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawEntry<'de>, A::Error> {
        let mut entry = RawEntry::default();
        let mut modified = None;
        while let Some(name) = map.next_key::<Bytes<'de>>()? {
            match &*name.0 {
                b"Key" => entry.key = map.next_value()?,
                b"Value" => entry.value = map.next_value::<Option<_>>()?.unwrap_or_default(),
                b"Flags" => entry.flags = map.next_value()?,
                b"Session" => entry.session = map.next_value::<Option<_>>()?.unwrap_or_default(),
                b"CreateIndex" => entry.created = map.next_value()?,
                b"ModifyIndex" => modified = Some(map.next_value()?),
                b"LockIndex" => entry.locked = map.next_value()?,
                // Enterprise has more.
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if entry.key.0.is_empty() {
            return Err(de::Error::missing_field("Key"));
        }
        entry.modified = modified.ok_or_else(|| de::Error::missing_field("ModifyIndex"))?;
        Ok(entry)
    }
}

/// Text, borrowed where nothing in it is escaped.
#[derive(Debug, Default, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The same, where whatever reads it finds out by itself that it is no text.
#[derive(Debug, Default, Deserialize)]
struct Bytes<'a>(#[serde(borrow)] Cow<'a, [u8]>);

/// Whether the decoder takes it, without decoding all of it. It takes only what an encoder writes.
fn check(base64: &[u8]) -> Result<(), DecodeError> {
    // Padding stands only in the last four letters, which are left to the decoder.
    let (body, last) = base64.split_at(base64.len().saturating_sub(4));
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() | (byte == b'+') | (byte == b'/');
    let is_taken = base64.len() % 4 == 0
        && body.iter().fold(true, |all, &byte| all & is_letter(byte))
        && STANDARD.decode_slice(last, &mut [0; 3]).is_ok();
    if is_taken {
        return Ok(());
    }
    // Says what is wrong, and where.
    STANDARD.decode(base64).map(drop)
}

/// An entry by itself, where there are few of them.
#[derive(Debug)]
pub struct Owned(pub Entry);

impl<'de> Deserialize<'de> for Owned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawEntry::deserialize(deserializer)?.pack().map(Owned)
    }
}

#[cfg(test)]
mod tests;
