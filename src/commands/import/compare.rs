//! What each entry of a document requires, compared with the existing one.

use super::results::ImportCounts;
use super::source::ImportDocument;
use crate::args::key_mapping::ImportEntry;
use crate::consul::{Client, MultiGet};
use crate::model::{Entry, Index, Op, encoded_read, groups};

/// The action that an entry requires.
pub enum ImportAction {
    /// None: the existing entry is equal.
    Unchanged,
    /// None: the existing entry is left alone.
    Skipped,
    /// A write.
    Write(Op),
}

/// Compares an entry with the existing one. Sessions and indexes are not imported.
pub fn action_for(entry: ImportEntry, existing: Option<&Entry>, create_only: bool) -> ImportAction {
    let ImportEntry { key, value, flags } = entry;
    match existing {
        Some(existing) if existing.value() == value && existing.flags() == flags => {
            ImportAction::Unchanged
        }
        Some(_) if create_only => ImportAction::Skipped,
        None if create_only => ImportAction::Write(Op::Cas {
            key,
            value,
            flags,
            index: Index(0),
        }),
        _ => ImportAction::Write(Op::Set { key, value, flags }),
    }
}

/// Returns the entries in groups that are compared in one transaction, each bounded by the size of
/// its values too.
pub fn chunks(
    source: &ImportDocument,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Vec<ImportEntry>>>> {
    let size = |entry: &Result<ImportEntry, _>| match entry {
        Ok(entry) => encoded_read(entry.key.as_str()) + entry.value.len(),
        Err(_) => 0,
    };
    let chunks = groups(source.entries()?, size);
    Ok(chunks.map(|entries| entries.into_iter().collect()))
}

/// Compares the whole document with the existing entries, and calls `write` for each operation that
/// the import requires.
pub fn compare(
    client: &Client,
    source: &ImportDocument,
    create_only: bool,
    mut write: impl FnMut(Op) -> anyhow::Result<()>,
) -> anyhow::Result<ImportCounts> {
    let mut counts = ImportCounts::default();
    let mut reader = MultiGet::new(client);
    for chunk in chunks(source)? {
        let chunk = chunk?;
        let keys: Vec<_> = chunk.iter().map(|entry| entry.key.clone()).collect();
        for (entry, existing) in chunk.into_iter().zip(reader.present(&keys)?) {
            match action_for(entry, existing.as_ref(), create_only) {
                ImportAction::Unchanged => counts.unchanged += 1,
                ImportAction::Skipped => counts.skipped += 1,
                ImportAction::Write(op) => {
                    counts.written += 1;
                    write(op)?;
                }
            }
        }
    }
    Ok(counts)
}
