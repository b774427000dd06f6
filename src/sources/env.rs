//! Environment files: `.env`, whose readers disagree about `$`, and the lines of `docker run --env-file`.

use super::SourceError;
use super::tree::DocumentNames;
use crate::model::{Desired, abbreviate};

/// Reads a `.env` file. Nothing is ever interpolated: shells and compose would, docker would not, so a
/// `$` that could be a reference has to be escaped or in single quotes.
pub fn parse(text: &str, names: &DocumentNames) -> Result<Vec<Desired>, SourceError> {
    let mut reader = Reader {
        rest: text,
        line: 1,
    };
    let mut entries = Vec::new();
    while let Some((line, name, value)) = reader
        .next()
        .map_err(|(line, what)| located(names, line, what))?
    {
        let path = path_of(&name, line, names)?;
        entries.push(names.entry(&path, Some(value.into_bytes()), line)?);
    }
    Ok(entries)
}

/// Reads the file of `docker run --env-file`: a value is the rest of its line, quotes included.
pub fn parse_docker(text: &str, names: &DocumentNames) -> Result<Vec<Desired>, SourceError> {
    let mut entries = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (name, value) = content
            .split_once('=')
            .ok_or_else(|| names.error(line, WITHOUT_VALUE))?;
        if name.contains(char::is_whitespace) {
            let what = format!("the name '{}' has white space", abbreviate(name));
            return Err(names.error(line, what));
        }
        let path = path_of(name, line, names)?;
        entries.push(names.entry(&path, Some(value.as_bytes().to_vec()), line)?);
    }
    Ok(entries)
}

const WITHOUT_VALUE: &str = "a line is NAME=VALUE, and this one has no =";

/// A reason that needs a hint.
const REFERENCE: &str = "the value has a $ that other programs would expand";

fn located(names: &DocumentNames, line: u32, what: String) -> SourceError {
    let expands = what == REFERENCE;
    let error = names.error(line, what);
    match expands {
        true => error.hint("put it in single quotes, or write \\$"),
        false => error,
    }
}

/// The path of a variable: its name, in parts where it is to be split.
fn path_of(name: &str, line: u32, names: &DocumentNames) -> Result<String, SourceError> {
    names.check(name, line)?;
    let Some(separator) = &names.options.split else {
        return Ok(name.to_owned());
    };
    let parts: Vec<&str> = name.split(&**separator).collect();
    if parts.contains(&"") {
        let what = format!("'{}' has an empty part", abbreviate(name));
        return Err(names.error(line, what));
    }
    Ok(parts.join("/"))
}

type Fault = (u32, String);

struct Reader<'a> {
    rest: &'a str,
    line: u32,
}

impl<'a> Reader<'a> {
    /// The next variable, its line first.
    fn next(&mut self) -> Result<Option<(u32, String, String)>, Fault> {
        loop {
            let line = self.line;
            let content = self.rest_of_line().trim();
            if content.is_empty() || content.starts_with('#') {
                if !self.skip_line() {
                    return Ok(None);
                }
                continue;
            }
            let fault = |what: String| (line, what);
            let end = self.rest_of_line().find('=');
            let end = end.ok_or_else(|| fault(WITHOUT_VALUE.to_owned()))?;
            let name = self.rest[..end].trim();
            let name = match name.split_once([' ', '\t']) {
                Some(("export", name)) => name.trim_start(),
                _ => name,
            };
            let is_odd = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '$' | '#');
            if name.contains(is_odd) {
                let name = abbreviate(name);
                return Err(fault(format!("'{name}' is no name of a variable")));
            }
            let name = name.to_owned();
            self.rest = &self.rest[end + 1..];
            let value = match self.rest.trim_start_matches([' ', '\t']) {
                quoted if quoted.starts_with(['"', '\'']) => {
                    self.rest = &quoted[1..];
                    match quoted.starts_with('\'') {
                        true => self.single_quoted(line)?,
                        false => self.double_quoted(line)?,
                    }
                }
                _ => bare(self.rest_of_line()).map_err(fault)?,
            };
            self.skip_line();
            return Ok(Some((line, name, value)));
        }
    }

    fn rest_of_line(&self) -> &'a str {
        self.rest.split('\n').next().unwrap_or_default()
    }

    /// Goes to the next line; false at the end.
    fn skip_line(&mut self) -> bool {
        self.line += 1;
        let (_, rest) = self.rest.split_once('\n').unwrap_or_default();
        let more = self.rest.contains('\n');
        self.rest = rest;
        more
    }

    fn single_quoted(&mut self, start: u32) -> Result<String, Fault> {
        let Some(end) = self.rest.find('\'') else {
            return Err((start, "the quote ' is not closed".to_owned()));
        };
        let value = self.rest[..end].replace("\r\n", "\n");
        self.pass(end);
        self.close(value)
    }

    fn double_quoted(&mut self, start: u32) -> Result<String, Fault> {
        let mut value = String::new();
        let mut line = start;
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.pass(at);
                    return self.close(value);
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => value.push('\n'),
                    Some('r') => value.push('\r'),
                    Some('t') => value.push('\t'),
                    Some(c @ ('\\' | '"' | '$')) => value.push(c),
                    Some(c) => {
                        let what = format!(
                            "\\{} is no escape: \\n \\r \\t \\\\ \\\" \\$ are",
                            c.escape_debug()
                        );
                        return Err((line, what));
                    }
                    None => break,
                },
                '$' if is_reference(&self.rest[at..]) => return Err((line, REFERENCE.to_owned())),
                '\r' if self.rest[at..].starts_with("\r\n") => {}
                '\n' => {
                    line += 1;
                    value.push(c);
                }
                c => value.push(c),
            }
        }
        Err((start, "the quote \" is not closed".to_owned()))
    }

    /// Goes behind a quoted value, whose closing quote is at `end`.
    fn pass(&mut self, end: usize) {
        let breaks = memchr::memchr_iter(b'\n', &self.rest.as_bytes()[..end]).count();
        self.line += u32::try_from(breaks).unwrap_or(0);
        self.rest = &self.rest[end + 1..];
    }

    /// Checks that only a comment follows a quoted value.
    fn close(&self, value: String) -> Result<String, Fault> {
        let behind = self.rest_of_line();
        let comment = behind.trim_start();
        let spaced = comment.len() < behind.len();
        if comment.trim_end().is_empty() || (spaced && comment.starts_with('#')) {
            return Ok(value);
        }
        Err((self.line, "something follows the closing quote".to_owned()))
    }
}

/// The value of a line without quotes: cut at a comment and trimmed.
fn bare(text: &str) -> Result<String, String> {
    let blank_before = |at: usize| text[..at].ends_with([' ', '\t']);
    let comment = text.match_indices('#').find(|(at, _)| blank_before(*at));
    let text = comment.map_or(text, |(at, _)| &text[..at]).trim();
    let mut value = String::with_capacity(text.len());
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == '$' && !escaped && is_reference(&text[at..]) {
            return Err(REFERENCE.to_owned());
        }
        if c == '$' && escaped {
            value.pop();
        }
        escaped = c == '\\' && !escaped;
        value.push(c);
    }
    Ok(value)
}

/// Whether a `$` starts what a shell or compose would replace.
fn is_reference(text: &str) -> bool {
    let next = text.chars().nth(1);
    next.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '(' | '$'))
}

#[cfg(test)]
mod tests;
