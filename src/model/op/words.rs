//! Lines of words, quoted as in bash. Words are bytes: `$'\377'` is no text.

use std::iter::Peekable;
use std::str::CharIndices;

/// A word, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its bytes, without quotes.
    pub bytes: Vec<u8>,
    /// The offset of its first character in the text.
    pub start: usize,
    /// The offset behind its last character.
    pub end: usize,
    /// Whether it holds JSON that lost the double quotes within.
    pub lost_quotes: bool,
}

/// The words of one line, which may hold line breaks within quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordLine {
    /// The number of the line on which it begins, from 1.
    pub number: usize,
    /// Its words.
    pub words: Vec<Word>,
}

/// A fault in a text, with the number of its line, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteError {
    /// The number of the line.
    pub line: usize,
    /// The fault.
    pub what: String,
}

/// Splits a text into lines of words; lines without words are left out. A word that begins with `#` is a
/// comment up to the end of its line, and a backslash joins two lines.
pub fn split(text: &str) -> Result<Vec<WordLine>, QuoteError> {
    let mut lexer = Lexer {
        text,
        chars: text.char_indices().peekable(),
        line: 1,
    };
    let mut lines = Vec::new();
    while lexer.chars.peek().is_some() {
        let line = lexer.words()?;
        if !line.words.is_empty() {
            lines.push(line);
        }
    }
    Ok(lines)
}

struct Lexer<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    line: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let (_, c) = self.chars.next()?;
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, c)| *c)
    }

    fn next_if(&mut self, expected: impl FnOnce(char) -> bool) -> Option<char> {
        self.peek().filter(|c| expected(*c))?;
        self.next()
    }

    /// Returns the offset of the next character.
    fn offset(&mut self) -> usize {
        self.chars.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    /// Returns the text from the next character on.
    fn rest(&mut self) -> &str {
        let offset = self.offset();
        &self.text[offset..]
    }

    /// Reads the words up to the end of the line, and the end.
    fn words(&mut self) -> Result<WordLine, QuoteError> {
        let mut words = Vec::<Word>::new();
        let mut number = self.line;
        while let Some(c) = self.peek() {
            match c {
                '\n' => {
                    self.next();
                    break;
                }
                ' ' | '\t' => drop(self.next()),
                '\r' if self.ends_line() => drop(self.next()),
                '#' => while self.next_if(|c| c != '\n').is_some() {},
                '\\' if self.rest().starts_with("\\\n") => {
                    self.next();
                    self.next();
                }
                _ => {
                    if words.is_empty() {
                        number = self.line;
                    }
                    words.push(self.word()?);
                }
            }
        }
        Ok(WordLine { number, words })
    }

    /// Whether a carriage return that comes next belongs to the end of the line.
    fn ends_line(&mut self) -> bool {
        matches!(self.rest(), "\r") || self.rest().starts_with("\r\n")
    }

    fn word(&mut self) -> Result<Word, QuoteError> {
        let start = self.offset();
        let is_json = matches!(self.peek(), Some('{' | '['));
        let mut word = Word {
            bytes: Vec::new(),
            start,
            end: start,
            lost_quotes: false,
        };
        while let Some(c) = self.peek() {
            let opened = self.line;
            match c {
                ' ' | '\t' | '\n' => break,
                '\r' if self.ends_line() => break,
                _ => drop(self.next()),
            }
            match c {
                '\\' => match self.next() {
                    Some('\n') => {}
                    Some(c) => push(&mut word.bytes, c),
                    None => return Err(fault(opened, "a backslash is the last character")),
                },
                '\'' => self.single_quoted(&mut word.bytes, opened)?,
                '"' => {
                    // In `{"a":1}` and `x={"a":1}` a member's quote opens a part of the word, in
                    // `"{"a":1}"` it closes one.
                    word.lost_quotes = word.lost_quotes || is_json || opens_json(&word.bytes);
                    self.double_quoted(&mut word.bytes, opened)?;
                    let goes_on = self.peek().is_some_and(|c| !c.is_ascii_whitespace());
                    word.lost_quotes = word.lost_quotes || (goes_on && opens_json(&word.bytes));
                }
                '$' if self.next_if(|c| c == '\'').is_some() => {
                    self.ansi_quoted(&mut word.bytes, opened)?;
                }
                '$' if self.peek() == Some('"') => {
                    let what = "$\"…\" is a text that bash translates: write \"…\" or $'…'";
                    return Err(fault(opened, what));
                }
                c => push(&mut word.bytes, c),
            }
        }
        word.end = self.offset();
        Ok(word)
    }

    fn single_quoted(&mut self, bytes: &mut Vec<u8>, opened: usize) -> Result<(), QuoteError> {
        loop {
            match self.next().ok_or_else(|| not_closed(opened))? {
                '\'' => return Ok(()),
                c => push(bytes, c),
            }
        }
    }

    fn double_quoted(&mut self, bytes: &mut Vec<u8>, opened: usize) -> Result<(), QuoteError> {
        loop {
            match self.next().ok_or_else(|| not_closed(opened))? {
                '"' => return Ok(()),
                '\\' => match self.next().ok_or_else(|| not_closed(opened))? {
                    '\n' => {}
                    c @ ('$' | '`' | '"' | '\\') => push(bytes, c),
                    c => {
                        bytes.push(b'\\');
                        push(bytes, c);
                    }
                },
                c => push(bytes, c),
            }
        }
    }

    /// Reads what follows `$'`, as bash writes it with `printf %q`.
    fn ansi_quoted(&mut self, bytes: &mut Vec<u8>, opened: usize) -> Result<(), QuoteError> {
        loop {
            match self.next().ok_or_else(|| not_closed(opened))? {
                '\'' => return Ok(()),
                '\\' => self.escape(bytes, opened)?,
                c => push(bytes, c),
            }
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>, opened: usize) -> Result<(), QuoteError> {
        let escape = self.next().ok_or_else(|| not_closed(opened))?;
        match escape {
            'a' => bytes.push(0x07),
            'b' => bytes.push(0x08),
            'e' | 'E' => bytes.push(0x1b),
            'f' => bytes.push(0x0c),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(0x0b),
            '\\' | '\'' | '"' | '?' => push(bytes, escape),
            '0'..='7' => {
                let first = escape.to_digit(8).unwrap_or_default();
                // As in bash, what exceeds a byte is cut off.
                bytes.push(self.number(8, 2, first).0.to_le_bytes()[0]);
            }
            'x' | 'u' | 'U' => self.numbered(bytes, escape, opened)?,
            'c' => match self.next_if(|c| c.is_ascii() && c != '\'') {
                Some('?') => bytes.push(0x7f),
                Some(c) => {
                    if c == '\\' {
                        // A backslash has to be escaped itself.
                        self.next_if(|c| c == '\\');
                    }
                    bytes.extend(u8::try_from(c).map(|c| c.to_ascii_uppercase() & 0x1f));
                }
                None => push_unknown(bytes, escape),
            },
            other => push_unknown(bytes, other),
        }
        Ok(())
    }

    /// Reads the hexadecimal digits of a byte, `\x`, or a character, `\u` and `\U`.
    fn numbered(
        &mut self,
        bytes: &mut Vec<u8>,
        escape: char,
        opened: usize,
    ) -> Result<(), QuoteError> {
        let most = match escape {
            'x' => 2,
            'u' => 4,
            _ => 8,
        };
        let (number, found) = self.number(16, most, 0);
        if found == 0 {
            push_unknown(bytes, escape);
        } else if escape == 'x' {
            bytes.push(number.to_le_bytes()[0]);
        } else {
            let c = char::from_u32(number);
            let what = || format!("\\{escape}{number:x} is not a character");
            push(bytes, c.ok_or_else(|| fault(opened, &what()))?);
        }
        Ok(())
    }

    /// Reads up to `most` digits behind `number`, and returns the number and how many they were.
    fn number(&mut self, radix: u32, most: usize, number: u32) -> (u32, usize) {
        let mut number = number;
        for found in 0..most {
            match self.next_if(|c| c.is_digit(radix)) {
                Some(c) => number = number * radix + c.to_digit(radix).unwrap_or_default(),
                None => return (number, found),
            }
        }
        (number, most)
    }
}

/// Keeps an escape that bash does not know, with its backslash.
fn push_unknown(bytes: &mut Vec<u8>, escape: char) {
    bytes.push(b'\\');
    push(bytes, escape);
}

/// The most white space that JSON has before the quote of a member. More is not looked at: a word of
/// quoted blanks would be read again for each of its quotes.
const MAX_INDENT: usize = 256;

/// Whether what was read of a word ends where JSON would open a member or an element.
fn opens_json(bytes: &[u8]) -> bool {
    let end = &bytes[bytes.len().saturating_sub(MAX_INDENT)..];
    matches!(end.trim_ascii_end().last(), Some(b'{' | b'['))
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

fn not_closed(line: usize) -> QuoteError {
    fault(line, "a quote is not closed")
}

fn fault(line: usize, what: &str) -> QuoteError {
    QuoteError {
        line,
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests;
