//! Regular expressions over bytes, on the engine of `globset`.

use std::fmt;

use regex_automata::meta;
use regex_automata::util::syntax;

/// A regular expression in the syntax of the `regex` crate, without `\p{…}`, that matches bytes of any
/// encoding.
#[derive(Debug, Clone)]
pub struct Regex {
    pattern: String,
    engine: meta::Regex,
}

impl Regex {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// A pattern that is invalid, not supported or too large, described in one line.
    pub fn new(pattern: &str) -> Result<Self, String> {
        if has_unicode_class(pattern) {
            return Err(
                r"classes of Unicode properties, such as \p{Greek}, are not supported".to_owned(),
            );
        }
        let engine = meta::Regex::builder()
            .configure(meta::Config::new().utf8_empty(false))
            .syntax(syntax::Config::new().utf8(false))
            .build(pattern)
            .map_err(|error| describe(&error))?;
        Ok(Regex {
            pattern: pattern.to_owned(),
            engine,
        })
    }

    /// Whether it matches anywhere in `bytes`.
    pub fn is_match(&self, bytes: &[u8]) -> bool {
        self.engine.is_match(bytes)
    }
}

impl fmt::Display for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pattern)
    }
}

/// Whether the pattern has a class `\p` or `\P`. The engine is built without their tables, which are
/// large. It would answer "property not found" and, built for tests, even find them for proptest.
fn has_unicode_class(pattern: &str) -> bool {
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        if char == '\\' && matches!(chars.next(), Some('p' | 'P')) {
            return true;
        }
    }
    false
}

fn describe(error: &meta::BuildError) -> String {
    if let Some(limit) = error.size_limit() {
        return format!("the compiled pattern exceeds the size limit of {limit} bytes");
    }
    let Some(error) = error.syntax_error() else {
        return error.to_string();
    };
    // The lines before the last one quote the pattern.
    let text = error.to_string();
    let what = text.lines().last().unwrap_or_default();
    what.strip_prefix("error: ").unwrap_or(what).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, bytes: &[u8]) -> bool {
        Regex::new(pattern).unwrap().is_match(bytes)
    }

    #[test]
    fn words_digits_and_case_are_those_of_unicode_and_bytes_need_not_be_text() {
        assert!(is_match(r"^\w+$", "größe".as_bytes()));
        assert!(is_match(r"^(?i)GRÖSSE$", "grösse".as_bytes()));
        assert!(is_match(r"^\d\s\b", "٣\u{2003}λ".as_bytes()));
        assert!(!is_match(r"^.$", b"\xff"));
        assert!(is_match(r"(?-u)^\xff\x00", b"\xff\x00ok"));
        assert!(is_match("ok$", b"\xff\x00ok"));
    }

    #[test]
    fn classes_of_unicode_properties_are_refused() {
        for pattern in [r"\p{Greek}", r"x\PL", r"[^\p{L}]", r"\\\pN"] {
            assert_eq!(
                Regex::new(pattern).unwrap_err(),
                r"classes of Unicode properties, such as \p{Greek}, are not supported"
            );
        }
        assert!(is_match(r"^\\p", br"\p"));
    }

    #[test]
    fn an_error_is_one_line() {
        let wrong = |pattern| Regex::new(pattern).unwrap_err();
        assert_eq!(wrong("x("), "unclosed group");
        assert_eq!(
            wrong(r"\w{1000}{1000}"),
            "the compiled pattern exceeds the size limit of 10485760 bytes"
        );
    }
}
