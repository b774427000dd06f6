//! kvw apply

use serde_json::json;

use crate::harness::contract::{Batch, Plan, PlanOutcome, parse_document, parse_line};
use crate::harness::{
    AclAgent, Agent, Faulty, Gate, Kvw, PATIENCE, Passage, Scope, is_alive, prefix_rules,
    wait_for_exit, wait_for_file, wait_for_text,
};

/// A document of entries below the prefix of a test.
pub fn document(scope: &Scope, entries: &[(&str, &str)]) -> String {
    let entries = entries.iter().map(|(key, value)| {
        json!({"key": scope.key(key), "value": value, "encoding": "utf8", "flags": 0}).to_string()
            + "\n"
    });
    entries.collect()
}

/// A document of many entries, and what they are.
pub fn many(scope: &Scope, count: usize, value: &str) -> String {
    let keys: Vec<_> = (0..count).map(|number| format!("n{number:04}")).collect();
    let entries: Vec<_> = keys.iter().map(|key| (&**key, value)).collect();
    document(scope, &entries)
}

fn apply(scope: &Scope, document: &str, args: &[&str]) -> Kvw {
    let kvw = scope.kvw(["apply", "-", "--format", "jsonl"]).args(args);
    kvw.stdin(document)
}

fn outcome(kvw: Kvw, exit: i32) -> PlanOutcome {
    let output = kvw.args(["-o", "json"]).run();
    output.expect(exit);
    parse_document(&output.text())
}

#[test]
fn only_what_differs_is_written_in_one_transaction() {
    let scope = Agent::shared();
    scope.put("same", "1");
    scope.put("old", "1");
    scope.put("other", "1");
    let before = scope.entry("same");
    let wanted = document(&scope, &[("same", "1"), ("old", "2"), ("new", "3")]);
    let done = outcome(apply(&scope, &wanted, &[]), 0);
    assert_eq!(
        (
            &*done.outcome,
            done.written,
            done.deleted,
            done.unchanged,
            done.transactions
        ),
        ("applied", 2, 0, 1, 1)
    );
    let index = scope.entry("new").unwrap()["ModifyIndex"].as_u64();
    assert_eq!(done.index, index);
    assert_eq!(scope.entry("same"), before);
    assert_eq!(scope.value("other").unwrap(), b"1");
    let again = outcome(apply(&scope, &wanted, &[]), 0);
    assert_eq!(
        (&*again.outcome, again.transactions, again.index),
        ("unchanged", 0, None)
    );
}

#[test]
fn prune_deletes_what_no_source_has_and_needs_consent() {
    let scope = Agent::shared();
    for (key, value) in [("a", "1"), ("b", "2"), ("folder/", "")] {
        scope.put(key, value);
    }
    let wanted = document(&scope, &[("a", "1")]);
    let prune = ["--scope", scope.prefix(), "--prune"];
    let refused = apply(&scope, &wanted, &prune).run();
    refused.expect(2).one_line().says(&["1 key", "--yes"]);
    let output = apply(&scope, &wanted, &prune)
        .args(["--dry-run", "-o", "json"])
        .run();
    let plan: Plan = parse_document(&output.expect(0).text());
    assert_eq!(plan.changes.len(), 1);
    assert_eq!(
        (&*plan.changes[0].op, &*plan.changes[0].key),
        ("delete", &*scope.key("b"))
    );
    assert_eq!(plan.skipped[0].reason, "folder");
    assert!(scope.value("b").is_some());
    let done = outcome(apply(&scope, &wanted, &prune).args(["--yes"]), 0);
    assert_eq!((done.written, done.deleted, done.unchanged), (0, 1, 1));
    assert_eq!(scope.value("b"), None);
    assert!(scope.value("folder/").is_some());
}

#[test]
fn a_source_that_is_broken_or_empty_sends_nothing() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let gate = Gate::before(&scope.address(), |_| Passage::Open);
    let run = |document: &str, args: &[&str]| {
        let kvw = Kvw::at(gate.address())
            .args(["apply", "-", "--format", "jsonl"])
            .args(args);
        kvw.stdin(document).run()
    };
    let prune = ["--scope", scope.prefix(), "--prune", "--yes"];
    run("[", &prune).expect(2).one_line();
    run("[]", &prune)
        .expect(2)
        .says(&["no keys", "--allow-empty"]);
    let twice = document(&scope, &[("a", "1"), ("a", "2")]);
    run(&twice, &[])
        .expect(2)
        .says(&["stdin:2: key", "stdin:1"]);
    run(&document(&scope, &[("b", "1")]), &["--prune"])
        .expect(2)
        .says(&["--scope"]);
    let neighbours = scope.prefix().trim_end_matches('/');
    run("[]", &["--scope", neighbours])
        .expect(2)
        .says(&["does not end in /"]);
    let unread = Kvw::at(gate.address()).args(["apply", "none.json"]).run();
    unread.expect(2).one_line();
    run(&document(&scope, &[("b", "1")]), &["--stale"]).expect(2);
    assert_eq!(gate.requests(), [""; 0]);
    run("[]", &prune).expect(2);
    run(
        "[]",
        &[
            "--scope",
            scope.prefix(),
            "--prune",
            "--yes",
            "--allow-empty",
        ],
    )
    .expect(0);
    assert_eq!(scope.value("a"), None);
}

#[test]
fn more_deletes_than_allowed_write_nothing() {
    let scope = Agent::shared();
    for number in 0..20 {
        scope.put(&format!("k{number:02}"), "v");
    }
    let keys: Vec<_> = (0..20).map(|number| format!("k{number:02}")).collect();
    let keep = |count: usize| {
        let kept: Vec<_> = keys[..count].iter().map(|key| (&**key, "v")).collect();
        document(&scope, &kept)
    };
    let prune = ["--scope", scope.prefix(), "--prune", "--yes"];
    // 11 of 20: more than ten, and more than half.
    let refused = apply(&scope, &keep(9), &prune).run();
    refused.expect(1).one_line().says(&[
        "11 of 20 keys",
        "more than half",
        "k09",
        "--max-delete 11",
    ]);
    let refused = apply(&scope, &keep(18), &prune)
        .args(["--max-delete", "1"])
        .run();
    refused.expect(1).says(&["2 of 20 keys", "--max-delete 1"]);
    let refused = apply(&scope, &keep(18), &prune)
        .args(["--max-delete", "5%"])
        .run();
    refused.expect(1);
    assert_eq!(outcome(apply(&scope, &keep(10), &prune), 0).deleted, 10);
    let all = apply(&scope, &keep(1), &prune).args(["--max-delete", "100%"]);
    assert_eq!(outcome(all, 0).deleted, 9);
}

#[test]
fn a_key_that_moved_since_it_was_planned_is_a_conflict() {
    for change in ["update", "delete", "recreate"] {
        let scope = Agent::shared();
        let file = scope.key("plan").replace('/', "-");
        scope.put("a", "1");
        scope.put("b", "1");
        let wanted = document(&scope, &[("a", "2"), ("b", "2"), ("c", "2")]);
        let folder = tempfile::tempdir().unwrap();
        let plan = folder.path().join(file);
        let plan = plan.to_str().unwrap();
        apply(&scope, &wanted, &["--dry-run", "--save", plan]).ok();
        if change != "update" {
            scope.delete("b");
        }
        if change != "delete" {
            scope.put("b", if change == "update" { "theirs" } else { "1" });
        }
        let output = scope.kvw(["apply", "--plan", plan, "-o", "json"]).run();
        output
            .expect(1)
            .says(&[&scope.key("b"), "nothing written: 1 key changed"]);
        let conflict: PlanOutcome = parse_document(&output.text());
        assert_eq!(conflict.outcome, "conflict");
        assert_eq!(conflict.conflicts.len(), 1);
        assert_eq!(conflict.conflicts[0].key, scope.key("b"));
        assert_eq!(conflict.conflicts[0].found.is_none(), change == "delete");
        assert_eq!(scope.value("a").unwrap(), b"1");
        assert_eq!(scope.value("c"), None);
    }
}

#[test]
fn a_plan_is_applied_once_and_without_values_only_with_its_sources() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("gone", "1");
    let wanted = document(&scope, &[("a", "secret-value")]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (whole, hashes) = (path("whole"), path("hashes"));
    let prune = ["--scope", scope.prefix(), "--prune", "--dry-run", "--save"];
    apply(&scope, &wanted, &prune).args([&whole]).ok();
    apply(&scope, &wanted, &prune)
        .args([&hashes, "--without-values"])
        .ok();
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(&whole).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        std::fs::read_to_string(&whole)
            .unwrap()
            .contains("secret-value")
    );
    assert!(
        !std::fs::read_to_string(&hashes)
            .unwrap()
            .contains("secret-value")
    );
    scope
        .kvw(["apply", "--plan", &hashes])
        .run()
        .expect(2)
        .says(&["without values"]);
    let other = document(&scope, &[("a", "other")]);
    let with = |document: &str| {
        scope
            .kvw(["apply", "-", "--format", "jsonl", "--plan", &hashes])
            .stdin(document)
            .run()
    };
    with(&other)
        .expect(2)
        .says(&["another value", &scope.key("a")]);
    assert_eq!(scope.value("a").unwrap(), b"1");
    // Who names a plan has seen what it deletes.
    with(&wanted)
        .expect(0)
        .says(&["wrote 1, deleted 1 in 1 transaction"]);
    assert_eq!(scope.value("a").unwrap(), b"secret-value");
    scope.kvw(["apply", "--plan", &whole]).run().expect(1);
    let elsewhere = scope
        .kvw(["apply", "--plan", &whole, "--datacenter", "dc9"])
        .run();
    elsewhere.expect(2).says(&["datacenter"]);
    std::fs::write(&whole, "{}").unwrap();
    scope
        .kvw(["apply", "--plan", &whole])
        .run()
        .expect(2)
        .one_line();
}

#[test]
fn a_plan_that_writes_no_key_takes_its_sources_again() {
    let folder = tempfile::tempdir().unwrap();
    for (name, deletes) in [("deletes", true), ("nothing", false)] {
        let scope = Agent::shared();
        scope.put("a", "1");
        if deletes {
            scope.put("gone", "1");
        }
        let wanted = document(&scope, &[("a", "1")]);
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let prune = ["--scope", scope.prefix(), "--prune"];
        let save = ["--dry-run", "--save", path, "--without-values"];
        apply(&scope, &wanted, &prune).args(save).ok();
        let other = document(&scope, &[("a", "2")]);
        let refused = apply(&scope, &other, &prune).args(["--plan", path]).run();
        refused.expect(2).says(&["sources have changed"]);
        let done = outcome(apply(&scope, &wanted, &prune).args(["--plan", path]), 0);
        assert_eq!(done.deleted, u64::from(deletes));
        assert_eq!(scope.value("gone"), None);
    }
}

#[test]
fn the_deletes_of_a_plan_are_counted_among_the_keys_that_there_were() {
    let scope = Agent::shared();
    let all = many(&scope, 60, "v");
    apply(&scope, &all, &[]).ok();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let prune = ["--scope", scope.prefix(), "--prune", "--dry-run", "--save"];
    let (some, most) = (path("some"), path("most"));
    apply(&scope, &many(&scope, 45, "v"), &prune)
        .args([&some])
        .ok();
    apply(&scope, &many(&scope, 29, "v"), &prune)
        .args([&most])
        .ok();
    let with = |plan: &str, more: &[&str]| scope.kvw(["apply", "--plan", plan]).args(more).run();
    with(&most, &[]).expect(1).says(&["31 of 60 keys"]);
    with(&some, &["--max-delete", "20%"])
        .expect(1)
        .says(&["15 of 60 keys", "--max-delete 20%"]);
    with(&some, &[])
        .expect(0)
        .says(&["deleted 15 in 1 transaction"]);
}

#[test]
fn of_a_saved_plan_what_is_excluded_is_left_alone() {
    let scope = Agent::shared();
    let wanted = document(&scope, &[("a", "1"), ("b", "1"), ("c", "1")]);
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan");
    let plan = plan.to_str().unwrap();
    apply(&scope, &wanted, &["--dry-run", "--save", plan]).ok();
    let excluded = ["apply", "--plan", plan, "--exclude", "**/b"];
    scope.kvw(excluded).args(["--include", "**/[ab]"]).ok();
    let values = ["a", "b", "c"].map(|name| scope.value(name).is_some());
    assert_eq!(values, [true, false, false]);
}

#[test]
fn a_journal_is_left_only_where_something_may_have_been_written() {
    let folder = tempfile::tempdir().unwrap();
    let undo = folder.path().join("undo");
    let missing = r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"key \"a\" doesn't exist"}]}"#;
    let apply = |status: u16, text: &str, exit: i32| {
        let server = Faulty::script()
            .on("PUT /v1/txn")
            .answers(409, missing)
            .on("PUT /v1/txn")
            .answers(status, text)
            // Whether it was done all the same.
            .on("PUT /v1/txn?consistent")
            .perhaps()
            .answers(403, "Permission denied")
            .on("GET /v1/kv/a?consistent")
            .perhaps()
            .answers(403, "Permission denied")
            .start();
        let output = Kvw::at(server.address())
            .args(["apply", "-", "--format", "jsonl", "--undo"])
            .args([&undo])
            .stdin(r#"{"key":"a","value":"1","encoding":"utf8"}"#)
            .run();
        output.expect(exit);
    };
    apply(403, "Permission denied", 4);
    assert!(!undo.exists());
    apply(500, "No cluster leader", 3);
    assert!(!undo.exists());
    // An empty file that was there stays, empty.
    std::fs::write(&undo, "").unwrap();
    apply(500, "No cluster leader", 3);
    assert_eq!(std::fs::read(&undo).unwrap(), b"");
    apply(500, "boom", 5);
    assert!(std::fs::metadata(&undo).unwrap().len() > 0);
}

#[test]
fn flags_that_would_do_nothing_are_refused() {
    let scope = Agent::shared();
    let wanted = document(&scope, &[("a", "1")]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (plan, copy) = (path("plan"), path("copy"));
    apply(&scope, &wanted, &["--dry-run", "--save", &plan]).ok();
    let again = ["apply", "--plan", &plan, "--dry-run", "--save", &copy];
    scope.kvw(again).run().expect(2).says(&["--save", "--plan"]);
    for more in [
        &["--prune"][..],
        &["--prefix", "b/"],
        &["--create-only"],
        &["--format", "yaml"],
    ] {
        let output = scope.kvw(["apply", "--plan", &plan]).args(more).run();
        output.expect(2).says(&[more[0], "not of a plan"]);
    }
    // A variable that is not set would be no check at all.
    for line in ["", " \t"] {
        for flag in ["--then", "--check"] {
            let output = apply(&scope, &wanted, &[flag, line]).run();
            output.expect(2).says(&[flag, "the command is empty"]);
        }
    }
    assert_eq!(scope.value("a"), None);
}

#[test]
fn a_plan_for_another_cluster_is_stale_even_at_equal_indexes() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan");
    let plan = plan.to_str().unwrap();
    let wanted = document(&scope, &[("a", "2")]);
    apply(&scope, &wanted, &["--dry-run", "--save", plan]).ok();
    // The other cluster has another value at this index: as if the hash were another's.
    let text = std::fs::read_to_string(plan).unwrap();
    let mut saved: serde_json::Value = serde_json::from_str(&text).unwrap();
    saved["ops"][0]["before"] = json!("00000000000000000000000000000000");
    std::fs::write(plan, saved.to_string()).unwrap();
    let output = scope.kvw(["apply", "--plan", plan]).run();
    output
        .expect(1)
        .says(&["another content at the same index"]);
    assert_eq!(scope.value("a").unwrap(), b"1");
}

/// Runs an apply of 600 keys: five transactions on newer servers, ten on older.
fn conflict_in_the_middle(args: &[&str]) -> (Scope, usize, PlanOutcome, String) {
    let scope = Agent::shared();
    let key = scope.key("n0500");
    let address = scope.address();
    let gate = Gate::before(&scope.address(), move |number| {
        // Before the last one; earlier ones are in the store.
        if number == 3 {
            crate::harness::request(&address, "PUT", &format!("/v1/kv/{key}"), &[], b"theirs");
        }
        Passage::Open
    });
    let kvw = Kvw::at(gate.address())
        .args(["apply", "-", "--format", "jsonl", "-o", "json"])
        .args(args);
    let output = kvw.stdin(many(&scope, 600, "v")).run();
    output.expect(1);
    let outcome = parse_document(&output.text());
    let written = scope
        .kvw(["get", "--recurse", "--keys", scope.prefix()])
        .ok()
        .lines()
        .count();
    (scope, written, outcome, output.stderr.clone())
}

#[test]
fn after_a_conflict_nothing_more_is_sent_and_what_moved_is_named() {
    let (scope, written, outcome, said) = conflict_in_the_middle(&[]);
    assert_eq!(outcome.outcome, "partial");
    assert_eq!(outcome.conflicts[0].key, scope.key("n0500"));
    assert_eq!(outcome.conflicts[0].expected, None);
    // Whole transactions, and the key that someone else wrote.
    assert_eq!(outcome.written as usize + 1, written);
    assert!(written < 502, "{written}");
    assert!(said.contains("n0500: exists now"), "{said}");
    assert!(said.contains("run again, it continues"), "{said}");
}

#[test]
fn a_rollback_puts_back_what_was_written_before_the_conflict() {
    let (scope, written, outcome, said) = conflict_in_the_middle(&["--rollback"]);
    assert_eq!((&*outcome.outcome, outcome.written), ("rolled_back", 0));
    assert_eq!(written, 1);
    assert_eq!(scope.value("n0500").unwrap(), b"theirs");
    assert!(said.contains("put back"), "{said}");
}

#[test]
fn a_conflict_is_planned_again_on_request() {
    let scope = Agent::shared();
    let (key, address) = (scope.key("n0500"), scope.address());
    let gate = Gate::before(&scope.address(), move |number| {
        if number == 3 {
            crate::harness::request(&address, "PUT", &format!("/v1/kv/{key}"), &[], b"theirs");
        }
        Passage::Open
    });
    let kvw = Kvw::at(gate.address()).args([
        "apply",
        "-",
        "--format",
        "jsonl",
        "--retry-conflicts",
        "1",
        "--undo",
        "u",
    ]);
    let home = kvw.home().to_owned();
    let mut running = kvw.stdin(many(&scope, 600, "v")).spawn();
    running.err_line_with("planning again");
    let journal = home.join("u");
    wait_for_file(&journal);
    let text = std::fs::read(&journal).unwrap();
    running.wait(PATIENCE).expect(0);
    assert!(!text.is_empty());
    assert_eq!(scope.value("n0500").unwrap(), b"v");
    assert_eq!(scope.value("n0599").unwrap(), b"v");
}

#[test]
fn atomic_is_one_transaction_or_nothing() {
    let scope = Agent::shared();
    let gate = Gate::before(&scope.address(), |_| Passage::Open);
    let run = |count: usize| {
        let kvw = Kvw::at(gate.address()).args(["apply", "-", "--format", "jsonl", "--atomic"]);
        kvw.stdin(many(&scope, count, "v")).run()
    };
    run(129)
        .expect(2)
        .one_line()
        .says(&["129 operations need 2 transactions"]);
    assert_eq!(gate.passed(), 0);
    run(64).expect(0);
    assert_eq!(gate.passed(), 1);
    // As many fit newer servers only: an older one finds them too large, and nothing is written.
    let kvw = scope.kvw(["apply", "-", "--format", "jsonl", "--atomic"]);
    let output = kvw.stdin(many(&scope, 100, "w")).run();
    let written = match output.code {
        0 => "w",
        _ => {
            output.expect(2).says(&["nothing written"]);
            "v"
        }
    };
    assert_eq!(scope.value("n0000").unwrap(), written.as_bytes());
    assert_eq!(scope.value("n0099").is_some(), output.code == 0);
}

#[test]
fn values_that_no_transaction_holds_are_written_by_themselves_and_guarded() {
    let scope = Agent::shared();
    scope.put("b", "small");
    // In base64 the first fits, and the others do not.
    let values = [
        "x".repeat(390_000),
        "y".repeat(400_000),
        "z".repeat(500_000),
    ];
    let entries = [("a", &*values[0]), ("b", &*values[1]), ("c", &*values[2])];
    let wanted = document(&scope, &entries);
    let done = outcome(apply(&scope, &wanted, &["--undo", "u"]), 0);
    assert_eq!((done.written, done.transactions), (3, 3));
    for (key, value) in entries {
        assert_eq!(scope.value(key).unwrap(), value.as_bytes());
    }
}

#[test]
fn with_a_value_that_the_server_does_not_take_nothing_is_written() {
    let scope = Agent::shared();
    let large = "d".repeat(600_000);
    let entries = [("a", "1"), ("d", &*large), ("e", "1"), ("f", &*large)];
    let wanted = document(&scope, &entries);
    let folder = tempfile::tempdir().unwrap();
    let undo = folder.path().join("undo");
    let output = apply(&scope, &wanted, &["--undo", undo.to_str().unwrap()]).run();
    output.expect(2).says(&[
        &format!("key {} (stdin:2): ", scope.key("d")),
        &format!("key {} (stdin:4): ", scope.key("f")),
        "413",
        "nothing written: 2 values are too large for the server",
    ]);
    assert!(!undo.exists());
    // The last one that fits, where others do not.
    let fitting = "b".repeat(500_000);
    let wanted = document(&scope, &[("b", &*fitting), ("d", &*large), ("a", "1")]);
    apply(&scope, &wanted, &[])
        .run()
        .expect(2)
        .says(&["1 value is too large"]);
    for key in ["a", "b", "d", "e", "f"] {
        assert_eq!(scope.value(key), None, "{key}");
    }
    let wanted = document(&scope, &[("b", &*fitting), ("a", "1")]);
    assert_eq!(outcome(apply(&scope, &wanted, &[]), 0).written, 2);
}

#[test]
fn guard_all_also_holds_unchanged_keys() {
    let scope = Agent::shared();
    scope.put("same", "1");
    let (key, address) = (scope.key("same"), scope.address());
    let gate = Gate::before(&scope.address(), move |_| {
        crate::harness::request(&address, "PUT", &format!("/v1/kv/{key}"), &[], b"moved");
        Passage::Open
    });
    let wanted = document(&scope, &[("same", "1"), ("new", "1")]);
    let kvw = Kvw::at(gate.address()).args(["apply", "-", "--format", "jsonl", "--guard", "all"]);
    let output = kvw.stdin(wanted.clone()).run();
    output
        .expect(1)
        .says(&[&scope.key("same"), "nothing written"]);
    assert_eq!(scope.value("new"), None);
    let kvw = Kvw::at(gate.address()).args(["apply", "-", "--format", "jsonl"]);
    let only_new = document(&scope, &[("new", "1")]);
    kvw.stdin(only_new).run().expect(0);
}

#[test]
fn a_lost_answer_is_settled_by_reading_back() {
    let applied = Agent::shared();
    let gate = Gate::before(&applied.address(), |_| Passage::Unanswered);
    let kvw = Kvw::at(gate.address()).args(["apply", "-", "--format", "jsonl", "-o", "json"]);
    let output = kvw.stdin(document(&applied, &[("a", "1")])).run();
    let done: PlanOutcome = parse_document(&output.expect(0).text());
    assert_eq!((&*done.outcome, done.written), ("applied", 1));
    let untouched = Agent::shared();
    let gate = Gate::before(&untouched.address(), |_| Passage::Refused);
    let kvw = Kvw::at(gate.address()).args(["apply", "-", "--format", "jsonl", "-o", "json"]);
    let output = kvw.stdin(document(&untouched, &[("a", "1")])).run();
    let done: PlanOutcome = parse_document(&output.expect(3).text());
    assert_eq!((&*done.outcome, done.written), ("unchanged", 0));
    assert_eq!(untouched.value("a"), None);
}

#[test]
fn where_neither_state_is_certain_the_outcome_is_unknown() {
    let scope = Agent::shared();
    let (key, address) = (scope.key("a"), scope.address());
    let gate = Gate::before(&scope.address(), move |_| {
        // Neither what was there nor what was to be written.
        crate::harness::request(&address, "PUT", &format!("/v1/kv/{key}"), &[], b"theirs");
        Passage::Refused
    });
    let kvw = Kvw::at(gate.address()).args(["apply", "-", "--format", "jsonl", "-o", "json"]);
    let output = kvw.stdin(document(&scope, &[("a", "1"), ("b", "1")])).run();
    output.expect(5).says(&["neither as before nor as written"]);
    let done: PlanOutcome = parse_document(&output.text());
    assert_eq!(done.outcome, "unknown");
}

#[test]
fn a_held_key_is_neither_written_nor_pruned() {
    let scope = Agent::shared();
    scope.put("held", "1");
    let session = scope.create_session();
    let lock = format!("held?acquire={session}");
    scope.put(&lock, "1");
    let wanted = document(&scope, &[("held", "2"), ("new", "1")]);
    let refused = apply(&scope, &wanted, &[]).run();
    refused
        .expect(1)
        .one_line()
        .says(&[&scope.key("held"), "--overwrite-locked"]);
    assert_eq!(scope.value("new"), None);
    let prune = ["--scope", scope.prefix(), "--prune", "--yes"];
    let pruned = apply(&scope, &document(&scope, &[("new", "1")]), &prune).run();
    pruned.expect(0);
    assert_eq!(scope.value("held").unwrap(), b"1");
    apply(&scope, &wanted, &["--overwrite-locked"]).ok();
    assert_eq!(scope.value("held").unwrap(), b"2");
}

#[test]
fn only_existing_create_only_and_globs_leave_the_others() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let wanted = document(&scope, &[("a", "2"), ("b", "2"), ("c", "2")]);
    apply(&scope, &wanted, &["--only-existing"]).ok();
    assert_eq!(
        (scope.value("a"), scope.value("b")),
        (Some(b"2".to_vec()), None)
    );
    scope.put("a", "1");
    let exclude = scope.key("c");
    apply(&scope, &wanted, &["--create-only", "--exclude", &exclude]).ok();
    assert_eq!(scope.value("a").unwrap(), b"1");
    assert_eq!(scope.value("b").unwrap(), b"2");
    assert_eq!(scope.value("c"), None);
    let output = apply(
        &scope,
        &wanted,
        &["--dry-run", "--exclude", &exclude, "-o", "json"],
    )
    .run();
    let plan: Plan = parse_document(&output.text());
    assert_eq!(plan.skipped[0].reason, "excluded");
}

#[test]
fn secret_values_are_shown_as_size_and_hash() {
    let scope = Agent::shared();
    scope.put("password", "hunter1");
    let wanted = document(&scope, &[("password", "hunter2")]);
    let glob = scope.key("pass*");
    let secret = ["--dry-run", "--secret", &glob];
    let text = apply(&scope, &wanted, &secret).ok();
    assert!(text.contains("(secret, 7 bytes, #"), "{text}");
    let output = apply(&scope, &wanted, &secret).args(["-o", "json"]).ok();
    assert!(!(text + &output).contains("hunter"));
    let plan: Plan = parse_document(&output);
    let secret = plan.changes[0].secret.as_ref().unwrap();
    assert_ne!(secret.before, secret.after);
    assert_eq!(plan.changes[0].after.as_ref().unwrap().value, None);
}

#[test]
fn a_check_of_values_comes_before_every_write() {
    let scope = Agent::shared();
    let wanted = document(&scope, &[("a.json", "{}"), ("b.json", "{"), ("c", "text")]);
    let (on, outside) = (scope.key("*.json"), scope.key("a*"));
    let failed = apply(&scope, &wanted, &["--check", "json", "--check-on", &on]).run();
    failed
        .expect(1)
        .says(&["b.json", "not JSON", "nothing written: 1 value fails"]);
    assert_eq!(scope.value("a.json"), None);
    let dry = ["--dry-run", "--check", "json", "--check-on", &on];
    let failed = apply(&scope, &wanted, &dry).run();
    failed.expect(1).says(&["b.json", "not JSON"]);
    assert!(failed.text().contains("+ "));
    let dry = ["--dry-run", "--check", "json", "--check-on", &outside];
    apply(&scope, &wanted, &dry).ok();
    let failed = apply(&scope, &wanted, &["--check", "test \"$(cat)\" != text"]).run();
    failed.expect(1).says(&["/c (stdin:3)"]);
    let shown = "test \"$(cat)\" = '{}' && case $KVW_KEY in */a.json) ;; *) exit 1;; esac";
    apply(&scope, &wanted, &["--check", shown, "--check-on", &outside]).ok();
    assert_eq!(scope.value("b.json").unwrap(), b"{");
}

#[test]
fn a_check_that_fails_puts_everything_back() {
    let scope = Agent::shared();
    scope.put("a?flags=7", "1");
    scope.put("gone", "1");
    let wanted = document(&scope, &[("a", "2"), ("new", "3")]);
    let prune = ["--scope", scope.prefix(), "--prune", "--yes"];
    let then = "cat >batch; printf '%s %s' \"$KVW_COUNT\" \"$KVW_REASON\" >variables; \
                test -z \"$CONSUL_HTTP_TOKEN\"; exit 3";
    let kvw = apply(&scope, &wanted, &prune).args(["--then", then, "-o", "json"]);
    let kvw = kvw.env("CONSUL_HTTP_TOKEN", "x");
    let folder = kvw.home().join("kept");
    let kvw = kvw.args(["--settle", "1ms"]);
    drop(folder);
    let mut running = kvw.spawn();
    let home = running.home().to_owned();
    running.err_line_with("put back");
    let batch: Batch = parse_line(&wait_for_text(&home.join("batch")));
    assert_eq!(batch.reason, "apply");
    let events: Vec<_> = batch.changes.iter().map(|change| &*change.event).collect();
    assert_eq!(events, ["update", "delete", "create"]);
    assert_eq!(
        std::fs::read_to_string(home.join("variables")).unwrap(),
        "3 apply"
    );
    let output = running.wait(PATIENCE);
    output.expect(1);
    let done: PlanOutcome = parse_document(&output.text());
    assert_eq!(
        (&*done.outcome, done.check.unwrap().status),
        ("rolled_back", Some(3))
    );
    let entry = scope.entry("a").unwrap();
    assert_eq!(
        (entry["Value"].as_str(), entry["Flags"].as_u64()),
        (Some("MQ=="), Some(7))
    );
    assert_eq!(scope.value("gone").unwrap(), b"1");
    assert_eq!(scope.value("new"), None);
}

#[test]
fn a_check_that_succeeds_leaves_everything() {
    let scope = Agent::shared();
    let wanted = document(&scope, &[("a", "2")]);
    let done = outcome(apply(&scope, &wanted, &["--then", "echo noise"]), 0);
    assert_eq!(
        (&*done.outcome, done.check.unwrap().status),
        ("applied", Some(0))
    );
    assert_eq!(scope.value("a").unwrap(), b"2");
}

#[test]
fn a_check_that_forks_and_hangs_is_ended_with_all_it_started() {
    let scope = Agent::shared();
    let wanted = document(&scope, &[("a", "2")]);
    let then = "sleep 600 & echo $! >pid; setsid sleep 600 & echo $! >daemon; wait";
    let kvw = apply(
        &scope,
        &wanted,
        &["--then", then, "--then-timeout", "500ms"],
    );
    let running = kvw.spawn();
    let home = running.home().to_owned();
    let pid: u32 = wait_for_text(&home.join("pid")).parse().unwrap();
    let daemon: u32 = wait_for_text(&home.join("daemon")).parse().unwrap();
    assert!(is_alive(pid));
    running
        .wait(PATIENCE)
        .expect(1)
        .says(&["not done within 500ms", "1 key put back"]);
    wait_for_exit(pid);
    wait_for_exit(daemon);
    assert_eq!(scope.value("a"), None);
}

#[test]
fn a_signal_during_the_check_puts_everything_back() {
    for name in ["TERM", "INT"] {
        let scope = Agent::shared();
        let wanted = document(&scope, &[("a", "2")]);
        let kvw = apply(
            &scope,
            &wanted,
            &["--then", "echo >started; exec sleep 600"],
        );
        let running = kvw.spawn();
        wait_for_file(&running.home().join("started"));
        assert_eq!(scope.value("a").unwrap(), b"2");
        running.signal(name);
        let output = running.wait(PATIENCE);
        output.says(&["put back"]);
        assert_eq!(
            output.signal,
            Some(if name == "TERM" { 15 } else { 2 }),
            "{output}"
        );
        assert_eq!(scope.value("a"), None);
    }
}

#[test]
fn a_change_by_someone_else_during_the_check_makes_the_outcome_unknown() {
    let scope = Agent::shared();
    let wanted = document(&scope, &[("a", "2"), ("b", "2")]);
    let then = "touch started; until test -e go; do sleep 0.01; done; exit 1";
    let kvw = apply(&scope, &wanted, &["--then", then, "-o", "json"]);
    let running = kvw.spawn();
    wait_for_file(&running.home().join("started"));
    scope.put("a", "theirs");
    std::fs::write(running.home().join("go"), "").unwrap();
    let output = running.wait(PATIENCE);
    output
        .expect(5)
        .says(&["changed since it was written", "put back all but 1 key"]);
    let outcome: PlanOutcome = parse_document(&output.text());
    assert_eq!(outcome.outcome, "unknown");
    let conflicts: Vec<_> = outcome.conflicts.iter().map(|one| &one.key).collect();
    assert_eq!(conflicts, [&scope.key("a")]);
    assert_eq!(scope.value("a").unwrap(), b"theirs");
    assert_eq!(scope.value("b"), None);
}

#[test]
fn a_put_back_waits_for_a_server_that_takes_no_writes_for_a_while() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let gate = Gate::before(&scope.address(), |number| match number {
        2..=6 => Passage::Refused,
        _ => Passage::Open,
    });
    let wanted = document(&scope, &[("a", "2"), ("b", "new")]);
    let output = Kvw::at(gate.address())
        .args(["apply", "-", "--format", "jsonl", "--then", "exit 1"])
        .stdin(wanted)
        .run();
    output.expect(1).says(&["2 keys put back"]);
    assert_eq!(scope.value("a").unwrap(), b"1");
    assert_eq!(scope.value("b"), None);
}

#[test]
fn a_token_that_may_write_only_half_writes_nothing() {
    let Some(agent) = AclAgent::start() else {
        return;
    };
    agent.put("own/n0000", "1");
    let rules = prefix_rules("write", &["own/"]) + &prefix_rules("read", &["seen/", "hidden/"]);
    let token = agent.create_token(&agent.create_policy(&rules));
    let entry = |key: &str| json!({"key": key, "value": "v", "encoding": "utf8", "flags": 0});
    let keys = (0..200).map(|number| format!("own/n{number:04}"));
    let keys = keys.chain((0..40).map(|number| format!("seen/n{number:04}")));
    let wanted: String = keys.map(|key| entry(&key).to_string() + "\n").collect();
    let kvw = agent
        .kvw(["apply", "-", "--format", "jsonl"])
        .env("CONSUL_HTTP_TOKEN", &token.secret);
    let output = kvw.stdin(wanted).run();
    output
        .expect(4)
        .one_line()
        .says(&["40 keys", "seen/n0000", "and 35 more", "nothing written"]);
    assert_eq!(agent.call("GET", "/v1/kv/own/n0000?raw", b""), b"1");
    // One transaction is all or nothing by itself.
    let two = entry("own/a").to_string() + "\n" + &entry("seen/a").to_string();
    let kvw = agent
        .kvw(["apply", "-", "--format", "jsonl"])
        .env("CONSUL_HTTP_TOKEN", &token.secret);
    kvw.stdin(two)
        .run()
        .expect(4)
        .says(&["seen/a", "nothing written"]);
    // All that lack the right are named, and one by itself too.
    let all = ["seen/a", "seen/b", "own/a", "seen/c"];
    for keys in [&all[..], &all[..1]] {
        let wanted: String = keys
            .iter()
            .map(|key| entry(key).to_string() + "\n")
            .collect();
        let kvw = agent
            .kvw(["apply", "-", "--format", "jsonl"])
            .env("CONSUL_HTTP_TOKEN", &token.secret);
        let output = kvw.stdin(wanted).run();
        let named: Vec<_> = keys.iter().filter(|key| key.starts_with("seen")).collect();
        let named = named.iter().map(|key| (**key).to_owned());
        let named = named.collect::<Vec<_>>().join(", ");
        output
            .expect(4)
            .one_line()
            .says(&["nothing written", &format!(" {named}: permission denied")]);
    }
}

#[test]
fn a_signal_between_transactions_stops_and_says_what_is_written() {
    let scope = Agent::shared();
    let gate = Gate::before(&scope.address(), |number| match number {
        // An older server refuses the first one, which is too large, and takes the second.
        3 => Passage::HeldBefore,
        _ => Passage::Open,
    });
    let kvw = Kvw::at(gate.address()).args([
        "apply",
        "-",
        "--format",
        "jsonl",
        "--request-timeout",
        "1s",
    ]);
    let running = kvw.stdin(many(&scope, 600, "v")).spawn();
    while gate.next() < 3 {}
    running.signal("TERM");
    // The request is not waited for longer than its time, and the one after is not sent.
    let output = running.wait(PATIENCE);
    output.says(&["apply stopped: wrote", "not written"]);
    assert_eq!(output.signal, Some(15), "{output}");
    assert_eq!(scope.value("n0599"), None);
}

#[test]
fn on_a_terminal_deletes_are_shown_and_asked_for() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("gone", "1");
    let wanted = document(&scope, &[("a", "2")]);
    let kvw = scope.kvw([]).file("wanted", &wanted);
    let line = format!(
        "{} apply wanted --format jsonl --scope {} --prune; echo exit $?",
        assert_cmd::cargo::cargo_bin!("kvw").display(),
        scope.prefix()
    );
    for (answer, exit) in [("n\n", 1), ("y\n", 0)] {
        let mut terminal = kvw.terminal(&line);
        let screen = terminal.screen_up_to("? [y/N]");
        let question = format!("Write 1 key and delete 1 key at {}? [y/N]", scope.address());
        assert!(screen.contains(&question), "{screen}");
        assert!(screen.contains("- ") && screen.contains("gone"), "{screen}");
        assert!(scope.value("gone").is_some());
        terminal.press(answer);
        terminal.screen_up_to(&format!("exit {exit}"));
    }
    assert_eq!(scope.value("gone"), None);
    // The answer is one document, so that what is asked about is shown elsewhere.
    scope.put("gone", "1");
    let mut terminal = kvw.terminal(&line.replace("--prune;", "--prune -o json >answer;"));
    let screen = terminal.screen_up_to("? [y/N]");
    assert!(screen.contains("- ") && screen.contains("gone"), "{screen}");
    terminal.press("y\n");
    terminal.screen_up_to("exit 0");
    let answer = std::fs::read_to_string(kvw.home().join("answer")).unwrap();
    assert_eq!(parse_document::<PlanOutcome>(&answer).deleted, 1);
}

#[test]
fn without_a_server_nothing_is_planned() {
    let entry = r#"[{"key":"a","value":"eA=="}]"#;
    let output = Kvw::at("127.0.0.1:1")
        .args(["apply", "-", "--format", "jsonl"])
        .stdin(entry)
        .run();
    output.expect(3).one_line();
}

#[test]
fn a_watch_sees_whole_batches_of_an_apply_that_is_put_back() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let watch = scope
        .watch(&["--exec", "cat >>batches", "--debounce", "1ms"])
        .spawn();
    let batches = watch.home().join("batches");
    let lines = |count: usize| {
        crate::harness::wait_for("batches", || {
            let text = std::fs::read_to_string(&batches).ok()?;
            (text.lines().count() >= count && text.ends_with('\n')).then_some(text)
        })
    };
    lines(1);
    let wanted = document(&scope, &[("a", "2"), ("b", "2")]);
    let then = format!(
        "until test $(wc -l <{}) -ge 2; do sleep 0.01; done; exit 1",
        batches.display()
    );
    apply(&scope, &wanted, &["--then", &then]).run().expect(1);
    let text = lines(3);
    let changes = text.lines().map(|line| {
        let batch: Batch = parse_line(line);
        batch
            .changes
            .iter()
            .map(|change| change.event.clone())
            .collect::<Vec<_>>()
    });
    assert_eq!(
        changes.collect::<Vec<_>>(),
        [
            &["create"][..],
            &["update", "create"],
            &["update", "delete"]
        ]
    );
}

#[test]
fn a_listing_that_is_cut_down_by_acls_is_no_store_to_prune() {
    let body =
        r#"[{"LockIndex":0,"Key":"a/x","Flags":0,"Value":"MQ==","CreateIndex":5,"ModifyIndex":5}]"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nX-Consul-Index: 5\r\nX-Consul-Results-Filtered-By-ACLs: true\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = Faulty::script()
        .on("GET /v1/kv/a/?recurse")
        .writes(answer)
        .start();
    let output = Kvw::at(server.address())
        .args([
            "apply", "-", "--format", "jsonl", "--scope", "a/", "--prune", "--yes",
        ])
        .stdin(r#"{"key":"a/y","value":"1","encoding":"utf8","flags":0}"#)
        .run();
    output.expect(4).one_line().says(&["filtered by ACLs"]);
    assert_eq!(server.requests().len(), 1);
}
