//! Retries, outages, answers that are none; only against the scripted server. What is one command is run over plain
//! HTTP and over TLS, where it must end and read alike.

use std::time::{Duration, Instant};

use crate::harness::source::pattern;
use crate::harness::{
    Authority, Faulty, Kvw, Output, Presents, Script, TlsFront, WHOLE_STORE_LISTINGS,
};

/// The read that `kvw status` begins with.
const LOOK: &str = "GET /v1/kv/.kvw-looks-for-a-leader/";

/// The rest of what `kvw status` asks.
fn healthy(script: Script) -> Script {
    script
        .on("GET /v1/status/leader")
        .answers(200, "\"10.0.0.1:8300\"")
        .on("GET /v1/status/peers")
        .answers(200, "[\"10.0.0.1:8300\"]")
        .on("GET /v1/agent/self")
        .answers(200, "{\"Config\":{\"Datacenter\":\"dc1\"}}")
}

fn status<const N: usize>(server: &Faulty, args: [&str; N]) -> Output {
    Kvw::at(server.address()).args(["status"]).args(args).run()
}

/// Runs a command against the script over plain HTTP, and again over TLS, which must end with the same exit and
/// the same words.
fn on_both(script: &Script, command: impl Fn(Kvw) -> Output) -> Output {
    let server = script.clone().start();
    let plain = command(Kvw::at(server.address()));
    let secure = over_tls(script, command);
    let nameless = |output: &Output| {
        let address = pattern(r"(https://)?127\.0\.0\.1:\d+");
        address.replace_all(&output.stderr, "ADDRESS").into_owned()
    };
    assert_eq!(secure.code, plain.code, "{plain}{secure}");
    assert_eq!(nameless(&secure), nameless(&plain));
    plain
}

/// Runs a command against the script over TLS.
fn over_tls(script: &Script, command: impl Fn(Kvw) -> Output) -> Output {
    let server = script.clone().start();
    let authority = Authority::new("Faulty CA");
    let certificate = authority.server(&["127.0.0.1"]);
    let front = TlsFront::start(server.address(), &Presents::new(&certificate));
    let ca = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&ca, authority.pem()).unwrap();
    command(Kvw::at(&front.address()).env("CONSUL_CACERT", ca.path()))
}

/// The one try of a read that must fail.
fn fails(script: &Script) -> Output {
    on_both(script, |kvw| kvw.args(["status", "--retry-for", "0"]).run())
}

#[test]
fn a_read_is_tried_again_while_trouble_may_pass() {
    let server = healthy(
        Faulty::script()
            .on(LOOK)
            .answers(500, "No cluster leader")
            .on(LOOK)
            .answers(429, "")
            .on(LOOK)
            .answers(503, "rate limit exceeded for operation that can only be performed by the leader, try again later")
            .on(LOOK)
            .closes()
            .on(LOOK)
            .resets()
            .on(LOOK)
            .answers(502, "<html>Bad Gateway</html>")
            .on(LOOK)
            .misses(7),
    )
    .start();
    status(&server, []).expect(0);
}

#[test]
fn a_read_gives_up_after_its_time() {
    let mut script = Faulty::script();
    for _ in 0..2 {
        script = script.on(LOOK).answers(500, "No cluster leader");
    }
    let server = script.on(LOOK).stalls().start();
    let started = Instant::now();
    // The third try is the one that the request timeout ends: it is not tried again.
    let output = status(&server, ["--request-timeout", "500ms"]);
    output.expect(3).one_line().says(&["no answer in time"]);
    assert!(started.elapsed() < Duration::from_secs(5), "{output}");
}

#[test]
fn what_will_not_pass_is_not_tried_again() {
    for (answer, text, words) in [
        (500, "No path to datacenter", "No path to datacenter"),
        (
            400,
            "Invalid query parameter: \"ns\" - Namespaces are a Consul Enterprise feature",
            "Enterprise",
        ),
        (
            500,
            "invalid key name, must not begin with '/'",
            "invalid key name",
        ),
    ] {
        let server = Faulty::script().on(LOOK).answers(answer, text).start();
        status(&server, [])
            .one_line()
            .says(&["checking for a leader", words]);
    }
}

#[test]
fn each_failure_is_named_for_what_it_is() {
    let redirect = "HTTP/1.1 301 Moved Permanently\r\nLocation: /ui/\r\nContent-Length: 0\r\n\r\n";
    let tls = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    for (script, code, words) in [
        (Faulty::script().hangs_up(), 3, "http_max_conns_per_client"),
        (Faulty::script().on(LOOK).resets(), 3, "http_max_conns_per_client"),
        (
            Faulty::script().on(LOOK).answers(
                429,
                "Your IP is issuing too many concurrent connections, please rate limit your calls\n",
            ),
            3,
            "http_max_conns_per_client",
        ),
        (Faulty::script().on(LOOK).answers(429, ""), 3, "too many requests"),
        (Faulty::script().on(LOOK).writes(redirect), 3, "redirect (301), which is not followed"),
        (Faulty::script().on(LOOK).writes(tls), 3, "starts with https://"),
        (Faulty::script().on(LOOK).writes(b"\x15\x03\x01\x00\x02\x02\x46"), 3, "starts with https://"),
        (Faulty::script().on(LOOK).writes("SSH-2.0-OpenSSH_9.2\r\n"), 3, "invalid answer"),
        (Faulty::script().on(LOOK).answers(404, "404 page not found"), 3, "is this the address of a Consul HTTP API?"),
        (Faulty::script().on(LOOK).writes("HTTP/1.1 200 OK\r\nContent-Le"), 3, "lost"),
    ] {
        let server = script.start();
        let output = status(&server, ["--retry-for", "0"]);
        output
            .expect(code)
            .one_line()
            .says(&["checking for a leader at 127.0.0.1:", words]);
    }
}

#[test]
fn a_page_of_a_proxy_is_one_line_and_short() {
    let page = format!(
        "<html>\n<body>\x1b[2J{}</body>\n</html>",
        "so sorry ".repeat(1000)
    );
    let output = fails(&Faulty::script().on(LOOK).answers(502, &page));
    output
        .expect(3)
        .one_line()
        .says(&["a proxy answered 502 with an HTML page"]);
    assert!(
        output.stderr.len() < 1000 && !output.stderr.contains(['\x1b', '<']),
        "{output}"
    );
}

#[test]
fn an_answer_that_is_no_json_is_invalid() {
    let server = Faulty::script()
        .on(LOOK)
        .misses(1)
        .on("GET /v1/status/leader")
        .answers(200, "<html>")
        .start();
    status(&server, []).expect(3).one_line().says(&[
        "reading the leader's address at 127.0.0.1:",
        "invalid answer",
    ]);
}

#[test]
fn a_kept_connection_that_died_is_no_reason_to_fail() {
    let server = healthy(
        Faulty::script()
            .on(LOOK)
            .misses(1)
            .on("GET /v1/status/leader")
            .closes(),
    )
    .start();
    status(&server, []).expect(0);
}

/// One command against a script that ends with its last step.
#[allow(
    clippy::needless_pass_by_value,
    reason = "a script is written where it is run"
)]
fn run<const N: usize>(script: Script, args: [&str; N]) -> Output {
    on_both(&script, |kvw| {
        kvw.args(args).args(["--retry-for", "0"]).run()
    })
}

#[test]
fn a_refused_connection_is_said_at_once_and_certain_for_writes_too() {
    for args in [
        &["get", "app/name"][..],
        &["put", "app/name", "v"],
        &["delete", "app/name"],
        &["txn", "set app/name v"],
    ] {
        let started = Instant::now();
        let output = Kvw::at("127.0.0.1:9").args(args).run();
        output
            .expect(3)
            .one_line()
            .says(&["at 127.0.0.1:9: connection refused", "hint: "]);
        assert!(started.elapsed() < Duration::from_secs(3), "{output}");
    }
}

#[test]
fn a_write_whose_answer_is_lost_may_have_happened() {
    for (args, request) in [
        (&["put", "app/name", "v"][..], "PUT /v1/txn"),
        (&["put", "app/name", "v", "-q"], "PUT /v1/kv/app/name"),
        (&["delete", "app/name"], "PUT /v1/txn"),
        (&["delete", "app/name", "-q"], "DELETE /v1/kv/app/name"),
        (&["txn", "set app/name v"], "PUT /v1/txn"),
    ] {
        for script in [
            Faulty::script().on(request).closes(),
            Faulty::script().on(request).resets(),
            Faulty::script()
                .on(request)
                .writes("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntr"),
            Faulty::script()
                .on(request)
                .answers(500, "rpc error making call: EOF"),
            Faulty::script()
                .on(request)
                .answers(500, "leadership lost while committing log"),
            Faulty::script().on(request).answers(200, "<html>"),
            Faulty::script().on(request).stalls(),
        ] {
            // The script has one step: a second try would not fit it.
            let output = on_both(&script, |kvw| {
                kvw.args(args).args(["--request-timeout", "300ms"]).run()
            });
            output
                .expect(5)
                .one_line()
                .says(&["at 127.0.0.1:", "hint: ", "read it back"]);
        }
    }
}

#[test]
fn a_write_that_was_refused_did_not_happen() {
    let put = "PUT /v1/kv/a";
    for (status, text, code) in [
        (400, "Invalid index", 2),
        (
            413,
            "Request body(9 bytes) too large, max size: 4 bytes.",
            2,
        ),
        (
            500,
            "invalid key name, leading/trailing spaces are not allowed",
            2,
        ),
        (403, "Permission denied", 4),
        (
            429,
            "rate limit exceeded, try again later or against a different server",
            3,
        ),
        (
            503,
            "rate limit exceeded for operation that can only be performed by the leader, try again later",
            3,
        ),
        (500, "No path to datacenter", 3),
        (500, "No cluster leader", 3),
        (500, "rpc error getting client: failed to get conn: EOF", 3),
        (404, "", 3),
        (307, "", 3),
    ] {
        let output = run(
            Faulty::script().on(put).answers(status, text),
            ["put", "a", "v", "-q"],
        );
        output.expect(code).one_line().says(&["writing key a at "]);
        // A refused transaction is followed by the write alone, which tells why.
        let refused = Faulty::script().on("PUT /v1/txn").answers(status, text);
        let refused = match code {
            3 if status != 404 => refused,
            _ => refused.on(put).answers(status, text),
        };
        let output = run(refused, ["put", "a", "v"]);
        output.expect(code).one_line().says(&["writing key a at "]);
    }
}

#[test]
fn a_value_over_the_servers_limit_is_not_uploaded() {
    let server = Faulty::script()
        .on("PUT /v1/kv/big")
        .having("Expect: 100-continue")
        .answers(
            413,
            "Request body(600000 bytes) too large, max size: 524288 bytes.",
        )
        .start();
    Kvw::at(server.address())
        .args(["put", "big", "-", "-q"])
        .stdin(vec![b'x'; 600_000])
        .run()
        .expect(2)
        .one_line()
        .says(&["writing key big", "413", "max size: 524288"]);
    assert!(server.requests()[0].body.is_empty());
}

#[test]
fn a_transaction_over_the_servers_limit_is_an_input_error() {
    let output = run(
        Faulty::script()
            .on("PUT /v1/txn")
            .answers(413, "Transaction contains too many operations (65 > 64)"),
        ["txn", "set a v", "set b v"],
    );
    output.expect(2).one_line().says(&["too many operations"]);
}

#[test]
fn an_answer_that_breaks_off_is_never_a_short_one() {
    let json =
        r#"[{"LockIndex":0,"Key":"p/a","Flags":0,"Value":"YQ==","CreateIndex":1,"ModifyIndex":1}]"#;
    for kept in [0, 30, json.len() - 1] {
        let get = run(
            Faulty::script().on("GET /v1/kv/p/a").cuts(1, json, kept),
            ["get", "p/a"],
        );
        get.expect(3)
            .one_line()
            .says(&["reading key p/a at ", "cut off"]);
        assert!(get.stdout.is_empty(), "{get}");
        run(
            Faulty::script()
                .on("GET /v1/kv/p/?recurse")
                .cuts(1, json, kept),
            ["get", "--recurse", "p/"],
        )
        .expect(3)
        .one_line()
        .says(&["listing prefix p/ at ", "cut off"]);
    }
}

#[test]
fn an_answer_that_consul_does_not_give_is_invalid() {
    for (json, words) in [
        ("<html>", "a JSON array"),
        ("[]", "expected the one entry"),
        (
            r#"[{"Key":"p/a","Value":"%%%","CreateIndex":1,"ModifyIndex":1}]"#,
            "the value of p/a is not base64",
        ),
        (
            r#"[{"Key":"p/b","Value":null,"CreateIndex":1,"ModifyIndex":1}]"#,
            "expected the one entry",
        ),
        (
            r#"[{"Key":"p/a","Value":null,"Flags":"x","ModifyIndex":1}]"#,
            "invalid type",
        ),
    ] {
        run(
            Faulty::script().on("GET /v1/kv/p/a").finds(1, json),
            ["get", "p/a"],
        )
        .expect(3)
        .one_line()
        .says(&["reading key p/a at ", "invalid answer", words]);
    }
    let output = run(
        Faulty::script().on("GET /v1/kv/p/a").answers(200, "[]"),
        ["get", "p/a"],
    );
    output
        .expect(3)
        .one_line()
        .says(&["without an X-Consul-Index"]);
}

#[test]
fn a_denied_read_is_denied_and_says_whether_a_token_was_sent() {
    let denies = || {
        Faulty::script()
            .on("GET /v1/kv/a")
            .answers(403, "Permission denied")
    };
    run(denies(), ["get", "a"]).expect(4).one_line().says(&[
        "reading key a",
        "permission denied",
        "no token was given",
    ]);
    let output = run(denies(), ["get", "a", "--token", "weak"]);
    output.expect(4).one_line();
    assert!(
        !output.stderr.contains("Permission denied"),
        "said twice: {output}"
    );
    assert!(!output.stderr.contains("no token"), "{output}");
}

#[test]
fn an_argument_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let bad = std::ffi::OsStr::from_bytes(b"app/\xff");
    Kvw::at("127.0.0.1:9")
        .args([std::ffi::OsStr::new("get"), bad])
        .run()
        .expect(2);
}

#[test]
fn an_error_of_a_listing_of_names_says_of_what() {
    let nobody = |args: &[&str]| Kvw::at("127.0.0.1:1").args(args).run();
    nobody(&["get", "--keys"])
        .expect(3)
        .says(&["listing all keys"]);
    nobody(&["get", "--keys", "app/"])
        .expect(3)
        .says(&["listing prefix app/"]);
}

#[test]
fn a_rolled_back_write_exits_one_and_four_where_permission_was_denied() {
    let rolled_back = |what: &str| {
        let errors = serde_json::json!([
            {"OpIndex": 0, "What": "out of order"},
            {"OpIndex": 1, "What": what},
        ]);
        let answer = serde_json::json!({"Results": null, "Errors": errors}).to_string();
        Faulty::script().on("PUT /v1/txn").answers(409, &answer)
    };
    for (what, code, words) in [
        ("some other reason", 1, "key a: rolled back: out of order"),
        ("Permission denied", 4, "key b: permission denied"),
    ] {
        let output = run(rolled_back(what), ["delete", "a", "b"]);
        output.expect(code).says(&[words]);
        run(rolled_back(what), ["txn", "set a v", "set b v"])
            .expect(code)
            .says(&["operation 2 (set b)"]);
    }
}

#[test]
fn an_empty_store_is_believed_only_where_its_keys_may_be_read() {
    for args in WHOLE_STORE_LISTINGS {
        let empty = || Faulty::script().on("GET /v1/kv/?").misses(7);
        let denied = empty().on("GET /v1/kv/_").answers(403, "Permission denied");
        let server = denied.start();
        let output = Kvw::at(server.address()).args(args).run();
        output
            .expect(4)
            .says(&["listing all keys at ", "permission denied"]);
        let server = empty().on("GET /v1/kv/_").misses(7).start();
        Kvw::at(server.address()).args(args).run().expect(0);
    }
}
