//! Plans on their way: saved in files, tried for rights, sent in guarded transactions, journalled and
//! undone. What a plan holds, and how it is made, are rules of `model`.
//!
//! This room must not know where desired entries come from, nor what is printed.
//!
//! - `file`: saved plans.
//! - `content_hash`: hashes of values that do not give them away.

mod content_hash;
mod file;

pub use content_hash::HashSalt;
pub use file::{PlanOrigin, SavedPlan, StaleKey};
