//! Documents of entries, read one entry at a time: what `consul kv export` writes, what Consul's API
//! answers, and what kvw itself writes as JSON.

mod members;
mod position;

use std::collections::BTreeSet;
use std::io::{BufRead, ErrorKind};

use serde::de::DeserializeSeed;

use self::members::{Members, Parsed, UNKNOWN};
use self::position::{Position, Positioned};
use super::encoding::{decode_base64, describe_foreign, without_byte_order_mark};
use super::{Invalid, abbreviate};

/// An entry of a document: what survives an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// The full name, as it stands; never empty but with [`DocumentReader::with_empty_keys`].
    pub key: String,
    /// The caller's 64 bits; 0 where the document does not say.
    pub flags: u64,
    /// The value; empty where the document does not say.
    pub value: Vec<u8>,
    /// The namespace that it was exported from, where the document names one.
    pub namespace: Option<String>,
    /// The partition that it was exported from, where the document names one.
    pub partition: Option<String>,
}

/// Reads a document in constant memory: an array of `{"key","flags","value"}`, or such objects one
/// after another. The value is in base64 unless an `encoding` says `utf8`. Member names are taken
/// in any case and unknown ones collected, where `consul kv import` ignores them.
pub struct DocumentReader<R> {
    reader: Positioned<R>,
    shape: Shape,
    number: usize,
    /// Where the entry that is read begins.
    start: Position,
    unknown: BTreeSet<String>,
    empty_keys: bool,
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing was read yet.
    Unknown,
    Array,
    Lines,
}

impl<R: BufRead> DocumentReader<R> {
    /// Starts at the beginning of a document.
    pub fn new(reader: R) -> Self {
        DocumentReader {
            reader: Positioned::new(reader),
            shape: Shape::Unknown,
            number: 0,
            start: Position::START,
            unknown: BTreeSet::new(),
            empty_keys: false,
            ended: false,
        }
    }

    /// Takes entries whose key is present and empty: names below a prefix have one for the prefix.
    pub fn with_empty_keys(mut self) -> Self {
        self.empty_keys = true;
        self
    }

    /// Returns the line in which the last entry begins.
    pub fn line(&self) -> u32 {
        self.start.line()
    }

    /// Returns the names of members that mean nothing, of the entries read so far.
    pub fn unknown_members(&self) -> &BTreeSet<String> {
        &self.unknown
    }

    fn step(&mut self) -> Result<Option<Exported>, Invalid> {
        if !self.opens()? {
            return Ok(None);
        }
        self.number += 1;
        self.start = self.reader.position();
        let mut parsed = Parsed::default();
        let members = Members {
            parsed: &mut parsed,
            unknown: &mut self.unknown,
        };
        let mut json = serde_json::Deserializer::from_reader(&mut self.reader);
        if let Err(error) = members.deserialize(&mut json) {
            // An entry of the wrong type is known only behind it.
            let at = match error.is_data() {
                true => self.start,
                false => self.start.after(&error),
            };
            return Err(self.invalid_at(at, &parsed.key, reason(&error)));
        }
        self.checked(parsed).map(Some)
    }

    /// Goes to where the next entry begins; false at the end of the document.
    fn opens(&mut self) -> Result<bool, Invalid> {
        if self.shape == Shape::Unknown {
            self.check_encoding()?;
        }
        match (self.shape, self.peek()?) {
            (Shape::Unknown, Some(b'{')) => self.shape = Shape::Lines,
            (Shape::Unknown, Some(b'[')) => {
                self.shape = Shape::Array;
                self.reader.consume(1);
                // An array may be empty; a comma must be followed by an entry.
                if self.peek()? == Some(b']') {
                    self.reader.consume(1);
                    return self.end();
                }
            }
            (Shape::Unknown, None) => return Err(Invalid::new("", "the document is empty")),
            (Shape::Unknown, Some(_)) => {
                return Err(Invalid::new("", "not a JSON array of entries"));
            }
            (Shape::Lines, None) => return Ok(false),
            (Shape::Lines, Some(b'{')) => {}
            (Shape::Lines, Some(_)) => return Err(self.invalid("expected an entry behind it")),
            (Shape::Array, Some(b',')) => {
                self.reader.consume(1);
                self.peek()?;
            }
            (Shape::Array, Some(b']')) => {
                self.reader.consume(1);
                return self.end();
            }
            (Shape::Array, None) => return Err(self.invalid(ENDS)),
            (Shape::Array, Some(_)) => return Err(self.invalid("expected `,` or `]` behind it")),
        }
        Ok(true)
    }

    /// Skips a byte order mark, and refuses what is not JSON in UTF-8.
    fn check_encoding(&mut self) -> Result<(), Invalid> {
        let start = self.fill()?;
        if let Some(words) = describe_foreign(start) {
            return Err(Invalid::new("", format!("the document is {words}")));
        }
        let mark = start.len() - without_byte_order_mark(start).len();
        self.reader.consume_unseen(mark);
        Ok(())
    }

    fn end(&mut self) -> Result<bool, Invalid> {
        match self.peek()? {
            None => Ok(false),
            Some(_) => {
                let at = self.reader.position();
                Err(Invalid::new(
                    at.to_string(),
                    "something follows the end of the array",
                ))
            }
        }
    }

    fn checked(&self, parsed: Parsed) -> Result<Exported, Invalid> {
        let Parsed {
            key,
            flags,
            value,
            encoding,
            namespace,
            partition,
            fault,
            foreign,
            known,
            has_key,
        } = parsed;
        if let Some(fault) = fault {
            return Err(self.invalid_at(self.start, &key, fault));
        }
        if key.is_empty() && !(self.empty_keys && has_key) {
            let is_first = self.shape == Shape::Lines && self.number == 1;
            if is_first && foreign && !known {
                return Err(Invalid::new("", NAMES_AND_VALUES));
            }
            return Err(self.invalid_at(self.start, "", "it has no key"));
        }
        let value = match (encoding.as_deref(), value) {
            (None | Some("base64"), value) => decode_base64(value.unwrap_or_default().as_bytes()),
            (Some("utf8"), Some(value)) => Ok(value.into_bytes()),
            (Some("utf8" | UNKNOWN), None) => Err("its value is not known".to_owned()),
            (Some(other), _) => Err(format!("unknown encoding '{other}'")),
        };
        let value = value.map_err(|what| self.invalid_at(self.start, &key, what))?;
        Ok(Exported {
            key,
            flags,
            value,
            namespace,
            partition,
        })
    }

    /// The error of what stands here, behind the last entry.
    fn invalid(&self, what: impl Into<String>) -> Invalid {
        self.invalid_at(self.reader.position(), "", what)
    }

    fn invalid_at(&self, at: Position, key: &str, what: impl Into<String>) -> Invalid {
        let mut place = format!("entry {}, {at}", self.number);
        if !key.is_empty() {
            place.push_str(&format!(", key {}", abbreviate(key)));
        }
        Invalid::new(place, what)
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Result<Option<u8>, Invalid> {
        loop {
            let bytes = self.fill()?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let blank = bytes
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count();
            let next = bytes.get(blank).copied();
            self.reader.consume(blank);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// The bytes that are read already, or else the next ones; none at the end.
    fn fill(&mut self) -> Result<&[u8], Invalid> {
        loop {
            match self.reader.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.invalid(format!("cannot be read: {error}"))),
            }
        }
        // Asked again for its lifetime: what is read already is not read again.
        self.reader
            .fill_buf()
            .map_err(|error| Invalid::new("", format!("cannot be read: {error}")))
    }
}

impl<R: BufRead> Iterator for DocumentReader<R> {
    type Item = Result<Exported, Invalid>;

    /// The next entry; nothing after the last one or after an error.
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step().transpose();
        self.ended = !matches!(step, Some(Ok(_)));
        step
    }
}

const ENDS: &str = "the document ends in the middle";

const NAMES_AND_VALUES: &str = "the document is an object of names and values; convert it: \
    jq '[to_entries[] | {key, value: (.value | tostring), encoding: \"utf8\"}]'";

/// serde's words without the position, which counts from the entry and not from the document.
fn reason(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return ENDS.to_owned();
    }
    let text = error.to_string();
    text.rsplit_once(" at line ")
        .map_or(text.as_str(), |(reason, _)| reason)
        .to_owned()
}

#[cfg(test)]
mod tests;
