//! The queries of a walk, sent to Consul.

use std::time::SystemTime;

use super::WalkSource;
use crate::consul::{Block, Client, Consistency, EntryListing, Error, Meta, NameListing};
use crate::model::{Entry, Key, Op, Prefix, TxnOutcome};

/// Consul, queried through a client.
pub struct ConsulSource {
    /// The client for blocking queries and for reading everything, with the consistency that the
    /// user chose.
    root_client: Client,
    /// The client for parts. Never a stale read: a server that lags behind would show a changed
    /// part as unchanged, and nothing in its answer would reveal that.
    part_client: Client,
    root: String,
}

impl ConsulSource {
    /// Creates a source for the keys that begin with `root`.
    pub fn new(client: &Client, root: &str) -> Self {
        let root_client = client.metered();
        let part_client = match client.config().consistency {
            Consistency::Stale => root_client.with_consistency(Consistency::Default),
            Consistency::Default | Consistency::Consistent => root_client.clone(),
        };
        ConsulSource {
            root_client,
            part_client,
            root: root.to_owned(),
        }
    }
}

impl WalkSource for ConsulSource {
    type Error = Error;
    type Names = NameListing;
    type EntryListing = EntryListing;

    fn names(&self, text: &str, block: Option<Block>) -> Result<(Meta, NameListing), Error> {
        let client = if block.is_some() {
            &self.root_client
        } else {
            &self.part_client
        };
        let reply = client.names(&Prefix::new(text), "/", block)?;
        Ok((reply.meta, reply.value))
    }

    fn entries(&self, text: &str, block: Option<Block>) -> Result<(Meta, EntryListing), Error> {
        let client = if text == self.root {
            &self.root_client
        } else {
            &self.part_client
        };
        let reply = client.entries(&Prefix::new(text), block)?;
        Ok((reply.meta, reply.value))
    }

    fn entry(&self, key: &str) -> Result<Option<Entry>, Error> {
        match Key::new(key) {
            Ok(key) => Ok(self.part_client.get(&key)?.value),
            // No key is empty, so there is no such entry.
            Err(_) => Ok(None),
        }
    }

    fn unaddressable(&self, text: &str) -> Result<Option<Vec<Entry>>, Error> {
        let prefix = Prefix::new(text);
        match self.part_client.txn(&[Op::GetTree { prefix }])? {
            TxnOutcome::Applied(results) => Ok(Some(
                results.into_iter().map(|result| result.entry).collect(),
            )),
            TxnOutcome::RolledBack(_) => Ok(None),
        }
    }

    fn received(&self) -> u64 {
        self.root_client.received()
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
