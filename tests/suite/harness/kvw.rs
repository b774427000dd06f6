//! The program under test, in a cleared environment with a home of its own.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::signals::reset_signals_for_children;
use super::{Running, Terminal, write_script};

/// How long any command may take before it counts as stuck.
const DEADLINE: Duration = Duration::from_secs(60);

/// Command lines that list the whole store.
pub const WHOLE_STORE_LISTINGS: [&[&str]; 6] = [
    &["get", "--recurse"],
    &["get", "--keys"],
    &["ls"],
    &["tree"],
    &["export"],
    &["delete", "--recurse", "", "--all", "--yes"],
];

/// A command line of `kvw`, built up word by word.
pub struct Kvw {
    command: Command,
    home: tempfile::TempDir,
    stdin: Option<Vec<u8>>,
    stdout: StdoutPipe,
}

/// What becomes of the other end of a command's stdout.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StdoutPipe {
    Read,
    Closed,
    /// Open, and nobody reads it.
    Unread,
}

impl Kvw {
    /// `kvw`, speaking to the agent at this `host:port`.
    pub fn at(address: &str) -> Self {
        let mut kvw = Kvw::bare();
        kvw.command.env("CONSUL_HTTP_ADDR", address);
        kvw
    }

    /// `kvw` with nothing set that says where Consul is.
    pub fn bare() -> Self {
        Kvw::program(assert_cmd::cargo::cargo_bin!("kvw"))
    }

    /// Another program in the same surroundings, for what is compared with it.
    pub fn program(path: &Path) -> Self {
        reset_signals_for_children();
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(path);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", home.path())
            .current_dir(home.path());
        Kvw {
            command,
            home,
            stdin: None,
            stdout: StdoutPipe::Read,
        }
    }

    /// Runs it by way of another program, which gets the whole command line so far as its last
    /// arguments: `timeout 1`, `unshare …`, `sh -c 'exec "$0" "$@"'`.
    pub fn under<const N: usize>(mut self, wrapper: [&str; N]) -> Self {
        let mut command = Command::new(wrapper[0]);
        command
            .args(&wrapper[1..])
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear()
            .current_dir(self.home.path());
        for (name, value) in self.command.get_envs() {
            command.env(
                name,
                value.expect("nothing is taken out of a cleared environment"),
            );
        }
        self.command = command;
        self
    }

    /// Adds arguments.
    pub fn args<I: IntoIterator<Item: AsRef<OsStr>>>(mut self, args: I) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it on a terminal of its own (util-linux's `script`): what it prints, on either stream,
    /// and what is typed come back as stdout, with `\r\n` at the end of lines.
    pub fn on_terminal(mut self) -> Self {
        let inner = self.command;
        let mut words = vec![inner.get_program()];
        words.extend(inner.get_args());
        let words = words.iter().map(|word| word.to_str().unwrap());
        let line = shlex::try_join(words).unwrap();
        let mut outer = Command::new("script");
        outer.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        outer.env_clear().current_dir(self.home.path());
        outer.envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        self.command = outer;
        self
    }

    /// Starts a line of `sh` in its surroundings instead, on a terminal that the test types into.
    pub fn terminal(&self, line: &str) -> Terminal {
        Terminal::start(line, &self.command)
    }

    /// Feeds stdin; without it stdin is empty.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Nobody reads its stdout: the pipe's other end is closed from the start.
    pub fn with_stdout_closed(mut self) -> Self {
        self.stdout = StdoutPipe::Closed;
        self
    }

    /// Nobody reads its stdout, and the pipe fills up.
    pub fn with_stdout_unread(mut self) -> Self {
        self.stdout = StdoutPipe::Unread;
        self
    }

    /// The folder it runs in.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Puts a file into the folder it runs in.
    pub fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.home.path().join(name), bytes).unwrap();
        self
    }

    /// Puts an executable shell script into the folder it runs in.
    pub fn script(self, name: &str, body: &str) -> Self {
        write_script(&self.home.path().join(name), body);
        self
    }

    /// Starts it and leaves it running.
    pub fn spawn(mut self) -> Running {
        let shown = format!("{:?}", self.command);
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.stdin(if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        let mut child = self.command.spawn().unwrap();
        let unread = match self.stdout {
            StdoutPipe::Read => None,
            StdoutPipe::Closed => {
                drop(child.stdout.take());
                None
            }
            StdoutPipe::Unread => child.stdout.take(),
        };
        if let Some(bytes) = self.stdin {
            let mut pipe = child.stdin.take().unwrap();
            // From a thread: a command that answers before it has read all must not block.
            thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        Running::new(child, shown, self.home, unread)
    }

    /// Runs it to its end.
    pub fn run(self) -> Output {
        self.spawn().wait(DEADLINE)
    }

    /// Runs it to its end, and returns the most memory that it held too, in KiB: as of half a millisecond before
    /// its end, and 0 where nothing tells.
    pub fn run_measured(self) -> (Output, u64) {
        let running = self.spawn();
        let status = format!("/proc/{}/status", running.pid());
        let polls = thread::spawn(move || {
            let mut peak = 0;
            // A process that has ended has no such line.
            while let Some(now) = peak_memory(&status) {
                peak = now;
                thread::sleep(Duration::from_micros(500));
            }
            peak
        });
        let output = running.wait(DEADLINE);
        (output, polls.join().unwrap())
    }

    /// Runs it and expects exit 0; gives stdout as text.
    pub fn ok(self) -> String {
        let output = self.run();
        output.expect(0);
        output.text()
    }
}

/// The most memory that a process has held so far, in KiB.
fn peak_memory(status: &str) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}

/// What a finished command left behind.
#[derive(Debug)]
pub struct Output {
    /// The command line, for failures.
    pub command: String,
    /// Exactly what it wrote.
    pub stdout: Vec<u8>,
    /// What it said.
    pub stderr: String,
    /// Exit code, or 128+n for death by signal n.
    pub code: i32,
    /// Whether it died of a signal.
    pub signal: Option<i32>,
}

impl Output {
    /// stdout as text.
    #[track_caller]
    pub fn text(&self) -> String {
        String::from_utf8(self.stdout.clone())
            .unwrap_or_else(|_| panic!("stdout is not UTF-8: {self}"))
    }

    /// What a watch said, but for the lines about what it watches, which have a test of their own.
    pub fn said_later(&self) -> String {
        let lines = self.stderr.lines();
        let lines = lines.filter(|line| !line.starts_with("watching "));
        lines.map(|line| format!("{line}\n")).collect()
    }

    /// Fails unless the exit code is this.
    #[track_caller]
    pub fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Fails unless stderr is one line that holds all the words, possibly with one hint line.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.stderr.contains(word), "stderr lacks {word:?}: {self}");
        }
        self
    }

    /// Fails unless the error is one line, and at most one hint after it.
    #[track_caller]
    pub fn one_line(&self) -> &Self {
        let lines: Vec<_> = self
            .stderr
            .lines()
            .filter(|line| !line.starts_with("hint: "))
            .collect();
        assert_eq!(lines.len(), 1, "{self}");
        assert!(lines[0].starts_with("error: "), "{self}");
        self
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "\n{}\nexit {}\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            self.code,
            String::from_utf8_lossy(&self.stdout),
            self.stderr
        )
    }
}
