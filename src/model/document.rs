//! The documents that `consul kv export` writes, read one entry at a time.

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

/// Reads a document in constant memory: an array of `{"key","flags","value"}` with the value in
/// base64. Member names are taken in any case and unknown ones ignored, as `consul kv import` does.
pub struct Entries<R> {
    reader: R,
    number: usize,
    ended: bool,
}

impl<R: BufRead> Entries<R> {
    /// Starts at the beginning of a document.
    pub fn new(reader: R) -> Self {
        Entries {
            reader,
            number: 0,
            ended: false,
        }
    }

    fn step(&mut self) -> Result<Option<Exported>, Invalid> {
        let byte = self.next_byte()?;
        let opens = match (self.number, byte) {
            (0, Some(b'[')) => true,
            (0, _) => return Err(Invalid::new("", "not a JSON array of entries")),
            (_, Some(b',')) => true,
            (_, Some(b']')) => false,
            (_, None) => return Err(self.invalid("the document ends in the middle")),
            (_, Some(_)) => return Err(self.invalid("expected `,` or `]` behind it")),
        };
        if !opens {
            return self.end();
        }
        // An array may be empty; a comma must be followed by an entry.
        if self.number == 0 && self.peek()? == Some(b']') {
            self.reader.consume(1);
            return self.end();
        }
        self.number += 1;
        let entry =
            Parsed::deserialize(&mut serde_json::Deserializer::from_reader(&mut self.reader))
                .map_err(|error| self.invalid(reason(&error)))?;
        self.checked(entry).map(Some)
    }

    fn end(&mut self) -> Result<Option<Exported>, Invalid> {
        match self.peek()? {
            None => Ok(None),
            Some(_) => Err(Invalid::new("", "something follows the end of the array")),
        }
    }

    fn checked(&self, parsed: Parsed) -> Result<Exported, Invalid> {
        if parsed.key.is_empty() {
            return Err(self.invalid("it has no key"));
        }
        let value = BASE64_STANDARD
            .decode(&parsed.value)
            .map_err(|error| self.invalid(format!("the value is not base64: {error}")))?;
        Ok(Exported {
            key: parsed.key,
            flags: parsed.flags,
            value,
        })
    }

    fn invalid(&self, what: impl Into<String>) -> Invalid {
        Invalid::new(format!("entry {}", self.number), what)
    }

    fn next_byte(&mut self) -> Result<Option<u8>, Invalid> {
        let byte = self.peek()?;
        if byte.is_some() {
            self.reader.consume(1);
        }
        Ok(byte)
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

impl<R: BufRead> Iterator for Entries<R> {
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

/// serde's words without the position, which counts from the entry and not from the document.
fn reason(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "the document ends in the middle".to_owned();
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
    value: String,
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
                "value" => parsed.value = map.next_value::<Option<String>>()?.unwrap_or_default(),
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
        Entries::new(document.as_bytes()).collect()
    }

    fn refused(document: &str) -> String {
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
            let refused = refused(document);
            assert!(refused.starts_with(words), "{document}: {refused}");
        }
    }

    #[test]
    fn what_is_no_array_is_no_document() {
        for document in ["", "{}", "x", "\"a\""] {
            assert_eq!(
                refused(document),
                "not a JSON array of entries",
                "{document}"
            );
        }
        assert_eq!(refused("[] []"), "something follows the end of the array");
    }

    #[test]
    fn nothing_comes_after_an_error() {
        let mut entries = Entries::new(&b"[{\"key\":\"a\"},7,{\"key\":\"b\"}]"[..]);
        assert!(entries.next().is_some_and(|entry| entry.is_ok()));
        assert!(entries.next().is_some_and(|entry| entry.is_err()));
        assert!(entries.next().is_none());
    }
}
