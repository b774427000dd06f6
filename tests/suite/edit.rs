//! kvw edit

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::harness::{
    AclAgent, Agent, Kvw, Output, Scope, Terminal, children, prefix_rules, wait_for,
};

const BINARY: &str = env!("CARGO_BIN_EXE_kvw");

/// An edit by a script: it finds the file in `$1`, the key in `$KEY` and the program in `$KVW`.
fn edit(scope: &Scope, name: &str, script: &str) -> Kvw {
    let key = scope.key(name);
    with_editor(scope.kvw(["edit", &key]), script)
        .env("KEY", key)
        .env("KVW", BINARY)
}

/// Files of the edit are in the folder `tmp`, so that a test sees what is left.
fn with_editor(kvw: Kvw, script: &str) -> Kvw {
    let tmp = kvw.home().join("tmp");
    std::fs::create_dir(&tmp).unwrap();
    kvw.script("editor", script)
        .env("EDITOR", "./editor")
        .env("TMPDIR", tmp)
}

/// What the last line on stderr names.
#[track_caller]
fn kept(output: &Output) -> PathBuf {
    let last = output.stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with('/'), "no path at the end: {output}");
    last.into()
}

/// Runs it, and reads what it left of the text.
#[track_caller]
fn run_and_keep(kvw: Kvw, exit: i32) -> (Output, Option<String>) {
    // The home goes with the run.
    let tmp = tempfile::tempdir().unwrap();
    let output = kvw.env("TMPDIR", tmp.path()).run();
    output.expect(exit);
    let left = std::fs::read_dir(tmp.path()).unwrap().count();
    if left == 0 {
        return (output, None);
    }
    let text = std::fs::read_to_string(kept(&output)).unwrap();
    (output, Some(text))
}

#[test]
fn a_script_edits_a_key_and_its_flags_stay() {
    let scope = Agent::shared();
    scope.put("port?flags=7", "8080");
    let key = scope.key("port");
    let sed = scope
        .kvw(["edit", &key])
        .env("EDITOR", "sed -i s/8080/8081/");
    sed.run().expect(0).says(&["wrote", &key]);
    assert_eq!(scope.value("port").unwrap(), b"8081");
    assert_eq!(scope.entry("port").unwrap()["Flags"], 7);
}

#[test]
fn an_unchanged_text_writes_nothing_and_leaves_no_file() {
    let scope = Agent::shared();
    for (name, value) in [("a", "1"), ("b", "1\n"), ("c", ""), ("d", "1\r\n\r\n")] {
        scope.put(name, value);
        let before = scope.entry(name);
        for script in ["true", "touch \"$1\"; echo beside > \"$1.swp\""] {
            let (output, left) = run_and_keep(edit(&scope, name, script), 0);
            output.says(&["unchanged"]);
            assert_eq!(left, None);
            assert_eq!(scope.entry(name), before);
        }
    }
    // An editor that ends the last line changes nothing.
    edit(&scope, "a", "echo >> \"$1\"")
        .run()
        .expect(0)
        .says(&["unchanged"]);
    let (output, left) = run_and_keep(edit(&scope, "none", "true"), 0);
    output.says(&["not created"]);
    assert_eq!((left, scope.value("none")), (None, None));
}

#[test]
fn a_missing_key_is_created_without_the_newline_of_the_editor() {
    let scope = Agent::shared();
    edit(&scope, "new", "echo 8080 > \"$1\"").ok();
    assert_eq!(scope.value("new").unwrap(), b"8080");
    edit(&scope, "exact", "echo 8080 > \"$1\"")
        .args(["--exact"])
        .ok();
    assert_eq!(scope.value("exact").unwrap(), b"8080\n");
    // A value that has one keeps it.
    edit(&scope, "exact", "echo 8081 > \"$1\"").ok();
    assert_eq!(scope.value("exact").unwrap(), b"8081\n");
}

#[test]
fn the_file_is_private_and_has_a_name_by_which_an_editor_knows_the_language() {
    let scope = Agent::shared();
    scope.put("a/settings", "{\"a\": 1}");
    scope.put("a/app.toml", "a = 1");
    let script = "stat -c '%a' \"$1\" \"$(dirname \"$1\")\" > \"$OUT\"; basename \"$1\" >> \"$OUT\"; cat \"$1\" >> \"$OUT\"";
    let out = tempfile::NamedTempFile::new().unwrap();
    for (name, seen) in [
        ("a/settings", "600\n700\nsettings.json\n{\"a\": 1}"),
        ("a/app.toml", "600\n700\napp.toml\na = 1"),
    ] {
        edit(&scope, name, script).env("OUT", out.path()).ok();
        assert_eq!(std::fs::read_to_string(out.path()).unwrap(), seen);
    }
}

#[test]
fn an_editor_that_fails_writes_nothing_and_only_a_changed_text_is_kept() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let (output, left) = run_and_keep(edit(&scope, "a", "exit 3"), 1);
    output
        .one_line()
        .says(&["nothing written", "exited with 3"]);
    assert_eq!(left, None);
    let (output, left) = run_and_keep(edit(&scope, "a", "echo 2 > \"$1\"; kill -9 $$"), 1);
    output.says(&["nothing written", "died of"]);
    assert_eq!(left.as_deref(), Some("2\n"));
    let (output, left) = run_and_keep(edit(&scope, "a", "rm \"$1\""), 1);
    output.one_line().says(&["removed the file"]);
    assert_eq!(left, None);
    // The path is said even where nothing else is.
    let quiet = edit(&scope, "a", "echo 2 > \"$1\"; exit 1").args(["-q"]);
    let (output, left) = run_and_keep(quiet, 1);
    assert_eq!(output.stderr.lines().count(), 2, "{output}");
    assert_eq!(left.as_deref(), Some("2\n"));
    assert_eq!(scope.value("a").unwrap(), b"1");
}

#[test]
fn the_editor_is_found_as_git_finds_it() {
    let scope = Agent::shared();
    let run = |variables: &[(&str, &str)]| {
        scope.put("a", "0");
        let mut kvw = scope.kvw(["edit", &scope.key("a")]);
        for (name, value) in variables {
            kvw = kvw.env(name, *value);
        }
        kvw.script("one", "echo one > \"$1\"")
            .script("two", "echo two > \"$1\"")
            .script("with args", "echo \"$1\" > \"$2\"")
            .run()
    };
    let value = || String::from_utf8(scope.value("a").unwrap()).unwrap();
    for (variables, expected) in [
        (&[("EDITOR", "./one")][..], "one"),
        (&[("EDITOR", "./one"), ("VISUAL", "./two")], "two"),
        (&[("VISUAL", "./one"), ("KVW_EDITOR", "./two")], "two"),
        (
            &[("VISUAL", " "), ("EDITOR", "./one"), ("KVW_EDITOR", "")],
            "one",
        ),
        (&[("EDITOR", "'./with args' \"x  y\"")], "x  y"),
        (&[("EDITOR", "A=z; ./with\\ args $A")], "z"),
    ] {
        run(variables).expect(0);
        assert_eq!(value(), expected, "{variables:?}");
    }
    run(&[]).expect(2).one_line().says(&["no editor", "EDITOR"]);
    let missing = run(&[("EDITOR", "./none --wait")]);
    missing
        .expect(2)
        .one_line()
        .says(&["./none --wait", "EDITOR"]);
    run(&[("EDITOR", "./no\"ne\"")])
        .expect(1)
        .says(&["exited with 127"]);
    assert_eq!(value(), "0");
}

#[test]
fn without_a_terminal_a_key_that_changed_meanwhile_is_left_as_it_is() {
    let scope = Agent::shared();
    for (before, change, words) in [
        (Some("1"), "put --quiet \"$KEY\" other", "changed since"),
        (Some("1"), "delete --quiet \"$KEY\"", "deleted since"),
        (None, "put --quiet \"$KEY\" other", "exists now"),
    ] {
        match before {
            Some(value) => scope.put("a", value),
            None => scope.delete("a"),
        }
        let script = format!("\"$KVW\" {change} || exit 9; echo mine > \"$1\"");
        let (output, left) = run_and_keep(edit(&scope, "a", &script), 1);
        output.says(&["nothing written", words]);
        assert_eq!(left.as_deref(), Some("mine\n"));
        let other = change.starts_with("put").then(|| b"other".to_vec());
        assert_eq!(scope.value("a"), other);
    }
    // What another client wrote meanwhile is what was wanted.
    scope.put("a", "1");
    let same = edit(
        &scope,
        "a",
        "\"$KVW\" put \"$KEY\" mine; echo mine > \"$1\"",
    );
    let (output, left) = run_and_keep(same, 0);
    output.says(&["unchanged"]);
    assert_eq!(left, None);
}

#[test]
fn bytes_that_are_no_text_need_base64() {
    let scope = Agent::shared();
    scope.put("a", b"\x00\xff");
    let refused = edit(&scope, "a", "echo x > \"$1\"").run();
    refused
        .expect(2)
        .one_line()
        .says(&["not UTF-8", "--base64"]);
    let script = "grep -qx AP8= \"$1\" && echo AAE= > \"$1\"";
    edit(&scope, "a", script).args(["--base64"]).ok();
    assert_eq!(scope.value("a").unwrap(), b"\x00\x01");
    let broken = edit(&scope, "a", "echo '?' > \"$1\"").args(["--base64"]);
    let (output, left) = run_and_keep(broken, 2);
    output.says(&["nothing written", "base64"]);
    assert_eq!(left.as_deref(), Some("?\n"));
    // An editor may write another encoding.
    scope.put("a", "text");
    let latin = edit(&scope, "a", "printf '\\351' > \"$1\"").run();
    latin.expect(2).says(&["nothing written", "not UTF-8"]);
    assert_eq!(scope.value("a").unwrap(), b"text");
}

#[test]
fn a_value_that_fails_its_check_is_not_written() {
    let scope = Agent::shared();
    scope.put("a", "{}");
    for (check, bad, good) in [
        ("json", "{", "[1]"),
        ("yaml", "a: [", "a: 1"),
        ("toml", "a =", "a = 1"),
        ("grep -q \"^$KVW_KEY\\$\"", "x", &scope.key("a")),
    ] {
        scope.put("a", "{}");
        let run = |value: &str| {
            let kvw = edit(&scope, "a", "printf %s \"$VALUE\" > \"$1\"").args(["--check", check]);
            kvw.env("VALUE", value)
        };
        let (output, left) = run_and_keep(run(bad), 1);
        output.says(&["nothing written", &scope.key("a")]);
        assert_eq!(left.as_deref(), Some(bad));
        assert_eq!(scope.value("a").unwrap(), b"{}");
        run(good).ok();
        assert_eq!(scope.value("a").unwrap(), good.as_bytes());
    }
}

#[test]
fn a_key_that_a_session_holds_is_edited_only_on_request() {
    let scope = Agent::shared();
    let session = scope.create_session();
    scope.put(&format!("a?acquire={session}"), "1");
    let script = "echo 2 > \"$1\"";
    let (output, left) = run_and_keep(edit(&scope, "a", script), 1);
    output
        .one_line()
        .says(&["held by a session", "--overwrite-locked"]);
    assert_eq!(left, None);
    edit(&scope, "a", script).args(["--overwrite-locked"]).ok();
    assert_eq!(scope.value("a").unwrap(), b"2");
    assert_eq!(scope.entry("a").unwrap()["Session"], session.as_str());
    // Taken while it is edited.
    scope.put("b", "1");
    let take = format!(
        "\"$KVW\" put --quiet --acquire --session {session} \"$KEY\" || exit 9; echo 2 > \"$1\""
    );
    let (output, left) = run_and_keep(edit(&scope, "b", &take), 1);
    output.says(&["nothing written"]);
    assert_eq!(left.as_deref(), Some("2\n"));
    assert_eq!(scope.value("b").unwrap(), b"1");
}

#[test]
fn an_edit_is_undone() {
    let scope = Agent::shared();
    scope.put("a?flags=3", "1");
    let folder = tempfile::tempdir().unwrap();
    for (name, before) in [("a", Some(b"1".to_vec())), ("b", None)] {
        let file = folder.path().join(name);
        let file = file.to_str().unwrap();
        edit(&scope, name, "echo 2 > \"$1\"")
            .args(["--undo", file])
            .ok();
        assert_eq!(scope.value(name).unwrap(), b"2");
        scope.kvw(["undo", file, "--yes"]).ok();
        assert_eq!(scope.value(name), before);
    }
    assert_eq!(scope.entry("a").unwrap()["Flags"], 3);
}

#[test]
fn without_a_server_no_editor_is_started_and_a_lost_one_loses_no_text() {
    let none = Kvw::at("127.0.0.1:1").args(["edit", "a", "--retry-for", "0"]);
    let output = with_editor(none, "echo started >&2").run();
    output.expect(3).one_line();
    assert!(!output.stderr.contains("started"), "{output}");

    let mut agent = Agent::own();
    agent.http("PUT", "/v1/kv/a", b"1");
    let gone = with_editor(
        agent.kvw(["edit", "a", "--retry-for", "0"]),
        "echo started >&2; read x < gate; echo 2 > \"$1\"",
    );
    let gate = gone.home().join("gate");
    make_fifo(&gate);
    let tmp = tempfile::tempdir().unwrap();
    let mut running = gone.env("TMPDIR", tmp.path()).spawn();
    running.err_line_with("started");
    agent.kill();
    std::fs::write(&gate, "\n").unwrap();
    let output = running.wait(Duration::from_secs(30));
    output.expect(3);
    assert_eq!(std::fs::read_to_string(kept(&output)).unwrap(), "2\n");
}

fn make_fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

#[test]
fn a_token_that_may_not_write_loses_no_text() {
    let Some(agent) = AclAgent::start() else {
        return;
    };
    agent.put("seen/a", "1");
    let policy = agent.create_policy(&prefix_rules("read", &["seen/"]));
    let token = agent.create_token(&policy);
    for (key, left) in [("seen/a", Some("2\n")), ("hidden/a", None)] {
        let kvw = agent
            .kvw(["edit", key])
            .env("CONSUL_HTTP_TOKEN", &token.secret);
        let (output, kept) = run_and_keep(with_editor(kvw, "echo 2 > \"$1\""), 4);
        output.says(&["ermission denied"]);
        assert!(!output.stderr.contains(&token.secret), "{output}");
        assert_eq!(kept.as_deref(), left);
    }
}

#[test]
fn a_signal_ends_the_editor_and_the_text_is_named() {
    let scope = Agent::shared();
    scope.put("a", "1");
    for (script, left) in [
        (
            "echo half > \"$1\"; echo started >&2; exec sleep 100",
            Some("half\n"),
        ),
        ("echo started >&2; exec sleep 100", None),
    ] {
        let tmp = tempfile::tempdir().unwrap();
        let mut running = edit(&scope, "a", script).env("TMPDIR", tmp.path()).spawn();
        running.err_line_with("started");
        running.signal("TERM");
        let output = running.wait(Duration::from_secs(30));
        assert_eq!(output.signal, Some(15), "{output}");
        match left {
            Some(text) => assert_eq!(std::fs::read_to_string(kept(&output)).unwrap(), text),
            None => assert_eq!(
                std::fs::read_dir(tmp.path()).unwrap().count(),
                0,
                "{output}"
            ),
        }
    }
    assert_eq!(scope.value("a").unwrap(), b"1");
}

#[test]
fn a_signal_names_the_text_also_while_consul_does_not_answer() {
    let agent = Agent::own();
    agent.http("PUT", "/v1/kv/a", b"1");
    let script = "echo 2 > \"$1\"; echo started >&2; read x < gate";
    let kvw = with_editor(agent.kvw(["edit", "a"]), script);
    let gate = kvw.home().join("gate");
    make_fifo(&gate);
    let tmp = tempfile::tempdir().unwrap();
    let mut running = kvw.env("TMPDIR", tmp.path()).spawn();
    running.err_line_with("started");
    agent.freeze(true);
    std::fs::write(&gate, "\n").unwrap();
    let pid = running.pid();
    wait_for("the end of the editor", || {
        children(pid).is_empty().then_some(())
    });
    running.signal("TERM");
    let output = running.wait(Duration::from_secs(30));
    agent.freeze(false);
    assert_eq!(output.signal, Some(15), "{output}");
    assert_eq!(std::fs::read_to_string(kept(&output)).unwrap(), "2\n");
}

#[test]
fn what_means_nothing_here_is_refused() {
    let scope = Agent::shared();
    for (name, flag) in [
        ("a", "--stale"),
        ("a", "--yes"),
        ("p/", "--base64"),
        ("p/", "--exact"),
    ] {
        let refused = edit(&scope, name, "true").args([flag]).run();
        refused.expect(2).one_line().says(&[flag]);
    }
    for name in ["", "/", "//"] {
        scope
            .kvw(["edit", name])
            .env("EDITOR", "true")
            .run()
            .expect(2)
            .one_line();
    }
}

#[test]
fn the_keys_below_a_prefix_are_edited_as_one_document() {
    let scope = Agent::shared();
    for (name, value) in [
        ("p/port", "8080"),
        ("p/a/text", "one\ntwo\n"),
        ("p/a", "no"),
        ("p/on?flags=9", "true"),
        ("p/gone", ""),
        ("p/", ""),
        ("q/x", "untouched"),
    ] {
        scope.put(name, value);
    }
    scope.put("p/binary", b"\xff");
    scope.put("p/large", vec![b'x'; 70_000]);
    let before = scope.entry("p/a/text");
    let script = "cat \"$1\" >&2; sed -i 's/8080/8081/; s/true/false/; /^gone/d; $a new/key: \"1.10\"' \"$1\"";
    let kvw = || edit(&scope, "p/", script);
    let document = "\
a: \"no\"
a/text: |
  one
  two
gone: \"\"
\"on\": true
port: 8080
";
    let (output, left) = run_and_keep(kvw(), 2);
    output.says(&[document, "refusing to delete 1 key", "--yes"]);
    output.says(&[
        "3 keys left out",
        "1 binary",
        "1 larger than 64 KiB",
        "1 a folder key",
    ]);
    assert!(left.unwrap().contains("port: 8081"));
    assert_eq!(scope.value("p/port").unwrap(), b"8080");
    let undo = tempfile::tempdir().unwrap();
    let undo = undo.path().join("undo");
    let undo = undo.to_str().unwrap();
    let (output, left) = run_and_keep(kvw().args(["--yes", "--undo", undo]), 0);
    output.says(&["wrote 3, deleted 1 in 1 transaction"]);
    assert_eq!(left, None);
    for (name, value) in [
        ("p/port", Some(&b"8081"[..])),
        ("p/on", Some(b"false")),
        ("p/new/key", Some(b"1.10")),
        ("p/gone", None),
        ("p/", Some(b"")),
        ("p/binary", Some(b"\xff")),
        ("q/x", Some(b"untouched")),
    ] {
        assert_eq!(scope.value(name).as_deref(), value, "{name}");
    }
    assert_eq!(scope.entry("p/on").unwrap()["Flags"], 9);
    assert_eq!(scope.entry("p/a/text"), before);
    edit(&scope, "p/", "true")
        .run()
        .expect(0)
        .says(&["0 to write", "5 unchanged"]);
    scope.kvw(["undo", undo, "--yes"]).ok();
    assert_eq!(scope.value("p/gone").unwrap(), b"");
    assert_eq!(scope.value("p/new/key"), None);
}

#[test]
fn a_document_that_means_something_else_writes_nothing() {
    let scope = Agent::shared();
    scope.put("p/a", "1");
    scope.put("p/b", b"\xff");
    for (script, exit, words) in [
        ("echo 'a: [' > \"$1\"", 2, "p.yaml:"),
        ("echo 'a:' > \"$1\"", 2, "p.yaml:1"),
        ("printf 'a: 1\na: 2\n' > \"$1\"", 2, "p.yaml:2"),
        ("echo '# nothing' > \"$1\"", 2, "deletes none"),
        ("echo 'b: x' >> \"$1\"", 2, "left out"),
        ("echo 'c//d: x' >> \"$1\"", 2, "c//d"),
        (
            "echo 'a: 2' > \"$1\"; exit 1",
            1,
            "the editor exited with 1",
        ),
        ("echo 'a: no' > \"$1\"", 1, "p/a: not JSON"),
    ] {
        let before = scope.entry("p/a");
        let kvw = edit(&scope, "p/", script).args(["--yes", "--check", "json"]);
        let (output, left) = run_and_keep(kvw, exit);
        output.says(&["nothing written", words]);
        assert!(left.is_some(), "{output}");
        assert_eq!(scope.entry("p/a"), before);
        assert_eq!(scope.value("p/b").unwrap(), b"\xff");
    }
}

#[test]
fn a_prefix_without_keys_starts_empty() {
    let scope = Agent::shared();
    edit(&scope, "p/", "true")
        .run()
        .expect(0)
        .says(&["0 to write"]);
    edit(&scope, "p/", "echo 'a/b: x' > \"$1\"").ok();
    assert_eq!(scope.value("p/a/b").unwrap(), b"x");
}

#[test]
fn a_key_of_the_document_that_changed_meanwhile_is_named_and_nothing_is_written() {
    let scope = Agent::shared();
    scope.put("p/a", "1");
    scope.put("p/b", "1");
    let script = "\"$KVW\" put --quiet \"${KEY}a\" other; sed -i s/1/2/ \"$1\"";
    let (output, left) = run_and_keep(edit(&scope, "p/", script), 1);
    output.says(&["nothing written", &scope.key("p/a"), "changed since"]);
    assert_eq!(left.as_deref(), Some("a: 2\nb: 2\n"));
    assert_eq!(scope.value("p/a").unwrap(), b"other");
    assert_eq!(scope.value("p/b").unwrap(), b"1");
    // Held by a session: neither written nor deleted.
    let session = scope.create_session();
    scope.put(&format!("p/a?acquire={session}"), "1");
    let held = edit(&scope, "p/", "sed -i s/1/2/ \"$1\"").run();
    held.expect(1)
        .says(&["held by a session", &scope.key("p/a")]);
    let removed = edit(&scope, "p/", "sed -i '/^a/d; s/1/2/' \"$1\"")
        .args(["--yes"])
        .run();
    removed.expect(0).says(&["wrote 1", "is not deleted"]);
    assert_eq!(scope.value("p/a").unwrap(), b"1");
    assert_eq!(scope.value("p/b").unwrap(), b"2");
}

#[test]
fn removed_lines_are_shown_and_asked_for() {
    let scope = Agent::shared();
    for (answer, exit, left) in [("g\n", 1, true), ("y\n", 0, false)] {
        scope.put("p/a", "1");
        scope.put("p/b", "1");
        let (mut terminal, _home) = on_terminal(&scope, "p/", "sed -i /^b/d \"$1\"", "");
        let screen = terminal.screen_up_to("Delete 1 key? [y]es, [e]dit again or [g]ive up?");
        assert!(screen.contains("- ") && screen.contains("p/b"), "{screen}");
        assert!(scope.value("p/b").is_some());
        terminal.press(answer);
        terminal.screen_up_to(&format!("exit {exit}"));
        assert_eq!(scope.value("p/b").is_some(), left);
    }
}

/// An edit of the key on a terminal; its shell says how it ended.
fn on_terminal(scope: &Scope, name: &str, script: &str, flags: &str) -> (Terminal, Kvw) {
    let kvw = edit(scope, name, script);
    let line = format!("trap : INT; {BINARY} edit \"$KEY\" {flags}; echo exit $?");
    (kvw.terminal(&line), kvw)
}

/// In the first edit another client writes the key too; the next ones show the file and change it.
const CONFLICT: &str = "\
if [ ! -e edited ]; then
  touch edited
  \"$KVW\" put --quiet \"$KEY\" \"$THEIRS\"
  printf '%s\\n' \"$MINE\" > \"$1\"
else
  cat \"$1\"; echo seen; sed -i \"$AGAIN\" \"$1\"
fi";

fn conflict(scope: &Scope, [base, mine, theirs]: [&str; 3], again: &str) -> (Terminal, Kvw) {
    scope.put("a", base);
    let kvw = edit(scope, "a", CONFLICT);
    let kvw = kvw
        .env("MINE", mine)
        .env("THEIRS", theirs)
        .env("AGAIN", again);
    let line = format!("trap : INT; {BINARY} edit \"$KEY\"; echo exit $?");
    (kvw.terminal(&line), kvw)
}

const QUESTION: &str = "[m]erge, [e]dit again, [o]verwrite or [g]ive up?";

#[test]
fn a_conflict_is_shown_and_merged() {
    let scope = Agent::shared();
    let (mut terminal, _home) = conflict(&scope, ["a\nb\nc", "A\nb\nc", "a\nb\nC"], "s/b/B/");
    let screen = terminal.screen_up_to(QUESTION);
    for words in ["changed since index", "-c", "+C"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    // No answer is none of the four.
    terminal.press("x\n");
    terminal.screen_up_to(QUESTION);
    terminal.press("m\n");
    let screen = terminal.screen_up_to("seen");
    assert!(screen.contains("A\r\nb\r\nC"), "{screen}");
    terminal.screen_up_to("exit 0");
    assert_eq!(scope.value("a").unwrap(), b"A\nB\nC");
}

#[test]
fn conflicting_lines_are_marked_and_not_written_with_their_marks() {
    let scope = Agent::shared();
    let (mut terminal, _home) = conflict(
        &scope,
        ["a", "mine", "theirs"],
        "/^[<=>]\\{7\\}/d; /theirs/d",
    );
    terminal.screen_up_to(QUESTION);
    terminal.press("m\n");
    let screen = terminal.screen_up_to("seen");
    let marked = "<<<<<<< yours\r\nmine\r\n=======\r\ntheirs\r\n>>>>>>> theirs";
    assert!(screen.contains(marked), "{screen}");
    terminal.screen_up_to("exit 0");
    assert_eq!(scope.value("a").unwrap(), b"mine");

    let (mut terminal, kvw) = conflict(&scope, ["a", "mine", "theirs"], "s/mine/both/");
    terminal.screen_up_to(QUESTION);
    terminal.press("m\n");
    terminal.screen_up_to("marks of a conflict");
    terminal.screen_up_to("[e]dit again or [g]ive up?");
    terminal.press("g\n");
    let screen = terminal.screen_up_to("exit 1");
    let path = screen.lines().find(|line| line.starts_with('/')).unwrap();
    assert!(path.starts_with(kvw.home().to_str().unwrap()), "{path}");
    let left = std::fs::read_to_string(path).unwrap();
    assert!(left.contains("both"), "{left}");
    assert_eq!(scope.value("a").unwrap(), b"theirs");
}

#[test]
fn a_conflict_is_overwritten_edited_again_or_given_up() {
    let scope = Agent::shared();
    for (answer, exit, value) in [
        ("o\n", 0, "mine"),
        ("e\n", 0, "again"),
        ("g\n", 1, "theirs"),
        // The end of what is typed, and a Ctrl-C.
        ("\x04", 1, "theirs"),
        ("\x03", 130, "theirs"),
    ] {
        let (mut terminal, kvw) = conflict(&scope, ["a", "mine", "theirs"], "s/mine/again/");
        terminal.screen_up_to(QUESTION);
        terminal.press(answer);
        let screen = terminal.screen_up_to(&format!("exit {exit}"));
        assert_eq!(scope.value("a").unwrap(), value.as_bytes(), "{answer:?}");
        let left = std::fs::read_dir(kvw.home().join("tmp")).unwrap().count();
        assert_eq!(left, usize::from(exit != 0), "{answer:?}: {screen}");
    }
}

#[test]
fn a_key_that_was_deleted_or_became_bytes_is_not_merged() {
    let scope = Agent::shared();
    for (change, value) in [
        ("delete --quiet \"$KEY\"", "mine"),
        ("put --quiet --base64 \"$KEY\" /w==", "mine"),
    ] {
        scope.put("a", "1");
        let script = format!("\"$KVW\" {change}; echo mine > \"$1\"");
        let (mut terminal, _home) = on_terminal(&scope, "a", &script, "");
        let screen = terminal.screen_up_to("[e]dit again, [o]verwrite or [g]ive up?");
        assert!(!screen.contains("[m]erge"), "{screen}");
        terminal.press("o\n");
        terminal.screen_up_to("exit 0");
        assert_eq!(scope.value("a").unwrap(), value.as_bytes());
    }
}

#[test]
fn a_value_that_fails_its_check_is_edited_again() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let script = "if [ -e once ]; then echo '[2]' > \"$1\"; else touch once; echo '[' > \"$1\"; fi";
    let (mut terminal, _home) = on_terminal(&scope, "a", script, "--check json");
    let screen = terminal.screen_up_to("[e]dit again or [g]ive up?");
    assert!(screen.contains("not JSON"), "{screen}");
    terminal.press("e\n");
    terminal.screen_up_to("exit 0");
    assert_eq!(scope.value("a").unwrap(), b"[2]");
}

#[test]
fn a_ctrl_c_in_the_editor_is_the_editors() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let script = "\
trap 'echo caught' INT
echo ready
until read line && [ -n \"$line\" ]; do :; done
echo \"$line\" > \"$1\"";
    let (mut terminal, _home) = on_terminal(&scope, "a", script, "");
    terminal.screen_up_to("ready");
    terminal.press("\x03");
    terminal.screen_up_to("caught");
    terminal.press("\x03");
    terminal.screen_up_to("caught");
    terminal.press("2\n");
    terminal.screen_up_to("exit 0");
    assert_eq!(scope.value("a").unwrap(), b"2");
}

#[test]
fn a_terminal_that_an_editor_leaves_raw_is_given_back() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let script = "stty raw -echo; kill -9 $$";
    let (mut terminal, _home) = on_terminal(&scope, "a", script, "; stty -a");
    let screen = terminal.screen_up_to("\nopost");
    assert!(screen.contains("died of SIGKILL\r\n"), "{screen}");
    let screen = terminal.screen_up_to("exit 0");
    assert!(screen.contains(" echo "), "{screen}");
}

#[test]
fn a_ctrl_z_in_the_editor_gives_the_shell_its_terminal() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let kvw = edit(
        &scope,
        "a",
        "echo ready; read line; echo \"$line\" > \"$1\"",
    );
    let mut terminal = kvw.terminal("bash --norc --noprofile");
    terminal.press(&format!("{BINARY} edit \"$KEY\"; echo ended $?\n"));
    terminal.screen_up_to("ready");
    terminal.press("\x1a");
    terminal.screen_up_to("Stopped");
    terminal.press("fg\n2\n");
    terminal.screen_up_to("wrote");
    assert_eq!(scope.value("a").unwrap(), b"2");
}
