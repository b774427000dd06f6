//! Blocking queries: what wakes them, what does not, and under which index they answer.

use std::time::{Duration, Instant};

use crate::harness::{Agent, RawHttp, Reply};

/// Long enough that an answer which comes early cannot be one whose time was up.
const LONG: &str = "20s";

/// For what must not wake. Long enough that what a test does meanwhile is done before it is over,
/// on a busy machine too.
const SHORT: &str = "3s";

fn put(agent: &Agent, key: &str, value: &str) {
    RawHttp::connect(&agent.address())
        .ask("PUT", &format!("/v1/kv/{key}"), value)
        .is(200, "true");
}

fn delete(agent: &Agent, path: &str) {
    RawHttp::connect(&agent.address())
        .ask("DELETE", &format!("/v1/kv/{path}"), "")
        .is(200, "true");
}

fn index(agent: &Agent, path: &str) -> u64 {
    RawHttp::connect(&agent.address())
        .ask("GET", path, "")
        .index()
}

/// A blocking query, sent. It may look before or after what the test does next: the assertions
/// hold either way, and most runs see it waiting.
fn block(agent: &Agent, path: &str, since: u64, wait: &str) -> RawHttp {
    let mut wire = RawHttp::connect(&agent.address());
    let joint = if path.contains('?') { '&' } else { '?' };
    wire.send(format!(
        "GET {path}{joint}index={since}&wait={wait} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ));
    wire
}

/// The answer, which must come long before the wait is over.
#[track_caller]
fn woken(mut wire: RawHttp) -> Reply {
    wire.stream()
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    wire.reply()
}

/// The answer, which must come with the end of [`SHORT`].
#[track_caller]
fn timed_out(mut wire: RawHttp, since: Instant) -> Reply {
    let reply = wire.reply();
    assert!(
        since.elapsed() >= Duration::from_secs(3),
        "woken: {reply:?}"
    );
    reply
}

#[test]
fn a_change_of_the_key_wakes_its_reader() {
    let agent = Agent::own();
    put(&agent, "a", "1");
    let first = index(&agent, "/v1/kv/a");
    let waiting = block(&agent, "/v1/kv/a?raw", first, LONG);
    put(&agent, "a", "2");
    let reply = woken(waiting).is(200, "2");
    let second = reply.index();
    assert!(second > first);
    let waiting = block(&agent, "/v1/kv/a", second, LONG);
    put(&agent, "a?flags=7", "2");
    let third = woken(waiting);
    assert_eq!(third.entry()["Flags"], 7);
    let waiting = block(&agent, "/v1/kv/a", third.index(), LONG);
    delete(&agent, "a");
    assert!(woken(waiting).is(404, "").index() > third.index());
}

#[test]
fn a_reader_of_a_missing_key_sees_it_come() {
    let agent = Agent::own();
    let waiting = block(&agent, "/v1/kv/new?raw", index(&agent, "/v1/kv/new"), LONG);
    put(&agent, "new", "here");
    woken(waiting).is(200, "here");
}

#[test]
fn what_does_not_concern_a_key_does_not_wake_its_reader() {
    let agent = Agent::own();
    put(&agent, "d/a", "1");
    let since = index(&agent, "/v1/kv/d/a");
    let began = Instant::now();
    let waiting = block(&agent, "/v1/kv/d/a?raw", since, SHORT);
    put(&agent, "d/a", "1");
    put(&agent, "d/b", "1");
    put(&agent, "d/aa", "1");
    let mut wire = RawHttp::connect(&agent.address());
    wire.ask("PUT", "/v1/kv/d/a?cas=1", "2").is(200, "false");
    let failing =
        r#"[{"KV":{"Verb":"set","Key":"d/a","Value":"Mg=="}},{"KV":{"Verb":"get","Key":"no"}}]"#;
    assert_eq!(wire.ask("PUT", "/v1/txn", failing).status, 409);
    delete(&agent, "none?recurse");
    let reply = timed_out(waiting, began).is(200, "1");
    assert_eq!(reply.index(), since);
}

#[test]
fn what_happens_below_a_prefix_wakes_its_reader_and_nothing_else_does() {
    let agent = Agent::own();
    put(&agent, "p/a", "1");
    let since = index(&agent, "/v1/kv/p/?recurse");
    let began = Instant::now();
    let waiting = block(&agent, "/v1/kv/p/?recurse", since, SHORT);
    put(&agent, "q", "1");
    put(&agent, "p", "1");
    assert_eq!(timed_out(waiting, began).index(), since);
    for (path, change) in [
        ("/v1/kv/p/?recurse", "p/deep/b"),
        ("/v1/kv/p/?keys&separator=/", "p/deep/b?flags=1"),
        ("/v1/kv/?keys", "elsewhere"),
    ] {
        let since = index(&agent, path);
        let waiting = block(&agent, path, since, LONG);
        put(&agent, change, "1");
        assert!(woken(waiting).index() > since, "{path}");
    }
    let since = index(&agent, "/v1/kv/p/?recurse");
    let waiting = block(&agent, "/v1/kv/p/?recurse", since, LONG);
    let both = r#"[{"KV":{"Verb":"set","Key":"p/x"}},{"KV":{"Verb":"delete","Key":"p/x"}}]"#;
    RawHttp::connect(&agent.address()).ask("PUT", "/v1/txn", both);
    assert!(woken(waiting).index() > since);
}

#[test]
fn a_recursive_delete_above_wakes_readers_of_keys_and_of_the_prefix() {
    let agent = Agent::own();
    put(&agent, "r/s/a", "1");
    let key = block(&agent, "/v1/kv/r/s/a", index(&agent, "/v1/kv/r/s/a"), LONG);
    let prefix = block(
        &agent,
        "/v1/kv/r/s/?recurse",
        index(&agent, "/v1/kv/r/s/?recurse"),
        LONG,
    );
    delete(&agent, "r?recurse");
    let table = index(&agent, "/v1/kv/?keys");
    // No older tombstone stands below `r/s/`, so the index falls back to the table's.
    assert_eq!(woken(key).is(404, "").index(), table);
    assert_eq!(woken(prefix).is(404, "").index(), table);
}

#[test]
fn an_older_tombstone_makes_a_prefix_miss_a_recursive_delete_above() {
    let agent = Agent::own();
    put(&agent, "h/p/one", "1");
    put(&agent, "h/p/two", "1");
    delete(&agent, "h/p/two");
    let since = index(&agent, "/v1/kv/h/p/?recurse");
    let began = Instant::now();
    let waiting = block(&agent, "/v1/kv/h/p/?recurse", since, SHORT);
    delete(&agent, "h/p?recurse");
    let reply = timed_out(waiting, began).is(404, "");
    assert_eq!(reply.index(), since);
    put(&agent, "h/p/one", "1");
    let since = index(&agent, "/v1/kv/h/p/?recurse");
    let began = Instant::now();
    let waiting = block(&agent, "/v1/kv/h/p/?recurse", since, SHORT);
    delete(&agent, "?recurse");
    let reply = timed_out(waiting, began).is(404, "");
    assert!(
        reply.index() < since,
        "the surviving tombstone is older: {reply:?}"
    );
}

#[test]
fn deleting_exactly_the_watched_prefix_wakes() {
    let agent = Agent::own();
    put(&agent, "h/p/one", "1");
    delete(&agent, "h/p/one");
    put(&agent, "h/p/two", "1");
    let since = index(&agent, "/v1/kv/h/p/?recurse");
    let waiting = block(&agent, "/v1/kv/h/p/?recurse", since, LONG);
    delete(&agent, "h/p/?recurse");
    assert!(woken(waiting).is(404, "").index() > since);
}

#[test]
fn an_index_that_is_behind_is_answered_at_once_and_one_ahead_is_not() {
    let agent = Agent::own();
    put(&agent, "k", "1");
    let now = index(&agent, "/v1/kv/k");
    for since in [0, 1, now - 1] {
        assert_eq!(woken(block(&agent, "/v1/kv/k", since, LONG)).index(), now);
    }
    let began = Instant::now();
    let ahead = block(&agent, "/v1/kv/k", u64::MAX, SHORT);
    put(&agent, "k", "2");
    let reply = timed_out(ahead, began);
    assert_eq!(reply.index(), index(&agent, "/v1/kv/k"));
}

#[test]
fn a_wait_gets_up_to_a_sixteenth_of_jitter() {
    let agent = Agent::own();
    put(&agent, "k", "1");
    let now = index(&agent, "/v1/kv/k");
    let began = Instant::now();
    let waiting: Vec<_> = (0..4)
        .map(|_| block(&agent, "/v1/kv/k?raw", now, SHORT))
        .collect();
    for wire in waiting {
        assert_eq!(timed_out(wire, began).is(200, "1").index(), now);
    }
    // Far above 3.1875 s, for slow machines, and far below the default of five minutes.
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn fifty_readers_of_a_key_all_wake() {
    let agent = Agent::own();
    put(&agent, "k", "1");
    let now = index(&agent, "/v1/kv/k");
    let waiting: Vec<_> = (0..50)
        .map(|_| block(&agent, "/v1/kv/k?raw", now, LONG))
        .collect();
    put(&agent, "k", "2");
    for wire in waiting {
        woken(wire).is(200, "2");
    }
}
