//! Escapes of foreign text for a terminal: nothing that is stored in Consul can move the cursor,
//! change colours, reorder text or ring the bell. Pipes get the bytes, see [`super::Ui`].

use std::borrow::Cow;
use std::fmt::Write;

/// Escapes a key, a session name or a server's text: every control character, also newlines.
pub fn key(text: &str) -> Cow<'_, str> {
    escape(text.as_bytes(), |_| false)
}

/// Escapes a value: every control character except newline and tab.
pub fn value(bytes: &[u8]) -> Cow<'_, str> {
    escape(bytes, |c| matches!(c, '\n' | '\t'))
}

/// [`value`] as bytes, for a stream that also takes unescaped values.
pub fn value_bytes(bytes: &[u8]) -> Cow<'_, [u8]> {
    match value(bytes) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn escape(bytes: &[u8], passes: impl Fn(char) -> bool) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        if text.chars().all(|c| passes(c) || !is_dangerous(c)) {
            return Cow::Borrowed(text);
        }
    }
    let mut shown = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if passes(c) || !is_dangerous(c) {
                shown.push(c);
            } else {
                shown.extend(c.escape_default());
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    Cow::Owned(shown)
}

/// Whether [`key`] leaves the text as it is.
pub fn is_plain_line(text: &str) -> bool {
    !text.chars().any(is_dangerous)
}

/// Whether a terminal could be driven or a reader misled by the character: C0 and C1 controls, DEL,
/// bidirectional controls, zero-width and other invisible format characters, line and paragraph
/// separators, tags.
pub fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(value("näme 🚀\n\tx".as_bytes()), Cow::Borrowed(_)));
        assert!(matches!(key("app/näme"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_escape_sequence_cannot_clear_the_screen() {
        assert_eq!(value(b"\x1b[2J"), "\\u{1b}[2J");
    }

    #[test]
    fn a_c1_control_cannot_start_a_sequence() {
        assert_eq!(key("\u{9b}31m"), "\\u{9b}31m");
    }

    #[test]
    fn a_carriage_return_cannot_overwrite_the_line() {
        assert_eq!(value(b"real\rfake"), "real\\rfake");
    }

    #[test]
    fn a_bidirectional_override_cannot_reverse_a_name() {
        assert_eq!(key("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn a_zero_width_character_cannot_hide() {
        assert_eq!(key("a\u{200b}b"), "a\\u{200b}b");
    }

    #[test]
    fn a_newline_in_a_key_cannot_forge_a_line() {
        assert_eq!(key("a\nb"), "a\\nb");
        assert_eq!(value(b"a\nb"), "a\nb");
    }

    #[test]
    fn invalid_utf8_is_shown_byte_by_byte() {
        assert_eq!(value(b"a\xff\xfeb"), "a\\xff\\xfeb");
    }
}
