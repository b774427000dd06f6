//! Streams that are written to and never replaced: file descriptors, pipes, devices.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::describe;
use super::descriptor::descriptor;
use super::destination::{Links, check_owner, follow};

/// A buffered writer whose errors name what is written.
pub struct NamedStream {
    path: PathBuf,
    out: BufWriter<File>,
}

impl NamedStream {
    /// A writer to an open file, whose errors name this path.
    pub fn new(path: &Path, file: File) -> Self {
        NamedStream {
            path: path.to_owned(),
            out: BufWriter::with_capacity(64 * 1024, file),
        }
    }

    /// The path that errors name.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for NamedStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        written.map_err(|error| describe("writing", &self.path, &error))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.out.write_all(bytes);
        written.map_err(|error| describe("writing", &self.path, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        flushed.map_err(|error| describe("writing", &self.path, &error))
    }
}

/// Opens what can be written to but not replaced: a file descriptor, a pipe, a device. `None` for a
/// regular file, and for a path where nothing exists.
///
/// # Errors
/// If it cannot be opened, or is a pipe that someone else made; the error names the path.
pub fn open_stream(path: &Path) -> io::Result<Option<NamedStream>> {
    let opened = match descriptor(path) {
        Some(descriptor) => descriptor.open().map(Some),
        None => open_special(path),
    };
    match opened {
        Ok(file) => Ok(file.map(|file| NamedStream::new(path, file))),
        Err(error) => Err(describe("writing", path, &error)),
    }
}

/// Opens a pipe or a device.
fn open_special(path: &Path) -> io::Result<Option<File>> {
    let Ok(found) = fs::metadata(path) else {
        return Ok(None);
    };
    if found.is_file() || found.is_dir() {
        return Ok(None);
    }
    let place = follow(path, Links::Follow)?;
    let check = |found: &fs::Metadata| match found.file_type() {
        // Anyone can make one; a device takes privileges.
        kind if kind.is_fifo() => check_owner("pipe", found, &place),
        kind if kind.is_file() => Err(io::Error::other("it was replaced by a file")),
        _ => Ok(()),
    };
    check(&found)?;
    let file = OpenOptions::new().write(true).open(&place)?;
    check(&file.metadata()?)?;
    Ok(Some(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_of_a_file_is_written_at_its_position() {
        use std::os::fd::AsRawFd;
        let folder = tempfile::tempdir().unwrap();
        let mut log = File::create(folder.path().join("log")).unwrap();
        log.write_all(b"first\n").unwrap();
        let path = format!("/dev/fd/{}", log.as_raw_fd());
        let mut stream = open_stream(Path::new(&path)).unwrap().unwrap();
        stream.write_all(b"second\n").unwrap();
        stream.flush().unwrap();
        log.write_all(b"third\n").unwrap();
        let text = fs::read_to_string(folder.path().join("log")).unwrap();
        assert_eq!(text, "first\nsecond\nthird\n");
        for (path, is_stream) in [("/dev/null", true), ("/dev", false), ("/none", false)] {
            let opened = open_stream(Path::new(path)).unwrap();
            assert_eq!(opened.is_some(), is_stream, "{path}");
        }
        assert!(open_stream(Path::new("/dev/fd/9999")).is_err());
    }
}
