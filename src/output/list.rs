//! Lists of entries or names, written while they arrive.

use std::io::{self, Write};

use rustix::time::{ClockId, Timespec, clock_gettime};

use super::Format;

/// How long an item may stay in the buffer while others follow it.
const FLUSH_INTERVAL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// The time of the last flush. Items are flushed at once when they arrive slowly, and together when
/// they arrive fast.
#[derive(Debug, Default)]
pub(super) struct FlushTimer(Option<Timespec>);

/// A clock of some milliseconds' precision, where there is one: it is read a million times a second.
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::MonotonicCoarse;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

impl FlushTimer {
    /// Flushes after an item, if the last flush is long enough ago.
    pub(super) fn flush_item(&mut self, mut out: impl Write) -> io::Result<()> {
        let now = clock_gettime(CLOCK);
        if self.0.is_none_or(|last| now > last + FLUSH_INTERVAL) {
            out.flush()?;
            self.0 = Some(now);
        }
        Ok(())
    }
}

/// Returns the message about a list, tree or document (`kind`) from which ACLs removed keys.
pub fn filtered_message(kind: &str) -> String {
    format!("the {kind} is filtered by ACLs: the token may not read every key")
}

/// A writer of a list, which adds brackets and separators around the items.
#[derive(Debug)]
pub struct ListWriter {
    format: Format,
    count: u64,
    flush_timer: FlushTimer,
}

impl ListWriter {
    /// Creates a writer; it writes nothing before the first item or the end.
    pub fn new(format: Format) -> Self {
        ListWriter {
            format,
            count: 0,
            flush_timer: FlushTimer::default(),
        }
    }

    /// Writes an item with the separators around it. Text has none: an item writes its own newline.
    pub fn item<W: Write>(
        &mut self,
        mut out: W,
        write: impl FnOnce(&mut W) -> io::Result<()>,
    ) -> io::Result<()> {
        let (first, between, after): (&[u8], &[u8], &[u8]) = match self.format {
            Format::Json => (b"[\n", b",\n", b""),
            Format::Consul => (b"[", b",", b""),
            Format::Jsonl => (b"", b"", b"\n"),
            Format::Text | Format::Raw => (b"", b"", b""),
        };
        let before = if self.count == 0 { first } else { between };
        if !before.is_empty() {
            out.write_all(before)?;
        }
        write(&mut out)?;
        if !after.is_empty() {
            out.write_all(after)?;
        }
        self.count += 1;
        self.flush_timer.flush_item(out)
    }

    /// Whether no item was written.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Writes the end of the list; returns the number of items. A list without its end is no valid
    /// JSON, so that a list that broke off does not look complete.
    pub fn finish(self, mut out: impl Write) -> io::Result<u64> {
        out.write_all(match (self.format, self.count) {
            (Format::Json | Format::Consul, 0) => b"[]\n",
            (Format::Json, _) => b"\n]\n",
            (Format::Consul, _) => b"]\n",
            (Format::Text | Format::Jsonl | Format::Raw, _) => b"",
        })?;
        Ok(self.count)
    }
}
