//! JSON trees. The grammar is serde_json's; the text of numbers is taken as it stands, and each name
//! has its line.

use serde::de::IgnoredAny;

use super::SourceError;
use super::text::line_of;
use super::tree::{DocumentNames, MAX_DEPTH, Member, Node, NodeKind, TOO_DEEP, flatten};
use crate::model::Desired;

/// Reads a JSON document.
pub fn parse(text: &str, names: &DocumentNames) -> Result<Vec<Desired>, SourceError> {
    if text.trim_ascii().is_empty() {
        return Err(names.error(1, "the document is empty"));
    }
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or(&words);
        return Err(names.error(line, format!("not JSON: {words}")));
    }
    let mut walk = JsonWalk {
        text,
        at: 0,
        line: 1,
        counted: 0,
        names,
    };
    let root = walk.value(0)?;
    flatten(&[root], text.len(), names)
}

/// Walks through a text that is known to be JSON.
struct JsonWalk<'a> {
    text: &'a str,
    at: usize,
    /// The line of `counted`.
    line: u32,
    counted: usize,
    names: &'a DocumentNames<'a>,
}

impl JsonWalk<'_> {
    /// The next byte that is no white space, which is not consumed.
    fn peek(&mut self) -> u8 {
        let rest = &self.text.as_bytes()[self.at..];
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
        self.at += blank.count();
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn line(&mut self) -> u32 {
        let between = &self.text.as_bytes()[self.counted..self.at];
        self.line += line_of(between, between.len()) - 1;
        self.counted = self.at;
        self.line
    }

    fn value(&mut self, depth: usize) -> Result<Node, SourceError> {
        let first = self.peek();
        let line = self.line();
        if depth > MAX_DEPTH {
            return Err(self.names.error(line, TOO_DEEP));
        }
        let kind = match first {
            b'{' => NodeKind::Map(self.members(depth)?),
            b'[' => NodeKind::List(self.elements(depth)?),
            b'"' => NodeKind::Text(self.string()?),
            _ => match self.scalar() {
                "null" => NodeKind::Null,
                plain => NodeKind::Plain(plain.to_owned()),
            },
        };
        Ok(Node { line, kind })
    }

    fn members(&mut self, depth: usize) -> Result<Vec<Member>, SourceError> {
        let mut members = Vec::new();
        self.at += 1;
        while self.peek() != b'}' {
            if self.peek() == b',' {
                self.at += 1;
                self.peek();
            }
            let line = self.line();
            let name = Some(self.string()?);
            self.peek();
            self.at += 1;
            let node = self.value(depth + 1)?;
            members.push(Member { name, line, node });
        }
        self.at += 1;
        Ok(members)
    }

    fn elements(&mut self, depth: usize) -> Result<Vec<Node>, SourceError> {
        let mut nodes = Vec::new();
        self.at += 1;
        while self.peek() != b']' {
            if self.peek() == b',' {
                self.at += 1;
            }
            nodes.push(self.value(depth + 1)?);
        }
        self.at += 1;
        Ok(nodes)
    }

    fn string(&mut self) -> Result<String, SourceError> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        while bytes[self.at] != b'"' {
            self.at += if bytes[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        // The grammar allows half a surrogate, which no text can hold.
        serde_json::from_str(&self.text[start..self.at]).map_err(|_| {
            let line = self.line();
            self.names.error(line, "a string has half a surrogate")
        })
    }

    fn scalar(&mut self) -> &str {
        let rest = &self.text[self.at..];
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | ']' | '}');
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }
}

#[cfg(test)]
mod tests;
