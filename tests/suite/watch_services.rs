//! `kvw watch`: handlers that start daemons, log through a pipe or are stopped; services that end by
//! themselves; signals that are passed on.

use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::harness::{
    Agent, Faulty, Kvw, PATIENCE, Running, SECOND_SIGNAL, SILENCE, is_alive, not_tried, programs,
    send_signal, wait_for, wait_for_exit, wait_for_text,
};

/// Has a program of the system, or says what was not tried without it.
fn has(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program} >/dev/null")])
        .status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        not_tried(&format!("{program} is not installed"));
    }
    found
}

#[test]
fn a_daemon_that_leaves_the_group_after_its_handler_has_returned_lives_on() {
    if !has("setsid") {
        return;
    }
    let scope = Agent::shared();
    // As daemon(3) does it, but slowly: the parent ends, and the child leaves the group later.
    let daemon = "exec >/dev/null 2>&1 </dev/null; \
                  (sleep 0.2; exec setsid sh -c 'echo $$ > pid; exec sleep 1000') & exit 0";
    let mut running = scope.watch(&["--exec", daemon]).spawn();
    let handled = running.err_line_with("handled in");
    assert!(!handled.contains("killed"), "{handled}");
    let pid: u32 = wait_for_text(&running.home().join("pid"))
        .trim()
        .parse()
        .unwrap();
    assert!(is_alive(pid));
    running.stop();
    assert!(is_alive(pid));
    send_signal("KILL", pid);
}

/// What kvw has seen for this long, its guard knows. The time itself is what has to pass.
const KNOWN_TO_THE_GUARD: Duration = Duration::from_millis(500);

/// The ways out of the process group of a handler. Each line starts a process, waits until its id is in
/// the file `pid`, and leaves it.
fn ways_out_of_the_group() -> Vec<(&'static str, String)> {
    let daemon = "sh -c 'echo $$ >pid; exec sleep 1000' </dev/null >/dev/null 2>&1";
    let up = "until [ -s pid ]; do sleep 0.02; done";
    let mut ways = Vec::new();
    if has("setsid") {
        ways.push(("setsid", format!("setsid {daemon} & {up}")));
        ways.push(("env -i", format!("env -i setsid {daemon} & {up}")));
        ways.push((
            "double fork",
            format!("(env -i setsid -f {daemon} &) & {up}"),
        ));
    }
    if has("bash") {
        let line = format!(
            "bash -c 'set -m; {} &' </dev/null",
            daemon.replace('\'', "'\\''")
        );
        ways.push(("setpgid", format!("{line}; {up}")));
    }
    ways
}

fn daemon_of(running: &Running) -> u32 {
    let text = wait_for_text(&running.home().join("pid"));
    text.trim().parse().unwrap()
}

#[test]
fn a_daemon_that_is_kept_lives_on_through_runs_and_ends_of_kvw() {
    for (way, line) in ways_out_of_the_group() {
        for end in ["TERM", "KILL"] {
            let scope = Agent::shared();
            let handler = format!("[ -e pid ] || {{ {line}; }}; echo $KVW_REASON");
            let mut running = scope.watch(&["--exec", &handler]).spawn();
            assert_eq!(running.line(), "initial", "{way}");
            running.err_line_with("handled in");
            let daemon = daemon_of(&running);
            scope.put("a", "1");
            assert_eq!(running.line(), "change", "{way}");
            running.err_line_with("handled in");
            assert!(is_alive(daemon), "{way}");
            running.signal(end);
            running.wait(PATIENCE);
            assert!(is_alive(daemon), "{way}, {end}");
            send_signal("KILL", daemon);
        }
    }
}

#[test]
fn a_daemon_that_is_ended_has_its_time_and_is_gone_when_its_run_is_over() {
    for (way, line) in ways_out_of_the_group() {
        let scope = Agent::shared();
        let mut running = scope
            .watch(&["--daemons", "end", "--linger", "100ms", "--exec", &line])
            .spawn();
        running.err_line_with("1 process it left behind was killed");
        assert!(!is_alive(daemon_of(&running)), "{way}");
    }
}

#[test]
fn a_service_is_gone_with_its_daemons_before_its_next_start_and_when_kvw_ends() {
    for (way, line) in ways_out_of_the_group() {
        let scope = Agent::shared();
        let alive = "[ ! -e pid ] || ! kill -0 $(cat pid) 2>/dev/null || echo alive; rm -f pid";
        let service = format!("{alive}; {line}; echo up; exec sleep 1000");
        let mut running = scope
            .watch(&["--on-busy", "restart", "--exec", &service])
            .spawn();
        assert_eq!(running.line(), "up", "{way}");
        let first = daemon_of(&running);
        scope.put("a", "1");
        assert_eq!(running.line(), "up", "{way}");
        assert!(!is_alive(first), "{way}");
        let second = daemon_of(&running);
        assert!(is_alive(second), "{way}");
        running.stop();
        assert!(!is_alive(second), "{way}");
    }
}

#[test]
fn a_daemon_that_ignores_term_is_killed_after_the_stop_timeout_or_by_a_second_signal() {
    if !has("setsid") {
        return;
    }
    for second_signal in [false, true] {
        let scope = Agent::shared();
        let service = "setsid sh -c 'trap \"\" TERM; echo $$ >pid; while :; do sleep 0.1; done' \
                       </dev/null >/dev/null 2>&1 & until [ -s pid ]; do sleep 0.02; done; \
                       echo up; exec sleep 1000";
        let time = if second_signal { "1h" } else { "300ms" };
        let mut running = scope
            .watch(&["--on-busy", "restart", "--stop-timeout", time])
            .args(["--exec", service])
            .spawn();
        assert_eq!(running.line(), "up");
        let daemon = daemon_of(&running);
        let service = programs(running.pid()).pop().unwrap();
        running.signal("TERM");
        wait_for_exit(service.id);
        if second_signal {
            thread::sleep(SECOND_SIGNAL);
            running.signal("TERM");
        }
        running.wait(PATIENCE);
        wait_for_exit(daemon);
    }
}

#[test]
fn a_killed_kvw_leaves_no_daemon_that_its_guard_knew() {
    for (way, line) in ways_out_of_the_group() {
        let scope = Agent::shared();
        let service = format!("{line}; echo up; exec sleep 1000");
        let mut running = scope
            .watch(&["--on-busy", "restart", "--exec", &service])
            .spawn();
        assert_eq!(running.line(), "up", "{way}");
        let daemon = daemon_of(&running);
        thread::sleep(KNOWN_TO_THE_GUARD);
        running.signal("KILL");
        running.wait(PATIENCE);
        wait_for_exit(daemon);
    }
}

#[test]
fn the_daemons_of_one_service_live_on_when_another_is_restarted() {
    for (way, line) in ways_out_of_the_group() {
        // One whose origin is hidden ends when no other run is left, at the latest.
        let is_hidden = way == "double fork";
        let scope = Agent::shared();
        let service = |name: &str| {
            let line = line.replace("pid", &format!("{name}.pid"));
            let line = format!("rm -f {name}.pid; {line}; echo {name}; exec sleep 1000");
            format!("{}{name}={line}", scope.prefix())
        };
        let mut running = scope
            .watch(&["--on-busy", "restart"])
            .args(["--route", &service("a"), "--route", &service("b")])
            .spawn();
        let mut up = [running.line(), running.line()];
        up.sort_unstable();
        assert_eq!(up, ["a", "b"], "{way}");
        let daemon = |name: &str| {
            let text = wait_for_text(&running.home().join(format!("{name}.pid")));
            text.trim().parse::<u32>().unwrap()
        };
        let (a, b) = (daemon("a"), daemon("b"));
        thread::sleep(KNOWN_TO_THE_GUARD);
        scope.put("a", "1");
        assert_eq!(running.line(), "a", "{way}");
        assert_eq!(is_alive(a), is_hidden, "{way}");
        assert!(is_alive(b), "{way}");
        running.stop();
        assert!(!is_alive(a), "{way}");
        assert!(!is_alive(b), "{way}");
    }
}

#[test]
fn a_process_that_was_there_before_kvw_in_the_same_place_is_none_of_its_own() {
    let scope = Agent::shared();
    let before = r#"setsid sh -c 'echo $$ >pid; exec sleep 1000' </dev/null >/dev/null 2>&1 &
                    until [ -s pid ]; do sleep 0.02; done; exec "$0" "$@""#;
    if !has("setsid") {
        return;
    }
    let mut running = scope
        .watch(&["--on-busy", "restart", "--exec", "echo up; exec sleep 1000"])
        .under(["sh", "-c", before])
        .spawn();
    assert_eq!(running.line(), "up");
    let other = daemon_of(&running);
    scope.put("a", "1");
    assert_eq!(running.line(), "up");
    running.stop();
    assert!(is_alive(other));
    send_signal("KILL", other);
}

#[test]
fn a_log_writer_behind_a_pipe_reads_to_its_end() {
    if !has("bash") {
        return;
    }
    let scope = Agent::shared();
    let script = "exec > >(sleep 0.1; exec cat > log) 2>&1\necho started; echo finished";
    let mut running = scope.watch(&["--", "bash", "-c", script]).spawn();
    running.err_line_with("handled in");
    let log = wait_for_text(&running.home().join("log"));
    assert_eq!(log.trim_end(), "started\nfinished");
}

#[test]
fn what_stays_in_the_group_is_ended_before_the_next_run_and_counted() {
    let scope = Agent::shared();
    let handler = "sleep 1000 & echo $! > pid; echo run";
    let mut running = scope
        .watch(&["--linger", "100ms", "--exec", handler])
        .spawn();
    assert_eq!(running.line(), "run");
    let pid: u32 = wait_for_text(&running.home().join("pid"))
        .trim()
        .parse()
        .unwrap();
    running.err_line_with("1 process it left behind was killed");
    assert!(!is_alive(pid));
}

#[test]
fn a_handler_that_returned_in_time_is_not_timed_out_by_what_it_left() {
    let scope = Agent::shared();
    let limits = ["--handler-timeout", "300ms", "--linger", "600ms"];
    let output = scope
        .watch(&["--once", "--exec", "sleep 1000 & exit 0"])
        .args(limits)
        .run();
    output
        .expect(0)
        .says(&["handled in", "1 process it left behind was killed"]);
}

#[test]
fn a_service_that_ends_by_itself_ends_kvw_with_its_status() {
    let scope = Agent::shared();
    let service = |line: &str| scope.watch(&["--on-busy", "restart", "--exec", line]).run();
    service("sleep 0.1; exit 3")
        .expect(3)
        .says(&["the service exited with 3"]);
    service("kill -KILL $$").expect(137);
    let daemon = service("exit 0");
    daemon
        .expect(0)
        .says(&["exited with 0", "must stay in the foreground"]);
}

#[test]
fn a_service_that_cannot_start_has_ended() {
    let scope = Agent::shared();
    let service = |policy: &[&str]| {
        scope
            .watch(&["--on-busy", "restart"])
            .args(policy)
            .args(["--", "/nonexistent/service"])
    };
    let output = service(&[]).run();
    output.expect(127).says(&[
        "the service could not be started: /nonexistent/service",
        "kvw exits with 127",
    ]);
    let mut running = service(&["--on-exit", "restart"]).spawn();
    running.err_line_with("restarting in");
    let mut running = service(&["--on-exit", "wait"]).spawn();
    running.err_line_with("nothing runs now; its changes will be retried with the next batch");
    // Stopped for the terminal, a service has ended too.
    let output = scope
        .watch(&[
            "--on-busy",
            "restart",
            "--exec",
            "kill -TTOU $$; sleep 1000",
        ])
        .run();
    output
        .expect(143)
        .says(&["the service was stopped: it wants the terminal"]);
}

#[test]
fn a_service_that_ends_is_started_again_where_that_is_asked_for() {
    let scope = Agent::shared();
    let mut running = scope
        .watch(&["--on-busy", "restart", "--on-exit", "restart"])
        .args(["--exec", "echo up $KVW_REASON; exit 3"])
        .spawn();
    assert_eq!(running.line(), "up initial");
    running.err_line_with("the service exited with 3");
    assert_eq!(running.line(), "up retry");
}

#[test]
fn a_service_may_end_and_the_next_change_starts_it() {
    let scope = Agent::shared();
    let mut running = scope
        .watch(&[
            "--on-busy",
            "restart",
            "--on-exit",
            "wait",
            "--exec",
            "echo up",
        ])
        .spawn();
    assert_eq!(running.line(), "up");
    running.err_line_with("nothing runs now");
    scope.put("a", "1");
    assert_eq!(running.line(), "up");
}

#[test]
fn on_exit_is_for_services() {
    let scope = Agent::shared();
    let output = scope.watch(&["--on-exit", "wait", "--exec", "true"]).run();
    output.expect(2).says(&["--on-exit", "--on-busy restart"]);
}

#[test]
fn quit_ends_kvw_as_term_does() {
    let scope = Agent::shared();
    let service = "trap 'echo asked; exit' TERM; echo up; while :; do sleep 0.02; done";
    let mut running = scope.watch(&["--exec", service]).spawn();
    assert_eq!(running.line(), "up");
    running.signal("QUIT");
    assert_eq!(running.line(), "asked");
    assert_eq!(running.wait(PATIENCE).signal, Some(3));
}

#[test]
fn signals_that_a_service_reacts_to_are_passed_on() {
    let scope = Agent::shared();
    let service = "for s in USR2 WINCH TTIN TTOU ALRM PROF IO; do trap \"echo got $s\" $s; done; \
                   echo up; while :; do sleep 0.02; done";
    let mut running = scope
        .watch(&["--on-busy", "restart", "--exec", service])
        .spawn();
    assert_eq!(running.line(), "up");
    for signal in ["USR2", "WINCH", "TTIN", "TTOU", "ALRM", "PROF", "IO"] {
        running.signal(signal);
        assert_eq!(running.line(), format!("got {signal}"));
    }
    running.stop();
}

#[test]
fn a_stopped_handler_is_named_and_continued() {
    let scope = Agent::shared();
    let mut running = scope
        .watch(&["--exec", "echo $$; kill -STOP $$; echo on"])
        .spawn();
    running.line();
    running.err_line_with("the handler was stopped by SIGSTOP; it is continued");
    assert_eq!(running.line(), "on");
    running.err_line_with("handled in");
}

#[test]
fn a_handler_that_stops_itself_in_a_loop_is_named_once() {
    let scope = Agent::shared();
    let mut running = scope
        .watch(&["--exec", "while :; do kill -STOP $$; echo on; done"])
        .spawn();
    for _ in 0..3 {
        assert_eq!(running.line(), "on");
    }
    let output = running.stop();
    let said = output.stderr.matches("was stopped by SIGSTOP").count();
    assert_eq!(said, 1, "{}", output.stderr);
}

#[test]
fn a_handler_that_wants_the_terminal_has_failed() {
    let scope = Agent::shared();
    let mut running = scope
        .watch(&["--exec", "kill -TTOU $$; echo never"])
        .spawn();
    running.err_line_with("it wants the terminal, which it does not have");
    assert!(running.silent_for(SILENCE));
}

#[test]
fn a_stop_from_the_terminal_stops_the_handler_too_and_both_go_on() {
    let scope = Agent::shared();
    // The shell itself waits: one that has just called vfork(2) cannot show that it is stopped.
    let handler = "mkfifo go; echo $$; read _ <go; echo on";
    let mut running = scope.watch(&["--exec", handler]).spawn();
    let handler: u32 = running.line().parse().unwrap();
    let state = |id: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        stat.rsplit(')')
            .next()
            .unwrap()
            .trim()
            .chars()
            .next()
            .unwrap()
    };
    running.signal("TSTP");
    let stopped = |id| wait_for("a stop", || (state(id) == 'T').then_some(()));
    stopped(running.pid());
    stopped(handler);
    send_signal("CONT", running.pid());
    std::fs::write(running.home().join("go"), "\n").unwrap();
    assert_eq!(running.line(), "on");
    let handled = running.err_line_with("handled in");
    assert!(!handled.contains("stopped"), "{handled}");
}

#[test]
fn a_start_that_fails_for_a_passing_reason_is_tried_again() {
    let scope = Agent::shared();
    let kvw = scope
        .watch(&["--", "./deployed"])
        .script("deployed", "echo ran");
    let program = kvw.home().join("deployed");
    // As during a deploy: the program is open for writing (ETXTBSY), so it must be no script.
    std::fs::copy("/bin/true", &program).unwrap();
    let writer = std::fs::OpenOptions::new()
        .append(true)
        .open(&program)
        .unwrap();
    let mut running = kvw.spawn();
    let line = running.err_line_with("could not be started");
    assert!(line.contains("retrying in"), "{line}");
    drop(writer);
    running.err_line_with("handled in");
}

#[test]
fn a_stopped_run_that_returned_0_is_handled() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let handler = "trap 'exit 0' TERM; echo up; while :; do sleep 0.02; done";
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let watch = |exec: &str| scope.watch(&["--exec", exec, "--state"]).args([&state]);
    let mut running = watch(handler).spawn();
    assert_eq!(running.line(), "up");
    running.stop();
    // It was handled: the next start has nothing to do.
    let output = watch("echo again").args(["--for", "0"]).run();
    assert_eq!(output.expect(0).text(), "");
}

#[test]
fn a_handler_that_feeds_itself_is_named_once() {
    let scope = Agent::shared();
    let kvw = env!("CARGO_BIN_EXE_kvw");
    let handler = format!("{kvw} put -q {} $$", scope.key("stamp"));
    let mut running = scope
        .watch(&["--debounce", "10ms", "--exec", &handler])
        .spawn();
    let line = running.err_line_with("run by what it writes itself");
    assert!(
        line.contains(&scope.key("stamp")) && line.contains("--exclude"),
        "{line}"
    );
    let output = running.stop();
    assert_eq!(output.stderr.matches("writes itself").count(), 1);
}

#[test]
fn an_interval_runs_the_first_change_at_once_and_loses_none() {
    let scope = Agent::shared();
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    // Before the first run: the handler itself may read the clock late.
    let before = now().as_millis();
    let mut running = scope
        .watch(&["--min-interval", "700ms"])
        .args(["--exec", "echo $(date +%s%N) $KVW_COUNT"])
        .spawn();
    let mut run = || {
        let line = running.line();
        let (time, count) = line.split_once(' ').unwrap();
        let time: u128 = time.parse().unwrap();
        (time / 1_000_000, count.parse::<u32>().unwrap())
    };
    let (_, none) = run();
    assert_eq!(none, 0);
    for name in ["a", "b", "c"] {
        scope.put(name, "1");
    }
    let (second, mut seen) = run();
    assert!(second - before >= 700, "{before} {second}");
    while seen < 3 {
        let (_, more) = run();
        seen += more;
    }
    assert_eq!(seen, 3);
}

#[test]
fn an_interval_holds_between_signals_and_the_last_change_is_signalled() {
    let scope = Agent::shared();
    let service = "trap 'echo hup $(date +%s%N)' HUP; echo up; while :; do sleep 0.02; done";
    let mut running = scope
        .watch(&["--min-interval", "700ms", "--on-busy", "signal"])
        .args(["--exec", service])
        .spawn();
    assert_eq!(running.line(), "up");
    let mut hup = || -> u128 {
        let line = running.line();
        let time: u128 = line["hup ".len()..].parse().unwrap();
        time / 1_000_000
    };
    scope.put("a", "0");
    let first = hup();
    for name in ["a", "b", "c"] {
        scope.put(name, "1");
    }
    let second = hup();
    assert!(second - first >= 600, "{first} {second}");
}

#[test]
fn a_change_runs_the_handler_of_consul_watch_for_every_target_that_has_the_key() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let (folder, key) = (scope.key(""), scope.key("a"));
    let mut running = scope
        .kvw(["watch", &folder, "--key", &key])
        .args(["--stdin", "consul", "--", "cat"])
        .spawn();
    for value in ["MQ==", "Mg=="] {
        let mut documents = [running.line(), running.line()];
        documents.sort();
        assert!(documents[0].starts_with("[{\"Key\""), "{documents:?}");
        assert!(documents[1].starts_with("{\"Key\""), "{documents:?}");
        for document in documents {
            assert!(document.contains(value), "{document}");
        }
        scope.put("a", "2");
    }
}

#[test]
fn a_handler_of_consul_watch_gets_one_targets_document_a_run() {
    let scope = Agent::shared();
    scope.put("a/x", "1");
    scope.put("b", "2");
    let (a, b) = (scope.key("a/"), scope.key("b"));
    let mut running = scope
        .kvw(["watch", &a, &b, "--stdin", "consul", "--", "cat"])
        .spawn();
    let mut documents = [running.line(), running.line()];
    documents.sort();
    assert!(documents[0].starts_with("[{\"Key\""), "{documents:?}");
    assert!(documents[0].contains(&scope.key("a/x")), "{documents:?}");
    assert!(documents[1].starts_with("{\"Key\""), "{documents:?}");
    scope.put("b", "3");
    assert!(running.line().starts_with("{\"Key\""));
}

#[test]
fn a_handler_of_consul_watch_runs_for_a_lock_too() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let session = scope.create_session();
    let key = scope.key("a");
    let mut running = scope.watch(&["--stdin", "consul", "--", "cat"]).spawn();
    assert!(running.line().contains("\"Session\":\"\""));
    scope
        .kvw(["put", &key, "1", "--acquire", "--session", &session])
        .run()
        .expect(0);
    assert!(running.line().contains(&session));
}

#[test]
fn a_held_query_that_is_cut_is_no_outage_and_is_asked_for_less() {
    let kept =
        r#"[{"LockIndex":0,"Key":"a/x","Flags":0,"Value":"MQ==","CreateIndex":5,"ModifyIndex":5}]"#;
    let server = Faulty::script()
        .on("GET /v1/kv/a/?recurse")
        .finds(5, kept)
        .on("GET /v1/kv/a/?recurse&index=5&wait=8000ms")
        .after(std::time::Duration::from_millis(2500))
        .answers(504, "<html><h1>504 Gateway Time-out</h1></html>")
        .on("GET /v1/kv/a/?recurse&index=5&wait=1ms")
        .finds(5, kept)
        .on("GET /v1/kv/a/?recurse&index=5&wait=5000ms")
        .stalls()
        .start();
    let mut running = Kvw::at(server.address())
        .args(["watch", "a/", "--wait", "8s"])
        .spawn();
    let line = running.err_line_with("cuts waits after ");
    assert!(line.contains("s: asking for 5s"), "{line}");
    assert!(!line.contains('<'), "{line}");
    let output = running.stop();
    assert!(
        !output.stderr.contains("no usable answer"),
        "{}",
        output.stderr
    );
}
