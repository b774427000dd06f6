//! The streams of the process, and who may write what to them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufRead, BufWriter, IsTerminal, StdoutLock, Write};

use super::{Color, escape};

/// What a write to stdout fails with when its reader has gone. Recognised by `report`, which ends
/// the command by SIGPIPE without a word, as `cat` does.
#[derive(Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stdout was closed")
    }
}

impl std::error::Error for Closed {}

/// Buffered stdout.
pub struct Out(BufWriter<StdoutLock<'static>>);

impl Out {
    fn told<T>(result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => io::Error::other(Closed),
            kind => io::Error::new(kind, format!("writing to stdout: {error}")),
        })
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Out::told(self.0.write(bytes))
    }

    // Documents are many small writes, for which that of the buffer is faster than the default.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        Out::told(self.0.write_all(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Out::told(self.0.flush())
    }
}

/// stdout for the answer; status, warnings, prompts and errors on stderr.
pub struct Ui {
    /// In a cell, because whoever says something on stderr first writes out what was answered.
    out: RefCell<Out>,
    quiet: bool,
    out_terminal: bool,
    out_color: bool,
    err_color: bool,
}

/// Writes to stdout.
impl Write for Ui {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.get_mut().write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.get_mut().write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.get_mut().flush()
    }
}

impl Ui {
    /// Looks at the streams once. `color` decides for a stream that is (or is not) a terminal.
    pub fn new(quiet: bool, color: impl Fn(bool) -> bool) -> Self {
        let out_terminal = io::stdout().is_terminal();
        Ui {
            out: RefCell::new(Out(BufWriter::with_capacity(
                64 * 1024,
                io::stdout().lock(),
            ))),
            quiet,
            out_terminal,
            out_color: color(out_terminal),
            err_color: color(io::stderr().is_terminal()),
        }
    }

    /// Where the answer goes. Buffered: a stream flushes after each line it wants seen.
    pub fn out(&mut self) -> &mut Out {
        self.out.get_mut()
    }

    /// Writes out what is still buffered.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.get_mut().flush()
    }

    /// Whether a person reads stdout.
    pub fn out_is_terminal(&self) -> bool {
        self.out_terminal
    }

    /// Whether stdout is coloured.
    pub fn out_color(&self) -> bool {
        self.out_color
    }

    /// Whether status lines are silenced.
    pub fn quiet(&self) -> bool {
        self.quiet
    }

    /// A key as stdout may show it: escaped for a terminal, untouched for a pipe.
    pub fn shown_key<'a>(&self, key: &'a str) -> Cow<'a, str> {
        if self.out_terminal {
            escape::key(key)
        } else {
            Cow::Borrowed(key)
        }
    }

    /// What was done; silenced by `--quiet`.
    pub fn status(&self, message: impl fmt::Display) {
        if !self.quiet {
            self.say(None, &message.to_string());
        }
    }

    /// Something the user should know.
    pub fn warn(&self, message: impl fmt::Display) {
        self.say(Some((Color::Changed, "warning: ")), &message.to_string());
    }

    /// What the user can do.
    pub fn hint(&self, message: impl fmt::Display) {
        self.say(Some((Color::Added, "hint: ")), &message.to_string());
    }

    /// What went wrong.
    pub fn error(&self, message: impl fmt::Display) {
        self.say(Some((Color::Removed, "error: ")), &message.to_string());
    }

    /// Asks on the terminal; only `y` and `yes` are a yes. The question ends in no newline.
    pub fn confirm(&mut self, question: &str) -> io::Result<bool> {
        self.flush()?;
        write!(io::stderr(), "{} [y/N] ", escape::key(question))?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Whether a question can be asked and read.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn say(&self, label: Option<(Color, &str)>, message: &str) {
        let label = label
            .map(|(color, label)| color.paint(label, self.err_color))
            .unwrap_or_default();
        // On a terminal both streams are one text. A stdout that cannot be written to stays so, and
        // is told at the end.
        let _ = self.out.borrow_mut().flush();
        // Keys and server texts are part of messages: no line of ours has a control character.
        // A stderr that is gone is no reason to stop working.
        let line = format!("{label}{}\n", escape::key(message));
        let _ = io::stderr().write_all(line.as_bytes());
    }
}
