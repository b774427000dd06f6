//! A file that another program changes, in a folder of its own that nobody else may enter.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::describe;

/// A file with mode 0600 in a fresh folder with mode 0700. Both are removed when it is dropped, with what
/// other programs have put beside it, unless it is kept.
#[derive(Debug)]
pub struct PrivateFile {
    folder: TempDir,
    path: PathBuf,
}

impl PrivateFile {
    /// Creates the file in the folder for temporary files; `name` is one that any system takes.
    ///
    /// # Errors
    /// When the folder or the file cannot be created.
    pub fn create(name: &str, bytes: &[u8]) -> io::Result<Self> {
        let parent = std::env::temp_dir();
        let mut builder = tempfile::Builder::new();
        let builder = builder
            .prefix("kvw-edit-")
            .permissions(Permissions::from_mode(0o700));
        let folder = builder
            .tempdir_in(&parent)
            .map_err(|error| describe("creating a folder in", &parent, &error))?;
        let file = PrivateFile {
            path: folder.path().join(name),
            folder,
        };
        file.write(bytes)?;
        Ok(file)
    }

    /// Returns where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces what is in the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let written = options
            .open(&self.path)
            .and_then(|mut file| file.write_all(bytes));
        written.map_err(|error| describe("writing", &self.path, &error))
    }

    /// Reads what is in the file now. It may be another one: editors replace files.
    ///
    /// # Errors
    /// When it cannot be read, or is gone.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        fs::read(&self.path).map_err(|error| describe("reading", &self.path, &error))
    }

    /// Leaves the file where it is.
    pub fn keep(&mut self) {
        self.folder.disable_cleanup(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_reads_the_file_and_nothing_is_left_of_it_unless_it_is_kept() {
        let mut file = PrivateFile::create("a.txt", b"1").unwrap();
        let path = file.path().to_owned();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        fs::write(path.with_extension("swp"), "beside it").unwrap();
        file.write(b"22").unwrap();
        assert_eq!(file.read().unwrap(), b"22");
        file.keep();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"22");
        fs::remove_dir_all(path.parent().unwrap()).unwrap();

        let file = PrivateFile::create("a.txt", b"1").unwrap();
        let path = file.path().to_owned();
        fs::write(path.with_extension("swp"), "beside it").unwrap();
        drop(file);
        assert!(!path.parent().unwrap().exists());
    }
}
