//! The walk through a directory: which files there are. All or nothing.

use std::ffi::OsStr;
use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;

use super::{Found, SourceError};

/// The depth beyond which a directory is refused rather than walked.
const MAX_DEPTH: usize = 200;

/// A walk that leaves out what `skips` says, before anything else is asked of it.
pub struct DirectoryWalk<'a, F> {
    root: &'a Path,
    skips: F,
}

/// A directory that is walked through.
struct Level {
    path: PathBuf,
    /// Without symbolic links, to see loops.
    real: PathBuf,
    relative: String,
}

impl<'a, F: Fn(&str) -> bool> DirectoryWalk<'a, F> {
    /// A walk from a directory.
    pub fn new(root: &'a Path, skips: F) -> Self {
        DirectoryWalk { root, skips }
    }

    /// Returns the files, and the directories that have nothing in them.
    pub fn files(&self) -> Result<Vec<Found>, SourceError> {
        let real = fs::canonicalize(self.root).map_err(|error| of_io(self.root, &error))?;
        let mut found = Vec::new();
        let mut parents = Vec::new();
        let root = Level {
            path: self.root.to_owned(),
            real: real.clone(),
            relative: String::new(),
        };
        self.directory(&real, root, &mut parents, &mut found)?;
        Ok(found)
    }

    fn directory(
        &self,
        root: &Path,
        level: Level,
        parents: &mut Vec<PathBuf>,
        found: &mut Vec<Found>,
    ) -> Result<(), SourceError> {
        if parents.len() > MAX_DEPTH {
            let what = "directories are nested more than 200 levels deep";
            return Err(SourceError::of_file(&level.path, what));
        }
        let entries = fs::read_dir(&level.path).map_err(|error| of_io(&level.path, &error))?;
        parents.push(level.real.clone());
        let mut is_empty = true;
        for entry in entries {
            let entry = entry.map_err(|error| of_io(&level.path, &error))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| of_io(&path, &error))?;
            is_empty = false;
            let Some(name) = self.name(&entry.file_name(), &path)? else {
                continue;
            };
            let relative = format!("{}{name}", level.relative);
            if (self.skips)(&relative) {
                continue;
            }
            let (kind, real) = match kind.is_symlink() {
                true => self.follow(root, &path)?,
                false => (kind, level.real.join(&name)),
            };
            if kind.is_dir() {
                // A link that leads into itself; the same directory at two places is none.
                if parents.contains(&real) {
                    return Err(SourceError::of_file(&path, "a symbolic link makes a loop"));
                }
                let relative = format!("{relative}/");
                let level = Level {
                    path,
                    real,
                    relative,
                };
                self.directory(root, level, parents, found)?;
            } else if kind.is_file() {
                found.push(Found { relative, path });
            } else {
                return Err(SourceError::of_file(&path, describe(kind)));
            }
        }
        parents.pop();
        if is_empty && !level.relative.is_empty() {
            found.push(Found {
                relative: level.relative,
                path: level.path,
            });
        }
        Ok(())
    }

    /// The name as text. One that is not UTF-8 can be no key, but may still be hidden.
    fn name(&self, name: &OsStr, path: &Path) -> Result<Option<String>, SourceError> {
        match name.to_str() {
            Some(name) => Ok(Some(name.to_owned())),
            None if (self.skips)(&name.to_string_lossy()) => Ok(None),
            None => Err(SourceError::of_file(path, "the name is not UTF-8")),
        }
    }

    /// Follows a symbolic link to what is inside the directory, as in a mount of Kubernetes, where each
    /// file is a link to `..data/FILE`. What is outside could be anything, and differ from host to host.
    fn follow(&self, root: &Path, path: &Path) -> Result<(FileType, PathBuf), SourceError> {
        let real = fs::canonicalize(path).map_err(|error| {
            let what = match (error.kind(), Errno::from_io_error(&error)) {
                (_, Some(Errno::LOOP)) => "a symbolic link makes a loop",
                (io::ErrorKind::NotFound, _) => "the symbolic link leads to nothing",
                _ => return of_io(path, &error),
            };
            SourceError::of_file(path, what)
        })?;
        if !real.starts_with(root) {
            let what = "the symbolic link leads out of the directory";
            return Err(SourceError::of_file(path, what));
        }
        let kind = fs::symlink_metadata(&real).map_err(|error| of_io(path, &error))?;
        Ok((kind.file_type(), real))
    }
}

/// Reads a regular file. One that became a pipe since does not block.
pub fn read_file(path: &Path) -> Result<Vec<u8>, SourceError> {
    let read = || -> io::Result<Result<Vec<u8>, FileType>> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let mut file = File::from(open(path, flags, Mode::empty())?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Err(metadata.file_type()));
        }
        let size = usize::try_from(metadata.len()).unwrap_or_default();
        let mut bytes = Vec::with_capacity(size.min(16 * 1024 * 1024));
        file.read_to_end(&mut bytes)?;
        Ok(Ok(bytes))
    };
    match read() {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(kind)) => Err(SourceError::of_file(path, describe(kind))),
        Err(error) => Err(of_io(path, &error)),
    }
}

fn of_io(path: &Path, error: &io::Error) -> SourceError {
    SourceError::of_file(path, error.to_string())
}

fn describe(kind: FileType) -> &'static str {
    if kind.is_fifo() {
        "a named pipe is no value"
    } else if kind.is_socket() {
        "a socket is no value"
    } else if kind.is_dir() {
        "a directory is no value"
    } else {
        "a device is no value"
    }
}
