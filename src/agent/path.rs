//! The path and query of a request's target, as Go's router sees them.

use super::golang;

/// The reason why a target is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetError {
    /// A percent sign without two hexadecimal digits.
    InvalidEscape,
    /// No leading `/`.
    NotAPath,
}

/// Returns the decoded path and the raw query after the first `?`.
///
/// # Errors
/// When the path has a malformed escape or does not begin with `/`. A target in absolute form loses
/// its scheme and host.
pub fn split(target: &str) -> Result<(Vec<u8>, &str), TargetError> {
    let target = target
        .strip_prefix("http://")
        .map_or(target, |rest| rest.find('/').map_or("/", |at| &rest[at..]));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if !path.starts_with('/') {
        return Err(TargetError::NotAPath);
    }
    Ok((
        decode(path, false).ok_or(TargetError::InvalidEscape)?,
        query,
    ))
}

/// Decodes percent escapes; in a query `+` is a space. `None` where an escape is malformed.
pub fn decode(text: &str, query: bool) -> Option<Vec<u8>> {
    let hex = |byte: u8| char::from(byte).to_digit(16);
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let (high, low) = (hex(bytes.next()?)?, hex(bytes.next()?)?);
                u8::try_from(high * 16 + low).expect("two hexadecimal digits are a byte")
            }
            b'+' if query => b' ',
            byte => byte,
        });
    }
    Some(decoded)
}

/// Whether every character of the path is printable. Otherwise Consul answers 400 with an empty
/// body. Bytes that are not UTF-8 count as U+FFFD, which is printable.
pub fn is_printable(path: &[u8]) -> bool {
    path.utf8_chunks()
        .all(|chunk| chunk.valid().chars().all(golang::is_print))
}

/// Returns the path without empty, `.` and `..` segments; a slash at the end stays.
pub fn clean(path: &[u8]) -> Vec<u8> {
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            name => segments.push(name),
        }
    }
    let mut cleaned = Vec::with_capacity(path.len());
    for segment in &segments {
        cleaned.push(b'/');
        cleaned.extend_from_slice(segment);
    }
    if cleaned.is_empty() || path.ends_with(b"/") {
        cleaned.push(b'/');
    }
    cleaned
}

/// Encodes the path with the escapes that Go writes into a `Location`.
pub fn encode(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'~'
            | b'$'
            | b'&'
            | b'+'
            | b','
            | b'/'
            | b':'
            | b';'
            | b'='
            | b'@' => text.push(char::from(*byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_is_itself_in_a_path_and_a_space_in_a_query() {
        assert_eq!(decode("a+b%2B", false).unwrap(), b"a+b+");
        assert_eq!(decode("a+b%2B", true).unwrap(), b"a b+");
    }

    #[test]
    fn a_malformed_escape_is_refused() {
        for text in ["%", "%z0", "%1", "a%zz"] {
            assert_eq!(decode(text, false), None, "{text}");
        }
        assert_eq!(split("/v1/kv/%zz"), Err(TargetError::InvalidEscape));
        assert_eq!(split("v1/kv/a"), Err(TargetError::NotAPath));
    }

    #[test]
    fn a_target_is_cut_at_its_first_question_mark() {
        assert_eq!(split("/a%3Fb?c?d").unwrap(), (b"/a?b".to_vec(), "c?d"));
        assert_eq!(split("http://h:1/a").unwrap(), (b"/a".to_vec(), ""));
    }

    #[test]
    fn cleaning_works_as_in_gos_router() {
        for (path, cleaned) in [
            ("/v1/kv/a", "/v1/kv/a"),
            ("/v1/kv/a/", "/v1/kv/a/"),
            ("/v1/kv/a//b", "/v1/kv/a/b"),
            ("//v1/kv/x", "/v1/kv/x"),
            ("/v1/kv/a/../b", "/v1/kv/b"),
            ("/v1/kv/a/b/.", "/v1/kv/a/b"),
            ("/v1/kv/..", "/v1"),
            ("/v1/kv/../status/leader", "/v1/status/leader"),
            ("/v1/kv/...", "/v1/kv/..."),
            ("/v1/kv/a..b", "/v1/kv/a..b"),
            ("/../..", "/"),
            ("/", "/"),
        ] {
            assert_eq!(clean(path.as_bytes()), cleaned.as_bytes(), "{path}");
        }
    }

    #[test]
    fn unprintable_characters_are_found_and_invalid_bytes_are_printable() {
        assert!(is_printable("/v1/kv/a b ключ 🚀".as_bytes()));
        assert!(is_printable(b"/v1/kv/bad\x80utf"));
        assert!(!is_printable(b"/v1/kv/a\tb"));
        assert!(!is_printable("/v1/kv/\u{a0}".as_bytes()));
    }

    #[test]
    fn a_location_is_escaped_as_by_go() {
        assert_eq!(encode("/k/ü+% ?".as_bytes()), "/k/%C3%BC+%25%20%3F");
    }
}
