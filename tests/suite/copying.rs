//! kvw cp, kvw mv

use crate::apply::many;
use crate::harness::contract::{Copied, parse_document};
use crate::harness::{AclAgent, Agent, Gate, Kvw, Passage, Scope, prefix_rules};

fn done(scope: &Scope, words: &[&str]) -> Copied {
    let output = scope.kvw([]).args(words).args(["-o", "json"]).run();
    parse_document(&output.expect(0).text())
}

fn copied(copied: u64, moved: u64, skipped: u64, unchanged: u64, transactions: u64) -> Copied {
    Copied {
        copied,
        moved,
        skipped,
        unchanged,
        transactions,
    }
}

fn names(scope: &Scope, folder: &str) -> Vec<String> {
    let prefix = scope.key(folder);
    let text = scope.kvw(["get", "--recurse", "--keys", &prefix]).ok();
    text.lines()
        .map(|key| key.strip_prefix(&prefix).unwrap().to_owned())
        .collect()
}

#[test]
fn a_key_is_copied_and_moved_with_its_flags() {
    let scope = Agent::shared();
    scope.put("a?flags=7", b"\xff\0");
    let (a, b, c) = (scope.key("a"), scope.key("b"), scope.key("c"));
    assert_eq!(done(&scope, &["cp", &a, &b]), copied(1, 0, 0, 0, 1));
    assert_eq!(done(&scope, &["cp", &a, &b]), copied(0, 0, 0, 1, 0));
    assert_eq!(done(&scope, &["mv", &b, &c]), copied(1, 1, 0, 0, 1));
    assert_eq!(scope.value("b"), None);
    assert_eq!(scope.entry("c").unwrap()["Flags"], 7);
    assert_eq!(scope.value("c").unwrap(), b"\xff\0");
    // What is there already is only deleted where it was.
    assert_eq!(done(&scope, &["mv", &a, &c]), copied(0, 1, 0, 1, 1));
    assert_eq!(names(&scope, ""), ["c"]);
}

#[test]
fn a_prefix_is_copied_and_moved_and_a_move_asks() {
    let scope = Agent::shared();
    for key in ["a/x", "a/b/y", "a/", "a/secret"] {
        scope.put(key, key);
    }
    let (a, b, c) = (scope.key("a/"), scope.key("b/"), scope.key("c/"));
    let exclude = scope.key("a/secret");
    assert_eq!(
        done(&scope, &["cp", &a, &b, "--exclude", &exclude]),
        copied(3, 0, 1, 0, 1)
    );
    // For a script that says it to both; a copy asks nothing.
    assert_eq!(
        done(&scope, &["cp", &a, &b, "--exclude", &exclude, "--yes"]),
        copied(0, 0, 1, 3, 0)
    );
    assert_eq!(names(&scope, "b/"), ["", "b/y", "x"]);
    let dry = scope.kvw(["mv", &a, &c, "--dry-run"]).ok();
    assert!(dry.contains("+ ") && dry.contains("- "), "{dry}");
    scope
        .kvw(["mv", &a, &c])
        .run()
        .expect(2)
        .says(&["4 keys", "--yes"]);
    assert_eq!(names(&scope, "c/"), [""; 0]);
    assert_eq!(
        done(&scope, &["mv", &a, &c, "--yes"]),
        copied(4, 4, 0, 0, 1)
    );
    assert_eq!(names(&scope, "a/"), [""; 0]);
    assert_eq!(names(&scope, "c/"), ["", "b/y", "secret", "x"]);
}

#[test]
fn what_exists_and_differs_is_named_and_written_only_on_request() {
    let scope = Agent::shared();
    for (key, value) in [("a/x", "1"), ("a/y", "2"), ("b/x", "other"), ("b/z", "3")] {
        scope.put(key, value);
    }
    let (a, b) = (scope.key("a/"), scope.key("b/"));
    let refused = scope.kvw(["cp", &a, &b]).run();
    refused
        .expect(1)
        .one_line()
        .says(&["1 key exists", "b/x", "--overwrite"]);
    assert_eq!(scope.value("b/y"), None);
    assert_eq!(done(&scope, &["cp", &a, &b, "--overwrite"]).copied, 2);
    assert_eq!(scope.value("b/x").unwrap(), b"1");
    assert_eq!(names(&scope, "b/"), ["x", "y", "z"]);
}

#[test]
fn names_that_do_not_fit_are_refused_before_anything_is_sent() {
    let scope = Agent::shared();
    scope.put("a/x", "1");
    let gate = Gate::before(&scope.address(), |_| Passage::Open);
    for (from, to) in [
        ("a/", "b"),
        ("a", "b/"),
        ("a/", "a/b/"),
        ("a/b/", "a/"),
        ("a", "a"),
    ] {
        for verb in ["cp", "mv"] {
            let output = Kvw::at(gate.address()).args([verb, from, to]).run();
            output.expect(2).one_line();
        }
    }
    Kvw::at(gate.address())
        .args(["cp", "", "b/"])
        .run()
        .expect(2);
    assert_eq!(gate.requests(), [""; 0]);
    let (none, b) = (scope.key("none"), scope.key("b"));
    scope
        .kvw(["cp", &none, &b])
        .run()
        .expect(1)
        .says(&["does not exist"]);
    let (none, b) = (scope.key("none/"), scope.key("b/"));
    scope
        .kvw(["mv", &none, &b, "--yes"])
        .run()
        .expect(1)
        .says(&["no keys below"]);
}

#[test]
fn a_source_that_moves_meanwhile_is_a_conflict() {
    for verb in ["cp", "mv"] {
        let scope = Agent::shared();
        scope.put("a", "1");
        let (key, address) = (scope.key("a"), scope.address());
        let name = key.clone();
        let gate = Gate::before(&scope.address(), move |_| {
            crate::harness::request(&address, "PUT", &format!("/v1/kv/{name}"), &[], b"moved");
            Passage::Open
        });
        let output = Kvw::at(gate.address())
            .args([verb, &key, &scope.key("b")])
            .run();
        output.expect(1).says(&[&key, "nothing copied"]);
        assert_eq!(scope.value("a").unwrap(), b"moved");
        assert_eq!(scope.value("b"), None);
    }
}

#[test]
fn a_held_key_is_neither_copied_nor_overwritten() {
    let scope = Agent::shared();
    let session = scope.create_session();
    scope.put(&format!("held?acquire={session}"), "1");
    scope.put("b", "2");
    let (held, b, c) = (scope.key("held"), scope.key("b"), scope.key("c"));
    for words in [
        &["cp", &held, &c][..],
        &["mv", &held, &c],
        &["cp", &b, &held, "--overwrite"],
    ] {
        let output = scope.kvw([]).args(words).run();
        output
            .expect(1)
            .one_line()
            .says(&["held by a session", "--overwrite-locked"]);
    }
    scope.kvw(["cp", &held, &c, "--overwrite-locked"]).ok();
    assert_eq!(scope.entry("c").unwrap().get("Session"), None);
}

#[test]
fn more_than_a_transaction_is_copied_first_and_then_deleted() {
    let scope = Agent::shared();
    let (a, b) = (scope.key("a/"), scope.key("b/"));
    let document = many(&scope, 200, "v").replace(scope.prefix(), &a);
    scope.kvw(["import"]).stdin(document).ok();
    let refused = scope.kvw(["mv", &a, &b, "--yes", "--atomic"]).run();
    refused.expect(2).says(&["--atomic"]);
    assert_eq!(names(&scope, "b/").len(), 0);
    let journal = tempfile::tempdir().unwrap();
    let journal = journal.path().join("undo");
    let output = scope
        .kvw(["mv", &a, &b, "--yes", "-o", "json", "--undo"])
        .args([&journal])
        .run();
    output
        .expect(0)
        .says(&["moved 200 keys in", "not atomically"]);
    let moved: Copied = parse_document(&output.text());
    assert_eq!((moved.copied, moved.moved), (200, 200));
    assert_eq!(
        (names(&scope, "a/").len(), names(&scope, "b/").len()),
        (0, 200)
    );
    scope.kvw(["undo", "--yes"]).args([&journal]).ok();
    assert_eq!(
        (names(&scope, "a/").len(), names(&scope, "b/").len()),
        (200, 0)
    );
}

#[test]
fn between_two_clusters_a_key_is_deleted_only_when_its_copy_was_read_back() {
    let scope = Agent::shared();
    let other = Agent::own();
    for number in 0..100 {
        scope.put(&format!("a/n{number:03}"), "v");
    }
    let a = scope.key("a/");
    let address = other.address();
    let to = ["--to-http-addr", &address];
    let copy = [&["cp", &a, "copy/"][..], &to].concat();
    assert_eq!(done(&scope, &copy).copied, 100);
    assert_eq!(done(&scope, &copy).unchanged, 100);
    // Someone at the target changes a copy before it is read back.
    let target = other.address();
    let gate = Gate::before(&other.address(), move |number| {
        if number == 2 {
            crate::harness::request(&target, "PUT", "/v1/kv/moved/n000", &[], b"theirs");
        }
        Passage::Open
    });
    let output = scope
        .kvw([
            "mv",
            &a,
            "moved/",
            "--yes",
            "--to-http-addr",
            gate.address(),
        ])
        .run();
    // An older server takes 64 of the 100, a newer one all at once.
    match output.code {
        0 => assert_eq!(names(&scope, "a/"), [""; 0]),
        _ => {
            output.expect(1);
            assert!(!names(&scope, "a/").is_empty());
        }
    }
    for key in names(&scope, "a/") {
        assert!(scope.value(&format!("a/{key}")).is_some());
    }
    scope.put("b/x", "1");
    let words = ["mv", &scope.key("b/"), "b/", "--yes"];
    let undo = [&words[..], &to, &["--undo", "u"]].concat();
    scope
        .kvw([])
        .args(undo)
        .run()
        .expect(2)
        .says(&["two halves"]);
    assert_eq!(
        done(&scope, &[&words[..], &to].concat()),
        copied(1, 1, 0, 0, 2)
    );
    assert_eq!(scope.value("b/x"), None);
    let there = other.http("GET", "/v1/kv/b/x?raw", b"");
    assert_eq!(there.body(), b"1");
}

#[test]
fn a_move_to_the_same_store_by_another_name_deletes_nothing() {
    let scope = Agent::shared();
    for (key, value) in [("a/x", "1"), ("a/b/x", "1"), ("k", "2")] {
        scope.put(key, value);
    }
    let (a, b, k) = (scope.key("a/"), scope.key("a/b/"), scope.key("k"));
    let alias = Gate::before(&scope.address(), |_| Passage::Open);
    let to = ["--to-http-addr", alias.address(), "--yes"];
    for (from, target) in [(&a, &a), (&a, &b), (&b, &b), (&k, &k)] {
        for more in [&[][..], &["--dry-run"], &["--overwrite"]] {
            let words = [&["mv", from, target][..], &to, more].concat();
            let output = scope.kvw([]).args(words).run();
            output
                .expect(2)
                .says(&["the same entry at both stores", "seem to be one"]);
        }
    }
    assert_eq!(scope.value("a/x").unwrap(), b"1");
    assert_eq!(scope.value("a/b/x").unwrap(), b"1");
    assert_eq!(scope.value("k").unwrap(), b"2");
    // Between names that do not meet it is a move like any other.
    let words = ["mv", &*a, &scope.key("c/")];
    assert_eq!(
        done(&scope, &[&words[..], &to].concat()),
        copied(2, 2, 0, 0, 2)
    );
    assert_eq!(names(&scope, "c/"), ["b/x", "x"]);
}

#[test]
fn a_token_that_may_not_delete_at_the_source_copies_nothing_either() {
    let Some(source) = AclAgent::start() else {
        return;
    };
    let target = Agent::own();
    source.put("a/x", "1");
    let token = source.create_token(&source.create_policy(&prefix_rules("read", &["a/"])));
    let address = target.address();
    let words = ["mv", "a/", "b/", "--yes", "--to-http-addr", &address];
    let output = source
        .kvw(words)
        .env("CONSUL_HTTP_TOKEN", &token.secret)
        .run();
    output
        .expect(4)
        .says(&["nothing written", "may not write 1 key: a/x"]);
    assert_eq!(
        target.http("GET", "/v1/kv/b/?keys", b"").status().as_u16(),
        404
    );
}

#[test]
fn a_token_for_another_store_needs_one() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let (a, b) = (scope.key("a"), scope.key("b"));
    let output = scope
        .kvw(["cp", &a, &b, "--to-token-file", "/nowhere"])
        .run();
    output
        .expect(2)
        .says(&["--to-token-file", "--to-datacenter", "--to-http-addr"]);
    assert_eq!(scope.value("b"), None);
}

#[test]
fn the_token_of_one_cluster_is_not_sent_to_another() {
    use crate::harness::Faulty;
    let scope = Agent::shared();
    scope.put("a", "1");
    let target = Faulty::script()
        .on("PUT /v1/txn")
        .lacking("x-consul-token")
        .answers(500, "no")
        .start();
    let output = scope
        .kvw([
            "cp",
            &scope.key("a"),
            "b",
            "--to-http-addr",
            target.address(),
        ])
        .args(["--retry-for", "0"])
        .env("CONSUL_HTTP_TOKEN", "secret-token")
        .run();
    output.expect(3);
    assert!(!output.stderr.contains("secret-token"));
}

#[test]
fn a_move_asks_about_moving_and_an_undo_about_putting_back() {
    let scope = Agent::shared();
    for name in ["a/1", "a/2"] {
        scope.put(name, "x");
    }
    let (a, b, at) = (scope.key("a/"), scope.key("b/"), scope.address());
    let refused = scope.kvw(["mv", &a, &b]).run();
    refused
        .expect(2)
        .one_line()
        .says(&["refusing to move 2 keys from", "--yes"]);
    for (answer, code) in [("n\n", 1), ("y\n", 0)] {
        let asked = scope.kvw(["mv", &a, &b]).on_terminal().stdin(answer);
        let output = asked.run();
        let question = format!("Move 2 keys from {a} to {b} at {at}? [y/N]");
        assert!(output.expect(code).text().contains(&question), "{output}");
        assert!(!output.text().contains("elete"), "{output}");
    }
    assert!(scope.value("a/1").is_none() && scope.value("b/1").is_some());

    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("undo");
    let journal = journal.to_str().unwrap();
    scope.kvw(["mv", &b, &a, "--yes", "--undo", journal]).ok();
    let refused = scope.kvw(["undo", journal]).run();
    refused
        .expect(2)
        .one_line()
        .says(&["refusing to put back 2 keys and delete 2 keys", "--yes"]);
    let output = scope
        .kvw(["undo", journal])
        .on_terminal()
        .stdin("y\n")
        .run();
    let question = format!("Put back 2 keys and delete 2 keys at {at}? [y/N]");
    assert!(output.expect(0).text().contains(&question), "{output}");
}

#[test]
fn many_keys_are_confirmed_by_their_number() {
    let scope = Agent::shared();
    let ops: Vec<_> = (0..120)
        .map(|n| format!("set {} x", scope.key(&format!("a/{n:03}"))))
        .collect();
    for ops in ops.chunks(60) {
        scope.kvw(["txn", "-q"]).args(ops).ok();
    }
    let (a, b) = (scope.key("a/"), scope.key("b/"));
    for (answer, code) in [("y\n", 1), ("119\n", 1), ("120\n", 0)] {
        let output = scope.kvw(["mv", &a, &b]).on_terminal().stdin(answer).run();
        let words = "Type the number of keys to confirm:";
        assert!(output.expect(code).text().contains(words), "{output}");
    }
}
