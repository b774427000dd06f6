//! The HTTP client: the only room that sends requests to Consul. Must not know clap, the terminal or
//! exit codes.

mod access;
mod answer;
mod bulk;
mod client;
mod config;
mod error;
mod failed_phase;
mod files;
mod json;
mod kv;
mod listing;
mod multi_delete;
mod multi_get;
mod redact;
mod request;
mod server;
mod session;
mod setup;
mod status;
mod tls;
mod transport;
mod txn;
mod unix;

#[cfg(test)]
mod tests;

pub use access::Access;
pub use answer::{Meta, Reply};
pub use bulk::{Bulk, SentTxn};
pub use client::Client;
pub use config::{
    Address, AnswerBounds, Config, Consistency, ConsulEndpoint, Scheme, Secret, TokenSource,
    without_user,
};
pub use error::{Cause, Error, ErrorClass};
pub use json::EncodedEntry;
#[cfg(any(test, fuzzing))]
pub use json::read_entries;
pub use kv::Write;
pub use listing::{EntryListing, NameListing};
pub use multi_delete::MultiDelete;
pub use multi_get::{Lookup, MultiGet};
pub use request::Block;
pub use session::SERF_HEALTH;
pub use status::TokenState;
pub use tls::{ClientCertificate, TlsConfig, TrustedRoots};
#[cfg(any(test, fuzzing))]
pub use txn::is_txn_answer;
