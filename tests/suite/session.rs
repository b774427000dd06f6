//! `kvw session`.

use crate::harness::contract::{Session, parse_document};
use crate::harness::{Agent, Kvw, PATIENCE, Scope};

fn created(scope: &Scope, args: &[&str]) -> String {
    let id = scope.kvw(["session", "create"]).args(args).ok();
    id.trim().to_owned()
}

#[test]
fn a_session_is_created_shown_renewed_and_destroyed() {
    let scope = Agent::shared();
    let id = created(
        &scope,
        &[
            "--ttl",
            "1m",
            "--lock-delay",
            "500ms",
            "--no-checks",
            "--name",
            "deploy",
            "--behavior",
            "delete",
        ],
    );
    let key = scope.key("k");
    scope
        .kvw(["put", "--acquire", "--session", &id, &key, "v"])
        .ok();
    let shown = scope.kvw(["session", "show", &id, "-o", "json"]).ok();
    let shown: Session = parse_document(&shown);
    assert_eq!(
        (&*shown.id, &*shown.name, &*shown.behavior),
        (&*id, "deploy", "delete")
    );
    assert_eq!((shown.ttl_ms, shown.lock_delay_ms), (Some(60_000), 500));
    assert!(shown.checks.is_empty());
    assert_eq!(shown.keys, Some(vec![key.clone()]));
    let text = scope.kvw(["session", "show", &id]).ok();
    for line in [
        "ttl:         1m",
        "lock delay:  500ms",
        &format!("holds:       {key}"),
    ] {
        assert!(text.contains(line), "{text}");
    }
    let renewed = scope.kvw(["session", "renew", &id]).run();
    renewed.expect(0).says(&["renewed session", "for 1m"]);
    let listed = scope.kvw(["session", "list"]).ok();
    assert!(listed.contains(&format!("{id}  ttl 1m")), "{listed}");
    let listed = scope.kvw(["session", "list", "--keys", "-o", "json"]).ok();
    let listed: Vec<Session> = parse_document(&listed);
    let own = listed.iter().find(|session| session.id == id).unwrap();
    assert_eq!(own.keys, Some(vec![key]));
    scope.kvw(["session", "destroy", "--yes", &id]).ok();
    assert_eq!(scope.entry("k"), None);
    for verb in ["show", "renew"] {
        let gone = scope.kvw(["session", verb, &id]).run();
        gone.expect(1)
            .one_line()
            .says(&[&format!("session {id} not found")]);
    }
    // It does not exist, which is what was asked for.
    scope.kvw(["session", "destroy", "--yes", &id]).ok();
}

#[test]
fn a_session_without_a_word_on_checks_has_consuls_default() {
    let scope = Agent::shared();
    let json = scope.kvw(["session", "create", "-o", "json"]).ok();
    let created: Session = parse_document(&json);
    assert_eq!(created.checks, ["serfHealth"]);
    assert_eq!((created.ttl_ms, created.lock_delay_ms), (None, 15_000));
    assert_eq!(created.behavior, "release");
    scope.kvw(["session", "destroy", "-y", &created.id]).ok();
}

#[test]
fn times_that_consul_would_refuse_or_cut_are_refused_before_anything_is_sent() {
    for args in [
        &["--ttl", "9s"][..],
        &["--ttl", "25h"],
        &["--lock-delay", "61s"],
        &["--ttl", "15"],
        &["--behavior", "keep"],
        &["--check", "a", "--no-checks"],
    ] {
        let output = Kvw::at("127.0.0.1:1")
            .args(["session", "create"])
            .args(args)
            .run();
        output.expect(2);
    }
}

#[test]
fn what_is_no_sessions_id_is_not_found() {
    let scope = Agent::shared();
    for id in ["nonsense", "b4767f21-a9d2-aa1e-3acb-94adc234e191", "a/b?c"] {
        scope.kvw(["session", "show", id]).run().expect(1);
        scope.kvw(["session", "renew", id]).run().expect(1);
        scope
            .kvw(["session", "destroy", "--yes", id])
            .run()
            .expect(0);
    }
}

#[test]
fn an_id_that_is_empty_is_refused_before_a_server_is_asked() {
    let scope = Agent::shared();
    let key = scope.key("k");
    for args in [
        &["session", "show", ""][..],
        &["session", "renew", ""],
        &["session", "destroy", "--yes", ""],
        &["put", "--acquire", "--session", "", &key, "v"],
        &["put", "--release", "--session", "", &key, "v"],
        &["lock", &key, "--session", "", "--", "true"],
    ] {
        let refused = scope.kvw([args[0]]).args(&args[1..]).run();
        refused
            .expect(2)
            .one_line()
            .says(&["a session id cannot be empty"]);
    }
    assert_eq!(scope.entry("k"), None);
}

#[test]
fn an_id_in_upper_case_is_the_same_session() {
    let scope = Agent::shared();
    let id = created(&scope, &["--no-checks"]);
    let key = scope.key("k");
    let upper = id.to_uppercase();
    scope
        .kvw(["put", "--acquire", "--session", &upper, &key, "v"])
        .ok();
    assert_eq!(scope.entry("k").unwrap()["Session"], id);
    let lock = scope.key("job");
    let locked = scope.kvw(["lock", &lock, "--session", &upper, "--", "true"]);
    locked.run().expect(0).says(&["released"]);
    scope.kvw(["session", "destroy", "--yes", &upper]).ok();
}

#[test]
fn a_session_of_a_node_or_a_check_that_is_not_registered_is_certainly_not_created() {
    let scope = Agent::shared();
    for args in [["--node", "nowhere"], ["--check", "nothing"]] {
        let output = scope.kvw(["session", "create"]).args(args).run();
        output
            .expect(3)
            .one_line()
            .says(&["Missing ", " registration"]);
        assert!(!output.stderr.contains("may or may not"), "{output}");
        let empty = scope.kvw(["session", "create", args[0], ""]).run();
        empty.expect(2);
    }
}

#[test]
fn sessions_are_not_destroyed_without_a_confirmation_that_names_their_keys() {
    let scope = Agent::shared();
    let id = created(&scope, &["--lock-delay", "0"]);
    let key = scope.key("k");
    scope
        .kvw(["put", "--acquire", "--session", &id, &key, "v"])
        .ok();
    let refused = scope.kvw(["session", "destroy", &id]).run();
    refused.expect(2).says(&[
        &format!("session {id} frees {key}"),
        "refusing to destroy 1 session",
        "--yes",
    ]);
    scope.kvw(["session", "show", &id]).ok();
    scope.kvw(["session", "destroy", "--yes", &id]).ok();
    assert_eq!(scope.value("k").unwrap(), b"v");
}

#[test]
fn a_session_is_renewed_until_it_is_destroyed() {
    let scope = Agent::shared();
    let id = created(&scope, &["--ttl", "10s", "--no-checks"]);
    let mut running = scope
        .kvw(["session", "renew", &id, "--every", "50ms"])
        .spawn();
    assert!(!running.has_ended());
    scope.kvw(["session", "destroy", "--yes", &id]).ok();
    running.wait(PATIENCE).expect(1).says(&["not found"]);
    let id = created(&scope, &["--ttl", "10s"]);
    let running = scope
        .kvw(["session", "renew", &id, "--every", "1h"])
        .spawn();
    // It listens to signals once it waits, and dies of one before that.
    assert_eq!(running.stop().signal, Some(15));
    scope.kvw(["session", "destroy", "--yes", &id]).ok();
}

#[test]
fn a_session_of_a_server_that_is_not_there_is_unavailable() {
    for args in [&["list"][..], &["show", "x"], &["create"], &["renew", "x"]] {
        let output = Kvw::at("127.0.0.1:1").args(["session"]).args(args).run();
        output.expect(3).one_line();
    }
}
