use super::*;
use crate::consul::Meta;
use crate::model::{ChangeKind, Entry, Fields, Glob, Key, Prefix};

const A: TargetId = TargetId(0);
const B: TargetId = TargetId(1);

fn snapshot(index: u64, entries: &[(&str, &str)]) -> Snapshot {
    let entries = entries.iter().map(|(key, value)| {
        Entry::pack(&Fields {
            key,
            value: Some(value.as_bytes()),
            ..Fields::default()
        })
    });
    Snapshot::new(Index(index), entries.collect())
}

fn answered(snapshot: Snapshot) -> TargetAnswer {
    TargetAnswer {
        since: None,
        snapshot,
        continuity: Continuity::Kept,
        unproven: Vec::new(),
        proven: 0,
        meta: Meta::default(),
        at: SystemTime::UNIX_EPOCH,
    }
}

fn targets() -> Vec<Target> {
    let key = Key::new("app/name").unwrap();
    let scope = [
        TargetScope::Key(key),
        TargetScope::Prefix(Prefix::new("app/")),
    ];
    let targets = scope.into_iter().zip(0..);
    targets
        .map(|(scope, id)| Target {
            id: TargetId(id),
            scope,
        })
        .collect()
}

fn target_states(filter: Filter, known: &Snapshot) -> TargetStates {
    TargetStates::new(targets(), filter, false, false, None, |id| match id {
        B => known.clone(),
        _ => Snapshot::default(),
    })
}

fn changes(update: &TargetUpdate) -> Vec<(ChangeKind, &str)> {
    update
        .changes
        .iter()
        .map(|change| (change.kind(), change.key()))
        .collect()
}

#[test]
fn a_first_answer_differs_from_what_was_handled_before() {
    let known = snapshot(3, &[("app/gone", "1"), ("app/port", "1")]);
    let mut target_states = target_states(Filter::default(), &known);
    let now = snapshot(9, &[("app/new", "1"), ("app/port", "1")]);
    let update = target_states.take(B, &answered(now.clone()), None, false);
    assert!(update.first && !target_states.synced());
    assert_eq!(
        changes(&update),
        [
            (ChangeKind::Delete, "app/gone"),
            (ChangeKind::Create, "app/new")
        ]
    );
    let again = target_states.take(B, &answered(now), None, false);
    assert!(!again.first && again.changes.is_empty());
    assert_eq!(target_states.index(), Index(9));
}

#[test]
fn a_start_anew_tells_everything_as_created_and_what_is_gone_as_deleted() {
    let known = snapshot(3, &[("app/gone", "1"), ("app/port", "1")]);
    let mut target_states = target_states(Filter::default(), &known);
    let now = snapshot(9, &[("app/new", "1"), ("app/port", "1")]);
    let update = target_states.take(B, &answered(now.clone()), None, true);
    assert_eq!(
        changes(&update),
        [
            (ChangeKind::Delete, "app/gone"),
            (ChangeKind::Create, "app/new"),
            (ChangeKind::Create, "app/port")
        ]
    );
    // Only the first answer is one.
    let again = target_states.take(B, &answered(now), None, true);
    assert!(again.changes.is_empty());
}

#[test]
fn a_change_of_a_key_that_two_targets_cover_is_the_first_ones() {
    let mut target_states = target_states(Filter::default(), &Snapshot::default());
    let entries = [("app/name", "1"), ("app/port", "1")];
    let update = target_states.take(B, &answered(snapshot(5, &entries)), None, false);
    assert_eq!(changes(&update), [(ChangeKind::Create, "app/port")]);
    assert_eq!(update.left_out, 1);
    let update = target_states.take(A, &answered(snapshot(5, &entries[..1])), None, false);
    assert_eq!(changes(&update), [(ChangeKind::Create, "app/name")]);
    assert!(target_states.synced());
    let all = target_states.everything(SystemTime::UNIX_EPOCH);
    let keys: Vec<_> = all.iter().map(Change::key).collect();
    assert_eq!(keys, ["app/name", "app/port"]);
}

#[test]
fn targets_that_are_reported_by_themselves_each_have_the_keys_they_share() {
    let none = |_| Snapshot::default();
    let mut states = TargetStates::new(targets(), Filter::default(), false, true, None, none);
    let entries = [("app/name", "1"), ("app/port", "1")];
    let update = states.take(B, &answered(snapshot(5, &entries)), None, false);
    assert_eq!(changes(&update).len(), 2);
    let update = states.take(A, &answered(snapshot(5, &entries[..1])), None, false);
    assert_eq!(changes(&update), [(ChangeKind::Create, "app/name")]);
    let all = states.everything(SystemTime::UNIX_EPOCH);
    let keys: Vec<_> = all
        .iter()
        .map(|change| (change.target, change.key()))
        .collect();
    assert_eq!(keys, [(A, "app/name"), (B, "app/name"), (B, "app/port")]);
}

#[test]
fn what_a_filter_leaves_out_is_counted_and_not_reported() {
    let filter = Filter {
        include: Vec::new(),
        exclude: vec![Glob::new("**/secret").unwrap()],
    };
    let mut target_states = target_states(filter, &Snapshot::default());
    let entries = [("app/port", "1"), ("app/secret", "1")];
    let update = target_states.take(B, &answered(snapshot(5, &entries)), None, false);
    assert_eq!(changes(&update), [(ChangeKind::Create, "app/port")]);
    assert_eq!(update.left_out, 1);
    assert_eq!(target_states.everything(SystemTime::UNIX_EPOCH).len(), 1);
}

#[test]
fn hidden_keys_stay_as_they_were_and_are_not_reported_as_created() {
    let known = snapshot(3, &[("app/hidden", "1")]);
    let mut target_states = target_states(Filter::default(), &known);
    let mut answer = answered(snapshot(9, &[("app/port", "1")]));
    answer.unproven = vec![("app/hidden".to_owned(), WithheldReason::Hidden)];
    let update = target_states.take(B, &answer, None, true);
    assert_eq!(changes(&update), [(ChangeKind::Create, "app/port")]);
    assert_eq!(update.withheld, answer.unproven);
    assert_eq!(target_states.admitted(B).len(), 2);
}
