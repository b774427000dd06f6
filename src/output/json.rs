//! The published JSON: a contract that only ever grows.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

pub use super::time::millis as time;
use crate::model::{self, Kind, Reason};
use crate::term;

/// How a value stands in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// As text.
    Utf8,
    /// As base64, because the bytes are no text.
    Base64,
}

/// The bytes of a value as a JSON string, and how.
pub fn encode(value: &[u8]) -> (Cow<'_, str>, Encoding) {
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

impl Entry<'_> {
    /// The value as base64 even where it is text.
    pub fn base64(mut self, entry: &model::Entry) -> Self {
        if entry.value_known() {
            self.value = Some(Cow::Owned(STANDARD.encode(entry.value())));
            self.encoding = Some(Encoding::Base64);
        }
        self
    }
}

/// One change.
#[derive(Debug, Serialize)]
pub struct Change<'a> {
    event: &'static str,
    key: &'a str,
    before: Option<Entry<'a>>,
    after: Option<Entry<'a>>,
    index: u64,
    time: String,
    target: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    recreated: bool,
}

impl<'a> Change<'a> {
    /// The change of a target as it is named on the command line.
    pub fn new(change: &'a model::Change, target: &'a str) -> Self {
        Change {
            event: event(change.kind()),
            key: change.key(),
            before: change.before.as_ref().map(Entry::from),
            after: change.after.as_ref().map(Entry::from),
            index: change.index.0,
            time: time(change.seen),
            target,
            recreated: change.recreated(),
        }
    }
}

/// What a handler reads on its stdin.
#[derive(Debug, Serialize)]
pub struct Batch<'a> {
    index: u64,
    time: String,
    targets: &'a [String],
    reason: &'static str,
    changes: Changes<'a>,
}

/// Changes that are put together one by one as they are written: a batch may hold 100,000.
#[derive(Debug)]
struct Changes<'a> {
    changes: &'a [model::Change],
    targets: &'a [String],
}

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = |change: &model::Change| &self.targets[usize::from(change.target.0)];
        let changes = self.changes.iter();
        serializer.collect_seq(changes.map(|change| Change::new(change, name(change))))
    }
}

impl<'a> Batch<'a> {
    /// The batch, with the targets' names in the order of their ids. `now` is when it is handed over.
    ///
    /// # Panics
    /// While it is written, when a change belongs to none of the targets.
    pub fn new(batch: &'a model::Batch, targets: &'a [String], now: SystemTime) -> Self {
        Batch {
            index: batch.index().0,
            time: time(now),
            targets,
            reason: reason(batch.reason),
            changes: Changes {
                changes: &batch.changes,
                targets,
            },
        }
    }
}

/// What a delete of keys did.
#[derive(Debug, Serialize)]
pub struct Deleted<'a> {
    /// The keys, none of which exist any more.
    pub deleted: Vec<&'a str>,
}

/// What a recursive delete did.
#[derive(Debug, Serialize)]
pub struct DeletedPrefix<'a> {
    /// What the keys began with.
    pub prefix: &'a str,
    /// How many there were just before.
    pub listed: u64,
}

/// What a delete would do.
#[derive(Debug, Serialize)]
pub struct WouldDelete<'a> {
    /// The keys that exist.
    pub would_delete: &'a [String],
}

/// What became of an import's entries.
#[derive(Debug, Serialize)]
pub struct Imported {
    /// Written.
    pub written: u64,
    /// There already, and equal.
    pub unchanged: u64,
    /// There already, and left alone.
    pub skipped: u64,
    /// Sent, with no answer that tells.
    pub unknown: u64,
}

/// A folder among entries.
#[derive(Debug, Serialize)]
pub struct Folder<'a> {
    /// Its name, which ends in a slash.
    pub key: &'a str,
    /// True.
    pub folder: bool,
}

/// The word for what happened to a key.
pub fn event(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "create",
        Kind::Update => "update",
        Kind::Delete => "delete",
        Kind::Lock => "lock",
        Kind::Unlock => "unlock",
    }
}

/// The word for why a handler runs.
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Initial => "initial",
        Reason::Change => "change",
        Reason::Retry => "retry",
        Reason::Manual => "manual",
    }
}

/// One value.
pub fn write(out: &mut impl Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Visible);
    Ok(value.serialize(&mut serializer)?)
}

/// One value and a newline.
pub fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    write(out, value)?;
    out.write_all(b"\n")
}

/// Escapes what could drive a terminal, which JSON can always say in another way.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // serde_json takes care of what is below the space.
        if fragment.bytes().all(|byte| byte < 0x7f) {
            return out.write_all(fragment.as_bytes());
        }
        escape(out, fragment, term::is_dangerous)
    }
}

/// Writes text inside of a JSON string, with some characters as `\uXXXX`.
pub(super) fn escape<W: ?Sized + Write>(
    out: &mut W,
    text: &str,
    escaped: impl Fn(char) -> bool,
) -> io::Result<()> {
    // Most text is ASCII, and is looked through faster without decoding it.
    let is_plain = |byte: u8| byte.is_ascii() && !escaped(char::from(byte));
    if text.bytes().all(is_plain) {
        return out.write_all(text.as_bytes());
    }
    let mut rest = text;
    while let Some(at) = rest.find(&escaped) {
        let (plain, from) = rest.split_at(at);
        out.write_all(plain.as_bytes())?;
        let mut chars = from.chars();
        if let Some(c) = chars.next() {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
        rest = chars.as_str();
    }
    out.write_all(rest.as_bytes())
}

#[cfg(test)]
mod tests;
