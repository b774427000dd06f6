//! A directory of many files, each of which is replaced as a whole.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{AtomicFile, Links, describe};

/// A directory whose files are replaced one by one. No symbolic link below it is followed: what is
/// written lies inside it.
pub struct FileTree {
    root: PathBuf,
    private: bool,
}

impl FileTree {
    /// Creates the directory where it does not exist. Where `private`, only the user may look into what is
    /// created in it.
    ///
    /// # Errors
    /// If it cannot be created, or is something else.
    pub fn create(root: &Path, private: bool) -> io::Result<Self> {
        let tree = FileTree {
            root: root.to_owned(),
            private,
        };
        if !root.is_dir() {
            let mut builder = tree.builder();
            let created = builder.recursive(true).create(root);
            created.map_err(|error| describe("creating", root, &error))?;
        }
        Ok(tree)
    }

    fn builder(&self) -> DirBuilder {
        let mut builder = DirBuilder::new();
        builder.mode(if self.private { 0o700 } else { 0o777 });
        builder
    }

    /// Whether a file is one that [`FileTree::write`] would leave: regular, and private where that is
    /// asked for.
    pub fn has_file(&self, relative: &str) -> bool {
        let metadata = fs::symlink_metadata(self.root.join(relative));
        metadata.is_ok_and(|found| found.is_file() && !(self.private && found.mode() & 0o077 != 0))
    }

    /// Writes a file, and the directories that it is in. It is not on the disk before
    /// [`FileTree::sync`].
    ///
    /// # Errors
    /// If it cannot be written, or is in what is no directory of its own.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> io::Result<()> {
        self.create_folders(relative)?;
        let path = self.root.join(relative);
        let mode = if self.private { 0o600 } else { 0o666 };
        let mut file = AtomicFile::create(&path, mode, Links::Refuse)?;
        if self.private {
            let temporary = file.temporary.as_file();
            temporary.set_permissions(Permissions::from_mode(mode))?;
        }
        file.write_all(bytes)?;
        file.persist_unsynced()
    }

    fn create_folders(&self, relative: &str) -> io::Result<()> {
        for (end, _) in relative.match_indices('/') {
            let path = self.root.join(&relative[..end]);
            let result = match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => Ok(()),
                Ok(_) => Err(io::Error::other("it is not a directory")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.builder().create(&path)
                }
                Err(error) => Err(error),
            };
            result.map_err(|error| describe("creating", &path, &error))?;
        }
        Ok(())
    }

    /// Removes a file, if it is there, and the directories that are empty without it. Returns whether
    /// it was there.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn remove(&self, relative: &str) -> io::Result<bool> {
        for (end, _) in relative.match_indices('/') {
            let parent = fs::symlink_metadata(self.root.join(&relative[..end]));
            if !parent.is_ok_and(|found| found.is_dir()) {
                return Ok(false);
            }
        }
        let path = self.root.join(relative);
        match fs::symlink_metadata(&path) {
            Ok(found) if !found.is_dir() => {
                fs::remove_file(&path).map_err(|error| describe("removing", &path, &error))?;
            }
            _ => return Ok(false),
        }
        for (end, _) in relative.rmatch_indices('/') {
            // One that is not empty stays.
            if fs::remove_dir(self.root.join(&relative[..end])).is_err() {
                break;
            }
        }
        Ok(true)
    }

    /// Waits until everything that was written is on the disk.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn sync(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            let root = fs::File::open(&self.root)?;
            rustix::fs::syncfs(&root)
                .map_err(|error| describe("writing", &self.root, &error.into()))?;
        }
        #[cfg(not(target_os = "linux"))]
        rustix::fs::sync();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_are_written_and_removed_with_their_directories() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("new/tree");
        let tree = FileTree::create(&root, true).unwrap();
        tree.write("a/b/c", b"x").unwrap();
        tree.write("a/d", b"y").unwrap();
        tree.sync().unwrap();
        assert_eq!(fs::read(root.join("a/b/c")).unwrap(), b"x");
        let mode = |path: &str| fs::metadata(root.join(path)).unwrap().mode() & 0o777;
        assert_eq!(
            (mode("a/b/c"), mode("a/b"), mode("")),
            (0o600, 0o700, 0o700)
        );
        assert!(tree.remove("a/b/c").unwrap());
        assert!(!tree.remove("a/b/c").unwrap());
        assert!(!root.join("a/b").exists() && root.join("a/d").exists());
    }

    #[test]
    fn a_private_tree_makes_its_files_private() {
        let home = tempfile::tempdir().unwrap();
        FileTree::create(home.path(), false)
            .unwrap()
            .write("a", b"x")
            .unwrap();
        let path = home.path().join("a");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let tree = FileTree::create(home.path(), true).unwrap();
        assert!(!tree.has_file("a"));
        tree.write("a", b"x").unwrap();
        assert!(tree.has_file("a"));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn nothing_is_written_or_removed_through_a_link() {
        let home = tempfile::tempdir().unwrap();
        let outside = home.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("x"), "kept").unwrap();
        let tree = FileTree::create(&home.path().join("tree"), false).unwrap();
        symlink(&outside, home.path().join("tree/link")).unwrap();
        symlink(outside.join("x"), home.path().join("tree/file")).unwrap();
        assert!(tree.write("link/x", b"new").is_err());
        assert!(tree.write("file", b"new").is_err());
        assert!(!tree.remove("link/x").unwrap());
        assert_eq!(fs::read(outside.join("x")).unwrap(), b"kept");
    }
}
