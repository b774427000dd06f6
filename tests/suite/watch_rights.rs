//! Rights that are lost while kvw watches: an outage of its own kind, never a delete.

use std::time::{Duration, Instant};

use crate::harness::{AclAgent, Faulty, Kvw, Running, SILENCE, Token, prefix_rules};

/// Rules that let read below these prefixes.
fn reading(prefixes: &[&str]) -> String {
    prefix_rules("read", prefixes)
}

/// `kvw watch` with a token. A held query keeps the rights it was asked with: short ones show a
/// change soon.
fn watch(acl: &AclAgent, token: &Token, args: &[&str]) -> Kvw {
    let flags = ["--token", &token.secret, "--wait", "1s"];
    acl.kvw(["watch"]).args(flags).args(args)
}

/// Reads the lines of the keys that exist at the start.
#[track_caller]
fn started(running: &mut Running, keys: usize) {
    for _ in 0..keys {
        assert!(running.line().contains(" + "));
    }
}

#[test]
fn a_right_lost_during_a_watch_is_said_once_and_is_no_delete() {
    let Some(acl) = AclAgent::start() else {
        return;
    };
    for key in ["r/a", "r/b/1", "r/b/2"] {
        acl.put(key, "1");
    }
    let policy = acl.create_policy(&reading(&["r/"]));
    let token = acl.create_token(&policy);
    let mut running = watch(&acl, &token, &["r/", "--initial", "run"]).spawn();
    started(&mut running, 3);
    acl.set_rules(&policy, &reading(&["r/a"]));
    let lost = running.err_line_with("may no longer read");
    assert!(lost.contains("r/b/1, r/b/2"), "{lost}");
    // Other changes go on, and what is hidden may change unseen.
    acl.put("r/a", "2");
    assert!(running.line().contains("~ r/a: 1 → 2"));
    acl.put("r/b/2", "2");
    assert!(running.silent_for(SILENCE));
    acl.set_rules(&policy, &reading(&["r/"]));
    running.err_line_with("read permission restored");
    assert!(running.line().contains("~ r/b/2: 1 → 2"));
    let output = running.stop();
    assert_eq!(
        output.stderr.matches("may no longer read").count(),
        1,
        "{output}"
    );
    assert!(!output.text().contains(" - "), "{output}");
}

#[test]
fn all_rights_lost_is_no_delete_of_everything() {
    let Some(acl) = AclAgent::start() else {
        return;
    };
    acl.put("r/a", "1");
    acl.put("r/b", "1");
    let policy = acl.create_policy(&reading(&["r/"]));
    let token = acl.create_token(&policy);
    let mut running = watch(&acl, &token, &["r/", "--initial", "run"]).spawn();
    started(&mut running, 2);
    acl.set_rules(&policy, &reading(&["elsewhere/"]));
    running.err_line_with("may no longer read");
    // A key that is really deleted meanwhile is a delete, proven without any right on it.
    acl.delete("r/a");
    assert!(running.line().contains("- r/a"));
    acl.set_rules(&policy, &reading(&["r/"]));
    running.err_line_with("read permission restored");
    assert!(running.silent_for(SILENCE));
}

#[test]
fn a_deleted_token_is_an_outage_said_once() {
    let Some(acl) = AclAgent::start() else {
        return;
    };
    acl.put("r/a", "1");
    let policy = acl.create_policy(&reading(&["r/"]));
    let token = acl.create_token(&policy);
    let mut running = watch(&acl, &token, &["r/", "--initial", "run"]).spawn();
    started(&mut running, 1);
    acl.delete_token(&token);
    running.err_line_with("retrying");
    assert!(running.silent_for(SILENCE));
    acl.delete("r/a");
    assert!(running.silent_for(SILENCE));
    let output = running.stop();
    assert_eq!(output.stderr.matches("retrying").count(), 1, "{output}");
}

#[test]
fn a_right_that_is_restored_is_said_within_ten_seconds_however_long_queries_are_held() {
    let Some(acl) = AclAgent::start() else {
        return;
    };
    acl.put("r/a", "1");
    acl.put("r/b", "1");
    let policy = acl.create_policy(&reading(&["r/"]));
    let token = acl.create_token(&policy);
    let args = ["watch", "r/", "--initial=run", "--token", &token.secret];
    let mut running = acl.kvw(args).spawn();
    started(&mut running, 2);
    acl.set_rules(&policy, &reading(&["r/a"]));
    // The query that is held has the rights of before, until something changes; the next one has not.
    acl.put("r/a", "2");
    assert!(running.line().contains("~ r/a: 1 → 2"));
    acl.put("r/a", "3");
    running.err_line_with("may no longer read");
    acl.set_rules(&policy, &reading(&["r/"]));
    // Nothing else wakes the watch.
    let restored = Instant::now();
    running.err_line_with("read permission restored");
    assert!(restored.elapsed() < Duration::from_secs(12));
    let output = running.stop();
    assert!(!output.text().contains(" - "), "{output}");
}

#[test]
fn a_token_file_that_is_written_anew_ends_the_outage() {
    let Some(acl) = AclAgent::start() else {
        return;
    };
    acl.put("r/a", "1");
    let policy = acl.create_policy(&reading(&["r/"]));
    let token = acl.create_token(&policy);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{}\n", token.secret)).unwrap();
    let mut running = acl
        .kvw([
            "watch",
            "r/",
            "--initial",
            "run",
            "--wait",
            "1s",
            "--token-file",
        ])
        .args([&file])
        .spawn();
    started(&mut running, 1);
    acl.delete_token(&token);
    running.err_line_with("retrying");
    acl.put("r/a", "2");
    let token = acl.create_token(&policy);
    std::fs::write(&file, token.secret).unwrap();
    running.err_line_with("restored after");
    assert!(running.line().contains("~ r/a: 1 → 2"));
}

#[test]
fn an_empty_first_look_without_rights_is_said_and_ends_with_them() {
    let Some(acl) = AclAgent::start() else {
        return;
    };
    acl.put("r/a", "1");
    let policy = acl.create_policy(&reading(&["elsewhere/"]));
    let token = acl.create_token(&policy);
    let mut running = watch(&acl, &token, &["r/", "--initial", "run"]).spawn();
    running.err_line_with("the token may not read here");
    acl.set_rules(&policy, &reading(&["r/"]));
    assert!(running.line().contains("+ r/a = 1"));
    // With rights an empty prefix is nothing to speak of.
    let output = watch(&acl, &token, &["r/none/", "--for", "2s"]).run();
    output.expect(0);
    assert_eq!(output.said_later(), "");
}

#[test]
fn a_right_lost_while_kvw_was_down_is_no_delete_either() {
    let Some(acl) = AclAgent::start() else {
        return;
    };
    acl.put("r/a", "1");
    acl.put("r/b", "1");
    let policy = acl.create_policy(&reading(&["r/"]));
    let token = acl.create_token(&policy);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let look = || {
        let args = ["r/", "--for", "0", "--state", state.to_str().unwrap()];
        watch(&acl, &token, &args).run()
    };
    assert_eq!(look().text().lines().count(), 2);
    acl.set_rules(&policy, &reading(&["r/b"]));
    let output = look();
    output.expect(0).says(&["may no longer read r/a"]);
    assert_eq!(output.text(), "");
    acl.delete("r/a");
    assert!(look().text().contains("- r/a"));
    acl.set_rules(&policy, &reading(&["r/"]));
    assert_eq!(look().text(), "");
}

#[test]
fn a_wait_that_may_not_look_exits_four() {
    let Some(acl) = AclAgent::start() else {
        return;
    };
    acl.put("r/a", "1");
    let token = acl.create_token(&acl.create_policy(&reading(&["elsewhere/"])));
    let output = acl
        .kvw([
            "wait",
            "r/a",
            "--timeout",
            "300ms",
            "--token",
            &token.secret,
        ])
        .run();
    output
        .expect(4)
        .says(&["could not read all keys: r/a was not seen"]);
}

/// `p/a` and `p/b`, and `p/a` alone.
const BOTH: &str = r#"[{"LockIndex":0,"Key":"p/a","Flags":0,"Value":"MQ==","CreateIndex":9,"ModifyIndex":9},
{"LockIndex":0,"Key":"p/b","Flags":0,"Value":"MQ==","CreateIndex":9,"ModifyIndex":9}]"#;
const ONE: &str =
    r#"[{"LockIndex":0,"Key":"p/a","Flags":0,"Value":"MQ==","CreateIndex":9,"ModifyIndex":9}]"#;

fn watching(server: &Faulty) -> Running {
    let mut running = Kvw::at(server.address())
        .args(["watch", "p/", "--initial", "run"])
        .spawn();
    started(&mut running, 2);
    running
}

#[test]
fn a_hidden_key_and_a_deleted_one_differ_at_the_same_index() {
    let server = Faulty::script()
        .on("GET /v1/kv/p/?recurse")
        .finds(9, BOTH)
        .on("GET /v1/kv/p/?recurse")
        .finds(9, ONE)
        .on("PUT /v1/txn?consistent")
        .answers(200, r#"{"Results":[],"Errors":null}"#)
        .on("GET /v1/kv/p/?recurse")
        .finds(10, ONE)
        .on("PUT /v1/txn?consistent")
        .answers(
            409,
            r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"key \"p/b\" doesn't exist"}]}"#,
        )
        .on("GET /v1/kv/p/?recurse")
        .stalls()
        .start();
    let mut running = watching(&server);
    running.err_line_with("may no longer read p/b");
    assert!(running.line().contains("- p/b"));
    server.wait_until_played();
    running.stop();
}

#[test]
fn an_agent_that_takes_no_put_proves_by_reading_key_by_key() {
    let server = Faulty::script()
        .on("GET /v1/kv/p/?recurse")
        .finds(9, BOTH)
        .on("GET /v1/kv/p/?recurse")
        .misses(10)
        .on("PUT /v1/txn")
        .answers(403, "Access is restricted")
        .on("GET /v1/kv/p/a?consistent")
        .answers(403, "Permission denied")
        .on("GET /v1/kv/p/b?consistent")
        .misses(10)
        .on("GET /v1/kv/p/?recurse")
        .stalls()
        .start();
    let mut running = watching(&server);
    assert!(running.line().contains("- p/b"));
    running.err_line_with("may no longer read p/a");
    server.wait_until_played();
    assert!(!running.stop().text().contains("- p/a"));
}

#[test]
fn an_outage_in_the_midst_of_a_proof_reports_nothing_until_it_is_over() {
    let server = Faulty::script()
        .on("GET /v1/kv/p/?recurse")
        .finds(9, BOTH)
        .on("GET /v1/kv/p/?recurse")
        .finds(10, ONE)
        .on("PUT /v1/txn")
        .answers(500, "No cluster leader")
        .on("GET /v1/kv/p/?recurse")
        .finds(10, ONE)
        .on("PUT /v1/txn")
        .answers(
            409,
            r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"key \"p/b\" doesn't exist"}]}"#,
        )
        .on("GET /v1/kv/p/?recurse")
        .stalls()
        .start();
    let mut running = watching(&server);
    running.err_line_with("retrying");
    running.err_line_with("Consul is available again");
    assert!(running.line().contains("- p/b"));
    server.wait_until_played();
    running.stop();
}

#[test]
fn a_token_that_is_not_known_any_more_is_an_outage_and_its_end_is_said() {
    let server = Faulty::script()
        .on("GET /v1/kv/p/?recurse")
        .finds(9, BOTH)
        .on("GET /v1/kv/p/?recurse")
        .answers(403, "ACL not found")
        .on("GET /v1/kv/p/?recurse")
        .answers(403, "ACL not found")
        .on("GET /v1/kv/p/?recurse")
        .finds(9, BOTH)
        .on("GET /v1/kv/p/?recurse")
        .stalls()
        .start();
    let mut running = watching(&server);
    running.err_line_with("retrying");
    running.err_line_with("read permission restored after");
    server.wait_until_played();
    let output = running.stop();
    assert_eq!(output.stderr.matches("retrying").count(), 1, "{output}");
    assert_eq!(output.text().lines().count(), 2, "{output}");
}

/// What the proof says of `p/b` where it is there after all, with these indexes.
fn back(created: u64, modified: u64) -> String {
    format!(
        r#"{{"Results":[{{"KV":{{"LockIndex":0,"Key":"p/b","Flags":0,"Value":"Mg==","CreateIndex":{created},"ModifyIndex":{modified}}}}}],"Errors":null}}"#
    )
}

#[test]
fn a_key_that_was_there_all_along_is_no_delete() {
    let server = Faulty::script()
        .on("GET /v1/kv/p/?recurse")
        .finds(9, BOTH)
        .on("GET /v1/kv/p/?recurse")
        .finds(10, ONE)
        .on("PUT /v1/txn")
        .answers(200, &back(9, 10))
        .on("GET /v1/kv/p/?recurse")
        .stalls()
        .start();
    let mut running = watching(&server);
    assert!(running.line().contains("~ p/b: 1 → 2"));
    server.wait_until_played();
    running.stop();
}

#[test]
fn a_key_made_again_after_the_answer_that_lacked_it_was_deleted_before() {
    let server = Faulty::script()
        .on("GET /v1/kv/p/?recurse")
        .finds(9, BOTH)
        .on("GET /v1/kv/p/?recurse")
        .finds(10, ONE)
        .on("PUT /v1/txn")
        .answers(200, &back(11, 11))
        .on("GET /v1/kv/p/?recurse")
        .stalls()
        .start();
    let mut running = watching(&server);
    assert!(running.line().ends_with("- p/b"));
    server.wait_until_played();
    running.stop();
}
