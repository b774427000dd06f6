//! Escapes of foreign text for a terminal: nothing that is stored in Consul can move the cursor,
//! change colours, reorder text or ring the bell. Pipes get the bytes, see [`super::Ui`].
//!
//! An ASCII control is shown as `\x1b`, as is a byte that is no UTF-8, another character as `\u{202e}`.
//! Backslashes are doubled before such an escape and before text that reads as one, and nowhere else: what
//! was stored follows from what is shown.

mod unicode;

use std::borrow::Cow;
use std::fmt::Write;

use self::unicode::{is_default_ignorable, is_pictographic};

/// Escapes a key, a session name or a server's text, which is one line: every character that is not
/// seen, also newlines.
pub fn key(text: &str) -> Cow<'_, str> {
    escape(text.as_bytes(), |_, _, c| !is_dangerous(c))
}

/// Escapes a value: every character that is not seen except newline and tab, and those that make one emoji
/// of several characters.
pub fn value(bytes: &[u8]) -> Cow<'_, str> {
    escape(bytes, |before, after, c| {
        matches!(c, '\n' | '\t') || !is_dangerous(c) || is_in_emoji(before, after, c)
    })
}

/// Escapes a value that is to be one line: as [`value`], and newlines and tabs too.
pub fn line(bytes: &[u8]) -> String {
    escape(bytes, |before, after, c| {
        !is_dangerous(c) || is_in_emoji(before, after, c)
    })
    .into_owned()
}

/// Escapes the characters that `shows` is false for. It is given the text before and after each.
fn escape(bytes: &[u8], shows: impl Fn(&str, &str, char) -> bool) -> Cow<'_, str> {
    let shows_at = |text: &str, at: usize, c: char| {
        c.is_ascii_graphic() || shows(&text[..at], &text[at + c.len_utf8()..], c)
    };
    if let Ok(text) = std::str::from_utf8(bytes) {
        let is_shown = |(at, c)| match c {
            '\\' => !begins_like_an_escape(&text[at + 1..]),
            c => shows_at(text, at, c),
        };
        if text.char_indices().all(is_shown) {
            return Cow::Borrowed(text);
        }
    }
    let mut shown = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        let text = chunk.valid();
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == '\\' {
                let run = text[at..].len() - text[at..].trim_start_matches('\\').len();
                let after = &text[at + run..];
                let is_before_escape = match after.chars().next() {
                    Some(c) => !shows_at(text, at + run, c),
                    None => !chunk.invalid().is_empty(),
                };
                let times = 1 + usize::from(is_before_escape || begins_like_an_escape(after));
                shown.extend(std::iter::repeat_n('\\', run * times));
                // The rest of the run, each of one byte.
                if run > 1 {
                    chars.nth(run - 2);
                }
            } else if shows_at(text, at, c) {
                shown.push(c);
            } else if c.is_ascii() {
                let _ = write!(shown, "\\x{:02x}", u32::from(c));
            } else {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    Cow::Owned(shown)
}

/// Whether a backslash before the text would make an escape of it.
fn begins_like_an_escape(text: &str) -> bool {
    let are_digits = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    match text.as_bytes() {
        [b'x', high, low, ..] => are_digits(&[*high, *low]),
        [b'u', b'{', rest @ ..] => {
            let length = rest.iter().take(7).position(|&byte| byte == b'}');
            length.is_some_and(|length| length > 0 && are_digits(&rest[..length]))
        }
        _ => false,
    }
}

/// Whether all of the text is seen, in one line.
pub fn is_plain_line(text: &str) -> bool {
    text.char_indices()
        .all(|(at, c)| !is_dangerous(c) || is_in_emoji(&text[..at], &text[at + c.len_utf8()..], c))
}

/// Whether a terminal could be driven or a reader misled by the character: C0 and C1 controls, DEL,
/// what is invisible or reorders text, separators of lines and paragraphs, and annotations, which hide
/// text. Signs that are seen, as before Arabic numbers, are formatting characters too, and pass.
pub fn is_dangerous(c: char) -> bool {
    c.is_control()
        || c >= '\u{ad}'
            && (matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')
                || is_default_ignorable(c))
}

/// Whether the character is a variation selector of an emoji or joins two.
fn is_in_emoji(before: &str, after: &str, c: char) -> bool {
    const SELECTOR: char = '\u{fe0f}';
    const JOINER: char = '\u{200d}';
    let is_modifier = |c: &char| matches!(*c, SELECTOR | '\u{1f3fb}'..='\u{1f3ff}');
    let mut before = before.chars().rev();
    match c {
        SELECTOR if after.starts_with('\u{20e3}') => before
            .next()
            .is_some_and(|c| matches!(c, '0'..='9' | '#' | '*')),
        SELECTOR => before.next().is_some_and(is_pictographic),
        JOINER => {
            // At most one of each: a run of selectors is no emoji.
            let joined = before.by_ref().take(3).find(|c| !is_modifier(c));
            joined.is_some_and(is_pictographic) && after.chars().next().is_some_and(is_pictographic)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(value("näme 🚀\n\tx".as_bytes()), Cow::Borrowed(_)));
        assert!(matches!(key("app/näme"), Cow::Borrowed(_)));
        assert!(matches!(key(r"C:\users\x\n\\u"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_escape_sequence_cannot_clear_the_screen() {
        assert_eq!(value(b"\x1b[2J"), r"\x1b[2J");
    }

    #[test]
    fn a_c1_control_cannot_start_a_sequence() {
        assert_eq!(key("\u{9b}31m"), r"\u{9b}31m");
    }

    #[test]
    fn a_carriage_return_cannot_overwrite_the_line() {
        assert_eq!(value(b"real\rfake"), r"real\x0dfake");
    }

    #[test]
    fn a_bidirectional_override_cannot_reverse_a_name() {
        assert_eq!(key("a\u{202e}b"), r"a\u{202e}b");
    }

    #[test]
    fn an_invisible_character_cannot_hide() {
        for c in "\u{ad}\u{34f}\u{115f}\u{17b4}\u{180b}\u{200b}\u{2028}\u{2064}\u{3164}\u{fe00}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{1d173}\u{e0001}\u{e0100}".chars() {
            let text = format!("a{c}b");
            let shown = format!("a\\u{{{:x}}}b", u32::from(c));
            assert_eq!(key(&text), shown);
            assert_eq!(value(text.as_bytes()), shown);
        }
    }

    #[test]
    fn a_formatting_sign_that_is_seen_stays() {
        for text in ["\u{600}12", "\u{6dd}3", "\u{70f}ܐ", "\u{110bd}1"] {
            assert_eq!(key(text), text);
            assert_eq!(value(text.as_bytes()), text);
        }
    }

    #[test]
    fn an_emoji_of_several_characters_stays_whole_in_a_value_and_is_taken_apart_in_a_key() {
        for text in ["❤️", "👩‍👩‍👧", "🧑🏽‍🚀", "🏳️‍🌈", "1️⃣", "x ☎️ y"]
        {
            assert_eq!(value(text.as_bytes()), text);
            assert_ne!(key(text), text);
        }
        for (text, shown) in [
            ("a\u{200d}b", r"a\u{200d}b"),
            ("👩\u{200d}b", r"👩\u{200d}b"),
            ("a\u{fe0f}", r"a\u{fe0f}"),
            ("❤\u{fe0f}\u{fe0f}", "❤\u{fe0f}\\u{fe0f}"),
            ("1\u{fe0f}", r"1\u{fe0f}"),
        ] {
            assert_eq!(value(text.as_bytes()), shown);
        }
    }

    #[test]
    fn a_newline_in_a_key_cannot_forge_a_line() {
        assert_eq!(key("a\nb"), r"a\x0ab");
        assert_eq!(value(b"a\nb"), "a\nb");
    }

    #[test]
    fn invalid_utf8_is_shown_byte_by_byte() {
        assert_eq!(value(b"a\xff\xfeb"), r"a\xff\xfeb");
    }

    #[test]
    fn a_stored_backslash_cannot_pass_for_an_escape() {
        for (text, shown) in [
            (&br"\x1b[2J"[..], r"\\x1b[2J"),
            (br"\u{1B}", r"\\u{1B}"),
            (br"\\x1b", r"\\\\x1b"),
            (b"\\\x1b", r"\\\x1b"),
            (b"\\\xff", r"\\\xff"),
            (b"\\\\\xe2\x80\xae", r"\\\\\u{202e}"),
            (
                br"\d+\.\x \u{} \u{1234567} \u001b \n\\",
                r"\d+\.\x \u{} \u{1234567} \u001b \n\\",
            ),
        ] {
            assert_eq!(value(text), shown);
        }
    }

    /// Reads what [`value`] shows, as a person would.
    fn stored(mut shown: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(c) = shown.chars().next() {
            let run = shown.len() - shown.trim_start_matches('\\').len();
            let after = &shown[run..];
            if run == 0 || !begins_like_an_escape(after) {
                let taken = run.max(c.len_utf8());
                bytes.extend_from_slice(&shown.as_bytes()[..taken]);
                shown = &shown[taken..];
                continue;
            }
            bytes.extend(std::iter::repeat_n(b'\\', run / 2));
            shown = after;
            if run % 2 == 0 {
                continue;
            }
            let (digits, length) = match after.strip_prefix("u{") {
                Some(rest) => {
                    let digits = rest.split('}').next().unwrap();
                    (digits, digits.len() + 3)
                }
                None => (&after[1..3], 3),
            };
            let number = u32::from_str_radix(digits, 16).unwrap();
            match after.starts_with('x') {
                true => bytes.push(u8::try_from(number).unwrap()),
                false => bytes.extend(char::from_u32(number).unwrap().to_string().bytes()),
            }
            shown = &after[length..];
        }
        bytes
    }

    proptest! {
        #[test]
        fn what_was_stored_follows_from_what_is_shown(
            parts in prop::collection::vec(prop::sample::select(vec![
                &b"\\"[..], b"x", b"u{", b"1b", b"}", b"\x1b", b"\n", b"\xff", "\u{202e}".as_bytes(),
                "\u{9b}".as_bytes(), "ä".as_bytes(), "❤".as_bytes(), "\u{fe0f}".as_bytes(), b"a",
            ]), 0..12)
        ) {
            let bytes = parts.concat();
            let shown = value(&bytes);
            prop_assert_eq!(stored(&shown), bytes);
        }
    }
}
