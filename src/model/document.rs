//! Documents of entries, read one entry at a time: what `consul kv export` writes, what Consul's API
//! answers, and what kvw itself writes as JSON.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::encoding::{decode_value, describe_foreign, without_byte_order_mark};
use super::{Invalid, abbreviate};

/// An entry of a document: what survives an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// The full name, as it stands; never empty.
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
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing was read yet.
    Unknown,
    Array,
    Lines,
}

/// Unknown members are collected up to this number.
const MAX_UNKNOWN: usize = 8;

impl<R: BufRead> DocumentReader<R> {
    /// Starts at the beginning of a document.
    pub fn new(reader: R) -> Self {
        DocumentReader {
            reader: Positioned {
                reader,
                position: Position { line: 1, column: 1 },
            },
            shape: Shape::Unknown,
            number: 0,
            start: Position { line: 1, column: 1 },
            unknown: BTreeSet::new(),
            ended: false,
        }
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
        self.start = self.reader.position;
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
        self.reader.reader.consume(mark);
        Ok(())
    }

    fn end(&mut self) -> Result<bool, Invalid> {
        match self.peek()? {
            None => Ok(false),
            Some(_) => {
                let at = self.reader.position;
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
        } = parsed;
        if let Some(fault) = fault {
            return Err(self.invalid_at(self.start, &key, fault));
        }
        if key.is_empty() {
            let is_first = self.shape == Shape::Lines && self.number == 1;
            if is_first && foreign && !known {
                return Err(Invalid::new("", NAMES_AND_VALUES));
            }
            return Err(self.invalid_at(self.start, "", "it has no key"));
        }
        let value = match (encoding.as_deref(), value) {
            (None | Some("base64"), value) => decode_value(&value.unwrap_or_default()),
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
        self.invalid_at(self.reader.position, "", what)
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

/// A line and a column in a document, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Position {
    line: usize,
    column: usize,
}

impl Position {
    fn advance(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
    }

    /// The position of an error whose own position counts from this one.
    fn after(self, error: &serde_json::Error) -> Position {
        match error.line() {
            0 | 1 => Position {
                line: self.line,
                column: self.column + error.column().saturating_sub(1),
            },
            line => Position {
                line: self.line + line - 1,
                column: error.column(),
            },
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// A reader that knows its position.
struct Positioned<R> {
    reader: R,
    position: Position,
}

impl<R: BufRead> Read for Positioned<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.position.advance(&buffer[..read]);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Positioned<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// Consumes bytes of the buffer.
    fn consume(&mut self, bytes: usize) {
        if let Ok(buffer) = self.reader.fill_buf() {
            self.position.advance(&buffer[..bytes.min(buffer.len())]);
        }
        self.reader.consume(bytes);
    }
}

const ENDS: &str = "the document ends in the middle";

const NAMES_AND_VALUES: &str = "the document is an object of names and values; convert it: \
    jq '[to_entries[] | {key, value: (.value | tostring), encoding: \"utf8\"}]'";

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
    namespace: Option<String>,
    partition: Option<String>,
    /// The first member of the wrong type. It is reported with the key, which may follow it.
    fault: Option<String>,
    /// Whether there are unknown members.
    foreign: bool,
    /// Whether there are known members.
    known: bool,
}

impl Parsed {
    fn text(&mut self, member: &str, value: Value) -> Option<String> {
        match value {
            Value::String(text) => return Some(text),
            Value::Null => {}
            other => self.fault(format!("{member} is {}, not a string", kind(&other))),
        }
        None
    }

    fn number(&mut self, value: &Value) -> u64 {
        if let (None, false) = (value.as_u64(), value.is_null()) {
            let max = u64::MAX;
            let shown = match value {
                Value::Number(number) => number.to_string(),
                other => kind(other).to_owned(),
            };
            self.fault(format!("flags is {shown}, not a number from 0 to {max}"));
        }
        value.as_u64().unwrap_or_default()
    }

    fn fault(&mut self, what: String) {
        self.fault.get_or_insert(what);
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

struct Members<'a> {
    parsed: &'a mut Parsed,
    unknown: &'a mut BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry with `key`, `flags` and `value`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let parsed = self.parsed;
        while let Some(mut name) = map.next_key::<String>()? {
            name.make_ascii_lowercase();
            let mut known = true;
            match &*name {
                "key" => parsed.key = parsed.text("key", map.next_value()?).unwrap_or_default(),
                "flags" => parsed.flags = parsed.number(&map.next_value()?),
                "value" => parsed.value = parsed.text("value", map.next_value()?),
                "encoding" => {
                    let encoding = parsed.text("encoding", map.next_value()?);
                    parsed.encoding = Some(encoding.unwrap_or_else(|| UNKNOWN.to_owned()));
                }
                "namespace" => parsed.namespace = parsed.text("namespace", map.next_value()?),
                "partition" => parsed.partition = parsed.text("partition", map.next_value()?),
                // What Consul's API and kvw itself write beside them, and an import does not keep.
                "createindex" | "modifyindex" | "lockindex" | "create_index" | "modify_index"
                | "lock_index" | "session" => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    known = false;
                    if self.unknown.len() < MAX_UNKNOWN {
                        self.unknown.insert(name);
                    }
                }
            }
            parsed.known |= known;
            parsed.foreign |= !known;
        }
        Ok(())
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
            ..Exported::default()
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
    fn only_the_key_is_needed_and_unknown_members_are_collected() {
        let document = r#"[{"KEY":"a","Note":{"x":[1]},"value":null,"lock_index":0},{"key":"b"}]"#;
        let mut reader = DocumentReader::new(document.as_bytes());
        let entries = reader.by_ref().collect::<Result<Vec<_>, _>>();
        assert_eq!(entries.unwrap(), [entry("a", 0, b""), entry("b", 0, b"")]);
        assert_eq!(
            reader.unknown_members().iter().collect::<Vec<_>>(),
            ["note"]
        );
    }

    #[test]
    fn namespace_and_partition_are_read() {
        let document =
            r#"[{"key":"a","Namespace":"n","partition":"p"},{"key":"b","namespace":null}]"#;
        let expected = Exported {
            namespace: Some("n".to_owned()),
            partition: Some("p".to_owned()),
            ..entry("a", 0, b"")
        };
        assert_eq!(read(document).unwrap(), [expected, entry("b", 0, b"")]);
    }

    #[test]
    fn a_byte_order_mark_and_line_breaks_in_base64_are_accepted() {
        let document = "\u{feff}[{\"key\":\"a\",\"value\":\"aGVs\\nbG8=\\n\"}]";
        assert_eq!(read(document).unwrap(), [entry("a", 0, b"hello")]);
        let lines = "\u{feff}{\"key\":\"a\"}\n{\"key\":\"b\"}";
        assert_eq!(read(lines).unwrap().len(), 2);
        assert_eq!(read_error("\u{feff}"), "the document is empty");
    }

    #[test]
    fn what_is_no_document_is_named_as_what_it_is() {
        let bytes = b"\xff\xfe[\0]\0";
        let error = DocumentReader::new(&bytes[..]).next().unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the document is UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8"
        );
        for object in [r#"{"a":"b"}"#, "{\n\"a/b\": {\"c\": 1}, \"d\": null}"] {
            let error = read_error(object);
            assert!(
                error.starts_with("the document is an object of names and values; convert it: jq "),
                "{error}"
            );
        }
        for object in [r#"{"value":"b"}"#, r#"{"a":1,"flags":2}"#] {
            assert_eq!(
                read_error(object),
                "entry 1, line 1 column 1: it has no key"
            );
        }
        assert_eq!(
            read_error(r#"[{"a":"b"}]"#),
            "entry 1, line 1 column 2: it has no key"
        );
    }

    #[test]
    fn faults_name_line_and_column() {
        for (document, place) in [
            (
                "[\n  {\"key\": \"a\"},\n  {\"key\" 1}\n]",
                "entry 2, line 3 column 10: ",
            ),
            (
                "[\n  {\"key\": \"a\"},\n  {\n\"key\": \"b\",\n  x}]",
                "entry 2, line 5 column 3, key b: ",
            ),
            ("[{\"key\":\"a\"}, 7]", "entry 2, line 1 column 15: "),
            (
                "[\n{\"key\":\"a\"}\n{\"key\":\"b\"}]",
                "entry 1, line 3 column 1: ",
            ),
            ("[]\n x", "line 2 column 2: something follows"),
            ("\u{feff}[{\"key\":1}]", "entry 1, line 1 column 2: "),
        ] {
            let error = read_error(document);
            assert!(error.starts_with(place), "{document}: {error}");
        }
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
                "entry 2, line 2 column 7: the document ends in the middle",
            ),
            (
                format!("{a}\n7"),
                "entry 1, line 2 column 1: expected an entry behind it",
            ),
            (
                r#"{"key":"a","value":null,"encoding":null}"#.into(),
                "entry 1, line 1 column 1, key a: its value is not known",
            ),
            (
                r#"{"key":"a","value":"","encoding":"hex"}"#.into(),
                "entry 1, line 1 column 1, key a: unknown encoding 'hex'",
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
            (
                r#"[{"key":"a"},{"flags":1}]"#,
                "entry 2, line 1 column 14: it has no key",
            ),
            (
                r#"[{"key":"a","value":"?"}]"#,
                "entry 1, line 1 column 2, key a: the value is not base64",
            ),
            (
                r#"[{"key":"a"} {"key":"b"}]"#,
                "entry 1, line 1 column 14: expected `,` or `]` behind it",
            ),
            (
                r#"[{"key":"a"},{"key":"#,
                "entry 2, line 1 column 20: the document ends in the middle",
            ),
            (
                r#"[{"key":"a"}"#,
                "entry 1, line 1 column 13: the document ends in the middle",
            ),
            (
                r#"[{"key":"a","flags":-1}]"#,
                "entry 1, line 1 column 2, key a: flags is -1, not a number from 0 to 18446744073709551615",
            ),
            (
                r#"[{"flags":"7","key":"a"}]"#,
                "entry 1, line 1 column 2, key a: flags is a string, not a number",
            ),
            (
                r#"[{"value":7,"key":"a"}]"#,
                "entry 1, line 1 column 2, key a: value is a number, not a string",
            ),
            (
                r#"[{"key":["a"]}]"#,
                "entry 1, line 1 column 2: key is an array, not a string",
            ),
            (
                r#"[{"key":"a"},]"#,
                "entry 2, line 1 column 14: expected value",
            ),
            (
                "[7]",
                "entry 1, line 1 column 2: invalid type: integer `7`, expected an entry",
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
        assert_eq!(read_error("{}"), "entry 1, line 1 column 1: it has no key");
        assert_eq!(
            read_error("[] []"),
            "line 1 column 4: something follows the end of the array"
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
