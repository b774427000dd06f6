//! Bytes that nobody can guess: keys and salts of files. What only spreads retries uses `fastrand`.

use std::fs::File;
use std::io::{self, Read};

/// Returns random bytes of the system.
///
/// # Errors
/// When it gives none.
pub fn bytes<const COUNT: usize>() -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
