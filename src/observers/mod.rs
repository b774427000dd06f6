//! The observers of a watch: what it prints, logs and publishes. Must not know HTTP, nor how
//! handlers are run.

mod explain;
mod json;
mod runs;
mod start;
mod status_file;
mod systemd;
mod text;
mod warnings;

pub use explain::Explain;
pub use json::JsonObserver;
pub use runs::Runs;
pub use start::Start;
pub use status_file::StatusFile;
pub use systemd::Systemd;
pub use text::TextObserver;
pub use warnings::Warnings;
