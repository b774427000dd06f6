//! Every JSON output, parsed with types that refuse unknown fields. A field may be added here when
//! one is added there; none may ever go.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::harness::{Agent, Scope};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub key: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub value: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub encoding: Option<String>,
    pub flags: u64,
    pub create_index: u64,
    pub modify_index: u64,
    pub lock_index: u64,
    #[serde(deserialize_with = "Option::deserialize")]
    pub session: Option<String>,
}

impl Entry {
    pub fn bytes(&self) -> Vec<u8> {
        let value = self.value.as_ref().unwrap();
        match self.encoding.as_deref() {
            Some("utf8") => value.clone().into_bytes(),
            Some("base64") => STANDARD.decode(value).unwrap(),
            other => panic!("encoding {other:?}"),
        }
    }
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deleted {
    pub deleted: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeletedPrefix {
    pub prefix: String,
    pub listed: u64,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WouldDelete {
    pub would_delete: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    pub applied: bool,
    pub results: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolledBack {
    pub applied: bool,
    pub errors: Vec<Failed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failed {
    pub op: usize,
    pub text: String,
    pub reason: String,
}

/// Reads one JSON text and nothing behind it but a newline.
#[track_caller]
pub fn json<T: DeserializeOwned>(text: &str) -> T {
    assert!(text.ends_with('\n'), "no newline at the end of {text:?}");
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn scope() -> Scope {
    let scope = Agent::shared();
    scope.put("a", "text");
    scope.put("b", b"\xff\x00");
    scope
}

#[test]
fn one_key_is_an_entry() {
    let scope = scope();
    let entry: Entry = json(&scope.kvw(["get", &scope.key("a"), "-o", "json"]).ok());
    let stored = scope.entry("a").unwrap();
    assert_eq!(entry.key, scope.key("a"));
    assert_eq!(entry.bytes(), b"text");
    assert_eq!(entry.encoding.as_deref(), Some("utf8"));
    assert_eq!(entry.create_index, stored["CreateIndex"]);
    assert_eq!(entry.modify_index, stored["ModifyIndex"]);
    assert_eq!(entry.session, None);
}

#[test]
fn a_value_that_is_no_text_is_base64() {
    let scope = scope();
    let entry: Entry = json(&scope.kvw(["get", &scope.key("b"), "-o", "json"]).ok());
    assert_eq!(entry.encoding.as_deref(), Some("base64"));
    assert_eq!(entry.bytes(), b"\xff\x00");
}

#[test]
fn several_keys_are_an_array_sorted_by_key() {
    let scope = scope();
    let args = ["get", &scope.key("b"), &scope.key("a"), "-o", "json"];
    let entries: Vec<Entry> = json(&scope.kvw(args).ok());
    let keys: Vec<_> = entries.iter().map(|entry| &*entry.key).collect();
    assert_eq!(keys, [scope.key("a"), scope.key("b")]);
}

#[test]
fn a_listing_is_an_array_of_entries_and_of_strings() {
    let scope = scope();
    let args = ["get", "--recurse", scope.prefix(), "-o", "json"];
    let entries: Vec<Entry> = json(&scope.kvw(args).ok());
    assert_eq!(entries.len(), 2);
    let args = ["get", "--keys", scope.prefix(), "-o", "json"];
    let names: Vec<String> = json(&scope.kvw(args).ok());
    assert_eq!(names, [scope.key("a"), scope.key("b")]);
}

#[test]
fn jsonl_is_one_value_a_line() {
    let scope = scope();
    let text = scope
        .kvw(["get", "--recurse", scope.prefix(), "-o", "jsonl"])
        .ok();
    let entries: Vec<Entry> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 2);
}

#[test]
fn an_empty_listing_is_an_empty_array_and_no_lines() {
    let scope = scope();
    let none = scope.key("none/");
    for (format, expected) in [("json", "[]\n"), ("jsonl", ""), ("consul", "[]\n")] {
        for what in ["--recurse", "--keys"] {
            let text = scope.kvw(["get", what, &none, "-o", format]).ok();
            assert_eq!(text, expected, "{what} {format}");
        }
    }
}

#[test]
fn put_is_the_entry_as_it_now_stands() {
    let scope = scope();
    let args = ["put", &scope.key("a"), "new", "--flags", "7", "-o", "json"];
    let entry: Entry = json(&scope.kvw(args).ok());
    assert_eq!(entry.bytes(), b"new");
    assert_eq!(entry.flags, 7);
    assert_eq!(entry.modify_index, scope.entry("a").unwrap()["ModifyIndex"]);
}

#[test]
fn delete_names_the_keys_or_counts_them() {
    let scope = scope();
    let deleted: Deleted = json(&scope.kvw(["delete", &scope.key("a"), "-o", "json"]).ok());
    assert_eq!(deleted.deleted, [scope.key("a")]);
    let args = [
        "delete",
        "--recurse",
        scope.prefix(),
        "--dry-run",
        "-o",
        "json",
    ];
    let would: WouldDelete = json(&scope.kvw(args).ok());
    assert_eq!(would.would_delete, [scope.key("b")]);
    let args = ["delete", "--recurse", scope.prefix(), "--yes", "-o", "json"];
    let deleted: DeletedPrefix = json(&scope.kvw(args).ok());
    assert_eq!((&*deleted.prefix, deleted.listed), (scope.prefix(), 1));
}

#[test]
fn txn_is_its_results_or_its_errors() {
    let scope = scope();
    let (set, get) = (
        format!("set {} v", scope.key("c")),
        format!("get {}", scope.key("c")),
    );
    let applied: Applied = json(&scope.kvw(["txn", &set, &get, "-o", "json"]).ok());
    assert!(applied.applied);
    let values: Vec<_> = applied.results.iter().map(Entry::bytes).collect();
    assert_eq!(values, [b"v", b"v"]);
    let absent = format!("check-absent {}", scope.key("c"));
    let output = scope.kvw(["txn", &set, &absent, "-o", "json"]).run();
    output.expect(1);
    let rolled_back: RolledBack = json(&output.text());
    assert!(!rolled_back.applied);
    let failed = &rolled_back.errors[0];
    assert_eq!((failed.op, &*failed.text), (2, &*absent));
    assert!(failed.reason.contains("exists"), "{failed:?}");
}

#[test]
fn what_txn_reads_in_both_shapes_is_what_it_documents() {
    let scope = scope();
    let key = scope.key("d");
    let ours = format!(
        r#"[{{"op":"create","key":"{key}","value":"/w==","encoding":"base64","flags":18446744073709551615}}]"#
    );
    scope.kvw(["txn", "-"]).stdin(ours).ok();
    assert_eq!(scope.value("d").unwrap(), b"\xff");
    assert_eq!(scope.entry("d").unwrap()["Flags"], u64::MAX);
    let consuls = format!(r#"[{{"KV":{{"Verb":"set","Key":"{key}","Value":"eA=="}}}}]"#);
    let kvw = scope.kvw(["txn", "--file", "ops"]).file("ops", consuls);
    kvw.ok();
    assert_eq!(scope.value("d").unwrap(), b"x");
}
