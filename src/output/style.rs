//! How changes are written for whom.

use std::borrow::Cow;

use crate::term;

/// How the reader of a stream is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// A person reads it on a terminal, which nothing stored may drive.
    pub terminal: bool,
    /// In colour.
    pub color: bool,
}

impl Style {
    /// A key as the stream may show it.
    pub fn key(self, key: &str) -> Cow<'_, str> {
        if self.terminal {
            term::key(key)
        } else {
            Cow::Borrowed(key)
        }
    }

    /// Text of a value.
    pub fn value(self, text: &str) -> Cow<'_, str> {
        if self.terminal {
            term::value(text.as_bytes())
        } else {
            Cow::Borrowed(text)
        }
    }

    /// The bytes of a value.
    pub(super) fn bytes(self, value: &[u8]) -> Cow<'_, [u8]> {
        if self.terminal {
            term::value_bytes(value)
        } else {
            Cow::Borrowed(value)
        }
    }
}
