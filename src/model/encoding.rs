//! The encodings of documents and of the values in them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Returns the text without a leading UTF-8 byte order mark, which some editors write.
pub fn without_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// Decodes base64. Line breaks are ignored, as Consul and its client do; everything else is strict.
///
/// # Errors
/// Says that the value is not base64, and where.
pub fn decode_base64(text: &[u8]) -> Result<Vec<u8>, String> {
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let decoded = BASE64_STANDARD.decode(text).or_else(|error| {
        if !text.iter().any(is_break) {
            return Err(error);
        }
        let text: Vec<u8> = text
            .iter()
            .copied()
            .filter(|byte| !is_break(byte))
            .collect();
        BASE64_STANDARD.decode(text)
    });
    decoded.map_err(|error| {
        let error = error.to_string();
        format!("the value is not base64: {}", error.trim_end_matches('.'))
    })
}

/// Returns what a document is, by its first bytes, if it cannot be JSON in UTF-8, and how to convert it.
pub fn describe_foreign(start: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 9] = [
        (
            b"\xff\xfe\0\0",
            "UTF-32 text; convert it: iconv -f UTF-32 -t UTF-8",
        ),
        (
            b"\xff\xfe",
            "UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8",
        ),
        (
            b"\xfe\xff",
            "UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8",
        ),
        (b"\x1f\x8b", "compressed with gzip; convert it: gzip -dc"),
        (
            b"\x28\xb5\x2f\xfd",
            "compressed with zstd; convert it: zstd -dc",
        ),
        (b"\xfd7zXZ\0", "compressed with xz; convert it: xz -dc"),
        (b"BZh", "compressed with bzip2; convert it: bzip2 -dc"),
        (b"PK\x03\x04", "a ZIP archive; convert it: unzip -p"),
        // Without a byte order mark: JSON begins with ASCII.
        (
            b"\0\0\0",
            "UTF-32 text; convert it: iconv -f UTF-32BE -t UTF-8",
        ),
    ];
    let known = known
        .into_iter()
        .find(|(magic, _)| start.starts_with(magic));
    if let Some((_, words)) = known {
        return Some(words);
    }
    match start {
        [1..=0x7f, 0, 0, 0, ..] => Some("UTF-32 text; convert it: iconv -f UTF-32LE -t UTF-8"),
        [1..=0x7f, 0, ..] => Some("UTF-16 text; convert it: iconv -f UTF-16LE -t UTF-8"),
        [0, 1..=0x7f, ..] => Some("UTF-16 text; convert it: iconv -f UTF-16BE -t UTF-8"),
        _ => describe_markup(start),
    }
}

fn describe_markup(start: &[u8]) -> Option<&'static str> {
    let text = start.trim_ascii_start();
    let begins = |tag: &str| {
        text.get(..tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
    };
    if begins("<!doctype html") || begins("<html") || begins("<head") || begins("<!--") {
        return Some("an HTML page; fetch the document itself, for example with kvw export");
    }
    begins("<")
        .then_some("XML or HTML, not JSON; fetch the document itself, for example with kvw export")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_may_have_line_breaks_and_nothing_else() {
        for text in [
            "aGVsbG8=",
            "aGVs\nbG8=\n",
            "aGVs\r\nbG8=\r\n",
            "\naGVsbG8\n=",
        ] {
            assert_eq!(
                decode_base64(text.as_bytes()).unwrap(),
                b"hello",
                "{text:?}"
            );
        }
        assert_eq!(decode_base64(b"\n").unwrap(), b"");
        for text in [
            "aGVsbG8",
            "aGVs bG8=",
            "aGVs\tbG8=",
            "_-__",
            "aGVsbG8\n",
            "?\n",
        ] {
            assert!(decode_base64(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_json_is_named() {
        let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(order).collect()
        };
        for (start, words) in [
            (
                utf16("\u{feff}[", u16::to_le_bytes),
                "UTF-16 text; convert it: iconv -f UTF-16 ",
            ),
            (
                utf16("\u{feff}[", u16::to_be_bytes),
                "UTF-16 text; convert it: iconv -f UTF-16 ",
            ),
            (utf16("\n[{", u16::to_le_bytes), "iconv -f UTF-16LE "),
            (utf16("[]", u16::to_be_bytes), "iconv -f UTF-16BE "),
            (b"\xff\xfe\0\0[\0\0\0".to_vec(), "iconv -f UTF-32 "),
            (b"[\0\0\0".to_vec(), "iconv -f UTF-32LE "),
            (b"\0\0\0[".to_vec(), "iconv -f UTF-32BE "),
            (b"\x1f\x8b\x08\0".to_vec(), "gzip -dc"),
            (b"\x28\xb5\x2f\xfd".to_vec(), "zstd"),
            (b"\xfd7zXZ\0".to_vec(), "xz"),
            (b"BZh9".to_vec(), "bzip2"),
            (b"PK\x03\x04".to_vec(), "ZIP"),
            (b"\n<!DOCTYPE html>".to_vec(), "an HTML page"),
            (b"<HTML>".to_vec(), "an HTML page"),
            (b"<?xml?>".to_vec(), "XML or HTML"),
        ] {
            let named = describe_foreign(&start).unwrap_or_default();
            assert!(named.contains(words), "{start:?}: {named}");
        }
        for start in [
            &b""[..],
            b"[",
            b"[{",
            b" \n{",
            b"set a b",
            "ü".as_bytes(),
            b"\0",
        ] {
            assert_eq!(describe_foreign(start), None, "{start:?}");
        }
    }
}
