//! Plans on their way: saved in files, tried for rights, sent in guarded transactions, journalled and
//! undone. What a plan holds, and how it is made, are rules of `model`.
//!
//! This room must not know where desired entries come from, nor what is printed.
//!
//! - `file`: saved plans. `origin`: the store that a file belongs to. `conflict`: keys that others have changed.
//!   `content_hash`: hashes of values that do not give them away.
//! - `store`: what a plan is compared with.
//! - `execute`: a plan in transactions, in order, and what became of it.
//! - `journal`: the file that undoes what was written. `inverse`: the plan that undoes it.

mod conflict;
mod content_hash;
mod execute;
mod file;
mod inverse;
mod journal;
mod origin;
mod store;

pub use conflict::PlanConflict;
pub use content_hash::HashSalt;
pub use execute::{Execution, ExecutionEnd, Executor, read_all};
pub use file::{PlanValues, SavedPlan};
pub use inverse::{Inverse, UndoChange, invert};
pub use journal::{UndoDocument, UndoJournal};
pub use origin::PlanOrigin;
pub use store::{StoreError, read_store};
