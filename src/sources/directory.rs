//! Directories: a file for each key. The walk is thin; what its files mean is decided here.

mod layout;
mod manifest;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::walk::{DirectoryWalk, read_file};
use super::text::value_of_file;
use super::{SourceError, SourceFormat, SourceOptions, document, expand, merge};
use crate::model::{Desired, Glob, Key, Place};
pub use layout::{file_of_value, lay_out};
pub use manifest::{MANIFEST, Manifest};

/// The file in the root of a directory for entries that files cannot hold: with flags, or with names
/// that no file has.
pub const EXCEPTIONS: &str = ".kvw.jsonl";

/// The file in the root of a directory that lists files which are no keys, a glob a line.
pub const IGNORED: &str = ".kvwignore";

/// A file that a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The path below the directory, its parts separated by `/`. That of an empty directory ends in `/`.
    pub relative: String,
    /// The path to open.
    pub path: PathBuf,
}

/// Reads a directory.
///
/// # Errors
/// If a part of it cannot be read or has no meaning: then none of it is used.
pub fn read_directory(
    directory: &Path,
    options: &SourceOptions,
) -> Result<Vec<Desired>, SourceError> {
    if read_manifest(directory)?.is_some_and(|manifest| !manifest.complete) {
        let error =
            SourceError::of_file(directory, "an export into this directory was not completed");
        return Err(error.hint("run it again: kvw export … --to-dir … --sync"));
    }
    let ignored = read_ignored(directory)?;
    let walk = DirectoryWalk::new(directory, |relative: &str| {
        is_skipped(relative, &ignored, options)
    });
    let mut entries = Vec::new();
    for found in walk.files()? {
        entries.extend(entries_of_file(&found, options)?);
    }
    let entries = merge::without_duplicates(entries)?;
    let Some(bytes) = read_special(directory, EXCEPTIONS)? else {
        return Ok(entries);
    };
    let file = directory.join(EXCEPTIONS);
    let exceptions = document::parse_relative(&bytes, &file, &options.prefix)?;
    let exceptions = merge::without_duplicates(exceptions)?;
    let mut keys: BTreeMap<Key, Desired> = BTreeMap::new();
    for entry in entries.into_iter().chain(exceptions) {
        keys.insert(entry.key.clone(), entry);
    }
    Ok(keys.into_values().collect())
}

/// Returns the paths of the files of a directory that are keys, hidden and ignored ones left out.
///
/// # Errors
/// As [`read_directory`], but the files are not read.
pub fn list_files(directory: &Path, ignored: &[Glob]) -> Result<Vec<String>, SourceError> {
    let options = SourceOptions::default();
    let walk = DirectoryWalk::new(directory, |relative: &str| {
        is_skipped(relative, ignored, &options)
    });
    let paths = walk.files()?.into_iter().map(|found| found.relative);
    Ok(paths.filter(|path| !path.ends_with('/')).collect())
}

/// Returns the list of the files that an export wrote into a directory, if one did.
///
/// # Errors
/// If it cannot be read.
pub fn read_manifest(directory: &Path) -> Result<Option<Manifest>, SourceError> {
    let bytes = read_special(directory, MANIFEST)?;
    bytes
        .map(|bytes| Manifest::parse(&bytes, &directory.join(MANIFEST)))
        .transpose()
}

/// Returns the globs of the ignore file of a directory, if there is one.
///
/// # Errors
/// If it cannot be read, or a line is not a glob.
pub fn read_ignored(directory: &Path) -> Result<Vec<Glob>, SourceError> {
    match read_special(directory, IGNORED)? {
        Some(bytes) => parse_ignored(&bytes, &directory.join(IGNORED)),
        None => Ok(Vec::new()),
    }
}

/// Reads a file that is no key, if it is there.
fn read_special(directory: &Path, name: &str) -> Result<Option<Vec<u8>>, SourceError> {
    let path = directory.join(name);
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        _ => read_file(&path).map(Some),
    }
}

/// Returns the globs of an ignore file.
fn parse_ignored(bytes: &[u8], file: &Path) -> Result<Vec<Glob>, SourceError> {
    let text = super::text::decode(bytes, file)?;
    let mut globs = Vec::new();
    for (line, glob) in (1..).zip(text.lines()) {
        let glob = glob.trim();
        if glob.is_empty() || glob.starts_with('#') {
            continue;
        }
        let invalid = |what: String| {
            let place = Place {
                file: file.to_owned(),
                line: Some(line),
            };
            SourceError::at(place, what)
        };
        // Habits from .gitignore: the slashes mean nothing here, and what cannot be said is refused.
        if glob.starts_with('!') {
            let what = "a line takes files out, and cannot take them in again with !";
            return Err(invalid(what.to_owned()).hint("a file named so is \\!NAME"));
        }
        let glob = glob.strip_prefix('/').unwrap_or(glob);
        let glob = glob.strip_suffix('/').unwrap_or(glob);
        globs.push(Glob::new(glob).map_err(|error| invalid(error.to_string()))?);
    }
    Ok(globs)
}

/// Whether a name is that of a hidden file.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// Whether a path below a directory, or a directory that it is in, matches a glob of the ignore file.
fn is_ignored(relative: &str, ignored: &[Glob]) -> bool {
    let parents = relative.match_indices('/').map(|(at, _)| &relative[..at]);
    let mut paths = parents.chain([relative.trim_end_matches('/')]);
    !ignored.is_empty() && paths.any(|path| ignored.iter().any(|glob| glob.matches(path)))
}

/// Whether a walk leaves out a file or directory, and what is in it.
fn is_skipped(relative: &str, ignored: &[Glob], options: &SourceOptions) -> bool {
    let name = relative.rsplit('/').next().unwrap_or(relative);
    let is_special = matches!(relative, EXCEPTIONS | IGNORED | MANIFEST);
    let is_hidden = is_hidden(name) && (!options.hidden || name == ".git");
    is_special || is_hidden || ignored.iter().any(|glob| glob.matches(relative))
}

fn entries_of_file(found: &Found, options: &SourceOptions) -> Result<Vec<Desired>, SourceError> {
    let Found { relative, path } = found;
    let without_extension = || {
        let (folder, name) = match relative.rfind('/') {
            Some(slash) => relative.split_at(slash + 1),
            None => ("", &**relative),
        };
        match name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() && !extension.is_empty() => {
                format!("{folder}{stem}")
            }
            _ => relative.clone(),
        }
    };
    let prefix = &options.prefix;
    let whole = |relative: &str, value| -> Result<Vec<Desired>, SourceError> {
        let key = Key::new(format!("{prefix}{relative}"));
        let key = key.map_err(|invalid| SourceError::of_file(path, invalid.what))?;
        Ok(vec![Desired {
            key,
            value: Some(value),
            flags: None,
            place: Place {
                file: path.clone(),
                line: None,
            },
        }])
    };
    if relative.ends_with('/') {
        return match options.folders {
            true => whole(relative, Vec::new()),
            false => Ok(Vec::new()),
        };
    }
    let bytes = read_file(path)?;
    let is_expanded = options.expand.iter().any(|glob| glob.matches(relative));
    if let Some(format) = SourceFormat::of_extension(Path::new(relative)).filter(|_| is_expanded) {
        let base = format!("{prefix}{}/", without_extension());
        return expand(format, &bytes, path, &base, options);
    }
    let value = value_of_file(bytes, options.exact);
    match options.strip_extension {
        true => whole(&without_extension(), value),
        false => whole(relative, value),
    }
}

#[cfg(test)]
mod tests;
