//! A list of entries or names, written while it is still coming.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::Format;

/// How long a line may stay unseen while others follow it.
const UNSEEN: Duration = Duration::from_millis(50);

/// Items are flushed at once when they come slowly, and together when they come fast.
#[derive(Debug, Default)]
pub(super) struct Pulse(Option<Instant>);

impl Pulse {
    /// An item was written.
    pub(super) fn beat(&mut self, mut out: impl Write) -> io::Result<()> {
        if self.0.is_none_or(|time| time.elapsed() > UNSEEN) {
            out.flush()?;
            self.0 = Some(Instant::now());
        }
        Ok(())
    }
}

/// Returns the message about a list, tree or document (`kind`) from which ACLs removed keys.
pub fn filtered_message(kind: &str) -> String {
    format!("the {kind} is filtered by ACLs: the token may not read every key")
}

/// The frame around the items of a list, which are seen while more of them come.
#[derive(Debug)]
pub struct List {
    format: Format,
    count: u64,
    pulse: Pulse,
}

impl List {
    /// An empty one; nothing is written before the first item or the end.
    pub fn new(format: Format) -> Self {
        List {
            format,
            count: 0,
            pulse: Pulse::default(),
        }
    }

    /// Writes what stands in front of an item, the item, and what stands behind it. Text has no
    /// frame: an item brings its own newline.
    pub fn item<W: Write>(
        &mut self,
        mut out: W,
        write: impl FnOnce(&mut W) -> io::Result<()>,
    ) -> io::Result<()> {
        let (first, between, behind): (&[u8], &[u8], &[u8]) = match self.format {
            Format::Json => (b"[\n", b",\n", b""),
            Format::Consul => (b"[", b",", b""),
            Format::Jsonl => (b"", b"", b"\n"),
            Format::Text | Format::Raw => (b"", b"", b""),
        };
        let before = if self.count == 0 { first } else { between };
        out.write_all(before)?;
        write(&mut out)?;
        out.write_all(behind)?;
        self.count += 1;
        self.pulse.beat(out)
    }

    /// Writes what stands behind the last item. A list that is not finished is no valid JSON, so
    /// that one that broke off does not look whole.
    pub fn finish(self, mut out: impl Write) -> io::Result<u64> {
        out.write_all(match (self.format, self.count) {
            (Format::Json | Format::Consul, 0) => b"[]\n",
            (Format::Json, _) => b"\n]\n",
            (Format::Consul, _) => b"]\n",
            _ => b"",
        })?;
        Ok(self.count)
    }
}
