//! Parsing of a state file: its records, a torn end, corruption. Pure.

use std::ops::Range;

use super::format::{
    Corruption, FileHead, FileKey, Keep, KeyUpdate, MAGIC, Record, SUM, StoredEntry, VERSION, sum,
};

/// The contents of a state file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents<'a> {
    /// The first record.
    pub head: FileHead,
    /// The key, from the head.
    pub key: FileKey,
    /// The entries of the base.
    pub entries: Vec<StoredEntry<'a>>,
    /// The size of head and entries in bytes.
    pub base: u64,
    /// The records of the journal: runs and batches.
    pub journal: Vec<Record<'a>>,
    /// The length of the valid part in bytes. What follows it was being written when kvw was
    /// killed.
    pub end: u64,
}

impl Contents<'_> {
    /// Whether the file holds values themselves.
    pub fn has_values(&self) -> bool {
        self.stored().any(|stored| stored.value.is_some())
    }

    /// Whether it lacks something of an entry that is to be kept from now on.
    pub fn lacks(&self, keep: Keep) -> bool {
        self.stored().any(|stored| {
            (keep.values && stored.value.is_none()) || (keep.sessions && stored.session.is_none())
        })
    }

    fn stored(&self) -> impl Iterator<Item = &StoredEntry<'_>> {
        let batches = self.journal.iter().flat_map(|record| match record {
            Record::Batch(updates) => updates.as_slice(),
            _ => &[],
        });
        let put = batches.filter_map(|step| match step {
            KeyUpdate::Put(stored) => Some(stored),
            KeyUpdate::Gone { .. } => None,
        });
        self.entries.iter().chain(put)
    }
}

/// The number of bytes that suffice for [`check_start`].
pub const START: u64 = 64;

/// Checks the first line of a state file, given the first [`START`] bytes of it.
///
/// # Errors
/// When kvw, or this version of it, did not write the file.
pub fn check_start(bytes: &[u8]) -> Result<(), Corruption> {
    LineReader::begin(bytes).map(drop)
}

/// Parses a state file.
///
/// # Errors
/// When a record other than the last was changed after it was written.
pub fn parse(bytes: &[u8]) -> Result<Contents<'_>, Corruption> {
    let mut lines = LineReader::begin(bytes)?;
    let (head, key) = lines.head().ok_or(Corruption::Line(2))?;
    let mut entries = Vec::with_capacity(head.entries.min(bytes.len() / SUM));
    while entries.len() < head.entries {
        let number = lines.number;
        match lines.record(&key) {
            Some(Record::Entry(entry)) => entries.push(entry),
            None if lines.is_torn() => return Err(Corruption::Short(entries.len(), head.entries)),
            _ => return Err(Corruption::Line(number)),
        }
    }
    let base = lines.at as u64;
    let mut journal = Vec::new();
    while lines.at < bytes.len() {
        let number = lines.number;
        match lines.record(&key) {
            Some(record @ (Record::Run(_) | Record::Batch(_))) => journal.push(record),
            None if lines.is_torn() => break,
            _ => return Err(Corruption::Line(number)),
        }
    }
    Ok(Contents {
        head,
        key,
        entries,
        base,
        journal,
        end: lines.at as u64,
    })
}

/// A file, line by line.
struct LineReader<'a> {
    bytes: &'a [u8],
    /// The offset of the next line.
    at: usize,
    /// The number of the next line, from 1.
    number: usize,
}

impl<'a> LineReader<'a> {
    fn begin(bytes: &'a [u8]) -> Result<Self, Corruption> {
        let mut lines = LineReader {
            bytes,
            at: 0,
            number: 1,
        };
        let first = lines.next().ok_or(Corruption::Foreign)?;
        let version = std::str::from_utf8(&bytes[first.clone()])
            .ok()
            .and_then(|line| line.strip_prefix(MAGIC)?.parse().ok());
        match version {
            Some(VERSION) => lines.pass(&first),
            Some(other) => return Err(Corruption::Version(other)),
            None => return Err(Corruption::Foreign),
        }
        Ok(lines)
    }

    /// Returns the next line without its newline, if it has one.
    fn next(&self) -> Option<Range<usize>> {
        let length = self.bytes[self.at..]
            .iter()
            .position(|byte| *byte == b'\n')?;
        Some(self.at..self.at + length)
    }

    fn pass(&mut self, line: &Range<usize>) {
        self.at = line.end + 1;
        self.number += 1;
    }

    /// Reads the head, which brings the key that proves it.
    fn head(&mut self) -> Option<(FileHead, FileKey)> {
        let line = self.next()?;
        let (written, json) = self.parts(&line)?;
        let Ok(Record::Head(head)) = serde_json::from_slice(json) else {
            return None;
        };
        let key = head.key;
        let sound = written == sum(&key, self.at as u64, json)
            && head.indexes.len() == head.identity.targets.len();
        sound.then(|| {
            self.pass(&line);
            (head, key)
        })
    }

    /// Reads the next record, if it is what was written.
    fn record(&mut self, key: &FileKey) -> Option<Record<'a>> {
        let line = self.next()?;
        let (written, json) = self.parts(&line)?;
        if written != sum(key, self.at as u64, json) {
            return None;
        }
        let record = serde_json::from_slice(json).ok()?;
        self.pass(&line);
        Some(record)
    }

    fn parts(&self, line: &Range<usize>) -> Option<(&'a [u8], &'a [u8])> {
        let (written, json) = self.bytes[line.clone()].split_at_checked(SUM)?;
        Some((written, json.strip_prefix(b" ")?))
    }

    /// Whether the rest is one record that was not written to its end, which is a newline. (After a
    /// power cut some file systems give zeros for what was not written yet: no newline either.)
    fn is_torn(&self) -> bool {
        self.next().is_none()
    }
}

#[cfg(test)]
mod tests;
