//! Documents of entries, read one entry at a time: what `consul kv export` writes, what Consul's API
//! answers, and what kvw itself writes as JSON.

use std::fmt;
use std::io::{BufRead, ErrorKind};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::Invalid;

/// An entry of a document: what survives an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// The full name, as it stands; never empty.
    pub key: String,
    /// The caller's 64 bits; 0 where the document does not say.
    pub flags: u64,
    /// The value; empty where the document does not say.
    pub value: Vec<u8>,
}

/// Reads a document in constant memory: an array of `{"key","flags","value"}`, or such objects one
/// after another. The value is in base64 unless an `encoding` says `utf8`. Member names are taken
/// in any case and unknown ones ignored, as `consul kv import` does.
pub struct DocumentReader<R> {
    reader: R,
    shape: Shape,
    number: usize,
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
            reader,
            shape: Shape::Unknown,
            number: 0,
            ended: false,
        }
    }

    fn step(&mut self) -> Result<Option<Exported>, Invalid> {
        if !self.opens()? {
            return Ok(None);
        }
        self.number += 1;
        let entry =
            Parsed::deserialize(&mut serde_json::Deserializer::from_reader(&mut self.reader))
                .map_err(|error| self.invalid(reason(&error)))?;
        self.checked(entry).map(Some)
    }

    /// Goes to where the next entry begins; false at the end of the document.
    fn opens(&mut self) -> Result<bool, Invalid> {
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
            (Shape::Array, Some(b',')) => self.reader.consume(1),
            (Shape::Array, Some(b']')) => {
                self.reader.consume(1);
                return self.end();
            }
            (Shape::Array, None) => return Err(self.invalid(ENDS)),
            (Shape::Array, Some(_)) => return Err(self.invalid("expected `,` or `]` behind it")),
        }
        Ok(true)
    }

    fn end(&mut self) -> Result<bool, Invalid> {
        match self.peek()? {
            None => Ok(false),
            Some(_) => Err(Invalid::new("", "something follows the end of the array")),
        }
    }

    fn checked(&self, parsed: Parsed) -> Result<Exported, Invalid> {
        if parsed.key.is_empty() {
            return Err(self.invalid("it has no key"));
        }
        let value = match (parsed.encoding.as_deref(), parsed.value) {
            (None | Some("base64"), value) => BASE64_STANDARD
                .decode(value.unwrap_or_default())
                .map_err(|error| self.invalid(format!("the value is not base64: {error}")))?,
            (Some("utf8"), Some(value)) => value.into_bytes(),
            (Some("utf8" | UNKNOWN), None) => return Err(self.invalid("its value is not known")),
            (Some(other), _) => return Err(self.invalid(format!("unknown encoding '{other}'"))),
        };
        Ok(Exported {
            key: parsed.key,
            flags: parsed.flags,
            value,
        })
    }

    fn invalid(&self, what: impl Into<String>) -> Invalid {
        Invalid::new(format!("entry {}", self.number), what)
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Result<Option<u8>, Invalid> {
        loop {
            let bytes = match self.reader.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.invalid(format!("cannot be read: {error}"))),
            };
            if bytes.is_empty() {
                return Ok(None);
            }
            let blank = bytes
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count();
            if let Some(byte) = bytes.get(blank) {
                let byte = *byte;
                self.reader.consume(blank);
                return Ok(Some(byte));
            }
            self.reader.consume(blank);
        }
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

/// Stands for the encoding `null` of an entry whose value kvw did not know.
const UNKNOWN: &str = "null";

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

#[derive(Default)]
struct Parsed {
    key: String,
    flags: u64,
    value: Option<String>,
    encoding: Option<String>,
}

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Parsed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry with `key`, `flags` and `value`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parsed, A::Error> {
        let mut parsed = Parsed::default();
        while let Some(name) = map.next_key::<String>()? {
            match &*name.to_ascii_lowercase() {
                "key" => parsed.key = map.next_value()?,
                "flags" => parsed.flags = map.next_value::<Option<u64>>()?.unwrap_or_default(),
                "value" => parsed.value = map.next_value()?,
                "encoding" => {
                    let encoding: Option<String> = map.next_value()?;
                    parsed.encoding = Some(encoding.unwrap_or_else(|| UNKNOWN.to_owned()));
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> Result<Vec<Exported>, Invalid> {
        DocumentReader::new(document.as_bytes()).collect()
    }

    fn read_error(document: &str) -> String {
        read(document).unwrap_err().to_string()
    }

    fn entry(key: &str, flags: u64, value: &[u8]) -> Exported {
        Exported {
            key: key.to_owned(),
            flags,
            value: value.to_vec(),
        }
    }

    #[test]
    fn what_consul_exports_is_read() {
        let document = "[\n\t{\n\t\t\"key\": \"d/b\",\n\t\t\"flags\": 18446744073709551615,\n\t\t\
                        \"value\": \"eCB5\"\n\t},\n\t{\n\t\t\"key\": \"d/c\",\n\t\t\"flags\": 0,\n\t\t\
                        \"value\": \"\"\n\t}\n]\n";
        assert_eq!(
            read(document).unwrap(),
            [entry("d/b", u64::MAX, b"x y"), entry("d/c", 0, b"")]
        );
    }

    #[test]
    fn an_empty_array_has_no_entries() {
        assert_eq!(read(" [ ] \n").unwrap(), []);
    }

    #[test]
    fn only_the_key_is_needed_and_unknown_members_are_ignored() {
        let document = r#"[{"KEY":"a","namespace":{"x":[1]},"value":null}]"#;
        assert_eq!(read(document).unwrap(), [entry("a", 0, b"")]);
    }

    #[test]
    fn entries_of_kvw_are_read_as_an_array_and_as_lines() {
        let a = r#"{"key":"a","value":"dGV4dA==","encoding":"utf8","flags":7,"modify_index":3}"#;
        let b = r#"{"key":"b","value":"/w==","encoding":"base64","flags":0}"#;
        let expected = [entry("a", 7, b"dGV4dA=="), entry("b", 0, b"\xff")];
        assert_eq!(read(&format!("[\n{a},\n{b}\n]\n")).unwrap(), expected);
        assert_eq!(read(&format!("{a}\n\n{b}\n")).unwrap(), expected);
        assert_eq!(read(&format!("{a}{b}")).unwrap(), expected);
        for (document, words) in [
            (
                format!("{a}\n{{\"key\":"),
                "entry 2: the document ends in the middle",
            ),
            (format!("{a}\n7"), "entry 1: expected an entry behind it"),
            (
                r#"{"key":"a","value":null,"encoding":null}"#.into(),
                "entry 1: its value is not known",
            ),
            (
                r#"{"key":"a","value":"","encoding":"hex"}"#.into(),
                "entry 1: unknown encoding 'hex'",
            ),
        ] {
            assert_eq!(read_error(&document), words);
        }
    }

    #[test]
    fn what_the_api_answers_is_read() {
        let document =
            r#"[{"LockIndex":0,"Key":"a","Flags":7,"Value":null,"CreateIndex":8,"ModifyIndex":8}]"#;
        assert_eq!(read(document).unwrap(), [entry("a", 7, b"")]);
    }

    #[test]
    fn a_bad_entry_is_named_by_its_number() {
        for (document, words) in [
            (r#"[{"key":"a"},{"flags":1}]"#, "entry 2: it has no key"),
            (
                r#"[{"key":"a","value":"?"}]"#,
                "entry 1: the value is not base64",
            ),
            (
                r#"[{"key":"a"} {"key":"b"}]"#,
                "entry 1: expected `,` or `]` behind it",
            ),
            (
                r#"[{"key":"a"},{"key":"#,
                "entry 2: the document ends in the middle",
            ),
            (
                r#"[{"key":"a"}"#,
                "entry 1: the document ends in the middle",
            ),
            (
                r#"[{"key":"a","flags":-1}]"#,
                "entry 1: invalid value: integer `-1`",
            ),
            (r#"[{"key":"a"},]"#, "entry 2: expected value"),
            (
                "[7]",
                "entry 1: invalid type: integer `7`, expected an entry",
            ),
        ] {
            let error = read_error(document);
            assert!(error.starts_with(words), "{document}: {error}");
        }
    }

    #[test]
    fn what_is_no_array_is_no_document() {
        for document in ["7", "x", "\"a\""] {
            assert_eq!(
                read_error(document),
                "not a JSON array of entries",
                "{document}"
            );
        }
        assert_eq!(read_error("  "), "the document is empty");
        assert_eq!(read_error("{}"), "entry 1: it has no key");
        assert_eq!(
            read_error("[] []"),
            "something follows the end of the array"
        );
    }

    #[test]
    fn nothing_comes_after_an_error() {
        let mut entries = DocumentReader::new(&b"[{\"key\":\"a\"},7,{\"key\":\"b\"}]"[..]);
        assert!(entries.next().is_some_and(|entry| entry.is_ok()));
        assert!(entries.next().is_some_and(|entry| entry.is_err()));
        assert!(entries.next().is_none());
    }
}
