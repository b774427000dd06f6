//! Paths, methods, parameters, headers, limits.

use crate::harness::{Agent, RawHttp, Reply};

fn get(agent: &Agent, path: &str) -> Reply {
    RawHttp::connect(&agent.address()).ask("GET", path, "")
}

fn put(agent: &Agent, path: &str, body: impl AsRef<[u8]>) -> Reply {
    RawHttp::connect(&agent.address()).ask("PUT", path, body)
}

#[test]
fn headers_are_as_on_consuls_wire() {
    let agent = Agent::own();
    put(&agent, "/v1/kv/foo", "bar").is(200, "true");
    let found = get(&agent, "/v1/kv/foo");
    // Since 1.9 and since 1.11.
    let of_newer = ["X-Consul-Default-Acl-Policy", "X-Consul-Query-Backend"];
    let names: Vec<_> = found
        .head
        .lines()
        .skip(1)
        .map(|line| line.split(':').next().unwrap())
        .filter(|name| !Agent::is_newer() || !of_newer.contains(name))
        .collect();
    assert_eq!(
        names,
        [
            "Content-Type",
            "Vary",
            "X-Consul-Index",
            "X-Consul-Knownleader",
            "X-Consul-Lastcontact",
            "Date",
            "Content-Length"
        ]
    );
    assert_eq!(found.header("Content-Type"), Some("application/json"));
    assert_eq!(found.header("Vary"), Some("Accept-Encoding"));
    assert_eq!(found.header("X-Consul-Knownleader"), Some("true"));
    assert_eq!(found.header("X-Consul-Lastcontact"), Some("0"));
    assert!(found.header("Date").unwrap().ends_with(" GMT"));
    let missing = get(&agent, "/v1/kv/none").is(404, "");
    assert_eq!(missing.header("Content-Type"), None);
    assert_eq!(missing.header("Vary"), Some("Accept-Encoding"));
    assert_eq!(missing.header("Content-Length"), Some("0"));
    let raw = get(&agent, "/v1/kv/foo?raw").is(200, "bar");
    assert_eq!(raw.header("Content-Type"), Some("text/plain"));
    assert_eq!(raw.header("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(raw.header("Content-Security-Policy"), Some("sandbox"));
}

#[test]
fn an_entry_has_its_members_in_consuls_order() {
    let agent = Agent::own();
    put(&agent, "/v1/kv/foo?flags=18446744073709551615", "bar").is(200, "true");
    let found = get(&agent, "/v1/kv/foo");
    let index = found.index();
    found.is(
        200,
        &format!(
            r#"[{{"LockIndex":0,"Key":"foo","Flags":18446744073709551615,"Value":"YmFy","CreateIndex":{index},"ModifyIndex":{index}}}]"#
        ),
    );
    let pretty = get(&agent, "/v1/kv/foo?pretty");
    assert!(
        pretty
            .text()
            .starts_with("[\n    {\n        \"LockIndex\": 0,\n"),
        "{pretty:?}"
    );
    assert!(pretty.text().ends_with("    }\n]\n"), "{pretty:?}");
    put(&agent, "/v1/kv/foo?pretty", "bar").is(200, "true\n");
}

#[test]
fn json_escapes_what_go_escapes() {
    let agent = Agent::own();
    put(&agent, "/v1/kv/%3Ca%3E&b%22%5Cc", "").is(200, "true");
    get(&agent, "/v1/kv/?keys").is(200, r#"["\u003ca\u003e\u0026b\"\\c"]"#);
    put(&agent, "/v1/kv/bad%80%81utf", "").is(200, "true");
    let names = get(&agent, "/v1/kv/bad?keys").json();
    assert_eq!(names, serde_json::json!(["bad\u{fffd}\u{fffd}utf"]));
}

#[test]
fn unclean_paths_are_redirected_and_nothing_is_written() {
    let agent = Agent::own();
    for (path, clean) in [
        ("/v1/kv/a//b", "/v1/kv/a/b"),
        ("/v1/kv//lead", "/v1/kv/lead"),
        ("/v1/kv/%2Flead2", "/v1/kv/lead2"),
        ("/v1/kv/a%2F%2Fb", "/v1/kv/a/b"),
        ("/v1/kv/a/../b", "/v1/kv/b"),
        ("/v1/kv/a%2F..%2Fb", "/v1/kv/b"),
        ("/v1/kv/a/./b", "/v1/kv/a/b"),
        ("/v1/kv/a/b/.", "/v1/kv/a/b"),
        ("/v1/kv/..", "/v1"),
        ("/v1/kv/../status/leader", "/v1/status/leader"),
        ("//v1/kv/x", "/v1/kv/x"),
        ("/v1/kv", "/v1/kv/"),
        ("/v1/kv?recurse&raw", "/v1/kv/?recurse&raw"),
        ("/v1/session/info", "/v1/session/info/"),
        ("/v1/kv/%C3%BC%20//+%25", "/v1/kv/%C3%BC%20/+%25"),
    ] {
        let moved = put(&agent, path, "x").is(301, "");
        assert_eq!(moved.header("Location"), Some(clean), "{path}");
        assert_eq!(moved.header("Vary"), None, "{path}");
        let html = clean.replace('&', "&amp;");
        let moved = get(&agent, path).is(
            301,
            &format!("<a href=\"{html}\">Moved Permanently</a>.\n\n"),
        );
        assert_eq!(
            moved.header("Content-Type"),
            Some("text/html; charset=utf-8")
        );
    }
    get(&agent, "/v1/kv/?keys").is(200, "[]");
    for key in ["...", "a..b", "%20edge%20", "a+b", "🚀"] {
        put(&agent, &format!("/v1/kv/{key}"), "x").is(200, "true");
    }
    get(&agent, "/v1/kv/?keys").is(200, r#"[" edge ","...","a+b","a..b","🚀"]"#);
}

#[test]
fn unprintable_paths_and_broken_escapes_are_bad_requests() {
    let agent = Agent::own();
    for path in [
        "/v1/kv/a%09b",
        "/v1/kv/a%00",
        "/v1/kv/%7F",
        "/v1/kv/%C2%A0",
        "/v1/kv/%E2%80%A8",
    ] {
        put(&agent, path, "x").is(400, "");
    }
    let refused = get(&agent, "/v1/kv/%zz").is(400, "400 Bad Request");
    assert_eq!(refused.header("Connection"), Some("close"));
    get(&agent, "/v1/kv/a?a=%zz").is(500, "");
}

#[test]
fn methods_are_distinguished() {
    let agent = Agent::own();
    for (path, allow) in [
        ("/v1/kv/x", "OPTIONS,GET,PUT,DELETE"),
        ("/v1/txn", "OPTIONS,PUT"),
        ("/v1/session/create", "OPTIONS,PUT"),
        ("/v1/status/leader", "OPTIONS,GET"),
    ] {
        let mut wire = RawHttp::connect(&agent.address());
        let options = wire.ask("OPTIONS", path, "").is(200, "");
        assert_eq!(options.header("Allow"), Some(allow));
        let refused = wire
            .ask("POST", path, "")
            .is(405, "method POST not allowed");
        assert_eq!(refused.header("Allow"), Some(allow));
        wire.send(format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        let head = wire.head_only();
        assert_eq!(
            (head.status, head.header("Content-Length")),
            (405, Some("23"))
        );
        // The connection is still in step.
        wire.ask("PATCH", path, "")
            .is(405, "method PATCH not allowed");
    }
}

#[test]
fn small_endpoints_answer_clients_that_look_around() {
    let agent = Agent::own();
    let leader = get(&agent, "/v1/status/leader");
    assert!(leader.json().as_str().unwrap().contains(':'), "{leader:?}");
    assert_eq!(leader.header("X-Consul-Index"), None);
    assert_eq!(
        get(&agent, "/v1/status/peers").json(),
        serde_json::json!([leader.json()])
    );
    get(&agent, "/v1/catalog/datacenters").is(200, r#"["dc1"]"#);
    let this = get(&agent, "/v1/agent/self").json();
    assert_eq!(this["Config"]["Datacenter"], "dc1");
    for member in ["NodeName", "Version"] {
        assert!(
            !this["Config"][member].as_str().unwrap().is_empty(),
            "{member}"
        );
    }
    get(&agent, "/").is(200, "Consul Agent");
    for path in ["/v1/nope", "/v1/KV/x", "/nope"] {
        let unknown = get(&agent, path);
        match Agent::is_since((1, 11)) {
            true => assert!(unknown.text().starts_with("Invalid URL path: "), "{path}"),
            false => assert_eq!(unknown.text(), "", "{path}"),
        }
        assert_eq!(
            (unknown.status, unknown.header("Vary")),
            (404, None),
            "{path}"
        );
    }
}

#[test]
fn bad_parameters_are_refused_in_consuls_words() {
    let agent = Agent::own();
    put(&agent, "/v1/kv/k", "v").is(200, "true");
    // A newer server takes what is no UUID for a session that it does not know.
    let no_uuid = match Agent::is_newer() {
        true => "invalid session \"x\"",
        false => "failed session lookup: index error: UUID must be 36 characters",
    };
    for (path, status, words) in [
        (
            "/v1/kv/k?cas=abc",
            500,
            "strconv.ParseUint: parsing \"abc\": invalid syntax",
        ),
        (
            "/v1/kv/k?cas=",
            500,
            "strconv.ParseUint: parsing \"\": invalid syntax",
        ),
        (
            "/v1/kv/k?flags=-1",
            500,
            "strconv.ParseUint: parsing \"-1\": invalid syntax",
        ),
        (
            "/v1/kv/k?flags=18446744073709551616",
            500,
            "strconv.ParseUint: parsing \"18446744073709551616\": value out of range",
        ),
        (
            "/v1/kv/k?acquire=x&cas=1",
            400,
            "Conflicting flags: acquire=x&cas=1",
        ),
        ("/v1/kv/k?dc=nope", 500, "No path to datacenter"),
        ("/v1/kv/k?dc=DC1", 500, "No path to datacenter"),
        ("/v1/kv/k?acquire=", 500, "missing session"),
        ("/v1/kv/k?acquire=x", 500, no_uuid),
        (
            "/v1/kv/k?acquire=b4767f21-a9d2-aa1e-3acb-94adc234e191",
            500,
            "invalid session \"b4767f21-a9d2-aa1e-3acb-94adc234e191\"",
        ),
        ("/v1/kv/?flags=1", 400, "Missing key name"),
        (
            "/v1/kv/k?ns=default",
            400,
            "Bad request: Invalid query parameter: \"ns\" - Namespaces are a Consul Enterprise feature",
        ),
        ("/v1/kv/k?release=x", 200, "false"),
        ("/v1/kv/k?release=", 500, "missing session"),
    ] {
        put(&agent, path, "w").is(status, words);
    }
    let mut wire = RawHttp::connect(&agent.address());
    wire.ask("DELETE", "/v1/kv/k?recurse&cas=1", "")
        .is(400, "Conflicting flags: cas=1&recurse=");
    for (query, words) in [
        ("index=-1", "Invalid index"),
        ("index=%2B5", "Invalid index"),
        ("index=18446744073709551616", "Invalid index"),
        ("wait=abc", "Invalid wait time"),
        ("wait=10d", "Invalid wait time"),
        ("wait=+1s", "Invalid wait time"),
        ("max_stale=x", "Invalid max_stale value \"x\""),
        (
            "cached&consistent",
            "Cannot specify ?cached with ?consistent, conflicting semantics.",
        ),
    ] {
        let refused = get(&agent, &format!("/v1/kv/k?{query}")).is(400, words);
        assert_eq!(refused.header("X-Consul-Index"), None);
    }
    get(&agent, "/v1/kv/k?raw&index=&wait=&stale&bogus").is(200, "v");
    let partition = get(&agent, "/v1/kv/k?raw&partition=x");
    match Agent::is_since((1, 11)) {
        true => partition.is(
            400,
            "Invalid query parameter: \"partition\" - Partitions are a Consul Enterprise feature",
        ),
        false => partition.is(200, "v"),
    };
    get(&agent, "/v1/kv/k?raw&wait=%2B1s&dc=dc1&token=any").is(200, "v");
}

#[test]
fn a_parameter_counts_by_presence_and_its_first_value() {
    let agent = Agent::own();
    for key in [
        "web", "web-x", "web/B", "web/a", "web/b/", "web/b/c", "web/b/d", "web2",
    ] {
        put(&agent, &format!("/v1/kv/{key}"), "").is(200, "true");
    }
    for (path, names) in [
        (
            "web/?keys=false&separator=/",
            r#"["web/B","web/a","web/b/"]"#,
        ),
        ("web?keys&separator=/", r#"["web","web-x","web/","web2"]"#),
        ("we?keys&separator=b", r#"["web"]"#),
        (
            "web?keys&seperator=/&raw&recurse",
            r#"["web","web-x","web/","web2"]"#,
        ),
        (
            "web/b/?keys&separator=",
            r#"["web/b/","web/b/c","web/b/d"]"#,
        ),
        (
            "web/b/?keys&separator=d&separator=c",
            r#"["web/b/","web/b/c","web/b/d"]"#,
        ),
    ] {
        get(&agent, &format!("/v1/kv/{path}")).is(200, names);
    }
    let listed = get(&agent, "/v1/kv/web/b?recurse=false&raw").json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    get(&agent, "/v1/kv/none?keys").is(404, "");
}

#[test]
fn a_value_of_512_kib_is_the_largest() {
    let agent = Agent::own();
    put(&agent, "/v1/kv/big", vec![b'x'; 524_288]).is(200, "true");
    assert_eq!(get(&agent, "/v1/kv/big?raw").body.len(), 524_288);
    // The length alone is enough: nothing of the body is sent.
    let mut wire = RawHttp::connect(&agent.address());
    wire.send("PUT /v1/kv/big HTTP/1.1\r\nHost: localhost\r\nContent-Length: 524289\r\n\r\n");
    wire.reply().is(
        413,
        "Request body(524289 bytes) too large, max size: 524288 bytes. \
         See https://www.consul.io/docs/agent/options.html#kv_max_value_size.",
    );
}

#[test]
fn bodies_come_chunked_too_and_expect_a_word_first() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    wire.send(
        "PUT /v1/kv/c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\none\r\n4;x=y\r\n two\r\n0\r\nTrailer: t\r\n\r\n",
    );
    wire.reply().is(200, "true");
    wire.ask("GET", "/v1/kv/c?raw", "").is(200, "one two");
    wire.send(
        "PUT /v1/kv/c HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    wire.reply().is(100, "");
    wire.send("three");
    wire.reply().is(200, "true");
    wire.ask("GET", "/v1/kv/c?raw", "").is(200, "three");
}

#[test]
fn a_too_large_body_that_waits_for_a_word_is_refused_without_it() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    wire.send("PUT /v1/kv/c HTTP/1.1\r\nHost: localhost\r\nContent-Length: 600000\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(wire.reply().status, 413);
}

#[test]
fn connections_are_kept_pipelined_and_old() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let put = "PUT /v1/kv/p HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1";
    wire.send(format!(
        "{put}GET /v1/kv/p?raw HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ));
    wire.reply().is(200, "true");
    wire.reply().is(200, "1");
    wire.send("GET /v1/kv/p?raw HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let last = wire.reply().is(200, "1");
    assert_eq!(last.header("Connection"), Some("close"));
    assert!(wire.is_closed());
    let mut old = RawHttp::connect(&agent.address());
    old.send("GET /v1/kv/p?raw HTTP/1.0\r\n\r\n");
    let reply = old.reply().is(200, "1");
    assert!(
        reply.head.starts_with("HTTP/1.0 200 OK\r\n"),
        "{}",
        reply.head
    );
    assert!(old.is_closed());
    let mut old = RawHttp::connect(&agent.address());
    for _ in 0..2 {
        old.send("GET /v1/kv/p?raw HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        let reply = old.reply().is(200, "1");
        assert_eq!(reply.header("Connection"), Some("keep-alive"));
    }
}

#[test]
fn a_request_head_may_be_a_megabyte() {
    let agent = Agent::own();
    let long = "k".repeat(1_040_000);
    put(&agent, &format!("/v1/kv/{long}"), "x").is(200, "true");
    get(&agent, &format!("/v1/kv/{long}?raw")).is(200, "x");
    let refused = get(&agent, &format!("/v1/kv/{}", "k".repeat(1_060_000)));
    refused.is(431, "431 Request Header Fields Too Large");
}

#[test]
fn bodies_of_reads_are_ignored_and_hosts_are_needed() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    assert_eq!(wire.ask("GET", "/v1/kv/x", "a body").status, 404);
    assert_eq!(wire.ask("GET", "/v1/kv/x", "").status, 404);
    wire.send("GET /v1/kv/x HTTP/1.1\r\n\r\n");
    assert_eq!(wire.reply().status, 400);
}
