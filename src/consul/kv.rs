//! `/v1/kv`: reads, blocking reads, writes of one key.

use std::time::Duration;

use super::{Client, Error, Reply};
use crate::model::{Entry, Index, Key, Prefix};

/// A blocking query: hold the answer until the index is higher than `since` or `wait` is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The index last seen, at least 1.
    pub since: Index,
    /// How long the server holds; it adds up to a sixteenth.
    pub wait: Duration,
}

/// Entries pulled from the socket one by one, in the server's order.
pub struct Entries;

impl Iterator for Entries {
    type Item = Result<Entry, Error>;
    fn next(&mut self) -> Option<Self::Item> {
        todo!()
    }
}

/// Names pulled from the socket one by one.
pub struct Names;

impl Iterator for Names {
    type Item = Result<String, Error>;
    fn next(&mut self) -> Option<Self::Item> {
        todo!()
    }
}

/// How a value is written. Consul replaces the flags at every write: without any they become 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write<'a> {
    /// Whatever is there.
    Plain,
    /// Only if the entry was last changed at this index; 0 means only if there is none.
    Cas(Index),
    /// Take the lock for this session.
    Acquire(&'a str),
    /// Give the lock back.
    Release(&'a str),
}

impl Client {
    /// One entry, `None` where there is none. Keys that a URL cannot carry are read by transaction.
    pub fn get(&self, _key: &Key) -> Result<Reply<Option<Entry>>, Error> {
        todo!()
    }
    /// One entry, held until it changes. The key must be one that a URL can carry.
    pub fn get_blocking(&self, _key: &Key, _block: Block) -> Result<Reply<Option<Entry>>, Error> {
        todo!()
    }
    /// All entries whose keys begin with `prefix`. An unclean prefix is listed from its nearest clean
    /// folder and filtered here.
    pub fn entries(
        &self,
        _prefix: &Prefix,
        _block: Option<Block>,
    ) -> Result<Reply<Entries>, Error> {
        todo!()
    }
    /// The names that begin with `prefix`, cut behind the first `separator` after it (empty: not cut).
    pub fn names(
        &self,
        _prefix: &Prefix,
        _separator: &str,
        _block: Option<Block>,
    ) -> Result<Reply<Names>, Error> {
        todo!()
    }
    /// Writes a value. `false`: the CAS was lost or the lock not taken (an unknown session included), nothing changed.
    pub fn put(
        &self,
        _key: &Key,
        _value: &[u8],
        _flags: u64,
        _write: Write<'_>,
    ) -> Result<bool, Error> {
        todo!()
    }
    /// Deletes one key, which need not exist. With `cas`: only if it was last changed at that index.
    pub fn delete(&self, _key: &Key, _cas: Option<Index>) -> Result<bool, Error> {
        todo!()
    }
    /// Deletes all keys that begin with the prefix.
    pub fn delete_prefix(&self, _prefix: &Prefix) -> Result<(), Error> {
        todo!()
    }
}
