//! Java properties: the grammar of `java.util.Properties`, in UTF-8. `${…}` stays text.

use std::str::Chars;

use super::tree::DocumentNames;
use super::{Dots, SourceError};
use crate::model::Desired;

/// Reads a `.properties` document.
pub fn parse(text: &str, names: &DocumentNames) -> Result<Vec<Desired>, SourceError> {
    let mut entries = Vec::new();
    for (line, logical) in LogicalLines::new(text) {
        let error = |what| names.error(line, what);
        let (name, value) = split(&logical);
        let mut name = unescape(name).map_err(error)?;
        let value = unescape(value).map_err(error)?;
        if names.options.dots == Dots::Slash {
            name = name.replace('.', "/");
        }
        names.check(&name, line)?;
        entries.push(names.entry(&name, Some(value.into_bytes()), line)?);
    }
    Ok(entries)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c')
}

/// Lines that a backslash at their end joins, without comments and blanks at the start.
struct LogicalLines<'a> {
    rest: &'a str,
    line: u32,
}

impl<'a> LogicalLines<'a> {
    fn new(text: &'a str) -> Self {
        LogicalLines {
            rest: text,
            line: 0,
        }
    }

    /// The next natural line: Java ends it at `\n`, `\r` or both.
    fn natural(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        let rest = rest.strip_prefix("\r\n").or_else(|| rest.get(1..));
        self.rest = rest.unwrap_or_default();
        Some(line.trim_start_matches(is_blank))
    }
}

impl Iterator for LogicalLines<'_> {
    type Item = (u32, String);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let first = self.natural()?;
            if first.is_empty() || first.starts_with(['#', '!']) {
                continue;
            }
            let line = self.line;
            let mut logical = first.to_owned();
            while ends_escaped(&logical) {
                logical.pop();
                match self.natural() {
                    Some(next) => logical.push_str(next),
                    None => break,
                }
            }
            // A line that is only a backslash joins nothing to nothing.
            if !logical.is_empty() {
                return Some((line, logical));
            }
        }
    }
}

fn ends_escaped(line: &str) -> bool {
    let backslashes = line.bytes().rev().take_while(|byte| *byte == b'\\');
    backslashes.count() % 2 == 1
}

/// Splits a line at the first `=`, `:` or blank that is not escaped.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|(_, c)| {
        let ends = !escaped && (matches!(c, '=' | ':') || is_blank(*c));
        escaped = *c == '\\' && !escaped;
        ends
    });
    let Some((end, _)) = end else {
        return (line, "");
    };
    let value = line[end..].trim_start_matches(is_blank);
    let value = value.strip_prefix(['=', ':']).unwrap_or(value);
    (&line[..end], value.trim_start_matches(is_blank))
}

fn unescape(text: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            None => {}
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\x0c'),
            Some('u') => plain.push(unicode(&mut chars)?),
            Some(c) => plain.push(c),
        }
    }
    Ok(plain)
}

/// Reads the four digits behind `\u`, and the other half of a character that takes two.
fn unicode(chars: &mut Chars<'_>) -> Result<char, String> {
    let first = unit(chars)?;
    let mut units = vec![first];
    if (0xd800..0xdc00).contains(&first) {
        if let Some(rest) = chars.as_str().strip_prefix("\\u") {
            *chars = rest.chars();
            units.push(unit(chars)?);
        }
    }
    let mut decoded = char::decode_utf16(units);
    match (decoded.next(), decoded.next()) {
        (Some(Ok(c)), None) => Ok(c),
        _ => Err(format!("\\u{first:04x} is half a character")),
    }
}

fn unit(chars: &mut Chars<'_>) -> Result<u16, String> {
    let digits: String = chars.by_ref().take(4).collect();
    let are_digits = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = are_digits.then(|| u16::from_str_radix(&digits, 16).ok());
    let malformed = || format!("\\u takes four hexadecimal digits, not '{digits}'");
    unit.flatten().ok_or_else(malformed)
}

#[cfg(test)]
mod tests;
