//! Documents of whole keys: Consul's export, the answer of its API, and entries as kvw writes them.

use std::collections::BTreeSet;
use std::path::Path;

use super::{SourceError, SourceOptions};
use crate::model::{Desired, DocumentReader, Invalid, Key, Place, abbreviate};

/// Reads a document. Its keys stand as they are, less `strip`, behind `prefix`.
pub fn parse(
    bytes: &[u8],
    file: &Path,
    options: &SourceOptions,
) -> Result<Vec<Desired>, SourceError> {
    let mut reader = DocumentReader::new(bytes);
    read(&mut reader, file, |key| {
        let rest = key.strip_prefix(&*options.strip).ok_or_else(|| {
            let (key, strip) = (abbreviate(key), &options.strip);
            format!("key {key} does not start with {strip}, see --strip")
        })?;
        Ok(format!("{}{rest}", options.prefix))
    })
}

/// Reads the entries of a directory that files cannot hold. Their keys are relative to the directory, and
/// the one of the directory itself is empty.
pub fn parse_relative(bytes: &[u8], file: &Path, base: &str) -> Result<Vec<Desired>, SourceError> {
    if bytes.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = DocumentReader::new(bytes).with_empty_keys();
    read(&mut reader, file, |key| Ok(format!("{base}{key}")))
}

fn read(
    reader: &mut DocumentReader<&[u8]>,
    file: &Path,
    name: impl Fn(&str) -> Result<String, String>,
) -> Result<Vec<Desired>, SourceError> {
    let mut entries = Vec::new();
    while let Some(entry) = reader.next() {
        let entry = entry.map_err(|invalid| invalid_at(file, &invalid))?;
        let place = Place {
            file: file.to_owned(),
            line: Some(reader.line()),
        };
        let key = name(&entry.key).and_then(|key| Key::new(key).map_err(|invalid| invalid.what));
        let key = key.map_err(|what| SourceError::at(place.clone(), what))?;
        entries.push(Desired {
            key,
            value: Some(entry.value),
            flags: Some(entry.flags),
            place,
        });
    }
    check_members(reader.unknown_members(), file)?;
    Ok(entries)
}

/// A document that says what kvw does not understand is not what kvw would make of it.
fn check_members(unknown: &BTreeSet<String>, file: &Path) -> Result<(), SourceError> {
    if unknown.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = unknown.iter().map(|name| abbreviate(name)).collect();
    let what = format!("unknown members of entries: {}", names.join(", "));
    Err(SourceError::of_file(file, what))
}

fn invalid_at(file: &Path, invalid: &Invalid) -> SourceError {
    SourceError::of_file(file, invalid.to_string())
}

#[cfg(test)]
mod tests;
