//! What a command asks Consul for, and its answer: read as a whole before anything is done with it.
//! Must not know the terminal, or what the answer is for.

mod question;

pub use question::{KeyQuestion, StoredAnswer, fetch};
