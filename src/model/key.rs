//! Keys and prefixes, and which of them a URL can carry.

use std::borrow::{Borrow, Cow};
use std::fmt;

/// Invalid input: the place, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// `line 3`, `entry 7`, or empty where there is only one place.
    pub place: String,
    /// The description, one lower-case phrase.
    pub what: String,
}

impl Invalid {
    /// Invalid input at `place`.
    pub fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Invalid {
            place: place.into(),
            what: what.into(),
        }
    }

    /// The same in a file or stdin of this name.
    pub fn within(self, name: &str) -> Self {
        match self.place {
            place if place.is_empty() => Invalid::new(name, self.what),
            place => Invalid::new(format!("{name}: {place}"), self.what),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            f.write_str(&self.what)
        } else {
            write!(f, "{}: {}", self.place, self.what)
        }
    }
}

impl std::error::Error for Invalid {}

/// The width of a name in a message.
const MAX_SHOWN: usize = 80;

/// Returns the name of a key or a file as messages show it: cut at 80 columns.
pub fn abbreviate(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MAX_SHOWN - 1) {
        Some((end, last)) if end + last.len_utf8() < name.len() => {
            Cow::Owned(format!("{}…", &name[..end]))
        }
        _ => Cow::Borrowed(name),
    }
}

/// Names the first `most` of some keys or files, as messages show them: `a, b and 3 more`.
pub fn name_first<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let mut names = names.into_iter();
    let first: Vec<_> = names.by_ref().take(most).map(abbreviate).collect();
    match names.count() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// The full name of one entry. Never empty: Consul answers `Missing key name` to an empty one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// Takes the text unchanged, also one that a URL cannot carry.
    ///
    /// # Errors
    /// When it is empty.
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        if text.is_empty() {
            return Err(Invalid::new("", "a key cannot be empty"));
        }
        Ok(Key(text))
    }

    /// Returns the name as Consul stores it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a folder by convention: its name ends in `/`.
    pub fn is_folder(&self) -> bool {
        self.0.ends_with('/')
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A prefix of keys, compared byte by byte: `web/b` also matches `web/b2`. The empty one matches all
/// keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(String);

impl Prefix {
    /// Takes the text unchanged.
    pub fn new(text: impl Into<String>) -> Self {
        Prefix(text.into())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it matches all keys.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the name without the prefix, or whole where it does not start with it.
    pub fn strip_from<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(self.as_str()).unwrap_or(name)
    }

    /// Returns the prefix itself if a URL can carry it, or else the longest beginning that a URL can
    /// carry, cut after a `/`: the caller then has to filter what is listed.
    pub fn clean(&self) -> Prefix {
        let mut text = self.0.as_str();
        while obstacle(text).is_some() {
            let inner = text.strip_suffix('/').unwrap_or(text);
            text = inner.rfind('/').map_or("", |slash| &text[..=slash]);
        }
        Prefix(text.to_owned())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The reason why a URL cannot carry a name. Consul's router cleans paths: it answers with a redirect,
/// or (newer servers, with percent escapes) silently reads, writes or deletes another key. Such names
/// are sent in transactions, where a key is JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// It starts with `/`.
    LeadingSlash,
    /// It contains `//`.
    EmptySegment,
    /// A segment is `.` or `..`.
    DotSegment,
    /// A character is not printable in the sense of Go's `unicode.IsPrint`: the agent answers 400
    /// with an empty body.
    Unprintable,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Obstacle::LeadingSlash => "starts with '/'",
            Obstacle::EmptySegment => "contains '//'",
            Obstacle::DotSegment => "contains a '.' or '..' segment",
            Obstacle::Unprintable => "contains an unprintable character",
        })
    }
}

/// Returns the reason why a URL cannot carry a key or a prefix; `None` for nearly all.
pub fn obstacle(text: &str) -> Option<Obstacle> {
    if text.chars().any(is_unprintable) {
        return Some(Obstacle::Unprintable);
    }
    if text.starts_with('/') {
        return Some(Obstacle::LeadingSlash);
    }
    if text.contains("//") {
        return Some(Obstacle::EmptySegment);
    }
    if text.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Some(Obstacle::DotSegment);
    }
    None
}

/// Whether Go's `unicode.IsPrint` is false. Rust's `escape_debug` uses the same categories; with a
/// letter in front it does not escape combining marks, which are printable.
fn is_unprintable(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let mut text = [b'a', 0, 0, 0, 0];
    let length = 1 + c.encode_utf8(&mut text[1..]).len();
    std::str::from_utf8(&text[..length]).is_ok_and(|text| text.escape_debug().nth(1) == Some('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_at_eighty_columns() {
        let name = |length: usize| "ü".repeat(length);
        for length in [0, 1, 79, 80] {
            assert_eq!(abbreviate(&name(length)), name(length));
        }
        assert_eq!(abbreviate(&name(81)), name(79) + "…");
        assert_eq!(abbreviate(&name(9999)).chars().count(), 80);
    }

    #[test]
    fn ordinary_names_have_no_obstacle() {
        for name in [
            "a", "a/b", "a/", "...", "a..b", " a", "a ", "ключ", "🚀", "a%2F%2Fb", "a\"b\\c'", "",
            "a+b?c#d", "e\u{301}",
        ] {
            assert_eq!(obstacle(name), None, "{name:?}");
        }
    }

    #[test]
    fn what_the_router_would_clean_is_an_obstacle() {
        assert_eq!(obstacle("/a"), Some(Obstacle::LeadingSlash));
        assert_eq!(obstacle("a//b"), Some(Obstacle::EmptySegment));
        assert_eq!(obstacle("a//"), Some(Obstacle::EmptySegment));
        for name in [".", "..", "a/./b", "a/..", "../a", "a/../b"] {
            assert_eq!(obstacle(name), Some(Obstacle::DotSegment), "{name:?}");
        }
    }

    #[test]
    fn what_go_does_not_print_is_an_obstacle() {
        for name in [
            "a\tb", "a\nb", "a\0b", "\u{7f}", "\u{a0}", "\u{2028}", "\u{202e}", "\u{200b}",
        ] {
            assert_eq!(obstacle(name), Some(Obstacle::Unprintable), "{name:?}");
        }
    }

    #[test]
    fn an_unclean_prefix_is_listed_from_the_nearest_clean_folder() {
        for (prefix, clean) in [
            ("a/b/", "a/b/"),
            ("a/b", "a/b"),
            ("", ""),
            ("a//b", "a/"),
            ("a//", "a/"),
            ("a/./b/c", "a/"),
            ("/x", ""),
            ("a/b\tc", "a/"),
            ("a/b/..", "a/b/"),
        ] {
            assert_eq!(Prefix::new(prefix).clean().as_str(), clean, "{prefix:?}");
        }
    }

    #[test]
    fn a_key_is_never_empty() {
        assert_eq!(
            Key::new("").unwrap_err().to_string(),
            "a key cannot be empty"
        );
    }
}
