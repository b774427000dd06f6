//! What a command asks Consul for, its answer, read as a whole before anything is done with it, and the
//! file that keeps an answer for the time when Consul cannot be reached. Must not know the terminal, or
//! what the answer is for.

mod file;
mod question;

pub use file::AnswerFile;
pub use question::{FetchedAnswer, KeyQuestion, StoredAnswer, fetch};
