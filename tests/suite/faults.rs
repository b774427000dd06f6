//! Retries, outages, answers that are none; only against the scripted server.

use std::time::{Duration, Instant};

use crate::harness::{Faulty, Kvw, Output, Script};

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

/// The one try of a read that must fail.
fn fails(script: Script) -> Output {
    let server = script.start();
    status(&server, ["--retry-for", "0"])
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
            .says(&["asking the leader", words]);
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
        (Faulty::script().on(LOOK).writes(tls), 3, "begins with https://"),
        (Faulty::script().on(LOOK).writes(b"\x15\x03\x01\x00\x02\x02\x46"), 3, "begins with https://"),
        (Faulty::script().on(LOOK).writes("SSH-2.0-OpenSSH_9.2\r\n"), 3, "not an answer of Consul's"),
        (Faulty::script().on(LOOK).answers(404, "404 page not found"), 3, "X-Consul-Index"),
        (Faulty::script().on(LOOK).writes("HTTP/1.1 200 OK\r\nContent-Le"), 3, "lost"),
    ] {
        let output = fails(script);
        output
            .expect(code)
            .one_line()
            .says(&["asking the leader at 127.0.0.1:", words]);
    }
}

#[test]
fn a_page_of_a_proxy_is_one_line_and_short() {
    let page = format!(
        "<html>\n<body>\x1b[2J{}</body>\n</html>",
        "so sorry ".repeat(1000)
    );
    let output = fails(Faulty::script().on(LOOK).answers(502, &page));
    output.expect(3).one_line().says(&["502", "<html> <body>"]);
    assert!(
        output.stderr.len() < 1000 && !output.stderr.contains('\x1b'),
        "{output}"
    );
}

#[test]
fn an_answer_that_is_no_json_is_nonsense() {
    let server = Faulty::script()
        .on(LOOK)
        .misses(1)
        .on("GET /v1/status/leader")
        .answers(200, "<html>")
        .start();
    status(&server, []).expect(3).one_line().says(&[
        "asking for the leader at 127.0.0.1:",
        "not an answer of Consul's",
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
