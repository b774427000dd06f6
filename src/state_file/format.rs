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
//! The head and its entries are the base, written as a whole and put in place by a rename. The
//! journal follows, each line of it appended and flushed: a run of a handler that is about to
//! begin, and a batch that was handled. Between the two nobody knows what the run has done. SUM is
//! a keyed checksum over the line and its place in the file: a line that was torn, changed, moved
//! or taken from another file does not count. The key also keys the hashes of values, so that they
//! do not tell whether two keys, or two files, hold the same value.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::model::Index;

/// The first line, up to the version.
pub(super) const MAGIC: &str = "kvw state ";
/// The version of the format that is written, and the only one that is read.
pub(super) const VERSION: u32 = 1;
/// The number of hexadecimal digits of a checksum.
pub(super) const SUM: usize = 16;

/// The watch that a state file belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The targets, in words that tell a key from a prefix.
    pub targets: Vec<String>,
    /// The namespace as given; `None` is the agent's.
    pub namespace: Option<String>,
    /// The partition as given.
    pub partition: Option<String>,
    /// The datacenter as given.
    pub datacenter: Option<String>,
    /// The address of Consul. One cluster has many: another one is only a warning.
    pub address: String,
}

/// What the file stores of each entry beyond its value's hash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// The values themselves (`--state-values`).
    pub values: bool,
    /// The sessions that hold locks (`--locks`).
    pub sessions: bool,
}

/// The key of the checksums and hashes of one file. Whoever knows it can try values until a hash fits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FileKey([u8; 32]);

impl FileKey {
    /// Wraps the bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        FileKey(bytes)
    }

    /// Returns the bytes, for a hasher.
    fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

impl Serialize for FileKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Base64Text(self.0.to_vec()).serialize(to)
    }
}

impl<'de> Deserialize<'de> for FileKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let key = Base64Text::deserialize(from)?.array();
        key.map(FileKey)
            .ok_or_else(|| de::Error::custom("a key of another length"))
    }
}

/// The keyed hash of a value, which does not give the value away.
pub type ValueHash = [u8; 16];

/// The first record of a base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHead {
    /// The watch that the file belongs to. Entries name their target by its place there.
    #[serde(flatten)]
    pub identity: Identity,
    /// See [`FileKey`].
    pub key: FileKey,
    /// The index up to which each target was handled.
    pub indexes: Vec<u64>,
    /// The number of entries that follow.
    pub entries: usize,
}

/// A handled entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredEntry<'a> {
    /// The place of its target in the head.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub target: u64,
    /// The full key.
    #[serde(borrow)]
    pub key: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flags: u64,
    pub created: u64,
    pub modified: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub locked: u64,
    /// The session that holds the lock. Empty: none. Absent: written by a watch without `--locks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The hash of the value, where the value is not kept. An entry with neither was shown to a
    /// handler that did not finish: it is delivered again, whatever its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Base64Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Base64Text>,
}

/// The change of one key in a handled batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum KeyUpdate<'a> {
    /// The key has this entry now.
    #[serde(borrow)]
    Put(StoredEntry<'a>),
    /// The key was deleted, as an answer of this index showed.
    Gone {
        #[serde(default, skip_serializing_if = "is_zero")]
        target: u64,
        key: Cow<'a, str>,
        index: u64,
    },
}

impl KeyUpdate<'_> {
    /// Returns the place of its target, and the index that the target reaches with it.
    pub fn reaches(&self) -> (u64, Index) {
        match self {
            KeyUpdate::Put(stored) => (stored.target, Index(stored.modified)),
            KeyUpdate::Gone { target, index, .. } => (*target, Index(*index)),
        }
    }
}

/// A line of the file, other than the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Record<'a> {
    /// The beginning of a base.
    Head(FileHead),
    /// An entry of the base.
    #[serde(borrow)]
    Entry(StoredEntry<'a>),
    /// A record of the journal: these keys are about to be shown to a handler.
    #[serde(borrow)]
    Run(Vec<StoredEntry<'a>>),
    /// A record of the journal: these changes were handled.
    #[serde(borrow)]
    Batch(Vec<KeyUpdate<'a>>),
}

/// Bytes, as base64 text in JSON: hashes and values.
#[derive(Clone, PartialEq, Eq)]
pub struct Base64Text(pub Vec<u8>);

/// The length alone: values may be secret.
impl fmt::Debug for Base64Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} bytes)", self.0.len())
    }
}

impl Base64Text {
    /// Returns the bytes as an array, if they have that length.
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

/// Why the bytes of a file are not a state. The text continues a sentence that names the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Corruption {
    /// The file was not written by kvw.
    Foreign,
    /// It has another version of the format.
    Version(u32),
    /// The line of this number is the first that is not what was written.
    Line(usize),
    /// The file ends within its base: the number of entries that are there, and that were written.
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
    /// The offset in the file at which the bytes begin.
    start: u64,
    bytes: Vec<u8>,
}

impl RecordWriter {
    /// A writer at the beginning of a file.
    pub fn base(key: FileKey) -> Self {
        RecordWriter {
            key,
            start: 0,
            bytes: format!("{MAGIC}{VERSION}\n").into_bytes(),
        }
    }

    /// A writer at the end of a file of this length.
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

    /// Returns the bytes that were written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Returns the checksum of a line at this place of its file.
pub(super) fn sum(key: &FileKey, place: u64, json: &[u8]) -> [u8; SUM] {
    let mut hasher = blake3::Hasher::new_keyed(key.expose());
    hasher
        .update(b"line")
        .update(&place.to_le_bytes())
        .update(json);
    let mut sum = [0; SUM];
    sum.copy_from_slice(&hasher.finalize().to_hex().as_bytes()[..SUM]);
    sum
}

/// Returns the keyed hash of this key's value.
pub fn hash(secret: &FileKey, key: &str, value: &[u8]) -> ValueHash {
    let mut hasher = blake3::Hasher::new_keyed(secret.expose());
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
