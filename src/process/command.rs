//! Commands: a program, its environment and its standard streams.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command as Std, Stdio};

/// A program and how it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A program and its arguments, without a shell. Never empty.
    Argv(Vec<OsString>),
    /// A line for `sh -c`.
    Shell(OsString),
}

/// A function that writes a document. Its error is ignored: the reader may have gone.
pub type Writer = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

impl Program {
    /// Returns the name of the program; of a shell's line its first word, which may be something else.
    pub fn first_word(&self) -> Option<OsString> {
        match self {
            Program::Argv(words) => words.first().cloned(),
            Program::Shell(line) => Some(shlex::Shlex::new(line.to_str()?).next()?.into()),
        }
    }

    /// Returns the program and its arguments; none of a shell.
    pub fn words(&self) -> &[OsString] {
        match self {
            Program::Argv(words) => words,
            Program::Shell(_) => &[],
        }
    }
}

/// The name of the program, for messages. Not its arguments, which may be secret.
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

/// The stdin of a child.
pub enum StdinSource {
    /// The null device.
    Null,
    /// The stdin of kvw.
    Inherit,
    /// A pipe into which this function writes a document, on a thread of its own and as fast as the
    /// child reads: no document is held as a whole.
    Document(Writer),
}

/// The stdout of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdout {
    /// The stdout of kvw.
    Inherit,
    /// The stderr of kvw, because its stdout carries something else.
    Stderr,
    /// Nowhere, its stderr neither: kvw shows something else on the terminal.
    Nowhere,
}

/// A program to run, with its environment and standard streams. Its stderr is that of kvw, unless its stdout goes nowhere.
pub struct ChildCommand {
    /// The program.
    pub program: Program,
    /// Environment variables to set.
    pub env: Vec<(OsString, OsString)>,
    /// Environment variables of kvw that the child does not get, unless `env` sets them.
    pub env_remove: Vec<OsString>,
    /// The stdin.
    pub input: StdinSource,
    /// The stdout.
    pub stdout: Stdout,
}

impl ChildCommand {
    /// Builds the command of std, in a process group of its own.
    pub(super) fn build(&self) -> io::Result<Std> {
        let mut command = self.build_in_own_group()?;
        command.process_group(0);
        Ok(command)
    }

    /// Builds the command of std, in the process group of kvw.
    pub(super) fn build_in_own_group(&self) -> io::Result<Std> {
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
        for name in &self.env_remove {
            command.env_remove(name);
        }
        command
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(match self.input {
                StdinSource::Null => Stdio::null(),
                StdinSource::Inherit => Stdio::inherit(),
                StdinSource::Document(_) => Stdio::piped(),
            })
            .stdout(match self.stdout {
                Stdout::Inherit => Stdio::inherit(),
                Stdout::Stderr => io::stderr().as_fd().try_clone_to_owned()?.into(),
                Stdout::Nowhere => Stdio::null(),
            })
            .stderr(match self.stdout {
                Stdout::Inherit | Stdout::Stderr => Stdio::inherit(),
                Stdout::Nowhere => Stdio::null(),
            });
        Ok(command)
    }
}
