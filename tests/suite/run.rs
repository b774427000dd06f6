//! `kvw run`: the program, its environment, its signals, its end, and what changes do to it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::harness::{
    Agent, Kvw, PATIENCE, Running, SECOND_SIGNAL, SILENCE, Scope, children, is_alive, not_tried,
    wait_for, wait_for_exit, wait_for_file, wait_for_text,
};

/// A server that says what it was started with and which signals it gets.
const SERVER: &str = r#"
trap 'trap "" CONT; echo term; exit 3' TERM
for name in HUP USR1 USR2 QUIT WINCH CONT; do trap "echo $name" $name; done
echo "start $A $B"
while :; do sleep 0.02; done"#;

/// `kvw run` of the test's prefix with [`SERVER`].
fn serve(scope: &Scope, args: &[&str]) -> Running {
    let kvw = scope.kvw(["run", scope.prefix()]).args(args);
    let kvw = kvw.args(["--", "./server"]).script("server", SERVER);
    kvw.spawn()
}

/// `kvw run` of the test's prefix with a line of `sh`.
fn shell(scope: &Scope, args: &[&str], line: &str) -> Kvw {
    let kvw = scope.kvw(["run", scope.prefix()]).args(args);
    kvw.args(["--", "sh", "-c", line])
}

#[test]
fn the_program_gets_keys_stdin_and_arguments_and_its_status_is_kvws() {
    let scope = Agent::shared();
    scope.put("db/host", "h $x\n");
    let line = r#"read line; printf '%s|%s|%s\n' "$line" "$DB_HOST" "$1"; exit 42"#;
    let output = shell(&scope, &[], line)
        .args(["zero", "one"])
        .stdin("typed\n")
        .run();
    output.expect(42);
    assert_eq!(output.text(), "typed|h $x\n|one\n");
    assert_eq!(output.stderr, "");
    for signal in ["KILL", "SEGV", "USR1"] {
        let output = shell(&scope, &[], &format!("kill -s {signal} $$")).run();
        let number = ["KILL", "USR1", "SEGV"]
            .iter()
            .position(|name| *name == signal);
        output.expect(128 + [9, 10, 11][number.unwrap()]);
        assert_eq!(output.signal, None);
    }
}

#[test]
fn what_cannot_be_run_is_said_before_anything_is_run() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let run = |args: &[&str]| scope.kvw(["run", scope.prefix()]).args(args);
    run(&["--", "/none"]).run().expect(127).one_line();
    let file = run(&["--", "./file"]).file("file", "").run();
    file.expect(126).one_line().says(&["not executable"]);
    run(&["--env", "B=none", "--", "true"])
        .run()
        .expect(1)
        .one_line();
    scope.put("path", "1");
    run(&["--", "touch", "ran"]).run().expect(2).one_line();
    for args in [
        &["--signal", "HUP", "--", "true"][..],
        &["--on-change", "exec", "--", "true"],
        &["--change-exec", "x", "--", "true"],
        &["--once", "--on-change", "restart", "--", "true"],
        &["--", ""],
        &["--"],
        &[],
    ] {
        run(args).run().expect(2);
    }
    let output = Kvw::at("127.0.0.1:1")
        .args(["run", "a/", "--", "touch", "ran"])
        .spawn();
    let home = output.home().to_owned();
    output.wait(PATIENCE).expect(3).one_line();
    assert!(!home.join("ran").exists());
}

#[test]
fn credentials_are_withheld_and_keys_win_unless_asked_otherwise() {
    let scope = Agent::shared();
    scope.put("a", "key");
    let run = |args: &[&str]| {
        let kvw = shell(&scope, args, "exec env")
            .env("A", "own")
            .env("OTHER", "x");
        let kvw = kvw
            .env("CONSUL_HTTP_TOKEN", "")
            .env("CONSUL_HTTP_AUTH", "u:s3cret");
        kvw.ok()
    };
    let all = run(&[]);
    assert!(
        all.contains("A=key\n") && all.contains("OTHER=x\n"),
        "{all}"
    );
    assert!(
        all.contains("CONSUL_HTTP_ADDR=") && !all.contains("s3cret"),
        "{all}"
    );
    assert!(run(&["--pass-token"]).contains("CONSUL_HTTP_AUTH=u:s3cret\n"));
    assert!(run(&["--preserve-env"]).contains("A=own\n"));
    let few = run(&["--pristine"]);
    assert!(few.contains("A=key\n") && few.contains("PATH="), "{few}");
    assert!(!few.contains("OTHER") && !few.contains("CONSUL"), "{few}");
}

#[test]
fn a_change_restarts_the_program_and_what_is_none_does_not() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("b", "1");
    scope.put("folder/", "");
    let exclude = scope.key("x");
    let mut running = serve(&scope, &["--exclude", &exclude]);
    assert_eq!(running.line(), "start 1 1");
    // Equal values, other flags, folder keys, keys that are left out.
    scope.put("a", "1");
    scope.http("PUT", &format!("/v1/kv/{}?flags=7", scope.key("a")), b"1");
    scope.put("folder/", "changed");
    scope.put("x", "1");
    assert!(running.silent_for(SILENCE));
    scope.put("b", "2");
    running.err_line_with("restarting ./server: 1 variable changed (B)");
    assert_eq!(running.line(), "term");
    assert_eq!(running.line(), "start 1 2");
    scope.delete("b");
    assert_eq!(running.line(), "term");
    assert_eq!(running.line(), "start 1 ");
    running.signal("TERM");
    let output = running.wait(PATIENCE);
    output.expect(3);
    assert!(output.text().contains("start 1 \nterm\n"), "{output}");
}

#[test]
fn what_is_changed_back_while_the_burst_is_waited_for_is_no_restart() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let mut running = serve(&scope, &["--debounce", "1s"]);
    assert_eq!(running.line(), "start 1 ");
    scope.put("a", "2");
    scope.put("a", "1");
    assert!(running.silent_for(Duration::from_secs(1) + SILENCE));
    running.stop();
}

#[test]
fn a_burst_is_one_restart_and_a_splay_delays_it() {
    let scope = Agent::shared();
    scope.put("a", "0");
    let mut running = serve(&scope, &["--debounce", "1s", "--splay", "50ms"]);
    assert_eq!(running.line(), "start 0 ");
    for n in 1..=20 {
        scope.put("a", n.to_string());
        scope.put("b", n.to_string());
    }
    assert_eq!(running.line(), "term");
    assert_eq!(running.line(), "start 20 20");
    assert!(running.silent_for(SILENCE));
    running.stop();
}

#[test]
fn keys_that_give_no_environment_are_said_once_and_the_program_stays() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let mapped = format!("B={}", scope.key("mapped/b"));
    scope.put("mapped/b", "1");
    let glob = scope.key("mapped/**");
    let mut running = serve(&scope, &["--exclude", &glob, "--env", &mapped]);
    assert_eq!(running.line(), "start 1 1");
    scope.put("path", "/evil");
    let warned = running.err_line_with("gives PATH");
    assert!(warned.starts_with("warning: ") && warned.ends_with("./server keeps its environment"));
    scope.put("path", "/evil/2");
    assert!(running.silent_for(SILENCE));
    // Each change is seen before the next: key and prefix are watched apart.
    scope.delete("path");
    scope.put("a", "2");
    assert_eq!(running.line(), "term");
    assert_eq!(running.line(), "start 2 1");
    scope.delete("mapped/b");
    running.err_line_with("mapped/b does not exist; ./server keeps its environment");
    scope.put("mapped/b", "1");
    assert!(running.silent_for(SILENCE));
    scope.put("mapped/b", "2");
    assert_eq!(running.line(), "term");
    assert_eq!(running.line(), "start 2 2");
    let output = running.stop();
    assert_eq!(output.stderr.matches("gives PATH").count(), 1, "{output}");
}

#[test]
fn an_emptied_prefix_is_no_environment_unless_it_may_be_empty() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let mut running = serve(&scope, &[]);
    assert_eq!(running.line(), "start 1 ");
    scope.http("DELETE", &format!("/v1/kv/{}?recurse", scope.prefix()), b"");
    running.err_line_with("no key starts with");
    assert!(running.silent_for(SILENCE));
    running.stop();
    let mut running = serve(&scope, &["--allow-empty"]);
    assert_eq!(running.line(), "start  ");
    scope.put("a", "1");
    assert_eq!(running.line(), "term");
    assert_eq!(running.line(), "start 1 ");
    running.stop();
}

#[test]
fn signals_reach_the_program_unchanged_and_term_and_int_stop_it() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let mut running = serve(&scope, &[]);
    assert_eq!(running.line(), "start 1 ");
    for name in ["HUP", "USR1", "USR2", "QUIT", "WINCH", "CONT"] {
        running.signal(name);
        assert_eq!(running.line(), name);
    }
    running.signal("INT");
    assert_eq!(running.line(), "term");
    running.wait(PATIENCE).expect(3);
    let mut running = serve(
        &scope,
        &["--stop-signal", "QUIT", "--stop-timeout", "300ms"],
    );
    assert_eq!(running.line(), "start 1 ");
    running.signal("TERM");
    assert_eq!(running.line(), "QUIT");
    // It does not end by that, and is killed.
    running.wait(PATIENCE).expect(137);
    // A program that dies of the signal that kvw got: so does kvw.
    let mut running = shell(&scope, &[], "echo up; exec sleep 60").spawn();
    assert_eq!(running.line(), "up");
    running.signal("TERM");
    assert_eq!(running.wait(PATIENCE).signal, Some(15));
}

#[test]
fn a_second_term_does_not_wait() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let line = "trap 'echo no' TERM; echo up; while :; do sleep 0.02; done";
    let mut running = shell(&scope, &[], line).spawn();
    assert_eq!(running.line(), "up");
    running.signal("TERM");
    assert_eq!(running.line(), "no");
    std::thread::sleep(SECOND_SIGNAL);
    running.signal("TERM");
    running.wait(PATIENCE).expect(137);
}

#[test]
fn ctrl_z_without_a_terminal_stops_program_and_kvw() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let mut running = shell(&scope, &[], "echo $$; exec sleep 60").spawn();
    let program: u32 = running.line().parse().unwrap();
    running.signal("TSTP");
    let is_stopped = |id: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        stat.rsplit(") ").next().unwrap().starts_with('T')
    };
    wait_for("both to stop", || {
        (is_stopped(program) && is_stopped(running.pid())).then_some(())
    });
    running.signal("CONT");
    wait_for("both to continue", || {
        (!is_stopped(program) && !is_stopped(running.pid())).then_some(())
    });
    running.signal("TERM");
    assert_eq!(running.wait(PATIENCE).signal, Some(15));
}

#[test]
fn nothing_is_left_behind_by_a_stop_a_restart_or_a_kill() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let line = "setsid sleep 300 & first=$!; sleep 300 & echo $$ $first $!; wait";
    let ids = |running: &mut Running| {
        let line = running.line();
        let ids = line.split(' ').map(|id| id.parse::<u32>().unwrap());
        ids.collect::<Vec<_>>()
    };
    let mut running = shell(&scope, &["--stop-timeout", "1s"], line).spawn();
    let first = ids(&mut running);
    scope.put("a", "2");
    let second = ids(&mut running);
    assert!(!first.iter().any(|id| is_alive(*id)), "{first:?}");
    running.signal("TERM");
    running.wait(PATIENCE);
    assert!(!second.iter().any(|id| is_alive(*id)), "{second:?}");
    // What has left the group is known to the guard only a moment after its start.
    let line = "sleep 300 & echo $$ $!; wait";
    let mut running = shell(&scope, &[], line).spawn();
    let third = ids(&mut running);
    running.signal("KILL");
    running.wait(PATIENCE);
    for id in third {
        wait_for_exit(id);
    }
}

#[test]
fn what_a_program_leaves_behind_at_its_end_is_ended_and_said() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let line = "trap '' TERM; sleep 300 & echo $!; exit 5";
    let mut running = shell(&scope, &["--stop-timeout", "200ms"], line).spawn();
    let left: u32 = running.line().parse().unwrap();
    let output = running.wait(PATIENCE);
    output.expect(5).says(&["left 1 process behind"]);
    assert!(!is_alive(left));
}

#[test]
fn a_signal_on_change_comes_when_the_file_has_the_new_values_and_never_kills() {
    let scope = Agent::shared();
    scope.put("a", "it's");
    let line = "trap 'cat out.json; ls -l out.json | cut -c1-10' HUP; cat out.json; \
                while :; do sleep 0.02; done";
    let args = ["--on-change", "signal", "--write", "out.json"];
    let mut running = shell(&scope, &args, line).spawn();
    assert_eq!(running.line(), r#"{"A":"it's"}"#);
    scope.put("b", "2");
    running.err_line_with("sending sh HUP: 1 variable changed (B)");
    assert_eq!(running.line(), r#"{"A":"it's","B":"2"}"#);
    assert_eq!(running.line(), "-rw-------");
    scope.put("b", "2");
    assert!(running.silent_for(SILENCE));
    // A value that the file cannot hold.
    scope.put("b", b"\xff");
    running.err_line_with("not UTF-8");
    assert!(running.silent_for(SILENCE));
    running.signal("TERM");
    running.wait(PATIENCE).expect(143);
    // NAME=VALUE lines, and another signal.
    let line = "trap 'cat app.env' USR2; cat app.env; while :; do sleep 0.02; done";
    scope.put("b", "2 3");
    let args = [
        "--on-change",
        "signal",
        "--signal",
        "USR2",
        "--write",
        "app.env",
    ];
    let mut running = shell(&scope, &args, line).spawn();
    assert_eq!([running.line(), running.line()], ["A=\"it's\"", "B='2 3'"]);
    scope.put("b", "4");
    assert_eq!([running.line(), running.line()], ["A=\"it's\"", "B=4"]);
    running.stop();
}

#[test]
fn a_file_that_cannot_be_written_is_said_once_and_no_signal_is_sent() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let line = "trap 'echo hup' HUP; echo up; while :; do sleep 0.02; done";
    let args = ["--on-change", "signal", "--write", "none/x.env"];
    let output = shell(&scope, &args, line).run();
    output.expect(2).one_line().says(&["none/x.env"]);
    assert_eq!(output.text(), "");
    let args = ["--on-change", "signal", "--write", "folder/x.env"];
    let kvw = shell(&scope, &args, line);
    let folder = kvw.home().join("folder");
    std::fs::create_dir(&folder).unwrap();
    let mut running = kvw.spawn();
    assert_eq!(running.line(), "up");
    std::fs::rename(&folder, folder.with_extension("away")).unwrap();
    scope.put("a", "2");
    running.err_line_with("folder/x.env");
    assert!(running.silent_for(SILENCE));
    std::fs::rename(folder.with_extension("away"), &folder).unwrap();
    assert_eq!(running.line(), "hup");
    assert_eq!(
        std::fs::read_to_string(folder.join("x.env")).unwrap(),
        "A=2\n"
    );
    running.stop();
}

#[test]
fn a_command_on_change_runs_beside_the_program() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let args = [
        "--on-change",
        "exec",
        "--change-exec",
        "echo changed $A; exit $A",
    ];
    let mut running = serve(&scope, &args);
    assert_eq!(running.line(), "start 1 ");
    scope.put("a", "2");
    assert_eq!(running.line(), "changed 2");
    running.err_line_with("warning: --change-exec exited with 2");
    scope.put("a", "0");
    assert_eq!(running.line(), "changed 0");
    running.signal("TERM");
    assert_eq!(running.line(), "term");
    running.wait(PATIENCE).expect(3);
}

#[test]
fn exit_on_change_leaves_with_the_status_and_ignore_does_not_watch() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let mut running = serve(&scope, &["--on-change", "exit"]);
    assert_eq!(running.line(), "start 1 ");
    scope.put("a", "2");
    assert_eq!(running.line(), "term");
    running
        .wait(PATIENCE)
        .expect(3)
        .says(&["stopping ./server: 1 variable changed (A)"]);
    for args in [&["--once"][..], &["--on-change", "ignore"]] {
        let mut running = serve(&scope, args);
        assert!(running.line().starts_with("start "));
        scope.put("a", args.len().to_string());
        assert!(running.silent_for(SILENCE));
        running.stop();
    }
}

#[test]
fn an_outage_changes_nothing_and_is_said_once() {
    let mut agent = Agent::own();
    agent.http("PUT", "/v1/kv/app/a", b"1");
    let kvw = agent.kvw(["run", "app/", "--", "./server"]);
    let mut running = kvw.script("server", SERVER).spawn();
    assert_eq!(running.line(), "start 1 ");
    agent.kill();
    running.err_line_with("retrying");
    agent.start();
    // The embedded agent has forgotten everything, a real Consul nothing: no delete in either case.
    agent.http("PUT", "/v1/kv/app/a", b"1");
    running.err_line_with("available again");
    assert!(running.silent_for(SILENCE));
    agent.http("PUT", "/v1/kv/app/a", b"2");
    assert_eq!(running.line(), "term");
    assert_eq!(running.line(), "start 2 ");
    let output = running.stop();
    assert_eq!(output.stderr.matches("; retrying").count(), 1, "{output}");
}

#[test]
fn lost_rights_change_nothing_and_are_said_once() {
    use crate::harness::{AclAgent, prefix_rules};
    let Some(agent) = AclAgent::start() else {
        return;
    };
    agent.put("app/a", "1");
    agent.put("app/b", "1");
    let policy = agent.create_policy(&prefix_rules("read", &["app/"]));
    let token = agent.create_token(&policy);
    let kvw = agent.kvw(["run", "app/", "--wait", "1s", "--", "./server"]);
    let kvw = kvw.env("CONSUL_HTTP_TOKEN", &token.secret);
    let mut running = kvw.script("server", SERVER).spawn();
    assert_eq!(running.line(), "start 1 1");
    agent.set_rules(&policy, &prefix_rules("read", &["app/a"]));
    running.err_line_with("may no longer read app/b");
    assert!(running.silent_for(SILENCE));
    agent.set_rules(&policy, &prefix_rules("read", &["app/"]));
    running.err_line_with("read permission restored");
    agent.delete("app/b");
    assert_eq!(running.line(), "term");
    assert_eq!(running.line(), "start 1 ");
    running.stop();
}

#[test]
fn a_program_that_wants_a_terminal_and_has_none_is_stopped() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let output = shell(&scope, &[], "kill -TTIN $$; echo never").run();
    output.expect(143).says(&["wants the terminal"]);
}

#[test]
fn a_shell_on_a_terminal_has_it_and_gives_it_back() {
    let scope = Agent::shared();
    scope.put("a", "from-consul");
    let kvw = assert_cmd::cargo::cargo_bin!("kvw").display();
    let line = format!(
        "'{kvw}' run {} -- bash --norc --noprofile; echo back $?",
        scope.prefix()
    );
    let kvw = scope.kvw([]).env("PS1", "prompt> ");
    let mut terminal = kvw.terminal(&line);
    terminal.screen_up_to("prompt> ");
    terminal.press("echo \"<$A>\"\n");
    terminal.screen_up_to("<from-consul>");
    // Ctrl-C ends what runs in the shell, and neither the shell nor kvw.
    terminal.press("sh -c 'echo began; exec sleep 300'\n");
    terminal.screen_up_to("\nbegan");
    terminal.press("\x03");
    terminal.screen_up_to("prompt> ");
    // Ctrl-Z stops it, and the shell brings it back.
    terminal.press("sh -c 'echo began; exec sleep 301'\n");
    terminal.screen_up_to("\nbegan");
    terminal.press("\x1a");
    terminal.screen_up_to("Stopped");
    terminal.press("kill %1; exit 6\n");
    terminal.screen_up_to("exit 6");
    // A shell with jobs asks once.
    terminal.press("exit 6\n");
    terminal.screen_up_to("back 6");
}

#[test]
fn ctrl_c_and_ctrl_z_on_a_terminal_are_the_programs() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let kvw = assert_cmd::cargo::cargo_bin!("kvw").display();
    let outer = scope.kvw([]).script("server", SERVER).script(
        "int",
        "trap 'echo caught' INT; trap 'echo continued' CONT; echo up; while :; do sleep 0.02; done",
    );
    let mut terminal = outer.terminal("bash --norc --noprofile");
    let start = |program: &str| {
        format!(
            "'{kvw}' run {} -- {program}; echo code $?\n",
            scope.prefix()
        )
    };
    terminal.press(&start("./int"));
    terminal.screen_up_to("\nup");
    terminal.press("\x03");
    terminal.screen_up_to("caught");
    // It goes on, and so does kvw; Ctrl-Z stops both, and fg continues both.
    terminal.press("\x1a");
    terminal.screen_up_to("Stopped");
    terminal.press("fg\n");
    terminal.screen_up_to("\ncontinued");
    terminal.press("\x03");
    terminal.screen_up_to("caught");
    // Another change restarts it on the terminal too.
    scope.put("a", "2");
    terminal.screen_up_to("restarting ./int");
    terminal.screen_up_to("up");
    terminal.press("\x03");
    terminal.screen_up_to("caught");
    terminal.press("\x1a");
    terminal.screen_up_to("Stopped");
    terminal.press("kill %1; wait; echo gone\n");
    terminal.screen_up_to("gone");
    terminal.press(&start("sh -c 'echo began; exec sleep 300'"));
    terminal.screen_up_to("\nbegan");
    terminal.press("\x03");
    // Died of the signal: the shell takes the rest of the line for interrupted, too.
    terminal.press("\necho code $?\n");
    terminal.screen_up_to("code 130");
}

#[test]
fn a_pipe_that_is_closed_ends_the_program_as_without_kvw() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let kvw = assert_cmd::cargo::cargo_bin!("kvw").display();
    let line = format!(
        "'{kvw}' run {} -- yes | head -1; echo ${{PIPESTATUS[0]}}",
        scope.prefix()
    );
    let shell = Kvw::program(Path::new("/bin/bash")).args(["-c", &line]);
    let output = shell.env("CONSUL_HTTP_ADDR", scope.address()).run();
    assert_eq!(output.text(), "y\n141\n", "{output}");
}

#[test]
fn as_process_1_it_reaps_orphans_and_passes_on_the_status() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let wrapper = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let probe = Kvw::program(Path::new("true")).under(wrapper).run();
    if probe.code != 0 {
        not_tried(&format!("kvw run as process 1: {}", probe.stderr));
        return;
    }
    // The orphan ends after its parent, and is looked for until it is gone, for 30 s at most.
    let line = "(setsid sh -c 'echo $$ > orphan; sleep 0.1; : > ended' &)
        until test -e ended; do sleep 0.01; done
        n=0; while test -e /proc/$(cat orphan) -a $n -lt 3000; do sleep 0.01; n=$((n + 1)); done
        ps -o stat= | grep -c Z; kill -TERM 1; sleep 60";
    let output = shell(&scope, &[], line).under(wrapper).run();
    assert_eq!(output.text().trim(), "0", "{output}");
    output.expect(143);
}

#[test]
fn a_fleet_of_changes_ends_in_the_last_state() {
    // All 500 of the proof: KVW_TEST_CHANGES=500.
    let changes = std::env::var("KVW_TEST_CHANGES").ok();
    let changes: u32 = changes.map_or(60, |text| text.parse().unwrap());
    let scope = Agent::shared();
    for name in ["a", "b", "c"] {
        scope.put(name, "0");
    }
    let server = r#"trap 'sleep 0.05; echo end; exit 0' TERM
echo "start $A $B $C"
while :; do sleep 0.02; done"#;
    let args = ["--debounce", "20ms", "--max-delay", "100ms"];
    let kvw = scope.kvw(["run", scope.prefix()]).args(args);
    let mut running = kvw
        .args(["--", "./server"])
        .script("server", server)
        .spawn();
    assert_eq!(running.line(), "start 0 0 0");
    let mut state = ["0".to_owned(), "0".to_owned(), "0".to_owned()];
    for _ in 0..changes {
        let at = fastrand::usize(..3);
        let name = ["a", "b", "c"][at];
        match fastrand::u8(..5) {
            0 => {
                scope.delete(name);
                state[at].clear();
            }
            _ => {
                state[at] = fastrand::u8(..4).to_string();
                scope.put(name, &state[at]);
            }
        }
        std::thread::sleep(Duration::from_millis(fastrand::u64(..60)));
    }
    let last = format!("start {}", state.join(" "));
    // Something that tells the end apart, whatever the last state was.
    scope.put("end", "1");
    let mut lines = vec!["start 0 0 0".to_owned()];
    while let Some(line) = running.try_line(Duration::from_secs(2)) {
        lines.push(line);
    }
    assert_eq!(lines.last(), Some(&last), "{lines:?}");
    // Never two at once.
    let mut is_up = false;
    for line in &lines {
        let starts = line.starts_with("start");
        assert!(!(starts && is_up), "two at once: {lines:?}");
        is_up = starts;
    }
    let pid = running.pid();
    let program = children(pid)
        .into_iter()
        .find(|child| child.name == "server");
    let program = program.expect("the server runs").id;
    running.signal("TERM");
    let output = running.wait(PATIENCE);
    output.expect(0);
    assert!(!is_alive(program));
    let restarts = output.stderr.matches("restarting ").count();
    let starts = lines.iter().filter(|line| line.starts_with("start"));
    assert!(starts.count() <= restarts + 1, "{output}");
    assert!(restarts <= changes as usize + 1);
}

#[test]
fn the_written_file_is_not_another_persons() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let kvw = shell(&scope, &["--write", "x.env"], "cat x.env").file("x.env", "old");
    let path = kvw.home().join("x.env");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::hard_link(&path, path.with_extension("link")).unwrap();
    let output = kvw.run();
    output.expect(2).one_line().says(&["x.env"]);
    let kvw = shell(
        &scope,
        &["--write", "deep/x.json"],
        "cat deep/x.json; touch ran",
    );
    std::fs::create_dir(kvw.home().join("deep")).unwrap();
    let running = kvw.spawn();
    let ran = running.home().join("ran");
    wait_for_file(&ran);
    assert_eq!(
        wait_for_text(&running.home().join("deep/x.json")),
        r#"{"A":"1"}"#
    );
    running.wait(PATIENCE).expect(0);
}

/// The example, with `kvw` on its path: a first start with Consul, a second one without.
#[test]
fn the_entry_point_of_a_container_starts_with_and_without_consul() {
    let scope = Agent::shared();
    scope.put("port", "80");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let bin = assert_cmd::cargo::cargo_bin!("kvw").parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let entry = |address: &str, state: &Path| {
        let program = Kvw::program(&root.join("examples/entrypoint.sh"));
        let program = program.env("PATH", &path).env("CONSUL_HTTP_ADDR", address);
        let program = program
            .env("APP_PREFIX", scope.prefix())
            .env("APP_STATE", state);
        program.args(["sh", "-c", "echo port $PORT; exit 9"])
    };
    let output = entry(&scope.address(), folder.path()).run();
    output.expect(9);
    assert_eq!(
        (output.text().as_str(), output.stderr.as_str()),
        ("port 80\n", "")
    );
    let output = entry("127.0.0.1:1", folder.path()).run();
    output.expect(9).says(&["answering from"]);
    assert_eq!(output.text(), "port 80\n");
    entry("127.0.0.1:1", Path::new(""))
        .run()
        .expect(3)
        .one_line();
    let wrapper = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let probe = Kvw::program(Path::new("true")).under(wrapper).run();
    if probe.code == 0 {
        entry(&scope.address(), folder.path())
            .under(wrapper)
            .run()
            .expect(9);
    } else {
        not_tried(&format!("the entry point as process 1: {}", probe.stderr));
    }
}

/// Whichever comes first: the end is the program's own, or that of the one that was started after it.
#[test]
fn a_program_that_ends_in_the_moment_of_a_change_has_its_status() {
    let scope = Agent::shared();
    for number in 0..12 {
        scope.put("a", number.to_string());
        let line = format!("echo up; sleep 0.{:02}; exit 7", number + 4);
        let mut running = shell(&scope, &["--debounce", "0"], &line).spawn();
        assert_eq!(running.line(), "up");
        std::thread::sleep(Duration::from_millis(number * 10 + 30));
        scope.put("a", "changed");
        running.wait(PATIENCE).expect(7);
    }
}
