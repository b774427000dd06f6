//! A walk's queries, sent to Consul.

use std::time::SystemTime;

use super::{Held, Source};
use crate::consul::{Block, Client, Consistency, EntryListing, Error, Meta, NameListing};
use crate::model::{Entry, Key, Op, Prefix, TxnOutcome};

/// Consul, asked through a client.
pub struct ConsulSource {
    /// Waits, and reads everything where that is called for: as the user wishes to read.
    waiting: Client,
    /// Asks about parts. Never a server that lags behind: it would call a part unchanged that has
    /// changed, and nothing in its answer tells.
    asking: Client,
    root: String,
}

impl ConsulSource {
    /// Asks about all that begins with `root`.
    pub fn new(client: &Client, root: &str) -> Self {
        let waiting = client.metered();
        let asking = match client.config().consistency {
            Consistency::Stale => waiting.with_consistency(Consistency::Default),
            Consistency::Default | Consistency::Consistent => waiting.clone(),
        };
        ConsulSource {
            waiting,
            asking,
            root: root.to_owned(),
        }
    }
}

impl Source for ConsulSource {
    type Error = Error;
    type Names = NameListing;
    type EntryListing = EntryListing;

    fn names(&self, text: &str, held: Option<Held>) -> Result<(Meta, NameListing), Error> {
        let client = if held.is_some() {
            &self.waiting
        } else {
            &self.asking
        };
        let reply = client.names(&Prefix::new(text), "/", held.map(block))?;
        Ok((reply.meta, reply.value))
    }

    fn entries(&self, text: &str, held: Option<Held>) -> Result<(Meta, EntryListing), Error> {
        let client = if text == self.root {
            &self.waiting
        } else {
            &self.asking
        };
        let reply = client.entries(&Prefix::new(text), held.map(block))?;
        Ok((reply.meta, reply.value))
    }

    fn entry(&self, key: &str) -> Result<Option<Entry>, Error> {
        match Key::new(key) {
            Ok(key) => Ok(self.asking.get(&key)?.value),
            // No key is empty, so there is none.
            Err(_) => Ok(None),
        }
    }

    fn unaddressable(&self, text: &str) -> Result<Option<Vec<Entry>>, Error> {
        let prefix = Prefix::new(text);
        match self.asking.txn(&[Op::GetTree { prefix }])? {
            TxnOutcome::Applied(results) => Ok(Some(
                results.into_iter().map(|result| result.entry).collect(),
            )),
            TxnOutcome::RolledBack(_) => Ok(None),
        }
    }

    fn received(&self) -> u64 {
        self.waiting.received()
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

fn block((since, wait): Held) -> Block {
    Block { since, wait }
}
