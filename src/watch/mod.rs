//! Blocking queries to batches: what is watched, what was seen, what of it is believed, and what
//! was handled. Knows nothing of who looks on.

mod proof;
mod withheld;

pub use withheld::MaxDelete;
