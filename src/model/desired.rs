//! What a source says a key should be.

use std::fmt;
use std::path::PathBuf;

use super::Key;

/// Where a source says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named or found; `-` for stdin.
    pub file: PathBuf,
    /// The line, from 1; `None` where the whole file is the value.
    pub line: Option<u32>,
}

/// One key as a source wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// The full name in the store.
    pub key: Key,
    /// The value; `None`: the key should not exist (`--null delete`).
    pub value: Option<Vec<u8>>,
    /// The flags where the source carries them. Files and trees cannot: `None` leaves those of an
    /// existing key alone and writes 0 on a new one.
    pub flags: Option<u64>,
    /// Where it stands.
    pub place: Place,
}

impl fmt::Display for Place {
    /// `FILE:LINE`, as compilers write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = match self.file.to_str() {
            Some("-") => "stdin".into(),
            _ => self.file.to_string_lossy(),
        };
        match self.line {
            Some(line) => write!(f, "{file}:{line}"),
            None => f.write_str(&file),
        }
    }
}
