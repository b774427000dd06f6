//! Files that are replaced as a whole, and the streams that must not be.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A temporary file that replaces another one when it is complete, and is removed when it is dropped
/// before. Its errors name the file to be replaced.
pub struct AtomicFile {
    temporary: NamedTempFile,
    out: NamedStream,
    target: PathBuf,
}

/// A buffered writer whose errors name what is written.
pub struct NamedStream {
    path: PathBuf,
    out: BufWriter<File>,
}

impl NamedStream {
    fn new(path: &Path, file: File) -> Self {
        NamedStream {
            path: path.to_owned(),
            out: BufWriter::with_capacity(64 * 1024, file),
        }
    }
}

impl AtomicFile {
    /// Creates the temporary file in the folder of `path`. The new file has the permissions of the
    /// old one, or else `mode`, less the umask. A link is kept, and the file it points to replaced.
    ///
    /// # Errors
    /// If the folder is not writable or `path` is not a regular file.
    pub fn create(path: &Path, mode: u32) -> io::Result<Self> {
        let fail = |error: io::Error| describe("replacing", path, &error);
        if descriptor(path).is_some() {
            return Err(fail(io::Error::other("not a regular file")));
        }
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let existing = fs::metadata(&target).ok();
        if existing.as_ref().is_some_and(|old| !old.is_file()) {
            return Err(fail(io::Error::other("not a regular file")));
        }
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let temporary = tempfile::Builder::new()
            .prefix(".kvw-")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder)
            .map_err(fail)?;
        if let Some(existing) = existing {
            let file = temporary.as_file();
            file.set_permissions(existing.permissions()).map_err(fail)?;
        }
        let file = temporary.reopen().map_err(fail)?;
        Ok(AtomicFile {
            temporary,
            out: NamedStream::new(path, file),
            target,
        })
    }

    /// The path of the temporary file.
    pub fn temporary_path(&self) -> &Path {
        self.temporary.path()
    }

    /// Writes everything to the disk.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        let synced = self.temporary.as_file().sync_all();
        synced.map_err(|error| describe("writing", &self.out.path, &error))
    }

    /// Replaces the old file.
    ///
    /// # Errors
    /// If the rest cannot be written or the file cannot be replaced.
    pub fn persist(mut self) -> io::Result<()> {
        self.flush()?;
        match self.temporary.persist(self.target) {
            Ok(_) => Ok(()),
            Err(error) => Err(describe("replacing", &self.out.path, &error.error)),
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
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
struct Descriptor {
    /// The folder of the process that has it.
    folder: PathBuf,
    number: RawFd,
}

/// Returns the file descriptor that a path names, directly or by links: `/dev/stdout`, `/dev/fd/N`,
/// `/proc/self/fd/N`. Behind it may be a regular file, which must not be replaced: its writers keep
/// the old one.
fn descriptor(path: &Path) -> Option<Descriptor> {
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
/// If it cannot be opened; the error names the path.
pub fn open_stream(path: &Path) -> io::Result<Option<NamedStream>> {
    let opened = match (descriptor(path), fs::metadata(path)) {
        (Some(descriptor), _) => descriptor.open(),
        (None, Ok(found)) if !found.is_file() && !found.is_dir() => {
            OpenOptions::new().write(true).open(path)
        }
        _ => return Ok(None),
    };
    match opened {
        Ok(file) => Ok(Some(NamedStream::new(path, file))),
        Err(error) => Err(describe("writing", path, &error)),
    }
}

/// Adds the operation and the file to an error, and removes the random name of the temporary file.
fn describe(operation: &str, path: &Path, error: &io::Error) -> io::Error {
    let text = error.to_string();
    let reason = text.split(" at path ").next().unwrap_or(&text);
    io::Error::new(
        error.kind(),
        format!("{operation} {}: {reason}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let mut file = AtomicFile::create(&path, 0o600).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let mut file = AtomicFile::create(&path, 0o600).unwrap();
        file.write_all(b"new").unwrap();
        file.persist().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_error_does_not_name_the_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none/file");
        let error = AtomicFile::create(&path, 0o600).err().unwrap().to_string();
        assert!(
            error.starts_with(&format!("replacing {}: ", path.display())),
            "{error}"
        );
        assert!(!error.contains(".kvw-"), "{error}");
        assert!(AtomicFile::create(folder.path(), 0o600).is_err());
    }

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
        assert!(AtomicFile::create(&link, 0o600).is_err());
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
