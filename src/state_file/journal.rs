//! The file on disk: private, locked by one kvw, replaced as a whole or appended to.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::atomic_file::{Destination, Links};

/// The permissions: keys and indexes concern the user alone.
const PRIVATE: u32 = 0o600;

/// Bytes that are written at the start to find out whether there is room.
const PROBE: [u8; 4096] = [b'\n'; 4096];

/// How long a lock is waited for. Where kvw was killed while it started a child, the child has a copy
/// of the lock until its program is loaded.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// How often the lock is tried.
const LOCK_INTERVAL: Duration = Duration::from_millis(5);

/// An open and locked state file. The advisory lock ends with it, also when kvw is killed.
#[derive(Debug)]
pub struct Journal {
    /// The absolute path, without links.
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
    /// Something else was put in its place.
    Replaced,
    /// The system refuses.
    Io(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        OpenError::Io(error)
    }
}

impl Journal {
    /// Opens and locks the file; `None` if there is none. Nothing is changed before
    /// [`Journal::claim`].
    pub fn open(path: &Path) -> Result<Option<Journal>, OpenError> {
        Self::open_at(&Destination::find(path, Links::Follow)?)
    }

    fn open_at(destination: &Destination) -> Result<Option<Journal>, OpenError> {
        let Some(file) = destination.open_for_writing()? else {
            return Ok(None);
        };
        lock(&file)?;
        let journal = Journal {
            path: destination.path().to_owned(),
            end: file.metadata()?.len(),
            file,
        };
        // The kvw that held the lock may have replaced the file before letting go.
        if !journal.is_in_place()? {
            return Err(OpenError::InUse);
        }
        Ok(Some(journal))
    }

    /// Reads the first bytes of the file, up to this number.
    pub fn read_start(&self, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        (&self.file).rewind()?;
        (&self.file).take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads the file.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        let bytes = self.read_start(u64::MAX)?;
        self.end = bytes.len() as u64;
        Ok(bytes)
    }

    /// Makes the file private, and checks that it can be replaced later: the folder must take a
    /// file, and the disk some bytes.
    pub fn claim(&self) -> io::Result<()> {
        let destination = Destination::again_with(&self.path, &self.file)?;
        let probe = destination.temporary(PRIVATE)?;
        probe.as_file().write_all(&PROBE)?;
        probe.as_file().sync_all()?;
        self.file.set_permissions(Permissions::from_mode(PRIVATE))
    }

    /// Creates the file, which must not exist.
    pub fn create(path: &Path, bytes: &[u8]) -> Result<Journal, OpenError> {
        let destination = Destination::find(path, Links::Follow)?;
        if destination.exists() {
            return Err(OpenError::InUse);
        }
        Ok(Journal {
            file: put(&destination, bytes)?,
            path: destination.path().to_owned(),
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

    /// Whether the file is as it was left: not removed, replaced or cut by anyone else, and under no
    /// other name, which an append would write to as well.
    pub fn is_intact(&self) -> io::Result<bool> {
        let file = self.file.metadata()?;
        Ok(self.is_in_place()? && file.len() >= self.end && file.nlink() == 1)
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
    /// whatever happens. If another file was put there, `may_replace` decides about that one.
    pub fn replace(
        &mut self,
        bytes: &[u8],
        may_replace: impl FnOnce(&mut Journal) -> io::Result<bool>,
    ) -> Result<(), OpenError> {
        let destination = Destination::again_with(&self.path, &self.file)?;
        // Held until it is replaced.
        let mut other = match self.is_in_place()? {
            true => None,
            false => Self::open_at(&destination)?,
        };
        if let Some(other) = &mut other {
            if !may_replace(other)? {
                return Err(OpenError::Replaced);
            }
        }
        self.file = put(&destination, bytes)?;
        self.end = bytes.len() as u64;
        Ok(())
    }

    /// Whether the path still leads to this open file.
    fn is_in_place(&self) -> io::Result<bool> {
        let own = self.file.metadata()?;
        match fs::symlink_metadata(&self.path) {
            Ok(there) => Ok((there.dev(), there.ino()) == (own.dev(), own.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Puts a locked private file with these bytes in a place.
fn put(destination: &Destination, bytes: &[u8]) -> Result<File, OpenError> {
    let temporary = destination.temporary(PRIVATE)?;
    // The bare file: errors of the temporary one name it.
    let mut file = temporary.as_file();
    lock(file)?;
    file.set_permissions(Permissions::from_mode(PRIVATE))?;
    file.write_all(bytes)?;
    match destination.replace(temporary) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(OpenError::InUse),
        replaced => Ok(replaced?),
    }
}

fn lock(file: &File) -> Result<(), OpenError> {
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => thread::sleep(LOCK_INTERVAL),
            Err(Errno::WOULDBLOCK) => return Err(OpenError::InUse),
            Err(error) => return Err(OpenError::Io(error.into())),
        }
    }
}

#[cfg(test)]
mod tests;
