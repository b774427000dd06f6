//! `kvw watch` as text.

use crate::harness::{Agent, PATIENCE, Running, SILENCE, Scope};

/// The program, watching, once it has seen its targets.
fn watching(scope: &Scope, args: &[&str]) -> Running {
    // Existing keys are printed, so that the test knows when the watch stands.
    scope.put("zz-ready", "");
    let mut running = scope
        .kvw(["watch", scope.prefix(), "--initial", "run"])
        .args(args)
        .spawn();
    while !running.line().contains("zz-ready") {}
    running
}

/// A line without its time and index, which are checked.
#[track_caller]
fn change(line: &str) -> String {
    let mut parts = line.splitn(4, ' ');
    let time = parts.next().unwrap();
    assert!(time.len() == 20 && time.ends_with('Z'), "{line}");
    assert_eq!(parts.next(), Some("index"), "{line}");
    let index = parts.next().unwrap();
    assert!(index.parse::<u64>().is_ok_and(|index| index > 0), "{line}");
    parts.next().unwrap().to_owned()
}

#[test]
fn a_key_is_created_updated_and_deleted() {
    let scope = Agent::shared();
    let mut running = watching(&scope, &[]);
    let key = scope.key("name");
    scope.put("name", "one");
    assert_eq!(change(&running.line()), format!("+ {key} = one"));
    scope.put("name", "two");
    assert_eq!(change(&running.line()), format!("~ {key}: one → two"));
    scope.delete("name");
    assert_eq!(change(&running.line()), format!("- {key}"));
}

#[test]
fn existing_keys_are_not_printed() {
    let scope = Agent::shared();
    scope.put("old", "1");
    let output = scope.kvw(["watch", scope.prefix(), "--for", "2s"]).run();
    output.expect(0);
    assert_eq!(output.text(), "");
    let prefix = scope.prefix();
    let address = scope.address();
    let start = format!("watching {prefix} (1 key, index ");
    assert!(output.stderr.starts_with(&start), "{output}");
    assert!(
        output.stderr.ends_with(&format!(") at {address}\n")),
        "{output}"
    );
    assert_eq!(output.stderr.lines().count(), 1, "{output}");
    let quiet = ["watch", scope.prefix(), "--for", "2s", "-q"];
    assert_eq!(scope.kvw(quiet).run().stderr, "");
}

#[test]
fn initial_run_prints_existing_keys_as_created() {
    let scope = Agent::shared();
    scope.put("a", "1");
    scope.put("b", "2");
    let args = ["watch", scope.prefix(), "--initial", "run", "--once"];
    let text = scope.kvw(args).ok();
    let lines: Vec<_> = text.lines().map(change).collect();
    let key = |name| scope.key(name);
    assert_eq!(
        lines,
        [format!("+ {} = 1", key("a")), format!("+ {} = 2", key("b"))]
    );
}

#[test]
fn an_identical_write_is_silent() {
    let scope = Agent::shared();
    scope.put("name", "same");
    let mut running = watching(&scope, &[]);
    scope.put("name", "same");
    assert!(running.silent_for(SILENCE));
}

#[test]
fn a_wake_up_without_a_change_is_silent() {
    let scope = Agent::shared();
    // A missing key is woken by writes to its neighbours.
    let missing = scope.key("missing");
    let mut running = scope.kvw(["watch", &missing]).spawn();
    assert!(running.silent_for(SILENCE));
    scope.put("missin", "1");
    scope.put("missing2", "1");
    assert!(running.silent_for(SILENCE));
    scope.put("missing", "1");
    assert_eq!(change(&running.line()), format!("+ {missing} = 1"));
}

#[test]
fn a_change_is_one_line_in_a_pipe_and_can_be_read_back() {
    let scope = Agent::shared();
    let mut running = watching(&scope, &[]);
    let key = scope.key("conf");
    let mut before = String::new();
    for (value, text) in [
        (&b"one\ntwo\n"[..], r#""one\ntwo\n""#),
        (b"", r#""""#),
        (b" blank", r#"" blank""#),
        (b"\"quote", r#""\"quote""#),
        (b"\xff\xfe", "base64://4="),
        (b"\x1b]0;title\x07", r#""\u001b]0;title\u0007""#),
        (b"as it \\ is", r"as it \ is"),
    ] {
        scope.put("conf", value);
        let line = change(&running.line());
        match before.is_empty() {
            true => assert_eq!(line, format!("+ {key} = {text}")),
            false => assert_eq!(line, format!("~ {key}: {before} → {text}")),
        }
        before = text.to_owned();
    }
}

#[test]
fn values_can_be_left_out_and_times_written_in_other_ways() {
    let scope = Agent::shared();
    let mut running = watching(&scope, &["--no-values", "--time", "none"]);
    scope.put("secret", "x");
    let line = running.line();
    assert!(line.starts_with("index "), "{line}");
    assert!(
        line.ends_with(&format!(" + {}", scope.key("secret"))),
        "{line}"
    );
    let mut relative = watching(&scope, &["--time", "relative"]);
    scope.put("secret", "y");
    let line = relative.line();
    assert!(line.starts_with('+') && line.contains("s index "), "{line}");
    let local = scope.kvw(["watch", scope.prefix(), "--initial", "run", "--once"]);
    let text = local.args(["--time", "local"]).env("TZ", "UTC-3:30").ok();
    assert_eq!(
        text.split(' ').next().map(|time| &time[19..]),
        Some("+03:30"),
        "{text}"
    );
}

#[test]
fn a_terminal_gets_what_a_person_can_take_in() {
    let scope = Agent::shared();
    scope.put("block", "one\ntwo\n");
    scope.put("empty", "");
    scope.put("long", "x".repeat(300 * 1024));
    scope.put("zbin", b"\xff\x00");
    let seen = |args: &[&str]| {
        let watch = scope.kvw(["watch", scope.prefix(), "--initial", "run", "--once"]);
        let watch = watch.args(["--color", "never"]);
        let output = watch.args(args).on_terminal().run();
        output.expect(0);
        output.text().replace("\r\n", "\n")
    };
    let text = seen(&["--time", "none"]);
    let key = |name| scope.key(name);
    for part in [
        format!(" + {} =\n    one\n    two\n", key("block")),
        format!(" + {} = \"\"\n", key("empty")),
        format!(" + {} = {}… +299.80 KiB\n", key("long"), "x".repeat(200)),
        format!(" + {} = <binary, 2 bytes>\n", key("zbin")),
    ] {
        assert!(text.contains(&part), "{part:?} in {text}");
    }
    let full = seen(&["--full"]);
    assert!(full.contains(&"x".repeat(300 * 1024)), "{}", full.len());
    assert!(full.contains("\\xff\\x00"), "{}", full.len());
}

#[test]
fn flags_of_text_are_refused_where_there_is_none() {
    let scope = Agent::shared();
    for (args, words) in [
        (&["--full", "-o", "jsonl"][..], "--full is for text"),
        (&["--no-values", "-o", "jsonl"], "--no-values is for text"),
        (&["--full", "--no-values"], "cannot be used with"),
        (&["--full", "--exec", "true"], "-o text prints them too"),
    ] {
        let refused = scope.kvw(["watch", scope.prefix()]).args(args).run();
        refused.expect(2).says(&[words]);
    }
}

#[test]
fn a_key_made_again_between_two_looks_is_marked() {
    let scope = Agent::shared();
    scope.put("name", "one");
    let mut running = watching(&scope, &[]);
    let key = scope.key("name");
    // One transaction, so that no look comes in between.
    let delete = serde_json::json!({"KV": {"Verb": "delete", "Key": key}});
    let set = serde_json::json!({"KV": {"Verb": "set", "Key": key, "Value": "dHdv"}});
    let body = serde_json::json!([delete, set]).to_string();
    assert_eq!(scope.http("PUT", "/v1/txn", body.as_bytes()).status(), 200);
    assert_eq!(
        change(&running.line()),
        format!("~ {key}: one → two (recreated)")
    );
}

#[test]
fn locks_are_printed_on_demand() {
    let scope = Agent::shared();
    scope.put("name", "v");
    let mut quiet = watching(&scope, &[]);
    let mut running = watching(&scope, &["--locks"]);
    let session = scope.create_session();
    let key = scope.key("name");
    let lock = |how: &str| {
        let path = format!("/v1/kv/{key}?{how}={session}");
        assert_eq!(scope.http("PUT", &path, b"v").body(), b"true");
    };
    lock("acquire");
    assert_eq!(
        change(&running.line()),
        format!("~ {key}: locked by {session}")
    );
    lock("release");
    assert_eq!(
        change(&running.line()),
        format!("~ {key}: released by {session}")
    );
    assert!(quiet.silent_for(SILENCE));
    scope.http("PUT", &format!("/v1/session/destroy/{session}"), b"");
}

#[test]
fn a_glob_that_matches_no_existing_key_is_named_once() {
    let scope = Agent::shared();
    scope.put("config/db/host", "1");
    scope.put("config/web/port", "1");
    let (web, db) = (scope.key("config/web/"), scope.key("config/db/"));
    let warned = |args: &[&str]| {
        let watch = scope.kvw(["watch", &db, &web, "--for", "0"]);
        let output = watch.args(args).run();
        output.expect(0);
        output.said_later()
    };
    let warning = |flag: &str, glob: &str| {
        let example = scope.key("config/db/host");
        format!(
            "warning: {flag} '{glob}' matches no existing key\n\
             hint: a glob matches the whole key, such as {example}: * stops at /, ** does not\n"
        )
    };
    assert_eq!(
        warned(&["--include", "*/host"]),
        warning("--include", "*/host")
    );
    assert_eq!(
        warned(&["--include", "**/host", "--exclude", "port"]),
        warning("--exclude", "port")
    );
    assert_eq!(
        warned(&["--exclude", "a", "--exclude", "b"]),
        warning("--exclude", "a") + &warning("--exclude", "b")
    );
    let routed = ["-q", "--route", "**/port=true", "--route", "db=true"];
    assert_eq!(warned(&routed), warning("--route", "db"));
    assert_eq!(warned(&["--include", "**/{host,port}"]), "");
    // Where nothing exists, nothing can be judged.
    let none = scope.key("none/");
    let args = ["watch", &none, "--include", "host", "--for", "0"];
    assert_eq!(scope.kvw(args).run().said_later(), "");
}

#[test]
fn a_glob_as_a_target_is_pointed_at_include() {
    let scope = Agent::shared();
    scope.put("config/a", "1");
    let says = |args: &[&str]| {
        let output = scope.kvw(["watch", "--for", "0"]).args(args).run();
        output.expect(0);
        output.said_later()
    };
    let config = scope.key("config/");
    assert_eq!(
        says(&[&format!("{config}**")]),
        format!(
            "warning: key {config}** does not exist: a target is not a glob\n\
             hint: kvw watch {config} --include '{config}**' watches the keys that match\n"
        )
    );
    assert_eq!(
        says(&[&format!("{config}*/")]),
        format!(
            "warning: prefix {config}*/ does not exist: a target is not a glob\n\
             hint: kvw watch {config} --include '{config}*/**' watches the keys that match\n"
        )
    );
    assert_eq!(
        says(&["--prefix", &format!("{config}x*")]),
        format!(
            "warning: prefix {config}x* does not exist: a target is not a glob\n\
             hint: kvw watch {config} --include '{config}x**' watches the keys that match\n"
        )
    );
    assert_eq!(
        says(&["**/host-of-nobody"]),
        "warning: key **/host-of-nobody does not exist: a target is not a glob\n\
         hint: kvw watch --prefix '' --include '**/host-of-nobody' watches the keys that match\n"
    );
    // A key may have such a name.
    scope.put("odd*", "1");
    assert_eq!(says(&[&scope.key("odd*")]), "");
}

#[test]
fn include_and_exclude_choose_keys_and_exclude_wins() {
    let scope = Agent::shared();
    let (include, exclude) = (scope.key("app/**"), scope.key("**/secret"));
    let ready = scope.key("zz*");
    let mut running = watching(
        &scope,
        &[
            "--include",
            &include,
            "--include",
            &ready,
            "--exclude",
            &exclude,
        ],
    );
    scope.put("web/port", "1");
    scope.put("app/db/secret", "1");
    scope.put("app/db/host", "1");
    assert_eq!(
        change(&running.line()),
        format!("+ {} = 1", scope.key("app/db/host"))
    );
}

#[test]
fn overlapping_targets_print_a_change_once() {
    let scope = Agent::shared();
    let (inner, key) = (scope.key("app/"), scope.key("app/name"));
    let mut running = watching(&scope, &[&inner, &key]);
    scope.put("app/name", "1");
    assert_eq!(change(&running.line()), format!("+ {key} = 1"));
    assert!(running.silent_for(SILENCE));
}

#[test]
fn a_prefix_need_not_end_in_a_slash_when_it_is_named_so() {
    let scope = Agent::shared();
    scope.put("web-1", "a");
    scope.put("web2", "b");
    let prefix = scope.key("web");
    let args = ["watch", "--prefix", &prefix, "--initial", "run", "--once"];
    assert_eq!(scope.kvw(args).ok().lines().count(), 2);
}

#[test]
fn a_key_that_is_only_a_folder_is_said_once() {
    let scope = Agent::shared();
    scope.put("app/name", "1");
    let folder = scope.key("app");
    let output = scope.kvw(["watch", &folder, "--for", "2s"]).run();
    output.expect(0);
    let said = format!("key {folder} does not exist, but keys below {folder}/ do");
    assert_eq!(output.stderr.matches(&said).count(), 1, "{output}");
}

#[test]
fn a_recursive_delete_above_the_target_is_noticed_when_the_wait_is_over() {
    let scope = Agent::shared();
    scope.put("h/p/one", "1");
    scope.put("h/p/two", "2");
    // The mark that keeps the target's index where it is.
    scope.delete("h/p/two");
    let target = scope.key("h/p/");
    let mut running = scope
        .kvw(["watch", &target, "--initial", "run", "--wait", "1s"])
        .spawn();
    running.line();
    let above = format!("/v1/kv/{}?recurse", scope.key("h/p"));
    assert_eq!(scope.http("DELETE", &above, b"").status(), 200);
    assert_eq!(
        change(&running.line()),
        format!("- {}", scope.key("h/p/one"))
    );
}

#[test]
fn count_ends_after_so_many_batches() {
    let scope = Agent::shared();
    let mut running = watching(&scope, &["--count", "3"]);
    for value in ["1", "2"] {
        scope.put("name", value);
        running.line();
    }
    running.wait(PATIENCE).expect(0);
}

#[test]
fn once_without_a_change_in_time_is_a_no() {
    let scope = Agent::shared();
    let args = ["watch", scope.prefix(), "--once", "--for", "2s"];
    scope.kvw(args).run().expect(1);
}

#[test]
fn a_closed_stdout_ends_the_watch_by_sigpipe_without_a_word() {
    let scope = Agent::shared();
    // Nothing changes: the reader that has gone is seen all the same.
    for args in [&[][..], &["-o", "jsonl"], &["-o", "text", "--exec", "true"]] {
        let running = scope.watch(args).with_stdout_closed().spawn();
        let output = running.wait(PATIENCE);
        assert_eq!(output.signal, Some(13), "{output}");
        assert!(!output.stderr.contains("error"), "{output}");
    }
    // Of a handler it is nobody's: the watch goes on.
    let mut running = scope
        .watch(&["--exec", "echo ran >&2"])
        .with_stdout_closed()
        .spawn();
    for value in ["1", "2"] {
        running.err_line_with("ran");
        scope.put("name", value);
    }
    running.stop();
}

#[test]
fn a_stop_signal_is_what_the_watch_dies_of() {
    for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
        let scope = Agent::shared();
        let running = watching(&scope, &[]);
        running.signal(name);
        let output = running.wait(PATIENCE);
        assert_eq!(output.signal, Some(number), "{output}");
        assert_eq!(output.said_later(), "");
    }
}

#[test]
fn a_key_that_others_cannot_reach_is_watched_when_it_is_meant() {
    let scope = Agent::shared();
    let key = scope.key("a//b");
    let refused = scope.kvw(["watch", &key, "--for", "1s"]).run();
    refused.expect(2).one_line().says(&["//", "--exact-key"]);
    let mut running = scope
        .kvw(["watch", &key, "--exact-key", "--initial", "run"])
        .spawn();
    let set = serde_json::json!([{"KV": {"Verb": "set", "Key": key, "Value": "MQ=="}}]);
    let body = set.to_string();
    assert_eq!(scope.http("PUT", "/v1/txn", body.as_bytes()).status(), 200);
    assert_eq!(change(&running.line()), format!("+ {key} = 1"));
}

#[test]
fn a_watch_without_a_target_or_with_a_broken_glob_is_refused() {
    let scope = Agent::shared();
    scope.kvw(["watch"]).run().expect(2);
    scope
        .kvw(["watch", ""])
        .run()
        .expect(2)
        .says(&["--prefix ''"]);
    let output = scope.kvw(["watch", "a/", "--include", "a/[b"]).run();
    output.expect(2).says(&["a/[b"]);
}
