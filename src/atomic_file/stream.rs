//! Streams that are written to and never replaced: file descriptors, pipes, devices.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::describe;
use super::destination::{Links, check_owner, follow};

/// A buffered writer whose errors name what is written.
pub struct NamedStream {
    path: PathBuf,
    out: BufWriter<File>,
}

impl NamedStream {
    /// A writer to an open file, whose errors name this path.
    pub fn new(path: &Path, file: File) -> Self {
        NamedStream {
            path: path.to_owned(),
            out: BufWriter::with_capacity(64 * 1024, file),
        }
    }

    /// The path that errors name.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for NamedStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        written.map_err(|error| describe("writing", &self.path, &error))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.out.write_all(bytes);
        written.map_err(|error| describe("writing", &self.path, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        flushed.map_err(|error| describe("writing", &self.path, &error))
    }
}

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
    fn open(&self) -> io::Result<File> {
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

/// Opens what can be written to but not replaced: a file descriptor, a pipe, a device. `None` for a
/// regular file, and for a path where nothing exists.
///
/// # Errors
/// If it cannot be opened, or is a pipe that someone else made; the error names the path.
pub fn open_stream(path: &Path) -> io::Result<Option<NamedStream>> {
    let opened = match descriptor(path) {
        Some(descriptor) => descriptor.open().map(Some),
        None => open_special(path),
    };
    match opened {
        Ok(file) => Ok(file.map(|file| NamedStream::new(path, file))),
        Err(error) => Err(describe("writing", path, &error)),
    }
}

/// Opens a pipe or a device.
fn open_special(path: &Path) -> io::Result<Option<File>> {
    let Ok(found) = fs::metadata(path) else {
        return Ok(None);
    };
    if found.is_file() || found.is_dir() {
        return Ok(None);
    }
    let place = follow(path, Links::Follow)?;
    let check = |found: &fs::Metadata| match found.file_type() {
        // Anyone can make one; a device takes privileges.
        kind if kind.is_fifo() => check_owner("pipe", found, &place),
        kind if kind.is_file() => Err(io::Error::other("it was replaced by a file")),
        _ => Ok(()),
    };
    check(&found)?;
    let file = OpenOptions::new().write(true).open(&place)?;
    check(&file.metadata()?)?;
    Ok(Some(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atomic_file::AtomicFile;

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

    #[test]
    fn a_descriptor_of_a_file_is_written_at_its_position() {
        use std::os::fd::AsRawFd;
        let folder = tempfile::tempdir().unwrap();
        let mut log = File::create(folder.path().join("log")).unwrap();
        log.write_all(b"first\n").unwrap();
        let path = format!("/dev/fd/{}", log.as_raw_fd());
        let mut stream = open_stream(Path::new(&path)).unwrap().unwrap();
        stream.write_all(b"second\n").unwrap();
        stream.flush().unwrap();
        log.write_all(b"third\n").unwrap();
        let text = fs::read_to_string(folder.path().join("log")).unwrap();
        assert_eq!(text, "first\nsecond\nthird\n");
        for (path, is_stream) in [("/dev/null", true), ("/dev", false), ("/none", false)] {
            let opened = open_stream(Path::new(path)).unwrap();
            assert_eq!(opened.is_some(), is_stream, "{path}");
        }
        assert!(open_stream(Path::new("/dev/fd/9999")).is_err());
    }
}
