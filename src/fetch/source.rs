//! What a walk asks: the narrow face of a server, so that the walk is tested without one.

use std::time::{Duration, SystemTime};

use crate::consul::Meta;
use crate::model::{Entry, Index};

/// A blocking query: held until the index is higher than this one or the time is over.
pub type Held = (Index, Duration);

/// A server, asked about the keys below a text. Each answer shows one state of the store, and answers
/// do not go back behind earlier ones except where the store itself did. Several queries may be under
/// way at a time.
pub trait Source {
    /// Why there was no answer.
    type Error: std::fmt::Display;
    /// Names of an answer, as they come.
    type Names: Iterator<Item = Result<String, Self::Error>>;
    /// Entries of an answer, as they come.
    type EntryListing: Iterator<Item = Result<Entry, Self::Error>>;

    /// The names that begin with `text`, cut behind the first `/` after it.
    fn names(&self, text: &str, held: Option<Held>) -> Result<(Meta, Self::Names), Self::Error>;

    /// All entries whose keys begin with `text`.
    fn entries(
        &self,
        text: &str,
        held: Option<Held>,
    ) -> Result<(Meta, Self::EntryListing), Self::Error>;

    /// One entry.
    fn entry(&self, key: &str) -> Result<Option<Entry>, Self::Error>;

    /// All entries whose keys begin with a text that a URL cannot carry. `None` where the server
    /// takes no such query.
    fn unaddressable(&self, text: &str) -> Result<Option<Vec<Entry>>, Self::Error>;

    /// How many bytes its answers had until now.
    fn received(&self) -> u64;

    /// The time of day. Not a clock that stands still while the machine sleeps: the server's
    /// deletion marks age meanwhile.
    fn now(&self) -> SystemTime;
}
