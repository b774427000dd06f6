//! Sessions and locks.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Agent, RawHttp, wait_for};

const UNKNOWN: &str = "b4767f21-a9d2-aa1e-3acb-94adc234e191";

fn create(wire: &mut RawHttp, body: &str) -> String {
    let reply = wire.ask("PUT", "/v1/session/create", body);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["ID"].as_str().unwrap().to_owned()
}

fn entry(wire: &mut RawHttp, key: &str) -> Value {
    wire.ask("GET", &format!("/v1/kv/{key}"), "").entry()
}

#[test]
fn a_session_is_shown_with_all_its_members() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let node = wire.ask("GET", "/v1/agent/self", "").json()["Config"]["NodeName"].clone();
    let id = create(
        &mut wire,
        r#"{"name":"n1","TTL":"15s","LockDelay":"3s","Behavior":"delete","Bogus":1}"#,
    );
    let reply = wire.ask("GET", &format!("/v1/session/info/{id}"), "");
    let index = reply.index();
    let wanted = format!(
        r#"[{{"ID":"{id}","Name":"n1","Node":{node},"LockDelay":3000000000,"Behavior":"delete","TTL":"15s","NodeChecks":["serfHealth"],"ServiceChecks":null,"CreateIndex":{index},"ModifyIndex":{index}}}]"#
    );
    reply.is(200, &wanted);
    wire.ask("GET", "/v1/session/list", "").is(200, &wanted);
    wire.ask(
        "GET",
        &format!("/v1/session/node/{}", node.as_str().unwrap()),
        "",
    )
    .is(200, &wanted);
    wire.ask("PUT", &format!("/v1/session/renew/{id}"), "")
        .is(200, &wanted);
    wire.ask("GET", "/v1/session/node/nope", "").is(200, "[]");
    wire.ask("PUT", &format!("/v1/session/destroy/{id}"), "")
        .is(200, "true");
    let gone = wire
        .ask("GET", &format!("/v1/session/info/{id}"), "")
        .is(200, "[]");
    assert!(gone.index() > index);
    wire.ask("PUT", &format!("/v1/session/renew/{id}"), "")
        .is(404, &format!("Session id '{id}' not found"));
    wire.ask("PUT", &format!("/v1/session/destroy/{UNKNOWN}"), "")
        .is(200, "true");
}

#[test]
fn the_defaults_of_a_session_are_consuls() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let id = create(&mut wire, "");
    let shown = wire
        .ask("GET", &format!("/v1/session/info/{id}"), "")
        .entry();
    assert_eq!(shown["LockDelay"], 15_000_000_000_u64);
    assert_eq!(
        (&shown["Behavior"], &shown["TTL"], &shown["Name"]),
        (&json!("release"), &json!(""), &json!(""))
    );
    for (body, delay) in [
        (r#"{"LockDelay":3}"#, 3_000_000_000_u64),
        (r#"{"LockDelay":"1ns"}"#, 1_000_000_000),
        (r#"{"LockDelay":"0s"}"#, 0),
        (r#"{"LockDelay":"61s"}"#, 61_000_000_000),
    ] {
        let id = create(&mut wire, body);
        let shown = wire
            .ask("GET", &format!("/v1/session/info/{id}"), "")
            .entry();
        assert_eq!(shown["LockDelay"], delay, "{body}");
    }
    let id = create(&mut wire, r#"{"NodeChecks":[],"TTL":"0s"}"#);
    let shown = wire
        .ask("GET", &format!("/v1/session/info/{id}"), "")
        .entry();
    assert_eq!(
        (&shown["NodeChecks"], &shown["TTL"]),
        (&json!([]), &json!("0s"))
    );
}

#[test]
fn what_makes_no_session_is_refused_in_consuls_words() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    for (body, status, words) in [
        ("{", 400, "Request decode failed: unexpected EOF"),
        (
            "x",
            400,
            "Request decode failed: invalid character 'x' looking for beginning of value",
        ),
        (
            r#"{"LockDelay":"abc"}"#,
            400,
            "Request decode failed: time: invalid duration \"abc\"",
        ),
        (
            r#"{"TTL":10}"#,
            400,
            "Request decode failed: json: cannot unmarshal number into Go struct field .TTL of type string",
        ),
        (
            r#"{"TTL":"10"}"#,
            500,
            "Session TTL '10' invalid: time: missing unit in duration \"10\"",
        ),
        (
            r#"{"TTL":"5s"}"#,
            500,
            "Invalid Session TTL '5000000000', must be between [10s=24h0m0s]",
        ),
        (r#"{"Behavior":"x"}"#, 500, "Invalid Behavior setting 'x'"),
        (r#"{"Node":"nope"}"#, 500, "Missing node registration"),
        (r#"{"Node":"","Behavior":"x"}"#, 500, "Must provide Node"),
        (
            r#"{"Checks":["nocheck"]}"#,
            500,
            "Missing check 'nocheck' registration",
        ),
    ] {
        wire.ask("PUT", "/v1/session/create", body)
            .is(status, words);
    }
    wire.ask("GET", "/v1/session/list", "").is(200, "[]");
}

#[test]
fn a_holder_is_compared_letter_by_letter_and_its_session_is_not() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let id = create(&mut wire, r#"{"LockDelay":"0s"}"#);
    let upper = id.to_uppercase();
    assert_ne!(id, upper);
    wire.ask("PUT", &format!("/v1/kv/lk?acquire={upper}"), "1")
        .is(200, "true");
    assert_eq!(entry(&mut wire, "lk")["Session"], upper.as_str());
    wire.ask("PUT", &format!("/v1/kv/lk?acquire={id}"), "2")
        .is(200, "false");
    wire.ask("PUT", &format!("/v1/kv/lk?release={id}"), "3")
        .is(200, "false");
    wire.ask("PUT", &format!("/v1/session/destroy/{id}"), "")
        .is(200, "true");
    assert_eq!(entry(&mut wire, "lk").get("Session"), None);
}

#[test]
fn bad_session_ids_are_refused_in_consuls_words() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let lookup = "failed session lookup: index error: ";
    for (method, path, status, words) in [
        ("PUT", "destroy/", 400, "Missing session".to_owned()),
        ("GET", "info/", 400, "Missing session".to_owned()),
        ("GET", "node/", 400, "Missing node name".to_owned()),
        (
            "PUT",
            "destroy/abc",
            500,
            format!("{lookup}UUID must be 36 characters"),
        ),
        (
            "PUT",
            "renew/abc",
            500,
            format!("{lookup}UUID must be 36 characters"),
        ),
        (
            "GET",
            "info/abc",
            500,
            format!("{lookup}UUID must be 36 characters"),
        ),
        (
            "GET",
            "info/b4767-f21-a9d2-aa1e-3acb-94adc234e19",
            500,
            format!("{lookup}UUID should have maximum of 4 \"-\"; got 5"),
        ),
        (
            "GET",
            "info/zzzzzzzz-a9d2-aa1e-3acb-94adc234e191",
            500,
            format!("{lookup}Invalid UUID: encoding/hex: invalid byte: U+007A 'z'"),
        ),
    ] {
        let reply = wire.ask(method, &format!("/v1/session/{path}"), "");
        // The newest take an id that is none for an unknown one.
        let unknown = match path.split('/').next() {
            Some("renew") => (404, reply.text().to_owned()),
            Some("destroy") => (200, "true".to_owned()),
            _ => (200, "[]".to_owned()),
        };
        let is_unknown = (reply.status, reply.text().to_owned()) == unknown;
        if status == 500 && Agent::is_newer() && is_unknown {
            continue;
        }
        reply.is(status, &words);
    }
}

#[test]
fn a_lock_has_one_holder_and_counts_its_takers() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let (one, two) = (create(&mut wire, ""), create(&mut wire, ""));
    let mut lock = |how: &str, session: &str, value: &str, says: &str| {
        wire.ask("PUT", &format!("/v1/kv/lk?{how}={session}"), value)
            .is(200, says);
        entry(&mut wire, "lk")
    };
    let first = lock("acquire", &one, "1", "true");
    assert_eq!(
        (&first["LockIndex"], &first["Session"]),
        (&json!(1), &json!(one))
    );
    // The same again moves nothing; another value moves the modify index only.
    assert_eq!(lock("acquire", &one, "1", "true"), first);
    let again = lock("acquire", &one, "2", "true");
    assert_eq!(again["LockIndex"], 1);
    assert_ne!(again["ModifyIndex"], first["ModifyIndex"]);
    assert_eq!(lock("acquire", &two, "3", "false"), again);
    assert_eq!(lock("release", &two, "3", "false"), again);
    let released = lock("release", &one, "", "true");
    assert_eq!(
        (released.get("Session"), &released["LockIndex"]),
        (None, &json!(1))
    );
    assert_eq!(released["Value"], json!(null));
    let second = lock("acquire", &two, "4", "true");
    assert_eq!(
        (&second["LockIndex"], &second["Session"]),
        (&json!(2), &json!(two))
    );
    wire.ask("DELETE", "/v1/kv/lk", "").is(200, "true");
    wire.ask("PUT", &format!("/v1/kv/lk?acquire={one}"), "5")
        .is(200, "true");
    assert_eq!(entry(&mut wire, "lk")["LockIndex"], 1);
}

#[test]
fn the_end_of_a_session_releases_or_deletes_and_wakes() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let id = create(&mut wire, r#"{"LockDelay":"0s"}"#);
    wire.ask("PUT", &format!("/v1/kv/kept?acquire={id}"), "v")
        .is(200, "true");
    let since = wire.ask("GET", "/v1/kv/kept", "").index();
    let mut waiting = RawHttp::connect(&agent.address());
    waiting.send(format!(
        "GET /v1/kv/kept?index={since}&wait=20s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ));
    wire.ask("PUT", &format!("/v1/session/destroy/{id}"), "")
        .is(200, "true");
    let released = waiting.reply().entry();
    assert_eq!(
        (released.get("Session"), &released["LockIndex"]),
        (None, &json!(1))
    );
    assert_eq!(released["Value"], "dg==");
    let id = create(&mut wire, r#"{"Behavior":"delete","LockDelay":"0s"}"#);
    wire.ask("PUT", &format!("/v1/kv/gone?acquire={id}"), "v")
        .is(200, "true");
    wire.ask("PUT", &format!("/v1/session/destroy/{id}"), "")
        .is(200, "true");
    wire.ask("GET", "/v1/kv/gone", "").is(404, "");
    let next = create(&mut wire, "");
    wire.ask("PUT", &format!("/v1/kv/gone?acquire={next}"), "v")
        .is(200, "true");
}

#[test]
fn a_lock_delay_refuses_the_next_holder_and_lets_plain_writes_pass() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let (one, two) = (
        create(&mut wire, r#"{"LockDelay":"2s"}"#),
        create(&mut wire, ""),
    );
    wire.ask("PUT", &format!("/v1/kv/lk?acquire={one}"), "v")
        .is(200, "true");
    wire.ask("PUT", &format!("/v1/session/destroy/{one}"), "")
        .is(200, "true");
    let began = Instant::now();
    wire.ask("PUT", &format!("/v1/kv/lk?acquire={two}"), "v")
        .is(200, "false");
    let ops = format!(r#"[{{"KV":{{"Verb":"lock","Key":"lk","Session":"{two}"}}}}]"#);
    wire.ask("PUT", "/v1/txn", &ops).is(
        409,
        r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"failed to lock key \"lk\" due to lock delay"}]}"#,
    );
    wire.ask("PUT", "/v1/kv/lk", "w").is(200, "true");
    // By asking again until it is over: the delay is the server's to time.
    wait_for("the end of the lock delay", || {
        let reply = wire.ask("PUT", &format!("/v1/kv/lk?acquire={two}"), "v");
        (reply.text() == "true").then_some(())
    });
    assert!(began.elapsed() >= Duration::from_millis(1500));
}

#[test]
fn session_queries_block_until_sessions_change() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let id = create(&mut wire, "");
    let since = wire.ask("GET", "/v1/session/list", "").index();
    let mut waiting = RawHttp::connect(&agent.address());
    waiting.send(format!(
        "GET /v1/session/list?index={since}&wait=20s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ));
    wire.ask("PUT", "/v1/kv/k", "v").is(200, "true");
    wire.ask("PUT", &format!("/v1/session/destroy/{id}"), "")
        .is(200, "true");
    assert!(waiting.reply().is(200, "[]").index() > since);
}

#[test]
fn checks_that_are_null_or_empty_are_none() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let serf = json!(["serfHealth"]);
    for (body, checks) in [
        (r#"{"NodeChecks":null}"#, json!(null)),
        (r#"{"NodeChecks":[]}"#, json!([])),
        (r#"{"Checks":null}"#, json!([])),
        (r#"{"Checks":[],"NodeChecks":["serfHealth"]}"#, json!([])),
        (r#"{"Checks":null,"NodeChecks":["serfHealth"]}"#, json!([])),
        (r#"{"Checks":["serfHealth"],"NodeChecks":[]}"#, json!([])),
        (
            r#"{"Checks":["serfHealth"],"NodeChecks":null}"#,
            json!(null),
        ),
        (r#"{"Checks":["serfHealth"]}"#, serf.clone()),
        (r#"{"ServiceChecks":[]}"#, serf),
    ] {
        let id = create(&mut wire, body);
        let shown = wire
            .ask("GET", &format!("/v1/session/info/{id}"), "")
            .entry();
        assert_eq!(shown["NodeChecks"], checks, "{body}");
    }
}

/// One operation of a transaction.
fn op(verb: &str, key: &str, session: &str) -> String {
    format!(r#"{{"KV":{{"Verb":"{verb}","Key":"{key}","Session":"{session}"}}}}"#)
}

#[test]
fn a_lock_delay_hides_that_the_own_session_has_ended() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let holder = create(&mut wire, r#"{"LockDelay":"30s"}"#);
    let ended = create(&mut wire, "");
    wire.ask("PUT", &format!("/v1/kv/lk?acquire={holder}"), "")
        .is(200, "true");
    for id in [&ended, &holder] {
        wire.ask("PUT", &format!("/v1/session/destroy/{id}"), "")
            .is(200, "true");
    }
    let delayed = wire.ask("PUT", "/v1/txn", format!("[{}]", op("lock", "lk", &ended)));
    assert!(delayed.text().contains("due to lock delay"), "{delayed:?}");
    let free = wire.ask(
        "PUT",
        "/v1/txn",
        format!("[{}]", op("lock", "other", &ended)),
    );
    assert_eq!(free.status, 409);
    assert!(free.text().contains("invalid session"), "{free:?}");
    wire.ask("PUT", &format!("/v1/kv/lk?acquire={ended}"), "")
        .is(200, "false");
}

#[test]
fn a_repeated_lock_has_the_index_of_the_first_and_plain_writes_move_it() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let (one, two) = (create(&mut wire, ""), create(&mut wire, ""));
    let lock = |wire: &mut RawHttp, id: &str| {
        let reply = wire.ask("PUT", "/v1/txn", format!("[{}]", op("lock", "lk", id)));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["Results"][0]["KV"]["ModifyIndex"]
            .as_u64()
            .unwrap()
    };
    let first = lock(&mut wire, &one);
    assert_eq!(lock(&mut wire, &one), first);
    wire.ask("PUT", "/v1/kv/lk", "by hand").is(200, "true");
    let written = entry(&mut wire, "lk");
    assert_eq!(
        (&written["Session"], &written["LockIndex"]),
        (&json!(one), &json!(0))
    );
    assert!(written["ModifyIndex"].as_u64().unwrap() > first);
    let held = wire.ask("PUT", "/v1/txn", format!("[{}]", op("lock", "lk", &two)));
    assert!(held.text().contains("lock is already held"), "{held:?}");
    // A delete frees it without a delay, and the index goes on growing.
    wire.ask("DELETE", "/v1/kv/lk", "").is(200, "true");
    let second = lock(&mut wire, &two);
    assert!(second > first);
    wire.ask("PUT", &format!("/v1/session/destroy/{one}"), "")
        .is(200, "true");
    assert_eq!(entry(&mut wire, "lk")["Session"], json!(two));
}

#[test]
fn an_unlock_and_a_delete_in_one_transaction_wake_once_and_leave_no_delay() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let (one, two) = (create(&mut wire, ""), create(&mut wire, ""));
    wire.ask("PUT", &format!("/v1/kv/lk?acquire={one}"), "v")
        .is(200, "true");
    let release = |id: &str| format!("[{},{}]", op("unlock", "lk", id), op("delete", "lk", ""));
    let refused = wire.ask("PUT", "/v1/txn", release(&two));
    assert_eq!(refused.status, 409, "{refused:?}");
    let since = wire.ask("GET", "/v1/kv/lk", "").index();
    let mut waiting = RawHttp::connect(&agent.address());
    waiting.send(format!(
        "GET /v1/kv/lk?index={since}&wait=20s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ));
    let released = wire.ask("PUT", "/v1/txn", release(&one));
    assert_eq!(released.status, 200, "{released:?}");
    let results = released.json()["Results"].as_array().unwrap().len();
    assert_eq!(results, 1);
    let woken = waiting.reply().is(404, "");
    assert!(woken.index() > since);
    wire.ask("PUT", &format!("/v1/kv/lk?acquire={two}"), "v")
        .is(200, "true");
}

/// The shortest TTL of Consul's is 10 s: the time itself is what has to pass.
#[test]
fn a_session_ends_twice_its_ttl_after_its_last_renewal_and_then_the_lock_delay_lasts() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let id = create(
        &mut wire,
        r#"{"TTL":"10s","LockDelay":"1s","NodeChecks":[]}"#,
    );
    let next = create(&mut wire, "");
    wire.ask("PUT", &format!("/v1/kv/lk?acquire={id}"), "")
        .is(200, "true");
    let since = wire.ask("GET", "/v1/kv/lk", "").index();
    let renewed = Instant::now();
    let renewal = wire.ask("PUT", &format!("/v1/session/renew/{id}"), "");
    assert_eq!(renewal.status, 200);
    // A renewal wakes nobody and moves no index.
    let mut waiting = RawHttp::connect(&agent.address());
    waiting.send(format!(
        "GET /v1/kv/lk?index={since}&wait=28s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ));
    let freed = waiting.reply().entry();
    let took = renewed.elapsed();
    assert_eq!(freed.get("Session"), None);
    let range = Duration::from_millis(19_900)..Duration::from_millis(22_500);
    assert!(range.contains(&took), "{took:?}");
    wire.ask("PUT", &format!("/v1/session/renew/{id}"), "")
        .is(404, &format!("Session id '{id}' not found"));
    wire.ask("PUT", &format!("/v1/kv/lk?acquire={next}"), "")
        .is(200, "false");
}
