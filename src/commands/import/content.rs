//! The bytes of a document, so that they can be read twice: a file, or a copy of what a pipe gives.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek};

use crate::args::input::read_error;
use crate::exit::{Exit, Failure};
use crate::model::abbreviate;

/// The bytes of a document, which is read twice.
pub enum Content {
    /// In memory.
    Memory(Vec<u8>),
    /// In a file.
    File(File),
}

/// A document from a pipe is kept in memory up to this size, beyond it in a temporary file.
const MAX_IN_MEMORY: usize = 8 * 1024 * 1024;

impl Content {
    /// Opens a file, or stdin for `-`. Pipes are read to their end.
    ///
    /// # Errors
    /// If it cannot be opened, or copied where it can be read only once.
    pub fn open(path: &str) -> Result<Self, Failure> {
        if path == "-" {
            return read_pipe(&mut io::stdin().lock(), "stdin");
        }
        let mut file = File::open(path).map_err(|error| {
            let failure = read_error(path, &error);
            match path.strip_prefix('@') {
                Some(path) => failure.hint(format!("omit the @: {}", abbreviate(path))),
                None => failure,
            }
        })?;
        let regular = file.metadata().is_ok_and(|meta| meta.is_file());
        if regular {
            Ok(Content::File(file))
        } else {
            read_pipe(&mut file, &abbreviate(path))
        }
    }

    /// Returns the bytes from the beginning.
    ///
    /// # Errors
    /// If a file cannot be read again.
    pub fn read(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Content::Memory(bytes) => Box::new(Cursor::new(bytes)),
            Content::File(file) => {
                let mut file = file;
                file.rewind()?;
                Box::new(file)
            }
        })
    }
}

/// Reads a source that can be read only once: into memory, or to a temporary file without a name
/// where it is large.
fn read_pipe(from: &mut impl Read, name: &str) -> Result<Content, Failure> {
    read_pipe_within(from, name, MAX_IN_MEMORY)
}

fn read_pipe_within(from: &mut impl Read, name: &str, limit: usize) -> Result<Content, Failure> {
    let unread = |error: io::Error| Failure::usage(format!("reading {name}: {error}"));
    let mut bytes = Vec::new();
    let mut start = from.take(limit as u64 + 1);
    start.read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() <= limit {
        return Ok(Content::Memory(bytes));
    }
    let failed = |error: io::Error| {
        let folder = std::env::temp_dir();
        let text = error.to_string();
        let reason = text.split(" at path ").next().unwrap_or(&text);
        let what = format!(
            "copying {name} to a temporary file in {}: {reason}",
            folder.display()
        );
        Failure::new(Exit::Unavailable, what).hint("TMPDIR=…, or give a file")
    };
    let mut file = tempfile::tempfile().map_err(failed)?;
    let mut rest = bytes;
    loop {
        io::Write::write_all(&mut file, &rest).map_err(failed)?;
        rest.resize(64 * 1024, 0);
        let read = loop {
            match from.read(&mut rest) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(unread)?,
            }
        };
        if read == 0 {
            return Ok(Content::File(file));
        }
        rest.truncate(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_pipe_goes_to_a_file_and_a_small_one_stays_in_memory() {
        let bytes = vec![b'x'; 200_000];
        for (limit, in_memory) in [(200_000, true), (199_999, false), (0, false)] {
            let content = read_pipe_within(&mut &bytes[..], "stdin", limit).unwrap();
            let mut read = Vec::new();
            match content {
                Content::Memory(memory) => {
                    assert!(in_memory);
                    read = memory;
                }
                Content::File(mut file) => {
                    assert!(!in_memory);
                    file.rewind().unwrap();
                    file.read_to_end(&mut read).unwrap();
                }
            }
            assert!(read == bytes, "{limit}");
        }
    }
}
