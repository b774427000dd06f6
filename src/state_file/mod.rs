//! What was handled, kept in a file over restarts: a base, and a journal of what came since. Must
//! not know handlers, observers or Consul; batches come in when they are shown and when they were
//! handled.
//!
//! `file` acknowledges and saves; `handled` is the state in memory (`history`: of one target);
//! `journal` is the file on disk and its lock; `format` its text, `parse` reads it, `messages` says
//! why one is refused.
//!
//! A file belongs to its targets, namespace, partition and datacenter. Not to `--include`,
//! `--exclude` and `--route`: these filter both sides of a comparison, so a key that a filter
//! begins to admit is reported as what it has become since it was last handled, and nothing has to
//! start over.

mod file;
mod format;
mod handled;
mod history;
mod journal;
mod messages;
mod parse;

#[cfg(test)]
mod tests;

pub use file::{OpenedStateFile, SaveChange, StateFile};
pub use format::{Identity, Keep};

/// Parses a state file, for fuzzing. Returns whether it is one.
#[cfg(any(test, fuzzing))]
pub fn is_state_file(bytes: &[u8]) -> bool {
    parse::parse(bytes).is_ok()
}
