//! The streams of the process: what is written to stdout and stderr, and how.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufRead, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::Path;

use clap::builder::StyledStr;

use super::reader::{closed_error, stdout_is_closed};
use super::{Color, Style, escape};
use crate::system_error::without_number;

/// The error of a write to a stdout whose reader has gone. `report` recognises it and ends the
/// command by SIGPIPE without a message, as `cat` does.
#[derive(Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stdout was closed")
    }
}

impl std::error::Error for Closed {}

/// The user's streams: stdout for the answer; status, warnings, prompts and errors on stderr.
///
/// Shared by reference. As with [`std::fs::File`], `&Ui` is the writer: it writes to stdout, buffered.
pub struct Ui {
    out: RefCell<BufWriter<StdoutLock<'static>>>,
    quiet: bool,
    out_terminal: bool,
    out_color: bool,
    err_terminal: bool,
    err_color: bool,
}

/// Writes to stdout; a stream flushes after each line that is to be visible at once.
impl Write for &Ui {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out
            .borrow_mut()
            .write(bytes)
            .map_err(|error| stdout_error(&error))
    }

    // Documents are many small writes, for which that of the buffer is faster than the default. Inline,
    // those of constants are a few stores.
    #[inline(always)]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out
            .borrow_mut()
            .write_all(bytes)
            .map_err(|error| stdout_error(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out
            .borrow_mut()
            .flush()
            .map_err(|error| stdout_error(&error))
    }
}

/// The error of a write to stdout.
#[cold]
fn stdout_error(error: &io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => closed_error(),
        kind => io::Error::new(kind, format!("writing to stdout: {error}")),
    }
}

impl Ui {
    /// Creates the streams of this process. `color` decides for a stream that is (or is not) a
    /// terminal whether it is coloured.
    pub fn new(quiet: bool, color: impl Fn(bool) -> bool) -> Self {
        let out_terminal = io::stdout().is_terminal();
        let err_terminal = io::stderr().is_terminal();
        Ui {
            out: RefCell::new(BufWriter::with_capacity(64 * 1024, io::stdout().lock())),
            quiet,
            out_terminal,
            out_color: color(out_terminal),
            err_terminal,
            err_color: color(err_terminal),
        }
    }

    /// Writes buffered output to stdout.
    pub fn flush(&self) -> io::Result<()> {
        let mut out = self;
        Write::flush(&mut out)
    }

    /// Fails as a write does where the reader of stdout has gone.
    ///
    /// # Errors
    /// That of a write.
    pub fn check_reader(&self) -> io::Result<()> {
        match stdout_is_closed() {
            true => Err(closed_error()),
            false => Ok(()),
        }
    }

    /// Whether stdout is a terminal.
    pub fn out_is_terminal(&self) -> bool {
        self.out_terminal
    }

    /// Whether a person reads what is said on stderr: worth a request that only helps them.
    pub fn explains(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// How text is written to stdout.
    pub fn style(&self) -> Style {
        Style {
            terminal: self.out_terminal,
            color: self.out_color,
        }
    }

    /// Writes the help of a command, which is no foreign text.
    pub fn help(&self, text: &StyledStr) -> io::Result<()> {
        let mut out = self;
        match self.out_color {
            true => write!(out, "{}", text.ansi())?,
            false => write!(out, "{text}")?,
        }
        self.flush()
    }

    /// Prints the help of a command in place of an error.
    pub fn help_on_stderr(&self, text: &StyledStr) {
        // A closed stderr is no reason to end in another way.
        let _ = match self.err_color {
            true => write!(io::stderr(), "{}", text.ansi()),
            false => write!(io::stderr(), "{text}"),
        };
    }

    /// Whether stderr is a terminal.
    pub fn err_is_terminal(&self) -> bool {
        self.err_terminal
    }

    /// Whether stdin and stdout are a terminal that can be drawn on.
    pub fn is_interactive(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        self.out_terminal && io::stdin().is_terminal() && !dumb
    }

    /// Whether status lines are silenced.
    pub fn quiet(&self) -> bool {
        self.quiet
    }

    /// Returns the key as stdout may show it: escaped for a terminal, untouched for a pipe.
    pub fn shown_key<'a>(&self, key: &'a str) -> Cow<'a, str> {
        self.style().key(key)
    }

    /// Prints a status line, unless `--quiet` silences it.
    pub fn status(&self, message: impl fmt::Display) {
        if !self.quiet {
            self.print(None, &message.to_string());
        }
    }

    /// Prints a warning.
    pub fn warn(&self, message: impl fmt::Display) {
        self.print(Some((Color::Changed, "warning: ")), &message.to_string());
    }

    /// Prints a hint at what the user can do.
    pub fn hint(&self, message: impl fmt::Display) {
        self.print(Some((Color::Added, "hint: ")), &message.to_string());
    }

    /// Prints an error.
    pub fn error(&self, message: impl fmt::Display) {
        self.print(Some((Color::Removed, "error: ")), &message.to_string());
    }

    /// Prints the path of a file that the user will want, on a line of its own, which `--quiet` does not
    /// silence.
    pub fn path(&self, path: &Path) {
        self.print(None, &path.to_string_lossy());
    }

    /// Prints a question, whose answer is read elsewhere.
    pub fn question(&self, question: &str) -> io::Result<()> {
        self.flush()?;
        write!(io::stderr(), "{} ", escape::key(question))
    }

    /// Asks a question on the terminal; only `y`, `Y` and `yes` confirm.
    pub fn confirm(&self, question: &str) -> io::Result<bool> {
        self.flush()?;
        write!(io::stderr(), "{} [y/N] ", escape::key(question))?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Asks a question on the terminal that the number of what it is about confirms.
    pub fn confirm_number(&self, question: &str, what: &str, number: u64) -> io::Result<bool> {
        self.flush()?;
        let question = format!("{question} Type the number of {what} to confirm:");
        write!(io::stderr(), "{} ", escape::key(&question))?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(answer.trim() == number.to_string())
    }

    /// Whether [`Ui::confirm`] can ask a question and read the answer.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn print(&self, label: Option<(Color, &str)>, message: &str) {
        let label = label
            .map(|(color, label)| color.paint(label, self.err_color))
            .unwrap_or_default();
        // On a terminal both streams appear as one text, so stdout is flushed first. A stdout that
        // cannot be written to fails again, and is reported, at the end.
        let _ = self.flush();
        // Messages contain keys and server texts: control characters are escaped. A closed stderr
        // is no reason to stop working.
        let message = without_number(message);
        let line = format!("{label}{}\n", escape::key(&message));
        let _ = io::stderr().write_all(line.as_bytes());
    }
}
