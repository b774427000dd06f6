//! Exit codes, and failures that carry one.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// The way a command ends. A missing key, a lost CAS and a rolled back transaction are answers, not
/// errors, and have codes of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, the answer is yes.
    Yes,
    /// 1: the answer is no.
    No,
    /// 2: wrong usage or input, or too large for the server.
    Usage,
    /// 3: Consul could not be reached, did not answer in time, or answered with an error or
    /// nonsense; the disk is full.
    Unavailable,
    /// 4: permission denied, or the result is known to be filtered by ACLs.
    Denied,
    /// 5: the outcome of a write is unknown.
    Unknown,
    /// The exact status of a child that the command was to run.
    Child(u8),
    /// Death by this signal, or 128+n where the signal cannot kill the process.
    Signal(i32),
}

impl Exit {
    /// Returns the exit code that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Yes => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Unavailable => 3,
            Exit::Denied => 4,
            Exit::Unknown => 5,
            Exit::Child(code) => code,
            Exit::Signal(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }

    /// Returns the exit that passes on the status of a child.
    pub fn from_status(status: u8) -> Self {
        match status {
            0 => Exit::Yes,
            status => Exit::Child(status),
        }
    }

    /// Returns the exit for a file that cannot be created or replaced: the disk is in trouble, or the
    /// user has to name another file.
    pub fn of_file(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::OutOfMemory => Exit::Unavailable,
            _ => Exit::Usage,
        }
    }

    /// Returns the exit code, or kills the process by the signal, so that the shell and systemd see
    /// the cause. PID 1 is immune to its own signals and returns 128+n instead.
    pub fn end(self) -> ExitCode {
        if let Exit::Signal(signal) = self {
            // The emulation aborts where the signal does not kill.
            if std::process::id() != 1 {
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        }
        ExitCode::from(self.code())
    }
}

/// A failure that kvw itself detected, with exit code, message and hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// One lower-case line that names the failed operation and its object.
    pub message: String,
    /// A suggestion to the user.
    pub hint: Option<String>,
}

impl Failure {
    /// Creates a failure with this exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Failure {
            exit,
            message: message.into(),
            hint: None,
        }
    }

    /// Creates a failure for wrong usage or input: exit 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Failure::new(Exit::Usage, message)
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Names the file that keeps what an error left unwritten: the context of that error, whose path is the
/// last line of its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile(pub PathBuf);

impl fmt::Display for KeptFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the text is kept in {}", self.0.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_trouble_and_a_wrong_folder_is_wrong_usage() {
        for (kind, exit) in [
            (io::ErrorKind::StorageFull, Exit::Unavailable),
            (io::ErrorKind::QuotaExceeded, Exit::Unavailable),
            (io::ErrorKind::NotFound, Exit::Usage),
            (io::ErrorKind::PermissionDenied, Exit::Usage),
            (io::ErrorKind::Other, Exit::Usage),
        ] {
            assert_eq!(Exit::of_file(&kind.into()), exit, "{kind}");
        }
    }

    #[test]
    fn codes_are_those_of_the_contract() {
        let codes = [
            Exit::Yes,
            Exit::No,
            Exit::Usage,
            Exit::Unavailable,
            Exit::Denied,
            Exit::Unknown,
        ]
        .map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3, 4, 5]);
        assert_eq!(Exit::Child(42).code(), 42);
        assert_eq!(Exit::Signal(15).code(), 143);
    }
}
