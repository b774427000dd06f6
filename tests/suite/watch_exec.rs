//! `kvw watch` with a handler: what it is given, when it runs, how it ends.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::harness::contract::Batch;
use crate::harness::{
    Agent, Output, PATIENCE, Running, SECOND_SIGNAL, SILENCE, Scope, is_alive, wait_for,
    wait_for_exit, wait_for_text,
};

/// Writes the document as one line.
const SHOW: &str = "cat";

/// `event key=value` of each change, with keys as the test names them.
fn changes(batch: &Batch, scope: &Scope) -> Vec<String> {
    let changes = batch.changes.iter();
    changes
        .map(|change| {
            let key = change.key.strip_prefix(scope.prefix()).unwrap();
            let entry = change.after.as_ref().or(change.before.as_ref());
            let value = entry.and_then(|entry| entry.value.as_deref());
            format!("{} {key}={}", change.event, value.unwrap_or("?"))
        })
        .collect()
}

#[test]
fn the_initial_batch_holds_every_entry_as_created() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("b/c", "2");
    let mut running = scope.watch(&["--exec", SHOW]).spawn();
    let batch = running.batch();
    assert_eq!(batch.reason, "initial");
    assert_eq!(batch.targets, [scope.prefix()]);
    assert_eq!(changes(&batch, &scope), ["create a=1", "create b/c=2"]);
    let newest = batch.changes.iter().map(|change| change.index).max();
    assert_eq!(Some(batch.index), newest);
    assert!(batch.time.ends_with('Z'));
    let change = &batch.changes[0];
    assert!(change.before.is_none() && change.target == scope.prefix() && !change.recreated);
}

#[test]
fn an_empty_target_runs_the_handler_once_without_changes() {
    let scope = Agent::shared();
    let mut running = scope.watch(&["--exec", SHOW]).spawn();
    let batch = running.batch();
    assert_eq!((batch.reason.as_str(), batch.changes.len()), ("initial", 0));
    assert!(running.silent_for(SILENCE));
}

#[test]
fn the_initial_batch_can_be_skipped_or_left_out_where_nothing_is_there() {
    let scope = Agent::shared();
    let mut changed = scope
        .watch(&["--initial", "if-changed", "--exec", SHOW])
        .spawn();
    assert!(changed.silent_for(SILENCE));
    scope.put("a", "1");
    assert_eq!(changes(&changed.batch(), &scope), ["create a=1"]);
    let mut skipping = scope.watch(&["--initial", "skip", "--exec", SHOW]).spawn();
    assert!(skipping.silent_for(SILENCE));
    scope.put("b", "1");
    let batch = skipping.batch();
    assert_eq!(changes(&batch, &scope), ["create b=1"]);
    assert_eq!(batch.reason, "change");
}

#[test]
fn a_burst_is_one_batch() {
    let scope = Agent::shared();
    let args = ["--debounce", "1s", "--exec", SHOW];
    let mut running = scope.watch(&args).spawn();
    running.batch();
    for value in 0..5 {
        scope.put("a", value.to_string());
        scope.put(&format!("n{value}"), "x");
    }
    scope.put("gone", "1");
    scope.delete("gone");
    let changed = changes(&running.batch(), &scope);
    assert_eq!(changed.len(), 6, "{changed:?}");
    assert_eq!(changed[0], "create a=4");
    assert!(running.silent_for(SILENCE));
}

#[test]
fn a_burst_without_end_is_handed_over_after_the_longest_delay() {
    let scope = Agent::shared();
    let watch = |debounce, max_delay| {
        let times = ["--debounce", debounce, "--max-delay", max_delay];
        let args = ["--initial", "skip", "--exec", SHOW];
        scope.watch(&times).args(args).spawn()
    };
    let mut never = watch("1h", "1h");
    let mut running = watch("400ms", "700ms");
    assert!(running.silent_for(SILENCE));
    // Writes that are never quiet for 400 ms, until there were two batches all the same.
    let (mut writes, mut batches) = (0, 0);
    wait_for("two batches", || {
        writes += 1;
        scope.put("a", writes.to_string());
        let pause = Duration::from_millis(20);
        batches += usize::from(running.try_line(pause).is_some());
        (batches == 2).then_some(())
    });
    assert!(never.silent_for(Duration::ZERO));
}

#[test]
fn what_comes_while_the_handler_runs_is_one_next_batch() {
    let scope = Agent::shared();
    // Runs as long as the file is not there.
    let handler = "cat; while [ ! -e go ]; do sleep 0.02; done";
    let mut running = scope.watch(&["--debounce", "0", "--exec", handler]).spawn();
    running.batch();
    scope.put("a", "1");
    scope.put("a", "2");
    scope.put("b", "1");
    assert!(running.silent_for(SILENCE));
    std::fs::write(running.home().join("go"), "").unwrap();
    let changed = changes(&running.batch(), &scope);
    assert_eq!(changed, ["create a=2", "create b=1"]);
}

#[test]
fn a_failed_batch_stays_pending_and_is_part_of_the_next() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let handler = "cat; [ -e ok ]";
    let mut running = scope.watch(&["--exec", handler]).spawn();
    assert_eq!(running.batch().reason, "initial");
    let said = running.err_line_with("warning");
    assert!(said.contains("the handler exited with 1"), "{said}");
    assert!(
        said.contains("its changes will be retried with the next batch"),
        "{said}"
    );
    std::fs::write(running.home().join("ok"), "").unwrap();
    scope.put("b", "1");
    let second = running.batch();
    assert_eq!(second.reason, "retry");
    assert_eq!(changes(&second, &scope), ["create a=1", "create b=1"]);
    running.err_line_with("handled in");
    scope.put("c", "1");
    assert_eq!(changes(&running.batch(), &scope), ["create c=1"]);
}

#[test]
fn once_passes_the_handlers_status_on() {
    let scope = Agent::shared();
    for (handler, code) in [("exit 0", 0), ("exit 42", 42), ("kill -9 $$", 137)] {
        let output = scope.watch(&["--once", "--exec", handler]).run();
        output.expect(code);
        assert_eq!(output.signal, None);
    }
    let output = scope.watch(&["--once", "--", "./no-such-program"]).run();
    output.expect(127).says(&["could not be started"]);
}

#[test]
fn count_ends_after_so_many_runs() {
    let scope = Agent::shared();
    let args = ["--count", "2", "--debounce", "0", "--exec", SHOW];
    let mut running = scope.watch(&args).spawn();
    running.batch();
    scope.put("a", "1");
    running.batch();
    running.wait(PATIENCE).expect(0);
}

#[test]
fn a_time_that_is_up_hands_over_what_is_pending() {
    let scope = Agent::shared();
    let args = [
        "--initial",
        "skip",
        "--for",
        "700ms",
        "--debounce",
        "5s",
        "--exec",
        SHOW,
    ];
    let mut running = scope.watch(&args).spawn();
    assert!(running.silent_for(Duration::from_millis(300)));
    scope.put("a", "1");
    assert_eq!(changes(&running.batch(), &scope), ["create a=1"]);
    running.wait(PATIENCE).expect(0);
}

#[test]
fn no_time_at_all_is_one_look() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let output = scope.watch(&["--for", "0", "--exec", SHOW]).run();
    output.expect(0);
    assert!(output.text().contains("\"reason\":\"initial\""), "{output}");
    let skipped = scope.watch(&["--for", "0", "--once", "--initial", "skip", "--exec", SHOW]);
    skipped.run().expect(1);
    // A job of cron has to tell that its handler failed, once and until it is handled.
    let failing = || scope.watch(&["--for", "0", "--state", "state", "--exec", "exit 3"]);
    failing().run().expect(3);
    let none = scope.kvw([
        "watch",
        &scope.key("none/"),
        "--for",
        "0",
        "--exec",
        "exit 3",
    ]);
    none.args(["--initial", "skip"]).run().expect(0);
}

#[test]
fn a_program_is_run_without_a_shell() {
    let scope = Agent::shared();
    let output = scope
        .watch(&["--once", "--", "printf", "%s\n", "$HOME; *"])
        .run();
    output.expect(0);
    assert_eq!(output.text(), "$HOME; *\n");
}

#[test]
fn the_environment_tells_the_batch_and_the_connection_but_not_the_token() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("b", "1");
    let handler = "env | sort | grep -E '^(KVW|CONSUL)_'";
    let output = scope
        .watch(&["--once", "--exec", handler])
        .env("CONSUL_HTTP_TOKEN", "secret-of-mine")
        .env("KVW_KEY", "of an outer handler")
        .run();
    output.expect(0);
    let text = output.text();
    let lines: Vec<_> = text.lines().collect();
    for line in [
        &format!("CONSUL_HTTP_ADDR=http://{}", scope.address())[..],
        "KVW_COUNT=2",
        "KVW_REASON=initial",
        &format!("KVW_KEYS={}", scope.key("a")),
    ] {
        let bare = line.replace("http://", "");
        assert!(
            lines.contains(&line) || lines.contains(&bare.as_str()),
            "{line}: {output}"
        );
    }
    assert!(
        !text.contains("secret") && !text.contains("outer"),
        "{output}"
    );
    assert!(lines.iter().any(|line| line.starts_with("CONSUL_INDEX=")));
    output.says(&["--pass-token"]);
    assert!(!output.stderr.contains("secret"), "{output}");
}

#[test]
fn a_handler_that_never_reads_its_stdin_does_no_harm() {
    let scope = Agent::shared();
    scope.put("big", vec![b'x'; 400_000]);
    scope.watch(&["--once", "--exec", "true"]).run().expect(0);
    scope
        .watch(&["--once", "--exec", "exec <&-; sleep 0.1"])
        .run()
        .expect(0);
}

#[test]
fn status_lines_are_for_people_and_quiet_takes_them_away() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let args = ["--once", "--exec", "echo out"];
    let output = scope.watch(&args).run();
    assert_eq!(output.text(), "out\n");
    output.says(&["initial run, 1 key: handled in"]);
    let quiet = scope.watch(&args).args(["-q"]).run();
    assert_eq!(
        (quiet.text().as_str(), quiet.stderr.as_str()),
        ("out\n", "")
    );
}

#[test]
fn changes_on_stdout_send_the_handlers_output_to_stderr() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let output = scope
        .watch(&["-o", "jsonl", "--once", "--exec", "echo mine"])
        .run();
    output.expect(0).says(&["mine"]);
    let text = output.text();
    assert_eq!(text.lines().count(), 1, "{output}");
    assert!(text.starts_with("{\"event\":\"create\""), "{output}");
}

#[test]
fn routes_part_a_batch_and_each_has_its_own_handler() {
    let scope = Agent::shared();
    scope.put("web/port", "1");
    scope.put("db/host", "2");
    scope.put("other", "3");
    let route = |name: &str| {
        format!(
            "{}{name}/**=echo {name} $KVW_COUNT $KVW_KEYS",
            scope.prefix()
        )
    };
    let (web, db) = (route("web"), route("db"));
    let rest = "echo rest $KVW_COUNT $KVW_KEYS";
    let args = ["--once", "--route", &web, "--route", &db, "--exec", rest];
    let output = scope.watch(&args).run();
    output.expect(0);
    let text = output.text();
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    let line = |name: &str, key: &str| format!("{name} 1 {}", scope.key(key));
    assert_eq!(
        lines,
        [
            line("db", "db/host"),
            line("rest", "other"),
            line("web", "web/port")
        ]
    );
}

#[test]
fn an_initial_difference_runs_only_the_handlers_whose_it_is() {
    let scope = Agent::shared();
    scope.put("web/port", "1");
    let web = format!("{}web/**=echo web", scope.prefix());
    let args = ["--initial", "if-changed", "--for", "0", "--route", &web];
    let output = scope.watch(&args).args(["--exec", "echo rest"]).run();
    output.expect(0);
    assert_eq!(output.text(), "web\n");
    let all = ["--for", "0", "--route", &web, "--exec", "echo rest"];
    assert_eq!(scope.watch(&all).ok().lines().count(), 2);
}

#[test]
fn usr1_runs_the_handler_with_everything() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let mut running = scope.watch(&["--initial", "skip", "--exec", SHOW]).spawn();
    assert!(running.silent_for(SILENCE));
    running.signal("USR1");
    let batch = running.batch();
    assert_eq!(batch.reason, "manual");
    assert_eq!(changes(&batch, &scope), ["create a=1"]);
}

/// Starts a handler that leaves a grandchild behind, and gives the grandchild's process id.
fn with_grandchild(scope: &Scope, args: &[&str], handler: &str) -> (Running, u32) {
    let handler =
        format!("(trap '' TERM; echo $$ >/dev/null; sleep 300) & echo $! >pid; {handler}");
    let running = scope.watch(args).args(["--exec", &handler]).spawn();
    let pid = wait_for_text(&running.home().join("pid"));
    (running, pid.parse().unwrap())
}

#[test]
fn a_stop_signal_ends_the_handler_first_and_is_then_died_of() {
    for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
        let scope = Agent::shared();
        let handler = "trap 'echo asked; exit' TERM; echo begun; while :; do sleep 0.02; done";
        let mut running = scope.watch(&["--exec", handler]).spawn();
        assert_eq!(running.line(), "begun");
        running.signal(name);
        let output = running.wait(PATIENCE);
        assert_eq!(output.text(), "begun\nasked\n");
        assert_eq!(output.signal, Some(number), "{output}");
    }
}

#[test]
fn the_whole_group_is_gone_when_kvw_ends() {
    let scope = Agent::shared();
    let (running, pid) = with_grandchild(&scope, &["--stop-timeout", "300ms"], "wait");
    assert!(is_alive(pid));
    running.signal("TERM");
    let output = running.wait(PATIENCE);
    assert_eq!(output.signal, Some(15), "{output}");
    wait_for_exit(pid);
}

#[test]
fn the_whole_group_is_gone_before_the_next_run() {
    let scope = Agent::shared();
    let (mut running, pid) = with_grandchild(&scope, &[], "exit 0");
    running.err_line_with("handled in");
    assert!(!is_alive(pid));
}

#[test]
fn a_second_signal_does_not_wait_for_the_handler() {
    let scope = Agent::shared();
    let stubborn = "trap '' TERM; sleep 300 & echo $! >pid; wait";
    let mut running = scope
        .watch(&["--stop-timeout", "60s", "--exec", stubborn])
        .spawn();
    let pid = wait_for_text(&running.home().join("pid")).parse().unwrap();
    running.signal("TERM");
    running.err_line_with("stopping the handler (1m)");
    std::thread::sleep(SECOND_SIGNAL);
    running.signal("TERM");
    let output = running.wait(PATIENCE);
    assert_eq!(output.signal, Some(15), "{output}");
    wait_for_exit(pid);
}

#[test]
fn not_even_kill_nine_leaves_a_handler_behind() {
    let scope = Agent::shared();
    let (running, pid) = with_grandchild(&scope, &[], "wait");
    running.signal("KILL");
    running.wait(PATIENCE);
    wait_for_exit(pid);
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let scope = Agent::shared();
    let refused = |args: &[&str]| -> Output {
        let output = scope.watch(args).run();
        output.expect(2);
        output
    };
    refused(&["--exec", "x", "--", "y"]);
    refused(&["--debounce", "1s"]);
    refused(&["--route", "[=x"]).says(&["["]);
    refused(&["--once", "--count", "2"]);
}

#[test]
fn a_handler_where_targets_go_is_refused_with_the_right_form() {
    let scope = Agent::shared();
    let prefix = scope.key("a/");
    let form = |words: &str| format!("a handler goes behind --: kvw watch {prefix} {words}\n");
    for (args, words) in [
        (&[&*prefix, "cat"][..], "-- cat"),
        (&[&prefix, "./h.sh"], "-- ./h.sh"),
        (&["--prefix", &prefix, "./h.sh"], "-- ./h.sh"),
        (&[&prefix, "sh", "-x", "h.sh"], "-- sh -x h.sh"),
        (&[&prefix, "./h.sh", "--once"], "-- ./h.sh"),
        (&[&prefix, "echo hi"], "--exec 'echo hi'"),
    ] {
        let output = scope.kvw(["watch"]).args(args).run();
        output.expect(2).says(&[&form(words)]);
    }
    // What is said to be a key is one, and with a handler no word is taken for another.
    scope
        .kvw(["watch", &prefix, "--key", "cat", "--for", "0"])
        .ok();
    let args = ["watch", &prefix, "cat", "--for", "0", "--", "true"];
    scope.kvw(args).ok();
}

#[test]
fn a_handler_that_cannot_be_started_is_explained() {
    let scope = Agent::shared();
    for (name, content, mode, words) in [
        (
            "./h -x",
            "#!/bin/sh\n",
            0o755,
            "this is one word; --exec takes a line",
        ),
        (
            "./h",
            "#!/bin/bash\r\necho\r\n",
            0o755,
            "its interpreter '/bin/bash\\r' does not exist",
        ),
        ("./h", "echo\n", 0o755, "a script without #!"),
        ("./h", "#!/bin/sh\n", 0o644, "it is not executable"),
    ] {
        let kvw = scope.kvw(["watch", scope.prefix(), "--once", "--", name]);
        let kvw = kvw.file("h", content);
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(kvw.home().join("h"), permissions).unwrap();
        let output = kvw.run();
        assert!([126, 127].contains(&output.code), "{output}");
        output.says(&[words]);
    }
}
