//! The official client against whatever server the suite runs on: `kvw dev` has to serve it as a
//! real agent does. Needs a `consul` binary: the one of `KVW_TEST_CONSUL`, the one of
//! `KVW_TEST_CONSUL_CLIENT`, or one on the path.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Agent, Kvw, Output, PATIENCE, Running, Scope, not_tried};

/// The client's binary; says why the test does not run when there is none.
fn client() -> Option<PathBuf> {
    for name in ["KVW_TEST_CONSUL", "KVW_TEST_CONSUL_CLIENT"] {
        if let Some(path) = std::env::var_os(name) {
            return Some(path.into());
        }
    }
    let on_path = Command::new("consul")
        .arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if on_path.is_ok_and(|status| status.success()) {
        return Some("consul".into());
    }
    not_tried("the official client: no consul binary; KVW_TEST_CONSUL_CLIENT names one");
    None
}

/// The client, on one test's part of the shared server.
struct Consul {
    program: PathBuf,
    scope: Scope,
}

impl Consul {
    fn new() -> Option<Self> {
        Some(Consul {
            program: client()?,
            scope: Agent::shared(),
        })
    }

    fn command<const N: usize>(&self, args: [&str; N]) -> Kvw {
        Kvw::program(&self.program)
            .env("CONSUL_HTTP_ADDR", self.scope.address())
            .args(args)
    }

    fn run<const N: usize>(&self, args: [&str; N]) -> Output {
        self.command(args).run()
    }

    #[track_caller]
    fn says<const N: usize>(&self, args: [&str; N], answer: &str) {
        let output = self.run(args);
        output.expect(0);
        assert_eq!(output.text(), answer, "{output}");
    }

    #[track_caller]
    fn fails<const N: usize>(&self, args: [&str; N], words: &str) {
        self.run(args).expect(1).says(&[words]);
    }

    fn key(&self, name: &str) -> String {
        self.scope.key(name)
    }
}

#[test]
fn kv_put_and_get_keep_values_flags_and_metadata() {
    let Some(consul) = Consul::new() else { return };
    let key = consul.key("foo");
    consul.fails(
        ["kv", "get", &key],
        &format!("Error! No key exists at: {key}"),
    );
    let written = format!("Success! Data written to: {key}\n");
    consul.says(
        ["kv", "put", "-flags=18446744073709551615", &key, "bar"],
        &written,
    );
    consul.says(["kv", "get", &key], "bar\n");
    consul.says(["kv", "get", "-base64", &key], "YmFy\n");
    consul.says(["kv", "get", "-stale", "-datacenter=dc1", &key], "bar\n");
    let detailed = consul.run(["kv", "get", "-detailed", &key]).text();
    let fields: Vec<_> = detailed
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .collect();
    assert_eq!(fields[1], ["Flags", "18446744073709551615"]);
    assert_eq!(fields[2], ["Key", &key]);
    assert!(fields.contains(&vec!["Session", "-"]), "{detailed}");
    assert!(fields.contains(&vec!["Value", "bar"]), "{detailed}");
    consul.says(["kv", "put", &key], &written);
    consul.says(["kv", "get", &key], "\n");
    consul.fails(["kv", "get", "-datacenter=nope", &key], "500");
}

#[test]
fn kv_get_lists_and_cuts() {
    let Some(consul) = Consul::new() else { return };
    for name in ["web", "web-x", "web/B", "web/b/c", "web2"] {
        consul.scope.put(name, format!("v {name}"));
    }
    let lines = |names: &[&str]| -> String {
        names
            .iter()
            .map(|name| format!("{}\n", consul.key(name)))
            .collect()
    };
    let (web, below) = (consul.key("web"), consul.key("web/"));
    consul.says(
        ["kv", "get", "-keys", &web],
        &lines(&["web", "web-x", "web/", "web2"]),
    );
    consul.says(["kv", "get", "-keys", &below], &lines(&["web/B", "web/b/"]));
    let all = lines(&["web", "web-x", "web/B", "web/b/c", "web2"]);
    consul.says(["kv", "get", "-keys", "-separator=", &web], &all);
    consul.says(
        ["kv", "get", "-recurse", &below],
        &format!("{below}B:v web/B\n{below}b/c:v web/b/c\n"),
    );
    consul.says(["kv", "get", "-recurse", &consul.key("none")], "");
}

#[test]
fn kv_put_and_delete_compare_and_set() {
    let Some(consul) = Consul::new() else { return };
    let key = consul.key("cas");
    consul.scope.put("cas", "1");
    let index = consul.scope.entry("cas").unwrap()["ModifyIndex"].to_string();
    let index = format!("-modify-index={index}");
    let written = format!("Success! Data written to: {key}\n");
    consul.says(["kv", "put", "-cas", &index, &key, "2"], &written);
    consul.fails(["kv", "put", "-cas", &index, &key, "3"], "CAS failed");
    consul.fails(["kv", "delete", "-cas", &index, &key], "CAS failed");
    assert_eq!(consul.scope.value("cas").unwrap(), b"2");
    let gone = format!("Success! Deleted key: {key}\n");
    consul.says(["kv", "delete", &key], &gone);
    consul.says(["kv", "delete", &key], &gone);
    consul.says(["kv", "delete", "-cas", "-modify-index=5", &key], &gone);
    consul.scope.put("d/a", "1");
    consul.scope.put("d/b", "1");
    let prefix = consul.key("d/");
    let gone = format!("Success! Deleted keys with prefix: {prefix}\n");
    consul.says(["kv", "delete", "-recurse", &prefix], &gone);
    assert_eq!(consul.scope.value("d/a"), None);
}

#[test]
fn kv_put_takes_and_releases_locks() {
    let Some(consul) = Consul::new() else { return };
    let session = |body: &[u8]| {
        let made = consul.scope.http("PUT", "/v1/session/create", body);
        let made: Value = serde_json::from_slice(made.body()).unwrap();
        format!("-session={}", made["ID"].as_str().unwrap())
    };
    let (one, two) = (session(b""), session(br#"{"Name":"two"}"#));
    let key = consul.key("lk");
    consul.says(
        ["kv", "put", "-acquire", &one, &key, "v"],
        &format!("Success! Lock acquired on: {key}\n"),
    );
    consul.fails(
        ["kv", "put", "-acquire", &two, &key, "w"],
        "Error! Did not acquire lock",
    );
    consul.fails(
        ["kv", "put", "-release", &two, &key],
        "Error! Did not release lock",
    );
    consul.says(
        ["kv", "put", "-release", &one, &key],
        &format!("Success! Lock released on: {key}\n"),
    );
}

#[test]
fn kv_export_and_import_make_a_round_trip() {
    let Some(consul) = Consul::new() else { return };
    consul.scope.put("a", "x y");
    consul.scope.put("b/", "");
    consul.scope.put("bin", b"\0\xff<&>");
    consul.scope.put("ü+%25", "uml");
    let before = consul.run(["kv", "export", consul.scope.prefix()]).text();
    let keys: Vec<Value> = serde_json::from_str(&before).unwrap();
    assert_eq!(keys.len(), 4, "{before}");
    assert_eq!(
        keys[0],
        json!({"key": consul.key("a"), "flags": 0, "value": "eCB5"})
    );
    consul
        .run(["kv", "delete", "-recurse", consul.scope.prefix()])
        .expect(0);
    consul.says(["kv", "export", consul.scope.prefix()], "[]\n");
    let imported = consul
        .command(["kv", "import", "-"])
        .stdin(before.clone())
        .run();
    imported.expect(0);
    assert_eq!(imported.text().lines().count(), 4, "{imported}");
    consul.says(["kv", "export", consul.scope.prefix()], &before);
    let document = format!(r#"[{{"KEY":"{}","extra":1}}]"#, consul.key("only"));
    consul.run(["kv", "import", &document]).expect(0);
    assert_eq!(consul.scope.value("only").unwrap(), b"");
}

#[test]
fn a_value_over_the_limit_is_refused() {
    let Some(consul) = Consul::new() else { return };
    let big = consul
        .command(["kv", "put", &consul.key("big"), "-"])
        .stdin(vec![b'x'; 600_000])
        .run();
    // From stdin the client knows the length, and sends it.
    big.expect(1)
        .says(&["413", "too large, max size: 524288 bytes"]);
}

#[test]
fn watch_without_a_handler_prints_what_is_there() {
    let Some(consul) = Consul::new() else { return };
    let (key, prefix) = (consul.key("k"), consul.key("p/"));
    let (key, prefix) = (format!("-key={key}"), format!("-prefix={prefix}"));
    consul.says(["watch", "-type=key", &key], "null\n");
    consul.says(["watch", "-type=keyprefix", &prefix], "null\n");
    consul.scope.put("k", "v");
    consul.scope.put("p/a", "v");
    let shown: Value =
        serde_json::from_str(&consul.run(["watch", "-type=key", &key]).text()).unwrap();
    assert_eq!(
        (&shown["Value"], &shown["Session"]),
        (&json!("dg=="), &json!(""))
    );
    let shown = consul.run(["watch", "-type=keyprefix", &prefix]).text();
    let shown: Vec<Value> = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown[0]["Key"], consul.key("p/a"));
}

fn values(line: &str) -> Vec<String> {
    match serde_json::from_str(line).unwrap() {
        Value::Null => Vec::new(),
        Value::Array(entries) => entries
            .iter()
            .map(|entry| entry["Value"].to_string())
            .collect(),
        entry => vec![entry["Value"].to_string()],
    }
}

#[test]
fn watch_hands_each_change_to_its_handler() {
    let Some(consul) = Consul::new() else { return };
    let stop = |running: Running| {
        running.signal("INT");
        running.wait(PATIENCE).expect(0);
    };
    let key = format!("-key={}", consul.key("k"));
    let mut watch = consul.command(["watch", "-type=key", &key, "cat"]).spawn();
    assert_eq!(watch.line(), "null");
    consul.scope.put("k", "1");
    assert_eq!(values(&watch.line()), ["\"MQ==\""]);
    // An identical write says nothing: the next line is the next change.
    consul.scope.put("k", "1");
    consul.scope.put("k", "2");
    assert_eq!(values(&watch.line()), ["\"Mg==\""]);
    consul.scope.delete("k");
    assert_eq!(watch.line(), "null");
    stop(watch);
    let prefix = format!("-prefix={}", consul.key("p/"));
    let mut watch = consul
        .command(["watch", "-type=keyprefix", &prefix, "cat"])
        .spawn();
    assert_eq!(watch.line(), "null");
    consul.scope.put("p/a", "1");
    assert_eq!(values(&watch.line()), ["\"MQ==\""]);
    consul.scope.put("p/b", "2");
    assert_eq!(values(&watch.line()), ["\"MQ==\"", "\"Mg==\""]);
    consul
        .run(["kv", "delete", "-recurse", &consul.key("p")])
        .expect(0);
    assert_eq!(watch.line(), "null");
    stop(watch);
}

#[test]
fn lock_runs_its_child_and_cleans_up() {
    let Some(consul) = Consul::new() else { return };
    let prefix = consul.key("lock");
    consul.says(
        ["lock", &prefix, "echo held $CONSUL_LOCK_HELD"],
        "held true\n",
    );
    assert_eq!(consul.scope.value("lock/.lock"), None);
    consul
        .run(["lock", "-child-exit-code", &prefix, "exit 3"])
        .expect(2);
    consul.says(["lock", "-n", "2", &consul.key("sem"), "echo two"], "two\n");
}

#[test]
fn lock_lets_one_in_at_a_time() {
    let Some(consul) = Consul::new() else { return };
    let prefix = consul.key("lock");
    let mut first = consul.command(["lock", &prefix, "echo first; read line < stop"]);
    let made = Command::new("mkfifo")
        .arg(first.home().join("stop"))
        .status()
        .unwrap();
    assert!(made.success());
    first = first.env("SHELL", "/bin/sh");
    let mut first = first.spawn();
    assert_eq!(first.line(), "first");
    consul.fails(
        ["lock", "-timeout=500ms", &prefix, "echo never"],
        "timeout during lock acquisition",
    );
    let mut second = consul.command(["lock", &prefix, "echo second"]).spawn();
    std::fs::write(first.home().join("stop"), "go\n").unwrap();
    first.wait(PATIENCE).expect(0);
    assert_eq!(
        second.line_within(std::time::Duration::from_secs(40)),
        "second"
    );
    second.wait(PATIENCE).expect(0);
}
