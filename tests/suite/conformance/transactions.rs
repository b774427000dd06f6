//! `/v1/txn`: verbs, results, refusals.

use serde_json::{Value, json};

use crate::harness::{Agent, RawHttp, Reply, is_worded};

fn txn(agent: &Agent, ops: &Value) -> Reply {
    RawHttp::connect(&agent.address()).ask("PUT", "/v1/txn", ops.to_string())
}

fn op(verb: &str, key: &str) -> Value {
    json!({"KV": {"Verb": verb, "Key": key}})
}

fn set(key: &str, value: &str) -> Value {
    json!({"KV": {"Verb": "set", "Key": key, "Value": value}})
}

#[track_caller]
fn fails(agent: &Agent, op: &Value, what: &str) {
    let reply = txn(agent, &json!([op]));
    assert_eq!(reply.status, 409, "{op}: {reply:?}");
    let errors = reply.json()["Errors"].clone();
    let said = errors[0]["What"].as_str().unwrap_or_default();
    let worded = is_worded(said, what, Agent::is_newer());
    let expected = if worded { said } else { what };
    assert_eq!(errors, json!([{"OpIndex": 0, "What": expected}]), "{op}");
    assert!(reply.json()["Results"].is_null());
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
}

#[test]
fn every_failure_has_consuls_words() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let session = wire.ask("PUT", "/v1/session/create", "").json()["ID"].clone();
    wire.ask("PUT", "/v1/kv/k", "v").is(200, "true");
    wire.ask(
        "PUT",
        &format!("/v1/kv/lk?acquire={}", session.as_str().unwrap()),
        "v",
    )
    .is(200, "true");
    let other = wire.ask("PUT", "/v1/session/create", "").json()["ID"].clone();
    let unknown = "b4767f21-a9d2-aa1e-3acb-94adc234e191";
    let with = |verb: &str, key: &str, member: &str, value: &Value| {
        let mut op = op(verb, key);
        op["KV"][member] = value.clone();
        op
    };
    let index = wire.ask("GET", "/v1/kv/k", "").index();
    for (op, what) in [
        (
            op("cas", "k"),
            "failed to set key \"k\", index is stale".to_owned(),
        ),
        (
            with("cas", "none", "Index", &json!(5)),
            "failed to set key \"none\", index is stale".to_owned(),
        ),
        (
            with("lock", "lk", "Session", &other),
            "failed to lock key \"lk\", lock is already held".to_owned(),
        ),
        (
            with("lock", "k", "Session", &json!(unknown)),
            format!("invalid session \"{unknown}\""),
        ),
        (op("lock", "k"), "missing session".to_owned()),
        (
            with("unlock", "lk", "Session", &other),
            "failed to unlock key \"lk\", lock isn't held, or is held by another session"
                .to_owned(),
        ),
        (
            with("unlock", "none", "Session", &session),
            "failed to unlock key \"none\", lock isn't held, or is held by another session"
                .to_owned(),
        ),
        (
            op("get", "no\"ne"),
            "key \"no\\\"ne\" doesn't exist".to_owned(),
        ),
        (
            with("check-index", "k", "Index", &json!(1)),
            format!("failed index check for key \"k\", current modify index {index} != 1"),
        ),
        (
            op("check-index", "none"),
            "failed to check index, key \"none\" doesn't exist".to_owned(),
        ),
        (
            with("check-session", "k", "Session", &json!("x")),
            "failed session check for key \"k\", current session \"\" != \"x\"".to_owned(),
        ),
        (
            op("check-session", "none"),
            "failed to check session, key \"none\" doesn't exist".to_owned(),
        ),
        (op("check-not-exists", "k"), "key \"k\" exists".to_owned()),
        (
            with("delete-cas", "k", "Index", &json!(1)),
            "failed to delete key \"k\", index is stale".to_owned(),
        ),
        (op("set", ""), "Must provide key".to_owned()),
        (op("get-tree", ""), "Must provide key".to_owned()),
        (op("SET", "k"), "unknown KV verb \"SET\"".to_owned()),
    ] {
        fails(&agent, &op, &what);
    }
    let get_or_empty = op("get-or-empty", "k");
    match Agent::is_since((1, 14)) {
        true => assert_eq!(txn(&agent, &json!([get_or_empty])).status, 200),
        false => fails(&agent, &get_or_empty, "unknown KV verb \"get-or-empty\""),
    }
    RawHttp::connect(&agent.address())
        .ask("GET", "/v1/kv/?keys", "")
        .is(200, r#"["k","lk"]"#);
}

#[test]
fn all_failing_operations_are_named_and_pre_checks_come_first() {
    let agent = Agent::own();
    let both = txn(
        &agent,
        &json!([op("get", "a"), op("set", "b"), op("get", "c")]),
    );
    assert_eq!(
        both.json()["Errors"],
        json!([{"OpIndex": 0, "What": "key \"a\" doesn't exist"}, {"OpIndex": 2, "What": "key \"c\" doesn't exist"}])
    );
    let early = txn(&agent, &json!([op("get", "a"), op("set", "")]));
    assert_eq!(
        early.json()["Errors"],
        json!([{"OpIndex": 1, "What": "Must provide key"}])
    );
}

#[test]
fn a_rolled_back_transaction_leaves_entries_tombstones_and_indexes_as_they_were() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    for key in ["d/a", "d/b", "e"] {
        wire.ask("PUT", &format!("/v1/kv/{key}"), "v")
            .is(200, "true");
    }
    wire.ask("DELETE", "/v1/kv/d/b", "").is(200, "true");
    let mut looks = || {
        [
            "/v1/kv/?recurse",
            "/v1/kv/d/?recurse",
            "/v1/kv/e",
            "/v1/kv/none",
            "/v1/kv/none/?keys",
        ]
        .map(|path| {
            let reply = wire.ask("GET", path, "");
            (reply.index(), reply.body)
        })
    };
    let before = looks();
    let ops = json!([
        set("e", "eA=="),
        op("delete", "e"),
        op("delete-tree", "d/"),
        set("d/b", ""),
        set("none/x", ""),
        op("get", "missing")
    ]);
    assert_eq!(txn(&agent, &ops).status, 409);
    assert_eq!(looks(), before);
}

#[test]
fn operations_see_those_before_them() {
    let agent = Agent::own();
    let ops = json!([
        set("k", "MQ=="),
        op("get", "k"),
        op("check-not-exists", "other"),
        op("delete", "gone"),
        set("t/b", "Mg=="),
        set("t/a", "MQ=="),
        op("get-tree", "t/"),
        op("delete-tree", "t/"),
        op("get-tree", "t/"),
        op("check-session", "k"),
        op("delete-cas", "never")
    ]);
    let reply = txn(&agent, &ops);
    assert_eq!(reply.status, 200, "{reply:?}");
    let results: Vec<_> = reply.json()["Results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            (
                result["KV"]["Key"].as_str().unwrap().to_owned(),
                result["KV"]["Value"].clone(),
            )
        })
        .collect();
    let wanted: Vec<_> = [
        ("k", json!(null)),
        ("k", json!("MQ==")),
        ("t/b", json!(null)),
        ("t/a", json!(null)),
        ("t/a", json!("MQ==")),
        ("t/b", json!("Mg==")),
        ("k", json!(null)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .to_vec();
    assert_eq!(results, wanted);
    let clash = json!([set("new", ""), {"KV": {"Verb": "cas", "Key": "new", "Index": 0}}]);
    assert_eq!(txn(&agent, &clash).status, 409);
}

#[test]
fn an_identical_write_shows_the_index_it_had() {
    let agent = Agent::own();
    let first = txn(&agent, &json!([set("k", "MQ==")])).json();
    assert_eq!(txn(&agent, &json!([set("k", "MQ==")])).json(), first);
}

#[test]
fn only_reads_have_the_extra_members_and_headers() {
    let agent = Agent::own();
    let read = txn(&agent, &json!([op("get", "none")]));
    let (index, of_newer) = match Agent::is_newer() {
        true => (
            1,
            r#","NotModified":false,"Backend":0,"ResultsFilteredByACLs":false"#,
        ),
        false => (0, ""),
    };
    let members = format!(
        r#""Index":{index},"LastContact":0,"KnownLeader":true,"ConsistencyLevel":""{of_newer}"#
    );
    let errors = r#"[{"OpIndex":0,"What":"key \"none\" doesn't exist"}]"#;
    assert_eq!(
        read.text(),
        format!(r#"{{"Results":null,"Errors":{errors},{members}}}"#)
    );
    assert_eq!(read.header("X-Consul-Knownleader"), Some("true"));
    assert_eq!(read.header("X-Consul-Lastcontact"), Some("0"));
    assert_eq!(read.header("X-Consul-Index"), None);
    let write = txn(&agent, &json!([set("k", ""), op("get", "k")]));
    let index = write.json()["Results"][0]["KV"]["ModifyIndex"].clone();
    let entry = format!(
        r#"{{"KV":{{"LockIndex":0,"Key":"k","Flags":0,"Value":null,"CreateIndex":{index},"ModifyIndex":{index}}}}}"#
    );
    assert_eq!(write.header("X-Consul-Knownleader"), None);
    write.is(
        200,
        &format!(r#"{{"Results":[{entry},{entry}],"Errors":null}}"#),
    );
}

#[test]
fn consistency_counts_for_reads_only() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    let read = json!([op("get-tree", "x")]).to_string();
    wire.ask("PUT", "/v1/txn?stale&consistent", &read).is(
        400,
        "Cannot specify ?stale with ?consistent, conflicting semantics.",
    );
    assert_eq!(
        wire.ask("PUT", "/v1/txn?consistent&index=99999999999&wait=1m", &read)
            .status,
        200
    );
    let write = json!([set("x", "")]).to_string();
    assert_eq!(
        wire.ask("PUT", "/v1/txn?stale&consistent", &write).status,
        200
    );
    wire.ask("PUT", "/v1/txn?dc=nope", &write)
        .is(500, "No path to datacenter");
    wire.ask("PUT", "/v1/txn?dc=nope", &read)
        .is(500, "No path to datacenter");
}

#[test]
fn bodies_that_are_no_operations_are_refused_in_consuls_words() {
    let agent = Agent::own();
    let mut wire = RawHttp::connect(&agent.address());
    for (body, words) in [
        ("", "EOF"),
        ("[", "unexpected EOF"),
        ("x", "invalid character 'x' looking for beginning of value"),
        (
            "{}",
            "json: cannot unmarshal object into Go value of type api.TxnOps",
        ),
        (
            "[7]",
            "json: cannot unmarshal number into Go value of type api.TxnOp",
        ),
        (r#"[{"Bogus":1}]"#, "json: unknown field \"Bogus\""),
        (
            r#"[{"KV":{"Verb":"set","Key":"a","Bogus":1}}]"#,
            "json: unknown field \"Bogus\"",
        ),
        (
            r#"[{"KV":{"Value":"%"}}]"#,
            "illegal base64 data at input byte 0",
        ),
        (
            r#"[{"KV":{"Flags":-1}}]"#,
            "json: cannot unmarshal number -1 into Go struct field KVTxnOp.KV.Flags of type uint64",
        ),
        (
            r#"[{"KV":{"Key":7}}]"#,
            "json: cannot unmarshal number into Go struct field KVTxnOp.KV.Key of type string",
        ),
        (
            r#"[{"KV":[]}]"#,
            "json: cannot unmarshal array into Go struct field TxnOp.KV of type api.KVTxnOp",
        ),
    ] {
        wire.ask("PUT", "/v1/txn", body)
            .is(400, &format!("Failed to parse body: {words}"));
    }
    for body in ["[]", "null", "[{}]", r#"[{"KV":null}]"#, "[] and more"] {
        assert_eq!(
            wire.ask("PUT", "/v1/txn", body).json()["Results"],
            json!([]),
            "{body}"
        );
    }
}

#[test]
fn limits_are_refused_in_consuls_words() {
    let agent = Agent::own();
    let ops = |count: usize| Value::Array(vec![op("get-tree", "x"); count]);
    let most = match Agent::is_since((1, 14)) {
        true => 128,
        false => 64,
    };
    assert_eq!(txn(&agent, &ops(most)).status, 200);
    let more = most + 1;
    txn(&agent, &ops(more)).is(
        413,
        &format!("Transaction contains too many operations ({more} > {most})"),
    );
    let see = "See https://www.consul.io/docs/agent/options.html#txn_max_req_len.";
    let mut wire = RawHttp::connect(&agent.address());
    wire.send("PUT /v1/txn HTTP/1.1\r\nHost: localhost\r\nContent-Length: 699102\r\n\r\n");
    wire.reply().is(
        413,
        &format!("Request body(699102 bytes) too large, max size: 524288 bytes. {see}"),
    );
    let mut wire = RawHttp::connect(&agent.address());
    wire.send(
        "PUT /v1/txn HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n80001\r\n",
    );
    wire.send(vec![b' '; 0x80001]);
    wire.send("\r\n0\r\n\r\n");
    wire.reply().is(
        413,
        &format!("Request body too large, max size: 524288 bytes. {see}"),
    );
}

#[test]
fn keys_that_no_url_carries_travel_by_transaction() {
    let agent = Agent::own();
    let ops = json!([set("/lead", ""), set("a//b", ""), set("nl\n\u{0}x", "")]);
    assert_eq!(txn(&agent, &ops).status, 200);
    RawHttp::connect(&agent.address())
        .ask("GET", "/v1/kv/?keys", "")
        .is(200, r#"["/lead","a//b","nl\n\u0000x"]"#);
}
