//! The HTTP client: the only room that speaks to Consul. Knows nothing of clap, the terminal or
//! exit codes.

mod answer;
mod bulk;
mod client;
mod config;
mod error;
mod json;
mod kv;
mod listing;
mod request;
mod setup;
mod several;
mod status;
mod transport;
mod txn;

#[cfg(test)]
mod tests;

pub use answer::{Meta, Reply};
pub use bulk::{Bulk, Sent};
pub use client::Client;
pub use config::{Address, Config, Consistency, Secret, TokenSource};
pub use error::{Cause, Error, Outcome};
pub use json::Encoded;
pub use kv::Write;
pub use listing::{Entries, Names};
pub use request::Block;
pub use several::{Reader, Seen};
