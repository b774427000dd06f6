//! Files that are replaced as a whole.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A temporary file that replaces another one when it is complete, and is removed when it is dropped
/// before. Its errors name the file to be replaced.
pub struct AtomicFile {
    path: PathBuf,
    temporary: NamedTempFile,
    out: BufWriter<File>,
    target: PathBuf,
}

impl AtomicFile {
    /// Creates the temporary file in the folder of `path`. The new file has the permissions of the
    /// old one, or else `mode`, less the umask. A link is kept, and the file it points to replaced.
    ///
    /// # Errors
    /// If the folder is not writable or `path` is not a regular file.
    pub fn create(path: &Path, mode: u32) -> io::Result<Self> {
        let fail = |error: io::Error| describe("replacing", path, &error);
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
            path: path.to_owned(),
            temporary,
            out: BufWriter::with_capacity(64 * 1024, file),
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
        synced.map_err(|error| describe("writing", &self.path, &error))
    }

    /// Replaces the old file.
    ///
    /// # Errors
    /// If the rest cannot be written or the file cannot be replaced.
    pub fn persist(mut self) -> io::Result<()> {
        self.flush()?;
        match self.temporary.persist(self.target) {
            Ok(_) => Ok(()),
            Err(error) => Err(describe("replacing", &self.path, &error.error)),
        }
    }
}

impl Write for AtomicFile {
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
}
