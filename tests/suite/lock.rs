//! `kvw lock`: one holder at a time, on whatever happens to it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::contract::{HeldLock, LockState, parse_document, parse_line};
use crate::harness::{
    Agent, Kvw, PATIENCE, SHORT_LEASE, SILENCE, Scope, is_alive, not_tried, wait_for,
    wait_for_exit, wait_for_stop, wait_for_text,
};

const LOCK_FLAGS: u64 = 3_304_740_253_564_472_344;
const SEMAPHORE_FLAGS: u64 = 16_210_313_421_097_356_768;

fn lock(scope: &Scope, args: &[&str]) -> Kvw {
    scope.kvw(["lock", &scope.key("job")]).args(args)
}

/// The sessions of this test, by the name of its lock.
fn sessions(scope: &Scope) -> Vec<serde_json::Value> {
    let answer = scope.http("GET", "/v1/session/list", b"");
    let all: Vec<serde_json::Value> = serde_json::from_slice(answer.body()).unwrap();
    let name = format!("kvw lock {}", scope.key("job"));
    all.into_iter()
        .filter(|session| session["Name"] == *name)
        .collect()
}

fn is_held(scope: &Scope) -> bool {
    scope
        .entry("job/.lock")
        .is_some_and(|entry| entry.get("Session").is_some())
}

fn wait_until_held(scope: &Scope) {
    wait_for("the lock", || is_held(scope).then_some(()));
}

/// A command that writes its process id into the file `pid` and stays, whatever signals it gets.
const STUBBORN: &str = "trap '' TERM INT HUP; echo $$ > pid; while :; do sleep 0.02; done";

#[test]
fn a_command_runs_under_the_lock_and_nothing_is_left_of_it() {
    let scope = Agent::shared();
    let line =
        "echo $KVW_LOCK_KEY $KVW_LOCK_SESSION $KVW_LOCK_FENCE $CONSUL_LOCK_HELD; cat; exit 7";
    let output = lock(&scope, &["--", "sh", "-c", line]).stdin("given").run();
    output.expect(7).says(&["holding", "(fence ", "released"]);
    let text = output.text();
    let words: Vec<_> = text.split_whitespace().collect();
    assert_eq!(
        (words[0], words[3], words[4]),
        (&*scope.key("job"), "true", "given")
    );
    assert!(words[2].parse::<u64>().unwrap() > 0);
    assert_eq!(scope.entry("job/.lock"), None);
    assert_eq!(sessions(&scope), [json!(null); 0]);
    // Quiet, and as a line of a shell.
    let quiet = lock(&scope, &["-q", "--exec", "exit 3"]).run();
    assert_eq!((quiet.code, &*quiet.stderr), (3, ""));
}

#[test]
fn the_key_is_that_of_consul_lock_and_names_the_command_without_its_arguments() {
    let scope = Agent::shared();
    let running = lock(&scope, &["--", "sh", "-c", "sleep 1000 # S3CRET"]).spawn();
    wait_until_held(&scope);
    let entry = scope.entry("job/.lock").unwrap();
    assert_eq!(entry["Flags"], LOCK_FLAGS);
    let session = &sessions(&scope)[0];
    assert_eq!(session["ID"], entry["Session"]);
    assert_eq!(
        (
            &session["TTL"],
            &session["Behavior"],
            &session["NodeChecks"],
            &session["LockDelay"]
        ),
        (
            &json!("15000ms"),
            &json!("release"),
            &json!([]),
            &json!(15_000_000_000_u64)
        )
    );
    let value = String::from_utf8(scope.value("job/.lock").unwrap()).unwrap();
    assert!(
        value.contains("\"command\":\"sh\"") && !value.contains("S3CRET"),
        "{value}"
    );
    let state = lock(&scope, &["--show", "-o", "json"]).ok();
    let state: LockState = parse_document(&state);
    assert_eq!(
        (state.held, &*state.lock_key, &*state.holders[0].value),
        (true, &*scope.key("job/.lock"), &*value)
    );
    let shown = lock(&scope, &["--show"]).ok();
    assert!(
        shown.contains(&format!("(pid {}, sh)", running.pid())),
        "{shown}"
    );
    assert_eq!(running.stop().code, 143);
    let free = lock(&scope, &["--show"]).run();
    assert_eq!(
        free.expect(1).text(),
        format!("{} is free\n", scope.key("job"))
    );
}

#[test]
fn a_command_that_cannot_be_run_ends_as_in_a_shell_and_releases() {
    let scope = Agent::shared();
    lock(&scope, &["--", "no-such-program"]).run().expect(127);
    lock(&scope, &["--", "/"]).run().expect(126);
    assert_eq!(scope.entry("job/.lock"), None);
    let stopped = lock(&scope, &["--exec", "kill -9 $$"]).run();
    stopped.expect(137);
}

#[test]
fn a_lock_that_is_not_free_is_refused_with_its_holder_or_waited_for() {
    let scope = Agent::shared();
    let holder = lock(&scope, &["--", "sleep", "1000"]).spawn();
    wait_until_held(&scope);
    let held = "held by ";
    let refused = lock(&scope, &["--try", "--", "true"]).run();
    refused
        .expect(1)
        .one_line()
        .says(&[held, &format!("pid {}, sleep)", holder.pid())]);
    lock(
        &scope,
        &["--try", "--conflict-exit-code", "75", "--", "true"],
    )
    .run()
    .expect(75);
    let late = lock(&scope, &["--timeout", "300ms", "--", "true"]).run();
    late.expect(1)
        .says(&["waiting for", "timed out after 300ms", held]);
    let mut waiting = lock(&scope, &["--", "echo", "mine"]).spawn();
    waiting.err_line_with("waiting for");
    assert_eq!(sessions(&scope).len(), 2);
    holder.stop();
    let released = Instant::now();
    assert_eq!(waiting.line(), "mine");
    // A clean release is followed at once: no lock delay, no pause.
    assert!(released.elapsed() < Duration::from_secs(2));
    waiting.wait(PATIENCE).expect(0);
    assert_eq!(sessions(&scope).len(), 0);
}

#[test]
fn a_contender_that_is_stopped_leaves_no_session() {
    let scope = Agent::shared();
    let holder = lock(&scope, &["--", "sleep", "1000"]).spawn();
    wait_until_held(&scope);
    let mut waiting = lock(&scope, &["--", "true"]).spawn();
    waiting.err_line_with("waiting for");
    assert_eq!(waiting.stop().signal, Some(15));
    assert_eq!(sessions(&scope).len(), 1);
    holder.stop();
}

#[test]
fn the_fence_grows_from_holder_to_holder_over_deletes_and_kept_keys() {
    let scope = Agent::shared();
    let mut last = 0;
    for args in [
        &[][..],
        &["--keep-key"],
        &[],
        &["--value", "x"],
        &["--keep-key"],
    ] {
        let output = lock(&scope, args)
            .args(["--", "sh", "-c", "echo $KVW_LOCK_FENCE"])
            .ok();
        let fence: u64 = output.trim().parse().unwrap();
        assert!(fence > last, "{fence} after {last}");
        last = fence;
    }
    let kept = scope.entry("job/.lock").unwrap();
    assert_eq!(
        (&kept["Flags"], &kept["Value"]),
        (&json!(LOCK_FLAGS), &json!(null))
    );
}

#[test]
fn a_key_that_is_no_lock_is_not_taken() {
    let scope = Agent::shared();
    scope.put("job/.lock", "someone's");
    let foreign = lock(&scope, &["--", "true"]).run();
    foreign.expect(1).says(&["flags 0", "--exact-key"]);
    assert_eq!(scope.value("job/.lock").unwrap(), b"someone's");
    // It is neither held nor free.
    let shown = lock(&scope, &["--show"]).run();
    shown.expect(2).one_line().says(&["flags 0"]);
    assert_eq!(shown.text(), "");
    lock(&scope, &["--break", "--yes"]).run().expect(2);
    // KEY itself is taken as it is, with its flags, unless it is data.
    scope.put("job", "data");
    for args in [
        &["--exact-key", "--", "true"][..],
        &["--exact-key", "--show"],
    ] {
        let refused = lock(&scope, args).run();
        let exit = if args.len() == 3 { 1 } else { 2 };
        refused
            .expect(exit)
            .one_line()
            .says(&["holds a value and was never locked", "without --exact-key"]);
    }
    assert_eq!(scope.value("job").unwrap(), b"data");
    let election = scope.kvw(["elect", &scope.key("job"), "--", "true"]).run();
    election.expect(1).says(&["never locked"]);
    assert_eq!(scope.value("job").unwrap(), b"data");
    // Who led before has left its value.
    let session = scope.create_session();
    for (what, value) in [("acquire", "leader"), ("release", "leader")] {
        let path = format!("/v1/kv/{}?{what}={session}", scope.key("job"));
        scope.http("PUT", &path, value.as_bytes());
    }
    lock(&scope, &["--exact-key", "--show"]).run().expect(1);
    let exact = lock(&scope, &["--exact-key", "--keep-key", "--", "true"]).run();
    exact.expect(0);
    assert_eq!(scope.entry("job").unwrap()["Flags"], 0);
    // What says nothing may be a lock.
    scope.put("job", "");
    lock(&scope, &["--exact-key", "--", "true"]).run().expect(0);
    let malformed = format!("/v1/kv/{}?flags={SEMAPHORE_FLAGS}", scope.key("bad/.lock"));
    scope.http("PUT", &malformed, b"garbage");
    scope
        .kvw(["lock", &scope.key("bad"), "--show"])
        .run()
        .expect(2)
        .says(&["no semaphore's"]);
    // A semaphore's key has no holder that is seen: taking it would let one in too many.
    let path = format!("/v1/kv/{}?flags={SEMAPHORE_FLAGS}", scope.key("sem/.lock"));
    scope.http("PUT", &path, br#"{"Limit":2,"Holders":{}}"#);
    let key = scope.key("sem/.lock");
    scope
        .kvw(["lock", &key, "--exact-key", "--", "true"])
        .run()
        .expect(1);
    scope
        .kvw(["lock", &scope.key("sem"), "--", "true"])
        .run()
        .expect(1)
        .says(&["it is a semaphore", "hint: --limit N"]);
    let holder = lock(&scope, &["--", "sleep", "1000"]);
    scope.delete("job/.lock");
    let holder = holder.spawn();
    wait_until_held(&scope);
    lock(&scope, &["-n", "2", "--try", "--", "true"])
        .run()
        .expect(1)
        .says(&["it is a lock with one holder", "hint: without --limit"]);
    holder.stop();
}

#[test]
fn a_lock_that_is_taken_away_stops_its_command() {
    let scope = Agent::shared();
    let holder = lock(&scope, &SHORT_LEASE)
        .args(["--", "sleep", "1000"])
        .spawn();
    wait_until_held(&scope);
    lock(&scope, &["--break"]).run().expect(2).says(&["--yes"]);
    let broken = lock(&scope, &["--break", "--yes"]).run();
    broken.expect(0).says(&["broke", "lock delay"]);
    let delayed = Instant::now();
    let lost = holder.wait(PATIENCE);
    lost.expect(1).says(&["lost", "; sleep was stopped"]);
    lock(&scope, &["--try", "--", "true"])
        .run()
        .expect(1)
        .says(&["lock delay"]);
    lock(&scope, &["--", "true"]).run().expect(0);
    assert!(delayed.elapsed() > Duration::from_millis(2500));
    lock(&scope, &["--break", "--yes"])
        .run()
        .expect(1)
        .says(&["not held"]);
    // A key that is deleted by hand frees the lock; its holder stops all the same.
    let holder = lock(&scope, &["--lost-exit-code", "9", "--", "sleep", "1000"]).spawn();
    wait_until_held(&scope);
    scope.delete("job/.lock");
    holder.wait(PATIENCE).expect(9).says(&["it was taken away"]);
}

#[test]
fn the_whole_group_is_gone_before_the_lock_is_released() {
    let scope = Agent::shared();
    let line = format!("({STUBBORN}) & sleep 0.1; cat pid");
    let args = ["--linger", "0", "--stop-timeout", "200ms", "--exec", &line];
    let first = lock(&scope, &args).run();
    first
        .expect(0)
        .says(&["behind, which had to be ended", "released"]);
    let pid: u32 = first.text().trim().parse().unwrap();
    assert!(!is_alive(pid));
}

#[test]
fn the_guard_ends_a_command_whose_kvw_is_stopped_before_the_next_holder_comes() {
    let scope = Agent::shared();
    let holder = lock(&scope, &SHORT_LEASE)
        .args(["--exec", STUBBORN])
        .spawn();
    let pid: u32 = wait_for_text(&holder.home().join("pid")).parse().unwrap();
    holder.signal("STOP");
    wait_for_stop(holder.pid(), true);
    // As an operator would who finds it hanging: the lock is free after its delay.
    lock(&scope, &["--break", "--yes"]).ok();
    // Whoever is stopped cannot take notice of the end: a zombie at most is left.
    let line = format!("sed -n 's/^State:.//p' /proc/{pid}/status; echo ran");
    let next = lock(&scope, &["--exec", &line]).ok();
    assert_eq!(next.replace("Z (zombie)\n", ""), "ran\n");
    assert!(!is_alive(pid));
    holder.signal("CONT");
    holder.wait(PATIENCE).expect(3).says(&["kvw was stopped"]);
}

#[test]
fn a_killed_kvw_takes_its_command_with_it() {
    let scope = Agent::shared();
    let holder = lock(&scope, &["--exec", STUBBORN]).spawn();
    let pid: u32 = wait_for_text(&holder.home().join("pid")).parse().unwrap();
    holder.signal("KILL");
    wait_for_exit(pid);
}

#[test]
fn a_guard_that_is_killed_is_replaced_and_knows_the_deadline() {
    let scope = Agent::shared();
    let holder = lock(&scope, &SHORT_LEASE)
        .args(["--exec", STUBBORN])
        .spawn();
    let pid: u32 = wait_for_text(&holder.home().join("pid")).parse().unwrap();
    let guard = || {
        let mut children = crate::harness::children(holder.pid()).into_iter();
        children.find(|child| child.name == "handler-guard" && child.state != 'Z')
    };
    let first = wait_for("the guard", guard).id;
    crate::harness::send_signal("KILL", first);
    wait_for("another guard", || {
        guard().filter(|guard| guard.id != first)
    });
    holder.signal("STOP");
    wait_for_stop(holder.pid(), true);
    wait_for_exit(pid);
    holder.signal("CONT");
    holder.wait(PATIENCE).expect(3);
}

#[test]
fn an_outage_stops_the_command_in_time_and_a_short_one_does_not() {
    let mut agent = Agent::own();
    let line = "while :; do sleep 0.05; done";
    let args = [
        "lock",
        "job",
        "--ttl",
        "10s",
        "--lock-delay",
        "6s",
        "--stop-timeout",
        "500ms",
    ];
    let mut holder = agent.kvw(args).args(["--exec", line]).spawn();
    holder.err_line_with("holding");
    // The right lasts for 5 s less 0.5 s.
    agent.freeze(true);
    let began = Instant::now();
    holder.err_line_with("no answer from Consul for");
    assert!(began.elapsed() < Duration::from_secs(3));
    agent.freeze(false);
    holder.err_line_with("Consul answers again");
    agent.freeze(true);
    let frozen = Instant::now();
    holder.err_line_with("no answer from Consul for");
    let lost = holder.wait(PATIENCE);
    lost.expect(3)
        .says(&["lost job: no answer from Consul for 4s; sh was stopped"]);
    assert!(frozen.elapsed() < Duration::from_secs(15));
    agent.freeze(false);
    agent.kill();
    let args = ["lock", "job", "--", "true"];
    agent.kvw(args).run().expect(3).one_line();
}

#[test]
fn a_signal_stops_the_command_and_releases() {
    let scope = Agent::shared();
    for (signal, line, code) in [
        (
            "TERM",
            "trap 'exit 5' TERM; echo up; while :; do sleep 0.02; done",
            5,
        ),
        ("INT", "echo up; while :; do sleep 0.02; done", 143),
        ("HUP", "echo up; while :; do sleep 0.02; done", 143),
    ] {
        let mut holder = lock(&scope, &["--exec", line]).spawn();
        assert_eq!(holder.line(), "up");
        holder.signal(signal);
        let ended = holder.wait(PATIENCE);
        ended.expect(code).says(&["released"]);
        assert_eq!(scope.entry("job/.lock"), None);
    }
    let args = [
        "--stop-signal",
        "USR1",
        "--exec",
        "trap 'exit 6' USR1; echo up; while :; do sleep 0.02; done",
    ];
    let mut holder = lock(&scope, &args).spawn();
    assert_eq!(holder.line(), "up");
    holder.stop().expect(6);
}

#[test]
fn without_a_command_the_lock_is_held_until_stdin_ends_or_a_signal_comes() {
    let scope = Agent::shared();
    let output = lock(&scope, &["-o", "json"]).stdin("").run();
    let held: HeldLock = parse_document(&output.expect(0).text());
    assert_eq!(held.key, scope.key("job"));
    assert!(held.fence > 0);
    let mut running = lock(&scope, &["-o", "json"])
        .under(["sh", "-c", r#"mkfifo f && exec "$0" "$@" <> f"#])
        .spawn();
    let held: HeldLock = parse_line(&running.line());
    assert_eq!(scope.entry("job/.lock").unwrap()["Session"], held.session);
    assert!(running.silent_for(SILENCE) && is_held(&scope));
    lock(&scope, &["--break", "--yes"]).ok();
    running.wait(PATIENCE).expect(1).says(&["lost"]);
}

#[test]
fn a_session_of_somebody_else_is_used_and_kept() {
    let scope = Agent::shared();
    let id = scope.create_session();
    let args = ["--session", &id, "--", "sh", "-c", "echo $KVW_LOCK_SESSION"];
    assert_eq!(lock(&scope, &args).ok().trim(), id);
    scope.kvw(["session", "show", &id]).ok();
    let holder = lock(&scope, &["--session", &id, "--", "sleep", "1000"]).spawn();
    wait_until_held(&scope);
    scope.kvw(["session", "destroy", "--yes", &id]).ok();
    holder.wait(PATIENCE).expect(1).says(&["it was taken away"]);
    lock(&scope, &["--session", &id, "--", "true"])
        .run()
        .expect(2)
        .says(&["does not exist"]);
}

#[test]
fn times_without_room_for_an_outage_are_refused_with_the_sum() {
    let lock = |args: &[&str]| Kvw::at("127.0.0.1:1").args(["lock", "k"]).args(args).run();
    let refused = lock(&["--ttl", "10s", "--stop-timeout", "9s", "--", "true"]);
    refused
        .expect(2)
        .one_line()
        .says(&["10s", "- 9s (--stop-timeout)", "- 2s"]);
    for args in [
        &["--ttl", "9s"][..],
        &["--ttl", "25h"],
        &["--lock-delay", "500ms"],
        &["--lock-delay", "61s"],
        &["--try", "--timeout", "1s"],
        &["--exec", " "],
        &["--show", "--break"],
        &["--yes"],
    ] {
        lock(args).expect(2);
    }
}

/// The official client.
pub fn consul() -> Option<PathBuf> {
    let named = ["KVW_TEST_CONSUL", "KVW_TEST_CONSUL_CLIENT"].map(std::env::var_os);
    if let Some(path) = named.into_iter().flatten().next() {
        return Some(path.into());
    }
    let mut version = Command::new("consul");
    let found = version
        .arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_ok_and(|status| status.success()) {
        return Some("consul".into());
    }
    not_tried("consul lock: no consul binary; KVW_TEST_CONSUL_CLIENT names one");
    None
}

#[test]
fn consul_lock_and_kvw_lock_exclude_each_other() {
    let Some(consul) = consul() else { return };
    let scope = Agent::shared();
    let consul = |args: &[&str]| {
        Kvw::program(&consul)
            .env("CONSUL_HTTP_ADDR", scope.address())
            .args(["lock"])
            .args(args)
    };
    let key = scope.key("job");
    let holder = lock(&scope, &["--", "sleep", "1000"]).spawn();
    wait_until_held(&scope);
    consul(&["-timeout=1s", &key, "echo", "no"]).run().expect(1);
    // One that timed out leaves its session for a while.
    let contenders = || {
        let listed = scope.kvw(["session", "list"]).ok();
        let own = format!("at '{key}'");
        let lines = listed.lines().filter(|line| line.ends_with(&own));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = contenders();
    let mut waiting = consul(&[&key, "echo got; sleep 1000"]).spawn();
    wait_for("the session of consul lock", || {
        let mut now = contenders().into_iter();
        now.find(|contender| !before.contains(contender))
    });
    holder.stop();
    assert_eq!(waiting.line(), "got");
    let refused = lock(&scope, &["--try", "--", "true"]).run();
    refused
        .expect(1)
        .one_line()
        .says(&["held by consul lock on"]);
    let mut next = lock(&scope, &["--", "echo", "mine"]).spawn();
    next.err_line_with("waiting for");
    waiting.signal("TERM");
    assert_eq!(next.line(), "mine");
    next.wait(PATIENCE).expect(0);
}

#[test]
fn a_semaphore_has_as_many_holders_as_its_limit_and_its_layout_is_consuls() {
    let scope = Agent::shared();
    let start = || {
        let mut running = lock(&scope, &["-n", "2", "--exec", "echo up; sleep 1000"]).spawn();
        assert_eq!(running.line(), "up");
        running
    };
    let (first, second) = (start(), start());
    let mut third = lock(&scope, &["-n", "2", "--exec", "echo third"]).spawn();
    third.err_line_with("waiting for");
    let full = lock(&scope, &["-n", "2", "--try", "--", "true"]).run();
    full.expect(1).one_line().says(&["held by", " and "]);
    let other = lock(&scope, &["-n", "3", "--try", "--", "true"]).run();
    other.expect(1).says(&["its limit is 2, and --limit is 3"]);
    lock(&scope, &["--try", "--", "true"])
        .run()
        .expect(1)
        .says(&["--limit"]);
    let entry = scope.entry("job/.lock").unwrap();
    assert_eq!(
        (&entry["Flags"], entry.get("Session")),
        (&json!(SEMAPHORE_FLAGS), None)
    );
    let value: serde_json::Value =
        serde_json::from_slice(&scope.value("job/.lock").unwrap()).unwrap();
    assert_eq!(value["Limit"], 2);
    for (session, held) in value["Holders"].as_object().unwrap() {
        assert_eq!(held, true);
        let contender = scope.entry(&format!("job/{session}")).unwrap();
        assert_eq!(contender["Session"], *session);
        assert_eq!(contender["Flags"], SEMAPHORE_FLAGS);
    }
    assert!(
        sessions(&scope)
            .iter()
            .all(|session| session["Behavior"] == "delete")
    );
    let state: LockState = parse_document(&lock(&scope, &["--show", "-o", "json"]).ok());
    assert_eq!(
        (state.limit, state.holders.len(), state.waiting),
        (2, 2, Some(1))
    );
    lock(&scope, &["--break", "--yes"])
        .run()
        .expect(2)
        .says(&["2 holders"]);
    first.stop();
    assert_eq!(third.line(), "third");
    third.wait(PATIENCE).expect(0);
    second.stop();
    let left = scope.http("GET", &format!("/v1/kv/{}?keys", scope.key("job")), b"");
    assert_eq!(left.status(), 404);
}

#[test]
fn the_slot_of_a_holder_that_has_vanished_is_taken_after_its_lock_delay() {
    let scope = Agent::shared();
    let args = ["-n", "2", "--lock-delay", "2s", "--exec"];
    let mut holders: Vec<_> = (0..2)
        .map(|_| lock(&scope, &args).args(["echo up; sleep 1000"]).spawn())
        .collect();
    for holder in &mut holders {
        assert_eq!(holder.line(), "up");
    }
    let state: LockState = parse_document(&lock(&scope, &["--show", "-o", "json"]).ok());
    let mut next = lock(&scope, &args).args(["echo next"]).spawn();
    next.err_line_with("waiting for");
    let began = Instant::now();
    scope
        .kvw(["session", "destroy", "--yes", &state.holders[0].session])
        .ok();
    next.err_line_with("lock delay");
    assert_eq!(next.line(), "next");
    assert!(began.elapsed() >= Duration::from_secs(2));
    next.wait(PATIENCE).expect(0);
    let ended = wait_for("the end of the lost holder", || {
        holders
            .iter_mut()
            .position(crate::harness::Running::has_ended)
    });
    holders
        .remove(ended)
        .wait(PATIENCE)
        .expect(1)
        .says(&["lost"]);
}

#[test]
fn a_semaphore_of_three_never_has_a_fourth_holder_half_of_them_consuls() {
    let scope = Agent::shared();
    let consul = consul();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let line = format!("echo + >> {0}; sleep 0.03; echo - >> {0}", log.display());
    std::thread::scope(|threads| {
        for number in 0..8 {
            let (scope, line, consul) = (&scope, &line, &consul);
            threads.spawn(move || {
                for _ in 0..3 {
                    match consul.as_ref().filter(|_| number % 2 == 0) {
                        Some(consul) => {
                            let lock =
                                Kvw::program(consul).env("CONSUL_HTTP_ADDR", scope.address());
                            lock.args(["lock", "-n=3", &scope.key("job"), line])
                                .run()
                                .expect(0)
                        }
                        None => lock(scope, &["-n", "3", "--exec", line]).run().expect(0),
                    };
                }
            });
        }
    });
    let (mut holders, mut most, mut starts) = (0, 0, 0);
    for line in std::fs::read_to_string(&log).unwrap().lines() {
        match line {
            "+" => (holders, starts) = (holders + 1, starts + 1),
            _ => holders -= 1,
        }
        most = most.max(holders);
    }
    assert_eq!((holders, starts), (0, 24));
    assert!((2..=3).contains(&most), "{most} at once");
}

#[test]
fn the_example_for_cron_runs_its_job_on_one_machine_and_fails_only_with_it() {
    let scope = Agent::shared();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/cron-lock.sh");
    let bin = PathBuf::from(assert_cmd::cargo::cargo_bin!("kvw"));
    let path = format!(
        "{}:{}",
        bin.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let cron = |job: &[&str]| {
        Kvw::program(std::path::Path::new("/bin/sh"))
            .env("PATH", &path)
            .env("CONSUL_HTTP_ADDR", scope.address())
            .args([example, &scope.key("job")])
            .args(job)
            .run()
    };
    assert_eq!(cron(&["echo", "ran"]).expect(0).text(), "ran\n");
    cron(&["sh", "-c", "exit 4"]).expect(4);
    let holder = lock(&scope, &["--", "sleep", "1000"]).spawn();
    wait_until_held(&scope);
    assert_eq!(cron(&["echo", "ran"]).expect(0).text(), "");
    holder.stop();
}

#[test]
fn the_limit_of_a_semaphore_is_changed_where_that_is_asked_for() {
    let scope = Agent::shared();
    let start = |args: &[&str]| {
        let mut running = lock(&scope, args)
            .args(["--exec", "echo up; sleep 1000"])
            .spawn();
        assert_eq!(running.line(), "up");
        running
    };
    let content = || {
        let value = scope.value("job/.lock").unwrap();
        let value: serde_json::Value = serde_json::from_slice(&value).unwrap();
        (
            value["Limit"].as_u64().unwrap(),
            value["Holders"].as_object().unwrap().len(),
        )
    };
    let (first, second) = (start(&["-n", "2"]), start(&["-n", "2"]));
    lock(&scope, &["-n", "3", "--try", "--", "true"])
        .run()
        .expect(1)
        .says(&["its limit is 2, and --limit is 3", "hint: ", "--set-limit"]);
    assert_eq!(content(), (2, 2));
    let mut third = start(&["-n", "3", "--set-limit"]);
    assert_eq!(content(), (3, 3));
    // Lowered below the number of holders: they stay, and nobody comes in.
    let full = lock(&scope, &["-n", "2", "--set-limit", "--try", "--", "true"]).run();
    full.expect(1).one_line().says(&["held by", " and "]);
    assert_eq!(content(), (2, 3));
    assert!(!third.has_ended());
    first.stop();
    let full = lock(&scope, &["-n", "2", "--try", "--", "true"]).run();
    full.expect(1).one_line().says(&["held by"]);
    second.stop();
    lock(&scope, &["-n", "2", "--try", "--", "true"])
        .run()
        .expect(0);
    third.stop();
    lock(&scope, &["--set-limit", "--", "true"]).run().expect(2);
}
