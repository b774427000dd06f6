//! The command line as users of other tools type it, and what looks like a flag and is none.

use crate::harness::{Agent, Kvw};

#[test]
fn flags_of_consul_are_taken_with_one_dash() {
    let scope = Agent::shared();
    let address = format!("-http-addr={}", scope.address());
    let key = scope.key("a");
    let kvw = |args: &[&str]| Kvw::bare().args(args).run();
    kvw(&["put", &address, "-flags", "7", &key, "one"]).expect(0);
    assert_eq!(scope.entry("a").unwrap()["Flags"], 7);
    assert_eq!(kvw(&["get", &key, &address]).expect(0).text(), "one");
    let lost = kvw(&["put", &key, "two", "-cas", "-modify-index=0", &address]);
    lost.expect(1);
    let listed = kvw(&["get", "-recurse", "-stale=false", scope.prefix(), &address]);
    assert_eq!(listed.expect(0).text(), format!("{key}:one\n"));
    let names = kvw(&["get", "-keys", "-separator", "", scope.prefix(), &address]);
    assert_eq!(names.expect(0).text(), format!("{key}\n"));
    let exported = kvw(&["export", scope.prefix(), "-http-addr", &scope.address()]);
    assert!(exported.expect(0).text().contains(&key));
    let dump = exported.text();
    kvw(&["delete", &key, &address]).expect(0);
    assert_eq!(scope.value("a"), None);
    let import = Kvw::bare().args(["import", &address, "-"]).stdin(dump);
    import.ok();
    assert_eq!(scope.value("a").unwrap(), b"one");
}

#[test]
fn a_word_of_one_dash_is_never_help_and_never_a_success() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let key = scope.key("a");
    for (args, hint) in [
        (&["get", "-hx", &key][..], "-h alone"),
        (&["get", "-help"], "--help"),
        (&["get", "-cas", &key], "put, delete"),
        (&["get", "-output=json", &key], "--output"),
        (&["get", &key, "-nonsense"], "two dashes"),
        (&["get", &key, "-vqh"], "-h alone"),
        (&["put", &key, "-Xmx2g"], "kvw put -- KEY -Xmx2g"),
        (
            &["put", &key, "-http.proxyHost=x"],
            "kvw put -- KEY '-http.proxyHost=x'",
        ),
        (&["put", &key, "-n"], "kvw put -- KEY -n"),
        (
            &["put", &key, "--add-opens=x"],
            "kvw put -- KEY '--add-opens=x'",
        ),
        (&["delete", "-create", &key], "--create is a flag of put"),
        (&["import", "-headers", "f"], "-h alone"),
        (&["export", "-hx"], "-h alone"),
        (&["ls", "-lh"], "-h alone"),
        (&["tree", "-hq"], "-h alone"),
        (&["watch", &key, "-exec", "true"], "--exec"),
        (&["-version"], "--version"),
    ] {
        let output = scope.kvw([]).args(args).run();
        output.expect(2).says(&["hint: ", hint]);
        assert_eq!(output.text(), "");
    }
    assert_eq!(scope.value("a").unwrap(), b"1");
    let help = scope.kvw(["get", "-h"]).run();
    assert!(help.expect(0).text().contains("Usage: kvw get"));
}

#[test]
fn a_value_with_a_dash_is_written_by_the_form_of_the_hint() {
    let scope = Agent::shared();
    let key = scope.key("k");
    scope.kvw(["put", "--", &key, "-Xmx2g"]).ok();
    assert_eq!(scope.value("k").unwrap(), b"-Xmx2g");
}

#[test]
fn what_follows_two_dashes_is_the_handlers() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let key = scope.key("a");
    let output = scope
        .kvw(["watch", &key, "--once", "-token=", "--"])
        .args(["echo", "-http-addr=x", "-hx", "--equals", "a", "--b"])
        .run();
    assert_eq!(output.expect(0).text(), "-http-addr=x -hx --equals a --b\n");
}

#[test]
fn verbs_of_other_tools_get_a_hint() {
    for (args, hint) in [
        (&["kv", "get", "a"][..], "hint: kvw get a\n"),
        (&["set", "a", "1"], "hint: kvw put a …\n"),
        (&["rm", "a"], "hint: kvw delete a\n"),
        (&["del", "a"], "hint: kvw delete a\n"),
        (&["list", "a/"], "hint: kvw ls a/\n"),
        (&["keys"], "hint: kvw ls\n"),
        (&["cat", "a"], "hint: kvw get a\n"),
        (&["exists", "a"], "hint: kvw get --exists a\n"),
        (&["read", "a"], "hint: kvw get a\n"),
        (&["version"], "hint: kvw --version\n"),
        (
            &["watch", "-type=keyprefix", "-prefix=x", "h.sh"],
            "hint: kvw watch --prefix x -- h.sh\n",
        ),
    ] {
        let output = Kvw::bare().args(args).run();
        output.expect(2).says(&[hint]);
        assert_eq!(output.text(), "");
    }
}

#[test]
fn dashes_without_a_program_run_nothing_and_are_refused() {
    for args in [
        &["lock", "a"][..],
        &["elect", "a"],
        &["elect", "a", "--listen"],
        &["run", "a/"],
        &["watch", "a/", "--once"],
        &["dev", "--listen", "127.0.0.1:0"],
    ] {
        for program in [&["--"][..], &["--", ""], &["--", "", "a"]] {
            let words = [args, program].concat();
            let output = Kvw::bare().args(&words).run();
            output.expect(2).one_line();
            assert_eq!(output.text(), "", "{words:?}");
        }
    }
    // Behind the program two dashes are a word of its own.
    let scope = Agent::shared();
    let locked = scope.kvw(["lock", &scope.key("lk"), "--", "printf", "%s,", "a", "--"]);
    assert_eq!(locked.run().expect(0).text(), "a,--,");
}

#[test]
fn a_flag_that_a_verb_lacks_leads_to_the_one_that_was_meant() {
    for (line, hint) in [
        ("watch a/ --timeout 5s", "kvw's form is --for"),
        ("wait a --for 5s", "kvw's form is --timeout"),
        ("get a --timeout 5s", "kvw's form is --request-timeout"),
        ("watch a/ --cmd x", "kvw's form is --exec"),
        ("run a/ --exec x", "kvw run PREFIX -- CMD"),
        ("apply d --prefix a/ --delete", "kvw's form is --prune"),
        ("lock a --no-wait -- x", "kvw's form is --try"),
        ("dev --port 1", "kvw's form is --listen"),
        ("get a --colour never", "did you mean --color?"),
        ("get a --state f", "--state is a flag of watch"),
        ("session create --delay 1s", "kvw's form is --lock-delay"),
    ] {
        let output = Kvw::bare().args(line.split(' ')).run();
        output.expect(2).one_line().says(&["hint: ", hint]);
    }
    // What is only alike leads nowhere.
    for line in ["watch a/ --timeouts 5s", "get a --url u", "ls --value"] {
        let output = Kvw::bare().args(line.split(' ')).run();
        assert!(
            !output.expect(2).stderr.contains("did you mean"),
            "{output}"
        );
    }
}

#[test]
fn a_line_for_a_shell_is_never_blank() {
    // A variable that is not set would run nothing, and succeed.
    for line in ["", " \t"] {
        for args in [
            &["lock", "a", "--exec", line][..],
            &["elect", "a", "--exec", line],
            &["elect", "a", "--listen", "--exec", line],
            &["watch", "a/", "--once", "--exec", line],
            &[
                "run",
                "a/",
                "--on-change",
                "exec",
                "--change-exec",
                line,
                "--",
                "true",
            ],
        ] {
            let output = Kvw::bare().args(args).run();
            output.expect(2).says(&["exec", "the command is empty"]);
            assert_eq!(output.text(), "", "{args:?}");
        }
        let route = format!("**={line}");
        let output = Kvw::bare().args(["watch", "a/", "--route", &route]).run();
        output.expect(2).says(&["expected GLOB=CMD"]);
    }
}

#[test]
fn a_url_for_a_key_is_answered_with_the_key() {
    let output = Kvw::bare().args(["get", "http://h:8500/v1/kv/a"]).run();
    output
        .expect(2)
        .says(&["the key is 'a'", "--http-addr h:8500"]);
}

#[test]
fn a_condition_never_swallows_a_flag() {
    let scope = Agent::shared();
    scope.put("a", "--timeout");
    let (a, b) = (scope.key("a"), scope.key("b"));
    let form = format!("{b}=--timeout");
    for flag in ["--equals", "--not-equals", "--matches", "--changed-since"] {
        let output = scope.kvw(["wait", &a, flag, &b, "--timeout", "1s"]).run();
        output.expect(2).says(&["hint: ", "=", &form]);
    }
    scope
        .kvw(["wait", "--equals", &b, "-o", "json"])
        .run()
        .expect(2);
    let holds = format!("{a}=--timeout");
    scope
        .kvw(["wait", "--equals", &holds, "--timeout", "1s"])
        .ok();
    let output = scope.kvw(["wait", "--equals", &a, "--timeout=0"]).run();
    output.expect(2);
}

#[test]
fn help_prints_that_of_a_verb_or_a_topic() {
    let whole = Kvw::bare().args(["--help"]).ok();
    assert_eq!(Kvw::bare().args(["help"]).ok(), whole);
    let watch = Kvw::bare().args(["watch", "--help"]).ok();
    assert_eq!(Kvw::bare().args(["help", "watch"]).ok(), watch);
    let topics = [
        "connection",
        "environment",
        "exit-codes",
        "handlers",
        "json",
        "keys",
    ];
    let list = Kvw::bare().args(["help", "-h"]).ok();
    for topic in topics {
        assert!(list.contains(topic), "{list}");
        let page = Kvw::bare().env("COLUMNS", "80").args(["help", topic]).ok();
        assert!(
            page.lines().all(|line| line.chars().count() <= 80),
            "{page}"
        );
        assert!(page.starts_with(char::is_uppercase), "{page}");
    }
    // Each variable that a flag names is in the list of all.
    let listed = Kvw::bare().args(["help", "environment"]).ok();
    let named = Kvw::bare()
        .env("COLUMNS", "1000")
        .args(["get", "--help"])
        .ok();
    let named: Vec<_> = named
        .split("[env: ")
        .skip(1)
        .map(|rest| rest.split(']').next().unwrap())
        .collect();
    assert!(named.len() > 4, "{named:?}");
    for name in named {
        assert!(listed.contains(name), "{name} is not in {listed}");
    }
    let rule = Kvw::bare().args(["help", "handlers"]).ok();
    assert!(rule.contains("--daemons keep"), "{rule}");
    let output = Kvw::bare().args(["help", "handler"]).run();
    output.expect(2).says(&["'handler'", "'handlers'"]);
}

#[test]
fn connection_flags_stand_before_the_verb_too() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let (address, key) = (&*scope.address(), scope.key("a"));
    let equals = format!("--http-addr={address}");
    let one_dash = format!("-http-addr={address}");
    for args in [
        &["--http-addr", address, "get", &key][..],
        &[&equals, "-q", "--consistent", "get", &key],
        &["-v", &one_dash, "get", &key],
        &["--color", "never", "--http-addr", address, "get", &key],
    ] {
        let output = Kvw::bare()
            .env("CONSUL_HTTP_ADDR", "127.0.0.1:1")
            .args(args);
        assert_eq!(output.ok(), "1");
    }
    let output = Kvw::bare().args(["--http-addr", address]).run();
    output.expect(2);
    let output = Kvw::bare().args(["--stale", "man"]).run();
    output.expect(2).one_line().says(&["--stale"]);
}

#[test]
fn forms_of_other_tools_get_a_hint_at_kvws() {
    for (line, hint) in [
        ("get a --json", "-o json"),
        ("get a --raw", "-o raw"),
        ("ls --format json", "-o FORMAT"),
        ("get --recursive a", "--recurse"),
        ("ls --dc x", "--datacenter"),
        ("export -o backup.json", "--output-file backup.json"),
        ("get a -o ./x", "> ./x"),
        ("txn set a b", "kvw txn 'set KEY VALUE'"),
        ("wait a --timeout 5", "5s, 5ms or 5m"),
        ("put a b --cas", "--cas=INDEX"),
        ("fnord a", "kvw -h"),
    ] {
        let output = Kvw::bare().args(line.split(' ')).run();
        output.expect(2).says(&["error: ", hint]);
    }
    let output = Kvw::bare().args(["txn", "sett a 1"]).run();
    output.expect(2).one_line().says(&["did you mean 'set'?"]);
}

#[test]
fn an_empty_listing_is_said_to_be_empty() {
    let scope = Agent::shared();
    scope.put("a/b", "1");
    let (missing, key) = (scope.key("none"), scope.key("a/b"));
    for (args, said) in [
        (&["ls", &missing][..], format!("no keys below {missing}/\n")),
        (&["tree", &key], format!("no keys below {key}/\n")),
        (
            &["get", "-r", &missing],
            format!("no key starts with {missing}\n"),
        ),
        (
            &["export", &missing],
            format!("no key starts with {missing}\n"),
        ),
    ] {
        let output = scope.kvw([]).args(args).run();
        output.expect(0);
        assert_eq!(output.stderr, said);
        let quiet = scope.kvw([]).args(args).args(["-q"]).run();
        assert_eq!(quiet.stderr, "");
    }
    // The whole store, as a path.
    assert!(scope.kvw(["ls", "/"]).ok().contains('/'));
}
