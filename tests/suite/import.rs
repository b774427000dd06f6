//! kvw import

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::harness::contract::{Entry, Imported, parse_document, parse_line};
use crate::harness::{Agent, Faulty, Kvw, PATIENCE, Scope};

fn counts(written: u64, unchanged: u64, skipped: u64) -> Imported {
    Imported {
        written,
        unchanged,
        skipped,
        unknown: 0,
        refused: 0,
    }
}

/// A document as `consul kv export` writes it.
fn document(entries: &[(String, u64, &[u8])]) -> String {
    let entries: Vec<_> = entries
        .iter()
        .map(|(key, flags, value)| {
            serde_json::json!({"key": key, "flags": flags, "value": STANDARD.encode(value)})
        })
        .collect();
    serde_json::to_string_pretty(&entries).unwrap()
}

fn import(scope: &Scope, document: &str, args: &[&str]) -> Imported {
    let kvw = scope.kvw(["import", "-", "-o", "json"]).args(args);
    parse_document(&kvw.stdin(document).ok())
}

/// Many entries with keys below the test's prefix.
fn many(scope: &Scope, count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let key = scope.key(&format!("n{number:05}"));
        writeln!(
            text,
            r#"{{"key":"{key}","value":"v{number}","encoding":"utf8","flags":{number}}}"#
        )
        .unwrap();
    }
    text
}

#[test]
fn what_was_exported_in_any_shape_is_imported_again() {
    let scope = Agent::shared();
    scope.put("from/a?flags=18446744073709551615", b"\x00\xff");
    scope.put("from/b/", "");
    scope.put("from/ü", "text\n");
    scope
        .kvw(["put", "--exact-key", &scope.key("from/c//d\te"), "odd"])
        .ok();
    let from = scope.key("from/");
    let values = |prefix: &str| {
        let text = scope.kvw(["get", "--recurse", "-o", "jsonl", prefix]).ok();
        let entries = text.lines().map(|line| {
            let entry: Entry = parse_line(line);
            let key = entry.key.strip_prefix(prefix).unwrap().to_owned();
            (key, entry.bytes(), entry.flags)
        });
        entries.collect::<Vec<_>>()
    };
    for (verb, format) in [
        (&["export"][..], "json"),
        (&["export"], "jsonl"),
        (&["export"], "consul"),
        (&["get", "--recurse"], "json"),
        (&["get", "--recurse"], "jsonl"),
    ] {
        let document = scope.kvw([]).args(verb).args([&from, "-o", format]).ok();
        let to = scope.key(&format!("to-{}-{format}/", verb[0]));
        let args = ["--strip", &from, "--prefix", &to];
        assert_eq!(
            import(&scope, &document, &args),
            counts(4, 0, 0),
            "{document}"
        );
        assert_eq!(values(&to), values(&from));
        assert_eq!(import(&scope, &document, &args), counts(0, 4, 0));
    }
}

#[test]
fn what_is_there_and_equal_is_not_written() {
    let scope = Agent::shared();
    scope.put("a?flags=1", "same");
    scope.put("b", "other");
    scope.put("c?flags=2", "same");
    let index = scope.entry("a").unwrap()["ModifyIndex"].clone();
    let doc = document(&[
        (scope.key("a"), 1, b"same"),
        (scope.key("b"), 0, b"same"),
        (scope.key("c"), 3, b"same"),
        (scope.key("d"), 0, b"same"),
    ]);
    assert_eq!(import(&scope, &doc, &[]), counts(3, 1, 0));
    assert_eq!(scope.entry("a").unwrap()["ModifyIndex"], index);
    assert_eq!(scope.entry("c").unwrap()["Flags"], 3);
    assert_eq!(scope.value("d").unwrap(), b"same");
}

#[test]
fn existing_keys_are_left_and_counted_where_only_new_ones_are_wanted() {
    let scope = Agent::shared();
    scope.put("a", "mine");
    scope.put("b", "same");
    let names = ["a", "b", "c"].map(|name| scope.key(name));
    let doc = document(&names.map(|key| (key, 0, &b"same"[..])));
    assert_eq!(import(&scope, &doc, &["--create-only"]), counts(1, 1, 1));
    assert_eq!(scope.value("a").unwrap(), b"mine");
    assert_eq!(scope.value("c").unwrap(), b"same");
}

#[test]
fn a_dry_run_says_what_would_be_written() {
    let scope = Agent::shared();
    scope.put("a", "same");
    let (a, b) = (scope.key("a"), scope.key("b"));
    let doc = document(&[(a, 0, b"same"), (b.clone(), 0, b"new")]);
    assert_eq!(import(&scope, &doc, &["--dry-run"]), counts(1, 1, 0));
    let text = scope.kvw(["import", "--dry-run"]).stdin(&*doc).ok();
    assert_eq!(text, format!("{b}\n"));
    assert_eq!(scope.value("b"), None);
}

#[test]
fn many_keys_go_in_few_transactions() {
    let scope = Agent::shared();
    let output = scope.kvw(["import", "-v"]).stdin(many(&scope, 1000)).run();
    output.expect(0).says(&["1000 written"]);
    // Reads of 64 keys each, and writes of 64 or 128.
    let requests = output.stderr.matches("PUT /v1/txn: ").count();
    assert!(requests < 40, "{requests} requests: {output}");
    let names = scope.kvw(["get", "--keys", scope.prefix()]).ok();
    assert_eq!(names.lines().count(), 1000);
    assert_eq!(scope.value("n00999").unwrap(), b"v999");
    assert_eq!(scope.entry("n00999").unwrap()["Flags"], 999);
}

#[test]
fn several_connections_write_the_same() {
    let scope = Agent::shared();
    let doc = many(&scope, 1000);
    assert_eq!(
        import(&scope, &doc, &["--parallel", "4"]),
        counts(1000, 0, 0)
    );
    assert_eq!(
        import(&scope, &doc, &["--parallel", "4"]),
        counts(0, 1000, 0)
    );
}

#[test]
fn a_rate_is_held() {
    let scope = Agent::shared();
    let started = std::time::Instant::now();
    let counted = import(
        &scope,
        &many(&scope, 300),
        &["--rate", "200", "--parallel", "2"],
    );
    assert_eq!(counted, counts(300, 0, 0));
    // The first lot goes at once, the others wait for their turn.
    assert!(
        started.elapsed().as_millis() >= 500,
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn large_values_go_in_transactions_of_fewer_and_the_largest_alone() {
    let scope = Agent::shared();
    let sizes = [200_000, 200_000, 10, 524_288, 450_000];
    let values: Vec<_> = sizes.iter().map(|size| vec![b'x'; *size]).collect();
    let numbered = values.iter().enumerate();
    let entries: Vec<_> = numbered
        .map(|(number, value)| (scope.key(&number.to_string()), 5, &value[..]))
        .collect();
    assert_eq!(import(&scope, &document(&entries), &[]), counts(5, 0, 0));
    for (number, size) in sizes.iter().enumerate() {
        assert_eq!(scope.value(&number.to_string()).unwrap().len(), *size);
        assert_eq!(scope.entry(&number.to_string()).unwrap()["Flags"], 5);
    }
}

#[test]
fn a_value_over_the_servers_limit_is_named_by_its_key() {
    let scope = Agent::shared();
    let large = vec![b'x'; 524_289];
    let doc = document(&[(scope.key("large"), 0, &large)]);
    let output = scope.kvw(["import"]).stdin(doc).run();
    output
        .expect(2)
        .one_line()
        .says(&[&scope.key("large"), "524289", "1 not written"])
        .says(&["hint: --keep-going writes what can be written"]);
    assert!(!output.stderr.contains("run again"), "{output}");
}

#[test]
fn the_others_are_written_if_the_import_keeps_going() {
    let scope = Agent::shared();
    let large = vec![b'x'; 524_289];
    let (a, b, c) = (scope.key("a"), scope.key("b"), scope.key("c"));
    let doc = document(&[
        (a.clone(), 0, b"1"),
        (b.clone(), 0, &large),
        (c.clone(), 0, b"3"),
    ]);
    for parallel in ["1", "3"] {
        let args = [
            "import",
            "--keep-going",
            "-o",
            "json",
            "--parallel",
            parallel,
        ];
        let output = scope.kvw(args).stdin(&*doc).run();
        output.expect(2).says(&[
            &format!("error: key {b} not written: "),
            "524289",
            "error: import incomplete: ",
            "1 refused",
        ]);
        let counted: Imported = parse_document(&output.text());
        assert_eq!(
            (counted.written + counted.unchanged, counted.refused),
            (2, 1)
        );
    }
    assert_eq!(scope.value("a").unwrap(), b"1");
    assert_eq!(scope.value("b"), None);
    assert_eq!(scope.value("c").unwrap(), b"3");
    let doc = document(&[(a, 0, b"new")]);
    assert_eq!(import(&scope, &doc, &["--keep-going"]), counts(1, 0, 0));
}

#[test]
fn all_or_nothing_is_one_transaction() {
    let scope = Agent::shared();
    let doc = many(&scope, 50);
    assert_eq!(import(&scope, &doc, &["--atomic"]), counts(50, 0, 0));
    assert_eq!(import(&scope, &doc, &["--atomic"]), counts(0, 50, 0));
    let scope = Agent::shared();
    let output = scope
        .kvw(["import", "--atomic"])
        .stdin(many(&scope, 129))
        .run();
    output.expect(2).one_line().says(&["too many operations"]);
    assert_eq!(scope.kvw(["get", "--keys", scope.prefix()]).ok(), "");
}

#[test]
fn a_bad_document_is_refused_before_anything_is_written() {
    for (text, words) in [
        ("", &["empty"][..]),
        ("x", &["not a JSON array"]),
        (
            r#"[{"key":"a","value":"eA=="},{"key":"b","value":"?"}]"#,
            &["entry 2", "base64"],
        ),
        (
            r#"[{"key":"a"},{"key":"b"},{"key":"a"}]"#,
            &["entry 3", "key a", "occurs twice"],
        ),
        (
            r#"[{"key":"b"},{"key":"a"},{"key":"a"}]"#,
            &["entry 3", "key a", "occurs twice"],
        ),
        (r#"[{"key":"a"},{"ke"#, &["entry 2", "ends in the middle"]),
        (r#"[{"key":"a"}"#, &["ends in the middle"]),
        (
            "{\"key\":\"a\"}\n{\"key\":\"b\"\n",
            &["entry 2", "ends in the middle"],
        ),
        (r#"[{"key":""}]"#, &["entry 1", "no key"]),
        (
            r#"[{"key":"a","flags":-1}]"#,
            &["entry 1, line 1 column 2, key a: flags is -1"],
        ),
        (
            "[\n {\"key\":\"a\"},\n {\"key\":\"b\" 1}]",
            &["entry 2, line 3 column 13, key b: expected "],
        ),
        (
            r#"[{"key":"a"},{"key":"b"},{"key":"a"}]"#,
            &["key a occurs twice: entries 1 and 3"],
        ),
        (r#"{"a":"b"}"#, &["an object of names and values", "jq '"]),
        ("<!DOCTYPE html><html>", &["an HTML page"]),
        ("[\0]\0", &["UTF-16", "iconv -f UTF-16LE -t UTF-8"]),
        ("\0[\0]", &["UTF-16", "iconv -f UTF-16BE -t UTF-8"]),
        ("PK\u{3}\u{4}", &["ZIP"]),
        (
            r#"[{"key":"a","namespace":"team"}]"#,
            &["key a belongs to namespace team", "--ignore-namespace"],
        ),
        (
            r#"{"key":"a","value":null,"encoding":null}"#,
            &["entry 1", "not known"],
        ),
    ] {
        for args in [&[][..], &["--dry-run"], &["--atomic"], &["--parallel", "2"]] {
            let kvw = Kvw::at("127.0.0.1:1").args(["import", "file"]).args(args);
            let output = kvw.file("file", text).run();
            output.expect(2).one_line().says(&["file: "]).says(words);
            assert_eq!(output.text(), "");
        }
    }
}

#[test]
fn keys_are_stripped_and_prefixed() {
    let scope = Agent::shared();
    let keys = ["old/", "old/a", "old/b/c"].map(str::to_owned);
    let doc = document(&keys.map(|key| (key, 0, &b"v"[..])));
    let to = scope.key("new/");
    assert_eq!(
        import(&scope, &doc, &["--strip", "old/", "--prefix", &to]),
        counts(3, 0, 0)
    );
    let names = scope.kvw(["get", "--keys", "--recurse", &to]).ok();
    assert_eq!(names, format!("{to}\n{to}a\n{to}b/c\n"));
    let output = Kvw::at("127.0.0.1:1")
        .args(["import", "--strip", "older/"])
        .stdin(&*doc)
        .run();
    output
        .expect(2)
        .one_line()
        .says(&["entry 1", "old/", "--strip"]);
}

#[test]
fn a_server_that_fails_midway_leaves_an_exact_account() {
    let lines: String = (0..200)
        .map(|number| format!("{{\"key\":\"k{number:03}\"}}\n"))
        .collect();
    let none = |from: usize, to: usize| {
        let results: Vec<_> = (from..to)
            .map(|number| format!(r#"{{"KV":{{"Key":"k{number:03}","Value":null,"Flags":0,"LockIndex":0,"CreateIndex":0,"ModifyIndex":0}}}}"#))
            .collect();
        format!(r#"{{"Results":[{}],"Errors":null}}"#, results.join(","))
    };
    // 64 are looked at, then 64 more; then 128 are written.
    let server = Faulty::script()
        .on("PUT /v1/txn")
        .answers(200, &none(0, 64))
        .on("PUT /v1/txn")
        .answers(200, &none(64, 128))
        .on("PUT /v1/txn")
        .answers(200, &none(128, 192))
        .on("PUT /v1/txn")
        .answers(200, &none(0, 128))
        .on("PUT /v1/txn")
        .answers(200, &none(192, 200))
        .on("PUT /v1/txn")
        .closes()
        .start();
    let args = ["import", "-o", "json"];
    let output = Kvw::at(server.address()).args(args).stdin(lines).run();
    output.expect(5).one_line().says(&[
        "128 written",
        "72 unknown",
        "0 not written",
        "hint: run again, it finishes the job",
    ]);
    let counted: Imported = parse_document(&output.text());
    assert_eq!((counted.written, counted.unknown), (128, 72));
}

#[test]
fn a_server_that_is_not_there_leaves_nothing_unknown() {
    let output = Kvw::at("127.0.0.1:1")
        .args(["import"])
        .stdin(r#"[{"key":"a"}]"#)
        .run();
    output
        .expect(3)
        .one_line()
        .says(&["0 written", "0 unknown", "1 not written", "refused"])
        .says(&["; run again, it finishes the job"]);
}

#[test]
fn a_key_that_somebody_else_creates_meanwhile_is_left_alone() {
    let blank = |key: &str| {
        format!(
            r#"{{"KV":{{"Key":"{key}","Value":null,"Flags":0,"LockIndex":0,"CreateIndex":0,"ModifyIndex":0}}}}"#
        )
    };
    let rollback = r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"failed to set key \"a\", index is stale"}]}"#;
    let server = Faulty::script()
        .on("PUT /v1/txn")
        .answers(
            200,
            &format!(
                r#"{{"Results":[{},{}],"Errors":null}}"#,
                blank("a"),
                blank("b")
            ),
        )
        .on("PUT /v1/txn")
        .answers(409, rollback)
        .on("PUT /v1/txn")
        .answers(
            200,
            &format!(r#"{{"Results":[{}],"Errors":null}}"#, blank("b")),
        )
        .start();
    let args = ["import", "--create-only", "-o", "json"];
    let kvw = Kvw::at(server.address())
        .args(args)
        .stdin(r#"[{"key":"a"},{"key":"b"}]"#);
    assert_eq!(parse_document::<Imported>(&kvw.ok()), counts(1, 0, 1));
}

#[test]
fn a_signal_is_died_of_after_an_account() {
    let scope = Agent::shared();
    let kvw = scope
        .kvw(["import", "-v", "--rate", "64"])
        .stdin(many(&scope, 2000));
    let mut running = kvw.spawn();
    running.err_line_with("PUT /v1/txn: 200");
    running.signal("TERM");
    let output = running.wait(PATIENCE);
    assert_eq!(output.signal, Some(15), "{output}");
    output.says(&["import stopped: ", "0 unknown", "not written"]);
}

#[test]
fn wrong_usage_is_reported_before_any_request() {
    for (args, words) in [
        (&["import", "none"][..], "'none'"),
        (&["import", "--keep-going", "--atomic"], "--keep-going"),
        (&["import", "@file"], "omit the @: file"),
        (&["import", "--parallel", "0"], "--parallel"),
        (&["import", "--rate", "0"], "--rate"),
        (&["import", "--atomic", "--parallel", "2"], "--parallel"),
    ] {
        let output = Kvw::at("127.0.0.1:1").args(args).run();
        output.expect(2).says(&[words]);
    }
}

#[test]
fn bytes_that_are_no_json_are_named_with_the_way_to_convert_them() {
    for (bytes, words) in [
        (
            &b"\xff\xfe[\0]\0"[..],
            &["UTF-16", "iconv -f UTF-16 -t UTF-8"][..],
        ),
        (b"\xfe\xff\0[\0]", &["UTF-16", "iconv -f UTF-16 -t UTF-8"]),
        (b"\x1f\x8b\x08\0\0\0\0\0", &["gzip", "gzip -dc"]),
        (b"\x28\xb5\x2f\xfd", &["zstd -dc"]),
    ] {
        for args in [&["import"][..], &["txn", "-"]] {
            let output = Kvw::at("127.0.0.1:1").args(args).stdin(bytes).run();
            output.expect(2).one_line().says(&["stdin: "]).says(words);
        }
    }
}

#[test]
fn a_byte_order_mark_and_line_breaks_in_base64_are_accepted() {
    let scope = Agent::shared();
    let key = scope.key("k");
    let entry = format!(r#"[{{"key":"{key}","flags":0,"value":"aGVs\nbG8=\n"}}]"#);
    assert_eq!(
        import(&scope, &format!("\u{feff}{entry}"), &[]),
        counts(1, 0, 0)
    );
    assert_eq!(scope.value("k").unwrap(), b"hello");
    let ops = format!(
        "\u{feff}[{{\"KV\":{{\"Verb\":\"set\",\"Key\":\"{key}\",\"Value\":\"d29y\\r\\nbGQ=\"}}}}]"
    );
    scope.kvw(["txn", "-"]).stdin(ops).ok();
    assert_eq!(scope.value("k").unwrap(), b"world");
    for value in ["aGVs bG8=", "_-__", "aGVsbG8"] {
        let doc = format!(r#"[{{"key":"{key}","value":"{value}"}}]"#);
        let output = scope.kvw(["import"]).stdin(doc).run();
        output.expect(2).one_line().says(&["not base64", &key]);
    }
}

#[test]
fn a_document_in_place_of_its_name_is_not_printed() {
    let secret = r#"[{"key":"a","value":"c2VjcmV0"}]"#;
    for args in [
        &["import", secret][..],
        &["import", "\n{\"key\":\"c2VjcmV0\"}\n"],
        &["txn", "--file", secret],
        &["txn", secret],
        &["dev", "--listen", "127.0.0.1:0", "--load", secret],
    ] {
        let output = Kvw::at("127.0.0.1:1").args(args).run();
        output
            .expect(2)
            .one_line()
            .says(&["that is the document itself: pipe it in"]);
        assert!(!output.stderr.contains("c2VjcmV0"), "{output}");
    }
}

#[test]
fn long_names_are_cut_in_messages() {
    let long = "x".repeat(200);
    let cut = format!("{}…", "x".repeat(79));
    let doc = format!(r#"[{{"key":"{long}","value":"?"}}]"#);
    for args in [
        &["import", &long][..],
        &["import", "-"],
        &["txn", "--file", &long],
        &["txn", &long],
        &["get", &long],
        &["put", &long, "v"],
        &["delete", &long],
        &["get", "--recurse", &long],
        &["get", "--token-file", &long, "a"],
        &["completions", &long],
        &["get", "a", "-o", &long],
        &[&long],
    ] {
        let output = Kvw::at("127.0.0.1:1").args(args).stdin(&*doc).run();
        output.one_line().says(&[&cut]);
        assert!(!output.stderr.contains(&long[..80]), "{output}");
    }
    let output = Kvw::at("127.0.0.1:1")
        .args(["wait", &long, "--timeout", "0"])
        .run();
    assert!(!output.stderr.contains(&long[..80]), "{output}");
}

#[test]
fn a_small_stdin_needs_no_temporary_folder() {
    let scope = Agent::shared();
    let doc = document(&[(scope.key("a"), 0, b"v")]);
    let kvw = scope.kvw(["import"]).env("TMPDIR", "/none");
    kvw.stdin(doc).ok();
    let mut doc = document(&[(scope.key("b"), 0, b"v")]);
    doc.push_str(&" ".repeat(8 * 1024 * 1024));
    let output = scope
        .kvw(["import"])
        .env("TMPDIR", "/none")
        .stdin(&*doc)
        .run();
    output
        .expect(3)
        .one_line()
        .says(&["/none: ", "hint: TMPDIR=…, or give a file"]);
    scope.kvw(["import"]).stdin(&*doc).ok();
    scope
        .kvw(["import", "f"])
        .env("TMPDIR", "/none")
        .file("f", doc)
        .ok();
}

#[test]
fn members_are_checked_against_the_flags_or_named() {
    let scope = Agent::shared();
    let key = scope.key("a");
    let doc = format!(
        r#"[{{"key":"{key}","namespace":"team","comment":1}},{{"key":"{key}2","comment":2}}]"#
    );
    let output = scope.kvw(["import"]).stdin(&*doc).run();
    output
        .expect(2)
        .says(&["namespace team", "--namespace team", "--ignore-namespace"]);
    assert_eq!(scope.value("a"), None);
    let args = ["import", "--ignore-namespace"];
    let output = scope.kvw(args).stdin(&*doc).run();
    output.expect(0).says(&["warning: ", "comment"]);
    assert_eq!(output.stderr.matches("comment").count(), 1, "{output}");
}

#[test]
fn keys_that_an_import_makes_are_checked() {
    let scope = Agent::shared();
    let doc = document(&[("config/db".to_owned(), 0, b"v")]);
    let to = scope.key("x/");
    let args = ["import", "--strip", "config", "--prefix", &to];
    let output = scope.kvw(args).stdin(&*doc).run();
    output
        .expect(2)
        .says(&["x//db", "contains '//'", "--strip config/", "--exact-key"]);
    scope.kvw(args).args(["--exact-key"]).stdin(&*doc).ok();
    let output = scope.kvw(["import", "--prefix", "/x/"]).stdin(&*doc).run();
    output
        .expect(2)
        .says(&["'/x/config/db', which starts with '/'"]);
    let joined = scope.key("joined");
    let output = scope
        .kvw(["import", "--prefix", &joined])
        .stdin(&*doc)
        .run();
    output.expect(0).says(&[
        "does not end in /: the first key is ",
        &format!("{joined}config/db"),
    ]);
    // A key that stands so in the document stays as it is.
    let doc = document(&[(format!("{}a//b", scope.prefix()), 0, b"v")]);
    scope.kvw(["import"]).stdin(doc).ok();
}

#[test]
fn an_obstacle_of_the_flags_is_refused_also_before_a_key_that_has_one() {
    let scope = Agent::shared();
    let doc = r#"[{"key":"a//b","flags":0,"value":""}]"#;
    let to = scope.key("x/");
    for (args, words) in [
        (["--prefix", "//w/"].as_slice(), "'//w/a//b', which starts"),
        (&["--prefix", "../w/"], "'../w/a//b', which contains a '.'"),
        (
            &["--strip", "a", "--prefix", &to],
            "x///b', which contains '//'",
        ),
    ] {
        let output = scope.kvw(["import"]).args(args).stdin(doc).run();
        output
            .expect(2)
            .says(&[words, "--exact-key allows this key"]);
    }
    assert_eq!(scope.kvw(["get", "--keys", scope.prefix()]).ok(), "");
    // What stands so in the document may be moved.
    assert_eq!(import(&scope, doc, &["--prefix", &to]), counts(1, 0, 0));
    let args = ["--strip", "a", "--prefix", &to, "--exact-key"];
    assert_eq!(import(&scope, doc, &args), counts(1, 0, 0));
}

#[test]
fn keeping_going_is_proposed_only_where_it_helps() {
    let server = Faulty::script()
        .on("")
        .answers(400, "Invalid query parameter")
        .start();
    let output = Kvw::at(server.address())
        .args(["import", "--namespace=x"])
        .stdin(r#"[{"key":"a","flags":0,"value":""}]"#)
        .run();
    output.expect(2).says(&["Invalid query parameter"]);
    assert!(!output.stderr.contains("--keep-going"), "{output}");
    let server = Faulty::script()
        .on("")
        .answers(403, "Permission denied")
        .start();
    let output = Kvw::at(server.address())
        .args(["import", "--keep-going"])
        .stdin(r#"[{"key":"a","flags":0,"value":""}]"#)
        .run();
    output.expect(4).says(&["permission denied"]);
    assert!(!output.stderr.contains("--keep-going"), "{output}");
}

#[test]
fn a_value_over_the_servers_limit_is_named_by_its_key_in_one_transaction_too() {
    let scope = Agent::shared();
    let large = vec![b'x'; 524_289];
    let doc = document(&[(scope.key("a"), 0, b"1"), (scope.key("large"), 0, &large)]);
    let output = scope.kvw(["import", "--atomic"]).stdin(doc).run();
    let words = format!("value of key {} has 524289 bytes", scope.key("large"));
    output.expect(2).one_line().says(&["413", &words]);
    assert_eq!(scope.value("a"), None);
}

#[test]
fn globs_select_what_is_imported_by_its_new_key() {
    let scope = Agent::shared();
    let document = r#"[{"key":"a/x","value":"MQ=="},{"key":"a/secret","value":"Mg=="},{"key":"b","value":"Mw=="}]"#;
    let import = |args: &[&str]| {
        let base = ["import", "--prefix", scope.prefix()];
        scope.kvw(base).args(args).stdin(document).run()
    };
    let include = format!("{}a/**", scope.prefix());
    let globs = ["--include", &include, "--exclude", "**/secret"];
    let output = import(&[&globs[..], &["--dry-run"]].concat());
    assert_eq!(output.expect(0).text(), format!("{}\n", scope.key("a/x")));
    let output = import(&globs);
    output.expect(0).says(&["2 keys left out", "1 written"]);
    assert_eq!(scope.value("a/x").unwrap(), b"1");
    assert_eq!((scope.value("a/secret"), scope.value("b")), (None, None));
    let output = import(&["--exclude", "**"]);
    output.expect(0).says(&["3 keys left out"]);
    import(&["--include", "["]).expect(2);
    // What is left out has to be valid too.
    let output = scope
        .kvw(["import", "--exclude", "**"])
        .stdin("[{\"key\":\"a\",\"value\":\"?\"}]")
        .run();
    output.expect(2);
}
