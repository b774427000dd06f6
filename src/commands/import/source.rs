//! The source of an import: a document that can be read twice.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};

use anyhow::Context as _;

use crate::args::input::read_error;
use crate::exit::{Exit, Failure};
use crate::model::{DocumentReader, Exported, Invalid, Key, Obstacle, abbreviate, obstacle};

/// A document and the changes to its keys.
pub struct ImportDocument {
    content: Content,
    /// The name in errors.
    name: String,
    /// The changes to its keys.
    pub names: KeyMapping,
    /// The namespace and the partition that its entries may name; `None` allows any.
    pub tenancy: Option<Tenancy>,
}

/// Where the document is while it is read twice.
enum Content {
    Memory(Vec<u8>),
    File(File),
}

/// How the keys of a document become those that are written.
#[derive(Debug, Clone, Default)]
pub struct KeyMapping {
    /// The prefix that each key must have, and that is removed.
    pub strip: String,
    /// The prefix that is prepended to each key.
    pub prefix: String,
    /// Whether keys may be made that other clients cannot address.
    pub exact: bool,
}

/// Where an import writes; `None` is the default one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenancy {
    /// The namespace.
    pub namespace: Option<String>,
    /// The partition.
    pub partition: Option<String>,
}

/// The content of a document in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentSummary {
    /// Entries to import.
    pub keys: u64,
    /// Entries whose key is empty without the stripped prefix: that of the folder itself.
    pub nameless: u64,
    /// The first key that is written.
    pub first: Option<Key>,
    /// Members of entries that mean nothing.
    pub unknown_members: BTreeSet<String>,
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

/// A document from a pipe is kept in memory up to this size, beyond it in a temporary file.
const MAX_IN_MEMORY: usize = 8 * 1024 * 1024;

impl ImportDocument {
    /// Opens a file. Stdin and pipes are read to their end, because the whole document is checked
    /// before the first write.
    pub fn open(path: &str) -> Result<Self, Failure> {
        let content = match path {
            "-" => read_pipe(&mut io::stdin().lock(), "stdin")?,
            path => {
                let mut file = File::open(path).map_err(|error| {
                    let failure = read_error(path, &error);
                    match path.strip_prefix('@') {
                        Some(path) => failure.hint(format!("omit the @: {}", abbreviate(path))),
                        None => failure,
                    }
                })?;
                let regular = file.metadata().is_ok_and(|meta| meta.is_file());
                if regular {
                    Content::File(file)
                } else {
                    read_pipe(&mut file, &abbreviate(path))?
                }
            }
        };
        let name = if path == "-" { "stdin" } else { path };
        Ok(ImportDocument {
            content,
            name: abbreviate(name).into_owned(),
            names: KeyMapping::default(),
            tenancy: None,
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
        }))
    }

    fn reader(&self) -> anyhow::Result<DocumentReader<BufReader<Box<dyn Read + '_>>>> {
        let bytes: Box<dyn Read + '_> = match &self.content {
            Content::Memory(bytes) => Box::new(Cursor::new(bytes)),
            Content::File(file) => {
                let mut file = file;
                file.rewind()
                    .with_context(|| format!("reading {}", self.name))?;
                Box::new(file)
            }
        };
        let reader = BufReader::with_capacity(64 * 1024, bytes);
        Ok(DocumentReader::new(reader))
    }

    fn invalid(&self, invalid: Invalid) -> anyhow::Error {
        anyhow::Error::from(invalid).context(self.name.clone())
    }
}

impl KeyMapping {
    /// Converts an entry to one with its new key; `None` if that is empty.
    fn import_entry(&self, entry: Exported) -> Result<Option<ImportEntry>, String> {
        let Some(rest) = entry.key.strip_prefix(&*self.strip) else {
            let (key, strip) = (abbreviate(&entry.key), &self.strip);
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

    /// Checks that the new key is no worse than the old one: what other clients can address must
    /// stay so.
    fn check(&self, key: &str) -> Result<(), Failure> {
        if self.exact || (self.strip.is_empty() && self.prefix.is_empty()) {
            return Ok(());
        }
        let Some(rest) = key.strip_prefix(&*self.strip) else {
            return Ok(());
        };
        let new = format!("{}{rest}", self.prefix);
        let Some(found) = obstacle(&new).filter(|_| obstacle(key).is_none()) else {
            return Ok(());
        };
        let (key, shown) = (abbreviate(key), abbreviate(&new));
        let consequence = match found {
            Obstacle::Unprintable => "other clients of Consul cannot address it",
            _ => "other clients of Consul would take it for another key",
        };
        let failure = Failure::usage(format!(
            "key {key} becomes '{shown}', which {found}: {consequence}"
        ));
        Err(failure.hint(self.suggestion(key.len() > rest.len() && rest.starts_with('/'))))
    }

    fn suggestion(&self, strip_lacks_slash: bool) -> String {
        let allow = "--exact-key allows this key";
        if strip_lacks_slash {
            format!("did you mean --strip {}/? {allow}", self.strip)
        } else {
            allow.to_owned()
        }
    }

    /// The flags that end in the middle of a folder's name, if `--prefix` or `--strip` does not end
    /// in `/`.
    pub fn flags_without_slash(&self) -> Vec<String> {
        let flags = [("--strip", &self.strip), ("--prefix", &self.prefix)];
        let flags = flags.into_iter();
        let open = flags.filter(|(_, name)| !name.is_empty() && !name.ends_with('/'));
        open.map(|(flag, name)| format!("{flag} {}", abbreviate(name)))
            .collect()
    }
}

/// The name of the namespace or partition that is used where none is given.
const DEFAULT: &str = "default";

impl Tenancy {
    /// Checks that an entry does not come from another namespace or partition.
    fn check(&self, entry: &Exported) -> Result<(), Failure> {
        let namespace = ("namespace", &entry.namespace, &self.namespace);
        let partition = ("partition", &entry.partition, &self.partition);
        for (kind, from, to) in [namespace, partition] {
            let Some(from) = from.as_deref().filter(|from| !from.is_empty()) else {
                continue;
            };
            let to = to.as_deref().unwrap_or(DEFAULT);
            // Consul's names are compared without case.
            if !from.eq_ignore_ascii_case(to) {
                let (key, from) = (abbreviate(&entry.key), abbreviate(from));
                let failure = Failure::usage(format!(
                    "key {key} belongs to {kind} {from}, and the import writes to {to}"
                ));
                return Err(failure.hint(format!(
                    "--{kind} {from} writes it there, --ignore-namespace to {to}"
                )));
            }
        }
        Ok(())
    }
}

/// The keys read so far, to find duplicates.
enum SeenKeys {
    /// The last key: each is greater than the one before.
    Sorted(String),
    /// The number of the entry of each key.
    Unsorted(HashMap<String, u64>),
}

enum Occurrence {
    First,
    /// The key was that of the entry with this number.
    Duplicate(u64),
    OutOfOrder,
}

impl SeenKeys {
    fn insert(&mut self, name: &str, number: u64) -> Occurrence {
        match self {
            SeenKeys::Sorted(last) => match name.cmp(last) {
                std::cmp::Ordering::Greater => {
                    name.clone_into(last);
                    Occurrence::First
                }
                std::cmp::Ordering::Equal => Occurrence::Duplicate(number - 1),
                std::cmp::Ordering::Less => Occurrence::OutOfOrder,
            },
            SeenKeys::Unsorted(names) => match names.get(name) {
                Some(first) => Occurrence::Duplicate(*first),
                None => {
                    names.insert(name.to_owned(), number);
                    Occurrence::First
                }
            },
        }
    }
}

/// Reads a source that can be read only once: into memory, or to a temporary file without a name
/// where it is large.
fn read_pipe(from: &mut impl Read, name: &str) -> Result<Content, Failure> {
    read_pipe_within(from, name, MAX_IN_MEMORY)
}

fn read_pipe_within(from: &mut impl Read, name: &str, limit: usize) -> Result<Content, Failure> {
    let unread = |error: io::Error| Failure::usage(format!("reading {name}: {error}"));
    let mut bytes = Vec::new();
    let mut start = from.take(limit as u64 + 1);
    start.read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() <= limit {
        return Ok(Content::Memory(bytes));
    }
    let failed = |error: io::Error| {
        let folder = std::env::temp_dir();
        let text = error.to_string();
        let reason = text.split(" at path ").next().unwrap_or(&text);
        let what = format!(
            "copying {name} to a temporary file in {}: {reason}",
            folder.display()
        );
        Failure::new(Exit::Unavailable, what).hint("TMPDIR=…, or give a file")
    };
    let mut file = tempfile::tempfile().map_err(failed)?;
    let mut rest = bytes;
    loop {
        io::Write::write_all(&mut file, &rest).map_err(failed)?;
        rest.resize(64 * 1024, 0);
        let read = loop {
            match from.read(&mut rest) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(unread)?,
            }
        };
        if read == 0 {
            return Ok(Content::File(file));
        }
        rest.truncate(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(document: &str) -> ImportDocument {
        ImportDocument {
            content: Content::Memory(document.as_bytes().to_vec()),
            name: "doc".to_owned(),
            names: KeyMapping::default(),
            tenancy: Some(Tenancy::default()),
        }
    }

    fn check_error(source: &ImportDocument) -> String {
        format!("{:#}", source.check().unwrap_err())
    }

    fn mapped(strip: &str, prefix: &str) -> KeyMapping {
        KeyMapping {
            strip: strip.to_owned(),
            prefix: prefix.to_owned(),
            exact: false,
        }
    }

    #[test]
    fn a_document_can_be_read_several_times() {
        let source = source(r#"[{"key":"a","value":"eHk="},{"key":"b"}]"#);
        let found = DocumentSummary {
            keys: 2,
            first: Key::new("a").ok(),
            ..DocumentSummary::default()
        };
        assert_eq!(source.check().unwrap(), found);
        assert_eq!(source.entries().unwrap().count(), 2);
        assert_eq!(source.check().unwrap(), found);
    }

    #[test]
    fn a_key_that_occurs_twice_is_refused_in_any_order() {
        let sorted = source(r#"[{"key":"a"},{"key":"a"}]"#);
        assert_eq!(
            check_error(&sorted),
            "doc: entry 2: key a occurs twice: entries 1 and 2"
        );
        let unsorted = source(r#"[{"key":"b"},{"key":"a"},{"key":"c"},{"key":"b"}]"#);
        assert_eq!(
            check_error(&unsorted),
            "doc: entry 4: key b occurs twice: entries 1 and 4"
        );
        let unsorted = source(r#"[{"key":"b"},{"key":"a"}]"#);
        assert_eq!(unsorted.check().unwrap().keys, 2);
    }

    #[test]
    fn keys_are_stripped_and_prefixed_and_what_does_not_fit_is_refused() {
        let mut source = source(r#"[{"key":"old/"},{"key":"old/a"}]"#);
        source.names.strip = "old/".to_owned();
        assert_eq!(source.check().unwrap().nameless, 1);
        source.names.prefix = "new/".to_owned();
        let keys = source
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().key.to_string());
        assert_eq!(keys.collect::<Vec<_>>(), ["new/", "new/a"]);
        source.names.strip = "old/a".to_owned();
        let message = "doc: entry 1: key old/ does not start with old/a, see --strip";
        assert_eq!(check_error(&source), message);
    }

    #[test]
    fn a_large_pipe_goes_to_a_file_and_a_small_one_stays_in_memory() {
        let bytes = vec![b'x'; 200_000];
        for (limit, in_memory) in [(200_000, true), (199_999, false), (0, false)] {
            let content = read_pipe_within(&mut &bytes[..], "stdin", limit).unwrap();
            let mut read = Vec::new();
            match content {
                Content::Memory(memory) => {
                    assert!(in_memory);
                    read = memory;
                }
                Content::File(mut file) => {
                    assert!(!in_memory);
                    file.rewind().unwrap();
                    file.read_to_end(&mut read).unwrap();
                }
            }
            assert!(read == bytes, "{limit}");
        }
    }

    #[test]
    fn new_keys_must_be_ones_that_other_clients_can_address() {
        for (strip, prefix, key) in [
            ("config", "x/", "config/db"),
            ("", "/x/", "a"),
            ("", "x//", "a"),
            ("", "x/../", "a"),
            ("a", "", "a/b"),
            ("a", ".", "a/b"),
            ("", "x/", "./a"),
        ] {
            let refused = mapped(strip, prefix).check(key).is_err();
            // A key that stands so in the document stays as it is.
            assert_eq!(refused, obstacle(key).is_none(), "{strip} {prefix} {key}");
            let exact = KeyMapping {
                exact: true,
                ..mapped(strip, prefix)
            };
            assert!(exact.check(key).is_ok());
        }
        for (strip, prefix, key) in [
            ("config/", "x/", "config/db"),
            ("config", "x", "config/db"),
            ("", "x", "config/db"),
            ("", "", "a//b"),
            ("a", "", "b"),
        ] {
            assert!(
                mapped(strip, prefix).check(key).is_ok(),
                "{strip} {prefix} {key}"
            );
        }
    }

    #[test]
    fn entries_of_another_namespace_or_partition_are_refused() {
        let document = |member: &str| source(&format!(r#"[{{"key":"a",{member}}}]"#));
        for same in [
            r#""namespace":"default","partition":"Default""#,
            r#""namespace":"","partition":null"#,
        ] {
            assert_eq!(document(same).check().unwrap().keys, 1, "{same}");
        }
        let mut other = document(r#""namespace":"team""#);
        let message =
            "doc: entry 1: key a belongs to namespace team, and the import writes to default";
        assert_eq!(check_error(&other), message);
        other.tenancy = Some(Tenancy {
            namespace: Some("team".to_owned()),
            partition: None,
        });
        assert_eq!(other.check().unwrap().keys, 1);
        let mut other = document(r#""partition":"p""#);
        assert!(check_error(&other).contains("belongs to partition p,"));
        other.tenancy = None;
        assert_eq!(other.check().unwrap().keys, 1);
    }

    #[test]
    fn members_that_mean_nothing_are_named() {
        let document =
            r#"[{"key":"a","Comment":1,"ModifyIndex":7,"session":null},{"key":"b","x":[]}]"#;
        let found = source(document).check().unwrap();
        let names: Vec<_> = found.unknown_members.iter().collect();
        assert_eq!(names, ["comment", "x"]);
    }
}
