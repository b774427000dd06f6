//! From entries to the files of a directory: the inverse of reading it. A value and its file determine
//! each other, and what no file can hold is an exception, so that nothing is lost.

use std::collections::{HashMap, HashSet};

use super::{is_hidden, is_ignored};
use crate::model::{Entry, Glob};

/// The longest name of a file that common file systems take.
const MAX_NAME: usize = 255;

/// The longest path that is made, below the limit of 4096 bytes with room for the directory.
const MAX_PATH: usize = 3000;

/// The deepest path that is made; reading refuses deeper ones.
const MAX_DEPTH: usize = 150;

/// What a directory has to have.
#[derive(Debug, Default)]
pub struct Layout<'a> {
    /// Paths below the directory, and the entries whose values the files hold, by key.
    pub files: Vec<(&'a str, &'a Entry)>,
    /// Names below the prefix of entries that no file can hold, by key.
    pub exceptions: Vec<(&'a str, &'a Entry)>,
}

/// Distributes entries, sorted by key, over files and exceptions. `ignored` are the globs that the
/// directory has; where `folds_case`, no two names may differ only in case.
pub fn lay_out<'a>(
    prefix: &str,
    entries: &'a [Entry],
    ignored: &[Glob],
    folds_case: bool,
) -> Layout<'a> {
    let named = entries.iter().map(|entry| {
        let key = entry.key();
        (key.strip_prefix(prefix).unwrap_or(key), entry)
    });
    let mut folding = folds_case.then(HashMap::new);
    let mut layout = Layout::default();
    for (path, entry) in named {
        let fits = entry.flags() == 0
            && can_be_path(path)
            && has_file(entry.value())
            && !is_ignored(path, ignored)
            && folding.as_mut().is_none_or(|names| keeps_case(path, names));
        match fits {
            true => layout.files.push((path, entry)),
            false => layout.exceptions.push((path, entry)),
        }
    }
    let files = layout.files.iter();
    let folders: HashSet<&str> = files.flat_map(|(path, _)| folders_of(path)).collect();
    let (exceptions, files) = layout
        .files
        .into_iter()
        .partition(|(path, _)| folders.contains(path));
    layout.files = files;
    layout.exceptions.extend::<Vec<_>>(exceptions);
    layout.exceptions.sort_by_key(|(path, _)| *path);
    layout
}

/// The bytes of the file that is read as a value.
pub fn file_of_value(value: &[u8]) -> Vec<u8> {
    let mut bytes = value.to_vec();
    if !value.is_empty() && std::str::from_utf8(value).is_ok() {
        bytes.push(b'\n');
    }
    bytes
}

/// Whether the file of a value is read as it: the `\r` at the end of a text would be taken for half of
/// the end of its line.
fn has_file(value: &[u8]) -> bool {
    value.last() != Some(&b'\r') || std::str::from_utf8(value).is_err()
}

fn can_be_path(path: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.len() <= MAX_NAME && !is_hidden(name) && !name.contains('\0')
    };
    path.len() <= MAX_PATH && path.split('/').count() <= MAX_DEPTH && path.split('/').all(is_name)
}

/// The directories that a path is in.
fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// Whether a path and its folders are the first to have these letters, in whatever case.
fn keeps_case<'a>(path: &'a str, names: &mut HashMap<String, &'a str>) -> bool {
    let parts: Vec<&str> = folders_of(path).chain([path]).collect();
    let clashes = |part: &str| {
        let first = names.get(&part.to_lowercase());
        first.is_some_and(|first| *first != part)
    };
    if parts.iter().any(|part| clashes(part)) {
        return false;
    }
    for part in parts {
        names.insert(part.to_lowercase(), part);
    }
    true
}

#[cfg(test)]
mod tests;
