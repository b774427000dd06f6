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

/// The first size of the buffer. It holds more than one read of a connection returns, so that a read
/// fits behind the rest of an element.
const BUFFER: usize = 32 * 1024;

/// A parser at the start of an element.
pub type Json<'a> = serde_json::Deserializer<SliceRead<'a>>;

/// The elements of a JSON array, objects or strings, read one by one. Each is parsed in the buffer:
/// serde_json reads a socket byte by byte, at thrice the cost.
pub struct Elements<R> {
    reader: R,
    at: At,
    buffer: Vec<u8>,
    /// The start of the bytes in the buffer that were read and not parsed.
    start: usize,
    /// The end of those bytes.
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

    /// Parses the next element. `parse` is called again, from the start of the element, when more of
    /// it was read. After the last element the reader is read to its end, so that the connection can be
    /// reused; only white space may be left there.
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
                    // Only a stream tells the offset of the parser.
                    self.start += json.into_iter::<IgnoredAny>().byte_offset();
                    return Ok(element);
                }
                Err(error) if error.is_eof() => {}
                Err(error) => return Err(Fault::Json(error)),
            }
            // Doubled, so that a long element is not parsed again for each read.
            let parsed = self.end - self.start;
            let wanted = if parsed < BUFFER {
                parsed + 1
            } else {
                2 * parsed
            };
            while self.end - self.start < wanted {
                if self.fill()? == 0 {
                    if self.end - self.start > parsed {
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
    #[inline]
    fn symbol(&mut self) -> Result<Option<u8>, Fault> {
        // Consul writes no white space between elements.
        match self.buffer[self.start..self.end].first() {
            Some(&byte) if !is_space(byte) => Ok(Some(byte)),
            _ => self.symbol_behind_space(),
        }
    }

    fn symbol_behind_space(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            for &byte in &self.buffer[self.start..self.end] {
                if !is_space(byte) {
                    return Ok(Some(byte));
                }
                self.start += 1;
            }
            if self.fill()? == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads more into the buffer, and returns the number of bytes: 0 at the end.
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

/// Whether JSON takes it for white space.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

/// An entry of an answer, its value still in base64 and not checked.
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

/// The fields of an entry that an export keeps, the value in base64.
#[derive(Debug, Clone, Copy)]
pub struct EncodedEntry<'a> {
    /// The full key.
    pub key: &'a str,
    /// The application-defined 64-bit number.
    pub flags: u64,
    /// The value in valid, padded base64.
    pub base64: &'a [u8],
}

impl EncodedEntry<'_> {
    /// The number of bytes of the value.
    pub fn value_len(&self) -> u64 {
        let padding = self.base64.iter().rev().take_while(|byte| **byte == b'=');
        (self.base64.len() / 4 * 3 - padding.count()) as u64
    }
}

impl RawEntry<'_> {
    /// The full key.
    pub fn key(&self) -> &str {
        &self.key.0
    }

    /// Checks the value without decoding it, and returns the fields that an export keeps.
    ///
    /// # Errors
    /// When the value is not base64.
    pub fn encoded<E: de::Error>(&self) -> Result<EncodedEntry<'_>, E> {
        let base64 = &*self.value.0;
        check_base64(base64).map_err(|error| self.map_error(&error))?;
        Ok(EncodedEntry {
            key: &self.key.0,
            flags: self.flags,
            base64,
        })
    }

    /// Decodes the value into `value`, which can be used again, and packs all fields into an [`Entry`].
    ///
    /// # Errors
    /// When the value is not base64.
    pub fn pack<E: de::Error>(&self, value: &mut Vec<u8>) -> Result<Entry, E> {
        value.clear();
        STANDARD
            .decode_vec(&self.value.0, value)
            .map_err(|error| self.map_error(&error))?;
        Ok(Entry::pack(&Fields {
            key: &self.key.0,
            value: Some(value),
            flags: self.flags,
            created: self.created,
            modified: self.modified,
            locked: self.locked,
            session: Some(&self.session.0),
        }))
    }

    fn map_error<E: de::Error>(&self, error: &DecodeError) -> E {
        let key = self.key();
        E::custom(format_args!("the value of {key} is not base64: {error}"))
    }
}

impl<'de> Deserialize<'de> for RawEntry<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawEntryVisitor)
    }
}

struct RawEntryVisitor;

impl<'de> Visitor<'de> for RawEntryVisitor {
    type Value = RawEntry<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawEntry<'de>, A::Error> {
        let mut entry = RawEntry::default();
        let mut modified = None;
        while let Some(name) = map.next_key()? {
            match name {
                Name::Key => entry.key = map.next_value()?,
                Name::Value => entry.value = map.next_value::<Option<_>>()?.unwrap_or_default(),
                Name::Flags => entry.flags = map.next_value()?,
                Name::Session => entry.session = map.next_value::<Option<_>>()?.unwrap_or_default(),
                Name::CreateIndex => entry.created = map.next_value()?,
                Name::ModifyIndex => modified = Some(map.next_value()?),
                Name::LockIndex => entry.locked = map.next_value()?,
                Name::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if entry.key.0.is_empty() {
            return Err(de::Error::missing_field("Key"));
        }
        entry.modified = modified.ok_or_else(|| de::Error::missing_field("ModifyIndex"))?;
        Ok(entry)
    }
}

/// The name of a member of an entry. Its bytes suffice: their UTF-8 need not be checked.
#[derive(Clone, Copy)]
enum Name {
    Key,
    Value,
    Flags,
    Session,
    CreateIndex,
    ModifyIndex,
    LockIndex,
    /// Enterprise has more.
    Other,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E: de::Error>(self, name: &[u8]) -> Result<Name, E> {
        Ok(match name {
            b"Key" => Name::Key,
            b"Value" => Name::Value,
            b"Flags" => Name::Flags,
            b"Session" => Name::Session,
            b"CreateIndex" => Name::CreateIndex,
            b"ModifyIndex" => Name::ModifyIndex,
            b"LockIndex" => Name::LockIndex,
            _ => Name::Other,
        })
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
        self.visit_bytes(name.as_bytes())
    }
}

/// A JSON string, borrowed unless it has escapes.
#[derive(Debug, Default, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A JSON string of which only ASCII is accepted later, so that its UTF-8 need not be checked.
#[derive(Debug, Default, Deserialize)]
struct Bytes<'a>(#[serde(borrow)] Cow<'a, [u8]>);

/// Which bytes are letters of base64. A table is fast without vector instructions, which a build for
/// size does not use.
static IS_LETTER: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] =
            (byte as u8).is_ascii_alphanumeric() || byte == b'+' as usize || byte == b'/' as usize;
        byte += 1;
    }
    table
};

/// Checks that the decoder accepts all of it, without decoding it. The decoder accepts only what an
/// encoder writes.
fn check_base64(base64: &[u8]) -> Result<(), DecodeError> {
    // Only the last four letters may be padding, which is left to the decoder.
    let (body, last) = base64.split_at(base64.len().saturating_sub(4));
    let is_letter = |byte: u8| IS_LETTER[usize::from(byte)];
    let are_letters = |four: &[u8]| match *four {
        [a, b, c, d] => is_letter(a) & is_letter(b) & is_letter(c) & is_letter(d),
        _ => false,
    };
    let is_accepted = base64.len() % 4 == 0
        && body.chunks_exact(4).all(are_letters)
        && (are_letters(last) || STANDARD.decode_slice(last, &mut [0; 3]).is_ok());
    if is_accepted {
        return Ok(());
    }
    // For the error, with its offset.
    STANDARD.decode(base64).map(drop)
}

/// An entry by itself, where there are few of them.
#[derive(Debug)]
pub struct Owned(pub Entry);

impl<'de> Deserialize<'de> for Owned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawEntry::deserialize(deserializer)?
            .pack(&mut Vec::new())
            .map(Owned)
    }
}

#[cfg(test)]
mod tests;
