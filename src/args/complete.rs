//! Completion by the shell. Key names are offered one level at a time, silent and without a delay when
//! Consul does not answer.

mod bash;
mod shells;

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use clap_complete::{ArgValueCompleter, CompletionCandidate};

pub use self::shells::SHELLS;
use super::connect::ConnectArgs;
use super::env::Env;
use crate::consul::{Client, Config};
use crate::model::Prefix;

/// The variable that names the shell. It has a name of its own: a `COMPLETE` set by chance must not
/// turn kvw into a completer.
pub const VARIABLE: &str = "KVW_COMPLETE";

/// The variable that a shell sets for the length of one request.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// The longest time that a shell waits for names.
const TIME_LIMIT: Duration = Duration::from_millis(300);

/// More names than a terminal shows at once; a flat prefix may hold a million.
const MAX_NAMES: usize = 500;

/// What a shell wants of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellRequest {
    /// The script that registers the completion.
    Script,
    /// Candidates for a line.
    Candidates,
}

impl ShellRequest {
    /// Returns what the shell wants, if this is no command of a user's: [`VARIABLE`] alone may have been
    /// left in the environment.
    pub fn from_process(args: &[OsString]) -> Option<Self> {
        let shell = std::env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
        let completes = std::env::var_os(INDEX).is_some() || shells::sets_no_index(&shell);
        match args {
            [_] => Some(ShellRequest::Script),
            [_, dashes, _, ..] if dashes == "--" && completes => Some(ShellRequest::Candidates),
            _ => None,
        }
    }
}

/// Offers the names one level below the typed text. The connection comes from the environment
/// alone: the flags on the line are not parsed yet.
pub fn live_keys() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| -> Vec<CompletionCandidate> {
        let names = typed.to_str().and_then(names).unwrap_or_default();
        // What begins with a dash would be run as a flag.
        let keys = names.into_iter().filter(|name| !name.starts_with('-'));
        keys.map(CompletionCandidate::new).collect()
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
