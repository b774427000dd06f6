//! Lines and columns in a document: a reader that knows where it is.

use std::fmt;
use std::io::{self, BufRead, Read};

/// A line and a column in a document, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    line: usize,
    column: usize,
}

impl Position {
    /// The first byte of a document.
    pub const START: Position = Position { line: 1, column: 1 };

    /// The number of the line.
    pub fn line(self) -> u32 {
        u32::try_from(self.line).unwrap_or(u32::MAX)
    }

    fn advance(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
    }

    /// The position of an error whose own position counts from this one.
    pub fn after(self, error: &serde_json::Error) -> Position {
        match error.line() {
            0 | 1 => Position {
                line: self.line,
                column: self.column + error.column().saturating_sub(1),
            },
            line => Position {
                line: self.line + line - 1,
                column: error.column(),
            },
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// A reader that knows its position.
pub struct Positioned<R> {
    reader: R,
    position: Position,
}

impl<R: BufRead> Positioned<R> {
    /// Starts at the beginning of a document.
    pub fn new(reader: R) -> Self {
        Positioned {
            reader,
            position: Position::START,
        }
    }

    /// Returns the position of the next byte.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Consumes bytes that take no column: a byte order mark.
    pub fn consume_unseen(&mut self, bytes: usize) {
        self.reader.consume(bytes);
    }
}

impl<R: BufRead> Read for Positioned<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.position.advance(&buffer[..read]);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Positioned<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// Consumes bytes of the buffer.
    fn consume(&mut self, bytes: usize) {
        if let Ok(buffer) = self.reader.fill_buf() {
            self.position.advance(&buffer[..bytes.min(buffer.len())]);
        }
        self.reader.consume(bytes);
    }
}
