//! The door of foreign text to stdout. That to stderr is [`super::Ui`], which escapes every message.

use std::borrow::Cow;

use super::escape;

/// How text is written to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether the stream is a terminal, which no stored character may control.
    pub terminal: bool,
    /// Whether the stream gets colours.
    pub color: bool,
}

impl Style {
    /// Converts a key, or another text of one line.
    pub fn key(self, key: &str) -> Cow<'_, str> {
        match self.terminal {
            true => escape::key(key),
            false => Cow::Borrowed(key),
        }
    }

    /// Converts the text of a value.
    pub fn value(self, text: &str) -> Cow<'_, str> {
        match self.terminal {
            true => escape::value(text.as_bytes()),
            false => Cow::Borrowed(text),
        }
    }

    /// Converts the bytes of a value.
    pub fn bytes(self, value: &[u8]) -> Cow<'_, [u8]> {
        if !self.terminal {
            return Cow::Borrowed(value);
        }
        match escape::value(value) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }
}
