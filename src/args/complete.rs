//! Live key names for the shell's TAB: one level at a time, and never a word or a wait when Consul
//! does not answer.

use std::ffi::OsStr;
use std::time::Duration;

use clap_complete::{ArgValueCompleter, CompletionCandidate};

use super::connect::ConnectArgs;
use super::env::Env;
use crate::consul::{Client, Config};
use crate::model::Prefix;

/// How long a shell waits at the most.
const PATIENCE: Duration = Duration::from_millis(300);

/// More than a terminal shows at once; a flat prefix may hold a million.
const MOST: usize = 500;

/// Offers the names one level below what is typed. Only the environment says where Consul is: what
/// stands on the line so far is not parsed yet.
pub fn live_keys() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| -> Vec<CompletionCandidate> {
        let names = typed.to_str().and_then(names).unwrap_or_default();
        names.into_iter().map(CompletionCandidate::new).collect()
    })
}

fn names(typed: &str) -> Option<Vec<String>> {
    let config = ConnectArgs::default().config(&Env::of_process()).ok()?;
    let client = Client::new(Config {
        connect_timeout: PATIENCE,
        request_timeout: PATIENCE,
        retry_for: Duration::ZERO,
        ..config
    })
    .ok()?;
    let names = client.names(&Prefix::new(typed), "/", None).ok()?.value;
    names.take(MOST).collect::<Result<_, _>>().ok()
}
