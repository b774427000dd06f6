//! Consul's JSON, read one element at a time from the socket: a listing of 100,000 entries takes
//! the memory of one.

mod entry;
mod scan;

#[cfg(test)]
mod tests;

use std::io::{self, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;

pub use self::entry::{EncodedEntry, Owned, RawEntry};

/// The first size of the buffer. It holds more than one read of a connection returns, so that a read
/// fits behind the rest of an element.
const BUFFER: usize = 32 * 1024;

/// The elements of a JSON array, objects or strings, read one by one. Each is parsed in the buffer:
/// serde_json reads a socket byte by byte, at thrice the cost.
pub struct Elements<R> {
    reader: R,
    /// The longest element, in bytes.
    longest: usize,
    at: At,
    buffer: Vec<u8>,
    /// The start of the bytes in the buffer that were read and not parsed.
    start: usize,
    /// The end of those bytes.
    end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Inside,
    End,
}

/// Why an array could not be read to its end.
#[derive(Debug)]
pub enum Fault {
    /// Reading failed.
    Io(io::Error),
    /// The text ended before the array did.
    Cut,
    /// An element is not what it should be.
    Json(serde_json::Error),
    /// An element is too long.
    TooLong,
    /// Something else stands where this should.
    Expected(&'static str),
}

impl<R: Read> Elements<R> {
    /// The elements of `reader`, each of at most `longest` bytes.
    pub fn new(reader: R, longest: usize) -> Self {
        Elements {
            reader,
            longest,
            at: At::Start,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
        }
    }

    /// Parses the next element. `parse` is given what was read from its start on, and returns the length
    /// of the element too; it is called again when more was read. After the last element the reader is read to its end, so that the connection can be
    /// reused; only white space may be left there.
    pub fn next<T>(
        &mut self,
        parse: impl FnMut(&[u8]) -> serde_json::Result<(T, usize)>,
    ) -> Result<Option<T>, Fault> {
        match self.at {
            At::End => return Ok(None),
            At::Start => {
                if self.symbol()? != Some(b'[') {
                    return Err(Fault::Expected("a JSON array"));
                }
                self.start += 1;
                if self.symbol()? == Some(b']') {
                    return self.end();
                }
            }
            At::Inside => match self.symbol()? {
                Some(b',') => self.start += 1,
                Some(b']') => return self.end(),
                Some(_) => return Err(Fault::Expected("a comma or the end of the array")),
                None => return Err(Fault::Cut),
            },
        }
        self.at = At::Inside;
        if !matches!(self.symbol()?, Some(b'{' | b'"') | None) {
            return Err(Fault::Expected("an object or a string"));
        }
        self.element(parse).map(Some)
    }

    fn element<T>(
        &mut self,
        mut parse: impl FnMut(&[u8]) -> serde_json::Result<(T, usize)>,
    ) -> Result<T, Fault> {
        loop {
            match parse(&self.buffer[self.start..self.end]) {
                Ok((element, len)) => {
                    self.start += len;
                    return Ok(element);
                }
                Err(error) if error.is_eof() => {}
                Err(error) => return Err(Fault::Json(error)),
            }
            // By a share, so that an element is not parsed again for each read: they may be of one byte.
            let parsed = self.end - self.start;
            if parsed > self.longest {
                return Err(Fault::TooLong);
            }
            let wanted = if parsed < BUFFER {
                parsed + 1 + parsed / 8
            } else {
                (2 * parsed).min(self.longest.saturating_add(1))
            };
            while self.end - self.start < wanted {
                if self.fill()? == 0 {
                    if self.end - self.start > parsed {
                        break;
                    }
                    return Err(Fault::Cut);
                }
            }
        }
    }

    fn end<T>(&mut self) -> Result<Option<T>, Fault> {
        self.start += 1;
        self.at = At::End;
        match self.symbol()? {
            None => Ok(None),
            Some(_) => Err(Fault::Expected("the end of the answer")),
        }
    }

    /// The next byte that is not white space, not consumed; `None` at the end.
    #[inline]
    fn symbol(&mut self) -> Result<Option<u8>, Fault> {
        // Consul writes no white space between elements.
        match self.buffer[self.start..self.end].first() {
            Some(&byte) if !is_space(byte) => Ok(Some(byte)),
            _ => self.symbol_behind_space(),
        }
    }

    fn symbol_behind_space(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            for &byte in &self.buffer[self.start..self.end] {
                if !is_space(byte) {
                    return Ok(Some(byte));
                }
                self.start += 1;
            }
            if self.fill()? == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads more into the buffer, and returns the number of bytes: 0 at the end.
    fn fill(&mut self) -> Result<usize, Fault> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Io(error)),
            }
        }
    }
}

/// Parses the entry at the start of `text`, and returns its length too.
///
/// # Errors
/// When it is no entry. [`serde_json::Error::is_eof`] tells whether more text may mend that.
pub fn parse_entry(text: &[u8]) -> serde_json::Result<(RawEntry<'_>, usize)> {
    match scan::entry(text) {
        Some(parsed) => Ok(parsed),
        None => parse(text),
    }
}

/// Parses the element at the start of `text`, and returns its length too.
pub fn parse<'de, T: Deserialize<'de>>(text: &'de [u8]) -> serde_json::Result<(T, usize)> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let element = T::deserialize(&mut json)?;
    // Only a stream tells the offset of the parser.
    Ok((element, json.into_iter::<IgnoredAny>().byte_offset()))
}

/// Whether JSON takes it for white space.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

/// Reads the entries of a listing, for fuzzing: their keys and values; `None` where it is none.
#[cfg(any(test, fuzzing))]
pub fn read_entries(reader: impl Read) -> Option<Vec<(String, Vec<u8>)>> {
    let mut elements = Elements::new(reader, 1 << 20);
    let mut value = Vec::new();
    let mut entries = Vec::new();
    loop {
        let entry = elements.next(|text| {
            let (raw, length) = parse_entry(text)?;
            let entry = raw.pack::<serde_json::Error>(&mut value)?;
            Ok((entry, length))
        });
        match entry {
            Ok(Some(entry)) => entries.push((entry.key().to_owned(), entry.value().to_vec())),
            Ok(None) => return Some(entries),
            Err(_) => return None,
        }
    }
}
