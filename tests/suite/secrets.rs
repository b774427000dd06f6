//! A token and a password appear nowhere but in the headers of requests: one test looks everywhere.

use crate::harness::{Agent, Faulty, Kvw, Output, children, wait_for};

const TOKEN: &str = "7f0c3b1e-5a6d-4e2f-9b8a-c0ffee00beef";
const PASSWORD: &str = "pa55-w0rd-of-the-proxy";

/// Each form in which a secret may stand in a text.
fn forms() -> Vec<String> {
    use base64::Engine;
    let base64 = |text: &str| {
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        encoded.trim_end_matches('=').to_owned()
    };
    let mut forms = vec![TOKEN.to_owned(), PASSWORD.to_owned()];
    forms.push(base64(TOKEN));
    forms.push(base64(&format!("user:{PASSWORD}")));
    forms
}

#[track_caller]
fn lacks_secrets(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in forms() {
        assert!(!text.contains(&secret), "{what} has {secret}: {text}");
    }
}

#[track_caller]
fn prints_no_secrets(output: &Output) {
    lacks_secrets("stdout", &output.stdout);
    lacks_secrets("stderr", output.stderr.as_bytes());
}

/// With both secrets in its environment, as most users have them.
fn with_secrets(kvw: Kvw) -> Kvw {
    kvw.env("CONSUL_HTTP_TOKEN", TOKEN)
        .env("CONSUL_HTTP_AUTH", format!("user:{PASSWORD}"))
}

#[test]
fn no_secret_is_in_a_child_a_file_a_log_an_error_a_help_or_a_completion() {
    let scope = Agent::shared();
    scope.put("a", "1");
    // Where the environment is not read: each argument that holds one.
    let flags = ["--token", TOKEN, "-v"];
    let address = format!("http://user:{PASSWORD}@{}", scope.address());
    let key = scope.key("a");
    for args in [
        &["get", &key][..],
        &["get", &key, "-o", "json"],
        &["get", "none-of-this-name"],
        &["get", &key, "--none-of-this-name"],
        &["put", &key, "2"],
        &["txn", &format!("check-index {key} 1")],
        &["ls", scope.prefix()],
        &["status", "-o", "json"],
        &["wait", &key, "--timeout=1s"],
        &[
            "watch",
            scope.prefix(),
            "--once",
            "--initial=run",
            "-o",
            "jsonl",
        ],
        &[
            "watch",
            scope.prefix(),
            "--once",
            "--initial=run",
            "--explain",
        ],
        &["get", "-h"],
        &["get", "--help"],
        &["watch", "--help"],
        &["completions", "bash"],
    ] {
        prints_no_secrets(&with_secrets(scope.kvw([])).args(args).run());
        let with_flags = Kvw::at(&address).args(args).args(flags);
        prints_no_secrets(&with_flags.run());
        // Nobody is there, and the error names the address.
        let nobody = format!("http://user:{PASSWORD}@127.0.0.1:1");
        let nobody = Kvw::at(&nobody).args(args).args(flags);
        if !["watch", "wait", "status"].contains(&args[0]) {
            prints_no_secrets(&nobody.run());
        }
    }
    let completion = with_secrets(scope.kvw([]))
        .env("KVW_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", "2")
        .args(["--", "kvw", "get", scope.prefix()]);
    prints_no_secrets(&completion.run());
    // A server that sends back what it was sent.
    for status in [400, 403, 500] {
        let echo = format!("X-Consul-Token: {TOKEN}; {}", forms()[3]);
        let server = Faulty::script()
            .on("GET /v1/kv/a")
            .answers(status, &echo)
            .start();
        let kvw = with_secrets(Kvw::at(server.address())).args(["get", "a", "-v", "--retry-for=0"]);
        prints_no_secrets(&kvw.run());
    }
    children_and_files_have_none(&scope.address(), scope.prefix());
}

/// Looks at what a watch with a handler, a state file and a status file starts and writes.
fn children_and_files_have_none(address: &str, prefix: &str) {
    // No process but the shell and the last one is there when the file is.
    let script = r#"cat > stdin; env > environment; tr '\0' '\n' < /proc/$PPID/cmdline > parent; : > done; sleep 30"#;
    let kvw = with_secrets(Kvw::at(address))
        .args([
            "watch",
            prefix,
            "--initial=run",
            "--state=state",
            "--state-values",
        ])
        .args(["--status-file=status", "-v", "--", "sh", "-c", script]);
    let watch = kvw.spawn();
    let home = watch.home().to_owned();
    wait_for("the handler", || home.join("done").exists().then_some(()));
    // kvw itself has them in its environment, as its user gave them to it.
    let cmdline = std::fs::read(format!("/proc/{}/cmdline", watch.pid())).unwrap();
    lacks_secrets("the command line", &cmdline);
    let mut below = children(watch.pid());
    let mut handlers = 0;
    while let Some(child) = below.pop() {
        below.extend(children(child.id));
        let read = |part| std::fs::read(format!("/proc/{}/{part}", child.id));
        lacks_secrets("a command line", &read("cmdline").unwrap_or_default());
        // The guard is kvw again, and as unreadable to others where this is not root.
        if child.name != "kvw" {
            lacks_secrets("an environment", &read("environ").unwrap());
            handlers += 1;
        }
    }
    assert!(handlers > 0);
    wait_for("the status file", || {
        home.join("status").exists().then_some(())
    });
    for name in ["stdin", "environment", "parent", "state", "status"] {
        let bytes = std::fs::read(home.join(name)).unwrap();
        assert!(!bytes.is_empty(), "{name}");
        lacks_secrets(name, &bytes);
    }
    let output = watch.stop();
    prints_no_secrets(&output);
}
