//! `kvw watch -o jsonl`: the published lines, parsed with types that refuse what they do not know.

use crate::harness::contract::{Change, parse_line};
use crate::harness::{Agent, Running, Scope};

fn watching(scope: &Scope) -> Running {
    scope.put("zz-ready", "");
    let args = ["watch", scope.prefix(), "-o", "jsonl", "--initial", "run"];
    let mut running = scope.kvw(args).spawn();
    while next(&mut running).key != scope.key("zz-ready") {}
    running
}

#[track_caller]
fn next(running: &mut Running) -> Change {
    parse_line(&running.line())
}

#[test]
fn a_change_has_both_sides_its_index_time_and_target() {
    let scope = Agent::shared();
    let mut running = watching(&scope);
    scope.put("name", "one");
    let created = next(&mut running);
    assert_eq!(created.event, "create");
    assert_eq!(created.key, scope.key("name"));
    assert_eq!(created.target, scope.prefix());
    assert_eq!(created.before, None);
    let after = created.after.unwrap();
    assert_eq!(after.value.as_deref(), Some("one"));
    assert_eq!(after.encoding.as_deref(), Some("utf8"));
    assert_eq!(created.index, after.modify_index);
    assert!(created.time.ends_with('Z') && created.time.len() == 24);

    scope.put("name", [0xff, 0x00]);
    let updated = next(&mut running);
    assert_eq!(updated.event, "update");
    assert_eq!(updated.before.as_ref(), Some(&after));
    let now = updated.after.unwrap();
    assert_eq!(now.value.as_deref(), Some("/wA="));
    assert_eq!(now.encoding.as_deref(), Some("base64"));
    assert_eq!(now.create_index, after.create_index);
    assert!(updated.index > created.index && !updated.recreated);

    scope.delete("name");
    let deleted = next(&mut running);
    assert_eq!(deleted.event, "delete");
    assert_eq!(deleted.before, Some(now));
    assert_eq!(deleted.after, None);
    assert!(deleted.index > updated.index);
}

#[test]
fn names_that_are_not_utf8_are_left_out_and_said_once() {
    let scope = Agent::shared();
    let path = format!("/v1/kv/{}bad%80name", scope.prefix());
    assert_eq!(scope.http("PUT", &path, b"1").status(), 200);
    let mut running = watching(&scope);
    scope.put("good", "1");
    assert_eq!(next(&mut running).key, scope.key("good"));
    let output = running.stop();
    let said = "keys that are not UTF-8 are ignored";
    assert_eq!(output.stderr.matches(said).count(), 1, "{output}");
}
