//! The HTTP client: the only room that speaks to Consul. Knows nothing of clap, the terminal or
//! exit codes.

mod client;
mod config;
mod error;
mod json;
mod kv;
mod status;
mod transport;
mod txn;

#[cfg(test)]
mod tests;

pub use client::{Client, Meta, Reply};
pub use config::{Address, Config, Consistency, Secret, TokenSource};
pub use error::{Cause, Error, Outcome};
pub use kv::{Block, Entries, Names, Write};
