//! Who looks on while a watch works: what it prints and says. Knows nothing of HTTP or of what is
//! run.

mod json;
mod notices;
mod runs;
mod text;

pub use json::Jsonl;
pub use notices::Notices;
pub use runs::Runs;
pub use text::Text;
