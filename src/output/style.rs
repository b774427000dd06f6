//! The style of output for a terminal or a pipe.

use std::borrow::Cow;

use crate::term;

/// The style of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether the stream is a terminal, which no stored character may control.
    pub terminal: bool,
    /// Whether the stream gets colours.
    pub color: bool,
}

impl Style {
    /// Converts a key for the stream.
    pub fn key(self, key: &str) -> Cow<'_, str> {
        if self.terminal {
            term::key(key)
        } else {
            Cow::Borrowed(key)
        }
    }

    /// Converts the text of a value.
    pub fn value(self, text: &str) -> Cow<'_, str> {
        if self.terminal {
            term::value(text.as_bytes())
        } else {
            Cow::Borrowed(text)
        }
    }

    /// Converts the bytes of a value.
    pub(super) fn bytes(self, value: &[u8]) -> Cow<'_, [u8]> {
        if self.terminal {
            term::value_bytes(value)
        } else {
            Cow::Borrowed(value)
        }
    }
}
