//! The progress of long work, on stderr.

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use super::Ui;

/// A progress line that is redrawn as keys are processed, and removed on drop. Shown only if stderr
/// is a terminal and without `--quiet`. Threads share it.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts at 0 of `total` keys, if the total is known.
    pub fn new(ui: &Ui, total: Option<u64>) -> Self {
        if ui.quiet() {
            return Progress {
                bar: ProgressBar::hidden(),
            };
        }
        let (bar, template) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{bar:30} {human_pos}/{human_len} keys, {msg}, {per_sec}, {eta} left",
            ),
            None => (
                ProgressBar::no_length(),
                "{spinner} {human_pos} keys, {msg}, {per_sec}",
            ),
        };
        let style = ProgressStyle::with_template(template);
        let bar = bar.with_style(style.expect("the templates above are well formed"));
        Progress { bar }
    }

    /// Shows the keys that are done and the bytes of their values.
    pub fn update(&self, keys: u64, bytes: u64) {
        if !self.bar.is_hidden() {
            self.bar.set_message(HumanBytes(bytes).to_string());
            self.bar.set_position(keys);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
