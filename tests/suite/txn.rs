//! kvw txn

use crate::harness::contract::{Applied, RolledBack, parse_document};
use crate::harness::{Agent, Kvw, Scope};

/// Operations with `%` for the test's prefix.
fn txn(scope: &Scope, ops: &[&str]) -> Kvw {
    let ops = ops.iter().map(|op| op.replace('%', scope.prefix()));
    scope.kvw(["txn"]).args(ops.collect::<Vec<_>>())
}

#[test]
fn all_operations_happen_and_reads_are_printed_in_order() {
    let scope = Agent::shared();
    scope.put("t/b", "old");
    let ops = [
        "get %t/b",
        "set %t/a 'one two'",
        "set %t/b 2 --flags 7",
        "get-tree %t/",
        "get %t/b",
    ];
    let output = txn(&scope, &ops).run();
    output.expect(0).says(&["applied 5 operations"]);
    let p = scope.prefix();
    let expected = format!("{p}t/b:old\n{p}t/a:one two\n{p}t/b:2\n{p}t/b:2\n");
    assert_eq!(output.text(), expected);
    assert_eq!(scope.entry("t/b").unwrap()["Flags"], 7);
}

#[test]
fn a_rollback_changes_nothing_and_names_every_failed_operation() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let ops = [
        "set %b secret",
        "check-absent %a",
        "get %none",
        "create %a secret",
    ];
    let output = txn(&scope, &ops).run();
    output.expect(1);
    let p = scope.prefix();
    output.says(&[
        &format!("operation 2 (check-absent {p}a): "),
        &format!("operation 3 (get {p}none): "),
        &format!("operation 4 (create {p}a): "),
    ]);
    assert!(!output.stderr.contains("secret"), "{output}");
    assert_eq!((output.text().as_str(), scope.value("b")), ("", None));
}

#[test]
fn every_verb_does_what_it_says() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let index = scope.entry("a").unwrap()["ModifyIndex"].to_string();
    let held = scope.create_session();
    let ok = |ops: &[&str]| txn(&scope, ops).run().code;
    assert_eq!(
        ok(&[&format!("check %a {index}"), &format!("cas %a {index} 2")]),
        0
    );
    assert_eq!(ok(&[&format!("cas %a {index} 3")]), 1);
    assert_eq!(ok(&[&format!("delete-cas %a {index}")]), 1);
    assert_eq!(
        ok(&["check-session %a ''", &format!("lock %a {held} mine")]),
        0
    );
    assert_eq!(
        ok(&[&format!("check-session %a {held}"), "check-absent %b"]),
        0
    );
    assert_eq!(ok(&["check-session %a ''"]), 1);
    assert_eq!(scope.value("a").unwrap(), b"mine");
    assert_eq!(ok(&[&format!("unlock %a {held} free")]), 0);
    assert_eq!(scope.value("a").unwrap(), b"free");
    let index = scope.entry("a").unwrap()["ModifyIndex"].to_string();
    assert_eq!(ok(&[&format!("delete-cas %a {index}")]), 0);
    assert_eq!(scope.value("a"), None);
    assert_eq!(ok(&["create %t/a 1", "create %t/b 1", "delete %t/a"]), 0);
    assert_eq!(
        (scope.value("t/a"), scope.value("t/b")),
        (None, Some(b"1".to_vec()))
    );
    assert_eq!(ok(&["delete-tree %t/"]), 0);
    assert_eq!(scope.value("t/b"), None);
}

#[test]
fn a_value_may_be_a_file_base64_or_any_text() {
    let scope = Agent::shared();
    let ops = [
        "set %a @file",
        "set %b --literal @file",
        "set %c --base64 /wA=",
        "set %d -5",
        "set %e ''",
    ];
    txn(&scope, &ops).file("file", b"\x00\xff").ok();
    let values = ["a", "b", "c", "d", "e"].map(|name| scope.value(name).unwrap());
    assert_eq!(
        values,
        [&b"\x00\xff"[..], b"@file", b"\xff\x00", b"-5", b""]
    );
}

#[test]
fn lines_come_from_a_file_or_stdin_and_errors_name_them() {
    let scope = Agent::shared();
    let lines = "# a comment\n\nset %a 1\nget %a\n".replace('%', scope.prefix());
    let expected = format!("{}a:1\n", scope.prefix());
    assert_eq!(scope.kvw(["txn", "-"]).stdin(&*lines).ok(), expected);
    let from_file = scope.kvw(["txn", "--file", "ops"]).file("ops", &lines);
    assert_eq!(from_file.ok(), expected);
    for (text, words) in [
        ("set a 1\nbogus\n", &["stdin: line 2: ", "'bogus'"][..]),
        ("set a 'b\n", &["stdin: line 1: ", "quote"]),
        ("set a 1\n\nset b @none\n", &["stdin: line 3: ", "'none'"]),
        (
            "[{\"op\":\"set\",\"key\":\"a\"}]",
            &["stdin: operation 1, key a: ", "value"],
        ),
        ("[{\"op\":\n", &["stdin: ", "line 2"]),
        ("", &["no operation"]),
    ] {
        let output = Kvw::at("127.0.0.1:1").args(["txn", "-"]).stdin(text).run();
        output.expect(2).one_line().says(words);
    }
    let output = Kvw::at("127.0.0.1:1").args(["txn", "--file", "none"]).run();
    output.expect(2).one_line().says(&["'none'"]);
}

#[test]
fn keys_are_taken_as_they_stand_in_documents_and_checked_on_the_command_line() {
    let scope = Agent::shared();
    let line = format!("set {}a//b v", scope.prefix());
    let output = scope.kvw(["txn", &line]).run();
    output
        .expect(2)
        .one_line()
        .says(&["operation 1", "'//'", "--exact-key"]);
    scope.kvw(["txn", "-"]).stdin(&*line).ok();
    let text = scope.kvw(["get", "--recurse", scope.prefix()]).ok();
    assert_eq!(text, format!("{}a//b:v\n", scope.prefix()));
    scope.kvw(["txn", "--exact-key", &line]).ok();
}

#[test]
fn delete_tree_needs_the_flags_of_a_recursive_delete() {
    let scope = Agent::shared();
    scope.put("web", "1");
    scope.put("web2", "1");
    txn(&scope, &["delete-tree %web"])
        .run()
        .expect(2)
        .says(&["--prefix-match"]);
    assert!(scope.value("web2").is_some());
    txn(&scope, &["delete-tree %web", "--prefix-match"]).ok();
    assert_eq!((scope.value("web"), scope.value("web2")), (None, None));
    for whole in ["delete-tree ''", "[{\"op\":\"delete-tree\",\"key\":\"\"}]"] {
        let output = Kvw::at("127.0.0.1:1").args(["txn", "-"]).stdin(whole).run();
        output.expect(2).one_line().says(&["whole store", "--all"]);
    }
}

#[test]
fn more_than_the_server_takes_is_refused_with_its_words() {
    let scope = Agent::shared();
    let lines: String = (0..129)
        .map(|n| format!("set {}{n} v\n", scope.prefix()))
        .collect();
    let output = scope.kvw(["txn", "-"]).stdin(lines).run();
    output
        .expect(2)
        .one_line()
        .says(&["too many operations (129 > "]);
    let large = format!("set {}k {}\n", scope.prefix(), "x".repeat(500_000));
    let output = scope.kvw(["txn", "-"]).stdin(large).run();
    output.expect(2).one_line().says(&["too large"]);
    assert_eq!(scope.kvw(["get", "--keys", scope.prefix()]).ok(), "");
}

#[test]
fn results_hold_what_was_written_and_what_was_only_checked_has_no_value() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let index = scope.entry("a").unwrap()["ModifyIndex"].to_string();
    let check = format!("check %a {index}");
    let output = txn(&scope, &[&check, "set %b 2", "delete %none", "get %b"]);
    let applied: Applied = parse_document(&output.args(["-o", "json"]).ok());
    let results: Vec<_> = applied
        .results
        .iter()
        .map(|entry| (&*entry.key, entry.value.as_deref()))
        .collect();
    let (a, b) = (scope.key("a"), scope.key("b"));
    assert_eq!(results, [(&*a, None), (&*b, Some("2")), (&*b, Some("2"))]);
}

#[test]
fn a_rollback_in_json_has_the_same_numbers_as_in_text() {
    let scope = Agent::shared();
    let output = txn(&scope, &["set %a 1", "get %none"])
        .args(["-o", "json"])
        .run();
    output.expect(1).says(&["operation 2 "]);
    let rolled_back: RolledBack = parse_document(&output.text());
    assert_eq!(rolled_back.errors[0].op, 2);
    assert_eq!(
        rolled_back.errors[0].text,
        format!("get {}none", scope.prefix())
    );
}

#[test]
fn what_bash_quotes_is_written_as_it_was() {
    let scope = Agent::shared();
    let value = "two\nlines \t'\"$x`\\ \u{e4}\u{20ac} {\"a\":1} \u{1}";
    let script = "printf 'set %q %q\\nset %q %q\\n' \"$1\" \"$2\" \"$3\" $'\\377\\x80'";
    let (a, b) = (scope.key("a b"), scope.key("b"));
    let quoted = std::process::Command::new("bash")
        .args(["-c", script, "bash", &a, value, &b])
        .output()
        .unwrap();
    scope.kvw(["txn", "-"]).stdin(quoted.stdout).ok();
    assert_eq!(scope.kvw(["get", &a]).run().text(), value);
    assert_eq!(scope.value("b").unwrap(), b"\xff\x80");
}

#[test]
fn a_quoted_value_has_two_lines_and_a_byte_order_mark_is_skipped() {
    let scope = Agent::shared();
    let lines = format!("\u{feff}set {} 'one\ntwo'\n", scope.key("k"));
    scope.kvw(["txn", "-"]).stdin(lines).ok();
    assert_eq!(scope.value("k").unwrap(), b"one\ntwo");
    let json = format!(
        "\u{feff}[{{\"op\":\"delete\",\"key\":\"{}\"}}]",
        scope.key("k")
    );
    scope.kvw(["txn", "--file", "-"]).stdin(json).ok();
    assert_eq!(scope.value("k"), None);
}

#[test]
fn a_translated_text_is_refused_and_json_without_quotes_warned_of() {
    let scope = Agent::shared();
    let key = scope.key("k");
    let line = format!("set {key} $\"text\"");
    scope.kvw(["txn", &line]).run().expect(2).one_line();
    assert_eq!(scope.value("k"), None);
    let line = format!("set {key} {{\"a\":1}}");
    let output = scope.kvw(["txn", "-"]).stdin(line).run();
    let form = format!(
        "warning: stdin: line 1: JSON without its quotes: quote it as a whole: set {key} '{{\"a\":1}}'"
    );
    output.expect(0).says(&[&form]);
    assert_eq!(scope.value("k").unwrap(), b"{a:1}");
}
