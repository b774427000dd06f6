//! What was handled, kept in a file over restarts: a base, and a journal of what came since. Must
//! not know handlers, observers or Consul; batches come in when they are shown and when they were
//! handled.
//!
//! `file` acknowledges and saves; `handled` is the state in memory (`history`: of one target);
//! `journal` is the file on disk and its lock; `format` its text, `parse` reads it, `messages` says
//! why one is refused.
//!
//! A file belongs to its targets, namespace, partition and datacenter. Not to `--include`,
//! `--exclude` and `--route`: these filter both sides of a comparison, so a key that a filter
//! begins to admit is reported as what it has become since it was last handled, and nothing has to
//! start over.

mod file;
mod format;
mod handled;
mod history;
mod journal;
mod messages;
mod parse;

#[cfg(test)]
mod tests;

pub use file::{OpenedStateFile, SaveChange, StateFile};
pub use format::{Identity, Keep};

/// Parses a state file, for fuzzing. Returns whether it is one.
#[cfg(any(test, fuzzing))]
pub fn is_state_file(bytes: &[u8]) -> bool {
    parse::parse(bytes).is_ok()
}

/// Returns a state file whose records are these lines of JSON, with sums that are right, for fuzzing:
/// no mutation of a file would come past its sums.
#[cfg(any(test, fuzzing))]
pub fn with_sums(lines: &[u8]) -> Vec<u8> {
    const KEY: format::FileKey = format::FileKey::new([7; 32]);
    let records = lines.split(|byte| *byte == b'\n');
    let entries = records
        .clone()
        .filter(|line| line.starts_with(b"{\"entry\""));
    let head = format::FileHead {
        identity: Identity {
            targets: vec!["prefix a/".to_owned()],
            namespace: None,
            partition: None,
            datacenter: None,
            address: "127.0.0.1:8500".to_owned(),
        },
        key: KEY,
        indexes: vec![7],
        entries: entries.count(),
    };
    let mut file = format::RecordWriter::base(KEY);
    file.add(&format::Record::Head(head));
    let mut bytes = file.into_bytes();
    for line in records {
        let sum = format::sum(&KEY, bytes.len() as u64, line);
        bytes.extend_from_slice(&sum);
        bytes.push(b' ');
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
    bytes
}
