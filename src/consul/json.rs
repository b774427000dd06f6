//! Consul's JSON, read one element at a time from the socket: a listing of 100,000 entries takes
//! the memory of one.

use std::fmt;
use std::io::{self, BufRead};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memchr2;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::model::{Entry, Fields};

/// The elements of a JSON array, objects or strings, pulled from a reader one by one. Each is cut
/// out here and parsed from memory: serde_json reads a socket byte by byte, at thrice the cost.
pub struct Elements<R> {
    reader: R,
    at: At,
    element: Vec<u8>,
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

impl<R: BufRead> Elements<R> {
    pub fn new(reader: R) -> Self {
        Elements {
            reader,
            at: At::Start,
            element: Vec::new(),
        }
    }

    /// The next element. After the last one the reader is read to its end, so that its connection
    /// can be used again, and only white space may be left there.
    pub fn next<T, S>(&mut self, seed: S) -> Result<Option<T>, Fault>
    where
        S: for<'de> DeserializeSeed<'de, Value = T>,
    {
        match self.at {
            At::End => return Ok(None),
            At::Start => {
                if self.symbol()? != Some(b'[') {
                    return Err(Fault::Expected("a JSON array"));
                }
                self.reader.consume(1);
                if self.symbol()? == Some(b']') {
                    return self.end();
                }
            }
            At::Inside => match self.symbol()? {
                Some(b',') => self.reader.consume(1),
                Some(b']') => return self.end(),
                Some(_) => return Err(Fault::Expected("a comma or the end of the array")),
                None => return Err(Fault::Cut),
            },
        }
        self.at = At::Inside;
        self.cut_out()?;
        let mut json = serde_json::Deserializer::from_slice(&self.element);
        seed.deserialize(&mut json).map(Some).map_err(Fault::Json)
    }

    /// Moves the next object or string from the reader into `element`.
    fn cut_out(&mut self) -> Result<(), Fault> {
        if !matches!(self.symbol()?, Some(b'{' | b'"') | None) {
            return Err(Fault::Expected("an object or a string"));
        }
        self.element.clear();
        let mut scan = Scan::default();
        loop {
            let buffer = filled(&mut self.reader)?;
            if buffer.is_empty() {
                return Err(Fault::Cut);
            }
            let end = scan.end(buffer);
            let taken = end.unwrap_or(buffer.len());
            self.element.extend_from_slice(&buffer[..taken]);
            self.reader.consume(taken);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    fn end<T>(&mut self) -> Result<Option<T>, Fault> {
        self.reader.consume(1);
        self.at = At::End;
        match self.symbol()? {
            None => Ok(None),
            Some(_) => Err(Fault::Expected("the end of the answer")),
        }
    }

    /// The next byte that is not white space, not consumed; `None` at the end.
    fn symbol(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            let buffer = filled(&mut self.reader)?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
            let found = buffer.iter().position(|byte| !blank(byte));
            let symbol = found.map(|at| buffer[at]);
            let skipped = found.unwrap_or(buffer.len());
            self.reader.consume(skipped);
            if symbol.is_some() {
                return Ok(symbol);
            }
        }
    }
}

/// What the reader has next; empty at its end.
fn filled<R: BufRead>(reader: &mut R) -> Result<&[u8], Fault> {
    loop {
        match reader.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::Io(error)),
        }
    }
    // The buffer is full now, so this reads nothing. (The borrow checker does not let the loop
    // return what its own call gave.)
    reader.fill_buf().map_err(Fault::Io)
}

/// Where an object or a string ends, over as many pieces as it comes in. Whether it is well-formed
/// is for the parser to say.
#[derive(Debug, Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// The place behind its last byte, if that is in this piece.
    fn end(&mut self, piece: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < piece.len() {
            if self.escaped {
                self.escaped = false;
                at += 1;
            } else if self.in_string {
                // Nearly all bytes are here, in values.
                at += memchr2(b'"', b'\\', &piece[at..])? + 1;
                self.escaped = piece[at - 1] == b'\\';
                self.in_string = self.escaped;
            } else {
                match piece[at] {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                at += 1;
            }
            if self.depth == 0 && !self.in_string {
                return Some(at);
            }
        }
        None
    }
}

/// Reads one entry into buffers that the next one uses again.
#[derive(Debug, Default)]
pub struct EntryReader {
    key: String,
    value: Vec<u8>,
    session: String,
}

impl<'de> DeserializeSeed<'de> for &mut EntryReader {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut EntryReader {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut fields = Fields {
            value: Some(&[]),
            ..Fields::default()
        };
        let mut modified = None;
        self.key.clear();
        self.value.clear();
        self.session.clear();
        while let Some(name) = map.next_key()? {
            match name {
                Name::Key => map.next_value_seed(TextSeed(&mut self.key))?,
                Name::Session => map.next_value_seed(TextSeed(&mut self.session))?,
                Name::Value => map.next_value_seed(Base64Seed {
                    key: &self.key,
                    bytes: &mut self.value,
                })?,
                Name::Flags => fields.flags = map.next_value()?,
                Name::CreateIndex => fields.created = map.next_value()?,
                Name::ModifyIndex => modified = Some(map.next_value()?),
                Name::LockIndex => fields.locked = map.next_value()?,
                Name::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if self.key.is_empty() {
            return Err(de::Error::missing_field("Key"));
        }
        fields.modified = modified.ok_or_else(|| de::Error::missing_field("ModifyIndex"))?;
        fields.key = &self.key;
        fields.value = Some(&self.value);
        fields.session = Some(&self.session);
        Ok(Entry::pack(&fields))
    }
}

/// An entry by itself, where there are few of them.
#[derive(Debug)]
pub struct Owned(pub Entry);

impl<'de> Deserialize<'de> for Owned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        EntryReader::default().deserialize(deserializer).map(Owned)
    }
}

/// The fields of an entry that matter; Enterprise has more.
#[derive(Deserialize)]
enum Name {
    Key,
    Value,
    Flags,
    Session,
    CreateIndex,
    ModifyIndex,
    LockIndex,
    #[serde(other)]
    Other,
}

/// Text into a buffer.
struct TextSeed<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for TextSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for TextSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push_str(text);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Base64Seed decoded into a buffer; `null` is the empty value.
struct Base64Seed<'a> {
    key: &'a str,
    bytes: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Base64Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Base64Seed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64 or null")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        STANDARD.decode_vec(text, self.bytes).map_err(|error| {
            E::custom(format_args!(
                "the value of {} is not base64: {error}",
                self.key
            ))
        })
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
