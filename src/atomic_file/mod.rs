//! Files that are replaced as a whole, and the streams that must not be. Every file that kvw writes
//! is written here, by the rule of `destination`; it must not know what is in them.

mod descriptor;
mod destination;
mod private_file;
mod stream;
mod tree;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

pub use descriptor::is_stdout;
pub use destination::{Destination, Links};
pub use private_file::PrivateFile;
pub use stream::{NamedStream, open_stream};
pub use tree::FileTree;

/// A temporary file that replaces another one when it is complete, and is removed when it is dropped
/// before. Its errors name the file to be replaced.
pub struct AtomicFile {
    destination: Destination,
    temporary: NamedTempFile,
    out: NamedStream,
}

impl AtomicFile {
    /// Creates the temporary file in the folder of `path`. The new file has the permissions of the
    /// old one, or else `mode`, less the umask.
    ///
    /// # Errors
    /// If the folder is not writable, or what is there must not be replaced (see [`Destination`]).
    pub fn create(path: &Path, mode: u32, links: Links) -> io::Result<Self> {
        let create = || {
            let destination = Destination::find(path, links)?;
            let temporary = destination.temporary(mode)?;
            if let Some(permissions) = destination.permissions() {
                temporary.as_file().set_permissions(permissions)?;
            }
            let out = NamedStream::new(path, temporary.as_file().try_clone()?);
            Ok(AtomicFile {
                destination,
                temporary,
                out,
            })
        };
        create().map_err(|error| describe_writing(path, &error))
    }

    /// Returns what removes the temporary file where the process dies before it is dropped.
    pub fn remover(&self) -> impl Fn() + Send + Sync + 'static {
        let path = self.temporary.path().to_owned();
        move || drop(fs::remove_file(&path))
    }

    /// Replaces the old file when everything is on the disk. One that came since is replaced too, by
    /// the same rule.
    ///
    /// # Errors
    /// If the rest cannot be written or the file cannot be replaced.
    pub fn persist(mut self) -> io::Result<()> {
        self.flush()?;
        let again = self.destination.again();
        let replaced = again.and_then(|destination| destination.replace(self.temporary));
        replaced
            .map(drop)
            .map_err(|error| describe_writing(self.out.path(), &error))
    }

    /// Replaces the old file, and only that, without waiting for the disk: for what a power cut makes
    /// worthless.
    ///
    /// # Errors
    /// If the rest cannot be written, the file cannot be replaced, or it is new and there now.
    pub fn persist_unsynced(mut self) -> io::Result<()> {
        self.flush()?;
        let replaced = self.destination.replace_unsynced(self.temporary);
        replaced
            .map(drop)
            .map_err(|error| describe_writing(self.out.path(), &error))
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

/// Creates a folder, with those above it, if it is missing.
///
/// # Errors
/// If it cannot be created, or a file is there; the error names it.
pub fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path).map_err(|error| describe("creating the folder", path, &error))
}

/// Opens the file that would be replaced, for reading; `None` if there is none. Changes nothing.
///
/// # Errors
/// If what is there must not be replaced, or cannot be read.
pub fn open_replaceable(path: &Path) -> io::Result<Option<File>> {
    let opened = Destination::find(path, Links::Follow).and_then(|found| found.open());
    opened.map_err(|error| describe_writing(path, &error))
}

/// Whether two paths lead to one file, or would if it existed.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    let find = |path| Destination::find(path, Links::Follow);
    match (find(one), find(other)) {
        (Ok(one), Ok(other)) => one.is_same(&other),
        _ => one == other,
    }
}

/// Adds the file to the error of a write, and whether there is one that was to be replaced.
fn describe_writing(path: &Path, error: &io::Error) -> io::Error {
    let operation = match fs::symlink_metadata(path) {
        Ok(_) => "replacing",
        Err(_) => "writing",
    };
    describe(operation, path, error)
}

/// Adds the operation and the file to an error.
fn describe(operation: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("{operation} {}: {error}", path.display()),
    )
}

#[cfg(test)]
mod tests;
