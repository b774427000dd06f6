//! Texts as Go formats and parses them: Consul's answers are full of them.

use std::time::Duration;

/// Quotes a string as `%q` does.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0b' => quoted.push_str("\\v"),
            c if is_print(c) => quoted.push(c),
            c if u32::from(c) < 0x80 => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if u32::from(c) <= 0xffff => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a character is printable, as `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // After another character `escape_debug` leaves marks as they are, as Go does.
    let mut text = String::with_capacity(5);
    text.push('x');
    text.push(c);
    text.escape_debug().nth(1) != Some('\\')
}

/// Converts bytes to text as Go does in JSON: U+FFFD for each byte that is not UTF-8.
pub fn utf8_lossy(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text.into()
}

/// Returns the most bytes that [`escape_json`] makes of this JSON.
pub fn max_escaped_len(json: &[u8]) -> usize {
    let html = memchr::memchr3_iter(b'<', b'>', b'&', json).count();
    let others = memchr::memchr2_iter(b'\\', 0xe2, json).count();
    json.len() + 5 * html + 4 * others
}

/// Replaces serde's escapes in JSON by those of Go's encoder. `<`, `>`, `&` and two line separators
/// can stand in strings only, so searching the bytes finds them.
pub fn escape_json(json: Vec<u8>) -> Vec<u8> {
    let special = |byte: &u8| matches!(byte, b'<' | b'>' | b'&' | b'\\' | 0xe2);
    let Some(first) = json.iter().position(special) else {
        return json;
    };
    let mut out = Vec::with_capacity(json.len() + json.len() / 8);
    let (plain, mut rest) = json.split_at(first);
    out.extend_from_slice(plain);
    while !rest.is_empty() {
        let (escaped, taken): (&[u8], usize) = match rest {
            [b'<', ..] => (b"\\u003c", 1),
            [b'>', ..] => (b"\\u003e", 1),
            [b'&', ..] => (b"\\u0026", 1),
            [0xe2, 0x80, 0xa8, ..] => (b"\\u2028", 3),
            [0xe2, 0x80, 0xa9, ..] => (b"\\u2029", 3),
            [b'\\', b'b', ..] => (b"\\u0008", 2),
            [b'\\', b'f', ..] => (b"\\u000c", 2),
            [b'\\', _, ..] => (&rest[..2], 2),
            _ => (&rest[..1], 1),
        };
        out.extend_from_slice(escaped);
        rest = &rest[taken..];
        let plain = rest.iter().position(special).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
    }
    out
}

/// Parses a number as `strconv.ParseUint(text, 10, 64)`, with the same error.
pub fn parse_uint(text: &str) -> Result<u64, String> {
    let error = |reason| format!("strconv.ParseUint: parsing {}: {reason}", quote(text));
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(error("invalid syntax"));
    }
    text.parse().map_err(|_| error("value out of range"))
}

/// Parses a duration as `time.ParseDuration`: nanoseconds, signed.
///
/// # Errors
/// Go's text without its prefix: `invalid duration "x"`.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("invalid duration {}", quote(text));
    let (negative, rest) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: f64 = 0.0;
    let mut left = rest;
    while !left.is_empty() {
        let digits = left
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(left.len());
        let (number, after) = left.split_at(digits);
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let number: f64 = number.parse().map_err(|_| invalid())?;
        if unit.is_empty() {
            return Err(format!("missing unit in duration {}", quote(text)));
        }
        let scale = unit_nanos(unit)
            .ok_or_else(|| format!("unknown unit {} in duration {}", quote(unit), quote(text)))?;
        total += number * scale;
        left = next;
    }
    // Some 292 years: Go refuses more too.
    if total >= 9.2e18 {
        return Err(invalid());
    }
    // In range by the check above; fractions of a nanosecond are cut off, as in Go.
    #[allow(clippy::cast_possible_truncation)]
    let nanos = total as i64;
    Ok(if negative { -nanos } else { nanos })
}

fn unit_nanos(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return None,
    })
}

/// Converts a positive number of nanoseconds; `None` for zero and less.
pub fn positive_duration(nanos: i64) -> Option<Duration> {
    u64::try_from(nanos)
        .ok()
        .filter(|nanos| *nanos > 0)
        .map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_escapes_what_go_does_not_print() {
        assert_eq!(quote("a\"b\\c"), r#""a\"b\\c""#);
        assert_eq!(quote("a\tb\0c"), r#""a\tb\x00c""#);
        assert_eq!(quote("ключ\u{2028}"), "\"ключ\\u2028\"");
    }

    #[test]
    fn marks_and_symbols_are_printable_and_separators_are_not() {
        for c in ['a', ' ', 'é', '\u{301}', '🚀', '\u{fffd}'] {
            assert!(is_print(c), "{c:?}");
        }
        for c in ['\t', '\0', '\u{7f}', '\u{a0}', '\u{2028}', '\u{200b}'] {
            assert!(!is_print(c), "{c:?}");
        }
    }

    #[test]
    fn each_byte_that_is_not_utf8_is_one_replacement_character() {
        assert_eq!(utf8_lossy(b"a\x80\x81b"), "a\u{fffd}\u{fffd}b");
        assert_eq!(utf8_lossy("ä".as_bytes()), "ä");
    }

    #[test]
    fn json_strings_are_escaped_as_go_does() {
        let json = serde_json::to_vec("<a>&\u{2028}\u{8}\u{c}\\b\n").unwrap();
        assert!(max_escaped_len(&json) >= escape_json(json.clone()).len());
        assert_eq!(
            escape_json(json),
            br#""\u003ca\u003e\u0026\u2028\u0008\u000c\\b\n""#
        );
    }

    #[test]
    fn durations_need_units_and_add_up() {
        for (text, nanos) in [
            ("0", 0),
            ("1s", 1_000_000_000),
            ("1500ms", 1_500_000_000),
            ("0.5s", 500_000_000),
            ("1s500ms", 1_500_000_000),
            ("1h2m", 3_720_000_000_000),
            ("-1s", -1_000_000_000),
            ("+1s", 1_000_000_000),
            ("7µs", 7_000),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(nanos), "{text}");
        }
        for text in [
            "", "-", "10", "10d", "abc", "s", "1.2.3s", " 1s", "1e3s", "9999999h",
        ] {
            assert!(parse_duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn numbers_have_no_sign_and_64_bits() {
        assert_eq!(parse_uint("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(
            parse_uint("18446744073709551616").unwrap_err(),
            "strconv.ParseUint: parsing \"18446744073709551616\": value out of range"
        );
        for text in ["", "-1", "+5", "abc", "1 "] {
            assert_eq!(
                parse_uint(text).unwrap_err(),
                format!("strconv.ParseUint: parsing {text:?}: invalid syntax")
            );
        }
    }
}
