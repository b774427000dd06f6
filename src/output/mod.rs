//! Formats of everything that kvw prints: entries, names, changes and outcomes as text and as JSON.
//!
//! This room must not know where the data came from.
//!
//! - `json`: the published JSON types. `consul`, `document`: Consul's own JSON.
//! - `entry`, `ls`, `tree`, `txn`, `wait`, `status`, `session`: the answers of the verbs. `changes`, `line_diff`:
//!   changes as text.
//! - `glob`: keys and prefixes that were meant as globs.
//! - `secret`: values that are not shown.
//! - `format`: the names of formats. `list`: lists written while they arrive. `time`: points in
//!   time. `value_line`: values in one line.

pub mod changes;
pub mod consul;
pub mod document;
pub mod entry;
mod format;
mod glob;
pub mod json;
mod line_diff;
mod list;
pub mod ls;
pub mod plan;
mod secret;
pub mod session;
pub mod status;
mod time;
pub mod tree;
pub mod tree_text;
pub mod txn;
mod value_line;
pub mod wait;

pub use format::Format;
pub use glob::{explain_empty, glob_hint, no_glob};
pub use list::{ListWriter, filtered_message};
pub use secret::SecretMask;
pub use time::{TimeForm, TimeFormat};
#[cfg(feature = "live")]
pub use value_line::brief as brief_value;
pub use value_line::line_name;
