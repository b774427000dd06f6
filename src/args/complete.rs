//! Completion of key names by the shell: one level at a time, silent and without a delay when
//! Consul does not answer.

use std::ffi::OsStr;
use std::time::Duration;

use clap_complete::{ArgValueCompleter, CompletionCandidate};

use super::connect::ConnectArgs;
use super::env::Env;
use crate::consul::{Client, Config};
use crate::model::Prefix;

/// The longest time that a shell waits for names.
const TIME_LIMIT: Duration = Duration::from_millis(300);

/// More names than a terminal shows at once; a flat prefix may hold a million.
const MAX_NAMES: usize = 500;

/// Offers the names one level below the typed text. The connection comes from the environment
/// alone: the flags on the line are not parsed yet.
pub fn live_keys() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| -> Vec<CompletionCandidate> {
        let names = typed.to_str().and_then(names).unwrap_or_default();
        names.into_iter().map(CompletionCandidate::new).collect()
    })
}

fn names(typed: &str) -> Option<Vec<String>> {
    let config = ConnectArgs::default().config(&Env::from_process()).ok()?;
    let client = Client::new(Config {
        connect_timeout: TIME_LIMIT,
        request_timeout: TIME_LIMIT,
        retry_for: Duration::ZERO,
        ..config
    })
    .ok()?;
    let names = client.names(&Prefix::new(typed), "/", None).ok()?.value;
    names.take(MAX_NAMES).collect::<Result<_, _>>().ok()
}
