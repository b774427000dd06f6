//! Real documents: what the program prints, hands to handlers and writes to files, on a real server.

use std::path::Path;

use serde_json::Value;

use crate::harness::{
    Agent, Faulty, Gate, Kvw, Passage, READ_APP, Running, Scope, listing, outage_and_lost_right,
    request, wait_for, wait_for_text,
};

/// A document, with the row of `docs/json.md` that it belongs to.
pub struct Document {
    /// The command as that page has it: `get KEY`.
    pub command: &'static str,
    /// The format, or the file that it was found in.
    pub format: &'static str,
    /// The schema without `.json`.
    pub schema: &'static str,
    /// The document.
    pub value: Value,
}

/// Collects documents of many commands. Every shape and each of its members is in one of them.
pub fn documents() -> Vec<Document> {
    let mut all = Vec::new();
    reads(&mut all);
    writes(&mut all);
    plans(&mut all);
    conflicts(&mut all);
    moves(&mut all);
    sessions_and_locks(&mut all);
    elections(&mut all);
    watches(&mut all);
    events(&mut all);
    handlers(&mut all);
    status_files(&mut all);
    all
}

fn filled() -> Scope {
    let scope = Agent::shared();
    scope.put("a?flags=7", "text");
    scope.put("b/binary", b"\xff\x00");
    scope.put("b/empty", "");
    let session = scope.create_session();
    scope.put(&format!("locked?acquire={session}"), "x");
    scope
}

/// Adds a document of one value.
#[track_caller]
fn add(
    all: &mut Vec<Document>,
    command: &'static str,
    format: &'static str,
    schema: &'static str,
    text: &str,
) {
    let value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    all.push(Document {
        command,
        format,
        schema,
        value,
    });
}

/// Adds a document a line.
#[track_caller]
fn add_lines(
    all: &mut Vec<Document>,
    command: &'static str,
    format: &'static str,
    schema: &'static str,
    text: &str,
) {
    assert!(!text.is_empty(), "{command}");
    for line in text.lines() {
        add(all, command, format, schema, line);
    }
}

fn reads(all: &mut Vec<Document>) {
    let scope = filled();
    let (a, prefix) = (scope.key("a"), scope.prefix());
    let get = |args: &[&str]| scope.kvw(["get"]).args(args).ok();
    add(all, "get KEY", "json", "entry", &get(&[&a, "-o", "json"]));
    let binary = get(&[&scope.key("b/binary"), "-o", "json"]);
    add(all, "get KEY", "json", "entry", &binary);
    let two = get(&[&a, &scope.key("locked"), "-o", "json"]);
    add(all, "get KEY KEY", "json", "entries", &two);
    for (command, schema, flag) in [
        ("get --recurse PREFIX", "entries", "--recurse"),
        ("get --keys PREFIX", "keys", "--keys"),
    ] {
        let text = get(&[flag, prefix, "-o", "json"]);
        add(all, command, "json", schema, &text);
        let line = if schema == "keys" { "key" } else { "entry" };
        let text = get(&[flag, prefix, "-o", "jsonl"]);
        add_lines(all, command, "jsonl", line, &text);
        let text = get(&[flag, prefix, "-o", "consul"]);
        let schema = if schema == "keys" {
            "keys"
        } else {
            "consul-entries"
        };
        add(all, command, "consul", schema, &text);
    }
    let one = get(&[&a, "-o", "consul"]);
    add(all, "get KEY", "consul", "consul-entries", &one);

    let ls = |args: &[&str]| scope.kvw(["ls", prefix, "-o"]).args(args).ok();
    add(all, "ls", "json", "keys", &ls(&["json"]));
    add_lines(all, "ls", "jsonl", "key", &ls(&["jsonl"]));
    let long = ls(&["json", "--long"]);
    add(all, "ls --long", "json", "listing", &long);
    let long = ls(&["jsonl", "--long"]);
    add_lines(all, "ls --long", "jsonl", "listing-line", &long);
    for args in [&["-o", "json"][..], &["-o", "json", "--du"]] {
        let text = scope.kvw(["tree", prefix]).args(args).ok();
        add(all, "tree", "json", "tree", &text);
    }
    for (format, schema) in [("json", "export"), ("consul", "consul-entries")] {
        let text = scope.kvw(["export", prefix, "-o", format]).ok();
        add(all, "export", format, schema, &text);
    }
    let text = scope.kvw(["export", prefix, "-o", "jsonl"]).ok();
    add_lines(all, "export", "jsonl", "entry", &text);

    scope.put("env/a", "1");
    let text = scope.kvw(["env", &scope.key("env/"), "-o", "json"]).ok();
    add(all, "env", "json", "environment", &text);
    add(
        all,
        "status",
        "json",
        "status",
        &scope.kvw(["status", "-o", "json"]).ok(),
    );
    let access = scope.kvw(["status", "--access", prefix, "-o", "json"]).ok();
    add(all, "status", "json", "status", &access);
    for (value, code) in [("text", 0), ("other", 1)] {
        let condition = format!("{a}={value}");
        let args = ["wait", "--equals", &condition, "--timeout", "0"];
        let output = scope.kvw(args).args(["-o", "json"]).run();
        add(all, "wait", "json", "wait", &output.expect(code).text());
    }
}

fn writes(all: &mut Vec<Document>) {
    let scope = filled();
    let key = scope.key("a");
    let text = scope.kvw(["put", &key, "new", "-o", "json"]).ok();
    add(all, "put KEY VALUE", "json", "entry", &text);
    let odd = scope.key("x//y");
    scope.kvw(["put", "--exact-key", &odd, "odd"]).ok();
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("new");
    let path = directory.to_str().unwrap();
    scope.kvw(["export", scope.prefix(), "--to-dir", path]).ok();
    let lines = std::fs::read_to_string(directory.join(".kvw.jsonl")).unwrap();
    add_lines(all, "export", "--to-dir", "portable-entry", &lines);

    let ops = format!(
        r#"[{{"op":"cas","key":"{key}","index":1,"value":"eA==","encoding":"base64","flags":1}},
            {{"op":"check-session","key":"{key}","session":"none"}}]"#
    );
    add(all, "txn", "--file", "operations", &ops);
    let output = scope.kvw(["txn", "-", "-o", "json"]).stdin(ops).run();
    add(all, "txn", "json", "txn", &output.expect(1).text());
    let text = scope.kvw(["txn", &format!("get {key}"), "-o", "json"]).ok();
    add(all, "txn", "json", "txn", &text);

    let document = scope.kvw(["export", scope.prefix()]).ok();
    add(all, "import", "FILE", "export", &document);
    let consul = scope.kvw(["export", scope.prefix(), "-o", "consul"]).ok();
    add(all, "import", "FILE", "consul-entries", &consul);
    let get = ["get", "--recurse", scope.prefix(), "-o", "json"];
    let entries = scope.kvw(get).ok();
    add(all, "import", "FILE", "entries", &entries);
    for input in [document, consul, entries] {
        let text = scope.kvw(["import", "-", "-o", "json"]).stdin(input).ok();
        add(all, "import", "json", "import", &text);
    }

    let delete = |args: &[&str]| scope.kvw(["delete", "-o", "json"]).args(args).ok();
    for args in [
        &[&*key][..],
        &["--recurse", scope.prefix(), "--dry-run"],
        &["--recurse", scope.prefix(), "--yes"],
    ] {
        add(all, "delete", "json", "delete", &delete(args));
    }
}

fn plans(all: &mut Vec<Document>) {
    let scope = Agent::shared();
    for (name, value) in [("a", "1"), ("b", "1"), ("gone", "1"), ("same", "1")] {
        scope.put(name, value);
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let sources = "a: \"2\"\nnew: \"3\"\nsame: \"1\"\nother: x\n";
    let sourced = |args: &[&str]| {
        let prefix = ["--prefix", scope.prefix(), "--format", "yaml"];
        let kvw = scope.kvw([args[0], "-"]).args(&args[1..]).args(prefix);
        kvw.stdin(sources).run()
    };
    let excluded = scope.key("other");
    let prune = ["--prune", "--exclude", &excluded];
    let diff = |args: &[&str]| sourced(&[&["diff"], args].concat()).expect(1).text();
    let plan = diff(&[&prune[..], &["-o", "json", "--secret", "**/new"]].concat());
    add(all, "diff", "json", "plan", &plan);
    let session = scope.create_session();
    scope.put(&format!("held?acquire={session}"), "x");
    let plan = diff(&["--prune", "-o", "json", "--save", &at("plan")]);
    add(all, "diff", "json", "plan", &plan);
    add_lines(
        all,
        "diff",
        "jsonl",
        "planned-change",
        &diff(&["--prune", "-o", "jsonl"]),
    );
    let saved = std::fs::read_to_string(at("plan")).unwrap();
    add(all, "diff", "--save", "saved-plan", &saved);
    add(all, "apply", "--plan", "saved-plan", &saved);

    let apply = |args: &[&str]| sourced(&[&["apply", "-o", "json", "--yes"], args].concat());
    let text = apply(&["--prune", "--dry-run"]).expect(0).text();
    add(all, "apply --dry-run", "json", "plan", &text);
    let seen = at("batch");
    let then = format!("cat >{seen}");
    let args = ["--prune", "--undo", &at("undo"), "--then", &then];
    let text = apply(&args).expect(0).text();
    add(all, "apply", "json", "applied", &text);
    let batch = wait_for_text(Path::new(&seen));
    add(all, "apply --then", "stdin", "batch", &batch);

    // A plan that is stale, and one that is undone while somebody else writes.
    let output = scope
        .kvw(["apply", "--plan", &at("plan"), "-o", "json", "--yes"])
        .run();
    add(all, "apply", "json", "applied", &output.expect(1).text());
    let journal = at("undo");
    let undo = |args: &[&str]| scope.kvw(["undo", &journal, "-o", "json"]).args(args).run();
    let text = undo(&["--dry-run"]).expect(0).text();
    add(all, "undo --dry-run", "json", "plan", &text);
    scope.put("a", "somebody else");
    let text = undo(&["--yes"]).expect(1).text();
    add(all, "undo", "json", "applied", &text);
    let lines = std::fs::read_to_string(&journal).unwrap();
    add_lines(all, "apply", "--undo", "undo-file", &lines);
    add_lines(all, "undo", "FILE", "undo-file", &lines);
}

/// A journal with an answer that was a conflict, after which the same key is planned again.
fn conflicts(all: &mut Vec<Document>) {
    let scope = Agent::shared();
    scope.put("a", "1");
    let (key, address) = (scope.key("a"), scope.address());
    let gate = Gate::before(&scope.address(), move |number| {
        if number == 1 {
            request(&address, "PUT", &format!("/v1/kv/{key}"), &[], b"moved");
        }
        Passage::Open
    });
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("undo");
    let args = ["apply", "-", "--format", "yaml", "--prefix", scope.prefix()];
    let kvw = Kvw::at(gate.address()).args(args);
    let kvw = kvw
        .args(["--retry-conflicts", "1", "--undo"])
        .args([&journal]);
    kvw.stdin("a: \"2\"\n").ok();
    let lines = std::fs::read_to_string(&journal).unwrap();
    assert!(lines.contains("retracted"), "{lines}");
    add_lines(all, "apply", "--undo", "undo-file", &lines);
}

fn moves(all: &mut Vec<Document>) {
    let scope = Agent::shared();
    scope.put("a", "1");
    for (verb, from, to) in [("cp", "a", "b"), ("mv", "b", "c")] {
        let args = [verb, &scope.key(from), &scope.key(to), "-o", "json"];
        add(all, verb, "json", "copied", &scope.kvw(args).ok());
    }
}

fn sessions_and_locks(all: &mut Vec<Document>) {
    let scope = Agent::shared();
    let create = ["session", "create", "--ttl", "1h", "-o", "json"];
    let created = scope.kvw(create).ok();
    add(all, "session create", "json", "session", &created);
    let created: Value = serde_json::from_str(&created).unwrap();
    let id = created["id"].as_str().unwrap();
    scope.put(&format!("held?acquire={id}"), "x");
    let shown = scope.kvw(["session", "show", id, "-o", "json"]).ok();
    add(all, "session show", "json", "session", &shown);
    for args in [&[][..], &["--keys"]] {
        let list = scope.kvw(["session", "list", "-o", "json"]).args(args).ok();
        add(all, "session list", "json", "sessions", &list);
    }
    scope.kvw(["session", "destroy", "--yes", id]).ok();

    let key = scope.key("job");
    let lock = |args: &[&str]| scope.kvw(["lock", &key]).args(args);
    let held = lock(&["-o", "json"]).stdin("").run().expect(0).text();
    add(all, "lock KEY", "json", "held-lock", &held);
    let mut holder = lock(&["--exec", "echo up; sleep 1000"]).spawn();
    assert_eq!(holder.line(), "up");
    let state = lock(&["--show", "-o", "json"]).ok();
    add(all, "lock KEY --show", "json", "lock-state", &state);
    holder.stop();
}

fn elections(all: &mut Vec<Document>) {
    let scope = Agent::shared();
    let key = scope.key("leader");
    let elect = |args: &[&str]| scope.kvw(["elect", &key]).args(args);
    let handler = ["--listen", "-o", "jsonl", "--exec", "cat >>seen"];
    let mut listener = elect(&handler).spawn();
    let line = listener.line();
    add(all, "elect --listen", "jsonl", "leader", &line);
    let mut leader = elect(&["--exec", "echo up; sleep 1000"]).spawn();
    assert_eq!(leader.line(), "up");
    let line = listener.line();
    add(all, "elect --listen", "jsonl", "leader", &line);
    let current = elect(&["--current", "-o", "jsonl"]).ok();
    add_lines(all, "elect --current", "jsonl", "leader", &current);
    let seen = listener.home().join("seen");
    let seen = wait_for("both runs of the handler", || {
        let text = std::fs::read_to_string(&seen).ok()?;
        (text.lines().count() == 2 && text.ends_with('\n')).then_some(text)
    });
    add_lines(all, "elect --listen", "stdin", "leader", &seen);
    leader.stop();
    listener.stop();
}

fn watches(all: &mut Vec<Document>) {
    let scope = filled();
    let args = ["-o", "jsonl", "--initial", "run", "--once"];
    let text = scope.watch(&args).ok();
    add_lines(all, "watch", "jsonl", "change", &text);
    // A key that is deleted and created again while nobody looks.
    let state = [
        "--state",
        "state",
        "-o",
        "jsonl",
        "--for",
        "0",
        "--state-values",
    ];
    let folder = tempfile::tempdir().unwrap();
    let look = || {
        let args = [
            "-c",
            r#"cd "$0" && exec "$@""#,
            folder.path().to_str().unwrap(),
        ];
        let watch = scope.watch(&state);
        watch.under(["sh", args[0], args[1], args[2]]).ok()
    };
    look();
    scope.delete("a");
    scope.put("a", "again");
    scope.delete("b/empty");
    let text = look();
    assert!(text.contains(r#""recreated":true"#), "{text}");
    add_lines(all, "watch", "jsonl", "change", &text);
}

/// The lines of a watch until one of this event.
fn lines_until(running: &mut Running, event: &str) -> String {
    let mut text = String::new();
    loop {
        let line = running.line();
        let found = line.contains(&format!(r#""event":"{event}""#));
        text.push_str(&line);
        text.push('\n');
        if found {
            return text;
        }
    }
}

/// Adds lines of `--events all`, each to the schema that it belongs to.
fn add_events(all: &mut Vec<Document>, text: &str) {
    const COMMAND: &str = "watch --events all";
    for line in text.lines() {
        let schema = match line.contains(r#""before":"#) {
            true => "change",
            false => "event",
        };
        add(all, COMMAND, "jsonl", schema, line);
    }
}

/// What no well-behaved server brings about.
fn events(all: &mut Vec<Document>) {
    let server = outage_and_lost_right().on(READ_APP).stalls().start();
    let args = ["watch", "app/", "-o", "jsonl", "--events", "all"];
    let mut running = Kvw::at(server.address()).args(args).spawn();
    let mut text = lines_until(&mut running, "recovered");
    text += &lines_until(&mut running, "recovered");
    server.wait_until_played();
    running.stop();
    add_events(all, &text);

    let scope = filled();
    let args = [
        "--status-file",
        "status.json",
        "--max-delete",
        "1",
        "-o",
        "jsonl",
        "--events",
        "all",
        "--exec",
        "exit 3",
        "--initial",
        "skip",
    ];
    let mut running = scope.watch(&args).spawn();
    let mut text = lines_until(&mut running, "synced");
    scope.put("a", "2");
    text += &lines_until(&mut running, "update");
    text += &lines_until(&mut running, "handler");
    text += &lines_until(&mut running, "handler");
    let below = format!("/v1/kv/{}?recurse", scope.key("b/"));
    scope.http("DELETE", &below, b"");
    text += &lines_until(&mut running, "held_back");
    let path = running.home().join("status.json");
    let status = status_when(&path, |page| {
        page["targets"][0]["withheld"]["held_back"] == 2
    });
    add(all, "watch", "--status-file", "status-file", &status);
    running.stop();
    add_events(all, &text);
}

fn handlers(all: &mut Vec<Document>) {
    let scope = filled();
    let watch = |args: &[&str]| {
        let args = [&["--once", "-q", "--exec", "cat"], args].concat();
        scope.watch(&args).ok()
    };
    add(all, "watch", "stdin", "batch", &watch(&[]));
    let consul = watch(&["--stdin", "consul"]);
    let with_consul = "watch --stdin consul";
    add(all, with_consul, "stdin", "consul-watch", &consul);
    for key in ["a", "none"] {
        let key = scope.key(key);
        let args = ["watch", &key, "--stdin", "consul", "--once", "-q"];
        let text = scope.kvw(args).args(["--exec", "cat"]).ok();
        add(all, with_consul, "stdin", "consul-watch", &text);
    }
}

fn status_files(all: &mut Vec<Document>) {
    let scope = filled();
    let args = ["--status-file", "status.json", "--exec", "true"];
    let running = scope.watch(&args).spawn();
    let path = running.home().join("status.json");
    // Before the first run, and after a change.
    let first = scope
        .watch(&["--status-file", "first.json", "--exec", "sleep 1000"])
        .spawn();
    let text = status_when(&first.home().join("first.json"), |_| true);
    first.stop();
    add(all, "watch", "--status-file", "status-file", &text);
    scope.put("a", "changed");
    let text = status_when(&path, |page| {
        page["handlers"][0]["last"].is_object() && page["last_change"].is_object()
    });
    running.stop();
    add(all, "watch", "--status-file", "status-file", &text);

    let server = Faulty::script()
        .on(READ_APP)
        .finds(5, &listing(&["app/a"]))
        .on(READ_APP)
        .answers(403, "ACL not found")
        .on(READ_APP)
        .stalls()
        .start();
    let args = ["watch", "app/", "--status-file", "status.json"];
    let running = Kvw::at(server.address()).args(args).spawn();
    let path = running.home().join("status.json");
    let text = status_when(&path, |page| page["targets"][0]["outage"].is_object());
    server.wait_until_played();
    running.stop();
    add(all, "watch", "--status-file", "status-file", &text);
}

/// The status file once it is as it should be.
fn status_when(path: &Path, holds: impl Fn(&Value) -> bool) -> String {
    wait_for("the status", || {
        // Replaced as a whole: whoever reads it finds all of it.
        let text = std::fs::read_to_string(path).ok()?;
        holds(&serde_json::from_str(&text).unwrap()).then_some(text)
    })
}
