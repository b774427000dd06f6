//! Commands with a token that may not do everything. ACLs are a real Consul's: `kvw dev` has none.

use crate::harness::contract::{RolledBack, parse_document};
use crate::harness::{AclAgent, Kvw, MASTER, Token, WHOLE_STORE_LISTINGS, prefix_rules};

/// A server with some entries, and a token that may write `own/`, read `seen/` and nothing else.
struct RestrictedClient {
    agent: AclAgent,
    token: Token,
}

impl RestrictedClient {
    fn start() -> Option<Self> {
        let agent = AclAgent::start()?;
        for key in ["own/a", "own/b", "seen/a", "hidden/a", "hidden/b"] {
            agent.put(key, key);
        }
        let rules = prefix_rules("write", &["own/"]) + &prefix_rules("read", &["seen/"]);
        let token = agent.create_token(&agent.create_policy(&rules));
        Some(RestrictedClient { agent, token })
    }

    fn kvw<const N: usize>(&self, args: [&str; N]) -> Kvw {
        let token = &self.token.secret;
        self.agent.kvw(args).env("CONSUL_HTTP_TOKEN", token)
    }
}

#[test]
fn what_may_not_be_done_exits_four_and_names_what_it_was() {
    let Some(client) = RestrictedClient::start() else {
        return;
    };
    let denied = |args: &[&str], words: &[&str]| {
        let output = client.kvw([]).args(args).run();
        output.expect(4).says(words);
        assert_eq!(output.text(), "", "{output}");
    };
    // One read, existing or not; denied beats missing.
    denied(&["get", "hidden/a"], &["hidden/a", "ermission denied"]);
    denied(&["get", "hidden/none"], &["hidden/none"]);
    denied(
        &["get", "hidden/none", "own/none"],
        &["hidden/none", "own/none"],
    );
    denied(&["get", "hidden/none", "--default", "d"], &["hidden/none"]);
    // An empty listing is believed only where the prefix may be read.
    denied(&["get", "--recurse", "hidden/"], &["hidden/"]);
    denied(&["get", "--keys", "hidden/"], &["hidden/"]);
    assert_eq!(client.kvw(["get", "--recurse", "seen/none/"]).ok(), "");
    // Writes, one and many.
    denied(&["put", "seen/a", "v"], &["seen/a"]);
    denied(&["put", "seen/a", "v", "--keep-flags"], &["seen/a"]);
    denied(&["delete", "seen/a"], &["seen/a"]);
    denied(
        &["delete", "own/a", "seen/a"],
        &["key seen/a", "ermission denied"],
    );
    denied(&["delete", "seen/", "--recurse", "--yes"], &["seen/"]);
    denied(&["delete", "hidden/", "--recurse", "--yes"], &["hidden/"]);
    denied(
        &["delete", "seen/a", "--cas", "--modify-index", "1"],
        &["seen/a"],
    );
    denied(&["delete", "hidden/a", "--dry-run"], &["hidden/a"]);
    denied(
        &["txn", "set own/c 1", "set seen/c 1"],
        &["operation 2 (set seen/c)"],
    );
    assert_eq!(
        client.kvw(["get", "own/a", "own/b"]).ok(),
        "own/a:own/a\nown/b:own/b\n"
    );
}

#[test]
fn levels_trees_and_documents_are_believed_only_with_the_right_to_them() {
    let Some(client) = RestrictedClient::start() else {
        return;
    };
    for verb in ["ls", "tree", "export"] {
        let output = client.kvw([verb, "hidden/"]).run();
        output.expect(4).one_line().says(&["hidden/"]);
        assert_eq!(output.text(), "");
        client.kvw([verb, "seen/none/"]).ok();
    }
    assert_eq!(client.kvw(["ls"]).ok(), "own/\nseen/\n");
    let import = |document: &'static str| client.kvw(["import"]).stdin(document).run();
    let output = import(r#"[{"key":"own/n","value":"eA=="},{"key":"seen/n","value":"eA=="}]"#);
    output
        .expect(4)
        .one_line()
        .says(&["seen/n", "0 written", "2 not written"])
        .says(&["key seen/n stands in the way, 1 other key of its group untouched"]);
    assert!(!output.stderr.contains("run again"), "{output}");
    // What is equal is not written, so it takes no right to write.
    import(r#"[{"key":"seen/a","value":"c2Vlbi9h"}]"#).expect(0);
}

#[test]
fn an_empty_answer_to_a_token_that_may_not_read_is_never_an_empty_store() {
    let Some(client) = RestrictedClient::start() else {
        return;
    };
    // Without a token, all of the store and each prefix are hidden.
    for place in ["", "hidden/", "hid", "seen/none/"] {
        for args in [
            &["export"][..],
            &["export", "-o", "jsonl"],
            &["export", "-o", "consul"],
            &["export", "--allow-filtered"],
            &["ls"],
            &["ls", "--long"],
            &["ls", "-o", "json"],
            &["tree"],
            &["tree", "--du"],
            &["tree", "-o", "json"],
            &["get", "--recurse"],
            &["get", "--recurse", "-o", "json"],
            &["get", "--keys"],
            &["get", "--keys", "--recurse"],
            &["get", "--keys", "-o", "json"],
            &[
                "delete",
                "--recurse",
                "--all",
                "--prefix-match",
                "--dry-run",
            ],
            &["delete", "--recurse", "--all", "--prefix-match", "--yes"],
        ] {
            let output = client.agent.kvw([]).args(args).args([place]).run();
            output.expect(4).says(&["listing ", "permission denied"]);
            assert_eq!(output.text(), "", "{output}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup.json");
        let args = ["export", place, "--output-file", file.to_str().unwrap()];
        client.agent.kvw(args).run().expect(4);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        if place.is_empty() {
            // A transaction takes no empty prefix.
            continue;
        }
        let get_tree = format!("get-tree '{place}'");
        let output = client.agent.kvw(["txn", &get_tree]).run();
        output
            .expect(4)
            .says(&["operation 1 (get-tree", "permission denied"]);
    }
    let output = client.kvw(["txn", "get own/a", "get hidden/a"]).run();
    output
        .expect(4)
        .says(&["operation 2 (get hidden/a): permission denied"]);
    assert_eq!(output.text(), "own/a:own/a\n");
    client.kvw(["txn", "get-tree seen/none/"]).ok();
}

#[test]
fn an_empty_store_is_believed_only_with_the_right_to_it() {
    let Some(client) = RestrictedClient::start() else {
        return;
    };
    let master = |args: &[&str]| {
        let kvw = client.agent.kvw([]).args(args);
        kvw.env("CONSUL_HTTP_TOKEN", MASTER).run().expect(0);
    };
    master(&["delete", "--recurse", "", "--all", "--yes"]);
    for args in WHOLE_STORE_LISTINGS {
        let output = client.kvw([]).args(args).run();
        output
            .expect(4)
            .says(&["listing all keys at ", "permission denied"]);
        assert_eq!(output.text(), "", "{output}");
        master(args);
    }
}

#[test]
fn what_may_be_read_is_printed_beside_what_may_not() {
    let Some(client) = RestrictedClient::start() else {
        return;
    };
    let output = client.kvw(["get", "own/a", "hidden/a", "seen/a"]).run();
    output.expect(4).one_line().says(&["hidden/a"]);
    assert_eq!(output.text(), "own/a:own/a\nseen/a:seen/a\n");
    let names = client.kvw(["get", "--keys", "--recurse"]).ok();
    assert_eq!(names, "own/a\nown/b\nseen/a\n");
    let output = client
        .kvw(["txn", "set own/c 1", "set hidden/c 1", "-o", "json"])
        .run();
    output.expect(4);
    let rolled_back: RolledBack = parse_document(&output.text());
    assert!(
        rolled_back.errors[0]
            .reason
            .starts_with("Permission denied")
    );
}

#[test]
fn an_unknown_token_exits_four_and_is_not_shown() {
    let Some(client) = RestrictedClient::start() else {
        return;
    };
    let secret = "11111111-2222-4333-8444-555555555555";
    for args in [
        &["get", "own/a"][..],
        &["put", "own/a", "v"],
        &["txn", "get own/a"],
    ] {
        let output = client
            .kvw(["-v"])
            .args(args)
            .env("CONSUL_HTTP_TOKEN", secret)
            .run();
        output.expect(4).says(&["ACL not found"]);
        assert!(!output.stderr.contains(secret), "{output}");
    }
}

#[test]
fn an_import_names_every_key_that_may_not_be_written() {
    let Some(client) = RestrictedClient::start() else {
        return;
    };
    let document = |folders: &[&str]| -> String {
        let keys = (0..100).flat_map(|n| folders.iter().map(move |folder| (n, folder)));
        let entries =
            keys.map(|(n, folder)| format!("{{\"key\":\"{folder}/n{n}\",\"value\":\"eA==\"}}\n"));
        entries.collect()
    };
    let doc = document(&["own", "seen"]);
    let output = client.kvw(["import", "--dry-run"]).stdin(&*doc).run();
    output.expect(4).says(&[
        "error: key seen/n0 would be denied: permission denied",
        "error: key seen/n99 would be denied: ",
        "100 would be written, 0 unchanged, 100 would be refused",
    ]);
    assert_eq!(output.text().lines().count(), 100);
    assert!(output.text().lines().all(|key| key.starts_with("own/n")));
    client.kvw(["get", "own/n0"]).run().expect(1);
    let output = client.kvw(["import"]).stdin(&*doc).run();
    output.expect(4).one_line().says(&[
        "keys seen/n0, seen/n1, seen/n2, seen/n3, seen/n4 and ",
        " stand in the way, ",
        " of their group untouched",
        "--keep-going",
    ]);
    client.kvw(["get", "own/n0"]).run().expect(1);
    let output = client.kvw(["import", "--keep-going"]).stdin(&*doc).run();
    output.expect(4).says(&[
        "error: key seen/n99 not written: permission denied",
        "import incomplete: 100 written, 0 unchanged, 100 refused",
    ]);
    client.kvw(["get", "own/n0", "own/n99"]).ok();
    let output = client
        .kvw(["import", "--dry-run"])
        .stdin(document(&["own"]))
        .run();
    output
        .expect(0)
        .says(&["0 would be written, 100 unchanged"]);
    let output = client
        .kvw(["import", "--atomic"])
        .stdin(r#"[{"key":"own/z"},{"key":"seen/z"}]"#)
        .run();
    output
        .expect(4)
        .one_line()
        .says(&["nothing written: key seen/z stands in the way"]);
}

#[test]
fn a_lock_that_may_not_be_taken_exits_four_and_leaves_no_session() {
    let Some(agent) = AclAgent::start() else {
        return;
    };
    let denied = agent.kvw(["lock", "own/job", "--", "true"]).run();
    denied
        .expect(4)
        .says(&["creating a session", "ermission denied"]);
    let rules = prefix_rules("write", &["own/"]) + "session_prefix \"\" { policy = \"write\" }\n";
    let token = agent.create_token(&agent.create_policy(&rules));
    let kvw = |args: &[&str]| {
        let kvw = agent.kvw([]).args(args);
        kvw.env("CONSUL_HTTP_TOKEN", &token.secret).run()
    };
    let line = "echo ${CONSUL_HTTP_TOKEN:-withheld}";
    let output = kvw(&["lock", "own/job", "--exec", line]);
    assert_eq!(output.expect(0).text(), "withheld\n");
    let output = kvw(&["lock", "own/job", "--pass-token", "--exec", line]);
    assert_eq!(output.expect(0).text().trim(), token.secret);
    for args in [
        &["lock", "seen/job", "--", "true"][..],
        &["lock", "seen/job", "-n", "2", "--try", "--", "true"],
        &["elect", "seen/job", "--", "true"],
    ] {
        kvw(args).expect(4).says(&["ermission denied"]);
    }
    let listed = agent.kvw(["session", "list"]);
    let listed = listed.env("CONSUL_HTTP_TOKEN", MASTER).ok();
    assert_eq!(listed, "");
}

#[test]
fn a_holder_that_loses_its_rights_says_so_before_it_stops_its_command() {
    let Some(agent) = AclAgent::start() else {
        return;
    };
    let rules = prefix_rules("write", &["own/"]) + r#"session_prefix "" { policy = "write" }"#;
    let policy = agent.create_policy(&rules);
    let token = agent.create_token(&policy);
    let mut holder = agent
        .kvw(["lock", "own/job", "--lock-delay=9s", "--stop-timeout=2s"])
        .args(["--", "sleep", "1000"])
        .env("CONSUL_HTTP_TOKEN", &token.secret)
        .spawn();
    holder.err_line_with("holding own/job");
    agent.set_rules(&policy, r#"session_prefix "" { policy = "write" }"#);
    let warning = holder.err_line_with("will be stopped in");
    assert!(warning.contains("permission denied"), "{warning}");
    assert!(!warning.contains("no answer"), "{warning}");
    holder.wait(crate::harness::PATIENCE).expect(3);
}
