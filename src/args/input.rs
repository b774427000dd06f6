//! Where a value comes from: the command line itself, a file, stdin.

use std::io::Read;

use clap::Args;

use crate::exit::Failure;
use crate::model::decode_base64;

/// How a value on the command line is taken.
#[derive(Debug, Clone, Default, Args)]
pub struct ValueArgs {
    /// Take VALUE as it stands: @FILE and - are no files
    #[arg(long)]
    literal: bool,

    /// Decode VALUE from base64 first
    #[arg(long)]
    base64: bool,
}

impl ValueArgs {
    /// The bytes that VALUE stands for: `@FILE` a file, `-` stdin, anything else itself.
    pub fn read(&self, text: &str) -> Result<Vec<u8>, Failure> {
        let bytes = match text.strip_prefix('@') {
            Some(path) if !self.literal => file(path)?,
            _ if text == "-" && !self.literal => stdin()?,
            _ => text.as_bytes().to_vec(),
        };
        if !self.base64 {
            return Ok(bytes);
        }
        decode_base64(&bytes).map_err(|error| Failure::usage(format!("the value is {error}")))
    }
}

/// The whole file; unreadable is wrong usage.
pub fn file(path: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::usage(format!("reading '{path}': {error}")))
}

/// The whole of stdin.
pub fn stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(format!("reading stdin: {error}")))?;
    Ok(bytes)
}
