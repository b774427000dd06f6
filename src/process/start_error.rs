//! Why a program or a thread could not be started, where the system's error alone misleads: a fault of
//! the program, or a limit that is reached.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::system_error;

/// The longest first line of a script that Linux reads.
const MAX_LINE: u64 = 256;

/// The reason why a program could not be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartFault {
    /// There is no such program, and the first word of its name would be one: a line was given as a word.
    OneWord,
    /// The `#!` line of a script names an interpreter that does not exist.
    NoInterpreter(OsString),
    /// A script has no `#!` line.
    NoShebang,
    /// It is a folder.
    Folder,
    /// It is a file that may not be executed.
    NotExecutable,
}

impl StartFault {
    /// Returns the reason behind the error of a start, if it is known.
    pub fn find(program: &OsStr, error: &io::Error) -> Option<Self> {
        let errno = Errno::from_io_error(error)?;
        let Some(path) = locate(program) else {
            let name = program.to_string_lossy();
            let mut words = name.split_whitespace();
            let first = words.next()?;
            let is_line = words.next().is_some() && locate(OsStr::new(first)).is_some();
            return (errno == Errno::NOENT && is_line).then_some(StartFault::OneWord);
        };
        if path.is_dir() {
            return Some(StartFault::Folder);
        }
        let text = first_bytes(&path).unwrap_or_default();
        match errno {
            Errno::NOENT => interpreter(&text).map(StartFault::NoInterpreter),
            Errno::NOEXEC if is_text(&text) => Some(StartFault::NoShebang),
            Errno::ACCESS if !is_executable(&path) => Some(StartFault::NotExecutable),
            _ => None,
        }
    }

    /// Returns the reason behind the status 127 of a shell or of `env`: the lines of the script that
    /// they were to start end as on Windows.
    pub fn behind_not_found(program: &OsStr) -> Option<Self> {
        let text = first_bytes(&locate(program)?).ok()?;
        let line = text
            .strip_prefix(b"#!")?
            .split(|byte| *byte == b'\n')
            .next()?;
        let name = line.rsplit(|byte| b" \t".contains(byte)).next()?;
        let name = OsStr::from_bytes(name).to_owned();
        name.as_bytes()
            .ends_with(b"\r")
            .then_some(StartFault::NoInterpreter(name))
    }
}

impl fmt::Display for StartFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartFault::OneWord => f.write_str("no such program: this is one word"),
            StartFault::NoInterpreter(name) => {
                let name = name.to_string_lossy();
                let shown = name.replace('\r', "\\r");
                write!(f, "its interpreter '{shown}' does not exist")?;
                if name.ends_with('\r') {
                    f.write_str(": its lines end as on Windows")?;
                }
                Ok(())
            }
            StartFault::NoShebang => f.write_str(
                "a script without #!: its first line must name an interpreter, such as #!/bin/sh",
            ),
            StartFault::Folder => f.write_str("it is a folder"),
            StartFault::NotExecutable => f.write_str("it is not executable (chmod +x)"),
        }
    }
}

/// Adds to an error what a thread was to do.
pub fn thread_error(work: impl fmt::Display, error: &io::Error) -> io::Error {
    describe(format_args!("starting the thread {work}"), error)
}

/// Adds to an error which process was to be started.
pub fn process_error(process: impl fmt::Display, error: &io::Error) -> io::Error {
    describe(format_args!("starting {process}"), error)
}

/// Describes why a program could not be started: by its fault, a limit that is reached, or the system's error.
/// `program` is none for a line of a shell.
pub fn describe_unstarted(
    program: Option<&OsStr>,
    shown: impl fmt::Display,
    error: &io::Error,
) -> String {
    let fault = program.and_then(|program| StartFault::find(program, error));
    match (fault, error.kind()) {
        (Some(fault), _) => format!("running {shown}: {fault}"),
        (None, io::ErrorKind::WouldBlock) => process_error(shown, error).to_string(),
        (None, _) => format!("running {shown}: {}", system_error::describe(error)),
    }
}

fn describe(doing: fmt::Arguments<'_>, error: &io::Error) -> io::Error {
    let limit = match Errno::from_io_error(error) {
        Some(Errno::AGAIN) => {
            ": no more threads and processes may exist (ulimit -u, or pids.max of the cgroup)"
        }
        _ => "",
    };
    io::Error::new(
        error.kind(),
        format!("{doing}: {}{limit}", system_error::describe(error)),
    )
}

/// Whether there is a program of this name, as a path or on `PATH`.
pub fn is_program(name: &OsStr) -> bool {
    locate(name).is_some_and(|path| path.is_file() && is_executable(&path))
}

/// Returns the file of a program: its path, or the first of its name on `PATH`.
fn locate(program: &OsStr) -> Option<PathBuf> {
    if program.is_empty() {
        return None;
    }
    if program.as_bytes().contains(&b'/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    let folders = env::var_os("PATH")?;
    let mut paths = env::split_paths(&folders).map(|folder| folder.join(program));
    paths.find(|path| path.is_file())
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o111 != 0)
}

fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(MAX_LINE).read_to_end(&mut text)?;
    Ok(text)
}

/// Returns the interpreter that the `#!` line of a script names.
fn interpreter(text: &[u8]) -> Option<OsString> {
    let line = text
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?;
    let start = line.iter().position(|byte| !b" \t".contains(byte))?;
    let name = line[start..].split(|byte| b" \t".contains(byte)).next()?;
    Some(OsStr::from_bytes(name).to_owned())
}

/// Whether a file that is no program of this machine is a script. An empty file is one.
fn is_text(text: &[u8]) -> bool {
    !text.starts_with(b"#!") && !text.starts_with(b"\x7fELF") && !text.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(name: &str, content: Option<&[u8]>, mode: u32, errno: Errno) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join(name);
        if let Some(content) = content {
            let file = folder.path().join(name.split(' ').next().unwrap());
            fs::write(&file, content).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        }
        let fault = StartFault::find(program.as_os_str(), &io::Error::from(errno));
        fault.map(|fault| fault.to_string())
    }

    #[test]
    fn the_reason_behind_the_systems_error_is_found() {
        for (name, content, mode, errno, words) in [
            (
                "h.sh -x",
                &b"#!/bin/sh\n"[..],
                0o755,
                Errno::NOENT,
                "one word",
            ),
            (
                "a",
                b"#! /bin/bash\r\necho",
                0o755,
                Errno::NOENT,
                r"its interpreter '/bin/bash\r' does not exist: its lines end as on Windows",
            ),
            (
                "a",
                b"#!/no/such -x\n",
                0o755,
                Errno::NOENT,
                "its interpreter '/no/such' does not exist",
            ),
            (
                "a",
                b"echo hi\n",
                0o755,
                Errno::NOEXEC,
                "a script without #!",
            ),
            ("a", b"", 0o755, Errno::NOEXEC, "a script without #!"),
            ("a", b"#!/bin/sh\n", 0o644, Errno::ACCESS, "not executable"),
        ] {
            let found = fault(name, Some(content), mode, errno).unwrap_or_default();
            assert!(found.contains(words), "{words}: {found}");
        }
    }

    #[test]
    fn a_script_that_a_shell_or_env_does_not_find_has_lines_of_windows() {
        let folder = tempfile::tempdir().unwrap();
        for (text, name) in [
            ("#!/bin/bash\r\necho", Some(r"'/bin/bash\r'")),
            ("#!/usr/bin/env python3\r\n", Some(r"'python3\r'")),
            ("#!/bin/bash\necho\r\n", None),
            ("echo\r\n", None),
        ] {
            let program = folder.path().join("a");
            fs::write(&program, text).unwrap();
            let fault = StartFault::behind_not_found(program.as_os_str());
            let found = fault.map(|fault| fault.to_string());
            assert_eq!(found.is_some(), name.is_some(), "{text:?}");
            let found = found.unwrap_or_default();
            assert!(found.contains(name.unwrap_or_default()), "{found}");
        }
        assert_eq!(StartFault::behind_not_found(OsStr::new("/none")), None);
    }

    #[test]
    fn where_the_systems_error_says_it_nothing_is_added() {
        let program = Some(&b"\x7fELF\0"[..]);
        assert_eq!(fault("a", None, 0, Errno::NOENT), None);
        assert_eq!(fault("a b", None, 0, Errno::NOENT), None);
        assert_eq!(fault("a", program, 0o755, Errno::NOEXEC), None);
        assert_eq!(fault("a", program, 0o755, Errno::TXTBSY), None);
        assert_eq!(fault("a", program, 0o755, Errno::ACCESS), None);
    }

    #[test]
    fn a_limit_that_is_reached_is_named() {
        let again = io::Error::from(Errno::AGAIN);
        let error = thread_error("for signals", &again);
        assert_eq!(error.kind(), again.kind());
        let error = error.to_string();
        assert!(
            error.starts_with("starting the thread for signals: Resource temporarily unavailable"),
            "{error}"
        );
        assert!(error.contains("ulimit -u"), "{error}");
        let error = process_error("true", &io::Error::from(Errno::NOENT)).to_string();
        assert!(error.starts_with("starting true: No such file"), "{error}");
        assert!(!error.contains("ulimit"), "{error}");
    }
}
