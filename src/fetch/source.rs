//! What a walk needs of a server: a narrow trait, so that the walk is tested without one.

use std::time::SystemTime;

use crate::consul::{Block, Meta};
use crate::model::Entry;

/// A server that answers queries about the keys below a text. Each answer shows one state of the
/// store, and no answer shows an older state than an earlier one except where the store itself went
/// back. Several queries may be under way at a time.
pub trait WalkSource {
    /// The reason why there was no answer.
    type Error: std::fmt::Display;
    /// Names of an answer, as they arrive.
    type Names: Iterator<Item = Result<String, Self::Error>>;
    /// Entries of an answer, as they arrive.
    type EntryListing: Iterator<Item = Result<Entry, Self::Error>>;

    /// Lists the names that begin with `text`, cut behind the first `/` after it.
    fn names(&self, text: &str, block: Option<Block>) -> Result<(Meta, Self::Names), Self::Error>;

    /// Reads all entries whose keys begin with `text`.
    fn entries(
        &self,
        text: &str,
        block: Option<Block>,
    ) -> Result<(Meta, Self::EntryListing), Self::Error>;

    /// Reads one entry.
    fn entry(&self, key: &str) -> Result<Option<Entry>, Self::Error>;

    /// Reads all entries whose keys begin with a text that a URL cannot carry. `None` where the
    /// server refuses such a query.
    fn unaddressable(&self, text: &str) -> Result<Option<Vec<Entry>>, Self::Error>;

    /// The number of bytes that all answers had so far.
    fn received(&self) -> u64;

    /// The time of day. Not a clock that stands still while the machine sleeps: the server's
    /// tombstones age meanwhile.
    fn now(&self) -> SystemTime;
}
