//! Values from the command line, a file or stdin.

use std::io::Read;

use clap::Args;

use crate::exit::Failure;
use crate::model::decode_base64;

/// Flags that say how VALUE on the command line is interpreted.
#[derive(Debug, Clone, Default, Args)]
pub struct ValueArgs {
    /// Do not treat @FILE and - specially
    #[arg(long)]
    literal: bool,

    /// Decode VALUE from base64 first
    #[arg(long)]
    base64: bool,
}

impl ValueArgs {
    /// Returns the bytes of VALUE: those of the file for `@FILE`, of stdin for `-`, else its own.
    pub fn read(&self, text: &str) -> Result<Vec<u8>, Failure> {
        let bytes = match text.strip_prefix('@') {
            Some(path) if !self.literal => read_file(path)?,
            _ if text == "-" && !self.literal => read_stdin()?,
            _ => text.as_bytes().to_vec(),
        };
        if !self.base64 {
            return Ok(bytes);
        }
        decode_base64(&bytes).map_err(|error| Failure::usage(format!("the value is {error}")))
    }
}

/// Reads a whole file; one that cannot be read is a usage error.
pub fn read_file(path: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::usage(format!("reading '{path}': {error}")))
}

/// Reads all of stdin.
pub fn read_stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(format!("reading stdin: {error}")))?;
    Ok(bytes)
}
