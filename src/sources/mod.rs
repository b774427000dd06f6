//! Sources: files that say what keys should be. One file a format, each a pure function from bytes to
//! desired entries with the place of each; only `directory/walk.rs` touches the file system. A source is
//! read as a whole or is an error, because a source that was read in part would look like deletes. It
//! must not know Consul, the terminal, or what becomes of the entries.

mod directory;
mod document;
mod env;
mod error;
mod format;
mod json;
mod merge;
mod options;
mod properties;
mod text;
mod toml;
mod tree;
mod yaml;

use std::path::Path;

pub use directory::{
    EXCEPTIONS, MANIFEST, Manifest, file_of_value, lay_out, list_files, read_directory,
    read_ignored, read_manifest,
};
pub use error::SourceError;
pub use format::SourceFormat;
pub use merge::{Merged, merge};
pub use options::{Dots, ListPolicy, NullPolicy, SourceOptions};

use crate::model::Desired;

/// Reads a document: everything but a directory.
///
/// # Errors
/// If it is malformed, says something that no key can hold, or says one key twice.
pub fn parse(
    format: SourceFormat,
    bytes: &[u8],
    file: &Path,
    options: &SourceOptions,
) -> Result<Vec<Desired>, SourceError> {
    let entries = match format {
        SourceFormat::Consul | SourceFormat::Jsonl => document::parse(bytes, file, options)?,
        _ => expand(format, bytes, file, &options.prefix, options)?,
    };
    merge::without_duplicates(entries)
}

/// Reads a document of names into entries below `base`.
fn expand(
    format: SourceFormat,
    bytes: &[u8],
    file: &Path,
    base: &str,
    options: &SourceOptions,
) -> Result<Vec<Desired>, SourceError> {
    let text = text::decode(bytes, file)?;
    let named = tree::DocumentNames {
        file,
        base,
        options,
    };
    match format {
        SourceFormat::Yaml => yaml::parse(text, &named),
        SourceFormat::Json => json::parse(text, &named),
        SourceFormat::Toml => toml::parse(text, &named),
        SourceFormat::Properties => properties::parse(text, &named),
        SourceFormat::Env => env::parse(text, &named),
        SourceFormat::DockerEnv => env::parse_docker(text, &named),
        SourceFormat::Dir | SourceFormat::Consul | SourceFormat::Jsonl => {
            unreachable!("neither a directory nor whole keys are a document of names")
        }
    }
}

#[cfg(test)]
mod tests;
