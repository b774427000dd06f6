//! What to run, and in which surroundings.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command as Std, Stdio};

/// A program and how it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A program and its arguments, without a shell. Never empty.
    Argv(Vec<OsString>),
    /// A line for `sh -c`.
    Shell(OsString),
}

/// Writes a document. What it fails with when the reader has gone is nobody's concern.
pub type Writer = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

/// Its name, for messages: without arguments, which may be secret.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Program::Argv(words) => match words.first() {
                Some(program) => Path::new(program).display().fmt(f),
                None => Ok(()),
            },
            Program::Shell(_) => f.write_str("sh"),
        }
    }
}

/// What a child reads on its stdin.
pub enum ChildStdin {
    /// The null device.
    Null,
    /// What this writes, then the end. It is called by a thread of its own, and writes as the
    /// child reads: a document is never held as a whole.
    Document(Writer),
}

/// Where a child's stdout goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdout {
    /// To ours.
    Inherit,
    /// To our stderr, because our stdout carries something else.
    Stderr,
}

/// One run of a program.
pub struct Command {
    /// What is run.
    pub program: Program,
    /// Variables to set.
    pub set: Vec<(OsString, OsString)>,
    /// Variables of ours to withhold; what is also set stays set.
    pub withhold: Vec<OsString>,
    /// Its stdin.
    pub input: ChildStdin,
    /// Its stdout. Stderr is ours.
    pub stdout: Stdout,
}

impl Command {
    /// As std wants it, in a process group of its own.
    pub(super) fn build(&self) -> io::Result<Std> {
        let mut command = match &self.program {
            Program::Argv(words) => {
                let (program, arguments) = words
                    .split_first()
                    .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
                let mut command = Std::new(program);
                command.args(arguments);
                command
            }
            Program::Shell(line) => {
                let mut command = Std::new("sh");
                command.arg("-c").arg(line);
                command
            }
        };
        for name in &self.withhold {
            command.env_remove(name);
        }
        command
            .envs(self.set.iter().map(|(name, value)| (name, value)))
            .stdin(match self.input {
                ChildStdin::Null => Stdio::null(),
                ChildStdin::Document(_) => Stdio::piped(),
            })
            .stdout(match self.stdout {
                Stdout::Inherit => Stdio::inherit(),
                Stdout::Stderr => io::stderr().as_fd().try_clone_to_owned()?.into(),
            })
            .process_group(0);
        Ok(command)
    }
}
