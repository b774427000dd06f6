//! Tests of the comparison.

use super::super::{Fields, Glob};
use super::*;

fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

fn desired(name: &str, value: &str) -> Desired {
    Desired {
        key: key(name),
        value: Some(value.into()),
        flags: None,
        place: Place {
            file: name.into(),
            line: None,
        },
    }
}

fn entry<'a>(key: &'a str, value: &'a str, modified: u64) -> Fields<'a> {
    Fields {
        key,
        value: Some(value.as_bytes()),
        created: 1,
        modified,
        ..Fields::default()
    }
}

fn store(entries: &[Fields<'_>]) -> Snapshot {
    Snapshot::new(Index(99), entries.iter().map(Entry::pack).collect())
}

fn ops(plan: &ChangePlan) -> Vec<String> {
    plan.ops().map(|op| op.to_string()).collect()
}

fn skipped(plan: &ChangePlan) -> Vec<(&str, SkipReason)> {
    let skipped = plan.skipped.iter();
    skipped
        .map(|skipped| (skipped.key.as_str(), skipped.reason))
        .collect()
}

const PRUNE: PlanRules = PlanRules {
    prune: true,
    folders: false,
    filter: Filter {
        include: Vec::new(),
        exclude: Vec::new(),
    },
    only_existing: false,
    create_only: false,
    overwrite_locked: false,
    guard_unchanged: false,
};

#[test]
fn every_operation_is_guarded_and_writes_come_before_deletes() {
    let store = store(&[
        entry("a/gone", "1", 5),
        entry("a/same", "x", 6),
        entry("a/z", "old", 7),
    ]);
    let wanted = vec![
        desired("a/z", "new"),
        desired("a/b", "created"),
        desired("a/same", "x"),
    ];
    let plan = compare(wanted.clone(), &store, &PRUNE);
    assert_eq!(
        ops(&plan),
        ["create a/b", "cas a/z 7", "delete-cas a/gone 5"]
    );
    assert_eq!((plan.unchanged, plan.unmanaged, plan.existing), (1, 0, 3));
    assert_eq!((plan.writes(), plan.deletes()), (2, 1));
    let plan = compare(wanted, &store, &PlanRules::default());
    assert_eq!(ops(&plan), ["create a/b", "cas a/z 7"]);
    assert_eq!(plan.unmanaged, 1);
}

#[test]
fn flags_that_no_source_carries_are_left_alone() {
    let store = store(&[
        Fields {
            flags: 7,
            ..entry("a", "1", 5)
        },
        Fields {
            flags: 7,
            ..entry("b", "1", 5)
        },
    ]);
    let mut set = desired("b", "1");
    set.flags = Some(8);
    let plan = compare(
        vec![desired("a", "2"), set, desired("c", "3")],
        &store,
        &PlanRules::default(),
    );
    let flags: Vec<_> = plan.ops().map(|op| op.flags()).collect();
    assert_eq!(flags, [7, 8, 0]);
    assert!(compare(vec![desired("a", "1")], &store, &PlanRules::default()).is_empty());
}

#[test]
fn prune_leaves_locks_folders_and_what_is_excluded() {
    let store = store(&[
        Fields {
            session: Some("s"),
            ..entry("a/held", "", 2)
        },
        Fields {
            flags: LOCK_FLAGS,
            ..entry("a/lock", "", 2)
        },
        Fields {
            flags: SEMAPHORE_FLAGS,
            ..entry("a/semaphore", "", 2)
        },
        entry("a/folder/", "", 2),
        entry("a/mine/x", "", 2),
        entry("a/old", "", 2),
    ]);
    let rules = PlanRules {
        filter: Filter {
            exclude: vec![Glob::new("a/mine/**").unwrap()],
            ..Filter::default()
        },
        ..PRUNE
    };
    let plan = compare(vec![desired("a/new", "1")], &store, &rules);
    assert_eq!(ops(&plan), ["create a/new", "delete-cas a/old 2"]);
    assert_eq!(
        skipped(&plan),
        [
            ("a/folder/", SkipReason::Folder),
            ("a/held", SkipReason::Locked),
            ("a/lock", SkipReason::Lock),
            ("a/mine/x", SkipReason::Excluded),
            ("a/semaphore", SkipReason::Lock),
        ]
    );
    let folders = PlanRules {
        folders: true,
        ..rules
    };
    let plan = compare(Vec::new(), &store, &folders);
    assert_eq!(ops(&plan), ["delete-cas a/folder/ 2", "delete-cas a/old 2"]);
}

#[test]
fn a_key_that_should_not_exist_is_deleted_without_prune() {
    let store = store(&[entry("a", "1", 5)]);
    let mut gone = desired("a", "");
    gone.value = None;
    let mut absent = desired("b", "");
    absent.value = None;
    let plan = compare(vec![gone, absent], &store, &PlanRules::default());
    assert_eq!(ops(&plan), ["delete-cas a 5"]);
    assert_eq!((plan.unchanged, plan.deletes()), (1, 1));
}

#[test]
fn a_change_of_a_held_key_is_blocked_unless_it_may_be_overwritten() {
    let store = store(&[Fields {
        session: Some("s"),
        ..entry("a", "1", 5)
    }]);
    let rules = PlanRules::default();
    let plan = compare(vec![desired("a", "2")], &store, &rules);
    assert_eq!(plan.blocked().count(), 1);
    let rules = PlanRules {
        overwrite_locked: true,
        ..rules
    };
    let plan = compare(vec![desired("a", "2")], &store, &rules);
    assert_eq!(plan.blocked().count(), 0);
    assert_eq!(ops(&plan), ["cas a 5"]);
    // What is equal is no write.
    let plan = compare(vec![desired("a", "1")], &store, &PlanRules::default());
    assert_eq!(plan.blocked().count(), 0);
}

#[test]
fn only_existing_and_create_only_leave_the_others_and_name_them() {
    let store = store(&[entry("a", "1", 5), entry("b", "1", 6)]);
    let wanted = || vec![desired("a", "2"), desired("b", "1"), desired("c", "3")];
    let rules = PlanRules {
        only_existing: true,
        ..PlanRules::default()
    };
    let plan = compare(wanted(), &store, &rules);
    assert_eq!(ops(&plan), ["cas a 5"]);
    assert_eq!(skipped(&plan), [("c", SkipReason::Missing)]);
    let rules = PlanRules {
        create_only: true,
        ..PlanRules::default()
    };
    let plan = compare(wanted(), &store, &rules);
    assert_eq!(ops(&plan), ["create c"]);
    assert_eq!(skipped(&plan), [("a", SkipReason::Exists)]);
    assert_eq!(plan.unchanged, 1);
}

#[test]
fn unchanged_keys_are_guarded_on_request_and_checks_come_first() {
    let store = store(&[entry("a", "1", 5), entry("b", "1", 6)]);
    let rules = PlanRules {
        guard_unchanged: true,
        ..PlanRules::default()
    };
    let plan = compare(vec![desired("a", "1"), desired("b", "2")], &store, &rules);
    assert_eq!(ops(&plan), ["check a 5", "cas b 6"]);
    assert_eq!(plan.transactions(TxnLimits::USUAL, 0), 1);
    // Nothing is to be done: nothing is checked.
    let plan = compare(vec![desired("a", "1")], &store, &rules);
    assert_eq!(plan.transactions(TxnLimits::USUAL, 0), 0);
}

#[test]
fn the_flags_of_locks_are_those_of_consul() {
    assert_eq!(LOCK_FLAGS, 3_304_740_253_564_472_344);
    assert_eq!(SEMAPHORE_FLAGS, 16_210_313_421_097_356_768);
}

#[test]
fn transactions_are_counted_as_they_are_packed() {
    let wanted = (0..129).map(|number| desired(&format!("k{number:03}"), "v"));
    let plan = compare(wanted.collect(), &store(&[]), &PlanRules::default());
    assert_eq!(plan.transactions(TxnLimits::USUAL, 0), 2);
    assert_eq!(plan.transactions(TxnLimits::LOWEST, 0), 3);
}

#[test]
fn values_that_differ_in_the_final_newline_alone_are_known() {
    let change = |before: &[u8], after: &[u8]| PlannedChange {
        key: Key::new("a").unwrap(),
        before: Some(Entry::pack(&Fields {
            key: "a",
            value: Some(before),
            ..Fields::default()
        })),
        after: Some(EntryContent {
            value: after.to_vec(),
            flags: 0,
        }),
        place: None,
    };
    for (before, after) in [
        (&b"x\n"[..], &b"x"[..]),
        (b"x", b"x\n"),
        (b"x\r\n", b"x"),
        (b"", b"\n"),
    ] {
        assert!(change(before, after).only_ends_differ(), "{before:?}");
    }
    for (before, after) in [
        (&b"x"[..], &b"x"[..]),
        (b"x\n", b"y"),
        (b"x\n\n", b"x"),
        (b"x", b"x "),
    ] {
        assert!(!change(before, after).only_ends_differ(), "{before:?}");
    }
}
