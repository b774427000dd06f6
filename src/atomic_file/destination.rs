//! The rule for every file that kvw writes: where it may be created, and what it may replace.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;
use tempfile::{NamedTempFile, PersistError};

use super::descriptor::descriptor;

const ROOT: u32 = 0;

/// The number of links that are followed before they count as a loop.
const MAX_LINKS: usize = 40;

/// The treatment of a symbolic link in the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// It is kept, and what it leads to is replaced: the user named it.
    Follow,
    /// It is an error.
    Refuse,
}

/// A place for a file of kvw. Nothing is there, or a regular file with one link that belongs to the
/// user or to root; in a folder that others may write to, only the user's own. Errors are reasons,
/// without the path.
#[derive(Debug)]
pub struct Destination {
    /// The absolute path, without links.
    path: PathBuf,
    existing: Option<Metadata>,
}

impl Destination {
    /// Finds the place that a path leads to. Changes nothing.
    ///
    /// # Errors
    /// If what is there must not be replaced, or the folder does not exist.
    pub fn find(path: &Path, links: Links) -> io::Result<Self> {
        if descriptor(path).is_some() {
            return Err(not_regular());
        }
        Destination::at(follow(path, links)?)
    }

    /// Looks at an absolute path without links.
    fn at(path: PathBuf) -> io::Result<Self> {
        let existing = present(&path)?;
        if let Some(existing) = &existing {
            check_file(existing, &path)?;
            check_links(existing)?;
        }
        Ok(Destination { path, existing })
    }

    /// Looks at the same place again: what came there since is judged by the same rule.
    pub fn again(&self) -> io::Result<Self> {
        Destination::at(self.path.clone())
    }

    /// Looks again at the place of a file that was opened there. A link that this file was given
    /// since does not matter: a replacement does not write through it.
    pub fn again_with(path: &Path, file: &File) -> io::Result<Self> {
        match present(path)? {
            Some(existing) if is_same(&existing, &file.metadata()?) => {
                check_file(&existing, path)?;
                Ok(Destination {
                    path: path.to_owned(),
                    existing: Some(existing),
                })
            }
            _ => Destination::at(path.to_owned()),
        }
    }

    /// The absolute path, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a file is there.
    pub fn exists(&self) -> bool {
        self.existing.is_some()
    }

    /// The permissions of the file that is there.
    pub fn permissions(&self) -> Option<Permissions> {
        let existing = self.existing.as_ref()?;
        Some(Permissions::from_mode(existing.mode() & 0o777))
    }

    /// Whether two places are one.
    pub fn is_same(&self, other: &Destination) -> bool {
        let same_file = match (&self.existing, &other.existing) {
            (Some(one), Some(other)) => is_same(one, other),
            _ => false,
        };
        same_file || self.path == other.path
    }

    /// Opens the file for reading; `None` if none is there.
    pub fn open(&self) -> io::Result<Option<File>> {
        self.open_with(OpenOptions::new().read(true))
    }

    /// Opens the file for reading and writing, without a change; `None` if none is there.
    pub fn open_for_writing(&self) -> io::Result<Option<File>> {
        self.open_with(OpenOptions::new().read(true).write(true))
    }

    fn open_with(&self, options: &mut OpenOptions) -> io::Result<Option<File>> {
        if !self.exists() {
            return Ok(None);
        }
        // What was put there since must neither block nor be followed.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
        let file = match options.open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let opened = file.metadata()?;
        check_file(&opened, &self.path)?;
        check_links(&opened)?;
        Ok(Some(file))
    }

    /// Creates a temporary file in the same folder, under a random name that nothing had, with this
    /// mode less the umask. It is removed when it is dropped.
    pub fn temporary(&self, mode: u32) -> io::Result<NamedTempFile> {
        let created = tempfile::Builder::new()
            .prefix(".kvw-")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder(&self.path));
        created.map_err(|error| {
            let text = error.to_string();
            let reason = text.split(" at path ").next().unwrap_or(&text);
            io::Error::new(error.kind(), reason)
        })
    }

    /// Puts a temporary file there when it is on the disk, and waits until its name is.
    ///
    /// # Errors
    /// `AlreadyExists` if nothing was there and something is now.
    pub fn replace(&self, temporary: NamedTempFile) -> io::Result<File> {
        temporary.as_file().sync_all()?;
        let file = self.replace_unsynced(temporary)?;
        sync_folder(folder(&self.path))?;
        Ok(file)
    }

    /// Removes a file that was put there, unless another one is there by now.
    ///
    /// # Errors
    /// When the system does not remove it.
    pub fn remove(&self, file: &File) -> io::Result<()> {
        match present(&self.path)? {
            Some(there) if is_same(&there, &file.metadata()?) => fs::remove_file(&self.path),
            _ => Ok(()),
        }
    }

    /// Puts a temporary file there without waiting for the disk.
    ///
    /// # Errors
    /// `AlreadyExists` if nothing was there and something is now.
    pub fn replace_unsynced(&self, temporary: NamedTempFile) -> io::Result<File> {
        let now = match self.existing {
            Some(_) => present(&self.path)?,
            None => None,
        };
        let persisted = match now {
            Some(now) => {
                check_file(&now, &self.path)?;
                temporary.persist(&self.path)
            }
            None => match temporary.persist_noclobber(&self.path) {
                Err(PersistError { error, file })
                    if error.kind() != io::ErrorKind::AlreadyExists
                        && present(&self.path)?.is_none() =>
                {
                    // Some network file systems have neither links nor a rename that keeps.
                    file.persist(&self.path)
                }
                other => other,
            },
        };
        persisted.map_err(|error| error.error)
    }
}

/// Follows links to the place of a file, which need not exist. On the way there, a link in a folder
/// that others may write to has to be the user's own.
pub fn follow(path: &Path, links: Links) -> io::Result<PathBuf> {
    if ends_as_folder(path) {
        return Err(not_regular());
    }
    let mut place = PathBuf::new();
    // The rest of the way, the next step last.
    let mut steps = steps(&std::path::absolute(path)?);
    let mut followed = 0;
    while let Some(step) = steps.pop() {
        if step == ".." {
            if !fs::metadata(&place)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            place.pop();
            continue;
        }
        place.push(&step);
        let Some(link) = present(&place)?.filter(Metadata::is_symlink) else {
            continue;
        };
        let is_last = steps.is_empty();
        if is_last && links == Links::Refuse {
            return Err(refusal("it is a symbolic link"));
        }
        if is_last || is_open_to_others(fs::metadata(folder(&place))?.mode()) {
            check_owner("link", &link, &place)?;
        }
        followed += 1;
        if followed > MAX_LINKS {
            return Err(refusal("too many symbolic links"));
        }
        let target = fs::read_link(&place)?;
        if is_last && ends_as_folder(&target) {
            return Err(not_regular());
        }
        place.pop();
        steps.extend(self::steps(&target));
    }
    match place.parent() {
        // Says what is wrong with the folder, if anything.
        Some(folder) => fs::metadata(folder).map(|_| place),
        None => Err(not_regular()),
    }
}

/// Returns the steps of a path, the last one first. The root is a step that goes back to it.
fn steps(path: &Path) -> Vec<OsString> {
    let steps = path.components().rev();
    steps.map(|step| step.as_os_str().to_owned()).collect()
}

/// Whether a path names a folder, whatever is there.
fn ends_as_folder(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    [&b"/"[..], b"/.", b"/.."]
        .iter()
        .any(|end| bytes.ends_with(end))
        || bytes == b"."
        || bytes == b".."
}

/// Checks the owner of what is at a path.
pub fn check_owner(what: &str, found: &Metadata, path: &Path) -> io::Result<()> {
    let user = geteuid().as_raw();
    let folder = fs::metadata(folder(path))?;
    let shared = is_shared(folder.uid(), folder.mode(), user);
    match is_trusted(found.uid(), user, shared) {
        true => Ok(()),
        false if shared => Err(refusal(format!(
            "the {what} belongs to user {}, in a folder that others may write to",
            found.uid()
        ))),
        false => Err(refusal(format!(
            "the {what} belongs to user {}, neither to this user nor to root",
            found.uid()
        ))),
    }
}

/// Whether others than the user and root may put files into a folder.
fn is_shared(owner: u32, mode: u32, user: u32) -> bool {
    is_open_to_others(mode) || ![user, ROOT].contains(&owner)
}

/// Whether others than its owner may put files into a folder of this mode.
fn is_open_to_others(mode: u32) -> bool {
    mode & 0o022 != 0
}

/// Whether a file of this owner may be replaced, or a link followed.
fn is_trusted(owner: u32, user: u32, shared: bool) -> bool {
    owner == user || (owner == ROOT && !shared)
}

fn check_file(found: &Metadata, path: &Path) -> io::Result<()> {
    if !found.is_file() {
        return Err(not_regular());
    }
    check_owner("file", found, path)
}

fn check_links(found: &Metadata) -> io::Result<()> {
    match found.nlink() {
        0 | 1 => Ok(()),
        links => Err(refusal(format!("the file has {links} hard links"))),
    }
}

/// Returns what is at a path, which may be a link.
fn present(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// Waits until the names in a folder are on the disk, where it can be read and synced.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error)
            if !matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput
            ) =>
        {
            Err(error)
        }
        _ => Ok(()),
    }
}

fn not_regular() -> io::Error {
    refusal("not a regular file")
}

fn refusal(reason: impl Into<String>) -> io::Error {
    io::Error::other(reason.into())
}

#[cfg(test)]
mod tests;
