//! Builds requests, sends them, reads headers and maps statuses; the only caller of ureq.

use std::time::Duration;

use super::{Config, Consistency, Error};
use crate::model::Index;

/// What the headers of a read say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// `X-Consul-Index`, at least 1; absent on transactions.
    pub index: Option<Index>,
    /// `X-Consul-Results-Filtered-By-ACLs: true` (servers from 1.11, requests with a token).
    pub filtered: bool,
    /// `X-Consul-KnownLeader`.
    pub known_leader: Option<bool>,
    /// `X-Consul-LastContact`: how long ago the answering server heard from the leader.
    pub last_contact: Option<Duration>,
}

/// A read's value and what its headers said.
#[derive(Debug)]
pub struct Reply<T> {
    /// The headers.
    pub meta: Meta,
    /// The answer.
    pub value: T,
}

/// A connection to one agent; clones share it.
#[derive(Clone)]
pub struct Client;

impl Client {
    /// Builds the client; sends nothing.
    pub fn new(_config: Config) -> Result<Self, Error> {
        todo!()
    }
    /// The same connection, reading in another mode: the proof of a delete is always consistent.
    pub fn with_consistency(&self, _consistency: Consistency) -> Self {
        todo!()
    }
    /// What it was built from.
    pub fn config(&self) -> &Config {
        todo!()
    }
}
