//! A `kvw` that stays: its lines as they come, signals to it, its end.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::Output;
use super::contract::{Batch, parse_line};
use super::processes::send_signal;
use super::waiting::PATIENCE;

/// A process of the suite. Killed, and what it printed shown, when the test fails before its end.
pub struct Running {
    child: Child,
    command: String,
    home: tempfile::TempDir,
    stdout: Lines,
    stderr: Lines,
    /// A stdout that stays open and unread.
    _unread: Option<ChildStdout>,
}

/// One stream, read by a thread: what came, and what the test has taken of it.
struct Lines {
    incoming: Receiver<Vec<u8>>,
    all: Vec<u8>,
}

impl Lines {
    fn read(stream: impl Read + Send + 'static) -> Self {
        let (send, incoming) = channel();
        thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while reader
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                if send.send(std::mem::take(&mut line)).is_err() {
                    break;
                }
            }
        });
        Lines {
            incoming,
            all: Vec::new(),
        }
    }

    fn next(&mut self, within: Duration) -> Result<String, RecvTimeoutError> {
        let line = self.incoming.recv_timeout(within)?;
        self.all.extend_from_slice(&line);
        Ok(String::from_utf8_lossy(&line)
            .trim_end_matches('\n')
            .to_owned())
    }

    /// Reads to the end of the stream; says whether it came in time.
    fn read_to_end(&mut self, until: Instant) -> bool {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.incoming.recv_timeout(left) {
                Ok(line) => self.all.extend_from_slice(&line),
                Err(error) => return error == RecvTimeoutError::Disconnected,
            }
        }
    }
}

impl Running {
    pub(super) fn new(
        mut child: Child,
        command: String,
        home: tempfile::TempDir,
        unread: Option<ChildStdout>,
    ) -> Self {
        let stdout: Box<dyn Read + Send> = match child.stdout.take() {
            Some(stdout) => Box::new(stdout),
            None => Box::new(std::io::empty()),
        };
        let stdout = Lines::read(stdout);
        let stderr = Lines::read(child.stderr.take().unwrap());
        Running {
            child,
            command,
            home,
            stdout,
            stderr,
            _unread: unread,
        }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The folder it runs in.
    pub fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// The next line of stdout.
    #[track_caller]
    pub fn line(&mut self) -> String {
        self.line_within(PATIENCE)
    }

    /// The next line of stdout, by a deadline of the test's own.
    #[track_caller]
    pub fn line_within(&mut self, within: Duration) -> String {
        match self.stdout.next(within) {
            Ok(line) => line,
            Err(error) => self.fail(&format!("no line on stdout ({error})")),
        }
    }

    /// The next line of stdout, if it comes in time.
    pub fn try_line(&mut self, within: Duration) -> Option<String> {
        self.stdout.next(within).ok()
    }

    /// The next line of stdout, parsed as the batch that a handler was given.
    #[track_caller]
    pub fn batch(&mut self) -> Batch {
        parse_line(&self.line())
    }

    /// Lines of stderr up to one that holds these words; gives that line.
    #[track_caller]
    pub fn err_line_with(&mut self, words: &str) -> String {
        match self.find_err_line(words, PATIENCE) {
            Ok(line) => line,
            Err(error) => self.fail(&format!("no line with {words:?} on stderr ({error})")),
        }
    }

    /// Lines of stderr up to one that holds these words, if it comes in time and before the end.
    pub fn try_err_line_with(&mut self, words: &str, within: Duration) -> Option<String> {
        self.find_err_line(words, within).ok()
    }

    fn find_err_line(&mut self, words: &str, within: Duration) -> Result<String, RecvTimeoutError> {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.stderr.next(left)?;
            if line.contains(words) {
                return Ok(line);
            }
        }
    }

    /// Whether stdout stays silent for this long. For what must *not* happen: the only kind of
    /// wait that takes its whole time.
    pub fn silent_for(&mut self, time: Duration) -> bool {
        self.try_line(time).is_none()
    }

    /// Sends a signal by its name: `TERM`, `INT`, `HUP`, `USR1`, `KILL`, `STOP`.
    pub fn signal(&self, name: &str) {
        send_signal(name, self.pid());
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end, and for that of whatever else writes to its output.
    #[track_caller]
    pub fn wait(mut self, within: Duration) -> Output {
        let until = Instant::now() + within;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > until {
                self.fail("still running");
            }
            thread::sleep(Duration::from_millis(2));
        };
        if !(self.stdout.read_to_end(until) && self.stderr.read_to_end(until)) {
            self.fail("a process that it started holds its output open");
        }
        Output {
            command: self.command.clone(),
            stdout: std::mem::take(&mut self.stdout.all),
            stderr: String::from_utf8_lossy(&self.stderr.all).into_owned(),
            code: status
                .code()
                .unwrap_or_else(|| 128 + status.signal().unwrap()),
            signal: status.signal(),
        }
    }

    /// Sends TERM and waits for its end.
    #[track_caller]
    pub fn stop(self) -> Output {
        self.signal("TERM");
        self.wait(PATIENCE)
    }

    #[track_caller]
    fn fail(&mut self, what: &str) -> ! {
        let _ = self.child.kill();
        let drained = Instant::now() + Duration::from_secs(1);
        self.stdout.read_to_end(drained);
        self.stderr.read_to_end(drained);
        panic!(
            "{what}: {}\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            String::from_utf8_lossy(&self.stdout.all),
            String::from_utf8_lossy(&self.stderr.all)
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
