//! The file on disk: private, locked by one kvw, replaced as a whole or appended to.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

/// The permissions: keys and indexes concern the user alone.
const PRIVATE: u32 = 0o600;

/// Bytes that are written at the start to find out whether there is room.
const PROBE: [u8; 4096] = [b'\n'; 4096];

/// An open and locked state file. The advisory lock ends with it, also when kvw is killed.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// The length of the valid part in bytes; an append that failed may have left more.
    end: u64,
}

/// Why a state file could not be opened or written.
#[derive(Debug)]
pub enum OpenError {
    /// Another kvw holds it.
    InUse,
    /// The system refuses.
    Io(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        OpenError::Io(error)
    }
}

impl Journal {
    /// Opens and locks the file and reads it; `None` if there is none. Removes what an earlier kvw
    /// left of a replacement that it could not finish.
    pub fn open(path: &Path) -> Result<Option<(Journal, Vec<u8>)>, OpenError> {
        let path = resolved(path)?;
        // A pipe or a device would block or take everything.
        match fs::metadata(&path) {
            Ok(about) if !about.is_file() => {
                return Err(io::Error::other("not a regular file").into());
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        lock(&file)?;
        // The kvw that held the lock may have replaced the file before letting go.
        if !is_at(&file, &path)? {
            return Err(OpenError::InUse);
        }
        file.set_permissions(Permissions::from_mode(PRIVATE))?;
        let mut bytes = Vec::new();
        (&file).read_to_end(&mut bytes)?;
        let journal = Journal {
            end: bytes.len() as u64,
            path,
            file,
        };
        journal.probe()?;
        Ok(Some((journal, bytes)))
    }

    /// Creates the file, which must not exist.
    pub fn create(path: &Path, bytes: &[u8]) -> Result<Journal, OpenError> {
        let path = resolved(path)?;
        let file = fresh(&path, bytes)?;
        // Whoever creates a state file holds the lock of its replacement: no other kvw does now.
        if path.exists() {
            return Err(OpenError::InUse);
        }
        fs::rename(beside(&path), &path)?;
        sync_folder(&path)?;
        Ok(Journal {
            path,
            file,
            end: bytes.len() as u64,
        })
    }

    /// The length of the valid part in bytes.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Cuts off what is not valid.
    pub fn cut(&mut self, end: u64) -> io::Result<()> {
        self.file.set_len(end)?;
        self.file.sync_all()?;
        self.end = end;
        Ok(())
    }

    /// Whether the file is as it was left: not removed, replaced or cut by anyone else.
    pub fn is_intact(&self) -> io::Result<bool> {
        Ok(is_at(&self.file, &self.path)? && self.file.metadata()?.len() >= self.end)
    }

    /// Appends bytes and waits until they are on the disk. After an error nothing has changed; the
    /// same bytes may be tried again.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self
            .file
            .write_all_at(bytes, self.end)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Best effort: what stays there is no whole record, or the next try overwrites it.
            let _ = self.file.set_len(self.end);
            return Err(error);
        }
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Replaces the file as a whole: a reader finds the old or the new one, whenever it looks and
    /// whatever happens.
    pub fn replace(&mut self, bytes: &[u8]) -> Result<(), OpenError> {
        if !is_at(&self.file, &self.path)? && self.path.exists() {
            // Another file was put there: not to be replaced where another kvw holds it.
            lock(&File::open(&self.path)?)?;
        }
        let file = fresh(&self.path, bytes)?;
        fs::rename(beside(&self.path), &self.path)?;
        self.file = file;
        self.end = bytes.len() as u64;
        Ok(sync_folder(&self.path)?)
    }

    /// Checks that the file can be replaced later: the folder must take a file, and the disk some
    /// bytes.
    fn probe(&self) -> Result<(), OpenError> {
        fresh(&self.path, &PROBE)?;
        fs::remove_file(beside(&self.path))?;
        Ok(())
    }
}

/// Returns the file that a link stands for, so that a replacement replaces the file and not the
/// link.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path
                .file_name()
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            Ok(folder.unwrap_or(Path::new(".")).canonicalize()?.join(name))
        }
        other => other,
    }
}

/// Returns the path of the replacement: in the same folder, under one name, so that a killed kvw
/// leaves at most one such file.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Creates a locked private file with these bytes on the disk, beside `path`.
fn fresh(path: &Path, bytes: &[u8]) -> Result<File, OpenError> {
    let path = beside(path);
    let nofollow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(PRIVATE)
        .custom_flags(nofollow)
        .open(&path)?;
    lock(&file)?;
    if !is_at(&file, &path)? {
        return Err(OpenError::InUse);
    }
    file.set_permissions(Permissions::from_mode(PRIVATE))?;
    file.set_len(0)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        let _ = fs::remove_file(&path);
        return Err(error.into());
    }
    Ok(file)
}

/// Waits until the folder of a file is on the disk: a name is only there when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn lock(file: &File) -> Result<(), OpenError> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::InUse),
        Err(error) => Err(OpenError::Io(error.into())),
    }
}

/// Whether the path still leads to this open file.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
