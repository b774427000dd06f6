//! Values from the command line, a file or stdin.

use std::io::{self, ErrorKind, Read};

use clap::Args;
use rustix::io::Errno;

use crate::exit::Failure;
use crate::model::{abbreviate, decode_base64};

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
        decode_base64(&bytes).map_err(Failure::usage)
    }
}

/// Reads a whole file; one that cannot be read is a usage error.
pub fn read_file(path: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| read_error(path, &error))
}

/// The usage error of a file that cannot be read.
pub fn read_error(path: &str, error: &io::Error) -> Failure {
    document_as_name(path, error).unwrap_or_else(|| {
        let failure = Failure::usage(format!("reading '{}': {error}", abbreviate(path)));
        match path.starts_with("http://") || path.starts_with("https://") {
            true => failure.hint("a URL is not read: curl -s URL | kvw … -"),
            false => failure,
        }
    })
}

/// The usage error of a document in place of the name of a file, as by `"$(cat FILE)"`. It is not
/// printed: it may hold secrets.
pub fn document_as_name(path: &str, error: &io::Error) -> Option<Failure> {
    let too_long = Errno::from_io_error(error) == Some(Errno::NAMETOOLONG);
    let unknown = too_long || matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput);
    let text = path.trim_start_matches('\u{feff}').trim_start();
    let is_document = text.starts_with(['[', '{']) && text.len() > 1 || path.contains('\n');
    (unknown && is_document).then(|| {
        Failure::usage("that is the document itself: pipe it in")
            .hint("the name of a file is expected here, and - is stdin")
    })
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
