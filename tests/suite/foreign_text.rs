//! What strangers wrote, on a terminal: keys, values, names and errors of a server, words of the line.

use crate::harness::{Agent, Faulty, Kvw, Output};

/// Would write the clipboard, clear the screen, reverse the line, and hide.
const HOSTILE: &str = "a\x1b]52;c;eA==\x07\u{9b}2J\u{202e}b\u{200b}\u{3164}\u{e0041}\\x1b[31m";

/// Fails if a character of [`HOSTILE`] reached the terminal, or none of it did.
#[track_caller]
fn is_tame(output: &Output, mark: &str) {
    let text = output.text();
    let foreign = |c: char| HOSTILE.contains(c) && !c.is_ascii_graphic();
    assert!(!text.contains(foreign), "{text:?}");
    assert!(text.contains(mark), "{mark}: {output}");
}

#[test]
fn nothing_that_is_stored_controls_the_terminal() {
    let agent = Agent::own();
    agent.kvw(["put", "--exact-key", HOSTILE, HOSTILE]).ok();
    let exported = agent.kvw(["export"]).ok();
    let document = exported.replace("\"flags\": 0", "\"flags\": 1");
    let run = |args: &[&str], mark: &str| {
        let kvw = agent.kvw([]).args(args).args(["--color", "never"]);
        let kvw = kvw.file("document.json", &document);
        is_tame(&kvw.on_terminal().run(), mark);
    };
    let (text, json) = ("a\\x1b]52;c;eA==\\x07\\u{9b}2J\\u{202e}b", "a\\u001b]52;c");
    for args in [
        &["get", HOSTILE, "--exact-key"][..],
        &["get", "--recurse", ""],
        &["get", "--keys", ""],
        &["get", "--recurse", "--detailed", ""],
        &["ls"],
        &["ls", "-l"],
        &["tree"],
        &["wait", HOSTILE, "--exact-key"],
        &["watch", "--once", "--initial", "run", "--prefix", ""],
        &["delete", "--dry-run", "--recurse", "a"],
        &["import", "--dry-run", "document.json"],
        &["put", "--exact-key", HOSTILE, HOSTILE],
    ] {
        run(args, text);
    }
    for args in [
        &["get", HOSTILE, "--exact-key", "-o", "json"][..],
        &["get", HOSTILE, "--exact-key", "-o", "consul"],
        &["get", "--recurse", "", "-o", "jsonl"],
        &["get", "--keys", "", "-o", "json"],
        &["ls", "-o", "json"],
        &["ls", "-l", "-o", "jsonl"],
        &["tree", "-o", "json"],
        &["export"],
        &["export", "-o", "jsonl"],
        &["export", "-o", "consul"],
        &["wait", HOSTILE, "--exact-key", "-o", "json"],
        &[
            "watch",
            "--once",
            "--initial",
            "run",
            "--prefix",
            "",
            "-o",
            "jsonl",
        ],
        &["delete", "--dry-run", "--recurse", "a", "-o", "json"],
    ] {
        run(args, json);
    }
}

/// A change, a branch, a row: lines that say something about a key. A bare list of names is none of these: a pipe gets
/// its bytes, and `-0` tells one name from the next.
#[test]
fn in_a_pipe_no_key_forges_a_line() {
    let scope = Agent::shared();
    let (from, to) = (scope.key("f/"), scope.key("g/"));
    let key = format!("{from}a\n+ forged = 1");
    scope.kvw(["put", "--exact-key", &key, "1"]).ok();
    let session = scope.create_session();
    let lock = ["put", "--exact-key", &key, "--acquire", "--session"];
    scope.kvw(lock).args([&session, "1"]).ok();
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("undo").to_str().unwrap().to_owned();
    let document = scope.kvw(["export", &from]).ok();
    let run = |args: &[&str], lines: usize| {
        let output = scope.kvw([]).args(args).stdin(&*document).run();
        let text = output.text();
        let is_forged = |line: &str| line.trim_start().starts_with("+ forged");
        assert!(!text.lines().any(is_forged), "{args:?}: {output}");
        assert!(text.contains(r#"a\n+ forged = 1""#), "{args:?}: {output}");
        assert_eq!(text.lines().count(), lines, "{args:?}: {output}");
    };
    let moved = ["--format", "consul", "--strip", &from, "--prefix", &to];
    run(&[&["diff", "-"], &moved[..]].concat(), 1);
    run(&[&["apply", "-", "--dry-run"], &moved[..]].concat(), 1);
    scope
        .kvw(["apply", "-", "--undo", &journal])
        .args(moved)
        .stdin(&*document)
        .ok();
    run(&["undo", &journal, "--dry-run"], 1);
    let free = scope.key("h/");
    run(&["cp", &to, &free, "--dry-run"], 1);
    run(&["mv", &to, &free, "--dry-run"], 2);
    run(&["watch", &from, "--once", "--initial", "run"], 1);
    run(&["ls", "--long", &from], 1);
    // The root, the key, and the counts.
    run(&["tree", &from], 4);
    let shown = scope.kvw(["session", "show", &session]).ok();
    assert!(shown.contains(r#"a\n+ forged = 1""#), "{shown}");
}

#[test]
fn nothing_that_a_server_is_called_controls_the_terminal() {
    let name = serde_json::to_string(HOSTILE).unwrap();
    let config = format!("{{\"Config\":{{\"Datacenter\":{name}}}}}");
    let answers = || {
        Faulty::script()
            .on("GET /v1/kv/")
            .answers(403, "Permission denied")
            .on("GET /v1/status/leader")
            .answers(200, &name)
            .on("GET /v1/status/peers")
            .answers(200, &format!("[{name},{name}]"))
            .on("GET /v1/agent/self")
            .answers(200, &config)
            .start()
    };
    for (format, mark) in [
        ("text", "leader:      a\\x1b]52"),
        ("text", "datacenter:  a\\x1b]52"),
        ("text", "\\u{3164}\\u{e0041}\\\\x1b[31m, a\\x1b"),
        ("json", "\\u009b2J\\u202eb\\u200b\\u3164\\udb40\\udc41"),
    ] {
        let server = answers();
        let status = Kvw::at(server.address()).args(["status", "-o", format]);
        is_tame(status.on_terminal().run().expect(0), mark);
    }
}

#[test]
fn nothing_that_a_server_answers_controls_the_terminal() {
    let server = Faulty::script()
        .on("GET /v1/kv/k")
        .answers(400, HOSTILE)
        .start();
    let get = Kvw::at(server.address()).args(["get", "k", "--color", "never"]);
    is_tame(&get.on_terminal().run(), "a\\x1b]52;c;eA==\\x07");
}

#[test]
fn no_word_of_the_line_controls_the_terminal_and_a_usage_error_is_one_line() {
    let words = [HOSTILE, "\n\nUsage: x", "\r", "\x1b[31mred"].map(|word| format!("--{word}"));
    for word in &words {
        for args in [
            &["get", word][..],
            &[word],
            &["get", "k", "-o", word],
            &["get", "k", "--retry-for", word],
            &["get", "k", "--color", word],
            &["put", "k", "v", "--flags", word],
            &["watch", "k", "--on-busy", word],
        ] {
            let output = Kvw::bare().args(args).run();
            output.expect(2).one_line();
            let controls = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
            assert!(!output.stderr.contains(controls), "{output}");
            assert!(output.stderr.lines().count() <= 2, "{output}");
        }
    }
    let output = Kvw::bare().args(["get", &words[3]]).run();
    output.says(&["error: unexpected argument '--\\x1b[31mred' found\n"]);
}

#[test]
fn a_usage_error_has_a_tip_or_the_usage_as_its_hint() {
    for (args, lines) in [
        (
            &["get"][..],
            "error: the following required arguments were not provided: <KEY>...\nhint: usage: kvw get <KEY>...\n",
        ),
        (
            &["gett", "k"],
            "error: unknown verb 'gett'\nhint: a similar verb exists: 'get'\n",
        ),
        (
            &["status", "-o", "jsn"],
            "error: invalid value 'jsn' for '--output <FORMAT>' [possible values: text, json]\nhint: a similar value exists: 'json'\n",
        ),
    ] {
        let output = Kvw::bare().args(args).run();
        assert_eq!(output.expect(2).stderr, lines);
    }
}

#[test]
fn errors_of_usage_and_help_are_coloured_when_the_flag_says_so() {
    for args in [&["get", "--nonsense"][..], &["get", "-nonsense"], &["-h"]] {
        let on_terminal = |color: &[&str]| {
            let kvw = Kvw::bare().args(color).args(args);
            kvw.on_terminal().run().text().contains('\x1b')
        };
        assert!(on_terminal(&[]), "{args:?}");
        assert!(on_terminal(&["--color", "auto"]), "{args:?}");
        assert!(!on_terminal(&["--color", "never"]), "{args:?}");
        assert!(!on_terminal(&["--color=never"]), "{args:?}");
        let piped = Kvw::bare().args(["--color=always"]).args(args).run();
        assert!((piped.text() + &piped.stderr).contains('\x1b'), "{piped}");
    }
}

/// Stores the text as key, value and name of a session, lets a server answer with it, and fails where a byte of it
/// that is not plain reaches the terminal.
#[track_caller]
fn reaches_no_terminal(attack: &[u8], shown: &str) {
    let agent = Agent::own();
    let is_harmless = |output: &Output, shown: &str| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let is_plain = |c: char| matches!(c, '\r' | '\n') || !c.is_control();
        let hidden = |c: char| matches!(c, '\u{202e}' | '\u{200b}' | '\u{fffd}');
        assert!(text.chars().all(|c| is_plain(c) && !hidden(c)), "{text:?}");
        // A carriage return is that of the terminal's own line ends.
        assert!(!text.replace("\r\n", "").contains('\r'), "{text:?}");
        assert!(text.contains(shown), "{shown}: {text:?}");
    };
    let seen = |kvw: Kvw| kvw.args(["--color", "never"]).on_terminal().run();
    let run = |kvw: Kvw| is_harmless(&seen(kvw), shown);
    assert_eq!(agent.http("PUT", "/v1/kv/value", attack).status(), 200);
    run(agent.kvw(["get", "value"]));
    run(agent.kvw(["get", "--recurse", ""]));
    run(agent.kvw(["watch", "value", "--once", "--initial", "run", "--full"]));
    let Ok(text) = std::str::from_utf8(attack) else {
        return;
    };
    agent.kvw(["put", "--exact-key", text, "v"]).ok();
    for args in [&["ls"][..], &["tree"], &["get", "--keys", ""]] {
        run(agent.kvw([]).args(args));
    }
    run(agent.kvw(["watch", "--prefix", "", "--once", "--initial", "run"]));
    let session = serde_json::json!({ "Name": text }).to_string();
    let made = agent.http("PUT", "/v1/session/create", session.as_bytes());
    assert_eq!(made.status(), 200);
    run(agent.kvw(["session", "list"]));
    let server = Faulty::script()
        .on("GET /v1/kv/k")
        .answers(400, text)
        .start();
    // What a server answers is one line: white space is a blank.
    let shown = shown.replace("\\x0d", " ");
    is_harmless(&seen(Kvw::at(server.address()).args(["get", "k"])), &shown);
}

#[test]
fn a_title_cannot_be_changed() {
    reaches_no_terminal(b"a\x1b]0;owned\x07", "\\x1b]0;owned\\x07");
}

#[test]
fn the_screen_cannot_be_cleared() {
    reaches_no_terminal(b"a\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H");
}

#[test]
fn a_link_of_osc_8_cannot_be_made() {
    reaches_no_terminal(b"a\x1b]8;;http://x\x1b\\b", "\\x1b]8;;http:");
}

#[test]
fn the_clipboard_of_osc_52_cannot_be_written() {
    reaches_no_terminal(b"a\x1b]52;c;eA==\x07", "\\x1b]52;c;eA==\\x07");
}

#[test]
fn a_bidirectional_override_cannot_reverse_text() {
    reaches_no_terminal("a\u{202e}cba".as_bytes(), "\\u{202e}cba");
}

#[test]
fn a_carriage_return_cannot_overwrite_the_line() {
    reaches_no_terminal(b"evil\rgood", "evil\\x0dgood");
}

#[test]
fn a_character_without_width_cannot_hide() {
    reaches_no_terminal("pay\u{200b}pal".as_bytes(), "pay\\u{200b}pal");
}

#[test]
fn a_c1_control_cannot_begin_a_sequence() {
    reaches_no_terminal("a\u{9b}31m".as_bytes(), "\\u{9b}31m");
}

#[test]
fn invalid_utf_8_is_seen_as_its_bytes() {
    reaches_no_terminal(b"a\xff\x9b31m", "\\xff\\x9b31m");
}
