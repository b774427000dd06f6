//! Commands on a system that has no thread or process to give, and answers and names that are too long.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::harness::{Agent, Faulty, Kvw, Scope, copy_program, not_tried};

/// `kvw` as a user who may have only this many threads and processes; `None`, with the reason
/// printed, where that cannot be arranged.
fn with_processes(count: usize, kvw: &Path, agent: &Scope) -> Option<Kvw> {
    let limit = format!("--nproc={count}");
    // The limit does not hold for root, and other users have other processes: nobody else has this id.
    let user = [
        "setpriv",
        "--reuid=54321",
        "--regid=54321",
        "--clear-groups",
    ];
    let own = ["env", "env", "env", "env"];
    let is_root = rustix::process::getuid().is_root();
    let [a, b, c, d] = if is_root { user } else { own };
    let wrapper = [a, b, c, d, "prlimit", &limit];
    let tried = std::process::Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg(kvw)
        .arg("--version")
        .output();
    if !tried.is_ok_and(|output| output.status.success()) {
        not_tried("a limit of processes: no prlimit, or no right to use it");
        return None;
    }
    let kvw = Kvw::program(kvw).env("CONSUL_HTTP_ADDR", agent.address());
    Some(kvw.under(wrapper))
}

#[test]
fn a_thread_or_process_that_cannot_be_had_is_named_by_what_it_was_for() {
    let scope = Agent::shared();
    scope.put("a", "1");
    // Where the other user may run it.
    let folder = tempfile::tempdir().unwrap();
    let kvw = folder.path().join("kvw");
    copy_program(assert_cmd::cargo::cargo_bin!("kvw"), &kvw);
    for path in [folder.path(), &kvw] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let document = r#"[{"key":"a","value":"eA=="}]"#;
    let prefix = scope.prefix();
    let signals = "error: starting the thread for signals: Resource temporarily unavailable";
    let poller = format!("error: starting the thread that watches prefix {prefix}: Resource");
    for (processes, args, words) in [
        (1, &["watch", prefix, "--for", "1s"][..], signals),
        (1, &["watch", prefix, "--exec", "true"], signals),
        (
            1,
            &["watch", prefix, "--exec", "true"],
            "warning: no guard process",
        ),
        (1, &["wait", &scope.key("a"), "--timeout", "1s"], signals),
        (1, &["import", "-"], signals),
        (
            1,
            &["dev", "--listen", "127.0.0.1:0"],
            "error: starting the thread for the server: Resource",
        ),
        // One thread is that of stdout, a pipe here.
        (3, &["watch", prefix, "--for", "1s"], &poller),
        (
            2,
            &["import", "-", "--parallel", "2"],
            "error: starting the thread that imports: Resource",
        ),
        (
            3,
            &["dev", "--", "true"],
            "error: starting the thread for signals: Resource",
        ),
        (5, &["dev", "--", "true"], "error: starting true: Resource"),
    ] {
        if processes > 1 && !rustix::process::getuid().is_root() {
            // The others of this user count too.
            continue;
        }
        let Some(kvw) = with_processes(processes, &kvw, &scope) else {
            return;
        };
        let output = kvw.args(args).stdin(document).run();
        output.expect(3).says(&[words]);
        if !words.contains("guard") && !words.contains("server") {
            output.says(&["(ulimit -u, or pids.max of the cgroup)"]);
        }
    }
    // A handler is started again when there is a process to be had.
    if rustix::process::getuid().is_root() {
        if let Some(kvw) = with_processes(4, &kvw, &scope) {
            let args = ["watch", prefix, "--exec", "true", "--for", "2s"];
            kvw.args(args).run().says(&[
                "the handler could not be started: sh: Resource temporarily unavailable",
                "retrying in",
            ]);
        }
    }
}

#[test]
fn long_names_are_written_and_read_and_those_that_no_url_holds_are_not_watched() {
    let scope = Agent::shared();
    for length in [8_200, 30_000, 59_000] {
        let key = scope.key(&"k".repeat(length));
        scope.kvw(["put", &key, "v"]).ok();
        assert_eq!(scope.kvw(["get", &key]).ok(), "v");
        scope.kvw(["wait", &key, "--timeout", "5s"]).ok();
        let watched = scope.kvw(["watch", "--key", &key, "-o", "jsonl"]);
        let watched = watched.args(["--initial", "run", "--for", "0"]).ok();
        assert!(watched.contains("\"create\""), "{length}");
        let listed = scope.kvw(["get", "--recurse", "--keys", &key]).ok();
        assert_eq!(listed.trim_end(), key);
        scope.kvw(["delete", &key]).ok();
    }
    let key = scope.key(&"k".repeat(70_000));
    scope.kvw(["put", &key, "v"]).ok();
    assert_eq!(scope.kvw(["get", &key]).ok(), "v");
    for args in [&["watch", "--key", &key][..], &["-q", "wait", &key]] {
        let output = scope.kvw([]).args(args).run();
        output.expect(2).one_line().says(&["is too long for a URL"]);
    }
    let output = scope.kvw(["export", &key]).run();
    output.expect(2).one_line().says(&["is too long"]);
    scope.kvw(["delete", &key]).ok();
}

#[test]
fn a_request_that_does_not_fit_was_not_sent() {
    let scope = Agent::shared();
    let token = "t".repeat(80_000);
    for args in [&["put", "a", "b"][..], &["get", "a"]] {
        let output = scope.kvw([]).args(args).args(["--token", &token]).run();
        output.expect(2).one_line().says(&["does not fit"]);
    }
}

#[test]
fn a_file_that_may_not_grow_is_an_error_and_no_death() {
    let scope = Agent::shared();
    for name in 0..40 {
        scope.put(&format!("k{name}"), "v".repeat(1000));
    }
    let script = "ulimit -S -f 9; exec \"$@\"";
    let kvw = scope.kvw(["export", scope.prefix(), "--output-file", "f"]);
    let output = kvw.under(["sh", "-c", script, "sh"]).run();
    output.expect(3).one_line().says(&["File too large"]);
    // A handler has the system's own behaviour.
    let handler = "grep SigIgn /proc/self/status; grep SigCgt /proc/self/status";
    let watch = scope.watch(&["--once", "--exec", handler]);
    let signals = watch.under(["sh", "-c", script, "sh"]).run().text();
    for line in signals.lines() {
        let mask = line.split_whitespace().last().unwrap();
        let mask = u64::from_str_radix(mask, 16).unwrap();
        let file_size = 1 << (signal_hook::consts::SIGXFSZ - 1);
        assert_eq!(mask & file_size, 0, "{signals}");
    }
    assert_eq!(signals.lines().count(), 2);
}

/// An answer in gzip.
fn in_gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// 200 with an index, in an encoding.
fn encoded(encoding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

const ENTRY: &str =
    r#"[{"LockIndex":0,"Key":"a","Flags":0,"Value":"dg==","CreateIndex":7,"ModifyIndex":7}]"#;

#[test]
fn an_encoding_that_nobody_asked_for_is_refused() {
    let bomb = in_gzip(&vec![b' '; 50_000_000]);
    for (encoding, body) in [
        ("gzip", &in_gzip(ENTRY.as_bytes())),
        ("x-gzip", &bomb),
        ("br", &bomb),
        ("deflate", &bomb),
        ("gzip, gzip", &bomb),
    ] {
        for (args, code) in [
            (&["get", "a"][..], 3),
            (&["get", "--recurse", "a"], 3),
            (&["put", "a", "v"], 5),
        ] {
            let server = Faulty::script()
                .on("PUT /v1/txn")
                .perhaps()
                .writes(encoded(encoding, body))
                .on("GET /v1/kv/a")
                .perhaps()
                .writes(encoded(encoding, body))
                .start();
            let output = Kvw::at(server.address()).args(args).run();
            let said = format!("in the encoding '{encoding}', which was not asked for");
            output.expect(code).one_line().says(&[&said]);
        }
    }
}

#[test]
fn an_answer_in_gzip_is_read_where_it_was_asked_for() {
    let large = format!(
        r#"[{{"LockIndex":0,"Key":"a","Flags":0,"Value":"{}","CreateIndex":7,"ModifyIndex":7}}]"#,
        "eHh4".repeat(100_000)
    );
    for (encoding, body, value) in [
        ("gzip", in_gzip(ENTRY.as_bytes()), "v".to_owned()),
        ("identity", ENTRY.as_bytes().to_vec(), "v".to_owned()),
        ("gzip", in_gzip(large.as_bytes()), "x".repeat(300_000)),
    ] {
        let server = Faulty::script()
            .on("GET /v1/kv/a")
            .having("accept-encoding: gzip")
            .writes(encoded(encoding, &body))
            .start();
        // This machine, by an address that is not known to be loopback.
        let address = server.address().replace("127.0.0.1", "0.0.0.0");
        assert_eq!(Kvw::at(&address).args(["get", "a"]).ok(), value);
    }
    // Cut, or damaged: no part of it is an answer.
    let whole = in_gzip(large.as_bytes());
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    for body in [&whole[..whole.len() / 2], &damaged] {
        let server = Faulty::script()
            .on("GET /v1/kv/a")
            .writes(encoded("gzip", body))
            .start();
        let address = server.address().replace("127.0.0.1", "0.0.0.0");
        let output = Kvw::at(&address)
            .args(["get", "a", "--retry-for", "0"])
            .run();
        output.expect(3).one_line().says(&["reading key a"]);
    }
}

#[test]
fn a_value_above_max_value_is_refused_with_the_flag_that_lifts_it() {
    let value = "eHh4".repeat(4_000_000);
    let entry = format!(
        r#"[{{"LockIndex":0,"Key":"a","Flags":0,"Value":"{value}","CreateIndex":7,"ModifyIndex":7}}]"#
    );
    let server = || {
        let script = Faulty::script().on("GET /v1/kv/a");
        script.finds(7, &entry).start()
    };
    for args in [
        &["get", "a"][..],
        &["export", "a"],
        &["get", "--recurse", "a"],
    ] {
        let refusing = server();
        let output = Kvw::at(refusing.address()).args(args).run();
        output
            .expect(3)
            .says(&["an element is too long", "hint: --max-value"]);
        let lifted = server();
        let kvw = Kvw::at(lifted.address()).args(args);
        let value = kvw.args(["--max-value", "16M"]).ok();
        assert!(value.len() >= 12_000_000, "{}", value.len());
    }
    let server = server();
    let kvw = Kvw::at(server.address()).args(["get", "a", "--max-value", "1M"]);
    kvw.run().expect(3).says(&["too long"]);
}
