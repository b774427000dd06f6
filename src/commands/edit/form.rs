//! A value as a file for an editor, and back.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::model::decode_base64;

/// The characters of base64 on a line.
const LINE: usize = 76;

/// The longest name of a file that is taken from a key.
const MAX_NAME: usize = 60;

/// How a value stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueForm {
    /// As base64.
    pub base64: bool,
    /// With each byte of the file, also a newline that an editor has added at the end.
    pub exact: bool,
}

impl ValueForm {
    /// Returns the bytes of the file; `None` where the value is no text and is not to be base64.
    pub fn file_of(self, value: &[u8]) -> Option<Vec<u8>> {
        if !self.base64 {
            return std::str::from_utf8(value).is_ok().then(|| value.to_vec());
        }
        let text = BASE64_STANDARD.encode(value);
        let lines = text.as_bytes().chunks(LINE);
        Some(lines.flat_map(|line| [line, b"\n"].concat()).collect())
    }

    /// Returns the value of the file, which was made from `base`. Editors end the last line with a newline:
    /// where `base` has none, one is taken off again.
    ///
    /// # Errors
    /// Says why the file holds no value.
    pub fn value_of(self, mut file: Vec<u8>, base: &[u8]) -> Result<Vec<u8>, String> {
        if self.base64 {
            return decode_base64(file.trim_ascii());
        }
        if std::str::from_utf8(&file).is_err() {
            return Err("the text is not UTF-8".to_owned());
        }
        if !self.exact && !base.ends_with(b"\n") && file.ends_with(b"\n") {
            file.pop();
            // The lines of the file end as on Windows.
            if file.ends_with(b"\r") && !base.ends_with(b"\r") {
                file.pop();
            }
        }
        Ok(file)
    }

    /// Returns the name of the file, by which an editor knows the language of the value: the last part of
    /// the key, and a suffix by the look of the value where that has none.
    pub fn file_name(self, key: &str, value: &[u8]) -> String {
        let last = key.trim_end_matches('/').rsplit('/').next().unwrap_or(key);
        let plain = |c: char| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => c,
            _ => '_',
        };
        let name: Vec<char> = last.chars().map(plain).collect();
        let name: String = name[name.len().saturating_sub(MAX_NAME)..].iter().collect();
        let name = match name.trim_start_matches(['.', '-']) {
            "" => "value",
            name => name,
        };
        let suffix = match name.rsplit_once('.') {
            _ if self.base64 => ".b64",
            Some((stem, suffix)) if !stem.is_empty() && is_suffix(suffix) => "",
            _ => suffix_by_look(value),
        };
        format!("{name}{suffix}")
    }
}

fn is_suffix(text: &str) -> bool {
    matches!(text.len(), 1..=10) && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn suffix_by_look(value: &[u8]) -> &'static str {
    let text = value.trim_ascii_start();
    let is_json = || serde_json::from_slice::<serde::de::IgnoredAny>(value).is_ok();
    match text {
        [b'{' | b'[', ..] if is_json() => ".json",
        [b'#', b'!', ..] => ".sh",
        [b'<', ..] => ".xml",
        [b'-', b'-', b'-', b'\n' | b'\r', ..] => ".yaml",
        _ => ".txt",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: ValueForm = ValueForm {
        base64: false,
        exact: false,
    };
    const BASE64: ValueForm = ValueForm {
        base64: true,
        ..TEXT
    };

    #[test]
    fn a_newline_that_the_value_did_not_have_is_taken_off() {
        for (base, file, value) in [
            (&b"1"[..], &b"2\n"[..], &b"2"[..]),
            (b"1", b"2", b"2"),
            (b"1", b"2\n\n", b"2\n"),
            (b"1", b"2\r\n", b"2"),
            (b"1\r", b"2\r\n", b"2\r"),
            (b"", b"2\n", b"2"),
            (b"", b"\n", b""),
            (b"1\n", b"2\n", b"2\n"),
            (b"1\n", b"2", b"2"),
            (b"1\r\n", b"2\r\n", b"2\r\n"),
        ] {
            assert_eq!(
                TEXT.value_of(file.to_vec(), base).unwrap(),
                value,
                "{file:?}"
            );
            let exact = ValueForm {
                exact: true,
                ..TEXT
            };
            assert_eq!(exact.value_of(file.to_vec(), base).unwrap(), file);
        }
        // An unchanged file is an unchanged value.
        for value in [&b""[..], b"\n", b"a", b"a\n", b"a\r", b"a\r\n", b"\r"] {
            let file = TEXT.file_of(value).unwrap();
            assert_eq!(TEXT.value_of(file, value).unwrap(), value);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_edited_as_base64() {
        assert_eq!(TEXT.file_of(b"\xff"), None);
        assert!(TEXT.value_of(b"\xff".to_vec(), b"").is_err());
        let value: Vec<u8> = (0..=255).collect();
        let file = BASE64.file_of(&value).unwrap();
        assert!(
            file.split(|byte| *byte == b'\n')
                .all(|line| line.len() <= LINE)
        );
        assert_eq!(BASE64.value_of(file, b"").unwrap(), value);
        assert_eq!(BASE64.file_of(b"").unwrap(), b"");
        assert_eq!(BASE64.value_of(b"".to_vec(), b"1").unwrap(), b"");
        assert!(BASE64.value_of(b"!".to_vec(), b"").is_err());
    }

    #[test]
    fn a_file_is_named_after_the_key_and_the_look_of_the_value() {
        for (key, value, name) in [
            ("config/web/port", &b"80"[..], "port.txt"),
            ("app.yaml", b"{}", "app.yaml"),
            ("a/settings", b" {\"a\": 1}\n", "settings.json"),
            ("a/settings", b"{a", "settings.txt"),
            ("run", b"#!/bin/sh\n", "run.sh"),
            ("a", b"---\na: 1\n", "a.yaml"),
            ("a/", b"", "a.txt"),
            ("a/..", b"", "value.txt"),
            ("a/-rf", b"", "rf.txt"),
            ("a/.bashrc", b"", "bashrc.txt"),
            ("a/x y\n$(z)", b"", "x_y___z_.txt"),
            ("v1.2", b"", "v1.2.txt"),
            ("ü", b"", "_.txt"),
        ] {
            assert_eq!(TEXT.file_name(key, value), name, "{key}");
        }
        assert_eq!(BASE64.file_name("a/x.png", b""), "x.png.b64");
        let long = TEXT.file_name(&format!("{}.toml", "x".repeat(500)), b"");
        assert!(long.len() <= MAX_NAME && long.ends_with(".toml"), "{long}");
    }
}
