//! The document of an import: checked as a whole, then read entry by entry.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufReader, Read};

use anyhow::Context as _;

use super::content::Content;
use super::seen_keys::{Occurrence, SeenKeys};
use super::tenancy::Tenancy;
use crate::args::key_mapping::{ImportEntry, KeyMapping};
use crate::exit::Failure;
use crate::model::{DocumentReader, Filter, Invalid, Key, abbreviate};

/// A document and the changes to its keys.
pub struct ImportDocument {
    content: Content,
    /// The name in errors.
    name: String,
    /// The changes to its keys.
    pub names: KeyMapping,
    /// The namespace and the partition that its entries may name; `None` allows any.
    pub tenancy: Option<Tenancy>,
    /// The keys, under the names that they are written to, that are imported.
    pub filter: Filter,
}

/// The content of a document in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentSummary {
    /// Entries to import.
    pub keys: u64,
    /// Entries whose key is empty without the stripped prefix: that of the folder itself.
    pub nameless: u64,
    /// Entries that `--include` or `--exclude` leave out.
    pub unselected: u64,
    /// The first key that is written.
    pub first: Option<Key>,
    /// Members of entries that mean nothing.
    pub unknown_members: BTreeSet<String>,
}

impl ImportDocument {
    /// Opens a file. Stdin and pipes are read to their end, because the whole document is checked
    /// before the first write.
    pub fn open(path: &str) -> Result<Self, Failure> {
        let name = if path == "-" { "stdin" } else { path };
        Ok(ImportDocument {
            content: Content::open(path)?,
            name: abbreviate(name).into_owned(),
            names: KeyMapping::default(),
            tenancy: None,
            filter: Filter::default(),
        })
    }

    /// Reads the whole document.
    ///
    /// # Errors
    /// If an entry is malformed or belongs elsewhere, or a key occurs twice.
    pub fn check(&self) -> anyhow::Result<DocumentSummary> {
        match self.check_with(&mut SeenKeys::Sorted(String::new()))? {
            Some(found) => Ok(found),
            // An export is sorted and needs no memory. For other documents all keys are kept.
            None => {
                let found = self.check_with(&mut SeenKeys::Unsorted(HashMap::new()))?;
                Ok(found.unwrap_or_default())
            }
        }
    }

    /// Reads the whole document; `None` if its keys are not sorted as assumed.
    fn check_with(&self, seen: &mut SeenKeys) -> anyhow::Result<Option<DocumentSummary>> {
        let mut found = DocumentSummary::default();
        let mut reader = self.reader()?;
        for (number, entry) in (1..).zip(reader.by_ref()) {
            let entry = entry.map_err(|invalid| self.invalid(invalid))?;
            let invalid = |what| self.invalid(Invalid::new(format!("entry {number}"), what));
            match seen.insert(&entry.key, number) {
                Occurrence::First => {}
                Occurrence::OutOfOrder => return Ok(None),
                Occurrence::Duplicate(first) => {
                    let key = abbreviate(&entry.key);
                    let what = format!("key {key} occurs twice: entries {first} and {number}");
                    return Err(invalid(what));
                }
            }
            if let Some(tenancy) = &self.tenancy {
                tenancy.check(&entry).map_err(|failure| {
                    let message = format!("{}: entry {number}: {}", self.name, failure.message);
                    Failure { message, ..failure }
                })?;
            }
            self.names.check(&entry.key).map_err(|failure| {
                let message = format!("{}: entry {number}: {}", self.name, failure.message);
                Failure { message, ..failure }
            })?;
            match self.names.import_entry(entry).map_err(invalid)? {
                Some(entry) if !self.filter.admits(entry.key.as_str()) => found.unselected += 1,
                Some(entry) => {
                    found.keys += 1;
                    found.first.get_or_insert(entry.key);
                }
                None => found.nameless += 1,
            }
        }
        found.unknown_members.clone_from(reader.unknown_members());
        Ok(Some(found))
    }

    /// Returns the entries to import of a checked document.
    pub fn entries(
        &self,
    ) -> anyhow::Result<impl Iterator<Item = anyhow::Result<ImportEntry>> + '_> {
        Ok(self.reader()?.filter_map(|entry| {
            entry
                .and_then(|entry| {
                    let entry = self.names.import_entry(entry);
                    entry.map_err(|what| Invalid::new("", what))
                })
                .map_err(|invalid| self.invalid(invalid))
                .transpose()
                .filter(|entry| {
                    let entry = entry.as_ref();
                    entry.map_or(true, |entry| self.filter.admits(entry.key.as_str()))
                })
        }))
    }

    fn reader(&self) -> anyhow::Result<DocumentReader<BufReader<Box<dyn Read + '_>>>> {
        let bytes = self.content.read();
        let bytes = bytes.with_context(|| format!("reading {}", self.name))?;
        let reader = BufReader::with_capacity(64 * 1024, bytes);
        Ok(DocumentReader::new(reader))
    }

    fn invalid(&self, invalid: Invalid) -> anyhow::Error {
        anyhow::Error::from(invalid).context(self.name.clone())
    }
}

#[cfg(test)]
mod tests;
