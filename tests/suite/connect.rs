//! Connection flags, environment, token file.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::harness::{Agent, Faulty, Kvw, On, Output, PATIENCE, not_tried, wait_for};

/// The read that `kvw status` begins with.
const LOOK: &str = "GET /v1/kv/.kvw-looks-for-a-leader/?keys&consistent";

/// What was asked is what counts: the answer ends the command.
fn once(on: On) -> Faulty {
    on.answers(400, "enough").start()
}

fn look() -> On {
    Faulty::script().on(LOOK)
}

/// Asks through the variables, and expects the one request that is scripted.
fn asks(server: &Faulty, kvw: impl FnOnce(Kvw) -> Kvw) -> Output {
    let output = kvw(Kvw::at(server.address()).args(["status"])).run();
    output.expect(2).says(&["enough"]);
    output
}

#[test]
fn a_plain_request_names_kvw_and_asks_for_no_compression_of_a_local_agent() {
    let server = once(
        look()
            .having(concat!("user-agent: kvw/", env!("CARGO_PKG_VERSION")))
            .lacking("accept-encoding")
            .lacking("x-consul-token")
            .lacking("authorization"),
    );
    asks(&server, |kvw| kvw);
}

#[test]
fn the_flag_beats_the_variable() {
    let server = once(look());
    let output = Kvw::at("127.0.0.1:9")
        .args(["status", "--http-addr", server.address()])
        .run();
    output.expect(2).says(&["enough"]);
}

#[test]
fn a_path_in_the_address_stands_before_every_request() {
    let server = once(Faulty::script().on("GET /behind/proxy/v1/kv/"));
    let address = format!("http://{}/behind/proxy/", server.address());
    asks(&server, |kvw| kvw.env("CONSUL_HTTP_ADDR", address));
}

#[test]
fn tokens_come_from_where_they_are_said_in_consuls_order() {
    let token = |words: &'static str| once(look().having(words));
    let server = token("x-consul-token: in-file");
    asks(&server, |kvw| {
        kvw.file("token", "  in-file\n")
            .args(["--token", "as-flag", "--token-file", "token"])
            .env("CONSUL_HTTP_TOKEN", "as-variable")
    });
    let server = token("x-consul-token: as-flag");
    asks(&server, |kvw| {
        kvw.file("token", "in-file")
            .args(["--token", "as-flag"])
            .env("CONSUL_HTTP_TOKEN_FILE", "token")
    });
    let server = token("x-consul-token: in-file");
    asks(&server, |kvw| {
        kvw.file("token", "in-file")
            .env("CONSUL_HTTP_TOKEN_FILE", "token")
            .env("CONSUL_HTTP_TOKEN", "as-variable")
    });
    let server = token("x-consul-token: as-variable");
    asks(&server, |kvw| {
        kvw.env("CONSUL_HTTP_TOKEN", "as-variable")
            .env("CONSUL_HTTP_TOKEN_FILE", "")
    });
}

#[test]
fn an_unreadable_token_file_is_said_before_anything_is_sent() {
    let server = Faulty::script().start();
    let output = Kvw::at(server.address())
        .args(["status", "--token-file", "missing"])
        .run();
    output
        .expect(2)
        .one_line()
        .says(&["reading the token file missing: no such file or directory"]);
}

#[test]
fn a_token_is_trimmed_and_a_line_break_in_it_named() {
    let server = once(look().having("x-consul-token: as-variable"));
    asks(&server, |kvw| {
        kvw.env("CONSUL_HTTP_TOKEN", " as-variable\r\n")
    });
    let output = Kvw::at("127.0.0.1:1")
        .env("CONSUL_HTTP_TOKEN", "se\ncret")
        .args(["status"])
        .run();
    output
        .expect(2)
        .one_line()
        .says(&["using the token of CONSUL_HTTP_TOKEN: it holds a line break"]);
    assert!(!output.stderr.contains("cret"), "{output}");
}

#[test]
fn an_empty_token_file_is_named() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let key = scope.key("a");
    let lines = "warning: the token file token is empty: no token is sent\n";
    for args in [
        &["get", &key][..],
        &["wait", &key],
        &["watch", &key, "--for", "0"],
    ] {
        let kvw = scope.kvw([]).args(args).args(["--token-file", "token"]);
        kvw.file("token", " \n").run().expect(0).says(&[lines]);
    }
}

#[test]
fn an_address_without_a_port_names_the_one_it_means() {
    let output = Kvw::at("127.0.0.1").args(["get", "a"]).run();
    output
        .expect(3)
        .says(&["at 127.0.0.1:80: ", "hint: ", "8500"]);
}

#[test]
fn a_token_file_is_named_if_no_header_can_carry_it_and_its_byte_order_mark_is_skipped() {
    let kvw = || Kvw::at("127.0.0.1:9").args(["status", "--token-file", "token"]);
    let output = kvw().file("token", "se\ncret\n").run();
    output
        .expect(2)
        .one_line()
        .says(&["using the token of token: ", "such as a line break"]);
    assert!(!output.stderr.contains("cret"), "{output}");
    kvw().file("token", "\u{feff}token\n").run().expect(3);
}

#[test]
fn a_token_that_no_header_can_carry_is_refused_and_not_shown() {
    let output = Kvw::at("127.0.0.1:9")
        .args(["status", "--token", "se\ncret"])
        .run();
    output.expect(2).one_line().says(&["using the token"]);
    assert!(!output.stderr.contains("cret"), "{output}");
}

/// What `status` says whose token was refused and was written anew meanwhile; the server answers the new
/// one with 400 and this text.
fn with_a_token_read_again(token: &str, text: &str) -> Output {
    let server = Faulty::script()
        .on(LOOK)
        .having("x-consul-token: old")
        .after(std::time::Duration::from_millis(300))
        .answers(403, "ACL not found")
        .on(LOOK)
        .having(&format!("x-consul-token: {token}"))
        .answers(400, text)
        .start();
    let kvw =
        Kvw::at(server.address())
            .file("token", "old\n")
            .args(["status", "--token-file", "token"]);
    let file = kvw.home().join("token");
    let running = kvw.spawn();
    wait_for("the first request", || {
        (!server.requests().is_empty()).then_some(())
    });
    std::fs::write(file, format!("{token}\n")).unwrap();
    running.wait(PATIENCE)
}

#[test]
fn a_token_file_is_read_again_when_consul_refuses_the_token() {
    let output = with_a_token_read_again("new", "enough");
    output.expect(2).says(&["enough"]);
}

#[test]
fn a_token_from_a_pipe_is_read_once() {
    let server = Faulty::script()
        .on("GET /v1/kv/a")
        .having("x-consul-token: piped")
        .answers(403, "ACL not found")
        .start();
    let output = Kvw::at(server.address())
        .stdin("piped\n")
        .args(["get", "a", "--token-file", "/dev/stdin"])
        .run();
    output.expect(4).says(&["does not know this token"]);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_token_file_that_gives_nothing_or_has_no_end_is_an_error_in_time() {
    let kvw = Kvw::at("127.0.0.1:9").args(["status", "--request-timeout", "200ms"]);
    let pipe = kvw.home().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let output = kvw.args(["--token-file", "pipe"]).run();
    output
        .expect(2)
        .one_line()
        .says(&["reading the token file pipe: nothing came within 200ms"]);
    let output = Kvw::at("127.0.0.1:9")
        .args(["status", "--token-file", "/dev/zero"])
        .run();
    output.expect(2).one_line().says(&["too long for a token"]);
}

#[test]
fn a_refused_token_that_did_not_change_is_asked_with_once() {
    let script = Faulty::script()
        .on("GET /v1/kv/a")
        .answers(403, "ACL not found");
    let server = script.start();
    let output = Kvw::at(server.address())
        .file("token", "old\n")
        .args(["get", "a", "--token-file", "token"])
        .run();
    output.expect(4).one_line().says(&[
        "reading key a",
        "permission denied: ACL not found",
        "does not know this token",
    ]);
}

#[test]
fn user_and_password_travel_decoded_from_the_address_or_the_variable() {
    // user:p@ss
    let server = once(look().having("authorization: Basic dXNlcjpwQHNz"));
    let address = format!("http://user:p%40ss@{}", server.address());
    let output = asks(&server, |kvw| {
        kvw.env("CONSUL_HTTP_ADDR", address).args(["-v"])
    });
    assert!(!output.stderr.contains("ss@"), "{output}");
    let server = once(look().having("authorization: Basic dXNlcjpwQHNz"));
    asks(&server, |kvw| kvw.env("CONSUL_HTTP_AUTH", "user:p@ss"));
}

#[test]
fn datacenter_namespace_and_partition_are_parameters() {
    let server = once(Faulty::script().on(&format!("{LOOK}&dc=d%26c&ns=n&partition=p%20q")));
    asks(&server, |kvw| {
        kvw.args(["--datacenter", "d&c", "--namespace", "n"])
            .env("CONSUL_NAMESPACE", "other")
            .env("CONSUL_PARTITION", "p q")
    });
}

#[test]
fn invalid_variables_are_named() {
    let bad = OsStr::from_bytes(b"\xff");
    for (name, value, words) in [
        (
            "CONSUL_HTTP_SSL",
            OsStr::new("yes"),
            "expected true or false, got 'yes'",
        ),
        ("CONSUL_HTTP_ADDR", OsStr::new("unix://"), "no path"),
        (
            "CONSUL_HTTP_ADDR",
            OsStr::new("tcp://consul"),
            "unknown scheme 'tcp'",
        ),
        ("CONSUL_HTTP_ADDR", OsStr::new("host:port"), "no valid port"),
        ("CONSUL_HTTP_ADDR", bad, "not valid UTF-8"),
        ("CONSUL_HTTP_TOKEN", bad, "not valid UTF-8"),
        ("CONSUL_HTTP_AUTH", bad, "not valid UTF-8"),
        ("CONSUL_NAMESPACE", bad, "not valid UTF-8"),
        ("CONSUL_PARTITION", bad, "not valid UTF-8"),
    ] {
        let output = Kvw::bare().args(["status"]).env(name, value).run();
        output.expect(2).one_line().says(&[name, words]);
    }
}

#[test]
fn bad_flags_are_usage_errors() {
    for args in [
        &["--stale", "--consistent"][..],
        &["--retry-for", "5"],
        &["--connect-timeout", "1M"],
        &["--http-addr"],
    ] {
        let output = Kvw::bare().args(["status"]).args(args).run();
        output.expect(2).says(&["error: "]);
    }
}

#[test]
fn a_proxy_is_never_asked_for_loopback() {
    let server = once(look());
    asks(&server, |kvw| {
        kvw.env("HTTP_PROXY", "127.0.0.1:9")
            .env("ALL_PROXY", "127.0.0.1:9")
    });
}

#[test]
fn other_hosts_are_asked_through_the_proxy_unless_exempt() {
    let proxy = Faulty::script()
        .on("CONNECT consul.invalid:8500")
        .answers(403, "no")
        .start();
    let through = |kvw: Kvw| kvw.args(["status"]).env("HTTP_PROXY", proxy.address());
    through(Kvw::at("consul.invalid:8500"))
        .run()
        .expect(3)
        .one_line()
        .says(&[
            "checking for a leader at consul.invalid:8500",
            "the proxy answered 403 to CONNECT",
        ]);
    through(Kvw::at("consul.invalid:8500"))
        .env("NO_PROXY", ".invalid")
        .run()
        .expect(3)
        .one_line();
    assert_eq!(proxy.requests().len(), 1);
    // It is the proxy that does not answer.
    let output = Kvw::at("consul.invalid:8500")
        .args(["get", "a"])
        .env("HTTP_PROXY", "http://user:S3CRET@127.0.0.1:1")
        .run();
    output.expect(3).one_line().says(&[
        "connecting through the proxy: connection refused",
        "hint: HTTP_PROXY",
        "NO_PROXY",
    ]);
    assert!(!output.stderr.contains("S3CRET"), "{output}");
}

#[test]
fn connecting_is_given_up_after_its_time() {
    // A listener whose queue is full takes no more connections.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) =
        std::net::TcpStream::connect_timeout(&address, std::time::Duration::from_millis(200))
    {
        queue.push(stream);
    }
    let output = Kvw::at(&address.to_string())
        .args(["status", "--connect-timeout", "300ms"])
        .run();
    output
        .expect(3)
        .one_line()
        .says(&["connecting took too long"]);
}

#[test]
fn verbose_shows_requests_and_never_a_token() {
    let server = once(look());
    let output = Kvw::at(server.address())
        .args(["status", "-v", "--token", "s3cret"])
        .run();
    output
        .expect(2)
        .says(&["GET /v1/kv/.kvw-looks-for-a-leader/?keys&consistent: 400, "]);
    assert!(!output.stderr.contains("s3cret"), "{output}");
}

#[test]
fn a_password_that_ends_the_host_too_early_is_refused_and_not_shown() {
    for address in [
        "http://user:PASS/x@h:1",
        "http://user:8500/PASS@h:1",
        "user:PASS@http://h:1",
        "http://user:PASS",
        "http://us er:PASS:1",
        "http://user:PASS@h:port",
        "PASS://h",
    ] {
        let by_flag = Kvw::bare().args(["status", "--http-addr", address, "-v"]);
        let by_variable = Kvw::bare()
            .args(["status", "-v"])
            .env("CONSUL_HTTP_ADDR", address);
        for (kvw, source) in [
            (by_flag, "--http-addr: "),
            (by_variable, "CONSUL_HTTP_ADDR: "),
        ] {
            let output = kvw.run();
            output.expect(2).one_line().says(&[source]);
            let scheme = address.starts_with("PASS://");
            assert!(scheme || !output.stderr.contains("PASS"), "{output}");
        }
    }
    let output = Kvw::bare()
        .args(["get", "http://user:PASS@h:8500/v1/kv/a"])
        .run();
    output.expect(2).says(&["the key is 'a'", "h:8500"]);
    assert!(!output.stderr.contains("PASS"), "{output}");
}

#[test]
fn an_address_that_stands_in_the_wrong_place_is_shown_without_its_password() {
    for args in [
        &["status", "http://user:PASS@h:1"][..],
        &["http://user:PA/PASS@h:1", "get", "a"],
        &["status", "user:PASS@h:1"],
        &["status", "--consul=http://user:PASS@h:1"],
        &["status", "--consul", "http://user:PASS@h:1"],
        &["-consul=http://user:PASS@h:1", "status"],
        &["ls", "http://user:PASS@h:1/v1/kv/a"],
    ] {
        let output = Kvw::bare().args(args).run();
        output.expect(2);
        assert!(!output.stderr.contains("PASS"), "{output}");
    }
    let output = Kvw::bare().args(["status", "http://user:PASS@h:1"]).run();
    output.says(&["unexpected argument 'http://h:1'"]);
}

/// The headers of a request as a server may send them back.
fn echo() -> String {
    let pair = "dXNlcjpwYXNzd29yZA==";
    format!("X-Consul-Token: t0ken-of-mine\r\nAuthorization: Basic {pair}\r\n(user:password)\r\n")
}

/// Fails if anything of the secrets is in what was printed.
#[track_caller]
fn shows_no_secret(output: &Output) {
    for secret in ["t0ken", "dXNlcj", "password"] {
        assert!(!output.stderr.contains(secret), "{secret}: {output}");
        assert!(!output.text().contains(secret), "{secret}: {output}");
    }
}

fn with_secrets(server: &Faulty) -> Kvw {
    Kvw::at(server.address())
        .env("CONSUL_HTTP_AUTH", "user:password")
        .env("CONSUL_HTTP_TOKEN", "t0ken-of-mine")
}

#[test]
fn a_server_that_sends_the_headers_back_gets_no_secret_into_an_error() {
    for (status, exit) in [(400, 2), (403, 4), (404, 3), (500, 3)] {
        let server = Faulty::script()
            .on("GET /v1/kv/a")
            .answers(status, &echo())
            .start();
        let output = with_secrets(&server)
            .args(["get", "a", "-v", "--retry-for", "0"])
            .run();
        output.expect(exit);
        shows_no_secret(&output);
    }
    let server = look().answers(400, &echo()).start();
    let output = with_secrets(&server).args(["status"]).run();
    output.expect(2).says(&["X-Consul-Token: (redacted)"]);
}

#[test]
fn a_text_that_is_cut_within_a_secret_shows_no_part_of_it() {
    for length in 370..400 {
        let text = format!("{} t0ken-of-mine", "x".repeat(length));
        let server = look().answers(400, &text).start();
        let output = with_secrets(&server).args(["status"]).run();
        output.expect(2);
        shows_no_secret(&output);
    }
}

#[test]
fn a_reason_of_a_transaction_and_a_document_have_no_secret_either() {
    let reason = serde_json::json!({"Errors": [{"OpIndex": 0, "What": echo()}]}).to_string();
    for args in [&["txn", "-o", "json", "delete a"][..], &["txn", "delete a"]] {
        let server = Faulty::script()
            .on("PUT /v1/txn")
            .answers(409, &reason)
            .start();
        let output = with_secrets(&server).args(args).run();
        assert_ne!(output.code, 0, "{output}");
        shows_no_secret(&output);
    }
}

#[test]
fn a_token_that_was_read_again_is_a_secret_too() {
    let output = with_a_token_read_again("t0ken-of-mine", &echo());
    output.expect(2).says(&["X-Consul-Token: (redacted)"]);
    assert!(!output.stderr.contains("t0ken"), "{output}");
}

/// Runs a program as a user without rights over other processes.
pub const AS_USER: [&str; 5] = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--",
];

#[test]
fn other_processes_of_the_user_cannot_read_the_environment_of_a_kvw_with_a_token() {
    let as_user = |words: &[&str]| {
        let mut command = std::process::Command::new(AS_USER[0]);
        command.args(&AS_USER[1..]).args(words).output()
    };
    let binary = assert_cmd::cargo::cargo_bin!("kvw").to_str().unwrap();
    let tried = as_user(&[binary, "--version"]);
    if !tried.is_ok_and(|output| output.status.success()) {
        return not_tried(
            "who reads /proc/PID/environ: no setpriv, no root, or no way to the binary",
        );
    }
    let agent = Agent::shared();
    let key = agent.key("a");
    for (name, hidden) in [
        ("CONSUL_HTTP_TOKEN", true),
        ("CONSUL_HTTP_AUTH", true),
        ("HARMLESS", false),
    ] {
        let mut running = agent
            .kvw(["wait", &key])
            .env(name, "t0ken-of-mine")
            .under(AS_USER)
            .spawn();
        running.err_line_with("waiting for ");
        let file = format!("/proc/{}/environ", running.pid());
        let read = as_user(&["cat", &file]).unwrap();
        assert_eq!(read.status.success(), !hidden, "{name}: {read:?}");
        assert_eq!(read.stdout.is_empty(), hidden, "{name}");
    }
}

#[test]
fn kvw_leaves_no_core_file_and_its_handlers_have_the_limit_that_it_was_started_with() {
    const LIMITED: [&str; 3] = ["sh", "-c", r#"ulimit -Sc 1000; exec "$0" "$@""#];
    let agent = Agent::shared();
    agent.put("a", "1");
    let key = agent.key("a");
    // The limit is raised while a program starts, and low again a moment later.
    let limits = r#"ulimit -Sc
        tries=0
        while limit=$(grep 'core file' /proc/$PPID/limits | tr -s ' ' | cut -d' ' -f5)
            [ "$limit" != 0 ] && [ $tries -lt 200 ]
        do
            tries=$((tries + 1))
            sleep 0.05
        done
        echo "$limit""#;
    let mut running = agent
        .kvw(["watch", &key, "--initial", "run", "--", "sh", "-c", limits])
        .under(LIMITED)
        .spawn();
    assert_eq!(running.line(), "1000");
    assert_eq!(running.line(), "0");
    let output = Kvw::bare()
        .args(["dev", "--", "sh", "-c", limits])
        .under(LIMITED)
        .run();
    assert_eq!(output.text(), "1000\n0\n", "{output}");
}
