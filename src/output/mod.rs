//! Shapes times formats: how entries, names, changes and outcomes look as text and as JSON. Does
//! not know where they came from.

mod format;
pub mod json;
pub mod status;

pub use format::Format;
