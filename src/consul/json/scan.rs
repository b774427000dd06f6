//! The shape in which Consul writes nearly every entry, read without a parser: it takes a third of the
//! parser's time. Members stand in one order, without white space, and strings have no escapes. Anything
//! else is left to the parser, errors too.

use std::borrow::Cow;

use super::eight;
use super::entry::{Bytes, RawEntry, Text};

/// The entry at the start of `text`, and its length; `None` for the parser.
pub(super) fn entry(text: &[u8]) -> Option<(RawEntry<'_>, usize)> {
    let mut rest = Rest(text);
    // The order of the fields of Consul's DirEntry, in all versions.
    rest.literal(b"{\"LockIndex\":")?;
    let locked = rest.number()?;
    rest.literal(b",\"Key\":\"")?;
    let key = rest.text()?;
    rest.literal(b",\"Flags\":")?;
    let flags = rest.number()?;
    rest.literal(b",\"Value\":")?;
    let value = match rest.literal(b"null") {
        Some(()) => &[],
        None => {
            rest.literal(b"\"")?;
            rest.string()?
        }
    };
    let session = match rest.literal(b",\"Session\":\"") {
        Some(()) => rest.text()?,
        None => "",
    };
    rest.literal(b",\"CreateIndex\":")?;
    let created = rest.number()?;
    rest.literal(b",\"ModifyIndex\":")?;
    let modified = rest.number()?;
    rest.literal(b"}")?;
    let entry = RawEntry {
        key: Text(Cow::Borrowed(key)),
        value: Bytes(Cow::Borrowed(value)),
        flags,
        session: Text(Cow::Borrowed(session)),
        created,
        modified,
        locked,
    };
    (!key.is_empty()).then(|| (entry, text.len() - rest.0.len()))
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// Of a known length, so that it is compared by a few instructions and not by a call.
    #[inline(always)]
    fn literal<const LEN: usize>(&mut self, literal: &[u8; LEN]) -> Option<()> {
        let (first, rest) = self.0.split_first_chunk()?;
        if first != literal {
            return None;
        }
        self.0 = rest;
        Some(())
    }

    /// A number of up to 19 digits, which cannot overflow.
    #[inline]
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        let mut len = 0;
        while let Some(digit @ b'0'..=b'9') = self.0.get(len) {
            number = number * 10 + u64::from(digit - b'0');
            len += 1;
            if len > 19 {
                return None;
            }
        }
        // JSON has no numbers that begin with a zero.
        if len == 0 || (len > 1 && self.0[0] == b'0') {
            return None;
        }
        self.0 = &self.0[len..];
        Some(number)
    }

    /// The rest of a string and its quote. Control characters may be in it.
    #[inline]
    fn string(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr2(b'"', b'\\', self.0)?;
        let (string, rest) = self.0.split_at(end);
        self.0 = rest.strip_prefix(b"\"")?;
        Some(string)
    }

    /// The rest of a string and its quote, in UTF-8 and without control characters.
    #[inline]
    fn text(&mut self) -> Option<&'a str> {
        let string = self.string()?;
        match eight::are_no_controls(string) {
            true => str::from_utf8(string).ok(),
            false => None,
        }
    }
}
