//! The user's side of the process: stdout for the answer, stderr for everything else, and what a
//! terminal must never be driven by. Knows nothing of Consul.

mod escape;
mod log;
mod progress;
mod style;
mod ui;

pub use escape::{is_dangerous, key, value, value_bytes};
pub use log::log_requests;
pub use progress::Progress;
pub use style::{Color, When, no_color};
pub use ui::{Closed, Ui};
