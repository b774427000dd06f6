//! What was handled, kept in a file over restarts: base and journal. `format` is the file's text (`reading` takes it in),
//! `memory` what it says (`remembered`: of one target), `journal` the file itself with its lock, `state` puts them together.
//! Knows nothing of handlers; a batch comes in when it has been handled.
//!
//! Bound to the targets, namespace, partition and datacenter. Not to `--include`, `--exclude` and
//! `--route`: these filter both sides of a comparison, so a key that a filter begins to let through
//! is reported as what became of it since it was last handled, and nothing has to start over.

mod format;
mod journal;
mod memory;
mod reading;
mod refusal;
mod remembered;
mod state;

pub use format::Identity;
pub use memory::Keep;
pub use state::{Opened, Resume, Saved};

#[cfg(test)]
mod samples;
