//! The published JSON, byte for byte.

use std::time::{Duration, SystemTime};

use super::*;
use crate::model::{self, Continuity, Fields, Index, TargetId};

fn entry(value: Option<&[u8]>) -> model::Entry {
    model::Entry::pack(&Fields {
        key: "app/name",
        value,
        flags: u64::MAX,
        created: 8,
        modified: 9,
        locked: 1,
        session: Some("s"),
    })
}

fn text(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    write_line(&mut out, value).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_text_value_is_written_as_text() {
    assert_eq!(
        text(&Entry::from(&entry(Some(b"a\n<b>")))),
        "{\"key\":\"app/name\",\"value\":\"a\\n<b>\",\"encoding\":\"utf8\",\
         \"flags\":18446744073709551615,\"create_index\":8,\"modify_index\":9,\
         \"lock_index\":1,\"session\":\"s\"}\n"
    );
}

#[test]
fn a_value_that_is_not_utf8_is_written_as_base64() {
    let entry = entry(Some(b"\xff\x00"));
    let json = text(&Entry::from(&entry));
    assert!(
        json.contains(r#""value":"/wA=","encoding":"base64""#),
        "{json}"
    );
}

#[test]
fn base64_can_be_requested() {
    let entry = entry(Some(b"text"));
    let json = text(&Entry::from(&entry).with_base64(&entry));
    assert!(
        json.contains(r#""value":"dGV4dA==","encoding":"base64""#),
        "{json}"
    );
}

#[test]
fn a_value_that_is_not_known_is_null() {
    let json = text(&Entry::from(&entry(None)));
    assert!(json.contains(r#""value":null,"encoding":null"#), "{json}");
}

#[test]
fn a_batch_names_targets_reason_and_changes() {
    let batch = model::Batch {
        reason: Reason::Initial,
        changes: vec![model::Change {
            target: TargetId(1),
            before: None,
            after: Some(entry(Some(b""))),
            index: Index(9),
            seen: SystemTime::UNIX_EPOCH + Duration::from_millis(1500),
            continuity: Continuity::Kept,
        }],
    };
    let targets = ["a/".to_owned(), "app/".to_owned()];
    let json = text(&Batch::new(&batch, &targets, SystemTime::UNIX_EPOCH));
    let start = r#"{"index":9,"time":"1970-01-01T00:00:00.000Z","targets":["a/","app/"],"reason":"initial","changes":[{"event":"create","key":"app/name","before":null,"after":{"#;
    assert!(json.starts_with(start), "{json}");
    let end = "},\"index\":9,\"time\":\"1970-01-01T00:00:01.500Z\",\"target\":\"app/\"}]}\n";
    assert!(json.ends_with(end), "{json}");
}

#[test]
fn characters_that_could_control_a_terminal_are_escaped() {
    for (value, json) in [
        ("\u{9b}2J", r#""\u009b2J""#),
        ("a\u{202e}b", r#""a\u202eb""#),
        ("\u{7f}", r#""\u007f""#),
        ("\u{e0041}", r#""\udb40\udc41""#),
        ("näme 🚀", "\"näme 🚀\""),
    ] {
        let mut out = Vec::new();
        write(&mut out, value).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), json);
        assert_eq!(serde_json::from_str::<String>(json).unwrap(), value);
    }
}

#[test]
fn recreated_is_written_only_where_it_is_true() {
    let before = model::Entry::pack(&Fields {
        key: "app/name",
        value: Some(b"old"),
        created: 1,
        ..Fields::default()
    });
    let mut change = model::Change {
        target: TargetId(0),
        before: Some(before),
        after: Some(entry(Some(b"new"))),
        index: Index(9),
        seen: SystemTime::UNIX_EPOCH,
        continuity: Continuity::Kept,
    };
    assert!(text(&Change::new(&change, "t")).contains(r#""recreated":true"#));
    change.continuity = Continuity::Broken;
    assert!(!text(&Change::new(&change, "t")).contains("recreated"));
}
