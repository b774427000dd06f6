//! Who looks on while a watch works: what it prints, says and keeps up to date. Knows nothing of
//! HTTP or of what is run.

mod explain;
mod json;
mod runs;
mod status_file;
mod systemd;
mod text;
mod warnings;

pub use explain::Explain;
pub use json::JsonObserver;
pub use runs::Runs;
pub use status_file::StatusFile;
pub use systemd::Systemd;
pub use text::TextObserver;
pub use warnings::Warnings;
