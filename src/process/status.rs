//! The exit status of a child.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::WaitIdStatus;

use super::signal::name_of_signal;

/// The exit status of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildStatus {
    /// The child exited with this code.
    Exited(i32),
    /// The child was killed by this signal.
    Killed(i32),
    /// The child could not be started: 127 where the program was not found, else 126, as in a shell.
    Unstarted(u8),
}

impl ChildStatus {
    /// Returns the status for the error of a start.
    pub fn unstarted(error: &io::Error) -> Self {
        ChildStatus::Unstarted(match error.kind() {
            io::ErrorKind::NotFound => 127,
            _ => 126,
        })
    }

    /// Whether the child exited with 0.
    pub fn success(self) -> bool {
        self == ChildStatus::Exited(0)
    }

    /// Returns the code of a process that exited.
    pub fn exit_code(self) -> Option<i32> {
        match self {
            ChildStatus::Exited(code) => Some(code),
            ChildStatus::Killed(_) | ChildStatus::Unstarted(_) => None,
        }
    }

    /// Returns the signal that killed the process.
    pub fn signal(self) -> Option<i32> {
        match self {
            ChildStatus::Killed(signal) => Some(signal),
            ChildStatus::Exited(_) | ChildStatus::Unstarted(_) => None,
        }
    }

    /// Returns the code as a shell does: the exit code, or 128+n for death by signal n.
    pub fn code(self) -> u8 {
        let code = match self {
            ChildStatus::Exited(code) => code,
            ChildStatus::Killed(signal) => 128 + signal,
            ChildStatus::Unstarted(code) => code.into(),
        };
        u8::try_from(code).unwrap_or(u8::MAX)
    }
}

impl fmt::Display for ChildStatus {
    /// Formats the status to follow the name of the program: `exited with 3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChildStatus::Exited(code) => write!(f, "exited with {code}"),
            ChildStatus::Killed(signal) => write!(f, "died of {}", name_of_signal(*signal)),
            ChildStatus::Unstarted(_) => f.write_str("could not be started"),
        }
    }
}

impl From<ExitStatus> for ChildStatus {
    fn from(status: ExitStatus) -> Self {
        match status.code() {
            Some(code) => ChildStatus::Exited(code),
            None => ChildStatus::Killed(status.signal().unwrap_or_default()),
        }
    }
}

impl From<WaitIdStatus> for ChildStatus {
    fn from(status: WaitIdStatus) -> Self {
        match status.exit_status() {
            Some(code) => ChildStatus::Exited(code),
            None => ChildStatus::Killed(status.terminating_signal().unwrap_or_default()),
        }
    }
}
