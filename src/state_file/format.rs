//! The text of a state file. Pure.
//!
//! ```text
//! kvw state 1
//! SUM {"head":{"targets":["prefix config/"],…,"key":"…","indexes":[812],"entries":2}}
//! SUM {"entry":{"key":"config/a","created":12,"modified":812,"hash":"…"}}
//! SUM {"entry":{"key":"config/b",…}}
//! SUM {"run":[{"key":"config/a",…}]}
//! SUM {"batch":[{"put":{…}},{"gone":{"key":"config/a","index":901}}]}
//! ```
//!
//! The head and its entries are the base, written as a whole and put in place by a rename. What
//! follows is the journal, each line of it appended and flushed: a run of a handler that is about to
//! begin, and a batch that was handled. Between the two nobody knows what was done of it. SUM is a keyed
//! checksum over the line and its place in the file: a line that was torn, changed, moved or taken
//! from another file does not count. The key also keys the hashes of values, which therefore tell
//! nobody whether two keys, or two files, hold the same.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::model::Index;

/// The first line, up to the number.
pub(super) const MAGIC: &str = "kvw state ";
/// The format that is written, and the only one that is read.
pub(super) const VERSION: u32 = 1;
/// Hexadecimal digits of a checksum.
pub(super) const SUM: usize = 16;

/// What a state file belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What is watched, each in words that tell a key from a prefix.
    pub targets: Vec<String>,
    /// As given, `None` for the agent's.
    pub namespace: Option<String>,
    /// As given.
    pub partition: Option<String>,
    /// As given.
    pub datacenter: Option<String>,
    /// Where Consul was asked. One cluster has many addresses: another one is only said.
    pub address: String,
}

/// What keys the checksums and hashes of one file.
pub type FileKey = [u8; 32];

/// Of a value, keyed, so that it gives the value away to nobody.
pub type ValueHash = [u8; 16];

/// The first record of a base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHead {
    /// Whose it is. Entries name their target by its place there.
    #[serde(flatten)]
    pub identity: Identity,
    /// See [`FileKey`].
    pub key: Base64Text,
    /// The index up to which each target was handled.
    pub indexes: Vec<u64>,
    /// How many entries follow.
    pub entries: usize,
}

/// One handled entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredEntry<'a> {
    /// The place of its target.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub target: u64,
    /// The full name.
    #[serde(borrow)]
    pub key: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flags: u64,
    pub created: u64,
    pub modified: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub locked: u64,
    /// Empty: held by none. Absent: written by a watch that does not look at locks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Of the value, where that itself is not kept. With neither the key was shown to a handler that
    /// may have done anything: whatever it is, it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Base64Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Base64Text>,
}

/// What became of one key in a handled batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum KeyUpdate<'a> {
    /// It is this now.
    #[serde(borrow)]
    Put(StoredEntry<'a>),
    /// It was deleted, as an answer of this index showed.
    Gone {
        #[serde(default, skip_serializing_if = "is_zero")]
        target: u64,
        key: Cow<'a, str>,
        index: u64,
    },
}

impl KeyUpdate<'_> {
    /// The place of its target, and the index that this brings it to.
    pub fn reaches(&self) -> (u64, Index) {
        match self {
            KeyUpdate::Put(stored) => (stored.target, Index(stored.modified)),
            KeyUpdate::Gone { target, index, .. } => (*target, Index(*index)),
        }
    }
}

/// One line but the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Record<'a> {
    /// Begins a base.
    Head(FileHead),
    /// Is part of it.
    #[serde(borrow)]
    Entry(StoredEntry<'a>),
    /// Is part of the journal: these keys are about to be shown.
    #[serde(borrow)]
    Run(Vec<StoredEntry<'a>>),
    /// So is this: they were handled.
    #[serde(borrow)]
    Batch(Vec<KeyUpdate<'a>>),
}

/// Bytes, as text in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base64Text(pub Vec<u8>);

impl Base64Text {
    /// As an array, if it has that length.
    pub fn array<const N: usize>(&self) -> Option<[u8; N]> {
        self.0.as_slice().try_into().ok()
    }
}

impl Serialize for Base64Text {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(from)?;
        STANDARD_NO_PAD
            .decode(text.as_bytes())
            .map(Base64Text)
            .map_err(de::Error::custom)
    }
}

/// Why the bytes of a file are no state. The text goes on where its name was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Corruption {
    /// It never was one.
    Foreign,
    /// Written by another kvw.
    Version(u32),
    /// The number of the first line that is not what was written.
    Line(usize),
    /// It ends within its base: how many entries are there, and how many were written.
    Short(usize, usize),
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Corruption::Foreign => f.write_str("was not written by kvw"),
            Corruption::Version(other) => write!(
                f,
                "is of format {other}, and this kvw reads format {VERSION}"
            ),
            Corruption::Line(line) => write!(f, "is damaged: line {line} is not what was written"),
            Corruption::Short(there, written) => {
                write!(
                    f,
                    "is damaged: it ends after {there} of its {written} entries"
                )
            }
        }
    }
}

/// Writes records one after the other.
pub struct RecordWriter {
    key: FileKey,
    /// Where in the file the bytes begin.
    start: u64,
    bytes: Vec<u8>,
}

impl RecordWriter {
    /// Begins a file.
    pub fn base(key: FileKey) -> Self {
        RecordWriter {
            key,
            start: 0,
            bytes: format!("{MAGIC}{VERSION}\n").into_bytes(),
        }
    }

    /// Goes on in a file of this length.
    pub fn at(key: FileKey, end: u64) -> Self {
        RecordWriter {
            key,
            start: end,
            bytes: Vec::new(),
        }
    }

    /// Adds one record.
    pub fn add(&mut self, record: &Record<'_>) {
        let line = self.bytes.len();
        let place = self.start + line as u64;
        self.bytes.extend_from_slice(&[b' '; SUM + 1]);
        serde_json::to_writer(&mut self.bytes, record)
            .expect("every part of a record is JSON, and a vector takes every byte");
        let sum = sum(&self.key, place, &self.bytes[line + SUM + 1..]);
        self.bytes[line..line + SUM].copy_from_slice(&sum);
        self.bytes.push(b'\n');
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// The checksum of a line at this place of its file.
pub(super) fn sum(key: &FileKey, place: u64, json: &[u8]) -> [u8; SUM] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher
        .update(b"line")
        .update(&place.to_le_bytes())
        .update(json);
    let mut sum = [0; SUM];
    sum.copy_from_slice(&hasher.finalize().to_hex().as_bytes()[..SUM]);
    sum
}

/// The hash of this key's value.
pub fn hash(secret: &FileKey, key: &str, value: &[u8]) -> ValueHash {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher
        .update(b"value")
        .update(&(key.len() as u64).to_le_bytes())
        .update(key.as_bytes())
        .update(value);
    let mut hash = [0; 16];
    hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    hash
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests;
