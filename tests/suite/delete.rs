//! kvw delete

use crate::harness::{Agent, Kvw, Scope};

fn with(names: &[&str]) -> Scope {
    let scope = Agent::shared();
    for name in names {
        scope.put(name, "v");
    }
    scope
}

/// What is left, without the test's prefix.
fn left(scope: &Scope) -> Vec<String> {
    let names = scope
        .kvw(["get", "--keys", "--recurse", scope.prefix()])
        .ok();
    let names = names.replace(scope.prefix(), "");
    names.lines().map(str::to_owned).collect()
}

#[test]
fn a_key_is_deleted_and_a_missing_one_is_no_error() {
    let scope = with(&["a", "ab"]);
    let output = scope.kvw(["delete", &scope.key("a")]).run();
    output.expect(0).says(&["deleted", &scope.key("a")]);
    assert_eq!(output.text(), "");
    let output = scope.kvw(["delete", &scope.key("a")]).run();
    output.expect(0);
    assert_eq!(output.stderr, format!("no key {}\n", scope.key("a")));
    assert_eq!(left(&scope), ["ab"]);
}

#[test]
fn only_what_existed_is_called_deleted() {
    let scope = with(&["config/a", "config/b", "config/c/d", "config/c/e", "one/a"]);
    let says = |names: &[&str], expected: &[&str]| {
        let keys = names.iter().map(|name| scope.key(name));
        let output = scope.kvw(["delete"]).args(keys).run();
        output.expect(0);
        let prefixed = expected
            .iter()
            .map(|line| line.replace('@', scope.prefix()));
        let prefixed: Vec<_> = prefixed.collect();
        assert_eq!(output.stderr.lines().collect::<Vec<_>>(), prefixed);
    };
    says(
        &["config/"],
        &["no key @config/; 4 keys are below it: --recurse deletes them"],
    );
    says(
        &["config"],
        &["no key @config; 4 keys are below @config/: --recurse @config/ deletes them"],
    );
    says(
        &["one/"],
        &["no key @one/; 1 key is below it: --recurse deletes them"],
    );
    says(&["nope"], &["no key @nope"]);
    says(&["nope*"], &["no key @nope*: a key is not a glob"]);
    says(
        &["nope", "config/a", "none"],
        &["deleted 1 key", "no key @nope", "no key @none"],
    );
    says(
        &["x1", "x2", "x3", "x4", "x5", "x6", "x7"],
        &[
            "deleted 0 keys",
            "no key @x1",
            "no key @x2",
            "no key @x3",
            "no key @x4",
            "no key @x5",
            "2 more do not exist",
        ],
    );
    // A repeated key is deleted once.
    says(&["config/b", "config/b"], &["deleted @config/b"]);
    assert_eq!(left(&scope), ["config/c/d", "config/c/e", "one/a"]);
}

#[test]
fn a_delete_takes_one_request_and_two_where_nothing_existed() {
    let scope = with(&["a", "b"]);
    let requests = |args: &[&str]| {
        let output = scope.kvw(["delete", "-v"]).args(args).run();
        output.expect(0);
        let lines = output.stderr.lines();
        lines.filter(|line| line.contains(" /v1/")).count()
    };
    assert_eq!(requests(&[&scope.key("a")]), 1);
    // The second looks for keys below it.
    assert_eq!(requests(&[&scope.key("a")]), 2);
    assert_eq!(requests(&["-q", &scope.key("a")]), 1);
    assert_eq!(requests(&["-q", &scope.key("b")]), 1);
    assert_eq!(left(&scope), [""; 0]);
}

#[test]
fn several_keys_go_in_one_transaction() {
    let scope = with(&["a", "b", "c"]);
    let (a, b) = (scope.key("a"), scope.key("b"));
    let none = scope.key("none");
    let output = scope.kvw(["delete", "-v", &a, &none, &b]).run();
    output
        .expect(0)
        .says(&["deleted 2 keys\n", &format!("no key {none}\n")]);
    assert_eq!(
        output.stderr.matches("PUT /v1/txn: 200").count(),
        1,
        "{output}"
    );
    assert_eq!(left(&scope), ["c"]);
}

#[test]
fn more_keys_than_a_transaction_holds_go_in_as_few_as_hold_them() {
    let scope = with(&["z"]);
    let names: Vec<_> = (0..200)
        .map(|number| scope.key(&format!("n{number}")))
        .collect();
    let lines: String = names.iter().map(|name| format!("set {name} v\n")).collect();
    for lines in lines.lines().collect::<Vec<_>>().chunks(64) {
        scope.kvw(["txn", "-"]).stdin(lines.join("\n")).ok();
    }
    let output = scope.kvw(["delete", "-v"]).args(&names).run();
    output.expect(0).says(&["deleted 200 keys"]);
    // 64 operations in a transaction on older servers, which is learnt once; 128 on newer ones. A key
    // takes two, one of which tells whether it exists.
    let sent = output.stderr.matches("PUT /v1/txn: 200").count();
    let refused = output.stderr.matches("PUT /v1/txn: 413").count();
    assert!(matches!((sent, refused), (7, 1) | (4, 0)), "{output}");
    assert_eq!(left(&scope), ["z"]);
}

#[test]
fn cas_deletes_only_what_is_as_it_was() {
    let scope = with(&["a"]);
    let key = scope.key("a");
    let index = scope.entry("a").unwrap()["ModifyIndex"].to_string();
    scope.put("a", "other");
    let cas = |index: &str| {
        let args = ["delete", "--cas", "--modify-index", index, &key];
        scope.kvw(args).run()
    };
    let output = cas(&index);
    output.expect(1).one_line().says(&[&key, &index]);
    assert_eq!(left(&scope), ["a"]);
    let index = scope.entry("a").unwrap()["ModifyIndex"].to_string();
    cas(&index).expect(0);
    assert_eq!(left(&scope), [""; 0]);
    let output = cas(&index);
    output.expect(1).one_line();
    assert_eq!(
        output.stderr,
        format!("error: key {key} not deleted: it does not exist\n")
    );
}

#[test]
fn a_recursive_delete_needs_consent_and_takes_a_folder_only() {
    let scope = with(&["f/a", "f/b/c", "f2", "f"]);
    let folder = scope.key("f/");
    let output = scope.kvw(["delete", "--recurse", &folder]).run();
    output
        .expect(2)
        .one_line()
        .says(&["2 keys", &folder, "--yes"]);
    assert_eq!(left(&scope).len(), 4);
    let output = scope.kvw(["delete", "--recurse", &folder, "--yes"]).run();
    output.expect(0).says(&["deleted 2 keys"]);
    assert_eq!(left(&scope), ["f", "f2"]);
    let output = scope.kvw(["delete", "--recurse", &folder, "--yes"]).run();
    output.expect(0).says(&["no keys below"]);
}

#[test]
fn a_prefix_that_takes_neighbours_names_them_and_needs_a_flag() {
    let scope = with(&["web", "web-x", "web/a", "web2"]);
    let web = scope.key("web");
    let output = scope.kvw(["delete", "--recurse", &web, "--yes"]).run();
    output.expect(2).one_line().says(&[
        &scope.key("web-x"),
        &scope.key("web2"),
        &scope.key("web/"),
        "--prefix-match",
    ]);
    assert_eq!(left(&scope).len(), 4);
    scope
        .kvw(["delete", "--recurse", &web, "--yes", "--prefix-match"])
        .ok();
    assert_eq!(left(&scope), [""; 0]);
}

#[test]
fn a_refused_recursive_delete_names_every_flag_that_is_missing() {
    let scope = with(&["web", "web/a"]);
    let web = scope.key("web");
    for (args, hint) in [
        (
            &["delete", "--recurse", ""][..],
            "hint: --all and --yes allow deleting it\n",
        ),
        (
            &["delete", "--recurse", &web],
            "--prefix-match every match; --yes confirms either\n",
        ),
        (
            &["delete", "--recurse", &web, "--yes"],
            "--prefix-match every match\n",
        ),
        (
            &["delete", "--recurse", &web, "--prefix-match"],
            "hint: --yes confirms it\n",
        ),
    ] {
        let output = scope.kvw([]).args(args).run();
        output.expect(2).one_line().says(&[hint]);
        assert!(output.stderr.ends_with(hint), "{output}");
    }
    // On a terminal the question stands for --yes.
    let asked = scope.kvw(["delete", "--recurse", &web]).on_terminal();
    let output = asked.run();
    output.expect(2);
    assert!(!output.text().contains("--yes"), "{output}");
    assert_eq!(left(&scope).len(), 2);
}

#[test]
fn all_needs_no_key() {
    let agent = Agent::own();
    for key in ["a", "b/c"] {
        agent.kvw(["put", key, "v"]).ok();
    }
    for args in [&["delete", "--all"][..], &["delete", "--all", "--recurse"]] {
        let output = agent.kvw([]).args(args).run();
        output
            .expect(2)
            .one_line()
            .says(&["2 keys, the whole store", "--yes"]);
    }
    let output = agent.kvw(["delete", "--recurse"]).run();
    output
        .expect(2)
        .one_line()
        .says(&["hint: --all and --yes allow deleting it"]);
    let args = ["delete", "--all", "--cas", "--modify-index", "1"];
    agent.kvw(args).run().expect(2);
    assert_eq!(agent.kvw(["delete", "--all", "--dry-run"]).ok(), "a\nb/c\n");
    let output = agent.kvw(["delete", "--all", "--yes"]).run();
    output.expect(0).says(&["deleted 2 keys, the whole store"]);
    assert_eq!(agent.kvw(["get", "--keys"]).ok(), "");
}

#[test]
fn the_whole_store_needs_its_own_flag() {
    let output = Kvw::at("127.0.0.1:1")
        .args(["delete", "--recurse", "", "--yes"])
        .run();
    output.expect(2).one_line().says(&["whole store", "--all"]);
    let agent = Agent::own();
    agent.kvw(["put", "a", "v"]).ok();
    agent.kvw(["put", "--exact-key", "/b", "v"]).ok();
    agent
        .kvw(["delete", "--recurse", "", "--yes", "--all"])
        .ok();
    assert_eq!(agent.kvw(["get", "--keys"]).ok(), "");
}

#[test]
fn an_unclean_prefix_is_deleted_as_it_stands() {
    let scope = with(&["a/b"]);
    scope
        .kvw(["put", "--exact-key", &scope.key("a//b"), "v"])
        .ok();
    let unclean = scope.key("a//");
    scope
        .kvw(["delete", "--recurse", &unclean, "--yes"])
        .run()
        .expect(2);
    let args = ["delete", "--recurse", &unclean, "--yes", "--exact-key"];
    scope.kvw(args).run().expect(0).says(&["deleted 1 key"]);
    assert_eq!(left(&scope), ["a/b"]);
}

#[test]
fn a_dry_run_lists_and_deletes_nothing() {
    let scope = with(&["f/a", "f/b", "k"]);
    let (folder, k) = (scope.key("f/"), scope.key("k"));
    let text = scope
        .kvw(["delete", "--recurse", &folder, "--dry-run"])
        .ok();
    assert_eq!(text, format!("{folder}a\n{folder}b\n"));
    let text = scope
        .kvw(["delete", &k, &scope.key("none"), "--dry-run"])
        .ok();
    assert_eq!(text, format!("{k}\n"));
    assert_eq!(left(&scope).len(), 3);
}

#[test]
fn a_dry_run_says_what_the_real_run_says_of_missing_keys() {
    let scope = with(&["f/a", "f/b", "f/c/d", "f/c/e", "k"]);
    for (names, stdout, lines) in [
        (
            &["f/"][..],
            "",
            &["no key @f/; 4 keys are below it: --recurse deletes them"][..],
        ),
        (&["nope"], "", &["no key @nope"]),
        (&["nope*"], "", &["no key @nope*: a key is not a glob"]),
        (
            &["nope", "k", "none"],
            "@k\n",
            &["no key @nope", "no key @none"],
        ),
    ] {
        let keys: Vec<_> = names.iter().map(|name| scope.key(name)).collect();
        let output = scope.kvw(["delete", "--dry-run"]).args(&keys).run();
        output.expect(0);
        let prefixed = |text: &str| text.replace('@', scope.prefix());
        assert_eq!(output.text(), prefixed(stdout));
        let expected: Vec<_> = lines.iter().map(|line| prefixed(line)).collect();
        assert_eq!(output.stderr.lines().collect::<Vec<_>>(), expected);
        let quiet = scope.kvw(["delete", "--dry-run", "-q"]).args(&keys).run();
        quiet.expect(0);
        assert_eq!(quiet.stderr, "");
    }
    assert_eq!(left(&scope).len(), 5);
}

#[test]
fn a_recursive_delete_of_nothing_says_so() {
    let scope = with(&["k"]);
    let nope = scope.key("nope/");
    for flag in ["--yes", "--dry-run"] {
        let output = scope.kvw(["delete", "--recurse", flag, &nope]).run();
        output.expect(0);
        assert_eq!(output.stderr, format!("no keys below '{nope}'\n"));
        assert_eq!(output.text(), "");
    }
}

#[test]
fn a_prefix_that_looks_like_a_glob_is_called_none() {
    let scope = with(&["config/a"]);
    let (folder, glob) = (scope.key("config/"), scope.key("config/*"));
    let hint = format!(
        "hint: a prefix is not a glob: delete --recurse --dry-run {folder} prints what is below\n"
    );
    let output = scope.kvw(["delete", "--recurse", "--yes", &glob]).run();
    output.expect(2).one_line().says(&[&hint]);
    assert!(!output.stderr.contains("deletes the folder"), "{output}");
    let args = ["delete", "--recurse", "--yes", "--prefix-match", &glob];
    let output = scope.kvw(args).run();
    output.expect(0);
    assert_eq!(output.stderr, format!("no keys below '{glob}'\n{hint}"));
    // A folder of that name is one.
    scope.put("config/*/b", "v");
    let output = scope.kvw(["delete", "--recurse", "--yes", &glob]).run();
    output.expect(2).says(&["deletes the folder"]);
    assert_eq!(left(&scope), ["config/*/b", "config/a"]);
}

#[test]
fn on_a_terminal_it_shows_the_count_and_asks() {
    let scope = with(&["f/a", "f/b"]);
    let folder = scope.key("f/");
    for (answer, code, count) in [("n\n", 1, 2), ("\n", 1, 2), ("y\n", 0, 0)] {
        let asked = scope.kvw(["delete", "--recurse", &folder]).on_terminal();
        let output = asked.stdin(answer).run();
        output.expect(code);
        assert!(output.text().contains("Delete 2 keys"), "{output}");
        let place = format!("at {}? ", scope.address());
        assert!(output.text().contains(&place), "{output}");
        assert_eq!(left(&scope).len(), count);
    }
}

#[test]
fn many_keys_are_confirmed_by_their_number() {
    let names: Vec<String> = (0..100).map(|n| format!("f/{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let scope = with(&names);
    let folder = scope.key("f/");
    for (answer, code, count) in [("y\n", 1, 100), ("99\n", 1, 100), ("100\n", 0, 0)] {
        let asked = scope.kvw(["delete", "--recurse", &folder]).on_terminal();
        let output = asked.stdin(answer).run();
        output.expect(code);
        let question = "Type the number of keys to confirm";
        assert!(output.text().contains(question), "{output}");
        assert_eq!(left(&scope).len(), count);
    }
}

#[test]
fn wrong_usage_is_reported_before_any_request() {
    for (args, words) in [
        (&["delete"][..], "<KEY>"),
        (&["delete"], "--all"),
        (&["delete", "--dry-run", "--yes"], "--all"),
        (&["delete", "--cas", "--modify-index", "1"], "<KEY>"),
        (
            &["delete", "a", "b", "--cas", "--modify-index", "1"],
            "a single key",
        ),
        (
            &["delete", "a", "--cas", "--modify-index", "0"],
            "--modify-index",
        ),
        (&["delete", "a", "--cas"], "--modify-index"),
        (
            &["delete", "a", "--recurse", "--cas", "--modify-index", "1"],
            "--recurse",
        ),
        (&["delete", "a/", "b/", "--recurse"], "a single prefix"),
        (&["delete", "/a"], "did you mean 'a'?"),
        (&["delete", ""], "empty"),
    ] {
        let output = Kvw::at("127.0.0.1:1").args(args).run();
        output.expect(2).says(&[words]);
    }
}
