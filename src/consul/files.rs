//! Files that the connection needs, read at its start: tokens, certificates, keys. Each may be a pipe,
//! as a shell makes of `<(…)`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Reads a file of at most `most` bytes. One that is no regular file is waited for within `patience`: a
/// pipe may have no writer.
pub(super) fn read_file(path: &Path, most: u64, patience: Duration) -> io::Result<Vec<u8>> {
    if path.is_file() || !path.exists() {
        return read_limited(path, most);
    }
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let (send, bytes) = channel();
    let own = path.to_owned();
    // Where nothing comes, the thread waits until the process ends.
    thread::Builder::new().spawn(move || send.send(read_limited(&own, most)))?;
    bytes.recv_timeout(patience).unwrap_or_else(|_| {
        let text = format!(
            "nothing came within {}",
            humantime::format_duration(patience)
        );
        Err(io::Error::other(text))
    })
}

/// Reads a file that is no longer than this; a device may have no end.
fn read_limited(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if read as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}
