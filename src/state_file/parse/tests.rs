use super::*;
use crate::state_file::format::{Base64Text, RecordWriter};
use crate::state_file::tests::fixtures::{SECRET, identity};

fn stored(key: &str) -> StoredEntry<'_> {
    StoredEntry {
        target: 1,
        key: key.into(),
        flags: u64::MAX,
        created: 3,
        modified: 9,
        locked: 0,
        session: Some(String::new()),
        hash: Some(Base64Text(vec![5; 16])),
        value: None,
    }
}

/// A base of two entries and a journal of three records: the bytes, and where each line begins.
fn file() -> (Vec<u8>, Vec<usize>) {
    let mut writer = RecordWriter::base(SECRET);
    let gone = |index| KeyUpdate::Gone {
        target: 0,
        key: "a/gone\n".into(),
        index,
    };
    for record in [
        Record::Head(FileHead {
            identity: identity(),
            key: SECRET,
            indexes: vec![8, 9],
            entries: 2,
        }),
        Record::Entry(stored("a/ä\u{2028}")),
        Record::Entry(stored("b\"")),
        Record::Run(vec![stored("a/new")]),
        Record::Batch(vec![gone(12)]),
        Record::Batch(vec![gone(13)]),
    ] {
        writer.add(&record);
    }
    let bytes = writer.into_bytes();
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let starts = ends.map(|(at, _)| at + 1).collect();
    (bytes, starts)
}

const BASE: usize = 3;

#[test]
fn what_was_written_is_read() {
    let (bytes, starts) = file();
    let contents = parse(&bytes).unwrap();
    assert_eq!(contents.entries, [stored("a/ä\u{2028}"), stored("b\"")]);
    assert_eq!(contents.journal.len(), 3);
    assert_eq!(contents.journal[0], Record::Run(vec![stored("a/new")]));
    assert_eq!(contents.base as usize, starts[BASE]);
    assert_eq!(contents.end as usize, bytes.len());
    assert_eq!(contents.key, SECRET);
}

#[test]
fn a_journal_can_be_gone_on_with() {
    let (bytes, starts) = file();
    let (head, tail) = bytes.split_at(starts[BASE + 1]);
    let mut writer = RecordWriter::at(SECRET, head.len() as u64);
    for record in parse(&bytes).unwrap().journal.split_off(1) {
        writer.add(&record);
    }
    assert_eq!(writer.into_bytes(), tail);
}

#[test]
fn a_file_torn_at_any_byte_is_a_state_that_was_or_an_error() {
    let (bytes, starts) = file();
    for cut in 0..bytes.len() {
        let whole = starts.iter().filter(|start| **start <= cut).count();
        match parse(&bytes[..cut]) {
            Ok(contents) => {
                assert!(whole > BASE, "cut at {cut}");
                assert_eq!(contents.journal.len(), whole - BASE - 1, "cut at {cut}");
                assert_eq!(contents.end as usize, starts[whole - 1], "cut at {cut}");
            }
            Err(corruption) => assert!(whole <= BASE, "cut at {cut}: {corruption}"),
        }
    }
}

#[test]
fn a_base_that_is_cut_short_says_by_how_much() {
    let (bytes, starts) = file();
    assert_eq!(parse(&bytes[..starts[2]]), Err(Corruption::Short(1, 2)));
    assert_eq!(parse(&bytes[..starts[2] + 5]), Err(Corruption::Short(1, 2)));
    assert_eq!(
        Corruption::Short(1, 2).to_string(),
        "is damaged: it ends after 1 of its 2 entries"
    );
}

#[test]
fn a_record_of_zeros_at_the_end_was_never_written() {
    let (bytes, starts) = file();
    let mut torn = bytes.clone();
    torn[starts[BASE + 2] + 3..].fill(0);
    assert_eq!(parse(&torn).unwrap().end as usize, starts[BASE + 2]);
}

#[test]
fn a_flipped_bit_anywhere_is_no_torn_end() {
    let (bytes, _) = file();
    let last = bytes.len() - 1;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            match parse(&flipped) {
                // Without its newline the last record counts as not yet written.
                Ok(contents) => {
                    assert_eq!(at, last);
                    assert_eq!(contents.journal.len(), 2);
                }
                Err(_) => assert!(at < last),
            }
        }
    }
}

#[test]
fn records_that_changed_places_or_come_from_elsewhere_do_not_count() {
    let (bytes, starts) = file();
    let line = |at: usize| &bytes[starts[at]..starts[at + 1]];
    // Equal lengths, so that only the place tells.
    assert_eq!(line(BASE + 1).len(), line(BASE + 2).len());
    let swapped = [&bytes[..starts[BASE + 1]], line(BASE + 2), line(BASE + 1)].concat();
    assert_eq!(parse(&swapped), Err(Corruption::Line(6)));
    let mut writer = RecordWriter::at(FileKey::new([8; 32]), bytes.len() as u64);
    writer.add(&Record::Batch(Vec::new()));
    let foreign = [&bytes[..], &writer.into_bytes()].concat();
    assert_eq!(parse(&foreign), Err(Corruption::Line(8)));
}

#[test]
fn a_base_does_not_go_on_in_the_journal() {
    let (bytes, _) = file();
    let mut writer = RecordWriter::at(SECRET, bytes.len() as u64);
    writer.add(&Record::Entry(stored("late")));
    assert_eq!(
        parse(&[bytes, writer.into_bytes()].concat()),
        Err(Corruption::Line(8))
    );
}

#[test]
fn other_files_and_other_versions_are_named_as_such() {
    for foreign in [
        &b""[..],
        b"{}\n",
        b"kvw state one\n",
        b"kvw state 1",
        b"\xff\n",
    ] {
        assert_eq!(parse(foreign), Err(Corruption::Foreign));
    }
    assert_eq!(parse(b"kvw state 2\nwhatever"), Err(Corruption::Version(2)));
    assert_eq!(
        Corruption::Version(2).to_string(),
        "is of format 2, and this kvw reads format 1"
    );
}
