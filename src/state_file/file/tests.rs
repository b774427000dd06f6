use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use proptest::prelude::*;

use super::*;
use crate::exit::Exit;
use crate::model::Index;
use crate::state_file::tests::fixtures::{
    HASHES, VALUES, batch, content, identity, snapshot, snapshots,
};

const FIRST: TargetId = TargetId(0);

fn open(path: &Path, keep: Keep) -> OpenedStateFile {
    StateFile::open(path, identity(), keep).unwrap_or_else(|failure| panic!("{failure}"))
}

fn open_error(path: &Path, identity: Identity) -> Failure {
    match StateFile::open(path, identity, HASHES) {
        Ok(_) => panic!("it was opened"),
        Err(failure) => failure,
    }
}

/// Everything is on the disk, and nothing about saving has changed.
fn assert_saved(state_file: &mut StateFile) {
    let changes = state_file.take_save_changes();
    assert!(changes.is_empty(), "{changes:?}");
    assert_eq!(state_file.deadline(), None);
}

/// Saving goes on failing: that is not reported again.
fn assert_still_failing(state_file: &mut StateFile) {
    let changes = state_file.take_save_changes();
    assert!(changes.is_empty(), "{changes:?}");
    assert!(state_file.deadline().is_some());
}

fn save(state_file: &mut StateFile, before: &Snapshot, after: &Snapshot) {
    state_file.acknowledge(&batch(before, after), Instant::now(), 0.5);
    assert_saved(state_file);
}

#[test]
fn what_was_saved_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let snapshots = [
        Snapshot::default(),
        snapshot(4, &[("a/x", "1"), ("a/y", "2")]),
        snapshot(6, &[("a/y", "3")]),
    ];
    let mut opened = open(&path, VALUES);
    assert!(opened.new);
    save(&mut opened.state_file, &snapshots[0], &snapshots[1]);
    save(&mut opened.state_file, &snapshots[1], &snapshots[2]);
    drop(opened);
    let opened = open(&path, VALUES);
    assert!(!opened.new && opened.warnings.is_empty());
    assert_eq!(
        content(opened.state_file.handled.handled(FIRST)),
        content(&snapshots[2])
    );
    assert_eq!(opened.state_file.handled.handled(FIRST).index(), Index(6));
}

#[test]
fn a_record_costs_the_same_whatever_the_number_of_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let length = || fs::metadata(&path).unwrap().len();
    let names: Vec<String> = (0..1000).map(|n| format!("a/{n:04}")).collect();
    let keys: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
    let mut state_file = open(&path, HASHES).state_file;
    let (all, one) = (snapshot(1, &keys), snapshot(1, &keys[..1]));
    state_file.adopt(FIRST, &all, Instant::now(), 0.5);
    let before = length();
    save(&mut state_file, &Snapshot::default(), &one);
    assert!(length() - before < 200, "{}", length() - before);
}

#[test]
fn the_file_is_compacted_when_the_journal_outgrows_the_base() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let mut state_file = open(&path, HASHES).state_file;
    let snapshots = [snapshot(1, &[("a/x", "1")]), snapshot(2, &[("a/x", "2")])];
    let mut longest = 0;
    for turn in 0..2000 {
        save(
            &mut state_file,
            &snapshots[turn % 2],
            &snapshots[(turn + 1) % 2],
        );
        longest = longest.max(fs::metadata(&path).unwrap().len());
    }
    assert!(longest < 2 * ROOM, "{longest}");
    drop(state_file);
    assert_eq!(
        open(&path, HASHES).state_file.handled.handled(FIRST).len(),
        1
    );
}

#[test]
fn a_torn_record_is_dropped_and_said_and_the_journal_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let snapshots = [
        Snapshot::default(),
        snapshot(4, &[("a/x", "1")]),
        snapshot(6, &[("a/x", "2")]),
    ];
    let mut state_file = open(&path, VALUES).state_file;
    save(&mut state_file, &snapshots[0], &snapshots[1]);
    save(&mut state_file, &snapshots[1], &snapshots[2]);
    drop(state_file);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 7]).unwrap();
    let mut opened = open(&path, VALUES);
    assert_eq!(opened.warnings.len(), 1);
    assert!(
        opened.warnings[0].contains("comes again"),
        "{:?}",
        opened.warnings
    );
    assert_eq!(
        content(opened.state_file.handled.handled(FIRST)),
        content(&snapshots[1])
    );
    save(&mut opened.state_file, &snapshots[1], &snapshots[2]);
    drop(opened);
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_run_that_was_begun_is_known_after_a_crash_and_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let length = || fs::metadata(&path).unwrap().len();
    let shown = batch(&Snapshot::default(), &snapshot(4, &[("a/x", "1")]));
    let mut state_file = open(&path, VALUES).state_file;
    let begin = |state_file: &mut StateFile| {
        state_file.begin_run(&shown, Instant::now(), 0.5);
        assert_saved(state_file);
    };
    begin(&mut state_file);
    let once = length();
    begin(&mut state_file);
    assert_eq!(length(), once);
    drop(state_file);
    let mut state_file = open(&path, VALUES).state_file;
    assert!(!state_file.at_start(FIRST).entries()[0].value_known());
    save(
        &mut state_file,
        &Snapshot::default(),
        &snapshot(4, &[("a/x", "1")]),
    );
    drop(state_file);
    let state_file = open(&path, VALUES).state_file;
    assert_eq!(state_file.handled.handled(FIRST).entries()[0].value(), b"1");
}

#[test]
fn damage_names_the_file_and_leaves_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    drop(open(&path, HASHES));
    let mut bytes = fs::read(&path).unwrap();
    bytes[40] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let failure = open_error(&path, identity());
    assert_eq!(failure.exit, Exit::Usage);
    assert!(
        failure.message.contains(path.to_str().unwrap()),
        "{failure}"
    );
    assert!(failure.message.contains("line 2"), "{failure}");
    assert!(failure.hint.is_some());
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_file_that_is_refused_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    drop(open(&path, HASHES));
    let bytes = fs::read(&path).unwrap();
    let beside = folder.path().join("state.new");
    fs::write(&beside, "precious").unwrap();
    let other = Identity {
        namespace: Some("n".to_owned()),
        ..identity()
    };
    let cut = &bytes[..bytes.len() - 3];
    for (content, identity) in [
        (&bytes[..], other),
        (cut, identity()),
        (b"precious\n", identity()),
        (b"kvw state 9\n", identity()),
        (b"", identity()),
    ] {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let before = fs::metadata(&path).unwrap();
        assert_eq!(open_error(&path, identity).exit, Exit::Usage);
        let after = fs::metadata(&path).unwrap();
        assert_eq!(after.mode() & 0o7777, 0o644);
        assert_eq!(after.ino(), before.ino());
        assert_eq!(
            (after.mtime(), after.mtime_nsec()),
            (before.mtime(), before.mtime_nsec())
        );
        assert_eq!(fs::read(&path).unwrap(), content);
        assert_eq!(fs::read(&beside).unwrap(), b"precious");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}

#[test]
fn a_file_of_gigabytes_is_refused_by_its_first_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let file = fs::File::create(&path).unwrap();
    // More than any memory holds: it has no blocks.
    let large = file.set_len(1 << 42);
    if large.is_err() {
        return;
    }
    let failure = open_error(&path, identity());
    assert!(failure.message.contains("not written by kvw"), "{failure}");
}

#[test]
fn no_base_is_empty_once_a_batch_was_handled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let states = [
        Snapshot::default(),
        snapshot(4, &[("a/x", "1")]),
        snapshot(6, &[("a/x", "1"), ("a/y", "1")]),
    ];
    let entries = || {
        let bytes = fs::read(&path).unwrap();
        let contents = parse::parse(&bytes).unwrap();
        (contents.entries.len(), contents.journal.len())
    };
    let mut state_file = open(&path, HASHES).state_file;
    assert_eq!(entries(), (0, 0));
    save(&mut state_file, &states[0], &states[1]);
    assert_eq!(entries(), (1, 0));
    save(&mut state_file, &states[1], &states[2]);
    assert_eq!(entries(), (1, 1));
    // Emptied, and filled again.
    save(&mut state_file, &states[2], &snapshot(7, &[]));
    state_file.compact().unwrap();
    assert_eq!(entries(), (0, 0));
    drop(state_file);
    let mut state_file = open(&path, HASHES).state_file;
    save(
        &mut state_file,
        &snapshot(7, &[]),
        &snapshot(8, &[("a/x", "2")]),
    );
    assert_eq!(entries(), (1, 0));
    // Cut behind its head, it is not the file of a watch that has handled nothing.
    drop(state_file);
    let bytes = fs::read(&path).unwrap();
    let head = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let head = head.map(|(at, _)| at + 1).nth(1).unwrap();
    fs::write(&path, &bytes[..head]).unwrap();
    let failure = open_error(&path, identity());
    assert!(failure.message.contains("after 0 of its 1"), "{failure}");
}

#[test]
fn only_a_state_of_the_same_watch_is_replaced_by_one_that_lost_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let mut state_file = open(&path, HASHES).state_file;
    let other = Identity {
        namespace: Some("n".to_owned()),
        ..identity()
    };
    let (before, after) = (Snapshot::default(), snapshot(4, &[("a/x", "1")]));
    let start = Instant::now();
    fs::remove_file(&path).unwrap();
    drop(StateFile::open(&path, other, HASHES).unwrap());
    let foreign = fs::read(&path).unwrap();
    state_file.acknowledge(&batch(&before, &after), start, 0.5);
    let changes = state_file.take_save_changes();
    let [SaveChange::Failed(failure)] = &changes[..] else {
        panic!("{changes:?}");
    };
    assert!(
        failure.message.contains("replaced by another file"),
        "{failure}"
    );
    assert_eq!(fs::read(&path).unwrap(), foreign);
    fs::remove_file(&path).unwrap();
    drop(open(&path, HASHES));
    state_file.retry(state_file.deadline().unwrap(), 0.5);
    let changes = state_file.take_save_changes();
    assert!(matches!(changes[..], [SaveChange::Restored]), "{changes:?}");
}

#[test]
fn a_file_of_another_watch_is_refused_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    drop(open(&path, HASHES));
    let own = identity;
    let text = |text: &str| Some(text.to_owned());
    let others = [
        (
            "targets",
            Identity {
                targets: vec!["prefix c/".to_owned()],
                ..own()
            },
        ),
        (
            "namespace",
            Identity {
                namespace: text("n"),
                ..own()
            },
        ),
        (
            "partition",
            Identity {
                partition: text("p"),
                ..own()
            },
        ),
        (
            "datacenter",
            Identity {
                datacenter: text("d"),
                ..own()
            },
        ),
    ];
    for (what, other) in others {
        let failure = open_error(&path, other);
        assert!(failure.message.contains(what), "{failure}");
        assert!(failure.hint.is_some());
    }
}

#[test]
fn another_address_is_only_said_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    drop(open(&path, HASHES));
    let moved = || Identity {
        address: "10.0.0.1:8500".to_owned(),
        ..identity()
    };
    let opened = StateFile::open(&path, moved(), HASHES).unwrap();
    assert!(
        opened.warnings[0].contains("10.0.0.1:8500"),
        "{:?}",
        opened.warnings
    );
    drop(opened);
    assert!(
        StateFile::open(&path, moved(), HASHES)
            .unwrap()
            .warnings
            .is_empty()
    );
}

#[test]
fn values_that_are_not_to_be_kept_any_more_leave_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let mut state_file = open(&path, VALUES).state_file;
    save(
        &mut state_file,
        &Snapshot::default(),
        &snapshot(4, &[("a/x", "opensesame")]),
    );
    drop(state_file);
    let holds = || {
        fs::read_to_string(&path)
            .unwrap()
            .contains("b3BlbnNlc2FtZQ")
    };
    assert!(holds());
    let state_file = open(&path, HASHES).state_file;
    assert!(!holds());
    // This run knows it still.
    assert_eq!(
        state_file.handled.handled(FIRST).entries()[0].value(),
        b"opensesame"
    );
}

#[test]
fn values_that_are_to_be_kept_from_now_on_come_in_as_they_become_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let seen = snapshot(4, &[("a/x", "1")]);
    let mut state_file = open(&path, HASHES).state_file;
    save(&mut state_file, &Snapshot::default(), &seen);
    drop(state_file);
    let mut state_file = open(&path, VALUES).state_file;
    let start = state_file.at_start(FIRST);
    state_file.recall(FIRST, &start, &seen).unwrap();
    state_file.close().unwrap();
    let state_file = open(&path, VALUES).state_file;
    assert_eq!(state_file.at_start(FIRST).entries()[0].value(), b"1");
}

#[test]
fn a_failure_is_reported_once_and_saving_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let mut state_file = open(&path, HASHES).state_file;
    // Somebody else holds the file now: nothing can be saved, as on a full disk.
    fs::remove_file(&path).unwrap();
    let other = open(&path, HASHES);
    let snapshots = [
        Snapshot::default(),
        snapshot(4, &[("a/x", "1")]),
        snapshot(6, &[("a/x", "2")]),
    ];
    let start = Instant::now();
    state_file.acknowledge(&batch(&snapshots[0], &snapshots[1]), start, 0.5);
    let changes = state_file.take_save_changes();
    let [SaveChange::Failed(failure)] = &changes[..] else {
        panic!("{changes:?}");
    };
    assert!(failure.message.contains("in use"), "{failure}");
    state_file.acknowledge(&batch(&snapshots[1], &snapshots[2]), start, 0.5);
    assert_still_failing(&mut state_file);
    state_file.retry(start, 0.5);
    assert_still_failing(&mut state_file);
    // Batches that come meanwhile do not put off the next try.
    let later = state_file.deadline().unwrap();
    assert!(later > start && later <= start + RETRY.0);
    state_file.retry(later, 0.5);
    assert_still_failing(&mut state_file);
    let later = state_file.deadline().unwrap();
    drop(other);
    state_file.retry(later, 0.5);
    let changes = state_file.take_save_changes();
    assert!(matches!(changes[..], [SaveChange::Restored]), "{changes:?}");
    assert_eq!(state_file.deadline(), None);
    drop(state_file);
    assert_eq!(
        open(&path, HASHES)
            .state_file
            .handled
            .handled(FIRST)
            .index(),
        Index(6)
    );
}

#[test]
fn a_folder_that_takes_no_file_is_an_error_at_the_start() {
    let missing = Path::new("/nonexistent-folder/state");
    let failure = open_error(missing, identity());
    assert!(
        failure.message.contains("/nonexistent-folder/state"),
        "{failure}"
    );
    assert_eq!(
        open_error(Path::new("/dev/null"), identity()).exit,
        Exit::Usage
    );
}

#[test]
fn an_empty_consul_with_a_lower_index_looks_reset() {
    let folder = tempfile::tempdir().unwrap();
    let mut state_file = open(&folder.path().join("state"), HASHES).state_file;
    let empty = |index| snapshot(index, &[]);
    let looks_reset =
        |state_file: &StateFile, seen: &Snapshot| state_file.looks_reset(FIRST, seen, false);
    assert!(!looks_reset(&state_file, &empty(3)), "nothing was handled");
    let full = snapshot(100, &[("a/x", "1"), ("a/y", "1")]);
    save(&mut state_file, &Snapshot::default(), &full);
    assert!(looks_reset(&state_file, &empty(99)));
    assert!(!looks_reset(&state_file, &empty(100)));
    let other = snapshot(3, &[("a/z", "1")]);
    assert!(!looks_reset(&state_file, &other), "something is there");
}

#[test]
fn a_reset_that_is_held_is_over_when_all_keys_are_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut state_file = open(&folder.path().join("state"), HASHES).state_file;
    let full = snapshot(100, &[("a/x", "1"), ("a/y", "1")]);
    save(&mut state_file, &Snapshot::default(), &full);
    let held = |seen: &Snapshot| state_file.looks_reset(FIRST, seen, true);
    assert!(
        held(&snapshot(200, &[])),
        "an index that grows proves nothing"
    );
    assert!(held(&snapshot(5, &[("a/x", "1")])));
    assert!(!held(&snapshot(
        6,
        &[("a/x", "2"), ("a/y", "1"), ("a/z", "1")]
    )));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Killed at any byte of any record, or in the midst of a compaction: what is loaded is a state
    /// that was, and no earlier one than the last that was flushed before. A cut within the base is
    /// refused.
    #[test]
    fn a_file_torn_anywhere_is_a_state_that_was(snapshots in snapshots(), cut in 0.0..1.0_f64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut state_file = open(&path, VALUES).state_file;
        let about = || fs::metadata(&path).unwrap();
        let mut file = about().ino();
        // What was handled since the file was last written as a whole, and its length then.
        let mut states = vec![(about().len(), Snapshot::default())];
        for look in &snapshots {
            save(&mut state_file, &states.last().unwrap().1, look);
            if about().ino() != file {
                states.clear();
                file = about().ino();
            }
            states.push((about().len(), look.clone()));
        }
        drop(state_file);
        let base = states[0].0;
        let cut = (about().len() as f64 * cut) as u64;
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..usize::try_from(cut).unwrap()]).unwrap();
        if cut < base {
            prop_assert_eq!(open_error(&path, identity()).exit, Exit::Usage);
        } else {
            let opened = open(&path, VALUES);
            let whole = states.iter().rfind(|(length, _)| *length <= cut).unwrap();
            prop_assert_eq!(content(opened.state_file.handled.handled(FIRST)), content(&whole.1));
        }
    }

    /// However often it is compacted between restarts, what was saved last is what is there.
    #[test]
    fn compaction_and_restarts_change_nothing(snapshots in snapshots()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut last = Snapshot::default();
        for (turn, look) in snapshots.iter().enumerate() {
            let mut state_file = open(&path, VALUES).state_file;
            prop_assert_eq!(content(state_file.handled.handled(FIRST)), content(&last));
            save(&mut state_file, &last, look);
            if turn % 2 == 0 {
                state_file.compact().unwrap();
            }
            last = look.clone();
        }
        let opened = open(&path, VALUES);
        prop_assert_eq!(content(opened.state_file.handled.handled(FIRST)), content(&last));
    }
}
