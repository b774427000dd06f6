//! `-v`: requests and decisions on stderr.

use std::io::Write;

use log::{LevelFilter, Log, Metadata, Record};

use crate::system_error::without_number;

struct ToStderr;

impl Log for ToStderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // ureq logs through the same crate; its messages are not for users.
        metadata.target().starts_with("kvw")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let message = record.args().to_string();
            let line = format!("{}\n", super::escape::key(&without_number(&message)));
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }

    fn flush(&self) {}
}

/// Prints requests and decisions of `kvw` on stderr from now on.
pub fn log_requests() {
    if log::set_logger(&ToStderr).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}
