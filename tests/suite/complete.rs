//! What the shell's TAB is offered.

use crate::harness::{Agent, Kvw};

/// What bash's script asks for `kvw get TYPED<TAB>`.
fn offered(kvw: Kvw, typed: &str) -> Vec<String> {
    let output = kvw
        .env("KVW_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", "2")
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "false")
        .env("_CLAP_IFS", "\n")
        .args(["--", "kvw", "get", typed])
        .run();
    output.expect(0);
    assert_eq!(output.stderr, "", "{output}");
    output.text().lines().map(str::to_owned).collect()
}

#[test]
fn live_keys_are_offered_one_level_at_a_time() {
    let scope = Agent::shared();
    scope.put("web/port", "1");
    scope.put("web/host", "1");
    scope.put("db", "1");
    let at = || Kvw::at(&scope.address());
    assert_eq!(
        offered(at(), scope.prefix()),
        [scope.key("db"), scope.key("web/")]
    );
    assert_eq!(offered(at(), &scope.key("web/p")), [scope.key("web/port")]);
}

#[test]
fn nothing_is_offered_or_said_when_consul_does_not_answer() {
    assert!(offered(Kvw::at("127.0.0.1:1"), "web").is_empty());
}

#[test]
fn a_complete_variable_set_by_chance_changes_nothing() {
    Kvw::bare().env("COMPLETE", "bash").args(["--version"]).ok();
}
