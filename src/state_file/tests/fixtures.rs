//! Entries, snapshots and batches for the tests of this room.

use std::time::SystemTime;

use proptest::prelude::*;

use crate::model::{Batch, Continuity, Entry, Fields, Index, Reason, Snapshot, TargetId, between};
use crate::state_file::format::FileKey;
use crate::state_file::{Identity, Keep};

pub const SECRET: FileKey = FileKey::new([7; 32]);
pub const VALUES: Keep = Keep {
    values: true,
    sessions: true,
};
pub const HASHES: Keep = Keep {
    values: false,
    sessions: true,
};

pub fn identity() -> Identity {
    Identity {
        targets: vec!["prefix a/".to_owned(), "key b".to_owned()],
        namespace: None,
        partition: None,
        datacenter: None,
        address: "127.0.0.1:8500".to_owned(),
    }
}

pub fn entry(key: &str, value: &str, index: u64) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(value.as_bytes()),
        created: index,
        modified: index,
        ..Fields::default()
    })
}

pub fn snapshot(index: u64, entries: &[(&str, &str)]) -> Snapshot {
    let entries = entries.iter().map(|(key, value)| entry(key, value, index));
    Snapshot::new(Index(index), entries.collect())
}

/// Returns the batch that leads from one snapshot of the first target to another.
pub fn batch(before: &Snapshot, after: &Snapshot) -> Batch {
    batch_of(TargetId(0), before, after)
}

pub fn batch_of(target: TargetId, before: &Snapshot, after: &Snapshot) -> Batch {
    Batch {
        reason: Reason::Change,
        changes: between(
            target,
            before,
            after,
            Continuity::Kept,
            true,
            SystemTime::UNIX_EPOCH,
        ),
    }
}

/// Snapshots of a target: few keys, so that they come, change, go and come back.
pub fn snapshots() -> impl Strategy<Value = Vec<Snapshot>> {
    let fields = (
        prop_oneof!["[a-d]", "a/[a-c]", Just("k\u{fffd}\n\"".to_owned())],
        proptest::collection::vec(any::<u8>(), 0..3),
        0..2_u64,
        proptest::option::of("s[12]"),
    );
    let look = proptest::collection::vec(fields, 0..6);
    proptest::collection::vec(look, 1..6).prop_map(|snapshots| {
        let snapshots = snapshots.into_iter().zip(1..);
        snapshots
            .map(|(entries, index)| {
                let entries = entries.iter().map(|(key, value, flags, session)| {
                    Entry::pack(&Fields {
                        key,
                        value: Some(value),
                        flags: *flags,
                        created: index,
                        modified: index,
                        locked: *flags,
                        session: session.as_deref(),
                    })
                });
                Snapshot::new(Index(index), entries.collect())
            })
            .collect()
    })
}

/// The content of entries: indexes may differ.
pub fn content(snapshot: &Snapshot) -> Vec<Content<'_>> {
    let entries = snapshot.entries().iter().map(Entry::fields);
    entries
        .map(|entry| (entry.key, entry.value, entry.flags, entry.session))
        .collect()
}

/// Key, value, flags, session.
pub type Content<'a> = (&'a str, Option<&'a [u8]>, u64, Option<&'a str>);
