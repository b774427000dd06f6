//! The shape in which Consul writes nearly every entry, read without a parser: it takes a third of the
//! parser's time. Members stand in one order, without white space, and strings have no escapes. Anything
//! else is left to the parser, errors too.

use std::borrow::Cow;

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
    if key.is_empty() {
        return None;
    }
    let entry = RawEntry {
        key: Text(Cow::Borrowed(key)),
        value: Bytes(Cow::Borrowed(value)),
        flags,
        session: Text(Cow::Borrowed(session)),
        created,
        modified,
        locked,
    };
    Some((entry, text.len() - rest.0.len()))
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
    #[inline(always)]
    fn number(&mut self) -> Option<u64> {
        let start = self.0;
        let mut number: u64 = 0;
        while let [digit @ b'0'..=b'9', rest @ ..] = self.0 {
            number = number
                .wrapping_mul(10)
                .wrapping_add(u64::from(digit - b'0'));
            self.0 = rest;
        }
        let digits = start.len() - self.0.len();
        // JSON has no numbers that begin with a zero.
        let is_number = digits == 1 || ((2..20).contains(&digits) && start[0] != b'0');
        is_number.then_some(number)
    }

    /// The rest of a string and its quote. Control characters may be in it.
    #[inline]
    fn string(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr2(b'"', b'\\', self.0)?;
        self.end_string(end)
    }

    /// The rest of a short string and its quote, in UTF-8 and without control characters.
    #[inline]
    fn text(&mut self) -> Option<&'a str> {
        let is_end = |byte: &u8| matches!(byte, ..b' ' | b'"' | b'\\');
        let end = self.0.iter().position(is_end)?;
        std::str::from_utf8(self.end_string(end)?).ok()
    }

    #[inline]
    fn end_string(&mut self, end: usize) -> Option<&'a [u8]> {
        let (string, rest) = self.0.split_at(end);
        self.0 = rest.strip_prefix(b"\"")?;
        Some(string)
    }
}
