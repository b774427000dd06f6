//! What is imported: a document that can be read twice.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use anyhow::Context as _;

use crate::exit::{Exit, Failure};
use crate::model::{DocumentReader, Exported, Invalid, Key};

/// A document, and what becomes of its keys.
pub struct Source {
    file: File,
    /// For errors.
    name: String,
    /// Taken off each key, which must begin so.
    pub strip: String,
    /// Put in front of each key.
    pub prefix: String,
}

/// What a look through the whole document found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DocumentSummary {
    /// Entries to import.
    pub keys: u64,
    /// Entries that are no keys without what is stripped: the folder's own.
    pub nameless: u64,
}

/// An entry under the key it is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportEntry {
    /// Where to.
    pub key: Key,
    /// What.
    pub value: Vec<u8>,
    /// The caller's 64 bits.
    pub flags: u64,
}

impl Source {
    /// Opens a file, or puts stdin into a private file of its own: the whole input is checked
    /// before anything is written.
    pub fn open(path: &str) -> Result<Self, Failure> {
        let file = match path {
            "-" => spool(&mut io::stdin().lock(), "stdin")?,
            path => {
                let mut file = File::open(path).map_err(|error| {
                    let failure = Failure::usage(format!("reading '{path}': {error}"));
                    match path.strip_prefix('@') {
                        Some(path) => failure.hint(format!("FILE stands without @: {path}")),
                        None => failure,
                    }
                })?;
                let regular = file.metadata().is_ok_and(|meta| meta.is_file());
                if regular {
                    file
                } else {
                    spool(&mut file, path)?
                }
            }
        };
        Ok(Source {
            file,
            name: if path == "-" { "stdin" } else { path }.to_owned(),
            strip: String::new(),
            prefix: String::new(),
        })
    }

    /// Reads the whole document, and refuses it if an entry is malformed or a key comes twice.
    pub fn check(&self) -> anyhow::Result<DocumentSummary> {
        match self.check_with(&mut Order::Ascending(String::new()))? {
            Some(found) => Ok(found),
            // Exports are in order and cost no memory. For others every name is kept.
            None => {
                let found = self.check_with(&mut Order::Any(HashSet::new()))?;
                Ok(found.unwrap_or_default())
            }
        }
    }

    /// `None` if the names are not in the order that was assumed.
    fn check_with(&self, order: &mut Order) -> anyhow::Result<Option<DocumentSummary>> {
        let mut found = DocumentSummary::default();
        for (number, entry) in self.entries()?.enumerate() {
            let entry = entry?;
            let place = format!("entry {}", number + 1);
            match order.note(&entry.key) {
                Noted::New => {}
                Noted::Disorder => return Ok(None),
                Noted::Again => {
                    let what = format!("key {} comes a second time", entry.key);
                    return Err(self.invalid(Invalid::new(place, what)));
                }
            }
            match self
                .item(entry)
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

    /// The entries to import, one by one, of a document that was checked.
    pub fn items(&self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<ImportEntry>> + '_> {
        Ok(self.entries()?.filter_map(|entry| {
            entry
                .and_then(|entry| {
                    self.item(entry)
                        .map_err(|what| self.invalid(Invalid::new("", what)))
                })
                .transpose()
        }))
    }

    fn entries(&self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Exported>> + '_> {
        let mut file = &self.file;
        file.rewind()
            .with_context(|| format!("reading {}", self.name))?;
        let reader = BufReader::with_capacity(64 * 1024, file);
        let entries = DocumentReader::new(reader);
        Ok(entries.map(|entry| entry.map_err(|invalid| self.invalid(invalid))))
    }

    /// The entry under its new key; `None` if nothing is left of that.
    fn item(&self, entry: Exported) -> Result<Option<ImportEntry>, String> {
        let Some(rest) = entry.key.strip_prefix(&*self.strip) else {
            let (key, strip) = (entry.key, &self.strip);
            return Err(format!(
                "key {key} does not begin with {strip}, see --strip"
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

/// Finds names that come twice.
enum Order {
    /// Each after the last one.
    Ascending(String),
    Any(HashSet<String>),
}

enum Noted {
    New,
    Again,
    Disorder,
}

impl Order {
    fn note(&mut self, name: &str) -> Noted {
        match self {
            Order::Ascending(last) => match name.cmp(last) {
                std::cmp::Ordering::Greater => {
                    name.clone_into(last);
                    Noted::New
                }
                std::cmp::Ordering::Equal => Noted::Again,
                std::cmp::Ordering::Less => Noted::Disorder,
            },
            Order::Any(names) if names.contains(name) => Noted::Again,
            Order::Any(names) => {
                names.insert(name.to_owned());
                Noted::New
            }
        }
    }
}

/// Copies what can be read only once into a file that has no name.
fn spool(from: &mut impl Read, name: &str) -> Result<File, Failure> {
    let failed = |error: io::Error| {
        let what = format!("keeping {name} in a temporary file: {error}");
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

    fn source(document: &str) -> Source {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(document.as_bytes()).unwrap();
        Source {
            file,
            name: "doc".to_owned(),
            strip: String::new(),
            prefix: String::new(),
        }
    }

    fn refused(source: &Source) -> String {
        format!("{:#}", source.check().unwrap_err())
    }

    #[test]
    fn a_document_is_read_as_often_as_it_is_asked_for() {
        let source = source(r#"[{"key":"a","value":"eHk="},{"key":"b"}]"#);
        let found = DocumentSummary {
            keys: 2,
            nameless: 0,
        };
        assert_eq!(source.check().unwrap(), found);
        assert_eq!(source.items().unwrap().count(), 2);
        assert_eq!(source.check().unwrap(), found);
    }

    #[test]
    fn a_key_that_comes_twice_is_refused_in_any_order() {
        let ordered = source(r#"[{"key":"a"},{"key":"a"}]"#);
        assert_eq!(refused(&ordered), "doc: entry 2: key a comes a second time");
        let wild = source(r#"[{"key":"b"},{"key":"a"},{"key":"c"},{"key":"b"}]"#);
        assert_eq!(refused(&wild), "doc: entry 4: key b comes a second time");
        let wild = source(r#"[{"key":"b"},{"key":"a"}]"#);
        assert_eq!(wild.check().unwrap().keys, 2);
    }

    #[test]
    fn keys_are_stripped_and_prefixed_and_what_does_not_fit_is_refused() {
        let mut source = source(r#"[{"key":"old/"},{"key":"old/a"}]"#);
        source.strip = "old/".to_owned();
        assert_eq!(source.check().unwrap().nameless, 1);
        source.prefix = "new/".to_owned();
        let keys = source
            .items()
            .unwrap()
            .map(|item| item.unwrap().key.to_string());
        assert_eq!(keys.collect::<Vec<_>>(), ["new/", "new/a"]);
        source.strip = "old/a".to_owned();
        let told = "doc: entry 1: key old/ does not begin with old/a, see --strip";
        assert_eq!(refused(&source), told);
    }
}
