//! Hashes of values and flags. They are salted, so that they do not tell whether two files hold the same
//! value; who has the file can still try values against one.

use serde::{Deserialize, Serialize};

use crate::model::{Desired, EntryContent};

/// The salt of the hashes of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HashSalt(String);

impl HashSalt {
    /// Returns the salt of random bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        HashSalt(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn hasher(&self) -> blake3::Hasher {
        let key = blake3::hash(self.0.as_bytes());
        blake3::Hasher::new_keyed(key.as_bytes())
    }

    /// Returns the hash of a value and its flags.
    pub fn hash(&self, content: &EntryContent) -> String {
        let mut hasher = self.hasher();
        hasher.update(&content.flags.to_le_bytes());
        hasher.update(&content.value);
        to_text(&hasher)
    }

    /// Returns the hash of everything that sources say, whatever its order.
    pub fn hash_sources(&self, desired: &[Desired]) -> String {
        let mut sorted: Vec<_> = desired.iter().collect();
        sorted.sort_by(|a, b| a.key.cmp(&b.key));
        let mut hasher = self.hasher();
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        for Desired {
            key, value, flags, ..
        } in sorted
        {
            add(key.as_str().as_bytes());
            add(if value.is_some() { b"=" } else { b"-" });
            add(value.as_deref().unwrap_or_default());
            add(&flags.map_or(Vec::new(), |flags| flags.to_le_bytes().to_vec()));
        }
        to_text(&hasher)
    }
}

fn to_text(hasher: &blake3::Hasher) -> String {
    hasher.finalize().to_hex()[..32].to_owned()
}
