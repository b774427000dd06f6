//! Blocking queries to batches: what is watched, what was seen, what of it is believed, and what
//! was handled. Knows nothing of who looks on.

mod look;
mod proof;
mod resume;
mod target;
mod withheld;

pub use look::{Answer, Look, Plain};
pub use resume::{Identity, Keep, Opened, Resume, Saved};
pub use target::{Target, What};
pub use withheld::MaxDelete;
