//! Consistent reads about a target beside those of its fetcher: they prove deletes, tell an empty
//! prefix from a hidden one, and find the folder that was given as a key.

use crate::consul::{Client, Consistency, Error, Lookup, MultiGet};
use crate::model::{Index, Key, Prefix};

/// Answers what a fetch of a target leaves open.
pub trait TargetProber: Send {
    /// Finds out whether each key exists; `None` where Consul gives no answer about its name.
    fn prove(&mut self, keys: &[Key]) -> Result<Vec<Option<Lookup>>, Error>;

    /// Checks that a listing without results is empty rather than hidden: see
    /// [`Client::check_empty`].
    fn check_empty(&mut self, prefix: &Prefix) -> Result<Option<Index>, Error>;

    /// Whether there are keys below `key/`. It is only for a hint, so a failure is a no.
    fn is_folder(&mut self, key: &Key) -> bool;
}

/// A client with consistent reads.
pub struct ConsistentReader(Client);

impl ConsistentReader {
    /// A reader that shares the client's connections.
    pub fn new(client: &Client) -> Self {
        ConsistentReader(client.with_consistency(Consistency::Consistent))
    }
}

impl TargetProber for ConsistentReader {
    fn prove(&mut self, keys: &[Key]) -> Result<Vec<Option<Lookup>>, Error> {
        MultiGet::new(&self.0).prove(keys)
    }

    fn check_empty(&mut self, prefix: &Prefix) -> Result<Option<Index>, Error> {
        self.0.check_empty(prefix)
    }

    fn is_folder(&mut self, key: &Key) -> bool {
        let below = Prefix::new(format!("{key}/"));
        let names = self.0.names(&below, "/", None);
        names.is_ok_and(|mut reply| matches!(reply.value.next(), Some(Ok(_))))
    }
}
