//! Keys and prefixes that are read together.

use crate::consul::{Client, Error, Lookup, MultiGet};
use crate::model::{Entry, Index, Key, Prefix, Snapshot, encoded_read, groups};

/// The prefixes and keys of a command, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyQuestion {
    /// Prefixes, of which everything is read.
    pub prefixes: Vec<Prefix>,
    /// Single keys.
    pub keys: Vec<Key>,
}

/// What Consul had under each of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The entries below each prefix, with the index of the listing.
    pub prefixes: Vec<Snapshot>,
    /// The entry of each key; `None` where it did not exist.
    pub keys: Vec<Option<Entry>>,
}

/// An answer that was just read.
#[derive(Debug)]
pub struct FetchedAnswer {
    /// The answer.
    pub answer: StoredAnswer,
    /// The keys that may not be read; they have no entry in the answer.
    pub denied: Vec<Key>,
    /// Whether ACLs removed entries from a listing, where the server says so.
    pub filtered: bool,
}

/// Reads everything: a listing for each prefix, and the keys in as few transactions as hold them.
///
/// # Errors
/// When Consul gives no usable answer, or the token may not read a prefix.
pub fn fetch(client: &Client, question: &KeyQuestion) -> Result<FetchedAnswer, Error> {
    let mut fetched = FetchedAnswer {
        answer: StoredAnswer::default(),
        denied: Vec::new(),
        filtered: false,
    };
    for prefix in &question.prefixes {
        let reply = client.entries(prefix, None)?;
        let index = reply.meta.index.unwrap_or(Index(1));
        fetched.filtered |= reply.meta.filtered;
        let entries = reply.value.collect::<Result<Vec<_>, _>>()?;
        if entries.is_empty() {
            client.check_empty(prefix)?;
        }
        let snapshot = Snapshot::new(index, entries);
        fetched.answer.prefixes.push(snapshot);
    }
    if let [key] = &question.keys[..] {
        let entry = client.get(key)?.value;
        fetched.answer.keys.push(entry);
        return Ok(fetched);
    }
    let mut reader = MultiGet::new(client);
    let size = |key: &Key| encoded_read(key.as_str());
    for group in groups(question.keys.iter().cloned(), size) {
        for (key, lookup) in group.iter().zip(reader.read(&group)?) {
            fetched.answer.keys.push(match lookup {
                Lookup::Found(entry) => Some(entry),
                Lookup::Missing => None,
                Lookup::Denied => {
                    fetched.denied.push(key.clone());
                    None
                }
            });
        }
    }
    Ok(fetched)
}
