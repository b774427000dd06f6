use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::model::Fields;

fn entry(key: &str, value: &str, created: u64, modified: u64) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(value.as_bytes()),
        created,
        modified,
        ..Fields::default()
    })
}

fn locked(key: &str, session: Option<&str>) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(b"v"),
        session,
        ..Fields::default()
    })
}

fn diff(before: Vec<Entry>, after: Vec<Entry>, locks: bool) -> Vec<Change> {
    between(
        TargetId(0),
        &Snapshot::new(Index(5), before),
        &Snapshot::new(Index(9), after),
        Continuity::Kept,
        locks,
        SystemTime::UNIX_EPOCH,
    )
}

fn summary(changes: &[Change]) -> Vec<(ChangeKind, &str, u64)> {
    changes
        .iter()
        .map(|change| (change.kind(), change.key(), change.index.0))
        .collect()
}

#[test]
fn creates_updates_and_deletes_are_listed_by_key() {
    let changes = diff(
        vec![
            entry("a", "1", 1, 1),
            entry("b", "1", 1, 1),
            entry("d", "1", 1, 1),
        ],
        vec![
            entry("b", "2", 1, 7),
            entry("c", "1", 8, 8),
            entry("d", "1", 1, 1),
        ],
        false,
    );
    assert_eq!(
        summary(&changes),
        [
            (ChangeKind::Delete, "a", 9),
            (ChangeKind::Update, "b", 7),
            (ChangeKind::Create, "c", 8)
        ]
    );
}

#[test]
fn an_index_that_moved_without_content_is_no_change() {
    assert!(
        diff(
            vec![entry("a", "1", 1, 1)],
            vec![entry("a", "1", 4, 8)],
            true
        )
        .is_empty()
    );
}

#[test]
fn a_lock_is_a_change_only_if_locks_are_watched() {
    let (free, held) = (locked("a", None), locked("a", Some("s")));
    assert!(diff(vec![free.clone()], vec![held.clone()], false).is_empty());
    assert_eq!(
        diff(vec![free.clone()], vec![held.clone()], true)[0].kind(),
        ChangeKind::Lock
    );
    assert_eq!(
        diff(vec![held], vec![free], true)[0].kind(),
        ChangeKind::Unlock
    );
}

#[test]
fn a_new_create_index_means_recreated_in_one_history_only() {
    let mut change = diff(
        vec![entry("a", "1", 1, 1)],
        vec![entry("a", "2", 6, 6)],
        false,
    )
    .remove(0);
    assert!(change.recreated());
    change.continuity = Continuity::Broken;
    assert!(!change.recreated());
}

#[test]
fn merged_batches_go_from_the_first_before_to_the_last_after() {
    let states = [
        vec![entry("a", "1", 1, 1), entry("b", "1", 1, 1)],
        vec![entry("a", "2", 1, 2), entry("c", "1", 2, 2)],
        vec![entry("a", "3", 1, 3), entry("b", "1", 3, 3)],
    ];
    let batch = |from: usize, to: usize| Batch {
        reason: Reason::Change,
        changes: diff(states[from].clone(), states[to].clone(), false),
    };
    let merged = batch(0, 1).then(batch(1, 2), false);
    assert_eq!(summary(&merged.changes), summary(&batch(0, 2).changes));
    assert_eq!(summary(&merged.changes), [(ChangeKind::Update, "a", 3)]);
    assert_eq!(
        merged.changes[0].before.as_ref().map(Entry::value),
        Some(&b"1"[..])
    );
}

/// A state of a handful of keys: which are there, and with what value, flags, lock and age.
fn states() -> impl Strategy<Value = Vec<Entry>> {
    let entry = (0..5_u8, 0..3_u8, 0..2_u64, 0..2_u8, 0..3_u64);
    vec(entry, 0..6).prop_map(|entries| {
        let entries = entries.into_iter().map(|(key, value, flags, lock, age)| {
            Entry::pack(&Fields {
                key: &format!("k{key}"),
                value: Some(&[value]),
                flags,
                session: (lock == 1).then_some("s"),
                created: age,
                modified: age,
                ..Fields::default()
            })
        });
        entries.collect()
    })
}

/// What a handler that carries changes out ends up with: all that content is.
fn content(snapshot: &Snapshot, locks: bool) -> BTreeMap<String, (Vec<u8>, u64, Option<String>)> {
    let entries = snapshot.entries().iter();
    entries
        .map(|entry| {
            let session = entry.session().filter(|_| locks).map(str::to_owned);
            let content = (entry.value().to_vec(), entry.flags(), session);
            (entry.key().to_owned(), content)
        })
        .collect()
}

fn apply(changes: &[Change], on: &Snapshot) -> Snapshot {
    let mut snapshot = on.clone();
    for change in changes {
        match &change.after {
            Some(entry) => snapshot.insert(entry.clone()),
            None => assert!(snapshot.remove(change.key()), "{change:?}"),
        }
    }
    snapshot
}

fn whole_batch(before: &Snapshot, after: &Snapshot, locks: bool) -> Batch {
    let (seen, kept) = (SystemTime::UNIX_EPOCH, Continuity::Kept);
    Batch {
        reason: Reason::Change,
        changes: between(TargetId(0), before, after, kept, locks, seen),
    }
}

proptest! {
    #[test]
    fn changes_applied_to_the_first_state_give_the_last(
        states in vec(states(), 1..8),
        locks: bool,
    ) {
        let snapshots: Vec<_> = states
            .into_iter()
            .zip(1..)
            .map(|(entries, index)| Snapshot::new(Index(index), entries))
            .collect();
        let mut follower = snapshots[0].clone();
        for pair in snapshots.windows(2) {
            let batch = whole_batch(&pair[0], &pair[1], locks);
            prop_assert!(batch.changes.is_sorted_by(|a, b| a.slot() < b.slot()));
            follower = apply(&batch.changes, &follower);
            prop_assert_eq!(content(&follower, locks), content(&pair[1], locks));
        }
    }

    #[test]
    fn batches_merged_equal_the_batch_of_the_whole(
        states in vec(states(), 2..8),
        locks: bool,
    ) {
        let snapshots: Vec<_> = states
            .into_iter()
            .zip(1..)
            .map(|(entries, index)| Snapshot::new(Index(index), entries))
            .collect();
        let steps = snapshots.windows(2).map(|pair| whole_batch(&pair[0], &pair[1], locks));
        let merged = steps.reduce(|all, next| all.then(next, locks)).unwrap();
        let whole = whole_batch(&snapshots[0], &snapshots[snapshots.len() - 1], locks);
        let summary = |batch: &Batch| -> Vec<_> {
            let changes = batch.changes.iter();
            changes
                .map(|change| (change.key().to_owned(), change.kind()))
                .collect()
        };
        prop_assert_eq!(summary(&merged), summary(&whole));
        let last = apply(&merged.changes, &snapshots[0]);
        prop_assert_eq!(content(&last, locks), content(&snapshots[snapshots.len() - 1], locks));
    }
}
