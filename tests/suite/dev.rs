//! What only `kvw dev` does: its own flags, running a command, and standing up to clients that no
//! server should trust. What it imitates is in `conformance`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::RecvTimeoutError;

use std::thread;
use std::time::Duration;

use crate::harness::{
    Kvw, PATIENCE, RawHttp, Reply, Running, children, is_alive, programs, send_signal, wait_for,
    wait_for_exit, wait_for_text,
};

/// A dev agent on a free port, and its address.
fn dev<const N: usize>(more: [&str; N]) -> (Running, String) {
    started(
        Kvw::bare()
            .args(["dev", "--listen", "127.0.0.1:0"])
            .args(more),
    )
}

fn started(kvw: Kvw) -> (Running, String) {
    let mut running = kvw.spawn();
    let line = running.line();
    let address = line.strip_prefix("http://").expect("an http address");
    let address = address.to_owned();
    (running, address)
}

#[test]
fn the_address_is_the_only_line_on_stdout_and_the_warning_is_on_stderr() {
    let (running, address) = dev([]);
    RawHttp::connect(&address)
        .ask("GET", "/v1/kv/?keys", "")
        .is(200, "[]");
    let output = running.stop();
    assert_eq!(output.text(), format!("http://{address}\n"));
    assert_eq!(output.stderr.lines().count(), 1, "{output}");
    output.says(&["not for production"]);
    let (quiet, _) = dev(["-q"]);
    assert_eq!(quiet.stop().stderr, "");
}

#[test]
fn it_dies_of_the_signal_that_stops_it() {
    for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1), ("QUIT", 3)] {
        let (running, address) = dev([]);
        let mut blocked = RawHttp::connect(&address);
        blocked.send(
            "GET /v1/kv/x?index=99999999999999999&wait=10m HTTP/1.1\r\nHost: localhost\r\n\r\n",
        );
        running.signal(name);
        let output = running.wait(PATIENCE);
        assert_eq!(output.signal, Some(number), "{output}");
    }
}

#[test]
fn a_port_that_is_taken_is_one_line_with_a_hint() {
    let (_running, address) = dev([]);
    let output = Kvw::bare().args(["dev", "--listen", &address]).run();
    output
        .expect(3)
        .one_line()
        .says(&["listening on", &address, "in use", "hint: ", ":0"]);
}

#[test]
fn an_address_that_is_none_is_wrong_usage() {
    for address in [
        "8500",
        "localhost",
        "127.0.0.1:http",
        "127.0.0.1:70000",
        ":8500",
        "",
    ] {
        let output = Kvw::bare().args(["dev", "--listen", address]).run();
        output.expect(2).one_line().says(&["--listen", "HOST:PORT"]);
    }
}

#[test]
fn an_address_that_others_reach_is_warned_about_and_printed_so_that_clients_take_it() {
    let mut running = Kvw::bare()
        .args(["dev", "--listen", "0.0.0.0:0", "--allow-public"])
        .spawn();
    let line = running.line();
    let address = line.strip_prefix("http://127.0.0.1:").expect(&line);
    RawHttp::connect(&format!("127.0.0.1:{address}"))
        .ask("GET", "/v1/kv/?keys", "")
        .is(200, "[]");
    running
        .stop()
        .says(&["warning: everyone who can reach this address"]);
}

#[test]
fn an_address_that_others_reach_is_refused_without_a_word_that_allows_it() {
    for address in ["0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0"] {
        let output = Kvw::bare().args(["dev", "--listen", address]).run();
        output
            .expect(2)
            .one_line()
            .says(&[address, "other machines", "--allow-public"]);
        assert_eq!(output.text(), "");
    }
}

/// A request as a browser sends it.
fn browse(address: &str, method: &str, headers: &str) -> Reply {
    let mut wire = RawHttp::connect(address);
    wire.send(format!(
        "{method} /v1/kv/rebound HTTP/1.1\r\n{headers}Content-Length: 1\r\n\r\nx"
    ));
    wire.reply()
}

#[test]
fn a_website_can_neither_read_nor_write_by_way_of_a_name_or_a_page_of_its_own() {
    let (_running, address) = dev([]);
    let port = address.rsplit_once(':').unwrap().1;
    for (status, headers) in [
        (421, format!("Host: evil.example:{port}\r\n")),
        (421, format!("Host: localhost.evil.example:{port}\r\n")),
        (421, format!("Host: evil.localhost:{port}\r\n")),
        (421, format!("Host: 0.0.0.0:{port}\r\n")),
        (421, "Host:\r\n".to_owned()),
        (
            403,
            format!("Host: {address}\r\nOrigin: http://evil.example\r\n"),
        ),
        (403, format!("Host: {address}\r\nOrigin: null\r\n")),
        (
            403,
            format!("Origin: https://localhost.evil.example\r\nHost: {address}\r\n"),
        ),
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let reply = browse(&address, method, &headers);
            assert_eq!(reply.status, status, "{method} {headers}");
            assert!(reply.text().contains("kvw dev"), "{reply:?}");
            assert_eq!(reply.header("Connection"), Some("close"), "{headers}");
        }
    }
    let absolute = "PUT http://evil.example/v1/kv/rebound HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut wire = RawHttp::connect(&address);
    wire.send(absolute);
    assert_eq!(wire.reply().status, 421);
    assert_eq!(
        browse(&address, "PUT", "Host: localhost\r\nHost: evil.example\r\n").status,
        400
    );
    RawHttp::connect(&address)
        .ask("GET", "/v1/kv/?keys", "")
        .is(200, "[]");
}

#[test]
fn every_name_of_the_loopback_interface_and_pages_of_this_machine_are_answered() {
    let (_running, address) = dev([]);
    for headers in [
        "Host: localhost\r\n",
        "Host: LOCALHOST:1\r\n",
        "Host: localhost.:8500\r\n",
        "Host: 127.0.0.1\r\n",
        "Host: 127.8.9.1:80\r\n",
        "Host: [::1]:8500\r\n",
        "Host: localhost\r\nOrigin: http://localhost:3000\r\n",
    ] {
        let reply = browse(&address, "PUT", headers);
        assert_eq!(reply.status, 200, "{headers}");
    }
}

#[test]
fn a_name_of_elsewhere_is_answered_where_other_machines_are() {
    let (_running, address) =
        started(Kvw::bare().args(["dev", "--listen", "0.0.0.0:0", "--allow-public"]));
    assert_eq!(
        browse(&address, "PUT", "Host: build-host:8500\r\n").status,
        200
    );
}

#[test]
fn what_is_stored_has_a_bound_and_deletes_make_room() {
    let (_running, address) = dev(["--memory", "1M"]);
    let mut wire = RawHttp::connect(&address);
    let value = vec![b'v'; 400_000];
    for key in ["a", "b"] {
        wire.ask("PUT", &format!("/v1/kv/{key}"), &value)
            .is(200, "true");
    }
    for key in ["c", "a/c"] {
        let refused = wire.ask("PUT", &format!("/v1/kv/{key}"), &value);
        assert_eq!(refused.status, 409, "{refused:?}");
        assert!(refused.text().contains("--memory"), "{refused:?}");
    }
    let output = Kvw::at(&address)
        .args(["put", "c", "-"])
        .stdin(value.clone())
        .run();
    output.expect(2).says(&["nothing was written", "--memory"]);
    let ops = r#"[{"KV":{"Verb":"set","Key":"small","Value":"eA=="}},{"KV":{"Verb":"set","Key":"c","Value":"BIG"}}]"#;
    let ops = ops.replace("BIG", &"AAAA".repeat(100_000));
    let refused = wire.ask("PUT", "/v1/txn", &ops);
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("--memory"), "{refused:?}");
    wire.ask("GET", "/v1/kv/?keys", "").is(200, r#"["a","b"]"#);
    wire.ask("PUT", "/v1/kv/a", "less").is(200, "true");
    wire.ask("PUT", "/v1/kv/c", &value).is(200, "true");
    wire.ask("DELETE", "/v1/kv/?recurse", "").is(200, "true");
    wire.ask("PUT", "/v1/kv/c", &value).is(200, "true");
}

#[test]
fn keys_and_sessions_count_as_stored_too() {
    let (_running, address) = dev(["--memory", "1M"]);
    let mut wire = RawHttp::connect(&address);
    let mut refused = None;
    for number in 0..20_000 {
        let reply = wire.ask("PUT", &format!("/v1/kv/{number}"), "");
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
    }
    assert_eq!(refused.unwrap().status, 409);
    let session = format!(r#"{{"Name":"{}"}}"#, "n".repeat(10_000));
    let refused = wire.ask("PUT", "/v1/session/create", &session);
    assert_eq!(refused.status, 409, "{refused:?}");
}

#[test]
fn a_document_that_is_larger_than_the_memory_is_refused_with_its_flag() {
    let value = "AAAA".repeat(100_000);
    let document = format!(r#"[{{"key":"a","value":"{value}"}},{{"key":"b","value":"{value}"}}]"#);
    let output = Kvw::bare()
        .file("export.json", document)
        .args([
            "dev",
            "--memory",
            "512K",
            "--load",
            "export.json",
            "--",
            "true",
        ])
        .run();
    output
        .expect(2)
        .one_line()
        .says(&["loading export.json", "key b", "--memory"]);
}

#[test]
fn one_answer_has_a_bound_however_often_it_reads_the_store() {
    let (running, address) = dev(["--memory", "2M"]);
    let mut wire = RawHttp::connect(&address);
    for key in ["a", "b", "c"] {
        wire.ask("PUT", &format!("/v1/kv/k/{key}"), vec![b'v'; 500_000])
            .is(200, "true");
    }
    assert_eq!(wire.ask("GET", "/v1/kv/?recurse", "").status, 200);
    let read = r#"{"KV":{"Verb":"get-tree","Key":"k"}}"#;
    let ops = format!("[{}]", [read; 64].join(","));
    let refused = wire.ask("PUT", "/v1/txn", &ops);
    assert_eq!(refused.status, 400, "{}", refused.head);
    assert!(refused.text().contains("--memory"), "{refused:?}");
    if let Some(memory) = resident(&running) {
        assert!(memory < 40 * 1024, "{memory} kB");
    }
}

#[test]
fn an_export_is_loaded_under_a_prefix() {
    let document = r#"[{"key":"a","flags":7,"value":"b25l"},{"key":"b/","flags":0,"value":""}]"#;
    let kvw = Kvw::bare().file("export.json", document);
    let (_running, address) = started(kvw.args([
        "dev",
        "--listen",
        "127.0.0.1:0",
        "--load",
        "export.json",
        "--prefix",
        "app/",
    ]));
    let mut wire = RawHttp::connect(&address);
    wire.ask("GET", "/v1/kv/?keys", "")
        .is(200, r#"["app/a","app/b/"]"#);
    wire.ask("GET", "/v1/kv/app/a?raw", "").is(200, "one");
    assert_eq!(wire.ask("GET", "/v1/kv/app/a", "").entry()["Flags"], 7);
}

#[test]
fn a_prefix_that_makes_odd_keys_is_refused_or_shown_as_by_an_import() {
    let load = ["dev", "--listen", "127.0.0.1:0", "--load", "export.json"];
    let kvw = |document: &str| Kvw::bare().file("export.json", document).args(load);
    let document = r#"[{"key":"a//b","flags":0,"value":""}]"#;
    for (prefix, words) in [("/w/", "starts with '/'"), ("../", "'.' or '..'")] {
        let output = kvw(document).args(["--prefix", prefix]).run();
        output
            .expect(2)
            .says(&["loading export.json: entry 1: ", words, "--exact-key"]);
        assert_eq!(output.text(), "");
    }
    for (prefix, exact) in [("app/", &[][..]), ("/w/", &["--exact-key"])] {
        let output = kvw(document)
            .args(["--prefix", prefix])
            .args(exact)
            .args(["--", "true"])
            .run();
        output.expect(0);
        assert!(!output.stderr.contains("note: "), "{output}");
    }
    let output = kvw(document).args(["--prefix", "app", "--", "true"]).run();
    output
        .expect(0)
        .says(&["--prefix app does not end in /: the first key is appa//b"]);
}

#[test]
fn entries_of_another_namespace_are_loaded_with_a_warning() {
    let document = r#"[{"key":"a","namespace":"default"},{"key":"b","namespace":"team"}]"#;
    let output = Kvw::bare()
        .file("export.json", document)
        .args(["dev", "--load", "export.json", "--", "true"])
        .run();
    output
        .expect(0)
        .says(&["warning: key b belongs to namespace team"]);
}

#[test]
fn a_document_that_cannot_be_loaded_names_the_entry_and_nothing_starts() {
    for (document, words) in [
        (
            r#"[{"key":"a"},{"key":"b","value":"?"}]"#,
            "entry 2, line 1 column 14, key b: the value is not base64",
        ),
        ("{}", "entry 1, line 1 column 1: it has no key"),
        ("<html>", "the document is an HTML page"),
    ] {
        let output = Kvw::bare()
            .file("export.json", document)
            .args(["dev", "--listen", "127.0.0.1:0", "--load", "export.json"])
            .run();
        output
            .expect(2)
            .one_line()
            .says(&["loading export.json", words]);
        assert_eq!(output.text(), "");
    }
    let output = Kvw::bare()
        .args(["dev", "--listen", "127.0.0.1:0", "--load", "none.json"])
        .run();
    output
        .expect(2)
        .one_line()
        .says(&["opening none.json", "No such file"]);
    Kvw::bare()
        .args(["dev", "--prefix", "x"])
        .run()
        .expect(2)
        .says(&["--load"]);
}

#[test]
fn a_command_gets_the_address_and_kvw_and_no_other_setting() {
    let script = r#"env | grep ^CONSUL_ | sort; command -v kvw >/dev/null && echo found; exit 42"#;
    let output = Kvw::bare()
        .env("CONSUL_HTTP_TOKEN", "secret")
        .env("CONSUL_NAMESPACE", "x")
        .env("CONSUL_HTTP_ADDR", "http://elsewhere:1")
        .args(["dev", "--", "sh", "-c", script])
        .run();
    output.expect(42);
    let text = output.text();
    let (address, rest) = text.split_once('\n').unwrap();
    let address = address.strip_prefix("CONSUL_HTTP_ADDR=").unwrap();
    assert!(address.starts_with("http://127.0.0.1:"), "{output}");
    assert_eq!(rest, "found\n");
    output.says(&[address, "not for production"]);
}

#[test]
fn a_command_that_cannot_be_run_or_dies_is_reported() {
    let output = Kvw::bare().args(["dev", "--", "/no/such/command"]).run();
    output.expect(2).says(&["error: running /no/such/command"]);
    let output = Kvw::bare()
        .args(["dev", "--", "sh", "-c", "kill -9 $$"])
        .run();
    assert_eq!((output.code, output.signal), (137, None), "{output}");
}

#[test]
fn signals_are_passed_on_to_the_command() {
    let script = "trap 'echo asked; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let mut running = Kvw::bare().args(["dev", "--", "sh", "-c", script]).spawn();
    assert_eq!(running.line(), "ready");
    running.signal("TERM");
    assert_eq!(running.line(), "asked");
    let output = running.wait(PATIENCE);
    assert_eq!((output.code, output.signal), (3, None), "{output}");
    let mut running = Kvw::bare()
        .args(["dev", "--", "sh", "-c", "echo ready; exec sleep 100"])
        .spawn();
    assert_eq!(running.line(), "ready");
    running.signal("TERM");
    let output = running.wait(PATIENCE);
    assert_eq!(output.signal, Some(15), "{output}");
}

/// What kvw has seen for this long, its guard knows. The time itself is what has to pass.
const KNOWN_TO_THE_GUARD: Duration = Duration::from_millis(500);

/// A command with a child in its group and a daemon outside it. Gives the command's process, the child
/// and the daemon.
fn with_child_and_daemon(then: &str) -> (Running, [u32; 3]) {
    let quiet = "</dev/null >/dev/null 2>&1";
    let script = format!(
        "sh -c 'echo $$ >child; exec sleep 1000' {quiet} & \
         setsid sh -c 'echo $$ >daemon; exec sleep 1000' {quiet} & \
         until [ -s child ] && [ -s daemon ]; do sleep 0.02; done; echo $$; {then}"
    );
    let mut running = Kvw::bare().args(["dev", "--", "sh", "-c", &script]).spawn();
    let command = running.line().parse().unwrap();
    let id = |name| {
        let text = wait_for_text(&running.home().join(name));
        text.trim().parse().unwrap()
    };
    let ids = [command, id("child"), id("daemon")];
    (running, ids)
}

#[test]
fn a_signal_that_ends_the_command_ends_its_children_and_no_daemon() {
    for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
        // A shell ignores INT for what it starts with &.
        let (running, [command, child, daemon]) = with_child_and_daemon("exec sleep 1000");
        running.signal(name);
        let output = running.wait(PATIENCE);
        assert_eq!(output.signal, Some(number), "{output}");
        assert!(!is_alive(command) && !is_alive(child), "{name}");
        assert!(is_alive(daemon), "{name}");
        send_signal("KILL", daemon);
    }
}

#[test]
fn a_kill_ends_the_command_and_its_children_and_no_daemon() {
    let (running, [command, child, daemon]) = with_child_and_daemon("wait");
    thread::sleep(KNOWN_TO_THE_GUARD);
    running.signal("KILL");
    running.wait(PATIENCE);
    wait_for_exit(command);
    wait_for_exit(child);
    assert!(is_alive(daemon));
    send_signal("KILL", daemon);
}

#[test]
fn what_a_command_leaves_behind_in_its_group_has_a_second_and_its_status_stays() {
    let (running, [_, child, daemon]) = with_child_and_daemon("exit 3");
    let output = running.wait(PATIENCE);
    output.expect(3);
    assert!(!is_alive(child) && is_alive(daemon));
    send_signal("KILL", daemon);
    let writer = "(sleep 0.2; echo whole >log) </dev/null >/dev/null 2>&1 &";
    let running = Kvw::bare().args(["dev", "--", "sh", "-c", writer]).spawn();
    assert_eq!(wait_for_text(&running.home().join("log")), "whole");
    running.wait(PATIENCE).expect(0);
}

#[test]
fn a_child_of_the_command_that_ignores_term_is_killed_by_a_second_signal() {
    let stubborn = "(trap '' TERM; echo up; exec sleep 1000) & wait";
    let mut running = Kvw::bare()
        .args(["dev", "--", "sh", "-c", stubborn])
        .spawn();
    assert_eq!(running.line(), "up");
    let command = wait_for("the command", || programs(running.pid()).pop());
    let child = wait_for("its child", || children(command.id).pop()).id;
    running.signal("TERM");
    wait_for_exit(command.id);
    running.signal("TERM");
    wait_for_exit(child);
    assert_eq!(running.wait(PATIENCE).signal, Some(15));
}

#[test]
fn what_it_has_not_is_said_in_a_sentence() {
    let (_running, address) = dev([]);
    let mut wire = RawHttp::connect(&address);
    for path in [
        "/v1/health/service/web",
        "/v1/catalog/nodes",
        "/v1/snapshot",
        "/v1/acl/tokens",
    ] {
        let sentence =
            format!("kvw dev has KV, transactions and sessions only: {path} is not implemented");
        wire.ask("GET", path, "").is(501, &sentence);
    }
    wire.ask(
        "PUT",
        "/v1/txn",
        r#"[{"Node":{"Verb":"get","Node":{"Node":"x"}}}]"#,
    )
    .is(501, "kvw dev has no Node operations, only KV");
}

#[test]
fn an_index_of_an_earlier_run_does_not_block() {
    let (first, address) = dev([]);
    let mut wire = RawHttp::connect(&address);
    for number in 0..100 {
        wire.ask("PUT", &format!("/v1/kv/k{number}"), "")
            .is(200, "true");
    }
    let old = wire.ask("GET", "/v1/kv/?keys", "").index();
    first.stop();
    let (_second, address) = dev([]);
    let answer =
        RawHttp::connect(&address).ask("GET", &format!("/v1/kv/?keys&index={old}&wait=5m"), "");
    assert!(answer.is(200, "[]").index() > old);
}

#[test]
fn an_endless_header_line_is_cut_off() {
    let (running, address) = dev([]);
    let mut wire = RawHttp::connect(&address);
    wire.send("GET / HTTP/1.1\r\nHost: localhost\r\nA: ");
    let line = vec![b'a'; 64 * 1024];
    let mut sent = 0;
    while sent < 64 && wire.send(&line) {
        sent += 1;
    }
    wire.reply().is(431, "431 Request Header Fields Too Large");
    if let Some(memory) = resident(&running) {
        assert!(memory < 20 * 1024, "{memory} kB");
    }
}

#[test]
fn lengths_that_could_be_read_two_ways_are_refused_and_nothing_after_them_is_answered() {
    let (_running, address) = dev([]);
    for (lines, status) in [
        ("Content-Length: 1x\r\n", 400),
        ("Content-Length: -1\r\n", 400),
        ("Content-Length: 1\r\nContent-Length: 2\r\n", 400),
        ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: gzip\r\n", 501),
        ("Transfer-Encoding: chunked, identity\r\n", 501),
        ("Content-Length : 1\r\n", 400),
        ("A: b\r\n c\r\n", 400),
    ] {
        let mut wire = RawHttp::connect(&address);
        wire.send(format!(
            "PUT /v1/kv/smuggled HTTP/1.1\r\nHost: localhost\r\n{lines}\r\nxGET /v1/kv/?keys HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ));
        let reply = wire.reply();
        assert_eq!(reply.status, status, "{lines}");
        assert_eq!(reply.header("Connection"), Some("close"), "{lines}");
        assert!(wire.is_closed(), "{lines}");
    }
    RawHttp::connect(&address)
        .ask("GET", "/v1/kv/?keys", "")
        .is(200, "[]");
}

#[test]
fn chunks_that_are_none_or_too_many_are_refused() {
    let (_running, address) = dev([]);
    let put = "PUT /v1/kv/c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in ["x\r\n", "3\r\nfour\r\n0\r\n\r\n", "ffffffffffffffffff\r\n"] {
        let mut wire = RawHttp::connect(&address);
        wire.send(format!("{put}{body}"));
        assert_eq!(wire.reply().status, 400, "{body:?}");
        assert!(wire.is_closed(), "{body:?}");
    }
    let mut wire = RawHttp::connect(&address);
    wire.send(format!("{put}fffffffffffffff\r\n"));
    wire.reply()
        .is(413, "Request body too large. Max allowed is 524288 bytes.");
    RawHttp::connect(&address)
        .ask("GET", "/v1/kv/?keys", "")
        .is(200, "[]");
}

#[test]
fn json_as_deep_as_a_body_allows_is_refused_and_not_fatal() {
    let (_running, address) = dev([]);
    let mut wire = RawHttp::connect(&address);
    let deep = "[".repeat(500_000);
    assert_eq!(wire.ask("PUT", "/v1/txn", &deep).status, 400);
    assert_eq!(wire.ask("PUT", "/v1/session/create", &deep).status, 400);
    let deep = format!(r#"[{{"KV":{}}}]"#, r#"{"a":"#.repeat(80_000));
    assert_eq!(wire.ask("PUT", "/v1/txn", &deep).status, 400);
    wire.ask("GET", "/v1/kv/?keys", "").is(200, "[]");
}

#[test]
fn large_requests_that_stall_give_way_and_small_ones_pass() {
    raise_descriptor_limit();
    let (running, address) = dev([]);
    let few = threads(&running);
    let head = "PUT /v1/kv/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n";
    let mut large: Vec<_> = (0..128).map(|_| RawHttp::connect(&address)).collect();
    for wire in &mut large {
        wire.send(head);
        wire.send(vec![b'x'; 100_000]);
    }
    // A byte now and then keeps no slot.
    let mut streams: Vec<_> = large
        .iter()
        .map(|wire| wire.stream().try_clone().unwrap())
        .collect();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let dribble = std::thread::spawn(move || {
        let pause = std::time::Duration::from_millis(200);
        while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            for stream in &mut streams {
                // One that gave way is closed.
                let _ = stream.write_all(b"x");
            }
        }
    });
    wait_for_threads(&running, 128);
    let mut wire = RawHttp::connect(&address);
    wire.ask("PUT", "/v1/kv/small", "s").is(200, "true");
    // Those that gave way get an answer, and the others hold their slots. Not all of them may have one
    // at first.
    let refused = wait_for("a refusal", || {
        wire.ask("PUT", "/v1/kv/x", vec![b'x'; 500_000])
            .is(200, "true");
        large.iter().position(RawHttp::has_answer)
    });
    large
        .remove(refused)
        .reply()
        .is(503, "too many large requests at once, try again");
    assert!(large.iter().filter(|wire| wire.has_answer()).count() < 10);
    drop(stop);
    dribble.join().unwrap();
    drop(large);
    wait_for("the end of their threads", || {
        (threads(&running) <= few + 1).then_some(())
    });
    wire.ask("PUT", "/v1/kv/x", vec![b'y'; 500_000])
        .is(200, "true");
}

#[test]
fn a_length_alone_takes_no_slot_of_large_requests() {
    raise_descriptor_limit();
    let (running, address) = dev([]);
    let head = "PUT /v1/kv/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n";
    let mut announced: Vec<_> = (0..300).map(|_| RawHttp::connect(&address)).collect();
    for wire in &mut announced {
        wire.send(head);
        wire.send("some");
    }
    wait_for_threads(&running, 300);
    RawHttp::connect(&address)
        .ask("PUT", "/v1/kv/x", vec![b'x'; 500_000])
        .is(200, "true");
    assert!(!announced.iter().any(RawHttp::has_answer));
}

#[test]
fn half_a_request_holds_up_nobody_else() {
    let (_running, address) = dev([]);
    let mut halves: Vec<_> = (0..50).map(|_| RawHttp::connect(&address)).collect();
    for half in &mut halves {
        half.send("PUT /v1/kv/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhal");
    }
    RawHttp::connect(&address)
        .ask("GET", "/v1/kv/?keys", "")
        .is(200, "[]");
    drop(halves);
    RawHttp::connect(&address)
        .ask("GET", "/v1/kv/?keys", "")
        .is(200, "[]");
}

#[test]
fn a_thousand_blocked_queries_leave_room_for_others_and_wake_together() {
    raise_descriptor_limit();
    let (running, address) = dev([]);
    let mut wire = RawHttp::connect(&address);
    wire.ask("PUT", "/v1/kv/watched", "1").is(200, "true");
    let since = wire.ask("GET", "/v1/kv/watched", "").index();
    let mut blocked: Vec<_> = (0..1000).map(|_| RawHttp::connect(&address)).collect();
    for blocked in &mut blocked {
        blocked.send(format!(
            "GET /v1/kv/watched?raw&index={since}&wait=5m HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ));
    }
    wait_for_threads(&running, 1000);
    wire.ask("PUT", "/v1/kv/other", "1").is(200, "true");
    wire.ask("GET", "/v1/kv/other?raw", "").is(200, "1");
    if let Some(memory) = resident(&running) {
        assert!(memory < 40 * 1024, "{memory} kB");
    }
    wire.ask("PUT", "/v1/kv/watched", "2").is(200, "true");
    for blocked in &mut blocked {
        blocked.reply().is(200, "2");
    }
}

#[test]
fn a_client_that_has_gone_is_noticed_while_its_query_is_blocked() {
    let (running, address) = dev([]);
    let few = threads(&running);
    let gone: Vec<_> = (0..20)
        .map(|_| {
            let mut wire = RawHttp::connect(&address);
            wire.send(
                "GET /v1/kv/x?index=99999999999999999&wait=10m HTTP/1.1\r\nHost: localhost\r\n\r\n",
            );
            wire
        })
        .collect();
    wait_for_threads(&running, 20);
    drop(gone);
    wait_for("the end of their threads", || {
        (threads(&running) <= few).then_some(())
    });
}

#[test]
fn running_out_of_descriptors_is_survived() {
    let (running, address) = {
        let script = format!(
            "ulimit -n 40; exec {} dev --listen 127.0.0.1:0",
            assert_cmd::cargo::cargo_bin!("kvw").display()
        );
        let mut command = Kvw::bare()
            .args(["dev", "-q", "--", "sh", "-c", &script])
            .spawn();
        let line = command.line();
        (command, line.strip_prefix("http://").unwrap().to_owned())
    };
    let many: Vec<_> = (0..100)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    drop(many);
    RawHttp::connect(&address)
        .ask("GET", "/v1/kv/?keys", "")
        .is(200, "[]");
    running.stop();
}

#[test]
fn a_client_that_sends_a_refused_body_all_the_same_reads_the_refusal() {
    let (_running, address) = dev([]);
    let mut wire = RawHttp::connect(&address);
    wire.send("PUT /v1/kv/big HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n");
    wire.send(vec![b'x'; 2_000_000]);
    assert_eq!(wire.reply().status, 413);
    let mut rest = Vec::new();
    let _ = wire.stream().read_to_end(&mut rest);
    assert_eq!(rest, b"");
}

#[test]
fn it_says_what_it_is_to_whoever_asks() {
    let (_running, address) = dev([]);
    let this = RawHttp::connect(&address)
        .ask("GET", "/v1/agent/self", "")
        .json();
    assert_eq!(this["Meta"]["kvw-dev"], env!("CARGO_PKG_VERSION"));
}

fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )
    .unwrap();
}

/// A field of the process's status, where the system tells it.
fn status(running: &Running, field: &str) -> Option<usize> {
    let text = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim_start_matches(':')
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// Its memory in kB.
fn resident(running: &Running) -> Option<usize> {
    status(running, "VmRSS")
}

fn threads(running: &Running) -> usize {
    status(running, "Threads").unwrap_or(0)
}

/// Waits until so many connections have a thread. Where the system does not tell, nothing is
/// awaited: the assertions hold either way, only less often for a query that already waits.
fn wait_for_threads(running: &Running, count: usize) {
    wait_for("a thread for each connection", || {
        let enough = status(running, "Threads").is_none_or(|threads| threads >= count);
        enough.then_some(())
    });
}
