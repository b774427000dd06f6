//! Consul's own JSON of an entry, formatted as by Go.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use super::json;
use crate::model;
use crate::term;

/// An entry as in an answer of `/v1/kv`: an empty value is null, and no session is no member.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConsulEntry<'a> {
    lock_index: u64,
    key: &'a str,
    flags: u64,
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    create_index: u64,
    modify_index: u64,
}

impl<'a> From<&'a model::Entry> for ConsulEntry<'a> {
    fn from(entry: &'a model::Entry) -> Self {
        ConsulEntry {
            lock_index: entry.locked(),
            key: entry.key(),
            flags: entry.flags(),
            value: base64_or_null(entry.value()),
            session: entry.session(),
            create_index: entry.created().0,
            modify_index: entry.modified().0,
        }
    }
}

impl<'a> ConsulEntry<'a> {
    /// Names the entry by `key`, a part of its key.
    pub fn with_key(mut self, key: &'a str) -> Self {
        self.key = key;
        self
    }
}

/// An entry as `consul watch` gives it to a handler: an empty value is null, and there is always a
/// session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct WatchedEntry<'a> {
    key: &'a str,
    create_index: u64,
    modify_index: u64,
    lock_index: u64,
    flags: u64,
    value: Option<String>,
    session: &'a str,
}

impl<'a> From<&'a model::Entry> for WatchedEntry<'a> {
    fn from(entry: &'a model::Entry) -> Self {
        WatchedEntry {
            key: entry.key(),
            create_index: entry.created().0,
            modify_index: entry.modified().0,
            lock_index: entry.locked(),
            flags: entry.flags(),
            value: base64_or_null(entry.value()),
            session: entry.session().unwrap_or_default(),
        }
    }
}

fn base64_or_null(value: &[u8]) -> Option<String> {
    (!value.is_empty()).then(|| STANDARD.encode(value))
}

/// Writes a value, escaped as by Go's encoder. For a terminal, characters that could control it are
/// escaped too.
pub fn write(out: impl Write, value: &impl Serialize, terminal: bool) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, GoFormatter { terminal });
    Ok(value.serialize(&mut serializer)?)
}

/// Writes a string, as [`write()`] does.
pub fn write_str(mut out: impl Write, text: &str, terminal: bool) -> io::Result<()> {
    // Nearly every key: nothing in it needs the serializer.
    if text.bytes().all(|byte| IS_PLAIN[usize::from(byte)]) {
        out.write_all(b"\"")?;
        out.write_all(text.as_bytes())?;
        return out.write_all(b"\"");
    }
    write(out, &text, terminal)
}

/// Which bytes are written as they are, in a string by itself.
static IS_PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        table[byte as usize] = !matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&');
        byte += 1;
    }
    table
};

/// The formatter of Go's encoder: it escapes what could end a script element or a line of JavaScript, and
/// has no short form for backspace and form feed (before Go 1.22).
struct GoFormatter {
    terminal: bool,
}

impl Formatter for GoFormatter {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Most text is ASCII, which is searched faster without decoding it.
        let is_plain = |byte| byte < 0x7f && !matches!(byte, b'<' | b'>' | b'&');
        if fragment.bytes().all(is_plain) {
            return out.write_all(fragment.as_bytes());
        }
        json::write_escaped(out, fragment, |c| {
            matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
                || (self.terminal && term::is_dangerous(c))
        })
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            CharEscape::Backspace => out.write_all(b"\\u0008"),
            CharEscape::FormFeed => out.write_all(b"\\u000c"),
            escape => CompactFormatter.write_char_escape(out, escape),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fields;

    fn text(fields: &Fields<'_>) -> String {
        let mut out = Vec::new();
        write(
            &mut out,
            &ConsulEntry::from(&model::Entry::pack(fields)),
            false,
        )
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_entry_is_formatted_as_in_an_answer() {
        let mut fields = Fields {
            key: "foo",
            value: Some(b"bar"),
            created: 8,
            modified: 8,
            ..Fields::default()
        };
        let plain = r#"{"LockIndex":0,"Key":"foo","Flags":0,"Value":"YmFy","CreateIndex":8,"ModifyIndex":8}"#;
        assert_eq!(text(&fields), plain);
        fields.value = Some(b"");
        fields.session = Some("s");
        let held = r#"{"LockIndex":0,"Key":"foo","Flags":0,"Value":null,"Session":"s","CreateIndex":8,"ModifyIndex":8}"#;
        assert_eq!(text(&fields), held);
    }

    #[test]
    fn characters_are_escaped_as_go_escapes_them() {
        let fields = Fields {
            key: "<a>&\u{2028}é\"\\\n\r\t\u{8}\u{c}\u{1}\u{7f}🚀",
            value: Some(b""),
            ..Fields::default()
        };
        let key = "\\u003ca\\u003e\\u0026\\u2028é\\\"\\\\\\n\\r\\t\\u0008\\u000c\\u0001\u{7f}🚀";
        assert!(
            text(&fields).contains(&format!(r#""Key":"{key}""#)),
            "{}",
            text(&fields)
        );
    }
}
