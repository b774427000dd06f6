//! Every JSON output of single commands, parsed with the types of the contract.

use crate::harness::contract::{
    Applied, Deleted, DeletedPrefix, Entry, RolledBack, WouldDelete, parse_document, parse_line,
};
use crate::harness::{Agent, Scope};

fn scope() -> Scope {
    let scope = Agent::shared();
    scope.put("a", "text");
    scope.put("b", b"\xff\x00");
    scope
}

#[test]
fn one_key_is_an_entry() {
    let scope = scope();
    let entry: Entry = parse_document(&scope.kvw(["get", &scope.key("a"), "-o", "json"]).ok());
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
    let entry: Entry = parse_document(&scope.kvw(["get", &scope.key("b"), "-o", "json"]).ok());
    assert_eq!(entry.encoding.as_deref(), Some("base64"));
    assert_eq!(entry.bytes(), b"\xff\x00");
}

#[test]
fn several_keys_are_an_array_sorted_by_key() {
    let scope = scope();
    let args = ["get", &scope.key("b"), &scope.key("a"), "-o", "json"];
    let entries: Vec<Entry> = parse_document(&scope.kvw(args).ok());
    let keys: Vec<_> = entries.iter().map(|entry| &*entry.key).collect();
    assert_eq!(keys, [scope.key("a"), scope.key("b")]);
}

#[test]
fn a_listing_is_an_array_of_entries_and_of_strings() {
    let scope = scope();
    let args = ["get", "--recurse", scope.prefix(), "-o", "json"];
    let entries: Vec<Entry> = parse_document(&scope.kvw(args).ok());
    assert_eq!(entries.len(), 2);
    let args = ["get", "--keys", scope.prefix(), "-o", "json"];
    let names: Vec<String> = parse_document(&scope.kvw(args).ok());
    assert_eq!(names, [scope.key("a"), scope.key("b")]);
}

#[test]
fn jsonl_is_one_value_a_line() {
    let scope = scope();
    let text = scope
        .kvw(["get", "--recurse", scope.prefix(), "-o", "jsonl"])
        .ok();
    let entries: Vec<Entry> = text.lines().map(parse_line).collect();
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
    let entry: Entry = parse_document(&scope.kvw(args).ok());
    assert_eq!(entry.bytes(), b"new");
    assert_eq!(entry.flags, 7);
    assert_eq!(entry.modify_index, scope.entry("a").unwrap()["ModifyIndex"]);
}

#[test]
fn delete_names_the_keys_or_counts_them() {
    let scope = scope();
    let deleted: Deleted =
        parse_document(&scope.kvw(["delete", &scope.key("a"), "-o", "json"]).ok());
    assert_eq!(deleted.deleted, [scope.key("a")]);
    let (a, none) = (scope.key("a"), scope.key("none"));
    for args in [
        &["delete", &*a, "-o", "json"][..],
        &["delete", &a, &none, "-q", "-o", "json"],
    ] {
        let deleted: Deleted = parse_document(&scope.kvw([]).args(args).ok());
        assert_eq!(deleted.deleted, [""; 0]);
    }
    let args = [
        "delete",
        "--recurse",
        scope.prefix(),
        "--dry-run",
        "-o",
        "json",
    ];
    let would: WouldDelete = parse_document(&scope.kvw(args).ok());
    assert_eq!(would.would_delete, [scope.key("b")]);
    let args = ["delete", "--recurse", scope.prefix(), "--yes", "-o", "json"];
    let deleted: DeletedPrefix = parse_document(&scope.kvw(args).ok());
    assert_eq!((&*deleted.prefix, deleted.listed), (scope.prefix(), 1));
}

#[test]
fn txn_is_its_results_or_its_errors() {
    let scope = scope();
    let (set, get) = (
        format!("set {} v", scope.key("c")),
        format!("get {}", scope.key("c")),
    );
    let applied: Applied = parse_document(&scope.kvw(["txn", &set, &get, "-o", "json"]).ok());
    assert!(applied.applied);
    let values: Vec<_> = applied.results.iter().map(Entry::bytes).collect();
    assert_eq!(values, [b"v", b"v"]);
    let absent = format!("check-absent {}", scope.key("c"));
    let output = scope.kvw(["txn", &set, &absent, "-o", "json"]).run();
    output.expect(1);
    let rolled_back: RolledBack = parse_document(&output.text());
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
