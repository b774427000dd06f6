//! kvw put

use crate::harness::contract::{Entry, parse_document};
use crate::harness::{Agent, Kvw, Scope};

fn modify_index(scope: &Scope, name: &str) -> String {
    scope.entry(name).unwrap()["ModifyIndex"].to_string()
}

fn flags(scope: &Scope, name: &str) -> u64 {
    scope.entry(name).unwrap()["Flags"].as_u64().unwrap()
}

#[test]
fn a_value_is_literal_a_file_or_stdin() {
    let scope = Agent::shared();
    let key = scope.key("k");
    let bytes: Vec<u8> = (0..=255).collect();
    let output = scope.kvw(["put", &key, "text"]).run();
    output.expect(0).says(&["wrote", &key]);
    assert_eq!(output.text(), "");
    assert_eq!(scope.value("k").unwrap(), b"text");
    scope.kvw(["put", &key, "@file"]).file("file", &bytes).ok();
    assert_eq!(scope.value("k").unwrap(), bytes);
    scope
        .kvw(["put", &key, "-"])
        .stdin([&bytes[..], b"\n"].concat())
        .ok();
    assert_eq!(scope.value("k").unwrap(), [&bytes[..], b"\n"].concat());
    scope.kvw(["put", &key, ""]).ok();
    assert_eq!(scope.value("k").unwrap(), b"");
}

#[test]
fn a_write_that_changes_nothing_is_called_unchanged() {
    let scope = Agent::shared();
    let key = scope.key("k");
    let wrote = format!("wrote {key}\n");
    let unchanged = format!("{key} unchanged\n");
    let put = |args: &[&str]| {
        let output = scope.kvw(["put", &key]).args(args).run();
        output.expect(0);
        output.stderr
    };
    assert_eq!(put(&["v"]), wrote);
    let index = modify_index(&scope, "k");
    assert_eq!(put(&["v"]), unchanged);
    assert_eq!(put(&["v", "--keep-flags"]), unchanged);
    assert_eq!(put(&["v", "--cas", "--modify-index", &index]), unchanged);
    assert_eq!(modify_index(&scope, "k"), index);
    assert_eq!(put(&["w", "--cas", "--modify-index", &index]), wrote);
    assert_eq!(put(&["w", "--flags", "7"]), wrote);
    assert_eq!(put(&["w", "--flags", "7"]), unchanged);
    assert_eq!(put(&["w", "--keep-flags"]), unchanged);
    assert_eq!(put(&["w"]), wrote, "the flags are reset");
    assert_eq!(flags(&scope, "k"), 0);
    scope.kvw(["delete", &key]).ok();
    assert_eq!(put(&["w", "--create"]), wrote);
    // Values of the size of a server's limit are compared too, where it takes them.
    let large = "x".repeat(300 * 1024);
    let put = || {
        scope
            .kvw(["put", &key, "-"])
            .stdin(large.clone())
            .run()
            .stderr
    };
    assert_eq!((put(), put()), (wrote, unchanged));
}

#[test]
fn whether_a_write_changes_something_takes_no_request_of_its_own() {
    let scope = Agent::shared();
    let key = scope.key("k");
    let requests = |args: &[&str]| {
        let output = scope.kvw(["put", "-v", &key]).args(args).run();
        let lines = output.stderr.lines();
        lines.filter(|line| line.contains(" /v1/")).count()
    };
    // One transaction, which a missing key rolls back.
    assert_eq!(requests(&["a"]), 2);
    assert_eq!(requests(&["b"]), 1);
    assert_eq!(requests(&["b"]), 1);
    let index = modify_index(&scope, "k");
    assert_eq!(requests(&["c", "--cas", "--modify-index", &index]), 1);
    assert_eq!(requests(&["d", "-q"]), 1);
    scope.kvw(["delete", &key]).ok();
    assert_eq!(requests(&["d", "--create"]), 1);
}

#[test]
fn a_write_above_what_a_transaction_takes_is_one_of_its_own() {
    let scope = Agent::shared();
    let key = scope.key("k");
    let large = "x".repeat(500 * 1024);
    for _ in 0..2 {
        let output = scope.kvw(["put", &key, "-"]).stdin(large.clone()).run();
        output.expect(0).says(&["wrote", &key]);
    }
    assert_eq!(scope.value("k").unwrap().len(), large.len());
}

#[test]
fn a_literal_value_is_taken_as_it_stands() {
    let scope = Agent::shared();
    let key = scope.key("k");
    for value in ["@file", "-", "--flags", "-o", "-5", "a=b"] {
        scope.kvw(["put", "--literal", "--", &key, value]).ok();
        assert_eq!(scope.value("k").unwrap(), value.as_bytes());
    }
}

#[test]
fn a_negative_number_behind_the_key_is_a_value() {
    let scope = Agent::shared();
    let key = scope.key("k");
    for value in ["-5", "-0.25", "-1e9", "-1abc", "-.5", "-inf", "-1-2"] {
        scope.kvw(["put", &key, value, "--flags", "1"]).ok();
        assert_eq!(scope.value("k").unwrap(), value.as_bytes());
    }
}

#[test]
fn base64_is_decoded_first_and_nothing_is_written_if_it_is_none() {
    let scope = Agent::shared();
    let key = scope.key("k");
    scope.kvw(["put", "--base64", &key, "/wA="]).ok();
    assert_eq!(scope.value("k").unwrap(), b"\xff\x00");
    scope
        .kvw(["put", "--base64", &key, "-"])
        .stdin("aGVs\r\nbG8=\n")
        .ok();
    assert_eq!(scope.value("k").unwrap(), b"hello");
    for text in ["aGVsbG8gd29ybGQ!!", "aGVsbG8", "aGVs bG8=", "_w=="] {
        let output = scope.kvw(["put", "--base64", &key, text]).run();
        output.expect(2).one_line().says(&["not base64"]);
    }
    assert_eq!(scope.value("k").unwrap(), b"hello");
}

#[test]
fn without_a_value_only_a_folder_is_written() {
    let scope = Agent::shared();
    let output = scope.kvw(["put", &scope.key("k")]).run();
    output
        .expect(2)
        .one_line()
        .says(&[&scope.key("k"), "VALUE", "hint: ", "''"]);
    assert_eq!(scope.value("k"), None);
    scope.kvw(["put", &scope.key("f/")]).ok();
    assert_eq!(scope.value("f/").unwrap(), b"");
}

#[test]
fn a_file_that_cannot_be_read_is_wrong_input() {
    let scope = Agent::shared();
    let output = scope.kvw(["put", &scope.key("k"), "@none"]).run();
    output
        .expect(2)
        .one_line()
        .says(&["'none'", "No such file"]);
    assert_eq!(scope.value("k"), None);
}

#[test]
fn create_writes_only_what_does_not_exist() {
    let scope = Agent::shared();
    let key = scope.key("k");
    scope.kvw(["put", "--create", &key, "first"]).ok();
    let output = scope.kvw(["put", "--create", &key, "second"]).run();
    output.expect(1).one_line().says(&[&key, "exists"]);
    assert_eq!(output.text(), "");
    assert_eq!(scope.value("k").unwrap(), b"first");
}

#[test]
fn a_lost_cas_changes_nothing_and_exits_one() {
    let scope = Agent::shared();
    scope.put("k", "one");
    let (key, index) = (scope.key("k"), modify_index(&scope, "k"));
    let cas = |index: &str, value: &str| {
        let args = ["put", "--cas", "--modify-index", index, &key, value];
        scope.kvw(args).run()
    };
    cas(&index, "two").expect(0);
    cas(&index, "three")
        .expect(1)
        .one_line()
        .says(&[&key, &index]);
    cas("0", "four").expect(1).one_line().says(&["exists"]);
    assert_eq!(scope.value("k").unwrap(), b"two");
    let missing = [
        "put",
        "--cas",
        "--modify-index",
        &index,
        &scope.key("none"),
        "v",
    ];
    scope.kvw(missing).run().expect(1);
    assert_eq!(scope.value("none"), None);
    let output = scope
        .kvw(["put", "--create", &key, "x", "-o", "json"])
        .run();
    output.expect(1);
    assert_eq!(output.text(), "");
}

#[test]
fn flags_have_64_bits_and_are_kept_only_on_demand() {
    let scope = Agent::shared();
    let key = scope.key("k");
    let most = u64::MAX.to_string();
    scope.kvw(["put", &key, "a", "--flags", &most]).ok();
    assert_eq!(flags(&scope, "k"), u64::MAX);
    let entry: Entry = parse_document(&scope.kvw(["get", &key, "-o", "json"]).ok());
    assert_eq!(entry.flags, u64::MAX);
    scope.kvw(["put", &key, "b", "--keep-flags"]).ok();
    assert_eq!(
        (flags(&scope, "k"), scope.value("k").unwrap()),
        (u64::MAX, b"b".to_vec())
    );
    let index = modify_index(&scope, "k");
    let args = [
        "put",
        &key,
        "c",
        "--keep-flags",
        "--cas",
        "--modify-index",
        &index,
    ];
    scope.kvw(args).ok();
    assert_eq!(
        (flags(&scope, "k"), scope.value("k").unwrap()),
        (u64::MAX, b"c".to_vec())
    );
    scope.kvw(args).run().expect(1);
    scope.kvw(["put", &key, "d"]).ok();
    assert_eq!(flags(&scope, "k"), 0);
    scope
        .kvw(["put", &scope.key("new"), "v", "--keep-flags"])
        .ok();
    assert_eq!(flags(&scope, "new"), 0);
    scope
        .kvw(["put", &key, "e", "--flags", "18446744073709551616"])
        .run()
        .expect(2);
}

#[test]
fn a_lock_is_taken_once_and_given_back_with_value_and_flags_left() {
    let scope = Agent::shared();
    let key = scope.key("k");
    let (one, two) = (scope.create_session(), scope.create_session());
    let args = [
        "put",
        "--acquire",
        "--session",
        &one,
        &key,
        "mine",
        "--flags",
        "7",
    ];
    scope.kvw(args).ok();
    assert_eq!(scope.entry("k").unwrap()["Session"], *one);
    let output = scope
        .kvw(["put", "--acquire", "--session", &two, &key, "no"])
        .run();
    output.expect(1).one_line().says(&["lock", &key]);
    let output = scope
        .kvw(["put", "--release", "--session", &two, &key])
        .run();
    output.expect(1).one_line().says(&[&key, &two]);
    assert_eq!(scope.value("k").unwrap(), b"mine");
    let args = ["put", "--release", "--session", &one, &key, "-o", "json"];
    let entry: Entry = parse_document(&scope.kvw(args).ok());
    assert_eq!(
        (entry.bytes(), entry.flags, entry.session),
        (b"mine".to_vec(), 7, None)
    );
    let args = [
        "put",
        "--acquire",
        "--session",
        &two,
        &key,
        "next",
        "--keep-flags",
    ];
    scope.kvw(args).ok();
    assert_eq!(
        (flags(&scope, "k"), scope.value("k").unwrap()),
        (7, b"next".to_vec())
    );
    scope
        .kvw(["put", "--release", "--session", &two, &key, "last"])
        .ok();
    assert_eq!(
        (flags(&scope, "k"), scope.value("k").unwrap()),
        (0, b"last".to_vec())
    );
}

#[test]
fn a_lock_is_taken_without_a_value() {
    let scope = Agent::shared();
    let (new, old) = (scope.key("new"), scope.key("old"));
    scope.kvw(["put", &old, "v", "--flags", "7"]).ok();
    let session = scope.create_session();
    for key in [&new, &old] {
        scope
            .kvw(["put", "--acquire", "--session", &session, key])
            .run()
            .expect(0)
            .says(&["acquired the lock"]);
    }
    assert_eq!(scope.value("new").unwrap(), b"");
    assert_eq!(scope.value("old").unwrap(), b"v");
    assert_eq!(flags(&scope, "old"), 7);
    assert_eq!(scope.entry("new").unwrap()["Session"], *session);
    let other = scope.create_session();
    let args = ["put", "--acquire", "--session", &other, &old];
    scope.kvw(args).run().expect(1);
}

#[test]
fn a_session_that_does_not_exist_takes_no_lock_and_exits_one() {
    let scope = Agent::shared();
    for id in ["00000000-0000-4000-8000-000000000000", "nonsense"] {
        for kind in ["--acquire", "--release"] {
            for keep in [&["v"][..], &["v", "--keep-flags"]] {
                let args = ["put", kind, "--session", id, &scope.key("k")];
                let output = scope.kvw(args).args(keep).run();
                output.expect(1).one_line();
            }
        }
    }
    assert_eq!(scope.value("k"), None);
}

#[test]
fn a_value_over_the_servers_limit_is_refused_with_its_words_and_not_written() {
    let scope = Agent::shared();
    let key = scope.key("k");
    let most = vec![b'x'; 512 * 1024];
    scope.kvw(["put", &key, "-"]).stdin(most.clone()).ok();
    assert_eq!(scope.value("k").unwrap().len(), most.len());
    let output = scope
        .kvw(["put", &key, "-"])
        .stdin([&most[..], b"y"].concat())
        .run();
    output
        .expect(2)
        .one_line()
        .says(&[&key, "524289", "524288"]);
    assert_eq!(scope.value("k").unwrap().len(), most.len());
}

#[test]
fn a_control_character_in_a_key_cannot_drive_the_terminal_through_a_message() {
    let scope = Agent::shared();
    let output = scope
        .kvw(["put", "--exact-key", &scope.key("\x1b[2Jk"), "v"])
        .run();
    output.expect(0).says(&["\\x1b[2J"]);
    assert!(!output.stderr.contains('\x1b'), "{output}");
}

#[test]
fn wrong_usage_is_reported_before_any_request() {
    for (args, words) in [
        (&["put"][..], "<KEY>"),
        (&["put", "k", "v", "w"], "'w'"),
        (&["put", "k", "v", "--cas"], "--modify-index"),
        (&["put", "k", "v", "--modify-index", "7"], "--cas"),
        (
            &["put", "k", "v", "--cas", "--modify-index", "x"],
            "--modify-index",
        ),
        (
            &["put", "k", "v", "--cas", "--modify-index", "7", "--create"],
            "--create",
        ),
        (&["put", "k", "v", "--acquire"], "--session"),
        (
            &["put", "k", "v", "--session", "s"],
            "--acquire or --release",
        ),
        (
            &["put", "k", "v", "--acquire", "--release", "--session", "s"],
            "--release",
        ),
        (
            &["put", "k", "v", "--flags", "1", "--keep-flags"],
            "--keep-flags",
        ),
        (&["put", "/k", "v"], "did you mean 'k'?"),
        (&["put", "", "v"], "empty"),
        (&["put", "k", "v", "-o", "jsonl"], "jsonl"),
    ] {
        let output = Kvw::at("127.0.0.1:1").args(args).run();
        output.expect(2).says(&[words]);
        assert_eq!(output.text(), "");
    }
}

#[test]
fn quiet_silences_what_was_done_and_not_what_failed() {
    let scope = Agent::shared();
    let output = scope.kvw(["-q", "put", &scope.key("k"), "v"]).run();
    assert_eq!(output.expect(0).stderr, "");
    let output = scope
        .kvw(["-q", "put", "--create", &scope.key("k"), "v"])
        .run();
    output.expect(1).one_line();
}
