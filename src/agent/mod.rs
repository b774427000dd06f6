//! The embedded dev agent: Consul's KV, blocking queries, transactions and sessions, in memory.
//!
//! It answers as Consul 1.8.7 does, byte for byte where a client can tell. It must not know
//! `consul`: client and imitation share no wire code, or one mistake would hide in both.
//!
//! Not here: ACLs (tokens are ignored), services, checks, snapshots, other datacenters. What is
//! not implemented is answered 501 with a sentence.

mod api;
mod golang;
mod http;
mod params;
mod path;
mod request;
mod routes;
mod server;
mod state;
mod store;

pub use server::DevServer;
