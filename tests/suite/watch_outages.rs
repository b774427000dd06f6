//! `kvw watch` when things go wrong: outages, lost rights, indexes that go back. Mostly against the
//! scripted server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::harness::{Agent, Faulty, Kvw, PATIENCE, READ_APP, Running, SILENCE, Script};

const PROOF: &str = "PUT /v1/txn";

/// A listing as Consul writes it: key, value, modify index.
fn listing(entries: &[(&str, &str, u64)]) -> String {
    let entries = entries.iter().map(|(key, value, index)| {
        let value = STANDARD.encode(value);
        format!(
            r#"{{"LockIndex":0,"Key":"{key}","Flags":0,"Value":"{value}","CreateIndex":1,"ModifyIndex":{index}}}"#
        )
    });
    format!("[{}]", entries.collect::<Vec<_>>().join(","))
}

/// A query that waits on this index.
fn waiting(index: u64) -> String {
    format!("{READ_APP}&index={index}&")
}

fn watch(server: &Faulty) -> Running {
    let args = ["watch", "app/", "--initial", "run"];
    Kvw::at(server.address()).args(args).spawn()
}

#[track_caller]
fn change(running: &mut Running) -> String {
    let line = running.line();
    line.splitn(4, ' ').nth(3).unwrap().to_owned()
}

#[test]
fn an_outage_is_said_once_at_each_end_and_equal_content_is_no_change() {
    let same = listing(&[("app/a", "1", 5)]);
    let server = Faulty::script()
        .on(READ_APP)
        .finds(5, &same)
        .on(&waiting(5))
        .answers(500, "No cluster leader")
        .on(READ_APP)
        .answers(500, "rpc error making call: EOF")
        .on(READ_APP)
        .resets()
        .on(READ_APP)
        .finds(9, &same)
        .on(&waiting(9))
        .finds(10, &listing(&[("app/a", "2", 10)]))
        .on(&waiting(10))
        .stalls()
        .start();
    let mut running = watch(&server);
    assert_eq!(change(&mut running), "+ app/a = 1");
    assert_eq!(change(&mut running), "~ app/a: 1 → 2");
    server.wait_until_played();
    let output = running.stop();
    let said = output.said_later();
    let said: Vec<_> = said.lines().collect();
    assert_eq!(said.len(), 2, "{output}");
    assert!(said[0].contains("No cluster leader"), "{output}");
    assert!(said[0].contains("retrying"), "{output}");
    assert!(said[1].contains("is available again after"), "{output}");
}

#[test]
fn an_index_that_goes_back_is_read_anew_and_content_decides() {
    let restored = listing(&[("app/a", "1", 3), ("app/b", "old", 4)]);
    let server = Faulty::script()
        .on(READ_APP)
        .finds(20, &listing(&[("app/a", "1", 3), ("app/b", "new", 20)]))
        // A request that a restore releases may still carry what was there before.
        .on(&waiting(20))
        .finds(4, &listing(&[("app/a", "1", 3), ("app/b", "before", 4)]))
        .on(READ_APP)
        .finds(4, &restored)
        .on(&waiting(4))
        .stalls()
        .start();
    let mut running = watch(&server);
    change(&mut running);
    change(&mut running);
    assert_eq!(change(&mut running), "~ app/b: new → old");
    assert!(running.silent_for(SILENCE));
    assert_eq!(running.stop().said_later(), "");
}

#[test]
fn keys_that_a_lost_right_hides_are_no_deletes() {
    let both = listing(&[("app/a", "1", 5), ("app/b", "1", 5)]);
    let one = listing(&[("app/a", "1", 5)]);
    let changed = listing(&[("app/a", "2", 7)]);
    let hidden = r#"{"Results":[],"Errors":null,"Index":0,"LastContact":0,"KnownLeader":true}"#;
    let server = Faulty::script()
        .on(READ_APP)
        .finds(5, &both)
        .on(&waiting(5))
        .finds(6, &one)
        .on(PROOF)
        .answers(200, hidden)
        .on(&waiting(6))
        .finds(7, &changed)
        .on(PROOF)
        .answers(200, hidden)
        .on(&waiting(7))
        .finds(8, &listing(&[("app/a", "2", 7), ("app/b", "1", 5)]))
        .on(&waiting(8))
        .stalls()
        .start();
    let mut running = watch(&server);
    change(&mut running);
    change(&mut running);
    assert_eq!(change(&mut running), "~ app/a: 1 → 2");
    assert!(running.silent_for(SILENCE));
    let output = running.stop();
    let said = output.said_later();
    let said: Vec<_> = said.lines().collect();
    assert_eq!(said.len(), 2, "{output}");
    assert!(said[0].contains("may no longer read app/b"), "{output}");
    assert!(!said[0].contains("them"), "one key is not many: {output}");
    assert!(said[1].contains("read permission restored"), "{output}");
}

#[test]
fn a_delete_is_reported_when_it_is_proven() {
    let gone = r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"key \"app/b\" doesn't exist"}]}"#;
    let server = Faulty::script()
        .on(READ_APP)
        .finds(5, &listing(&[("app/a", "1", 5), ("app/b", "1", 5)]))
        .on(&waiting(5))
        .finds(6, &listing(&[("app/a", "1", 5)]))
        .on(PROOF)
        .answers(409, gone)
        .on(&waiting(6))
        .stalls()
        .start();
    let mut running = watch(&server);
    change(&mut running);
    change(&mut running);
    assert_eq!(change(&mut running), "- app/b");
    server.wait_until_played();
}

#[test]
fn a_deleted_token_is_an_outage_of_rights_and_said_as_such() {
    let same = listing(&[("app/a", "1", 5)]);
    let server = Faulty::script()
        .on(READ_APP)
        .finds(5, &same)
        .on(&waiting(5))
        .answers(403, "ACL not found")
        .on(READ_APP)
        .answers(403, "ACL not found")
        .on(READ_APP)
        .finds(5, &same)
        .on(&waiting(5))
        .stalls()
        .start();
    let mut running = watch(&server);
    change(&mut running);
    running.err_line_with("ACL not found");
    running.err_line_with("read permission restored after");
    assert!(running.silent_for(SILENCE));
    assert_eq!(running.stop().stderr.matches("ACL not found").count(), 1);
}

#[test]
fn an_empty_listing_is_not_believed_before_it_is_known_that_one_may_read() {
    let server = Faulty::script()
        .on(READ_APP)
        .misses(5)
        .on("GET /v1/kv/app/?consistent")
        .answers(403, "Permission denied")
        .on(READ_APP)
        .finds(6, &listing(&[("app/a", "1", 6)]))
        .on(&waiting(6))
        .stalls()
        .start();
    let mut running = watch(&server);
    running.err_line_with("may not read here");
    assert_eq!(change(&mut running), "+ app/a = 1");
    running.err_line_with("read permission restored after");
    server.wait_until_played();
}

#[test]
fn limits_are_named_as_what_they_are() {
    let limited = |script: Script| {
        let server = script
            .on(READ_APP)
            .finds(5, "[]")
            .on("GET /v1/kv/app/?consistent")
            .misses(5)
            .on(&waiting(5))
            .stalls()
            .start();
        let mut running = watch(&server);
        let said = running.err_line_with("warning");
        let hint = running.err_line_with("hint");
        running.err_line_with("is available again");
        server.wait_until_played();
        format!("{said}\n{hint}")
    };
    let rate = limited(Faulty::script().on(READ_APP).answers(429, ""));
    assert!(rate.contains("limits the rate of requests"), "{rate}");
    let text = "Your IP is issuing too many concurrent connections, please rate limit your calls\n";
    let full = limited(Faulty::script().on(READ_APP).answers(429, text));
    assert!(full.contains("http_max_conns_per_client"), "{full}");
}

#[test]
fn a_command_line_that_cannot_be_right_is_not_tried_again() {
    let server = Faulty::script()
        .on(READ_APP)
        .answers(500, "No path to datacenter")
        .start();
    let args = ["watch", "app/", "--datacenter", "DC1"];
    let output = Kvw::at(server.address()).args(args).run();
    output.expect(3).one_line().says(&["No path to datacenter"]);
}

#[test]
fn a_consul_that_is_not_there_yet_is_said_once_and_waited_for() {
    let mut agent = Agent::own();
    agent.kill();
    let mut running = agent.kvw(["watch", "app/", "--initial", "run"]).spawn();
    let said = running.err_line_with("warning");
    assert!(said.contains("connection refused"), "{said}");
    agent.start();
    running.err_line_with("is available again");
    assert_eq!(agent.http("PUT", "/v1/kv/app/a", b"1").status(), 200);
    assert_eq!(change(&mut running), "+ app/a = 1");
    let output = running.stop();
    assert_eq!(
        output.stderr.matches("connection refused").count(),
        1,
        "{output}"
    );
}

#[test]
fn one_outage_of_many_targets_is_said_once() {
    let mut agent = Agent::own();
    let args = ["watch", "a/", "b/", "c", "d/"];
    let mut running = agent.kvw(args).spawn();
    assert!(running.silent_for(SILENCE));
    agent.kill();
    running.err_line_with("warning");
    assert!(running.silent_for(SILENCE));
    agent.start();
    running.err_line_with("is available again");
    let output = running.stop();
    assert_eq!(output.stderr.matches("warning").count(), 1, "{output}");
    assert_eq!(
        output.stderr.matches("available again").count(),
        1,
        "{output}"
    );
}

#[test]
fn a_watch_that_saw_nothing_in_its_time_says_so_by_its_exit_code() {
    let server = Faulty::script()
        .on(READ_APP)
        .answers(403, "Permission denied")
        .start();
    let args = ["watch", "app/", "--for", "0"];
    Kvw::at(server.address()).args(args).run().expect(4);
    let nobody = ["watch", "app/", "--for", "0", "--http-addr", "127.0.0.1:1"];
    Kvw::bare().args(nobody).run().expect(3);
}

#[test]
fn a_stop_is_obeyed_while_nobody_reads_what_is_printed() {
    let agent = Agent::own();
    let value = vec![b'x'; 200_000];
    let mut running = agent
        .kvw(["watch", "app/", "--initial", "run"])
        .with_stdout_unread()
        .spawn();
    for number in 0..4 {
        let path = format!("/v1/kv/app/{number}");
        assert_eq!(agent.http("PUT", &path, &value).status(), 200);
    }
    assert!(running.silent_for(SILENCE));
    running.signal("TERM");
    let output = running.wait(PATIENCE);
    assert_eq!(output.signal, Some(15), "{output}");
}

#[test]
fn the_initial_batch_waits_until_every_target_was_seen() {
    let other = "GET /v1/kv/web/?recurse";
    let server = Faulty::script()
        .on(READ_APP)
        .finds(5, &listing(&[("app/a", "1", 5)]))
        .on(&waiting(5))
        .finds(6, &listing(&[("app/a", "2", 6)]))
        .on(&waiting(6))
        .stalls()
        .on(other)
        .answers(403, "Permission denied")
        .on(other)
        .after(SILENCE * 2)
        .finds(7, &listing(&[("web/b", "1", 7)]))
        .on(other)
        .stalls()
        .start();
    let handler = "echo $KVW_REASON $KVW_COUNT";
    let args = ["watch", "app/", "web/", "--exec", handler];
    let mut running = Kvw::at(server.address()).args(args).spawn();
    assert!(running.silent_for(SILENCE));
    assert_eq!(running.line(), "initial 2");
    server.wait_until_played();
    running.stop();
}

/// The wait that a query asks for, in milliseconds.
fn asked_wait(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("&wait=")?;
    let (wait, _) = rest.split_once("ms")?;
    wait.parse().ok()
}

#[test]
fn a_wait_is_never_asked_for_beyond_the_end_of_the_command() {
    let server = Faulty::script()
        .on(READ_APP)
        .finds(5, &listing(&[("app/a", "1", 5)]))
        .on(&waiting(5))
        .stalls()
        .start();
    let kvw = Kvw::at(server.address()).args(["watch", "app/", "--for", "2s"]);
    kvw.run().expect(0);
    let asked: Vec<u64> = server
        .requests()
        .iter()
        .filter_map(|request| asked_wait(&request.line))
        .collect();
    assert!(matches!(asked[..], [1..=2000]), "{asked:?}");
    let server = Faulty::script()
        .on("GET /v1/kv/app/a")
        .misses(5)
        .on("GET /v1/kv/app/a/?keys")
        .perhaps()
        .misses(5)
        .on("GET /v1/kv/app/a?index=5")
        .stalls()
        .start();
    let kvw = Kvw::at(server.address()).args(["wait", "app/a", "--timeout", "700ms"]);
    kvw.run().expect(1);
    let asked: Vec<u64> = server
        .requests()
        .iter()
        .filter_map(|request| asked_wait(&request.line))
        .collect();
    assert!(matches!(asked[..], [1..=700]), "{asked:?}");
}

#[test]
fn an_outage_in_which_nothing_came_counts_from_the_last_answer() {
    let same = listing(&[("app/a", "1", 5)]);
    let server = Faulty::script()
        .on(READ_APP)
        .finds(5, &same)
        .on(&waiting(5))
        .stalls()
        .on(READ_APP)
        .finds(5, &same)
        .on(&waiting(5))
        .perhaps()
        .stalls()
        .start();
    let args = ["watch", "app/", "--wait", "1s"];
    let mut running = Kvw::at(server.address()).args(args).spawn();
    let line = running.err_line_with("is available again after");
    // The query timed out 10 s after its wait.
    let (_, lasted) = line.rsplit_once(' ').unwrap();
    let lasted: f64 = lasted.trim_end_matches('s').parse().unwrap();
    assert!((11.0..30.0).contains(&lasted), "{line}");
}

#[test]
fn a_wait_shorter_than_a_second_is_refused() {
    let kvw = Kvw::bare().args(["watch", "app/", "--wait", "900ms"]);
    kvw.run().expect(2).says(&["--wait", "shorter than 1s"]);
}
