//! The file that undoes what was written: JSON lines, private, on the disk before the write that they
//! describe.
//!
//! ```text
//! {"kvw":"undo","version":1,"created":"…","address":"127.0.0.1:8500","datacenter":null,…}
//! {"txn":[{"key":"a","before":{"value":"1","encoding":"utf8","flags":0},"after":null,"locked":false}]}
//! {"answer":{"keys":1,"outcome":"applied","index":4712}}
//! {"retracted":["b"]}
//! ```
//!
//! A kill between sending a transaction and its answer loses nothing: whoever undoes compares content, and
//! answers are there for people. Changes that are known not to have been made are retracted before the
//! same keys are planned again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file::{decode_value, encode_value};
use super::{PlanOrigin, UndoChange};
use crate::atomic_file::{Destination, Links};
use crate::model::{EntryContent, Index, Invalid, Key};

/// What the first member says.
const KIND: &str = "undo";

/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;

/// The mode of the file: it holds values, which may be secret.
const PRIVATE: u32 = 0o600;

#[derive(Debug, Serialize, Deserialize)]
struct UndoHead {
    kvw: String,
    version: u32,
    created: String,
    #[serde(flatten)]
    origin: PlanOrigin,
}

/// A line after the first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum UndoLine {
    /// Changes that are about to be made, all or none.
    Txn(Vec<UndoEntry>),
    /// What the server answered.
    Answer(UndoAnswer),
    /// Keys of earlier lines whose changes were not made, and will not be.
    Retracted(Vec<String>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UndoEntry {
    key: String,
    before: Option<UndoContent>,
    after: Option<UndoContent>,
    locked: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UndoContent {
    value: String,
    encoding: String,
    flags: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct UndoAnswer {
    keys: usize,
    outcome: String,
    index: Option<u64>,
}

/// An open journal. One of which nothing was written in the end is removed when this is dropped.
#[derive(Debug)]
pub struct UndoJournal {
    path: PathBuf,
    file: File,
    /// Where it was created, and whether an empty file was there before.
    destination: Destination,
    /// Whether something was written to the store, or may have been.
    is_needed: bool,
}

impl Drop for UndoJournal {
    fn drop(&mut self) {
        if self.is_needed {
            return;
        }
        // Where neither is possible, it undoes nothing.
        let _ = match self.destination.exists() {
            true => self.file.set_len(0),
            false => self.destination.remove(&self.file),
        };
    }
}

impl UndoJournal {
    /// Creates the file with the changes that are about to be made, a group for each transaction, and waits
    /// until it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written, or something is in it already: to overwrite a journal is to lose what it
    /// undoes.
    pub fn create<'a>(
        path: &Path,
        origin: PlanOrigin,
        created: String,
        groups: impl Iterator<Item = &'a [UndoChange]>,
    ) -> io::Result<Self> {
        let create = || {
            let destination = Destination::find(path, Links::Follow)?;
            if let Some(file) = destination.open()? {
                if file.metadata()?.len() > 0 {
                    return Err(io::Error::new(
                        io::ErrorKind::AlreadyExists,
                        "the file exists, and what it undoes would be lost",
                    ));
                }
            }
            let temporary = destination.temporary(PRIVATE)?;
            let head = UndoHead {
                kvw: KIND.to_owned(),
                version: VERSION,
                created,
                origin,
            };
            let mut out = io::BufWriter::new(temporary.as_file());
            write_line(&mut out, &head)?;
            for group in groups {
                write_line(&mut out, &txn_line(group))?;
            }
            out.flush()?;
            drop(out);
            Ok((destination.replace(temporary)?, destination))
        };
        let path = path.to_owned();
        match create() {
            Ok((file, destination)) => Ok(UndoJournal {
                path,
                file,
                destination,
                is_needed: false,
            }),
            Err(error) => Err(describe(&path, &error)),
        }
    }

    /// Keeps the file although no answer says that something was written: something may have been.
    pub fn keep(&mut self) {
        self.is_needed = true;
    }

    /// Adds changes that are about to be made, and waits until they are on the disk.
    ///
    /// # Errors
    /// When they cannot be written: then the changes must not be made.
    pub fn add(&mut self, changes: &[UndoChange]) -> io::Result<()> {
        self.append(&txn_line(changes))
    }

    /// Adds the answer to a transaction of so many keys.
    ///
    /// # Errors
    /// When it cannot be written. The journal undoes the changes nevertheless.
    pub fn add_answer(
        &mut self,
        keys: usize,
        applied: bool,
        index: Option<Index>,
    ) -> io::Result<()> {
        self.is_needed |= applied;
        let outcome = if applied { "applied" } else { "not applied" };
        self.append(&UndoLine::Answer(UndoAnswer {
            keys,
            outcome: outcome.to_owned(),
            index: index.map(|index| index.0),
        }))
    }

    /// Takes back the changes of keys that were certainly not made.
    ///
    /// # Errors
    /// When it cannot be written: then the same keys must not be planned again.
    pub fn retract(&mut self, keys: impl Iterator<Item = Key>) -> io::Result<()> {
        self.append(&UndoLine::Retracted(
            keys.map(|key| key.to_string()).collect(),
        ))
    }

    fn append(&mut self, line: &UndoLine) -> io::Result<()> {
        let mut bytes = Vec::new();
        let written = write_line(&mut bytes, line)
            .and_then(|()| self.file.write_all(&bytes))
            .and_then(|()| self.file.sync_data());
        written.map_err(|error| describe(&self.path, &error))
    }
}

fn describe(path: &Path, error: &io::Error) -> io::Error {
    let what = format!("writing the undo file {}: {error}", path.display());
    io::Error::new(error.kind(), what)
}

fn write_line(mut out: impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut out, line)?;
    out.write_all(b"\n")
}

fn txn_line(changes: &[UndoChange]) -> UndoLine {
    let content = |content: &EntryContent| {
        let (value, encoding) = encode_value(&content.value);
        UndoContent {
            value,
            encoding: encoding.to_owned(),
            flags: content.flags,
        }
    };
    let entries = changes.iter().map(|change| UndoEntry {
        key: change.key.to_string(),
        before: change.before.as_ref().map(content),
        after: change.after.as_ref().map(content),
        locked: change.was_locked,
    });
    UndoLine::Txn(entries.collect())
}

/// What a journal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoDocument {
    /// The store that it belongs to.
    pub origin: PlanOrigin,
    /// When it was begun.
    pub created: String,
    /// The changes by key, each from what the key was at first to what was written last.
    pub changes: Vec<UndoChange>,
}

impl UndoDocument {
    /// Parses a journal. A last line that was torn was not on the disk when its write was to be sent, so
    /// nothing was.
    ///
    /// # Errors
    /// When it is no journal, of another version, or damaged elsewhere.
    pub fn parse(bytes: &[u8]) -> Result<Self, Invalid> {
        let no_journal = || Invalid::new("", "not a file of --undo");
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let first = lines.next().ok_or_else(no_journal)?;
        let head: UndoHead = serde_json::from_slice(first).map_err(|_| no_journal())?;
        if head.kvw != KIND {
            return Err(no_journal());
        }
        if head.version != VERSION {
            let what = format!(
                "an undo file of version {}, and only {VERSION} is known",
                head.version
            );
            return Err(Invalid::new("", what));
        }
        let mut changes: Vec<Option<UndoChange>> = Vec::new();
        let mut places: HashMap<Key, usize> = HashMap::new();
        for (number, line) in (2..).zip(lines) {
            let Some(line) = line.strip_suffix(b"\n") else {
                break;
            };
            let invalid = |what: String| Invalid::new(format!("line {number}"), what);
            let line = serde_json::from_slice(line)
                .map_err(|error| invalid(format!("malformed: {error}")))?;
            match line {
                UndoLine::Answer(_) => {}
                UndoLine::Retracted(keys) => {
                    for key in keys {
                        if let Some(place) = places.remove(&*key) {
                            changes[place] = None;
                        }
                    }
                }
                UndoLine::Txn(entries) => {
                    for entry in entries {
                        let change = entry.parse().map_err(invalid)?;
                        match places.get(&change.key) {
                            None => {
                                places.insert(change.key.clone(), changes.len());
                                changes.push(Some(change));
                            }
                            Some(place) => {
                                if let Some(first) = &mut changes[*place] {
                                    first.after = change.after;
                                }
                            }
                        }
                    }
                }
            }
        }
        let mut changes: Vec<_> = changes.into_iter().flatten().collect();
        changes.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(UndoDocument {
            origin: head.origin,
            created: head.created,
            changes,
        })
    }
}

impl UndoEntry {
    fn parse(self) -> Result<UndoChange, String> {
        let content = |content: Option<UndoContent>| {
            content
                .map(|content| {
                    Ok::<_, String>(EntryContent {
                        value: decode_value(&content.value, Some(&content.encoding))?,
                        flags: content.flags,
                    })
                })
                .transpose()
        };
        Ok(UndoChange {
            key: Key::new(self.key).map_err(|invalid| invalid.what)?,
            before: content(self.before)?,
            after: content(self.after)?,
            was_locked: self.locked,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, before: Option<&[u8]>, after: Option<&[u8]>) -> UndoChange {
        let content = |value: &[u8]| EntryContent {
            value: value.to_vec(),
            flags: 7,
        };
        UndoChange {
            key: Key::new(key).unwrap(),
            before: before.map(content),
            after: after.map(content),
            was_locked: false,
        }
    }

    fn create(path: &Path, changes: &[UndoChange]) -> io::Result<UndoJournal> {
        let groups = [changes].into_iter();
        UndoJournal::create(path, PlanOrigin::default(), "now".to_owned(), groups)
    }

    fn read(path: &Path) -> Vec<UndoChange> {
        UndoDocument::parse(&std::fs::read(path).unwrap())
            .unwrap()
            .changes
    }

    #[test]
    fn changes_are_read_back_from_the_first_before_to_the_last_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("undo");
        let first = [
            change("b", None, Some(b"\xff\n")),
            change("a", Some(b"1"), Some(b"2")),
        ];
        let mut journal = create(&path, &first).unwrap();
        journal.add_answer(2, true, Some(Index(9))).unwrap();
        journal.add(&[change("a", Some(b"2"), None)]).unwrap();
        assert_eq!(
            read(&path),
            [
                change("a", Some(b"1"), None),
                change("b", None, Some(b"\xff\n"))
            ]
        );
        // What was not made is planned again from another value.
        journal
            .retract([Key::new("b").unwrap()].into_iter())
            .unwrap();
        assert_eq!(read(&path), [change("a", Some(b"1"), None)]);
        journal.add(&[change("b", Some(b"3"), None)]).unwrap();
        assert_eq!(
            read(&path),
            [change("a", Some(b"1"), None), change("b", Some(b"3"), None)]
        );
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_torn_last_line_was_not_sent_and_other_damage_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("undo");
        let mut journal = create(&path, &[change("a", None, Some(b"1"))]).unwrap();
        journal.add(&[change("b", None, Some(b"1"))]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let whole = lines[0].len() + lines[1].len();
        for end in whole..bytes.len() {
            let document = UndoDocument::parse(&bytes[..end]).unwrap();
            assert_eq!(document.changes, [change("a", None, Some(b"1"))]);
        }
        let mut damaged = bytes.clone();
        damaged[lines[0].len()] = b'x';
        assert!(UndoDocument::parse(&damaged).is_err());
        for other in [
            &b""[..],
            b"{}\n",
            b"{\"kvw\":\"plan\",\"version\":1}\n",
            b"[]",
        ] {
            assert!(UndoDocument::parse(other).is_err());
        }
    }

    #[test]
    fn a_journal_never_replaces_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("undo");
        drop(File::create(&path).unwrap());
        let changes = [change("a", None, Some(b"1"))];
        create(&path, &changes).unwrap().keep();
        let error = create(&path, &changes).unwrap_err().to_string();
        assert!(error.contains("would be lost"), "{error}");
    }

    #[test]
    fn a_journal_of_nothing_is_not_left() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("undo"), folder.path().join("link"));
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let changes = [change("a", None, Some(b"1"))];
        let mut journal = create(&link, &changes).unwrap();
        journal.add_answer(1, false, None).unwrap();
        drop(journal);
        assert!(!path.exists() && link.is_symlink());
        // Another file that came to its place is not its own.
        let journal = create(&path, &changes).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "mine").unwrap();
        drop(journal);
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
        std::fs::remove_file(&path).unwrap();
        let mut journal = create(&path, &changes).unwrap();
        journal.add_answer(1, true, None).unwrap();
        drop(journal);
        assert!(path.exists());
    }
}
