//! File descriptors that paths name.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

/// A file descriptor that a path names, as `/dev/stdout` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// The folder of the process that has it.
    folder: PathBuf,
    number: RawFd,
}

/// Returns the file descriptor that a path names, directly or by links: `/dev/stdout`, `/dev/fd/N`,
/// `/proc/self/fd/N`. Behind it may be a regular file, which must not be replaced: its writers keep
/// the old one.
pub fn descriptor(path: &Path) -> Option<Descriptor> {
    const MAX_LINKS: usize = 40;
    let mut path = std::path::absolute(path).ok()?;
    for _ in 0..MAX_LINKS {
        let folder = fs::canonicalize(path.parent()?).ok()?;
        let name = path.file_name()?;
        if folder.starts_with("/proc") && folder.ends_with("fd") {
            let number = name.to_str()?.parse().ok()?;
            return Some(Descriptor { folder, number });
        }
        path = folder.join(fs::read_link(folder.join(name)).ok()?);
    }
    None
}

impl Descriptor {
    fn is_own(&self) -> bool {
        let own = ["/proc/self/fd", "/proc/thread-self/fd"].map(fs::canonicalize);
        own.into_iter().flatten().any(|own| own == self.folder)
    }

    /// Opens it for writing. A duplicate shares the position with the other writers of a file; where
    /// none is to be had, what is written is appended.
    pub fn open(&self) -> io::Result<File> {
        let own = self.is_own();
        match self.number {
            1 if own => return Ok(io::stdout().as_fd().try_clone_to_owned()?.into()),
            2 if own => return Ok(io::stderr().as_fd().try_clone_to_owned()?.into()),
            number if own => {
                if let Some(duplicate) = duplicate(number) {
                    return Ok(duplicate.into());
                }
            }
            _ => {}
        }
        let path = self.folder.join(self.number.to_string());
        OpenOptions::new().append(true).open(path)
    }
}

/// Duplicates a file descriptor by its number, where the kernel allows it.
#[cfg(target_os = "linux")]
fn duplicate(number: RawFd) -> Option<OwnedFd> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let own = pidfd_open(getpid(), PidfdFlags::empty()).ok()?;
    pidfd_getfd(own, number, PidfdGetfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn duplicate(_number: RawFd) -> Option<OwnedFd> {
    None
}

/// Whether the path names this process's stdout.
pub fn is_stdout(path: &Path) -> bool {
    descriptor(path).is_some_and(|found| found.number == 1 && found.is_own())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atomic_file::{AtomicFile, Links};

    #[test]
    fn descriptors_are_recognised_behind_links() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("log");
        std::os::unix::fs::symlink("/dev/stdout", &link).unwrap();
        for (path, number) in [
            ("/dev/stdout", 1),
            ("/dev/stderr", 2),
            ("/dev/fd/7", 7),
            ("/proc/self/fd/7", 7),
            ("/dev/../dev/fd/1", 1),
            (link.to_str().unwrap(), 1),
        ] {
            let found = descriptor(Path::new(path));
            assert_eq!(found.map(|found| found.number), Some(number), "{path}");
        }
        assert!(is_stdout(&link));
        assert!(AtomicFile::create(&link, 0o600, Links::Follow).is_err());
        for path in ["file", "/dev/null", "/proc/self/status", "/", "/none/1"] {
            assert_eq!(descriptor(Path::new(path)), None, "{path}");
        }
    }
}
