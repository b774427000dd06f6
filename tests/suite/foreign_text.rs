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
