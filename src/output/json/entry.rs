//! Entries and values.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::model;

/// The encoding of a value in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Encoding {
    /// Text.
    Utf8,
    /// Base64, because the bytes are not UTF-8.
    Base64,
}

/// Encodes the bytes of a value for a JSON string.
pub(super) fn encode(value: &[u8]) -> (Cow<'_, str>, Encoding) {
    match std::str::from_utf8(value) {
        Ok(text) => (Cow::Borrowed(text), Encoding::Utf8),
        Err(_) => (Cow::Owned(STANDARD.encode(value)), Encoding::Base64),
    }
}

/// An entry. `value` and `encoding` are null where the value is not known.
#[derive(Debug, Serialize)]
pub struct Entry<'a> {
    key: &'a str,
    value: Option<Cow<'a, str>>,
    encoding: Option<Encoding>,
    flags: u64,
    create_index: u64,
    modify_index: u64,
    lock_index: u64,
    session: Option<&'a str>,
}

impl<'a> From<&'a model::Entry> for Entry<'a> {
    fn from(entry: &'a model::Entry) -> Self {
        let (value, encoding) = entry.value_known().then(|| encode(entry.value())).unzip();
        Entry {
            key: entry.key(),
            value,
            encoding,
            flags: entry.flags(),
            create_index: entry.created().0,
            modify_index: entry.modified().0,
            lock_index: entry.locked(),
            session: entry.session(),
        }
    }
}

impl<'a> Entry<'a> {
    /// Names the entry by `key`, a part of its key.
    pub fn with_key(mut self, key: &'a str) -> Self {
        self.key = key;
        self
    }

    /// Leaves out the value, which is secret.
    pub(super) fn without_value(mut self) -> Self {
        (self.value, self.encoding) = (None, None);
        self
    }

    /// Encodes the value as base64 even where it is text.
    pub fn with_base64(mut self, entry: &model::Entry) -> Self {
        if entry.value_known() {
            self.value = Some(Cow::Owned(STANDARD.encode(entry.value())));
            self.encoding = Some(Encoding::Base64);
        }
        self
    }
}

/// An entry without what belongs to one store: its indexes and its lock.
#[derive(Debug, Serialize)]
pub struct PortableEntry<'a> {
    key: &'a str,
    value: Cow<'a, str>,
    encoding: Encoding,
    flags: u64,
}

impl<'a> PortableEntry<'a> {
    /// Creates the JSON of an entry, named by `key`.
    pub fn new(key: &'a str, entry: &'a model::Entry) -> Self {
        let (value, encoding) = encode(entry.value());
        PortableEntry {
            key,
            value,
            encoding,
            flags: entry.flags(),
        }
    }
}
