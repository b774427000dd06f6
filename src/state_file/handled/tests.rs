use proptest::prelude::*;

use super::*;
use crate::model::{ChangeKind, Fields};
use crate::state_file::parse;
use crate::state_file::tests::fixtures::{
    HASHES, SECRET, VALUES, batch, batch_of, content, entry, identity, snapshot, snapshots,
};

const FIRST: TargetId = TargetId(0);
const SECOND: TargetId = TargetId(1);

fn state(keep: Keep) -> HandledState {
    HandledState::new(identity(), SECRET, keep)
}

/// The same through the text of a file.
fn reloaded(state: &HandledState) -> HandledState {
    let base = state.base();
    let contents = parse::parse(&base).unwrap();
    HandledState::load(&contents, identity(), state.keep).unwrap()
}

/// Enough changed keys that a snapshot is made anew.
const MANY: usize = 200;

#[test]
fn a_handled_batch_is_what_is_remembered() {
    let mut state = state(HASHES);
    let snapshots = [
        Snapshot::default(),
        snapshot(5, &[("a/x", "1"), ("a/y", "1")]),
        snapshot(9, &[("a/x", "2")]),
    ];
    state.apply(&batch(&snapshots[0], &snapshots[1]));
    state.apply(&batch(&snapshots[1], &snapshots[2]));
    assert_eq!(content(state.handled(FIRST)), content(&snapshots[2]));
    assert_eq!(state.handled(FIRST).index(), Index(9));
    assert!(state.handled(SECOND).is_empty());
}

#[test]
fn a_batch_of_many_keys_is_remembered_like_many_batches() {
    let names: Vec<String> = (0..MANY).map(|n| format!("a/{n:04}")).collect();
    let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
    let odd: Vec<(&str, &str)> = all.iter().copied().skip(1).step_by(2).collect();
    let snapshots = [Snapshot::default(), snapshot(1, &all), snapshot(2, &odd)];
    let mut state = state(HASHES);
    state.apply(&batch(&snapshots[0], &snapshots[1]));
    assert_eq!(content(state.handled(FIRST)), content(&snapshots[1]));
    state.apply(&batch(&snapshots[1], &snapshots[2]));
    assert_eq!(content(state.handled(FIRST)), content(&snapshots[2]));
}

#[test]
fn without_values_the_file_holds_none_and_the_hash_finds_it_again() {
    let mut state = state(HASHES);
    let seen = snapshot(5, &[("a/x", "opensesame")]);
    state.adopt(FIRST, &seen);
    let base = String::from_utf8(state.base()).unwrap();
    assert!(!base.contains("opensesame") && !base.contains("b3BlbnNlc2FtZQ"));
    let mut later = reloaded(&state);
    assert!(!later.handled(FIRST).entries()[0].value_known());
    let last = later.at_start(FIRST);
    let now = snapshot(7, &[("a/x", "opensesame")]);
    let recalled = later.recall(FIRST, &last, &now).unwrap();
    assert!(recalled.entries()[0].is_same(&now.entries()[0]));
    assert!(later.handled(FIRST).entries()[0].is_same(&now.entries()[0]));
    assert!(later.recall(FIRST, &recalled, &now).is_none());
}

#[test]
fn with_values_what_was_before_is_whole_after_a_restart() {
    let mut state = state(VALUES);
    state.adopt(FIRST, &snapshot(5, &[("a/x", "old")]));
    let mut later = reloaded(&state);
    let last = later.at_start(FIRST);
    let now = snapshot(7, &[("a/x", "new")]);
    let recalled = later.recall(FIRST, &last, &now).unwrap();
    assert_eq!(content(&recalled), [("a/x", Some(&b"old"[..]), 0, None)]);
}

#[test]
fn a_value_that_changed_meanwhile_stays_unknown_and_is_kept_so() {
    let mut state = state(HASHES);
    state.adopt(FIRST, &snapshot(5, &[("a/x", "old")]));
    let mut later = reloaded(&state);
    let last = later.at_start(FIRST);
    let now = snapshot(7, &[("a/x", "new")]);
    let recalled = later.recall(FIRST, &last, &now).unwrap();
    assert_eq!(batch(&recalled, &now).changes.len(), 1);
    // Not handled before the next restart, and then it is what it was.
    let mut third = reloaded(&later);
    let last = third.handled(FIRST).clone();
    let now = snapshot(9, &[("a/x", "old")]);
    let recalled = third.recall(FIRST, &last, &now).unwrap();
    assert!(batch(&recalled, &now).changes.is_empty());
}

#[test]
fn flags_that_changed_show_the_value_that_did_not() {
    let mut state = state(HASHES);
    state.adopt(FIRST, &snapshot(5, &[("a/x", "v")]));
    let mut later = reloaded(&state);
    let last = later.at_start(FIRST);
    let flagged = Entry::pack(&Fields {
        flags: 4,
        ..entry("a/x", "v", 9).fields()
    });
    let now = Snapshot::new(Index(9), vec![flagged]);
    let recalled = later.recall(FIRST, &last, &now).unwrap();
    assert_eq!(content(&recalled), [("a/x", Some(&b"v"[..]), 0, None)]);
}

#[test]
fn a_key_that_is_hidden_at_first_is_recalled_when_it_shows() {
    let mut state = state(HASHES);
    state.adopt(FIRST, &snapshot(5, &[("a/x", "v"), ("a/y", "v")]));
    let mut later = reloaded(&state);
    let last = later.at_start(FIRST);
    let shown = snapshot(7, &[("a/y", "v")]);
    let recalled = later.recall(FIRST, &last, &shown).unwrap();
    // What stays unknown is the very same entry, so that no change is seen in it.
    assert!(
        recalled
            .get("a/x")
            .unwrap()
            .is_same(last.get("a/x").unwrap())
    );
    let all = snapshot(9, &[("a/x", "v"), ("a/y", "v")]);
    let recalled = later.recall(FIRST, &recalled, &all).unwrap();
    assert!(batch(&recalled, &all).changes.is_empty());
}

#[test]
fn what_was_let_through_since_is_not_taken_back() {
    let mut state = state(HASHES);
    state.adopt(FIRST, &snapshot(5, &[("a/x", "old")]));
    let mut later = reloaded(&state);
    let seen = snapshot(7, &[("a/x", "new")]);
    let last = later.at_start(FIRST);
    later.recall(FIRST, &last, &seen).unwrap();
    let back = snapshot(9, &[("a/x", "old")]);
    let recalled = later.recall(FIRST, &seen, &back).unwrap();
    assert!(recalled.entries()[0].is_same(&seen.entries()[0]));
}

#[test]
fn a_session_that_was_not_kept_is_taken_from_now() {
    let held = |session| {
        let held = Entry::pack(&Fields {
            session,
            ..entry("a/x", "v", 5).fields()
        });
        Snapshot::new(Index(5), vec![held])
    };
    let unlooked = Keep {
        sessions: false,
        ..HASHES
    };
    for (written, reported) in [(HASHES, 1), (unlooked, 0)] {
        let mut state = state(written);
        state.adopt(FIRST, &held(None));
        let base = state.base();
        let mut later =
            HandledState::load(&parse::parse(&base).unwrap(), identity(), HASHES).unwrap();
        let last = later.at_start(FIRST);
        let now = held(Some("s"));
        let recalled = later.recall(FIRST, &last, &now).unwrap();
        assert_eq!(batch(&recalled, &now).changes.len(), reported);
    }
}

#[test]
fn targets_may_be_given_in_another_order() {
    let mut state = state(HASHES);
    let seen = snapshot(5, &[("b", "v")]);
    state.apply(&batch_of(SECOND, &Snapshot::default(), &seen));
    let base = state.base();
    let mut turned = identity();
    turned.targets.reverse();
    let later = HandledState::load(&parse::parse(&base).unwrap(), turned, HASHES).unwrap();
    assert_eq!(later.handled(FIRST).len(), 1);
    assert_eq!(later.handled(FIRST).index(), Index(5));
    assert!(later.handled(SECOND).is_empty());
}

#[test]
fn the_index_is_that_of_the_last_batch_also_after_a_reset_was_accepted() {
    let mut state = state(HASHES);
    let high = snapshot(1000, &[("a/x", "v")]);
    state.apply(&batch(&Snapshot::default(), &high));
    state.apply(&batch(&high, &snapshot(20, &[])));
    assert_eq!(state.handled(FIRST).index(), Index(20));
    assert_eq!(reloaded(&state).handled(FIRST).index(), Index(20));
}

/// What a restart reports that sees `now`, when `shown` was begun and never handled.
fn reported_after_a_crash(
    keep: Keep,
    handled: &Snapshot,
    shown: &Batch,
    now: &Snapshot,
) -> Vec<Change> {
    let mut state = state(keep);
    state.adopt(FIRST, handled);
    state.begin(shown);
    assert!(state.has_begun(shown));
    let mut later = reloaded(&state);
    assert_eq!(
        content(later.handled(FIRST)),
        content(reloaded(&state).handled(FIRST))
    );
    let start = later.at_start(FIRST);
    let last = later.recall(FIRST, &start, now).unwrap_or(start);
    let changes = batch(&last, now).changes;
    // Once only: what was let through is not taken back at the next answer.
    assert!(
        later
            .recall(FIRST, now, now)
            .is_none_or(|last| batch(&last, now).changes.is_empty())
    );
    changes
}

#[test]
fn a_key_that_was_shown_and_not_handled_comes_again_whatever_it_is() {
    let [none, zero, one] =
        [&[][..], &[("a/x", "0")], &[("a/x", "1")]].map(|entries| snapshot(5, entries));
    for keep in [HASHES, VALUES] {
        // What was handled, what was shown, what is there, and what it is reported as.
        for (handled, shown, now, kind) in [
            (&none, &one, &one, ChangeKind::Create),
            (&none, &one, &none, ChangeKind::Delete),
            (&none, &one, &zero, ChangeKind::Create),
            (&zero, &one, &one, ChangeKind::Update),
            (&zero, &one, &zero, ChangeKind::Update),
            (&zero, &one, &none, ChangeKind::Delete),
            (&zero, &none, &none, ChangeKind::Delete),
            (&zero, &none, &zero, ChangeKind::Update),
            (&zero, &none, &one, ChangeKind::Update),
        ] {
            let changes = reported_after_a_crash(keep, handled, &batch(handled, shown), now);
            let kinds: Vec<_> = changes.iter().map(Change::kind).collect();
            assert_eq!(kinds, [kind], "{handled:?} {shown:?} {now:?}");
            assert_eq!(changes[0].after, now.get("a/x").cloned());
        }
    }
}

#[test]
fn a_key_that_was_shown_and_is_hidden_at_first_comes_when_it_shows() {
    let (none, one) = (snapshot(3, &[]), snapshot(5, &[("a/x", "1")]));
    let mut state = state(HASHES);
    state.begin(&batch(&none, &one));
    let mut later = reloaded(&state);
    let start = later.at_start(FIRST);
    // Nobody proved it deleted, so it stays.
    let last = later.recall(FIRST, &start, &none).unwrap();
    assert_eq!(last.len(), 1);
    let last = later.recall(FIRST, &last, &one).unwrap();
    assert_eq!(batch(&last, &one).changes[0].kind(), ChangeKind::Create);
}

#[test]
fn what_was_shown_and_then_handled_does_not_come_again() {
    let seen = snapshot(5, &[("a/x", "1")]);
    let created = batch(&Snapshot::default(), &seen);
    let mut state = state(HASHES);
    state.begin(&created);
    state.apply(&created);
    assert!(!state.has_begun(&created));
    let mut later = reloaded(&state);
    let last = later.at_start(FIRST);
    let last = later.recall(FIRST, &last, &seen).unwrap();
    assert!(batch(&last, &seen).changes.is_empty());
}

proptest! {
    #[test]
    fn changes_applied_to_the_first_look_give_the_last(snapshots in snapshots()) {
        let mut state = state(HASHES);
        state.adopt(FIRST, &snapshots[0]);
        for pair in snapshots.windows(2) {
            state.apply(&batch(&pair[0], &pair[1]));
        }
        prop_assert_eq!(content(state.handled(FIRST)), content(snapshots.last().unwrap()));
    }

    #[test]
    fn batches_merged_are_the_batch_of_the_whole(snapshots in snapshots()) {
        let parts = snapshots.windows(2).map(|pair| batch(&pair[0], &pair[1]));
        let merged = parts.reduce(|earlier, later| earlier.then(later, true));
        let whole = batch(&snapshots[0], snapshots.last().unwrap());
        if let Some(merged) = merged {
            let content_of = |batch: &Batch| -> Vec<_> {
                let changes = batch.changes.iter();
                changes.map(|change| (change.key().to_owned(), change.kind())).collect()
            };
            prop_assert_eq!(content_of(&merged), content_of(&whole));
        }
    }

    /// Whatever was shown and lost in a crash: a restart reports every key that a handler that was shown
    /// it would have wrong.
    #[test]
    fn nothing_that_was_shown_is_left_wrong(snapshots in snapshots(), keep: bool) {
        let keep = if keep { VALUES } else { HASHES };
        let (handled, now) = (&snapshots[0], snapshots.last().unwrap());
        for shown in &snapshots {
            let believed = shown;
            let reported = reported_after_a_crash(keep, handled, &batch(handled, shown), now);
            let wrong = batch(believed, now).changes;
            for change in wrong {
                prop_assert!(reported.iter().any(|other| other.key() == change.key()));
            }
            for change in reported {
                prop_assert_eq!(change.after.as_ref(), now.get(change.key()));
            }
        }
    }

    /// A restart after any handled snapshot, seen again at any other, reports exactly what differs.
    #[test]
    fn a_restart_reports_what_changed_meanwhile(snapshots in snapshots(), values: bool) {
        let keep = if values { VALUES } else { HASHES };
        let now = snapshots.last().unwrap();
        for handled in &snapshots {
            let mut state = state(keep);
            state.adopt(FIRST, handled);
            let mut later = reloaded(&state);
            let last = later.at_start(FIRST);
            let last = later.recall(FIRST, &last, now).unwrap_or(last);
            let content_of = |batch: Batch| -> Vec<_> {
                let changes = batch.changes.iter();
                changes.map(|change| (change.key().to_owned(), change.kind())).collect()
            };
            prop_assert_eq!(content_of(batch(&last, now)), content_of(batch(handled, now)));
            prop_assert_eq!(content(later.handled(FIRST)), content(&last));
        }
    }
}
