//! The user's streams: stdout for the answer, stderr for everything else, colour, and the escapes
//! that protect a terminal. Must not know Consul.

mod bytes;
mod escape;
mod log;
mod plural;
mod progress;
mod reader;
mod screen;
mod style;
mod ui;

pub use bytes::bytes;
pub use escape::{is_dangerous, is_plain_line, line as escape_line};
pub use log::log_requests;
pub use plural::plural;
pub use progress::Progress;
pub use reader::on_closed_stdout;
pub use screen::Style;
pub use style::{Color, When, no_color};
pub use ui::{Closed, Ui};
