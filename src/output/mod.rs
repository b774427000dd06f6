//! Shapes times formats: how entries, names, changes and outcomes look as text and as JSON. Does
//! not know where they came from.

pub mod changes;
pub mod consul;
pub mod document;
pub mod entry;
pub mod events;
mod format;
pub mod json;
mod line_diff;
mod list;
pub mod ls;
pub mod status;
mod style;
mod time;
pub mod tree;
pub mod txn;
pub mod wait;

pub use format::Format;
pub use list::{List, filtered_message};
pub use style::Style;
