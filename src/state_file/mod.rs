//! What was handled, kept in a file over restarts: base and journal. `format` is the file's text (`parse` takes it in),
//! `handled` what it says (`history`: of one target), `journal` the file itself with its lock, `state` puts them together.
//! Knows nothing of handlers; a batch comes in when it has been handled.
//!
//! Bound to the targets, namespace, partition and datacenter. Not to `--include`, `--exclude` and
//! `--route`: these filter both sides of a comparison, so a key that a filter begins to let through
//! is reported as what became of it since it was last handled, and nothing has to start over.

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
pub use format::Identity;
pub use handled::Keep;
