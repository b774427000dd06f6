//! The whole target by one query.

use std::time::Duration;

use super::reuse::{EntryReuse, update};
use super::{Fetch, Fetched};
use crate::consul::{Block, Client, Error, Meta};
use crate::model::{Entry, Index, Key, Prefix, Snapshot, TargetScope, obstacle};

/// A fetch that reads the whole target each time.
pub struct FullFetch {
    client: Client,
    scope: TargetScope,
}

impl FullFetch {
    /// Creates a fetch of `scope` through this client.
    pub fn new(client: Client, scope: TargetScope) -> Self {
        FullFetch { client, scope }
    }

    fn read_key(&self, key: &Key, block: Option<Block>) -> Result<(Meta, Option<Entry>), Error> {
        // A key that a URL cannot carry cannot be the subject of a blocking query. The listing that
        // holds it can, and the client narrows that down to what begins with the key.
        if obstacle(key.as_str()).is_some() {
            let reply = self.client.entries(&Prefix::new(key.as_str()), block)?;
            let mut found = None;
            for entry in reply.value {
                let entry = entry?;
                if entry.key() == key.as_str() {
                    found = Some(entry);
                }
            }
            return Ok((reply.meta, found));
        }
        // Also before the first read, which needs no URL.
        self.client.check_blocking(key)?;
        let reply = match block {
            Some(block) => self.client.get_blocking(key, block)?,
            None => self.client.get(key)?,
        };
        Ok((reply.meta, reply.value))
    }
}

impl Fetch for FullFetch {
    fn fetch(
        &mut self,
        seen: &mut Snapshot,
        since: Option<Index>,
        wait: Duration,
    ) -> Result<Fetched, Error> {
        let block = since.map(|since| Block { since, wait });
        let mut reuse = EntryReuse::new(seen.entries());
        let meta = match &self.scope {
            TargetScope::Key(key) => {
                let (meta, entry) = self.read_key(key, block)?;
                entry.into_iter().for_each(|entry| reuse.push(entry));
                meta
            }
            TargetScope::Prefix(prefix) => {
                let reply = self.client.entries(prefix, block)?;
                for entry in reply.value {
                    reuse.push(entry?);
                }
                reply.meta
            }
        };
        let index = meta.index.unwrap_or_default();
        let (entries, left_out) = reuse.finish();
        update(seen, index, entries);
        Ok(Fetched {
            meta,
            non_utf8: left_out.any,
        })
    }
}
