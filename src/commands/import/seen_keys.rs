//! Finds keys that occur twice in a document: without memory while they are sorted.

use std::collections::HashMap;

/// The keys read so far, to find duplicates.
pub enum SeenKeys {
    /// The last key: each is greater than the one before.
    Sorted(String),
    /// The number of the entry of each key.
    Unsorted(HashMap<String, u64>),
}

/// How often a key was seen.
pub enum Occurrence {
    /// For the first time.
    First,
    /// The key was that of the entry with this number.
    Duplicate(u64),
    /// Keys that should be sorted are not.
    OutOfOrder,
}

impl SeenKeys {
    /// Adds the key of the entry with this number.
    pub fn insert(&mut self, name: &str, number: u64) -> Occurrence {
        match self {
            SeenKeys::Sorted(last) => match name.cmp(last) {
                std::cmp::Ordering::Greater => {
                    name.clone_into(last);
                    Occurrence::First
                }
                std::cmp::Ordering::Equal => Occurrence::Duplicate(number - 1),
                std::cmp::Ordering::Less => Occurrence::OutOfOrder,
            },
            SeenKeys::Unsorted(names) => match names.get(name) {
                Some(first) => Occurrence::Duplicate(*first),
                None => {
                    names.insert(name.to_owned(), number);
                    Occurrence::First
                }
            },
        }
    }
}
