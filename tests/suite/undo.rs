//! kvw undo, and the journals that it reads.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::apply::document;
use crate::harness::contract::{Entry, Plan, PlanOutcome, parse_document, parse_line};
use crate::harness::{Agent, Gate, Kvw, Passage, Scope};

/// The number of rounds of the test that kills kvw anywhere; a few where it is not set.
const ROUNDS: &str = "KVW_TEST_UNDO";

/// Content by key.
type Content = BTreeMap<String, (Vec<u8>, u64)>;

fn content(scope: &Scope) -> Content {
    let text = scope
        .kvw(["get", "--recurse", "-o", "jsonl", scope.prefix()])
        .ok();
    let entries = text.lines().map(|line| {
        let entry: Entry = parse_line(line);
        (entry.key.clone(), (entry.bytes(), entry.flags))
    });
    entries.collect()
}

/// The document of entries.
fn export(content: &Content) -> String {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    let entries = content.iter().map(|(key, (value, flags))| {
        let value = base64.encode(value);
        json!({"key": key, "value": value, "encoding": "base64", "flags": flags}).to_string() + "\n"
    });
    entries.collect()
}

fn undo(scope: &Scope, journal: &Path, args: &[&str]) -> crate::harness::Output {
    let kvw = scope.kvw(["undo", journal.to_str().unwrap()]);
    kvw.args(args).run()
}

#[test]
fn what_was_applied_is_put_back_once() {
    let scope = Agent::shared();
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("undo");
    scope.put("a?flags=5", b"\xff\0");
    scope.put("gone?flags=6", "x");
    let before = content(&scope);
    let wanted = document(&scope, &[("a", "2"), ("new", "3")]);
    let prune = ["--scope", scope.prefix(), "--prune", "--yes", "--undo"];
    let kvw = scope
        .kvw(["apply", "-", "--format", "jsonl"])
        .args(prune)
        .args([&journal]);
    kvw.stdin(wanted.clone()).ok();
    assert_eq!(content(&scope).len(), 2);
    let dry = undo(&scope, &journal, &["--dry-run", "-o", "json"]);
    let plan: Plan = parse_document(&dry.expect(0).text());
    let ops: Vec<_> = plan.changes.iter().map(|change| &*change.op).collect();
    assert_eq!(ops, ["update", "create", "delete"]);
    undo(&scope, &journal, &[])
        .expect(2)
        .says(&["1 key", "--yes"]);
    let done: PlanOutcome = parse_document(&undo(&scope, &journal, &["-y", "-o", "json"]).text());
    assert_eq!(
        (&*done.outcome, done.written, done.deleted),
        ("applied", 2, 1)
    );
    assert_eq!(content(&scope), before);
    let again = undo(&scope, &journal, &["--yes"]);
    again.expect(0).says(&["nothing to put back"]);
    // A journal is never overwritten.
    let kvw = scope
        .kvw(["apply", "-", "--format", "jsonl", "--undo"])
        .args([&journal])
        .stdin(wanted);
    kvw.run().expect(2).one_line().says(&["would be lost"]);
    assert_eq!(content(&scope), before);
}

#[test]
fn what_others_have_changed_since_is_a_conflict_and_the_rest_is_put_back_on_request() {
    let scope = Agent::shared();
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("undo");
    for key in ["a", "b", "c"] {
        scope.put(key, "1");
    }
    let wanted = document(&scope, &[("a", "2"), ("b", "2"), ("c", "2")]);
    let kvw = scope
        .kvw(["apply", "-", "--format", "jsonl", "--undo"])
        .args([&journal]);
    kvw.stdin(wanted).ok();
    scope.put("b", "theirs");
    scope.put("c", "1");
    let refused = undo(&scope, &journal, &["-o", "json"]);
    refused
        .expect(1)
        .says(&[&scope.key("b"), "nothing put back", "--partial"]);
    let refused: PlanOutcome = parse_document(&refused.text());
    assert_eq!(
        (&*refused.outcome, &*refused.conflicts[0].key),
        ("conflict", &*scope.key("b"))
    );
    assert_eq!(scope.value("a").unwrap(), b"2");
    undo(&scope, &journal, &["--partial"]).expect(1);
    assert_eq!(scope.value("a").unwrap(), b"1");
    assert_eq!(scope.value("b").unwrap(), b"theirs");
    // What was put back in part is put back whole when the conflict is gone.
    scope.put("b", "2");
    undo(&scope, &journal, &[]).expect(0).says(&["wrote 1"]);
    assert_eq!(scope.value("b").unwrap(), b"1");
}

#[test]
fn a_held_key_and_a_foreign_file_are_refused() {
    let scope = Agent::shared();
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("undo");
    scope.put("a", "1");
    let kvw = scope
        .kvw(["apply", "-", "--format", "jsonl", "--undo"])
        .args([&journal]);
    kvw.stdin(document(&scope, &[("a", "2")])).ok();
    let session = scope.create_session();
    scope.put(&format!("a?acquire={session}"), "2");
    undo(&scope, &journal, &[])
        .expect(1)
        .says(&["held by a session"]);
    assert_eq!(scope.value("a").unwrap(), b"2");
    undo(&scope, &journal, &["--datacenter", "dc9"])
        .expect(2)
        .says(&["datacenter"]);
    undo(&scope, &journal, &["--overwrite-locked"]).expect(0);
    assert_eq!(scope.value("a").unwrap(), b"1");
    for (text, words) in [
        ("", "not a file of --undo"),
        ("{}\n", "not a file of --undo"),
    ] {
        std::fs::write(&journal, text).unwrap();
        undo(&scope, &journal, &[])
            .expect(2)
            .one_line()
            .says(&[words]);
    }
    undo(&scope, Path::new("/none"), &[]).expect(2).one_line();
}

#[test]
fn a_file_that_cannot_be_written_writes_nothing_to_the_store() {
    let scope = Agent::shared();
    let kvw = scope.kvw(["apply", "-", "--format", "jsonl", "--undo", "/none/undo"]);
    kvw.stdin(document(&scope, &[("a", "2")]))
        .run()
        .expect(2)
        .one_line();
    assert_eq!(scope.value("a"), None);
    if Path::new("/dev/full").exists() {
        let kvw = scope.kvw(["apply", "-", "--format", "jsonl", "--undo", "/dev/full"]);
        kvw.stdin(document(&scope, &[("a", "2")])).run().expect(2);
        assert_eq!(scope.value("a"), None);
    }
}

/// A store, and what it is to become: enough keys for several transactions.
fn random_contents(scope: &Scope, random: &mut fastrand::Rng) -> (Content, Content) {
    let value = |random: &mut fastrand::Rng| {
        let length = random.usize(..20);
        let value: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
        (value, random.u64(..3))
    };
    let mut before = Content::new();
    let mut after = Content::new();
    for number in 0..random.usize(100..400) {
        let key = scope.key(&format!("{}/n{number:03}", random.u8(..4)));
        match random.u8(..4) {
            0 => drop(before.insert(key, value(random))),
            1 => drop(after.insert(key, value(random))),
            2 => {
                before.insert(key.clone(), value(random));
                after.insert(key, value(random));
            }
            _ => {
                let same = value(random);
                before.insert(key.clone(), same.clone());
                after.insert(key, same);
            }
        }
    }
    (before, after)
}

#[test]
fn killed_anywhere_an_apply_is_undone_to_the_byte() {
    let rounds = std::env::var(ROUNDS).ok();
    let rounds: u64 = rounds.map_or(12, |rounds| rounds.parse().unwrap());
    let mut killed = 0;
    for round in 0..rounds {
        let mut random = fastrand::Rng::with_seed(round);
        let scope = Agent::shared();
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("undo");
        let (before, after) = random_contents(&scope, &mut random);
        scope.kvw(["import", "-"]).stdin(export(&before)).ok();
        assert_eq!(content(&scope), before, "round {round}");
        // The transaction at which kvw is killed, before it reaches the server or after.
        let (at, passage) = (
            random.usize(1..6),
            match random.bool() {
                true => Passage::HeldBefore,
                false => Passage::HeldAfter,
            },
        );
        let gate = Gate::before(&scope.address(), move |number| match number == at {
            true => passage,
            false => Passage::Open,
        });
        let running = Kvw::at(gate.address())
            .args([
                "apply",
                "-",
                "--format",
                "jsonl",
                "--prune",
                "--yes",
                "--max-delete",
                "100%",
                "--allow-empty",
            ])
            .args(["--scope", scope.prefix(), "--undo"])
            .args([&journal])
            .stdin(export(&after))
            .spawn();
        if wait_for_transaction(&gate, at, running) {
            killed += 1;
        } else {
            assert_eq!(content(&scope), after, "round {round}");
        }
        let dry = undo(&scope, &journal, &["--dry-run"]);
        dry.expect(0);
        undo(&scope, &journal, &["--yes"]).expect(0);
        assert_eq!(
            content(&scope),
            before,
            "round {round}: at {at}, {passage:?}"
        );
    }
    assert!(killed > 0);
}

/// Kills kvw when it has reached the transaction; `false` where it ended before.
fn wait_for_transaction(gate: &Gate, at: usize, mut running: crate::harness::Running) -> bool {
    let mut reached = 0;
    crate::harness::wait_for("the transaction, or the end", || {
        let ended = running.has_ended();
        reached += gate.passed();
        (ended || reached >= at).then_some(())
    });
    if reached < at {
        running.wait(crate::harness::PATIENCE).expect(0);
        return false;
    }
    running.signal("KILL");
    running.wait(crate::harness::PATIENCE);
    true
}

#[test]
fn every_verb_that_writes_keeps_what_undo_needs() {
    let scope = Agent::shared();
    let key = |name: &str| scope.key(name);
    let (a, b, new) = (key("a"), key("b"), key("new"));
    let folder = scope.key("folder/");
    let set = format!("set {a} 9");
    let more = [
        format!("delete {b}"),
        format!("create {new} 1"),
        format!("get {a}"),
    ];
    let import = document(&scope, &[("a", "import"), ("new", "1")]);
    let verbs: [(&[&str], &str); 9] = [
        (&["put", &a, "2"], ""),
        (&["put", &new, "2", "--create"], ""),
        (&["put", &a, "2", "--keep-flags"], ""),
        (&["delete", &a, &new], ""),
        (&["delete", &b], ""),
        (&["delete", "--recurse", "--yes", &folder], ""),
        (&["txn", &set, &more[0], &more[1], &more[2]], ""),
        (&["import"], &import),
        (&["import", "--create-only"], &import),
    ];
    for (words, stdin) in verbs {
        scope.put("a?flags=7", b"\xff");
        scope.put("b", "1");
        scope.put("folder/x", "1");
        let before = content(&scope);
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("undo");
        let kvw = scope.kvw([]).args(words).args(["--undo"]).args([&journal]);
        kvw.stdin(stdin).run().expect(0);
        assert_ne!(content(&scope), before, "{words:?}");
        undo(&scope, &journal, &["--yes"]).expect(0);
        assert_eq!(content(&scope), before, "{words:?}");
    }
}

#[test]
fn a_verb_with_a_journal_writes_a_key_only_as_it_was_read() {
    let scope = Agent::shared();
    for (verb, stdin) in [("put", ""), ("delete", ""), ("txn", ""), ("import", "yes")] {
        scope.put("a", "1");
        let (key, address) = (scope.key("a"), scope.address());
        let name = key.clone();
        let gate = Gate::before(&scope.address(), move |_| {
            crate::harness::request(&address, "PUT", &format!("/v1/kv/{name}"), &[], b"theirs");
            Passage::Open
        });
        let set = format!("set {key} 2");
        let words: &[&str] = match verb {
            "put" => &["put", &key, "2"],
            "delete" => &["delete", &key],
            "txn" => &["txn", &set],
            _ => &["import"],
        };
        let document = document(&scope, &[("a", "2")]);
        let kvw = Kvw::at(gate.address()).args(words).args(["--undo", "u"]);
        let output = kvw
            .stdin(if stdin.is_empty() { "" } else { &document })
            .run();
        output.expect(1).says(&[&key, "nothing written"]);
        assert!(!output.stderr.contains("kvw undo"), "{}", output.stderr);
        assert_eq!(scope.value("a").unwrap(), b"theirs", "{verb}");
    }
}

#[test]
fn what_a_journal_cannot_say_beforehand_is_refused() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let tree = format!("delete-tree {}", scope.prefix());
    let output = scope.kvw(["txn", &tree, "--undo", "u"]).run();
    output
        .expect(2)
        .says(&["delete-tree", "delete --recurse --undo"]);
    let lock = [
        "put",
        &scope.key("a"),
        "1",
        "--acquire",
        "--session",
        "s",
        "--undo",
        "u",
    ];
    scope.kvw(lock).run().expect(2);
    assert_eq!(scope.value("a").unwrap(), b"1");
}
