//! The client against a server that misbehaves on purpose, where no verb shows it.

#[path = "../../tests/suite/harness/faulty.rs"]
#[allow(dead_code, missing_docs, reason = "the suite uses the rest of it")]
mod faulty;

use std::time::{Duration, Instant};

use self::faulty::{Faulty, Script};
use super::{
    Address, Block, Cause, Client, Config, ConsulEndpoint, Error, ErrorClass, Scheme, Write,
};
use crate::model::{Index, Key, Op, Prefix, SessionEnd, SessionSettings, TxnOutcome};

fn endpoint(server: &Faulty) -> ConsulEndpoint {
    ConsulEndpoint::new(Address::Tcp {
        scheme: Scheme::Http,
        authority: server.address().to_owned(),
        path: String::new(),
    })
}

fn config(server: &Faulty) -> Config {
    Config {
        endpoint: endpoint(server),
        retry_for: Duration::ZERO,
        ..Config::default()
    }
}

fn client(server: &Faulty) -> Client {
    Client::new(config(server)).unwrap()
}

fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

fn listed(script: Script) -> Result<Vec<String>, Error> {
    let server = script.start();
    let reply = client(&server).entries(&Prefix::new("p/"), None)?;
    reply
        .value
        .map(|entry| entry.map(|entry| entry.key().to_owned()))
        .collect()
}

const TWO: &str = r#"[{"LockIndex":0,"Key":"p/a","Flags":0,"Value":"YQ==","CreateIndex":1,"ModifyIndex":1},{"LockIndex":0,"Key":"p/b","Flags":0,"Value":null,"CreateIndex":2,"ModifyIndex":2}]"#;
const LIST: &str = "GET /v1/kv/p/?recurse";

#[test]
fn a_listing_that_is_cut_off_is_never_a_short_one() {
    assert_eq!(
        listed(Faulty::script().on(LIST).finds(2, TWO)).unwrap(),
        ["p/a", "p/b"]
    );
    for kept in [0, 1, 50, TWO.len() - 1] {
        let error = listed(Faulty::script().on(LIST).cuts(2, TWO, kept)).unwrap_err();
        assert_eq!(error.cause(), Cause::Lost, "{kept}: {error}");
        assert!(
            error.to_string().starts_with("listing prefix p/ at "),
            "{error}"
        );
    }
    // The same without a length, as behind a proxy of HTTP 1.0.
    let head = "HTTP/1.0 200 OK\r\nX-Consul-Index: 2\r\n\r\n";
    let error = listed(
        Faulty::script()
            .on(LIST)
            .writes([head, &TWO[..120]].concat()),
    )
    .unwrap_err();
    assert_eq!(error.cause(), Cause::Lost, "{error}");
    // And in chunks, the last of which is missing.
    let chunk = format!("{head}{:x}\r\n{TWO}\r\n", TWO.len())
        .replace("1.0", "1.1")
        .replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n");
    let error = listed(Faulty::script().on(LIST).writes(chunk)).unwrap_err();
    assert_eq!(error.cause(), Cause::Lost, "{error}");
}

#[test]
fn answers_that_are_no_listing_are_invalid() {
    for (json, words) in [
        ("<html>", "JSON array"),
        ("{}", "JSON array"),
        ("[{]", "at line 1"),
        (
            "[{\"Key\":\"p/a\",\"Value\":\"%\",\"ModifyIndex\":1}]",
            "the value of p/a is not base64",
        ),
        ("[] trailing", "the end of the answer"),
    ] {
        let error = listed(Faulty::script().on(LIST).finds(2, json)).unwrap_err();
        assert_eq!(error.cause(), super::error::Cause::InvalidAnswer, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let error = listed(Faulty::script().on(LIST).answers(200, TWO)).unwrap_err();
    assert!(
        error.to_string().contains("200 without an X-Consul-Index"),
        "{error}"
    );
}

#[test]
fn a_connection_whose_listing_was_read_to_its_end_is_used_again() {
    let server = Faulty::script()
        .on(LIST)
        .finds(2, TWO)
        .on("GET /v1/kv/p/?keys&separator=%2F")
        .finds(2, "[\"p/a\",\"p/b\"]")
        .on("GET /v1/kv/p/a")
        .misses(3)
        .start();
    let client = client(&server);
    let prefix = Prefix::new("p/");
    assert_eq!(client.entries(&prefix, None).unwrap().value.count(), 2);
    assert_eq!(client.names(&prefix, "/", None).unwrap().value.count(), 2);
    let reply = client.get(&key("p/a")).unwrap();
    assert_eq!((reply.meta.index, reply.value), (Some(Index(3)), None));
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_read_whose_answer_breaks_off_is_tried_again() {
    let one = format!("{}]", TWO.split("},{").next().unwrap().to_owned() + "}");
    let server = Faulty::script()
        .on("GET /v1/kv/p/a")
        .cuts(2, &one, 30)
        .on("GET /v1/kv/p/a")
        .finds(2, &one)
        .start();
    let client = client(&server).with_retry_for(Duration::from_secs(5));
    let entry = client.get(&key("p/a")).unwrap().value.unwrap();
    assert_eq!(entry.value(), b"a");
}

#[test]
fn a_token_that_another_thread_has_read_again_is_used_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "old").unwrap();
    let mut script = Faulty::script();
    for _ in 0..2 {
        script = script
            .on("GET /v1/kv/a")
            .having("x-consul-token: old")
            .after(Duration::from_millis(300))
            .answers(403, "ACL not found");
    }
    let server = script
        .on("GET /v1/kv/a")
        .having("x-consul-token: new")
        .misses(1)
        .on("GET /v1/kv/a")
        .having("x-consul-token: new")
        .misses(1)
        .start();
    let client = Client::new(Config {
        token: Some(super::TokenSource::File(file.clone())),
        ..config(&server)
    })
    .unwrap();
    std::thread::scope(|scope| {
        let readers = [(); 2].map(|()| scope.spawn(|| client.get(&key("a")).unwrap()));
        while server.requests().len() < 2 {
            std::thread::yield_now();
        }
        std::fs::write(&file, "new").unwrap();
        for reader in readers {
            assert_eq!(reader.join().unwrap().value, None);
        }
    });
}

#[test]
fn a_blocking_query_without_an_answer_ends_with_its_wait_and_the_request_timeout() {
    let server = Faulty::script()
        .on("GET /v1/kv/a?index=7&wait=50ms")
        .stalls()
        .start();
    let client = Client::new(Config {
        request_timeout: Duration::from_millis(200),
        ..config(&server)
    })
    .unwrap();
    let block = Block {
        since: Index(7),
        wait: Duration::from_millis(50),
    };
    let start = Instant::now();
    let error = client.get_blocking(&key("a"), block).unwrap_err();
    assert_eq!(error.cause(), Cause::TimedOut);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_blocking_query_may_take_its_wait_and_more() {
    let server = Faulty::script()
        .on("GET /v1/kv/a?index=7&wait=50ms&stale")
        .after(Duration::from_millis(700))
        .misses(8)
        .start();
    let client = Client::new(Config {
        request_timeout: Duration::from_secs(5),
        ..config(&server)
    })
    .unwrap()
    .with_consistency(super::Consistency::Stale);
    let block = Block {
        since: Index(7),
        wait: Duration::from_millis(50),
    };
    let reply = client.get_blocking(&key("a"), block).unwrap();
    assert_eq!(reply.meta.index, Some(Index(8)));
}

#[test]
fn an_index_of_zero_is_taken_for_one() {
    let server = Faulty::script().on("GET /v1/kv/a").misses(0).start();
    let reply = client(&server).get(&key("a")).unwrap();
    assert_eq!(reply.meta.index, Some(Index(1)));
}

#[test]
fn another_key_than_the_one_asked_for_is_no_answer() {
    let server = Faulty::script().on("GET /v1/kv/p/x").finds(2, TWO).start();
    let error = client(&server).get(&key("p/x")).unwrap_err();
    assert_eq!(error.cause(), super::error::Cause::InvalidAnswer, "{error}");
}

#[test]
fn names_that_a_url_cannot_carry_never_stand_in_one() {
    let long = "k".repeat(70_000);
    let names = ["/a", "a//b", "a/../b", "a\tb", &long];
    let mut script = Faulty::script();
    for name in names {
        let answer = serde_json::json!({"Results": [{"KV": {
            "Key": name, "Value": null, "ModifyIndex": 1,
        }}], "Errors": null});
        script = script.on("PUT /v1/txn").answers(200, &answer.to_string());
    }
    for _ in 0..3 {
        let answer = r#"{"Results":[],"Errors":null}"#;
        script = script.on("PUT /v1/txn").answers(200, answer);
    }
    let server = script.start();
    let client = client(&server);
    for name in names {
        assert!(client.put(&key(name), b"v", 0, Write::Plain).unwrap());
    }
    assert!(client.delete(&key("a//b"), None).unwrap());
    assert!(client.delete(&key("a//b"), Some(Index(3))).unwrap());
    client.delete_prefix(&Prefix::new("a//")).unwrap();
    let bodies: Vec<_> = server
        .requests()
        .into_iter()
        .map(|seen| String::from_utf8(seen.body).unwrap())
        .collect();
    assert_eq!(
        bodies[1],
        r#"[{"KV":{"Verb":"set","Key":"a//b","Value":"dg=="}}]"#
    );
    assert_eq!(
        bodies[6],
        r#"[{"KV":{"Verb":"delete-cas","Key":"a//b","Index":3}}]"#
    );
    assert_eq!(bodies[7], r#"[{"KV":{"Verb":"delete-tree","Key":"a//"}}]"#);
}

#[test]
fn a_write_counts_as_done_only_when_its_results_say_so() {
    let other = r#"{"Results":[{"KV":{"Key":"b","Value":null,"ModifyIndex":1}}],"Errors":null}"#;
    let ops = [Op::Set {
        key: key("a"),
        value: b"v".to_vec(),
        flags: 0,
    }];
    for answer in [
        "{}",
        r#"{"Results":null,"Errors":null}"#,
        r#"{"Results":[],"Errors":[]}"#,
        other,
    ] {
        let server = Faulty::script()
            .on("PUT /v1/txn")
            .answers(200, answer)
            .start();
        let error = client(&server).txn(&ops).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Unknown, "{answer}: {error}");
    }
}

#[test]
fn a_listing_of_what_was_not_asked_for_is_no_answer() {
    let json = r#"[{"Key":"b/x","Value":null,"ModifyIndex":1}]"#;
    let server = Faulty::script()
        .on("GET /v1/kv/a/?recurse")
        .finds(1, json)
        .on("GET /v1/kv/a/?keys")
        .finds(1, r#"["b/x"]"#)
        .start();
    let (client, prefix) = (client(&server), Prefix::new("a/"));
    let mut entries = client.entries(&prefix, None).unwrap().value;
    let error = entries.next().unwrap().unwrap_err();
    assert!(error.to_string().contains("b/x"), "{error}");
    assert_eq!(error.cause(), super::error::Cause::InvalidAnswer);
    let mut names = client.names(&prefix, "", None).unwrap().value;
    let error = names.next().unwrap().unwrap_err();
    assert_eq!(error.cause(), super::error::Cause::InvalidAnswer);
}

#[test]
fn an_answer_that_drips_ends_with_the_request_timeout() {
    let server = Faulty::script()
        .on("GET /v1/kv/a")
        .drips(200)
        .on("PUT /v1/kv/a")
        .drips(200)
        .on("GET /v1/kv/a")
        .drips(400)
        .start();
    let client = Client::new(Config {
        request_timeout: Duration::from_millis(300),
        retry_for: Duration::ZERO,
        ..config(&server)
    })
    .unwrap();
    let start = Instant::now();
    let error = client.get(&key("a")).unwrap_err();
    assert_eq!(error.cause(), Cause::TimedOut, "{error}");
    let error = client.put(&key("a"), b"v", 0, Write::Plain).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Unknown, "{error}");
    let error = client.get(&key("a")).unwrap_err();
    assert_eq!(error.cause(), Cause::Refused, "{error}");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_answer_of_true_or_false_is_short() {
    let server = Faulty::script()
        .on("PUT /v1/kv/a")
        .answers(200, &format!("true{}", " ".repeat(70_000)))
        .start();
    let error = client(&server)
        .put(&key("a"), b"v", 0, Write::Plain)
        .unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
    assert_eq!(error.class(), ErrorClass::Unknown);
}

#[test]
fn an_unclean_prefix_is_listed_from_its_clean_folder_and_filtered() {
    let names = r#"["p/","p//a/1","p//a/2","p//b","p/c"]"#;
    let server = Faulty::script()
        .on("GET /v1/kv/p/?keys")
        .finds(2, names)
        .on("GET /v1/kv/?recurse")
        .finds(2, TWO)
        .start();
    let client = client(&server);
    let found = client.names(&Prefix::new("p//"), "/", None).unwrap();
    let found: Vec<_> = found.value.map(Result::unwrap).collect();
    assert_eq!(found, ["p//a/", "p//b"]);
    assert_eq!(
        client
            .entries(&Prefix::new("/p"), None)
            .unwrap()
            .value
            .count(),
        0
    );
    assert!(!server.requests()[0].line.contains("separator"));
}

#[test]
fn a_hidden_key_read_by_transaction_is_denied_and_a_missing_one_missing() {
    let server = Faulty::script()
        .on("PUT /v1/txn")
        .answers(200, r#"{"Results":[],"Errors":null,"Index":0}"#)
        .on("PUT /v1/txn")
        .answers(
            409,
            r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"key \"/a\" doesn't exist"}]}"#,
        )
        .start();
    let client = client(&server);
    let error = client.get(&key("/a")).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Denied);
    assert_eq!(client.get(&key("/a")).unwrap().value, None);
}

#[test]
fn a_rollback_for_an_operation_that_was_not_sent_is_no_answer() {
    let server = Faulty::script()
        .on("PUT /v1/txn")
        .answers(
            409,
            r#"{"Results":null,"Errors":[{"OpIndex":1,"What":"x"}]}"#,
        )
        .start();
    let ops = [Op::CheckNotExists { key: key("a") }];
    let error = client(&server).txn(&ops).unwrap_err();
    assert_eq!(error.cause(), super::error::Cause::InvalidAnswer);
}

#[test]
fn a_trial_of_the_access_is_no_write_whatever_is_answered() {
    for (status, text) in [(200, "[]"), (500, "boom"), (200, "<html>")] {
        let server = Faulty::script()
            .on("PUT /v1/txn")
            .answers(status, text)
            .start();
        let error = client(&server).access(&key("a")).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Unavailable, "{status} {text}");
    }
}

#[test]
fn an_id_that_is_none_of_a_session_is_no_answer() {
    let settings = SessionSettings {
        name: String::new(),
        node: None,
        ttl: Some(Duration::from_secs(10)),
        lock_delay: Duration::ZERO,
        behavior: SessionEnd::Release,
        checks: Vec::new(),
    };
    for id in ["", "\\u001b[2J", "a/../b", "a b"] {
        let server = Faulty::script()
            .on("PUT /v1/session/create")
            .answers(200, &format!("{{\"ID\":\"{id}\"}}"))
            .start();
        let error = client(&server).create_session(&settings).unwrap_err();
        assert_eq!(error.cause(), super::error::Cause::InvalidAnswer, "{id}");
    }
}

#[test]
fn a_lock_of_an_unknown_session_is_not_taken() {
    let server = Faulty::script()
        .on("PUT /v1/kv/a?flags=7&acquire=s")
        .answers(500, "invalid session \"s\"")
        .on("PUT /v1/txn")
        .answers(
            409,
            r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"invalid session \"s\""}]}"#,
        )
        .start();
    let client = client(&server);
    assert!(!client.put(&key("a"), b"", 7, Write::Acquire("s")).unwrap());
    assert!(!client.put(&key("/a"), b"", 7, Write::Acquire("s")).unwrap());
}

#[test]
fn a_write_is_sent_once_whatever_comes_of_it() {
    let put = "PUT /v1/kv/a";
    for (script, outcome) in [
        (Faulty::script().on(put).closes(), ErrorClass::Unknown),
        (Faulty::script().on(put).resets(), ErrorClass::Unknown),
        (
            Faulty::script()
                .on(put)
                .answers(500, "rpc error making call: EOF"),
            ErrorClass::Unknown,
        ),
        (
            Faulty::script().on(put).answers(200, "maybe"),
            ErrorClass::Unknown,
        ),
        (
            Faulty::script().on(put).answers(429, ""),
            ErrorClass::Unavailable,
        ),
        (
            Faulty::script()
                .on(put)
                .answers(500, "No path to datacenter"),
            ErrorClass::Unavailable,
        ),
        (
            Faulty::script().on(put).answers(413, "too large"),
            ErrorClass::Refused,
        ),
        (
            Faulty::script().on(put).answers(403, "Permission denied"),
            ErrorClass::Denied,
        ),
        (Faulty::script().on(put).stalls(), ErrorClass::Unknown),
    ] {
        let server = script.start();
        let client = Client::new(Config {
            retry_for: Duration::from_secs(5),
            request_timeout: Duration::from_millis(300),
            ..config(&server)
        })
        .unwrap();
        let error = client.put(&key("a"), b"v", 0, Write::Plain).unwrap_err();
        assert_eq!(error.class(), outcome, "{error}");
        assert!(
            error.to_string().starts_with("writing key a at "),
            "{error}"
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_kept_connection_that_the_server_closed_costs_a_write_nothing() {
    let put = "PUT /v1/kv/a";
    let server = Faulty::script()
        .on(put)
        .writes("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue")
        .on(put)
        .answers(200, "true\n")
        .start();
    let client = client(&server);
    assert!(client.put(&key("a"), b"1", 0, Write::Plain).unwrap());
    // The server has closed by now: seen before the second write is sent.
    let until = Instant::now() + Duration::from_secs(5);
    while server.open() > 0 && Instant::now() < until {
        std::thread::yield_now();
    }
    assert!(client.put(&key("a"), b"2", 0, Write::Plain).unwrap());
}

#[test]
fn a_refused_large_value_is_not_uploaded() {
    let server = Faulty::script()
        .on("PUT /v1/kv/a")
        .having("expect: 100-continue")
        .answers(
            413,
            "Request body(600000 bytes) too large, max size: 524288 bytes.",
        )
        .on("PUT /v1/kv/a")
        .answers(200, "true")
        .start();
    let client = client(&server);
    let value = vec![b'x'; 600_000];
    let error = client.put(&key("a"), &value, 0, Write::Plain).unwrap_err();
    assert_eq!(error.cause(), Cause::TooLarge);
    assert!(error.to_string().contains("max size: 524288"), "{error}");
    assert!(client.put(&key("a"), &value, 0, Write::Plain).unwrap());
    let requests = server.requests();
    assert_eq!(
        (requests[0].body.len(), requests[1].body.len()),
        (0, 600_000)
    );
}

#[test]
fn a_large_value_is_sent_again_where_expect_is_not_known() {
    let server = Faulty::script()
        .on("PUT /v1/kv/a")
        .having("expect: 100-continue")
        .answers(417, "Expectation Failed")
        .on("PUT /v1/kv/a")
        .lacking("expect")
        .answers(200, "true")
        .start();
    let value = vec![b'x'; 600_000];
    let client = client(&server);
    assert!(client.put(&key("a"), &value, 0, Write::Plain).unwrap());
    assert_eq!(server.requests()[1].body.len(), 600_000);
}

#[test]
fn a_namespace_is_looked_for_once_before_a_transaction_carries_it() {
    let server = Faulty::script()
        .on("GET /v1/kv/.kvw-looks-for-a-leader/?keys&ns=team")
        .misses(1)
        .on("PUT /v1/txn")
        .answers(200, r#"{"Results":[],"Errors":null}"#)
        .on("PUT /v1/txn")
        .answers(200, r#"{"Results":[],"Errors":null}"#)
        .start();
    let client = Client::new(Config {
        namespace: Some("team".to_owned()),
        ..config(&server)
    })
    .unwrap();
    let ops = [Op::Delete { key: key("a") }];
    for _ in 0..2 {
        assert_eq!(client.txn(&ops).unwrap(), TxnOutcome::Applied(Vec::new()));
    }
    assert_eq!(
        server.requests()[1].body,
        br#"[{"KV":{"Verb":"delete","Key":"a","Namespace":"team"}}]"#
    );
}

#[test]
fn a_server_without_namespaces_refuses_before_anything_is_written() {
    let server = Faulty::script()
        .on("GET /v1/kv/.kvw")
        .answers(400, "Bad request: Invalid query parameter: \"ns\" - Namespaces are a Consul Enterprise feature")
        .start();
    let client = Client::new(Config {
        namespace: Some("team".to_owned()),
        ..config(&server)
    })
    .unwrap();
    let error = client.txn(&[Op::Delete { key: key("a") }]).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Refused);
    assert!(error.to_string().contains("Enterprise"), "{error}");
}

#[test]
fn clones_share_connections_and_cross_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let server = Faulty::script().start();
    shared(&client(&server));
}
