//! kvw diff

use std::path::Path;

use crate::connect::AS_USER;
use crate::harness::contract::{Plan, PlannedChange, parse_document, parse_line};
use crate::harness::{AclAgent, Agent, Faulty, Kvw, Scope, not_tried, prefix_rules};

/// A directory of files.
pub fn directory(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), files);
    root
}

fn write(root: &Path, files: &[(&str, &[u8])]) {
    for (name, bytes) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn diff(scope: &Scope, source: &Path, args: &[&str]) -> Kvw {
    let source = source.to_str().unwrap();
    scope
        .kvw(["diff", source, "--prefix", scope.prefix()])
        .args(args)
}

#[test]
fn differences_are_shown_and_are_exit_one() {
    let scope = Agent::shared();
    for (key, value) in [
        ("port", "8080"),
        ("same", "1"),
        ("old", "1"),
        ("t", "a\nb\nc"),
    ] {
        scope.put(key, value);
    }
    let files = directory(&[
        ("port", b"8081\n"),
        ("same", b"1\n"),
        ("t", b"a\nB\nc\n"),
        ("tls/mode", b"on\n"),
    ]);
    let output = diff(&scope, files.path(), &["--prune"]).run();
    let prefix = scope.prefix();
    assert_eq!(
        output.expect(1).text(),
        format!(
            "~ {prefix}port: 8080 → 8081\n~ {prefix}t\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n\
             \\ No newline at end of value\n+ {prefix}tls/mode = on\n- {prefix}old = 1\n"
        )
    );
    assert_eq!(output.stderr, "3 to write, 1 to delete, 1 unchanged\n");
    let output = diff(&scope, files.path(), &[]).run();
    output
        .expect(1)
        .says(&["3 to write, 1 unchanged, 1 unmanaged"]);
    assert!(!output.text().contains("old"));
    // Nothing was written.
    assert_eq!(scope.value("port").unwrap(), b"8080");
    assert_eq!(scope.value("tls/mode"), None);
}

#[test]
fn no_difference_is_exit_zero_and_prints_nothing() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("flagged?flags=7", "x");
    let files = directory(&[("a", b"1\n"), ("flagged", b"x\n")]);
    let output = diff(&scope, files.path(), &["--prune"]).run();
    assert_eq!(output.expect(0).text(), "");
    assert_eq!(output.stderr, "0 to write, 2 unchanged\n");
}

#[test]
fn json_is_one_plan_and_json_lines_are_its_changes() {
    let scope = Agent::shared();
    scope.put("b", "\u{1}");
    let files = directory(&[("a", b"\xff\n"), ("b", b"2\n")]);
    let output = diff(&scope, files.path(), &["-o", "json"]).run();
    let plan: Plan = parse_document(&output.expect(1).text());
    assert_eq!((plan.changes.len(), plan.transactions), (2, 1));
    assert_eq!(
        (&*plan.changes[0].op, &*plan.changes[1].op),
        ("create", "update")
    );
    let after = plan.changes[0].after.as_ref().unwrap();
    assert_eq!(after.encoding.as_deref(), Some("base64"));
    let output = diff(&scope, files.path(), &["-o", "jsonl"]).run();
    let lines = output.expect(1).text();
    let lines: Vec<PlannedChange> = lines.lines().map(parse_line).collect();
    assert_eq!(lines, plan.changes);
}

#[test]
fn secrets_are_not_shown_and_still_differ() {
    let scope = Agent::shared();
    scope.put("db/password", "hunter2");
    scope.put("db/other", "hunter3");
    let files = directory(&[("db/password", b"hunter3\n"), ("db/new", b"hunter4\n")]);
    for format in ["text", "json", "jsonl"] {
        let args = ["--prune", "--secret", "**/db/*", "-o", format];
        let output = diff(&scope, files.path(), &args).run();
        output.expect(1);
        assert!(!output.text().contains("hunter"), "{output}");
        assert!(output.text().contains("(secret, 7 bytes, #"), "{output}");
        // Equal values have equal hashes.
        let text = output.text();
        let hashes: Vec<_> = text
            .match_indices("bytes, #")
            .map(|(at, _)| &text[at..at + 14])
            .collect();
        assert_eq!(hashes.len(), 4, "{output}");
        let equal = hashes
            .iter()
            .enumerate()
            .filter(|(at, hash)| hashes[at + 1..].contains(hash));
        assert_eq!(equal.count(), 1, "{output}");
    }
}

#[test]
fn a_difference_of_the_final_newline_alone_is_hinted_at() {
    let scope = Agent::shared();
    scope.put("a", "x\n");
    scope.put("b", "y");
    let files = directory(&[("a", b"x\n"), ("b", b"z\n")]);
    let output = diff(&scope, files.path(), &[]).run();
    output
        .expect(1)
        .says(&["hint: only a newline at the end differs", "/a;", "--exact"]);
    let output = diff(&scope, files.path(), &["--exact"]).run();
    assert!(!output.expect(1).stderr.contains("hint"), "{output}");
    assert!(!output.text().contains("/a:"), "{output}");
}

#[test]
fn every_format_is_read() {
    let scope = Agent::shared();
    for (key, value) in [("a/b", "1.10"), ("c", "x y")] {
        scope.put(key, value);
    }
    let prefix = scope.prefix();
    let sources: [(&str, &str, &[&str]); 7] = [
        ("s.yaml", "a: {b: 1.10}\nc: x y\n", &[]),
        ("s.json", "{\"a\": {\"b\": 1.10}, \"c\": \"x y\"}", &[]),
        ("s.toml", "c = \"x y\"\n[a]\nb = 1.10\n", &[]),
        (
            "s.properties",
            "a.b = 1.10\nc = x y\n",
            &["--dots", "slash"],
        ),
        ("s.env", "a__b=1.10\nexport c='x y'\n", &["--split", "__"]),
        (
            "s",
            "a__b=1.10\nc=x y\n",
            &["--split", "__", "--format", "docker-env"],
        ),
        (
            "s.jsonl",
            "{\"key\":\"a/b\",\"value\":\"MS4xMA==\"}\n{\"key\":\"c\",\"value\":\"x y\",\"encoding\":\"utf8\"}\n",
            &[],
        ),
    ];
    for (name, text, args) in sources {
        let base = ["diff", "--prune", "--prefix", prefix];
        let output = scope
            .kvw(base)
            .file(name, text)
            .args([name])
            .args(args)
            .run();
        assert_eq!(output.expect(0).text(), "", "{output}");
    }
    let document = scope.kvw(["export", prefix]).ok();
    for format in ["consul", "jsonl"] {
        let output = scope
            .kvw([
                "diff", "-", "--format", format, "--scope", prefix, "--prune",
            ])
            .stdin(document.clone())
            .run();
        assert_eq!(output.expect(0).text(), "", "{output}");
    }
}

#[test]
fn a_source_that_is_not_valid_as_a_whole_sends_nothing() {
    let server = Faulty::script().start();
    let files = directory(&[("a", b"1"), ("b.yaml", b"x: [1"), ("README.md", b"")]);
    let path = files.path().to_str().unwrap();
    let kvw = |args: &[&str]| Kvw::at(server.address()).args(["diff"]).args(args).run();
    for (args, words) in [
        (vec![path, "--prefix", "p/", "--expand", "**"], "b.yaml:"),
        (vec![path], "--prefix P/"),
        (vec![path, "--prefix", "p"], "did you mean --prefix p/?"),
        (vec![path, "--prefix", "/p/"], "--exact-key"),
        (vec![path, "--prefix", ""], "--all"),
        (
            vec![path, "--prefix", "p/", "--format", "yaml"],
            "is a directory",
        ),
        (vec!["-", "--prefix", "p/"], "--format says it"),
        (vec!["none", "--prefix", "p/"], "none"),
        (vec![], "SOURCE is missing"),
        (vec!["none.json", "--prune"], "what it may delete"),
        (
            vec!["none.json", "--strip", "a"],
            "did you mean --strip a/?",
        ),
        (vec![path, "--prefix", "p/", "--stale"], "--stale"),
    ] {
        let output = kvw(&args);
        output.expect(2).one_line().says(&[words]);
        assert_eq!(output.text(), "");
    }
    let empty = directory(&[("README.md", b""), (".kvwignore", b"*.md\n")]);
    let empty = empty.path().to_str().unwrap();
    let output = kvw(&[empty, "--prefix", "p/", "--prune"]);
    output.expect(2).one_line().says(&["--allow-empty"]);
    assert!(server.requests().is_empty());
}

#[test]
fn one_unreadable_file_or_directory_sends_nothing() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let server = Faulty::script().start();
    let files = directory(&[("a", b"1"), ("sub/b", b"2"), ("c", b"3")]);
    let set_mode = |name: &str, mode| {
        set_permissions(files.path().join(name), Permissions::from_mode(mode)).unwrap();
    };
    set_mode("", 0o755);
    let diff = || {
        let path = files.path().to_str().unwrap();
        let args = ["diff", path, "--prefix", "p/", "--prune"];
        Kvw::at(server.address()).args(args)
    };
    let probe = Kvw::at(server.address()).args(["--version"]);
    if probe.under(AS_USER).run().code != 0 {
        return not_tried("an unreadable file: no setpriv, no root, or no way to the binary");
    }
    for name in ["c", "sub"] {
        set_mode(name, 0o000);
        let output = diff().under(AS_USER).run();
        let words = [&*format!("/{name}: "), "Permission denied"];
        output.expect(2).one_line().says(&words);
        set_mode(name, 0o755);
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_later_source_wins_and_overrides_are_counted() {
    let scope = Agent::shared();
    let kvw = |args: &[&str]| {
        scope
            .kvw(["diff", "one.yaml", "two.yaml", "--prefix", scope.prefix()])
            .file("one.yaml", "a: 1\nb: 1\n")
            .file("two.yaml", "b: 2\nc: 2\n")
            .args(args)
            .run()
    };
    let output = kvw(&[]);
    output
        .expect(1)
        .says(&["1 key overridden by a later source"]);
    assert!(output.text().contains("b = 2\n"), "{output}");
    let output = kvw(&["-v"]);
    output.says(&["b of one.yaml:2 is overridden by two.yaml:1"]);
}

#[test]
fn globs_leave_keys_alone() {
    let scope = Agent::shared();
    scope.put("x/old", "1");
    scope.put("y/old", "1");
    let files = directory(&[("x/new", b""), ("y/new", b"")]);
    let output = diff(&scope, files.path(), &["--prune", "--exclude", "**/y/*"]).run();
    output.expect(1).says(&["2 skipped (excluded)"]);
    assert!(!output.text().contains("/y/"), "{output}");
    let output = diff(&scope, files.path(), &["--prune", "--include", "**/y/*"]).run();
    assert!(!output.text().contains("/x/"), "{output}");
}

#[test]
fn a_neighbour_of_the_prefix_is_never_compared() {
    let scope = Agent::shared();
    scope.put("app/a", "1");
    scope.put("app2/a", "1");
    let files = directory(&[("a", b"1\n")]);
    let prefix = scope.key("app/");
    let path = files.path().to_str().unwrap();
    scope
        .kvw(["diff", path, "--prefix", &prefix, "--prune"])
        .ok();
}

#[test]
fn a_saved_plan_is_applied_as_it_was_shown() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let files = directory(&[("a", b"2\n"), ("b", b"3\n")]);
    let plan = files.path().join(".plan.json");
    let plan = plan.to_str().unwrap();
    diff(&scope, files.path(), &["--save", plan])
        .run()
        .expect(1);
    scope.kvw(["apply", "--plan", plan]).ok();
    assert_eq!(scope.value("b").unwrap(), b"3");
    diff(&scope, files.path(), &["--prune"]).ok();
    // A plan is for what it has seen.
    let output = scope.kvw(["apply", "--plan", plan]).run();
    output.expect(1).says(&["changed since the plan was saved"]);
}

#[test]
fn a_plan_without_values_needs_the_same_sources_again() {
    let scope = Agent::shared();
    let files = directory(&[("a", b"hunter2\n")]);
    let plan = files.path().join(".plan.json");
    let save = ["--save", plan.to_str().unwrap(), "--without-values"];
    diff(&scope, files.path(), &save).run().expect(1);
    let text = std::fs::read_to_string(&plan).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let apply = || {
        let path = files.path().to_str().unwrap();
        let args = ["apply", path, "--prefix", scope.prefix(), "--plan"];
        scope.kvw(args).args([plan.as_os_str()]).run()
    };
    write(files.path(), &[("a", b"hunter3\n")]);
    apply().expect(2).says(&["another value"]);
    write(files.path(), &[("a", b"hunter2\n")]);
    apply().expect(0);
    assert_eq!(scope.value("a").unwrap(), b"hunter2");
}

#[test]
fn missing_rights_are_named_where_asked_for() {
    let Some(agent) = AclAgent::start() else {
        return;
    };
    let rules =
        "key_prefix \"app/\" { policy = \"read\" } key_prefix \"app/own/\" { policy = \"write\" }";
    let policy = agent.create_policy(rules);
    let token = agent.create_token(&policy);
    let files = directory(&[("own/a", b"1\n"), ("b", b"2\n")]);
    let path = files.path().to_str().unwrap();
    let kvw = |args: &[&str]| {
        let kvw = agent.kvw(["diff", path, "--prefix", "app/"]);
        kvw.env("CONSUL_HTTP_TOKEN", &token.secret).args(args).run()
    };
    kvw(&[]).expect(1);
    let output = kvw(&["--access"]);
    output
        .expect(4)
        .says(&["the token may not write 1 key: app/b"]);
    assert!(output.text().contains("+ app/own/a = 1"), "{output}");
    // What the token may not read could be there.
    agent.set_rules(&policy, &prefix_rules("read", &["other/"]));
    kvw(&[]).expect(4);
}

#[test]
fn a_terminal_is_not_driven_by_what_is_stored() {
    let scope = Agent::shared();
    scope.put("a", "\x1b[2Jx");
    let files = directory(&[("a", b"y\n"), ("b\x1b", b"\x1b]0;t\x07\n")]);
    let output = diff(&scope, files.path(), &[]).on_terminal().run();
    assert!(
        !output.stdout.contains(&0x1b) || !output.text().contains("\x1b[2J"),
        "{output}"
    );
    assert!(!output.text().contains("\x1b]0;"), "{output}");
}
