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
            let line = line(keys, bytes, self.total, self.started.elapsed());
            draw(&fit(&line, width()));
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

/// The columns of the terminal; 80 where it does not tell.
fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stderr());
    size.map_or(80, |size| match size.ws_col {
        0 => 80,
        columns => usize::from(columns),
    })
}

/// Leaves out parts of a line, the less important first, until it fits into these columns. The last one
/// stays free: some terminals go to the next line in it.
fn fit(parts: &[String], columns: usize) -> String {
    // The bar, the time left, the size, the rate; the number of keys is cut.
    let order: [&[usize]; 5] = [&[0, 1, 2, 3, 4], &[1, 2, 3, 4], &[1, 3, 4], &[1, 4], &[1]];
    let mut lines = order.iter().map(|places| {
        let kept: Vec<&str> = places
            .iter()
            .filter_map(|place| parts.get(*place))
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        match places[0] == 0 && !parts[0].is_empty() {
            true => format!("{} {}", kept[0], kept[1..].join(", ")),
            false => kept.join(", "),
        }
    });
    let fits = |line: &String| line.chars().count() < columns;
    match lines.by_ref().find(fits) {
        Some(line) => line,
        None => parts[1].chars().take(columns.saturating_sub(1)).collect(),
    }
}

/// Returns the parts of the line for the work that was done in this time: bar, keys, size, rate, time
/// left. What is not known is empty.
fn line(keys: u64, size: u64, total: Option<u64>, elapsed: Duration) -> [String; 5] {
    let size = whole_bytes(size);
    let milliseconds = u64::try_from(elapsed.as_millis())
        .unwrap_or(u64::MAX)
        .max(1);
    let rate = keys.saturating_mul(1000) / milliseconds;
    let Some(total) = total else {
        let [bar, left] = [String::new(), String::new()];
        return [
            bar,
            format!("{} keys", grouped(keys)),
            size,
            rate_text(rate),
            left,
        ];
    };
    let filled = (keys.min(total) * BAR).checked_div(total).unwrap_or(BAR);
    let (filled, empty) = (filled as usize, (BAR - filled) as usize);
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(empty));
    let left = match total.saturating_sub(keys).checked_div(rate) {
        Some(seconds) => format!("{seconds}s left"),
        None => String::new(),
    };
    let (keys, total) = (grouped(keys), grouped(total));
    [
        bar,
        format!("{keys}/{total} keys"),
        size,
        rate_text(rate),
        left,
    ]
}

fn rate_text(rate: u64) -> String {
    format!("{} keys/s", grouped(rate))
}

/// Formats a number of bytes without a fraction, which nobody reads while it changes.
fn whole_bytes(number: u64) -> String {
    let text = bytes(number);
    match text.split_once('.') {
        Some((whole, rest)) => format!("{whole}{}", &rest[2..]),
        None => text,
    }
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
            fit(&line(2500, 10_240, Some(10_000), SECOND * 5), 80),
            "█████░░░░░░░░░░░░░░░ 2,500/10,000 keys, 10 KiB, 500 keys/s, 15s left"
        );
        assert_eq!(
            fit(&line(2500, 512, None, SECOND * 5), 80),
            "2,500 keys, 512 B, 500 keys/s"
        );
    }

    #[test]
    fn the_first_and_the_last_moment_divide_by_nothing() {
        let start = fit(&line(0, 0, Some(10), Duration::ZERO), 80);
        assert_eq!(start, "░░░░░░░░░░░░░░░░░░░░ 0/10 keys, 0 B, 0 keys/s");
        let empty = fit(&line(0, 0, Some(0), SECOND), 80);
        assert!(
            empty.starts_with("████████████████████ 0/0 keys"),
            "{empty}"
        );
    }

    #[test]
    fn a_line_fits_into_any_width() {
        let parts = [
            line(99_999_999, 1 << 45, Some(99_999_999), SECOND * 1000),
            line(2500, 512, None, SECOND * 5),
        ];
        for parts in &parts {
            for columns in 0..200 {
                let line = fit(parts, columns);
                assert!(
                    line.chars().count() <= columns.saturating_sub(1),
                    "{columns}: {line}"
                );
            }
        }
        let line = fit(&line(2500, 10_240, Some(10_000), SECOND * 5), 40);
        assert_eq!(line, "2,500/10,000 keys, 500 keys/s, 15s left");
    }
}
