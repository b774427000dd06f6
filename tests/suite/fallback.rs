//! `--fallback`: answers when Consul is away, and only then.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::harness::{AclAgent, Agent, Faulty, Kvw, Output, PATIENCE, prefix_rules};

/// `kvw` that speaks to nobody.
const AWAY: &str = "127.0.0.1:1";

/// Runs `kvw` with a file at this path.
fn with_file(address: &str, path: &Path, args: &[&str]) -> Output {
    let kvw = Kvw::at(address).args(args).args(["--retry-for", "0"]);
    kvw.args(["--fallback".as_ref(), path.as_os_str()]).run()
}

#[test]
fn a_kept_answer_is_what_consul_last_said_with_its_age() {
    let scope = Agent::shared();
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..=255).collect();
    scope.put("a", &bytes);
    scope.put("b/x", "1");
    scope.put("b/y/z", "2");
    let (a, none, b) = (scope.key("a"), scope.key("none"), scope.key("b/"));
    for (number, args) in [
        &["get", &a][..],
        &["get", &a, "-o", "json"],
        &["get", &none],
        &["get", &none, "--default", "7"],
        &["get", &a, &none],
        &["get", &b, &a, &none, "-o", "json"],
        &["get", "--recurse", &b],
        &["get", "--recurse", &b, "--relative", "-o", "json"],
        &["get", "--keys", &b],
        &["get", "--keys", "--recurse", &b],
        &["get", "--keys", &b, "--separator", "/y"],
        &["get", "--recurse", &none],
        &["env", &b],
    ]
    .iter()
    .enumerate()
    {
        let path = folder.path().join(number.to_string());
        let plain = scope.kvw([]).args(*args).run();
        let first = with_file(&scope.address(), &path, args);
        assert_eq!((&first.stdout, first.code), (&plain.stdout, plain.code));
        assert_eq!(first.stderr, plain.stderr);
        let file = std::fs::metadata(&path).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        let kept = with_file(AWAY, &path, args);
        assert_eq!(
            (&kept.stdout, kept.code),
            (&plain.stdout, plain.code),
            "{kept}"
        );
        let shown = path.display().to_string();
        kept.says(&[
            "warning: ",
            "refused",
            &format!("; answering from {shown}, which is "),
            " old",
        ]);
    }
}

#[test]
fn run_and_env_and_get_share_one_file() {
    let scope = Agent::shared();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    scope.put("a", "1");
    with_file(
        &scope.address(),
        &path,
        &["get", "--recurse", scope.prefix()],
    )
    .expect(0);
    let kept = with_file(AWAY, &path, &["env", scope.prefix()]);
    kept.expect(0);
    assert_eq!(kept.text(), "export A='1'\n");
    let kvw = Kvw::at(AWAY).args([
        "run",
        scope.prefix(),
        "--once",
        "--retry-for",
        "0",
        "--fallback",
    ]);
    let kvw = kvw
        .args([&path])
        .args(["--", "sh", "-c", "echo $A; exit 4"]);
    let output = kvw.run();
    output.expect(4).says(&["answering from"]);
    assert_eq!(output.text(), "1\n");
}

#[test]
fn a_file_that_is_torn_foreign_or_too_old_counts_as_none() {
    let scope = Agent::shared();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    scope.put("a", "secret");
    let key = scope.key("a");
    let get = ["get", key.as_str()];
    // None at all: only the error of Consul.
    with_file(AWAY, &path, &get).expect(3).one_line();
    with_file(&scope.address(), &path, &get).expect(0);
    let good = std::fs::read(&path).unwrap();
    let none = |why: &str, args: &[&str]| {
        let output = with_file(AWAY, &path, args);
        output
            .expect(3)
            .says(&["warning: not answering from", why, "error: reading key"]);
        assert_eq!(output.text(), "");
        assert!(!output.stderr.contains("secret"), "{output}");
    };
    none("another question", &["get", &scope.key("b")]);
    none("another question", &["get", &key, "--datacenter", "dc2"]);
    none("--max-age is 0s", &["get", &key, "--max-age", "0"]);
    with_file(AWAY, &path, &["get", &key, "--max-age", "1h"]).expect(0);
    std::fs::write(&path, &good[..good.len() - 1]).unwrap();
    none("incomplete or was changed", &get);
    std::fs::write(&path, "my notes\n").unwrap();
    none("no kept answer of kvw", &get);
    // The name may be a mistake: another file is left alone.
    let kept = with_file(&scope.address(), &path, &get);
    kept.expect(0)
        .says(&["warning: the answer is not kept", "is another file"]);
    assert_eq!(kept.text(), "secret");
    assert_eq!(std::fs::read(&path).unwrap(), b"my notes\n");
    // An empty file and a torn answer are replaced.
    for (before, why) in [
        (&b""[..], "no kept answer of kvw"),
        (&good[..20], "incomplete"),
    ] {
        std::fs::write(&path, before).unwrap();
        none(why, &get);
        with_file(&scope.address(), &path, &get).expect(0);
        with_file(AWAY, &path, &get).expect(0);
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    none("not a regular file", &get);
    // A file that cannot be kept is said, and the answer is as good.
    let output = with_file(&scope.address(), &path, &get);
    output.expect(0).says(&["warning: the answer is not kept"]);
    assert_eq!(output.text(), "secret");
}

#[test]
fn a_file_of_the_clocks_future_has_no_age() {
    let scope = Agent::shared();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    scope.put("a", "1");
    let key = scope.key("a");
    with_file(&scope.address(), &path, &["get", &key]).expect(0);
    // The time stands in the file, under its checksum: a file of the future is made by hand.
    let text = std::fs::read_to_string(&path).unwrap();
    let json = text.lines().nth(1).unwrap().split_once(' ').unwrap().1;
    let mut value: serde_json::Value = serde_json::from_str(json).unwrap();
    value["taken_ms"] = serde_json::json!(99_999_999_999_999_u64);
    let json = value.to_string();
    let sum = &blake3::hash(json.as_bytes()).to_hex()[..32];
    std::fs::write(&path, format!("kvw answer 1\n{sum} {json}\n")).unwrap();
    with_file(AWAY, &path, &["get", &key])
        .expect(0)
        .says(&["unknown age"]);
    let refused = with_file(AWAY, &path, &["get", &key, "--max-age", "1h"]);
    refused.expect(3).says(&["unknown age"]);
}

#[test]
fn only_an_absent_consul_is_answered_for() {
    let scope = Agent::shared();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    scope.put("a", "1");
    let key = scope.key("a");
    with_file(&scope.address(), &path, &["get", &key]).expect(0);
    let request = format!("GET /v1/kv/{key}");
    for (status, text, code) in [
        (500, "No cluster leader", 0),
        (500, "rpc error", 0),
        (429, "slow down", 0),
        (403, "Permission denied", 4),
        (403, "ACL not found", 4),
        (500, "No path to datacenter", 3),
        (301, "elsewhere", 3),
        (400, "bad", 2),
    ] {
        let server = Faulty::script().on(&request).answers(status, text).start();
        let output = with_file(server.address(), &path, &["get", &key]);
        output.expect(code);
        assert_eq!(output.text(), if code == 0 { "1" } else { "" }, "{output}");
    }
    let server = Faulty::script().on(&request).stalls().start();
    let args = ["get", &key, "--request-timeout", "300ms"];
    with_file(server.address(), &path, &args).expect(0);
}

#[test]
fn a_denied_answer_is_neither_kept_nor_given() {
    let Some(agent) = AclAgent::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    agent.put("app/a", "1");
    agent.put("app/b", "2");
    let policy = agent.create_policy(&prefix_rules("read", &["app/"]));
    let token = agent.create_token(&policy);
    let get = |args: &[&str]| {
        let kvw = agent
            .kvw(["get"])
            .args(args)
            .env("CONSUL_HTTP_TOKEN", &token.secret);
        kvw.args(["--fallback"]).args([&path]).run()
    };
    get(&["app/a", "app/b"]).expect(0);
    let kept = std::fs::metadata(&path).unwrap().ino();
    agent.set_rules(&policy, &prefix_rules("read", &["app/a"]));
    let output = get(&["app/a", "app/b"]);
    output.expect(4);
    assert!(!output.text().contains("app/b"), "{output}");
    assert_eq!(std::fs::metadata(&path).unwrap().ino(), kept);
}

#[test]
fn run_starts_without_consul_and_follows_it_when_it_is_back() {
    let mut agent = Agent::own();
    agent.http("PUT", "/v1/kv/app/a", b"1");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let server = "trap 'echo term; exit 3' TERM; echo start $A; while :; do sleep 0.02; done";
    let run = |agent: &Agent| {
        let kvw = agent
            .kvw(["run", "app/", "--retry-for", "0", "--fallback"])
            .args([&path]);
        kvw.args(["--", "sh", "-c", server]).spawn()
    };
    let mut running = run(&agent);
    assert_eq!(running.line(), "start 1");
    // What changes while it runs is kept too.
    agent.http("PUT", "/v1/kv/app/a", b"2");
    assert_eq!([running.line(), running.line()], ["term", "start 2"]);
    running.signal("TERM");
    running.wait(PATIENCE).expect(3);
    agent.kill();
    let mut running = run(&agent);
    running.err_line_with("answering from");
    assert_eq!(running.line(), "start 2");
    agent.start();
    agent.http("PUT", "/v1/kv/app/a", b"3");
    assert_eq!([running.line(), running.line()], ["term", "start 3"]);
    running.stop();
    let args = [
        "run",
        "app/",
        "--write",
        "x",
        "--fallback",
        "./x",
        "--",
        "true",
    ];
    agent.kvw(args).run().expect(2).says(&["same file"]);
}
