//! kvw wait

use std::time::{Duration, Instant};

use crate::harness::contract::{Met, Unmet, parse_document};
use crate::harness::{Agent, Kvw, PATIENCE, Running, SILENCE, Scope};

/// The program, waiting: what it waits for was said.
fn waiting(scope: &Scope, args: &[&str]) -> Running {
    let mut running = scope.kvw(["wait"]).args(args).spawn();
    running.err_line_with("waiting for ");
    running
}

#[test]
fn a_key_that_exists_is_waited_for_no_time_and_nothing_is_printed() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let key = scope.key("a");
    let output = scope.kvw(["wait", &key]).run();
    output.expect(0);
    assert_eq!(output.text(), "");
    assert_eq!(output.stderr, format!("waiting for {key} to exist\n"));
}

#[test]
fn a_key_that_comes_into_being_ends_the_wait() {
    let scope = Agent::shared();
    let key = scope.key("a");
    let running = waiting(&scope, &[&key, "-o", "text"]);
    scope.put("a", "new");
    let output = running.wait(PATIENCE);
    output.expect(0);
    assert_eq!(output.text(), format!("{key}:new\n"));
}

#[test]
fn quiet_says_nothing() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let output = scope.kvw(["wait", &scope.key("a"), "-q"]).run();
    output.expect(0);
    assert_eq!(output.stderr, "");
}

#[test]
fn a_key_that_goes_away_ends_the_wait_for_its_absence() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let running = waiting(&scope, &["--absent", &scope.key("a")]);
    scope.delete("a");
    running.wait(PATIENCE).expect(0);
}

#[test]
fn a_value_that_becomes_another_ends_the_wait_for_either() {
    let scope = Agent::shared();
    scope.put("a", "-1");
    let key = scope.key("a");
    let equals = waiting(&scope, &["--equals", &format!("{key}=--two")]);
    let differs = waiting(&scope, &["--not-equals", &key, "-1"]);
    let matches = waiting(&scope, &["--matches", &key, "^--t.o$"]);
    scope.put("a", "--two");
    for running in [equals, differs, matches] {
        running.wait(PATIENCE).expect(0);
    }
}

#[test]
fn a_write_after_an_index_is_a_change_and_one_before_is_not() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let key = scope.key("a");
    let index = scope.entry("a").unwrap()["ModifyIndex"].to_string();
    let earlier = scope.kvw(["wait", "--changed-since", &key, "1"]).run();
    earlier.expect(0);
    let running = waiting(&scope, &["--changed-since", &key, &index]);
    scope.put("a", "2");
    running.wait(PATIENCE).expect(0);
    scope.delete("a");
    scope
        .kvw(["wait", "--changed-since", &key, &index])
        .run()
        .expect(0);
}

#[test]
fn all_conditions_have_to_hold_at_once() {
    let scope = Agent::shared();
    let (a, b) = (scope.key("a"), scope.key("b"));
    scope.put("b", "1");
    let mut running = waiting(&scope, &[&a, "--absent", &b, "-o", "json"]);
    scope.put("a", "1");
    assert!(running.silent_for(SILENCE));
    scope.delete("b");
    let output = running.wait(PATIENCE);
    output.expect(0);
    let Met { met, entries } = parse_document(&output.text());
    assert!(met);
    let names: Vec<_> = entries.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(names, [a.as_str()]);
    assert_eq!(entries[0].value.as_deref(), Some("1"));
}

#[test]
fn any_condition_is_enough_with_any() {
    let scope = Agent::shared();
    let (a, b) = (scope.key("a"), scope.key("b"));
    let running = waiting(&scope, &[&a, "--equals", &b, "x", "--any", "-o", "text"]);
    scope.put("b", "x");
    let output = running.wait(PATIENCE);
    output.expect(0);
    assert_eq!(output.text(), format!("{b}:x\n"));
}

#[test]
fn when_time_is_up_what_does_not_hold_is_named_and_the_exit_is_one() {
    let scope = Agent::shared();
    scope.put("b", "secret");
    let (a, b) = (scope.key("a"), scope.key("b"));
    let args = ["wait", &a, "--equals", &b, "x", "--timeout", "200ms"];
    let started = Instant::now();
    let output = scope.kvw(args).run();
    assert!(started.elapsed() >= Duration::from_millis(200));
    output.expect(1);
    let unmet = [format!("{a} does not exist"), format!("{b} is not 'x'")];
    output.says(&[&format!("error: timed out: {}", unmet.join(", "))]);
    assert!(!output.stderr.contains("secret"), "{output}");
    assert_eq!(output.text(), "");
    let output = scope.kvw(args).args(["-o", "json"]).run();
    output.expect(1);
    let answer: Unmet = parse_document(&output.text());
    assert!(!answer.met);
    assert_eq!(answer.unmet, unmet);
}

#[test]
fn no_time_at_all_is_one_look() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let (a, b) = (scope.key("a"), scope.key("b"));
    // A look takes its time, but a wait of none must still have had one.
    scope.kvw(["wait", &a, "--timeout", "0"]).run().expect(0);
    scope.kvw(["wait", &b, "--timeout", "0"]).run().expect(1);
}

#[test]
fn a_wait_outlives_an_outage_and_says_it_once() {
    let mut agent = Agent::own();
    let mut running = agent.kvw(["wait", "a"]).spawn();
    running.err_line_with("waiting for a to exist");
    agent.kill();
    running.err_line_with("retrying");
    agent.start();
    agent.http("PUT", "/v1/kv/a", b"1");
    let output = running.wait(PATIENCE);
    output.expect(0);
    assert_eq!(output.stderr.matches("retrying").count(), 1, "{output}");
    assert_eq!(
        output.stderr.matches("Consul is available again").count(),
        1,
        "{output}"
    );
}

#[test]
fn when_time_is_up_in_an_outage_nobody_knows_and_the_exit_is_three() {
    let output = Kvw::at("127.0.0.1:1")
        .args(["wait", "a", "--timeout", "300ms"])
        .run();
    output.expect(3);
    output.says(&[
        "retrying",
        "error: timed out; could not read all keys: a was not seen",
    ]);
}

#[test]
fn wrong_words_are_exit_two() {
    let wrong: [&[&str]; 6] = [
        &["wait"],
        &["wait", "--equals", "a"],
        &["wait", "--matches", "a", "("],
        &["wait", "--changed-since", "a", "x"],
        &["wait", "a//b"],
        &["wait", "a", "--timeout", "5"],
    ];
    for args in wrong {
        let output = Kvw::at("127.0.0.1:1").args(args).run();
        output.expect(2);
        assert_eq!(output.text(), "");
    }
}

#[test]
fn a_bad_regular_expression_is_named_in_one_line() {
    let output = Kvw::at("127.0.0.1:1")
        .args(["wait", "--matches", "a", "x("])
        .run();
    output.expect(2).one_line();
    output.says(&["'x(' is not a regular expression: unclosed group"]);
}

#[test]
fn a_key_that_no_url_can_carry_is_waited_for_too() {
    let scope = Agent::shared();
    let key = format!("{}a//b", scope.prefix());
    let running = waiting(&scope, &["--exact-key", &key, "-o", "text"]);
    let body = serde_json::json!([{"KV": {"Verb": "set", "Key": key, "Value": "MQ=="}}]);
    let response = scope.http("PUT", "/v1/txn", body.to_string().as_bytes());
    assert_eq!(response.status(), 200);
    let output = running.wait(PATIENCE);
    output.expect(0);
    assert_eq!(output.text(), format!("{key}:1\n"));
}
