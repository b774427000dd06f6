//! The project's own Rust files, as the tests read them that hold its rules.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use regex::Regex;

/// A Rust file.
pub struct Source {
    /// Its path from the package's folder.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
    /// The text with comments, strings and characters blanked; offsets and lines stay.
    pub code: String,
}

impl Source {
    /// Reads a file.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        Source {
            path: path.to_owned(),
            code: blank_text(&text),
            text,
        }
    }

    /// `file:line` of an offset.
    pub fn place(&self, offset: usize) -> String {
        let line = self.code[..offset].matches('\n').count() + 1;
        format!("{}:{line}", self.path.display())
    }

    /// `file:line: text` for each match of a pattern in the code, the text being its last group.
    pub fn find_code(&self, pattern: &Regex) -> Vec<(String, String)> {
        self.find_in(&self.code, pattern)
    }

    /// The same for a text of the same length.
    pub fn find_in(&self, text: &str, pattern: &Regex) -> Vec<(String, String)> {
        pattern
            .captures_iter(text)
            .map(|captures| {
                let last = captures.iter().flatten().last().unwrap();
                (self.place(last.start()), last.as_str().to_owned())
            })
            .collect()
    }

    /// The code with items for tests blanked.
    pub fn production_code(&self) -> String {
        let mut code = self.code.clone().into_bytes();
        for range in self.test_items() {
            blank(&mut code[range]);
        }
        String::from_utf8(code).unwrap()
    }

    /// Where the items marked `#[cfg(test)]` stand.
    pub fn test_items(&self) -> Vec<Range<usize>> {
        let starts = self.code.match_indices("#[cfg(test)]");
        starts
            .map(|(start, mark)| start..item_end(self.code.as_bytes(), start + mark.len()))
            .collect()
    }
}

/// All Rust files below a folder, sorted.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All Rust files below a folder.
pub fn sources(folder: &str) -> Vec<Source> {
    let files = rust_files(Path::new(folder));
    files.iter().map(|file| Source::read(file)).collect()
}

/// A pattern that is known to be one.
pub fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// The end of an item: a semicolon, or the brace that closes its body, and a semicolon behind that.
fn item_end(code: &[u8], start: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in code.iter().enumerate().skip(start) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' => depth -= 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    let rest = &code[at + 1..];
                    let next = rest.iter().position(|byte| !byte.is_ascii_whitespace());
                    let semicolon = next.filter(|next| rest[*next] == b';');
                    return at + 1 + semicolon.map_or(0, |semicolon| semicolon + 1);
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn blank_text(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while at < bytes.len() {
        match text_length(text, at) {
            0 => at += 1,
            length => {
                blank(&mut bytes[at..at + length]);
                at += length;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The length of the comment, string or character that begins here, 0 where none does.
fn text_length(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at..];
    let inside_word = at > 0 && is_word(text.as_bytes()[at - 1]);
    match rest {
        [b'/', b'/', ..] => rest.iter().take_while(|byte| **byte != b'\n').count(),
        [b'/', b'*', ..] => comment_length(rest),
        [b'"', ..] => string_length(rest),
        // The character behind the backslash may be a quote itself.
        [b'\'', b'\\', _, tail @ ..] => 4 + tail.iter().take_while(|byte| **byte != b'\'').count(),
        [b'\'', ..] => {
            let character = text[at + 1..].chars().next().map_or(0, char::len_utf8);
            // Otherwise it is a lifetime.
            let closed = rest.get(1 + character) == Some(&b'\'');
            if closed { character + 2 } else { 0 }
        }
        [b'r', b'"' | b'#', ..] if !inside_word => raw_string_length(rest, 1),
        [b'b', b'r', b'"' | b'#', ..] if !inside_word => raw_string_length(rest, 2),
        _ => 0,
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn comment_length(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while rest[at] != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// From a prefix of this length on: hashes, the text, as many hashes. A raw identifier is none.
fn raw_string_length(rest: &[u8], prefix: usize) -> usize {
    let hashes = rest[prefix..]
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    if rest.get(prefix + hashes) != Some(&b'"') {
        return 0;
    }
    let end = [&b"\""[..], &vec![b'#'; hashes]].concat();
    let start = prefix + hashes + 1;
    let text = rest[start..]
        .windows(end.len())
        .position(|window| window == end);
    start + text.unwrap() + end.len()
}
