//! Values in one line. A pipe gets all of a value, in a form that a program can read back; a terminal what
//! a person can take in.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use unicode_width::UnicodeWidthChar as _;

use crate::term::{Color, Style, bytes, escape_line};

/// The columns of a value on a terminal, the rest of which is cut.
pub(super) const COLUMNS: usize = 200;

/// The columns before the first difference that are shown of long values.
const LEAD: usize = 30;

/// What stands before a value in base64.
const BASE64: &str = "base64:";

/// Returns the value for a pipe: as it is; as a JSON string where it is empty, has blank edges, holds a
/// control character or begins like one of the other forms; in base64 where it is no text.
pub(super) fn exact(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if is_plain(text) => text.to_owned(),
        Ok(text) => json_string(text),
        Err(_) => format!("{BASE64}{}", STANDARD.encode(value)),
    }
}

/// Returns a key, or a name of something else, as it stands in a line that says something about it: a change, a
/// row, a branch of a tree. A terminal gets it escaped; a pipe as it is, or as a JSON string where it could forge
/// a line. A bare list of names is not made of such lines: its names are untouched in a pipe.
pub fn line_name(name: &str, style: Style) -> Cow<'_, str> {
    match style.terminal {
        true => style.key(name),
        false if name.is_empty() || name.starts_with(BASE64) || is_plain(name) => name.into(),
        false => json_string(name).into(),
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.starts_with('"')
        && !text.starts_with(BASE64)
        && !text.contains(breaks_lines)
}

/// Whether a reader of lines may take the character for an end, or a terminal for a command.
fn breaks_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn json_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if breaks_lines(c) => _ = write!(quoted, "\\u{:04x}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns the value for a terminal, cut unless it is to be shown in `full`.
pub fn brief(value: &[u8], full: bool) -> String {
    let text = whole(value, full);
    match full {
        true => text,
        false => cut(&text, 0..0, 0, false),
    }
}

/// Returns both values for a terminal, with what differs marked, and cut around it.
pub(super) fn brief_change(old: &[u8], new: &[u8], full: bool, style: Style) -> (String, String) {
    let (old, new) = (whole(old, full), whole(new, full));
    let (start, end) = common_edges(&old, &new);
    let is_alike = start + end > 0;
    let start_columns = columns(&old[..start]);
    let from = match start_columns > 2 * LEAD && !full {
        true => skip(&old, start_columns - LEAD),
        false => 0,
    };
    let show = |text: &str| {
        let marked = match is_alike && style.color {
            true => start..text.len() - end,
            false => 0..0,
        };
        match full {
            true => paint(text, &marked),
            false => cut(text, marked, from, from > 0),
        }
    };
    (show(&old), show(&new))
}

/// Returns the whole value, escaped.
fn whole(value: &[u8], full: bool) -> String {
    match std::str::from_utf8(value) {
        Ok("") => "\"\"".to_owned(),
        Ok(text) if full || !text.contains('\0') => match text.trim() == text {
            true => escape_line(value),
            false => format!("\"{}\"", escape_line(value)),
        },
        Err(_) if full => escape_line(value),
        Ok(_) | Err(_) => binary(value),
    }
}

/// Returns what stands for bytes that are no text.
pub(super) fn binary(value: &[u8]) -> String {
    match value.len() {
        1 => "<binary, 1 byte>".to_owned(),
        length => format!("<binary, {length} bytes>"),
    }
}

/// Cuts what follows after [`COLUMNS`], counted from a byte; `continues` marks that something was left out
/// before it.
fn cut(text: &str, marked: Range<usize>, from: usize, continues: bool) -> String {
    let shown = &text[from..];
    let to = from + skip(shown, COLUMNS);
    let marked = marked.start.clamp(from, to) - from..marked.end.clamp(from, to) - from;
    let before = if continues { "…" } else { "" };
    let painted = paint(&text[from..to], &marked);
    match text.len() - to {
        0 => format!("{before}{painted}"),
        rest => format!("{before}{painted}… +{}", bytes(rest as u64)),
    }
}

/// Cuts a line of a block or a diff.
pub(super) fn cut_line(line: &str) -> String {
    cut(line, 0..0, 0, false)
}

fn paint(text: &str, marked: &Range<usize>) -> String {
    if marked.is_empty() {
        return text.to_owned();
    }
    let part = Color::Marked.paint(&text[marked.clone()], true);
    format!("{}{part}{}", &text[..marked.start], &text[marked.end..])
}

fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(1)).sum()
}

/// Returns the place after so many columns.
fn skip(text: &str, wanted: usize) -> usize {
    let mut passed = 0;
    for (at, c) in text.char_indices() {
        passed += c.width().unwrap_or(1);
        if passed > wanted {
            return at;
        }
    }
    text.len()
}

/// Returns the lengths of what both texts begin and end with, in whole words and numbers.
fn common_edges(old: &str, new: &str) -> (usize, usize) {
    let same = |(a, b): &(&str, &str)| a == b;
    let length = |(word, _): (&str, &str)| word.len();
    let start: usize = words(old)
        .zip(words(new))
        .take_while(same)
        .map(length)
        .sum();
    let (old, new): (Vec<_>, Vec<_>) = (
        words(&old[start..]).collect(),
        words(&new[start..]).collect(),
    );
    let ends = old.into_iter().rev().zip(new.into_iter().rev());
    (start, ends.take_while(same).map(length).sum())
}

/// Splits into words, numbers, and single other characters.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
        let end = match in_word(first) {
            true => rest.find(|c| !in_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLORED: Style = Style {
        terminal: true,
        color: true,
    };

    #[test]
    fn a_pipe_gets_a_form_that_can_be_read_back() {
        for (value, text) in [
            (
                &b"plain \"text\" with \\ and : and \xc3\xa4"[..],
                "plain \"text\" with \\ and : and ä",
            ),
            (b"", "\"\""),
            (b" x", "\" x\""),
            (b"x\n", "\"x\\n\""),
            (b"a\tb", "\"a\\tb\""),
            (b"\"quoted\"", "\"\\\"quoted\\\"\""),
            (b"\x1b[2J\\", "\"\\u001b[2J\\\\\""),
            ("\u{85}\u{2028}".as_bytes(), "\"\\u0085\\u2028\""),
            (b"base64:eA==", "\"base64:eA==\""),
            (b"\xff\x00", "base64:/wA="),
        ] {
            assert_eq!(exact(value), text);
            if text.starts_with('"') {
                let read: String = serde_json::from_str(text).unwrap();
                assert_eq!(read.as_bytes(), value);
            }
        }
    }

    #[test]
    fn a_name_cannot_forge_a_line() {
        let style = |terminal| Style {
            terminal,
            color: false,
        };
        for plain in ["app/näme x", "", "base64:x", "a\"b"] {
            assert_eq!(line_name(plain, style(false)), plain);
            assert_eq!(line_name(plain, style(true)), plain);
        }
        let forged = "a\n+ b = c";
        assert_eq!(line_name(forged, style(false)), "\"a\\n+ b = c\"");
        assert_eq!(line_name(forged, style(true)), "a\\x0a+ b = c");
        // What reads as a quoted name is none.
        assert_eq!(line_name("\"a\"", style(false)), "\"\\\"a\\\"\"");
    }

    #[test]
    fn a_person_sees_what_is_empty_blank_or_binary() {
        for (value, text) in [
            (&b""[..], "\"\""),
            (b" x ", "\" x \""),
            (b"x\n", "\"x\\x0a\""),
            (b"a\x03b", "a\\x03b"),
            (b"\xff\xfe\xfd", "<binary, 3 bytes>"),
            (b"a\0b", "<binary, 3 bytes>"),
            (b"\xff", "<binary, 1 byte>"),
        ] {
            assert_eq!(brief(value, false), text);
        }
        assert_eq!(brief(b"a\xff", true), "a\\xff");
    }

    #[test]
    fn a_long_value_is_cut_by_columns() {
        let long = "x".repeat(200 + 499 * 1024);
        let expected = format!("{}… +499.00 KiB", "x".repeat(200));
        assert_eq!(brief(long.as_bytes(), false), expected);
        assert_eq!(brief(long.as_bytes(), true), long);
        let wide = "語".repeat(101);
        assert_eq!(
            brief(wide.as_bytes(), false),
            format!("{}… +3 B", "語".repeat(100))
        );
        assert_eq!(brief(&[b'y'; 200], false), "y".repeat(200));
    }

    #[test]
    fn a_changed_number_is_marked_inside_the_line() {
        let (old, new) = brief_change(
            br#"{"port":80,"x":1}"#,
            br#"{"port":8080,"x":1}"#,
            false,
            COLORED,
        );
        assert_eq!(old, "{\"port\":\u{1b}[7m80\u{1b}[0m,\"x\":1}");
        assert_eq!(new, "{\"port\":\u{1b}[7m8080\u{1b}[0m,\"x\":1}");
    }

    #[test]
    fn values_that_have_nothing_in_common_are_not_marked() {
        let (old, new) = brief_change(b"one", b"two", false, COLORED);
        assert_eq!((old.as_str(), new.as_str()), ("one", "two"));
    }

    #[test]
    fn long_values_are_cut_around_what_differs() {
        let text = |number: &str| format!("{}{number}{}", "a ".repeat(300), " b".repeat(300));
        let style = Style {
            terminal: true,
            color: false,
        };
        let (old, new) = brief_change(text("17").as_bytes(), text("18").as_bytes(), false, style);
        assert!(
            old.starts_with("…a a ") && old.contains(" 17 b") && old.ends_with(" B"),
            "{old}"
        );
        assert!(new.contains(" 18 b"), "{new}");
        assert!(columns(&old) < COLUMNS + 20, "{old}");
    }

    #[test]
    fn what_differs_may_be_at_an_edge_or_in_repeated_text() {
        for (old, new) in [
            ("aa", "a"),
            ("a a a", "a a"),
            ("", "x"),
            ("x", ""),
            ("ä", "äö"),
            ("1,1", "1,1,1"),
        ] {
            let (start, end) = common_edges(old, new);
            assert!(start + end <= old.len().min(new.len()), "{old} {new}");
            brief_change(old.as_bytes(), new.as_bytes(), false, COLORED);
        }
    }
}
