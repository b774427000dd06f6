//! The source of an import: a document that can be read twice.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use anyhow::Context as _;

use crate::exit::{Exit, Failure};
use crate::model::{DocumentReader, Exported, Invalid, Key};

/// A document and the changes to its keys.
pub struct ImportDocument {
    file: File,
    /// The name in errors.
    name: String,
    /// The prefix that each key must have, and that is removed.
    pub strip: String,
    /// The prefix that is prepended to each key.
    pub prefix: String,
}

/// The content of a document in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DocumentSummary {
    /// Entries to import.
    pub keys: u64,
    /// Entries whose key is empty without the stripped prefix: that of the folder itself.
    pub nameless: u64,
}

/// An entry to import, with its new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportEntry {
    /// The new key.
    pub key: Key,
    /// The value.
    pub value: Vec<u8>,
    /// The application-defined number.
    pub flags: u64,
}

impl ImportDocument {
    /// Opens a file. Stdin is copied to a private file, because the whole document is checked before
    /// the first write.
    pub fn open(path: &str) -> Result<Self, Failure> {
        let file = match path {
            "-" => copy_to_temporary(&mut io::stdin().lock(), "stdin")?,
            path => {
                let mut file = File::open(path).map_err(|error| {
                    let failure = Failure::usage(format!("reading '{path}': {error}"));
                    match path.strip_prefix('@') {
                        Some(path) => failure.hint(format!("omit the @: {path}")),
                        None => failure,
                    }
                })?;
                let regular = file.metadata().is_ok_and(|meta| meta.is_file());
                if regular {
                    file
                } else {
                    copy_to_temporary(&mut file, path)?
                }
            }
        };
        Ok(ImportDocument {
            file,
            name: if path == "-" { "stdin" } else { path }.to_owned(),
            strip: String::new(),
            prefix: String::new(),
        })
    }

    /// Reads the whole document.
    ///
    /// # Errors
    /// If an entry is malformed or a key occurs twice.
    pub fn check(&self) -> anyhow::Result<DocumentSummary> {
        match self.check_with(&mut SeenKeys::Sorted(String::new()))? {
            Some(found) => Ok(found),
            // An export is sorted and needs no memory. For other documents all keys are kept.
            None => {
                let found = self.check_with(&mut SeenKeys::Unsorted(HashSet::new()))?;
                Ok(found.unwrap_or_default())
            }
        }
    }

    /// Reads the whole document; `None` if its keys are not sorted as assumed.
    fn check_with(&self, seen: &mut SeenKeys) -> anyhow::Result<Option<DocumentSummary>> {
        let mut found = DocumentSummary::default();
        for (number, entry) in self.exported()?.enumerate() {
            let entry = entry?;
            let place = format!("entry {}", number + 1);
            match seen.insert(&entry.key) {
                Occurrence::First => {}
                Occurrence::OutOfOrder => return Ok(None),
                Occurrence::Duplicate => {
                    let what = format!("key {} occurs twice", entry.key);
                    return Err(self.invalid(Invalid::new(place, what)));
                }
            }
            match self
                .import_entry(entry)
                .map_err(|what| self.invalid(Invalid::new(place, what)))?
            {
                Some(_) => {
                    found.keys += 1;
                }
                None => found.nameless += 1,
            }
        }
        Ok(Some(found))
    }

    /// Returns the entries to import of a checked document.
    pub fn entries(
        &self,
    ) -> anyhow::Result<impl Iterator<Item = anyhow::Result<ImportEntry>> + '_> {
        Ok(self.exported()?.filter_map(|entry| {
            entry
                .and_then(|entry| {
                    self.import_entry(entry)
                        .map_err(|what| self.invalid(Invalid::new("", what)))
                })
                .transpose()
        }))
    }

    fn exported(&self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Exported>> + '_> {
        let mut file = &self.file;
        file.rewind()
            .with_context(|| format!("reading {}", self.name))?;
        let reader = BufReader::with_capacity(64 * 1024, file);
        let entries = DocumentReader::new(reader);
        Ok(entries.map(|entry| entry.map_err(|invalid| self.invalid(invalid))))
    }

    /// Converts an entry to one with its new key; `None` if that is empty.
    fn import_entry(&self, entry: Exported) -> Result<Option<ImportEntry>, String> {
        let Some(rest) = entry.key.strip_prefix(&*self.strip) else {
            let (key, strip) = (entry.key, &self.strip);
            return Err(format!(
                "key {key} does not start with {strip}, see --strip"
            ));
        };
        let key = Key::new(format!("{}{rest}", self.prefix));
        Ok(key.ok().map(|key| ImportEntry {
            key,
            value: entry.value,
            flags: entry.flags,
        }))
    }

    fn invalid(&self, invalid: Invalid) -> anyhow::Error {
        anyhow::Error::from(invalid).context(self.name.clone())
    }
}

/// The keys read so far, to find duplicates.
enum SeenKeys {
    /// The last key: each is greater than the one before.
    Sorted(String),
    Unsorted(HashSet<String>),
}

enum Occurrence {
    First,
    Duplicate,
    OutOfOrder,
}

impl SeenKeys {
    fn insert(&mut self, name: &str) -> Occurrence {
        match self {
            SeenKeys::Sorted(last) => match name.cmp(last) {
                std::cmp::Ordering::Greater => {
                    name.clone_into(last);
                    Occurrence::First
                }
                std::cmp::Ordering::Equal => Occurrence::Duplicate,
                std::cmp::Ordering::Less => Occurrence::OutOfOrder,
            },
            SeenKeys::Unsorted(names) if names.contains(name) => Occurrence::Duplicate,
            SeenKeys::Unsorted(names) => {
                names.insert(name.to_owned());
                Occurrence::First
            }
        }
    }
}

/// Copies a source that can be read only once to a temporary file without a name.
fn copy_to_temporary(from: &mut impl Read, name: &str) -> Result<File, Failure> {
    let failed = |error: io::Error| {
        let what = format!("copying {name} to a temporary file: {error}");
        Failure::new(Exit::Unavailable, what)
    };
    let mut file = tempfile::tempfile().map_err(failed)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(file),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::usage(format!("reading {name}: {error}"))),
        };
        io::Write::write_all(&mut file, &buffer[..read]).map_err(failed)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn source(document: &str) -> ImportDocument {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(document.as_bytes()).unwrap();
        ImportDocument {
            file,
            name: "doc".to_owned(),
            strip: String::new(),
            prefix: String::new(),
        }
    }

    fn check_error(source: &ImportDocument) -> String {
        format!("{:#}", source.check().unwrap_err())
    }

    #[test]
    fn a_document_can_be_read_several_times() {
        let source = source(r#"[{"key":"a","value":"eHk="},{"key":"b"}]"#);
        let found = DocumentSummary {
            keys: 2,
            nameless: 0,
        };
        assert_eq!(source.check().unwrap(), found);
        assert_eq!(source.entries().unwrap().count(), 2);
        assert_eq!(source.check().unwrap(), found);
    }

    #[test]
    fn a_key_that_occurs_twice_is_refused_in_any_order() {
        let sorted = source(r#"[{"key":"a"},{"key":"a"}]"#);
        assert_eq!(check_error(&sorted), "doc: entry 2: key a occurs twice");
        let unsorted = source(r#"[{"key":"b"},{"key":"a"},{"key":"c"},{"key":"b"}]"#);
        assert_eq!(check_error(&unsorted), "doc: entry 4: key b occurs twice");
        let unsorted = source(r#"[{"key":"b"},{"key":"a"}]"#);
        assert_eq!(unsorted.check().unwrap().keys, 2);
    }

    #[test]
    fn keys_are_stripped_and_prefixed_and_what_does_not_fit_is_refused() {
        let mut source = source(r#"[{"key":"old/"},{"key":"old/a"}]"#);
        source.strip = "old/".to_owned();
        assert_eq!(source.check().unwrap().nameless, 1);
        source.prefix = "new/".to_owned();
        let keys = source
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().key.to_string());
        assert_eq!(keys.collect::<Vec<_>>(), ["new/", "new/a"]);
        source.strip = "old/a".to_owned();
        let message = "doc: entry 1: key old/ does not start with old/a, see --strip";
        assert_eq!(check_error(&source), message);
    }
}
