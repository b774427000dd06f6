//! The progress of long work, on stderr. Own code: the crate for it costs a fifteenth of the binary
//! and, through its estimator, a mathematics library in every command.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

use super::{Ui, bytes};

/// The shortest time between two drawings.
const REDRAW: Duration = Duration::from_millis(100);

/// The columns of the bar.
const BAR: u64 = 20;

/// A progress line that is redrawn as keys are processed, and removed on drop. Shown only if stderr
/// is a terminal and without `--quiet`. Threads share it.
#[derive(Debug)]
pub struct Progress {
    started: Instant,
    total: Option<u64>,
    /// The time of the last drawing; `None` where nothing is shown.
    drawn: Option<Mutex<Instant>>,
}

impl Progress {
    /// Starts at 0 of `total` keys, if the total is known.
    pub fn new(ui: &Ui, total: Option<u64>) -> Self {
        let started = Instant::now();
        let shown = !ui.quiet() && io::stderr().is_terminal();
        Progress {
            started,
            total,
            drawn: shown.then(|| Mutex::new(started)),
        }
    }

    /// Shows the keys that are done and the bytes of their values.
    pub fn update(&self, keys: u64, bytes: u64) {
        let Some(drawn) = &self.drawn else { return };
        let mut drawn = match drawn.try_lock() {
            Ok(drawn) => drawn,
            // Another thread draws.
            Err(TryLockError::WouldBlock) => return,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        if drawn.elapsed() >= REDRAW {
            *drawn = Instant::now();
            draw(&line(keys, bytes, self.total, self.started.elapsed()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            draw("");
        }
    }
}

/// Replaces the line that the cursor stands in. A closed stderr is no reason to stop working.
fn draw(line: &str) {
    let _ = write!(io::stderr(), "\r\x1b[K{line}");
}

/// Returns the line for the work that was done in this time. It fits into 80 columns.
fn line(keys: u64, size: u64, total: Option<u64>, elapsed: Duration) -> String {
    let size = bytes(size);
    let milliseconds = u64::try_from(elapsed.as_millis())
        .unwrap_or(u64::MAX)
        .max(1);
    let rate = keys.saturating_mul(1000) / milliseconds;
    let Some(total) = total else {
        return format!("{} keys, {size}, {rate}/s", grouped(keys));
    };
    let filled = (keys.min(total) * BAR).checked_div(total).unwrap_or(BAR);
    let (filled, empty) = (filled as usize, (BAR - filled) as usize);
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(empty));
    let left = match total.saturating_sub(keys).checked_div(rate) {
        Some(seconds) => format!(", {seconds}s left"),
        None => String::new(),
    };
    let (keys, total) = (grouped(keys), grouped(total));
    format!("{bar} {keys}/{total} keys, {size}, {rate}/s{left}")
}

/// Formats a number with commas: `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_line_shows_how_far_the_work_is_and_how_long_it_takes() {
        assert_eq!(
            line(2500, 10_240, Some(10_000), SECOND * 5),
            "█████░░░░░░░░░░░░░░░ 2,500/10,000 keys, 10.00 KiB, 500/s, 15s left"
        );
        assert_eq!(
            line(2500, 512, None, SECOND * 5),
            "2,500 keys, 512 B, 500/s"
        );
    }

    #[test]
    fn the_first_and_the_last_moment_divide_by_nothing() {
        let start = line(0, 0, Some(10), Duration::ZERO);
        assert_eq!(start, "░░░░░░░░░░░░░░░░░░░░ 0/10 keys, 0 B, 0/s");
        let empty = line(0, 0, Some(0), SECOND);
        assert!(
            empty.starts_with("████████████████████ 0/0 keys"),
            "{empty}"
        );
    }

    #[test]
    fn a_line_fits_into_80_columns() {
        let longest = line(99_999_999, 1 << 45, Some(99_999_999), SECOND * 1000);
        assert!(longest.chars().count() <= 80, "{longest}");
    }
}
