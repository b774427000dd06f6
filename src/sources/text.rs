//! The text of a source, and the value of a file.

use std::path::Path;

use super::SourceError;
use crate::model::{Place, describe_foreign, without_byte_order_mark};

/// Returns the text of a document, without a byte order mark.
pub fn decode<'a>(bytes: &'a [u8], file: &Path) -> Result<&'a str, SourceError> {
    let body = without_byte_order_mark(bytes);
    match std::str::from_utf8(body) {
        // What is UTF-8 may still be UTF-16 of ASCII letters.
        Ok(text) if !text.contains('\0') => Ok(text),
        Ok(text) => match describe_foreign(bytes) {
            Some(words) => Err(SourceError::of_file(file, format!("the file is {words}"))),
            None => Ok(text),
        },
        Err(error) => {
            if let Some(words) = describe_foreign(bytes) {
                return Err(SourceError::of_file(file, format!("the file is {words}")));
            }
            let place = Place {
                file: file.to_owned(),
                line: Some(line_of(body, error.valid_up_to())),
            };
            let error = SourceError::at(place, "the text is not UTF-8");
            Err(error.hint("convert it, for example: iconv -f LATIN1 -t UTF-8"))
        }
    }
}

/// Returns the number of the line that a byte is in, from 1.
pub fn line_of(text: &[u8], at: usize) -> u32 {
    let breaks = memchr::memchr_iter(b'\n', &text[..at.min(text.len())]).count();
    u32::try_from(breaks + 1).unwrap_or(u32::MAX)
}

/// Returns the value of a file. The last newline of a text ends its last line, as editors write it, and
/// is no part of the value; other bytes are the value as they are. So a value and its file determine
/// each other, but for text that ends in `\r`.
pub fn value_of_file(mut bytes: Vec<u8>, exact: bool) -> Vec<u8> {
    if exact || bytes.last() != Some(&b'\n') || std::str::from_utf8(&bytes).is_err() {
        return bytes;
    }
    bytes.pop();
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_final_newline_of_a_text_is_no_part_of_the_value() {
        for (file, value) in [
            (&b"8080\n"[..], &b"8080"[..]),
            (b"8080", b"8080"),
            (b"", b""),
            (b"\n", b""),
            (b"\n\n", b"\n"),
            (b"\r\n", b""),
            (b"a\r\n", b"a"),
            (b"a\r\r\n", b"a\r"),
            (b"\r", b"\r"),
            (b"a\r", b"a\r"),
            (b"\xff\n", b"\xff\n"),
            (b"\x00\x0a", b"\x00"),
            (b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfa"),
            (b" a \n", b" a "),
        ] {
            assert_eq!(value_of_file(file.to_vec(), false), value, "{file:?}");
            assert_eq!(value_of_file(file.to_vec(), true), file, "{file:?}");
        }
    }

    #[test]
    fn a_text_in_another_encoding_is_refused_with_its_line() {
        let error = decode(b"a=1\nb=\xe9\n", Path::new("x.env")).unwrap_err();
        assert_eq!(error.to_string(), "x.env:2: the text is not UTF-8");
        let error = decode(b"a\0b\0", Path::new("x.env")).unwrap_err();
        assert!(error.what.contains("UTF-16"), "{error}");
        assert_eq!(decode(b"\xef\xbb\xbfa", Path::new("x")), Ok("a"));
    }
}
