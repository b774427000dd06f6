//! `kvw watch`: every policy of a handler, and that no process of one is ever left behind.

use std::fs::File;
use std::io::Read;
use std::process::Command;
use std::thread;

use crate::harness::contract::{ConsulEntry, parse_line};
use crate::harness::{
    Agent, Kvw, PATIENCE, Process, Running, SECOND_SIGNAL, SILENCE, children, is_alive, not_tried,
    processes, programs, send_signal, wait_for, wait_for_exit, wait_for_stop, wait_for_text,
};

/// Runs until it is asked to end, and says so.
const SERVICE: &str =
    "trap 'echo asked; exit' TERM; echo run $KVW_REASON; while :; do sleep 0.02; done";

fn guard_of(kvw: u32) -> u32 {
    wait_for("the guard", || {
        let mut children = children(kvw).into_iter();
        children
            .find(|child| child.name == "handler-guard")
            .map(|child| child.id)
    })
}

#[test]
fn restart_stops_what_runs_and_runs_it_with_what_came() {
    let scope = Agent::shared();
    let mut running = scope
        .watch(&["--on-busy", "restart", "--exec", SERVICE])
        .spawn();
    assert_eq!(running.line(), "run initial");
    scope.put("a", "1");
    assert_eq!(running.line(), "asked");
    assert_eq!(running.line(), "run change");
    running.signal("TERM");
    assert_eq!(running.wait(PATIENCE).signal, Some(15));
}

#[test]
fn restart_does_not_wait_longer_than_the_stop_timeout() {
    let scope = Agent::shared();
    let stubborn = "trap 'echo asked' INT; trap '' TERM; \
                    echo run $$; while :; do sleep 0.02; done";
    let stop = ["--stop-signal", "INT", "--stop-timeout", "300ms"];
    let mut running = scope
        .watch(&["--on-busy", "restart", "--exec", stubborn])
        .args(stop)
        .spawn();
    let first: u32 = running.line()["run ".len()..].parse().unwrap();
    scope.put("a", "1");
    assert_eq!(running.line(), "asked");
    assert!(running.line().starts_with("run "));
    assert!(!is_alive(first));
}

#[test]
fn signal_tells_the_handler_and_starts_no_other() {
    for (flags, name) in [(&[][..], "HUP"), (&["--signal", "USR2"], "USR2")] {
        let scope = Agent::shared();
        let reload = format!("trap 'echo reload' {name}; echo up; while :; do sleep 0.02; done");
        let mut running = scope
            .watch(&["--on-busy", "signal", "--exec", &reload])
            .args(flags)
            .spawn();
        assert_eq!(running.line(), "up");
        for value in ["1", "2"] {
            scope.put("a", value);
            assert_eq!(running.line(), "reload");
            running.err_line_with("signal sent to the handler");
        }
        assert!(running.silent_for(SILENCE));
    }
}

#[test]
fn signal_runs_a_handler_that_has_ended_again() {
    let scope = Agent::shared();
    let mut running = scope
        .watch(&["--on-busy", "signal", "--exec", "echo $KVW_REASON"])
        .spawn();
    assert_eq!(running.line(), "initial");
    running.err_line_with("handled in");
    scope.put("a", "1");
    assert_eq!(running.line(), "change");
}

#[test]
fn drop_forgets_what_comes_while_the_handler_runs() {
    let scope = Agent::shared();
    let slow = "echo \"run $KVW_KEYS\"; while ! [ -e go ]; do sleep 0.02; done";
    let mut running = scope.watch(&["--on-busy", "drop", "--exec", slow]).spawn();
    assert_eq!(running.line(), "run ");
    scope.put("lost", "1");
    running.err_line_with("dropped because the handler is busy");
    File::create(running.home().join("go")).unwrap();
    running.err_line_with("handled in");
    scope.put("seen", "1");
    assert_eq!(running.line(), format!("run {}", scope.key("seen")));
}

#[test]
fn retry_runs_again_without_a_change() {
    let scope = Agent::shared();
    let flaky = "echo $KVW_REASON $KVW_COUNT; [ -e healed ]";
    let mut running = scope
        .watch(&["--on-fail", "retry", "--exec", flaky])
        .spawn();
    assert_eq!(running.line(), "initial 0");
    running.err_line_with("retrying in");
    File::create(running.home().join("healed")).unwrap();
    assert_eq!(running.line(), "retry 0");
    running.err_line_with("retry, 0 keys: handled in");
    assert!(running.silent_for(SILENCE));
}

#[test]
fn exit_passes_the_handlers_status_on() {
    let scope = Agent::shared();
    let run = |args: &[&str]| scope.watch(&["--on-fail", "exit"]).args(args).run();
    run(&["--exec", "exit 7"]).expect(7);
    run(&["--exec", "kill -KILL $$"]).expect(137);
    let missing = run(&["--", "/no/such/program"]);
    missing
        .expect(127)
        .says(&["could not be started: /no/such/program: "]);
    let late = "trap 'exit 0' TERM; while :; do sleep 0.02; done";
    run(&["--handler-timeout", "200ms", "--exec", late]).expect(124);
}

#[test]
fn ignore_counts_a_failure_as_handled() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let failing = "echo $KVW_REASON $KVW_COUNT; exit 1";
    let mut running = scope
        .watch(&["--on-fail", "ignore", "--exec", failing])
        .spawn();
    assert_eq!(running.line(), "initial 1");
    running.err_line_with("counted as handled");
    scope.put("b", "1");
    assert_eq!(running.line(), "change 1");
}

#[test]
fn a_handler_over_its_time_is_ended_with_all_it_started() {
    let scope = Agent::shared();
    let stuck = "(trap '' TERM; sleep 300) & echo $! >pid; echo $KVW_REASON; trap '' TERM; wait";
    let times = ["--handler-timeout", "300ms", "--stop-timeout", "300ms"];
    let mut running = scope.watch(&["--exec", stuck]).args(times).spawn();
    assert_eq!(running.line(), "initial");
    let grandchild = wait_for_text(&running.home().join("pid")).parse().unwrap();
    let said = running.err_line_with("timed out");
    // What it took holds the time to stop too, so it is not the bound.
    assert!(
        said.contains("the handler timed out and was stopped after"),
        "{said}"
    );
    assert!(!is_alive(grandchild));
    scope.put("a", "1");
    assert_eq!(running.line(), "retry");
}

#[test]
fn each_runs_once_a_changed_key_and_not_for_the_initial_state() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let show = "echo $KVW_EVENT $KVW_KEY $KVW_OLD_VALUE $KVW_VALUE $KVW_COUNT";
    let mut running = scope.watch(&["--each", "--exec", show]).spawn();
    assert!(running.silent_for(SILENCE));
    scope.put("a", "2");
    scope.put("b", "1");
    let a = format!("update {} 1 2 1", scope.key("a"));
    let b = format!("create {} 1 1", scope.key("b"));
    assert_eq!([running.line(), running.line()], [a, b]);
    scope.delete("a");
    let gone = format!("delete {} 2 1", scope.key("a"));
    assert_eq!(running.line(), gone);
}

#[test]
fn a_splay_puts_a_batch_off_but_not_the_end() {
    let scope = Agent::shared();
    let mut running = scope
        .watch(&["--splay", "24h", "--exec", "echo run"])
        .spawn();
    assert!(running.silent_for(SILENCE));
    let output = running.stop();
    assert_eq!((output.signal, output.text().as_str()), (Some(15), ""));
}

#[test]
fn a_handler_of_consul_watch_works_unchanged() {
    let scope = Agent::shared();
    let args = ["--stdin", "consul", "--exec", "cat; echo $CONSUL_INDEX"];
    let mut prefix = scope.watch(&args).spawn();
    let mut key = scope.kvw(["watch", &scope.key("a")]).args(args).spawn();
    let mut last = 0;
    let mut next = |running: &mut Running| -> String {
        let document = running.line();
        let index: u64 = running.line().parse().unwrap();
        last = index;
        document
    };
    assert_eq!(next(&mut prefix), "null");
    assert_eq!(next(&mut key), "null");
    scope.put("a", "2");
    let one: ConsulEntry = parse_line(&next(&mut key));
    assert_eq!(
        (one.key, one.value.as_deref()),
        (scope.key("a"), Some("Mg=="))
    );
    assert_eq!(
        (one.lock_index, one.flags, one.session.as_str()),
        (0, 0, "")
    );
    next(&mut prefix);
    scope.put("b", "");
    let all: Vec<ConsulEntry> = parse_line(&next(&mut prefix));
    assert_eq!(all.len(), 2);
    assert_eq!(
        (all[1].key.clone(), all[1].value.clone()),
        (scope.key("b"), None)
    );
    let newest = all[1].modify_index;
    scope.delete("a");
    assert_eq!(next(&mut key), "null");
    next(&mut prefix);
    scope.delete("b");
    assert_eq!(next(&mut prefix), "null");
    assert!(
        last > newest,
        "the index of a delete is later than {newest}: {last}"
    );
}

#[test]
fn the_token_is_handed_over_where_that_is_asked_for() {
    let scope = Agent::shared();
    let show = "echo $CONSUL_HTTP_TOKEN $CONSUL_HTTP_AUTH";
    let run = |flags: &[&str]| {
        let kvw = scope.watch(&["--once", "--exec", show]).args(flags);
        kvw.env("CONSUL_HTTP_TOKEN", "mine")
            .env("CONSUL_HTTP_AUTH", "me:pass")
    };
    assert_eq!(run(&[]).ok(), "\n");
    assert_eq!(run(&["--pass-token"]).ok(), "mine me:pass\n");
    assert_eq!(
        run(&["--pass-token", "--token", "flag"]).ok(),
        "flag me:pass\n"
    );
}

#[test]
fn a_busy_route_does_not_keep_another_waiting() {
    let scope = Agent::shared();
    let slow = format!("{}slow/*=echo slow; sleep 300", scope.prefix());
    let mut running = scope
        .watch(&["--initial", "if-changed", "--route", &slow])
        .args(["--exec", "echo rest"])
        .spawn();
    scope.put("slow/a", "1");
    assert_eq!(running.line(), "slow");
    for value in ["1", "2"] {
        scope.put("quick", value);
        assert_eq!(running.line(), "rest");
    }
    let star_stops_at_a_slash = scope.key("slow/deep/a");
    scope.put("slow/deep/a", "1");
    assert_eq!(running.line(), "rest", "{star_stops_at_a_slash}");
}

#[test]
fn a_change_that_no_route_takes_is_said_on_demand() {
    let scope = Agent::shared();
    let route = format!("{}a=echo a", scope.prefix());
    let mut running = scope.watch(&["-v", "--route", &route]).spawn();
    assert_eq!(running.line(), "a");
    scope.put("b", "1");
    running.err_line_with(&format!("{}: no route takes it", scope.key("b")));
    assert!(running.silent_for(SILENCE));
}

#[test]
fn a_watch_without_a_handler_starts_no_process() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let mut running = scope.watch(&["--initial", "run"]).spawn();
    running.line();
    assert!(children(running.pid()).is_empty());
}

#[test]
fn the_guard_outlives_what_stops_kvw_and_not_kvw() {
    let scope = Agent::shared();
    let mut running = scope.watch(&["--exec", "echo up; sleep 300"]).spawn();
    running.line();
    let guard = guard_of(running.pid());
    for signal in ["TERM", "INT", "HUP"] {
        send_signal(signal, guard);
    }
    let sleepers = children(running.pid());
    assert_eq!(sleepers.len(), 2, "guard and handler: {sleepers:?}");
    assert!(is_alive(guard));
    running.signal("KILL");
    running.wait(PATIENCE);
    for process in sleepers {
        wait_for_exit(process.id);
    }
}

/// Waits until kvw has another guard than this one, and returns it.
fn other_guard(kvw: u32, than: u32) -> u32 {
    wait_for("another guard", || {
        let mut children = children(kvw).into_iter();
        let is_new = |child: &Process| child.name == "handler-guard" && child.id != than;
        children.find(is_new).map(|child| child.id)
    })
}

#[test]
fn signals_to_guard_and_kvw_in_any_order_leave_no_handler_and_hang_nothing() {
    // G the guard, K kvw. A kvw that is stopped cannot replace its guard: it is continued in between.
    for order in [
        "STOP G, KILL K",
        "STOP G, TERM K",
        "KILL G, KILL K",
        "KILL G, TERM K",
        "STOP G, KILL G, KILL K",
        "KILL G, STOP G, KILL K",
        "KILL G, KILL G, KILL K",
        "STOP K, STOP G, KILL K",
        "STOP K, KILL K",
        "STOP K, STOP G, CONT K, TERM K",
        "STOP K, KILL G, CONT K, KILL K",
        "STOP K, STOP G, KILL G, CONT K, TERM K",
    ] {
        let scope = Agent::shared();
        let handler = "(sleep 300) & echo up; wait";
        let mut running = scope.watch(&["--exec", handler]).spawn();
        assert_eq!(running.line(), "up", "{order}");
        let kvw = running.pid();
        let mut guard = guard_of(kvw);
        let handlers: Vec<_> = programs(kvw)
            .into_iter()
            .flat_map(|child| [children(child.id), vec![child]].concat())
            .collect();
        assert!(handlers.len() >= 2, "{handlers:?}");
        let mut kvw_runs = true;
        for step in order.split(", ") {
            match step.split_once(' ').unwrap() {
                (signal, "G") => {
                    send_signal(signal, guard);
                    match signal {
                        "KILL" if kvw_runs => guard = other_guard(kvw, guard),
                        "KILL" => wait_for_exit(guard),
                        // kvw continues it.
                        _ => wait_for_stop(guard, !kvw_runs),
                    }
                }
                (signal, _) => {
                    running.signal(signal);
                    match signal {
                        "STOP" => {
                            kvw_runs = false;
                            wait_for_stop(kvw, true);
                        }
                        "CONT" => {
                            kvw_runs = true;
                            wait_for_stop(kvw, false);
                            guard = match is_alive(guard) {
                                true => guard,
                                false => other_guard(kvw, guard),
                            };
                            wait_for_stop(guard, false);
                        }
                        _ => {}
                    }
                }
            }
        }
        running.wait(PATIENCE);
        for process in handlers {
            wait_for_exit(process.id);
        }
        wait_for_exit(guard);
    }
}

#[test]
fn a_guard_that_was_killed_is_replaced() {
    let scope = Agent::shared();
    let handler = "(trap '' TERM; sleep 300) & echo $! >pid; echo $KVW_REASON; \
                   [ $KVW_REASON = initial ] || wait";
    let mut running = scope.watch(&["--exec", handler]).spawn();
    assert_eq!(running.line(), "initial");
    running.err_line_with("handled in");
    let guard = guard_of(running.pid());
    send_signal("KILL", guard);
    wait_for_exit(guard);
    scope.put("a", "1");
    assert_eq!(running.line(), "change");
    assert_ne!(guard_of(running.pid()), guard);
    let grandchild = wait_for_text(&running.home().join("pid")).parse().unwrap();
    running.signal("KILL");
    running.wait(PATIENCE);
    wait_for_exit(grandchild);
}

#[test]
fn a_daemon_that_a_handler_started_lives_on_and_leaves_no_zombie() {
    let scope = Agent::shared();
    let handler = "setsid sh -c 'echo $$ >pid; exec sleep 300' <&- >/dev/null 2>&1 & \
                   while ! [ -s pid ]; do sleep 0.02; done";
    let mut running = scope.watch(&["--exec", handler]).spawn();
    running.err_line_with("handled in");
    let daemon: u32 = wait_for_text(&running.home().join("pid")).parse().unwrap();
    assert!(is_alive(daemon));
    let parent = |process: &Process| process.id == daemon && process.parent == running.pid();
    assert!(processes().iter().any(parent), "its orphan is kvw's");
    send_signal("KILL", daemon);
    wait_for("its reaping", || {
        (!processes().iter().any(|process| process.id == daemon)).then_some(())
    });
}

#[test]
fn a_second_interrupt_kills_the_handler_and_kvw() {
    let scope = Agent::shared();
    let stubborn = "trap 'echo asked' TERM; trap '' INT; echo up; while :; do sleep 0.02; done";
    let mut running = scope
        .watch(&["--stop-timeout", "1h", "--exec", stubborn])
        .spawn();
    assert_eq!(running.line(), "up");
    let group = children(running.pid());
    running.signal("INT");
    assert_eq!(running.line(), "asked");
    // That it is said takes longer than what counts as one signal.
    running.err_line_with("stopping the handler (1h); Ctrl-C again kills it");
    running.signal("INT");
    let output = running.wait(PATIENCE);
    assert_eq!(output.signal, Some(2), "{output}");
    for process in group {
        wait_for_exit(process.id);
    }
}

#[test]
fn a_signal_that_comes_twice_in_a_moment_leaves_the_handler_its_grace() {
    // `timeout` signals its child and then its whole group.
    let scope = Agent::shared();
    let slow_to_end = "trap 'sleep 0.5; echo clean; exit' TERM; while :; do sleep 0.02; done";
    let output = scope
        .watch(&["--exec", slow_to_end])
        .under(["timeout", "1"])
        .run();
    assert_eq!(
        (output.code, output.text().as_str()),
        (124, "clean\n"),
        "{output}"
    );
}

#[test]
fn a_signal_that_is_ignored_from_the_start_stays_so() {
    let scope = Agent::shared();
    let mut running = scope
        .watch(&["--exec", "echo $KVW_REASON"])
        .under(["sh", "-c", r#"trap "" HUP; exec "$0" "$@""#])
        .spawn();
    assert_eq!(running.line(), "initial");
    running.signal("HUP");
    scope.put("a", "1");
    assert_eq!(running.line(), "change");
    assert_eq!(running.stop().signal, Some(15));
}

#[test]
fn a_term_is_obeyed_while_stdout_is_stalled_and_changes_pour_in() {
    let scope = Agent::shared();
    let running = scope
        .watch(&[
            "-o",
            "jsonl",
            "--exec",
            "(trap '' TERM; sleep 300) & echo $! >pid; wait",
        ])
        .under(["sh", "-c", r#"mkfifo out; exec "$0" "$@" >out"#])
        .spawn();
    let fifo = running.home().join("out");
    wait_for("the pipe", || fifo.exists().then_some(()));
    let mut unread = File::open(&fifo).unwrap();
    let grandchild = wait_for_text(&running.home().join("pid")).parse().unwrap();
    // Until the pipe is full, and then some.
    let big = vec![b'x'; 100_000];
    let mut number = 0;
    wait_for("a stalled stdout", || {
        scope.put(
            &format!("big{}", number % 3),
            [&big[..], &[number]].concat(),
        );
        number += 1;
        (rustix::io::ioctl_fionread(&unread).unwrap() >= 60_000).then_some(())
    });
    for value in ["1", "2", "3"] {
        scope.put("more", value);
    }
    running.signal("TERM");
    let output = running.wait(PATIENCE);
    assert_eq!(output.signal, Some(15), "{output}");
    wait_for_exit(grandchild);
    let mut rest = Vec::new();
    unread.read_to_end(&mut rest).unwrap();
}

/// kvw as process 1 of a container; `None`, with the reason printed, where that may not be made.
fn as_first_process(kvw: Kvw) -> Option<Running> {
    let wrapper = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let probe = Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg("true")
        .output();
    match probe {
        Ok(output) if output.status.success() => Some(kvw.under(wrapper).spawn()),
        Ok(output) => {
            let reason = String::from_utf8_lossy(&output.stderr).into_owned();
            not_tried(&format!("kvw as process 1: {reason}"));
            None
        }
        Err(error) => {
            not_tried(&format!("kvw as process 1: unshare: {error}"));
            None
        }
    }
}

#[test]
fn as_process_one_it_reaps_what_it_inherits_and_ends_with_the_signals_code() {
    let scope = Agent::shared();
    // A daemon that ends at once: as a zombie it would stay in the table of this container.
    let handler = "setsid sh -c 'echo >ended.$KVW_REASON' & \
                   while ! [ -s ended.$KVW_REASON ]; do sleep 0.02; done; \
                   echo $KVW_REASON; [ $KVW_REASON = initial ] || exec sleep 300";
    let Some(mut running) = as_first_process(scope.watch(&["--exec", handler])) else {
        return;
    };
    assert_eq!(running.line(), "initial");
    running.err_line_with("handled in");
    let kvw = wait_for("kvw", || children(running.pid()).pop()).id;
    wait_for("an empty table", || {
        let left = children(kvw);
        let guard = |process: &Process| process.name == "handler-guard";
        left.iter().all(guard).then_some(())
    });
    scope.put("a", "1");
    assert_eq!(running.line(), "change");
    send_signal("TERM", kvw);
    let output = running.wait(PATIENCE);
    assert_eq!((output.code, output.signal), (143, None), "{output}");
}

#[test]
fn as_process_one_a_second_signal_ends_it_with_the_signals_code() {
    let scope = Agent::shared();
    let stubborn = "trap 'echo asked' TERM; echo up; while :; do sleep 0.02; done";
    let kvw = scope.watch(&["--stop-timeout", "1h", "--exec", stubborn]);
    let Some(mut running) = as_first_process(kvw) else {
        return;
    };
    assert_eq!(running.line(), "up");
    let kvw = wait_for("kvw", || children(running.pid()).pop()).id;
    send_signal("TERM", kvw);
    assert_eq!(running.line(), "asked");
    thread::sleep(SECOND_SIGNAL);
    send_signal("TERM", kvw);
    let output = running.wait(PATIENCE);
    assert_eq!((output.code, output.signal), (143, None), "{output}");
}
