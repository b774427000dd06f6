//! `kvw elect`: one leader, who stops in time, and campaigns again.

use crate::harness::contract::{LeaderEvent, parse_line};
use crate::harness::{Agent, Kvw, PATIENCE, SHORT_LEASE, Scope, wait_for};

fn elect(scope: &Scope, args: &[&str]) -> Kvw {
    scope.kvw(["elect", &scope.key("leader")]).args(args)
}

#[test]
fn the_leaders_command_runs_and_its_end_resigns_with_its_status() {
    let scope = Agent::shared();
    let line = "echo $KVW_LOCK_FENCE; exit 7";
    let output = elect(&scope, &["--exec", line]).run();
    output.expect(7).says(&["leading", "resigned from"]);
    assert!(output.text().trim().parse::<u64>().unwrap() > 0);
    assert_eq!(scope.entry("leader"), None);
    elect(&scope, &["--", "true"]).run().expect(0);
    elect(&scope, &["--", "no-such-program"]).run().expect(127);
    elect(&scope, &[]).run().expect(2);
}

#[test]
fn the_next_leader_follows_when_one_resigns_and_listeners_hear_of_each() {
    let scope = Agent::shared();
    let key = scope.key("leader");
    let mut text = elect(&scope, &["--listen"]).spawn();
    assert_eq!(text.line(), "no leader");
    let mut lines = elect(&scope, &["--listen", "-o", "jsonl"]).spawn();
    let event: LeaderEvent = parse_line(&lines.line());
    assert!(matches!(event, LeaderEvent::None { key: seen, .. } if seen == key));
    elect(&scope, &["--current"])
        .run()
        .expect(1)
        .one_line()
        .says(&["has no leader"]);
    let run = ["--exec", "echo up; sleep 1000"];
    let mut first = elect(&scope, &["--value", "one"]).args(run).spawn();
    assert_eq!(first.line(), "up");
    assert!(text.line().starts_with("leader one (fence "));
    let LeaderEvent::Leader {
        value,
        session,
        fence,
        ..
    } = parse_line(&lines.line())
    else {
        panic!("there is a leader");
    };
    let entry = scope.entry("leader").unwrap();
    assert_eq!((&*value, &entry["Session"]), ("one", &session.into()));
    assert_eq!(entry["ModifyIndex"], fence);
    assert_eq!(elect(&scope, &["--current"]).ok(), "one\n");
    let mut second = elect(&scope, &["--value", "two"]).args(run).spawn();
    second.err_line_with("campaigning for");
    assert_eq!(first.stop().code, 143);
    assert_eq!(second.line(), "up");
    let mut events = Vec::new();
    while !events
        .iter()
        .any(|line: &String| line.starts_with("leader two"))
    {
        events.push(text.line());
    }
    second.stop();
    assert_eq!(text.line(), "no leader");
}

#[test]
fn a_leader_that_is_deposed_stops_its_command_and_campaigns_again() {
    let scope = Agent::shared();
    let line = "echo up; sleep 1000";
    let mut leader = elect(&scope, &SHORT_LEASE).args(["--exec", line]).spawn();
    assert_eq!(leader.line(), "up");
    let session = scope.entry("leader").unwrap()["Session"]
        .as_str()
        .unwrap()
        .to_owned();
    scope.kvw(["session", "destroy", "--yes", &session]).ok();
    leader.err_line_with("lost the leadership");
    leader.err_line_with("lock delay lasts");
    // After the lock delay it leads again, by another session.
    assert_eq!(leader.line(), "up");
    let entry = wait_for("the leader", || scope.entry("leader"));
    assert_ne!(entry["Session"], *session);
    assert_eq!(leader.stop().code, 143);
    assert_eq!(scope.entry("leader"), None);
}

#[test]
fn a_leader_rides_out_a_server_that_comes_back_and_leads_again_after_a_long_outage() {
    let agent = Agent::own();
    let mut leader = agent
        .kvw(["elect", "leader"])
        .args(SHORT_LEASE)
        .args(["--exec", "echo up; sleep 1000"])
        .spawn();
    assert_eq!(leader.line(), "up");
    agent.freeze(true);
    leader.err_line_with("lost the leadership of leader: no answer from Consul");
    agent.freeze(false);
    assert_eq!(leader.line_within(PATIENCE), "up");
    leader.stop();
}

#[test]
fn a_server_that_is_not_there_is_unavailable() {
    for args in [&["--", "true"][..], &["--listen"], &["--current"]] {
        let output = Kvw::at("127.0.0.1:1").args(["elect", "k"]).args(args).run();
        output.expect(3).one_line();
    }
}

#[test]
fn a_leader_whose_command_fails_campaigns_again_where_that_is_asked_for() {
    let scope = Agent::shared();
    let line = "[ -e failed ] && exit 0; touch failed; echo down; exit 3";
    let args = ["--on-exit", "campaign", "--exec", line];
    let output = elect(&scope, &args).run();
    output
        .expect(0)
        .says(&["exited with 3; campaigning again in", "resigned from"]);
    assert_eq!(output.text(), "down\n");
    assert_eq!(scope.entry("leader"), None);

    // Between two campaigns it leads nothing, and ends at once.
    let mut waiting = elect(&scope, &["--on-exit", "campaign", "--exec", "exit 3"]).spawn();
    waiting.err_line_with("campaigning again in");
    assert_eq!(scope.entry("leader"), None);
    waiting.signal("TERM");
    let output = waiting.wait(PATIENCE);
    assert_eq!(output.signal, Some(15), "{output}");
}

#[test]
fn a_listeners_handler_runs_for_the_present_leader_and_for_each_that_follows() {
    let scope = Agent::shared();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let line = format!(
        "read -r event; echo \"$KVW_LEADER/$KVW_LOCK_FENCE/$KVW_KEY/$event\" >>{}; echo said",
        log.display()
    );
    let runs = || -> Vec<String> {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    };
    let mut listener = elect(&scope, &["--listen", "--exec", &line]).spawn();
    assert_eq!(listener.line(), "no leader");
    wait_for("the first run", || (runs().len() == 1).then_some(()));
    let key = scope.key("leader");
    assert!(runs()[0].starts_with(&format!("//{key}/{{\"event\":\"none\"")));

    let mut leader = elect(&scope, &["--value", "one", "--exec", "echo up; sleep 1000"]).spawn();
    assert_eq!(leader.line(), "up");
    // What the handler prints is no line of the listener.
    assert!(listener.line().starts_with("leader one (fence "));
    wait_for("the second run", || (runs().len() == 2).then_some(()));
    let seen = runs().remove(1);
    let (leader_and_fence, event) = seen.split_at(seen.find('{').unwrap());
    let LeaderEvent::Leader { value, fence, .. } = parse_line(event) else {
        panic!("there is a leader: {seen}");
    };
    assert_eq!(value, "one");
    assert_eq!(leader_and_fence, format!("one/{fence}/{key}/"));

    leader.stop();
    assert_eq!(listener.line(), "no leader");
    wait_for("the third run", || (runs().len() == 3).then_some(()));
    listener.signal("TERM");
    let output = listener.wait(PATIENCE);
    assert_eq!(output.signal, Some(15), "{output}");
    output.says(&["said"]);
}

#[test]
fn a_listener_ends_soon_when_nobody_reads_it_any_more() {
    let scope = Agent::shared();
    for args in [
        &["--listen"][..],
        &["--listen", "-o", "jsonl", "--exec", "true"],
    ] {
        let output = elect(&scope, args)
            .with_stdout_closed()
            .spawn()
            .wait(PATIENCE);
        assert_eq!(output.signal, Some(13), "{output}");
    }
    let kvw = assert_cmd::cargo::cargo_bin!("kvw").display();
    let line = format!("'{kvw}' elect {} --listen | head -1", scope.key("leader"));
    let shell = Kvw::program(std::path::Path::new("/bin/sh")).args(["-c", &line]);
    let shell = shell.env("CONSUL_HTTP_ADDR", scope.address());
    assert_eq!(shell.spawn().wait(PATIENCE).text(), "no leader\n");
}

#[test]
fn a_listeners_handler_that_fails_is_repeated_and_nothing_of_it_is_left() {
    let scope = Agent::shared();
    let line = "[ -e failed ] || { touch failed; exit 3; }; echo again >&2; sleep 1000";
    let mut listener = elect(&scope, &["--listen", "--exec", line]).spawn();
    listener.err_line_with("sh exited with 3; retrying in");
    listener.err_line_with("again");
    listener.signal("INT");
    let output = listener.wait(PATIENCE);
    assert_eq!(output.signal, Some(2), "{output}");

    // Without a shell too, and one that cannot be started is repeated like one that fails.
    let handler = ["--listen", "--", "./no-such-handler", "a"];
    let mut listener = elect(&scope, &handler).spawn();
    listener.err_line_with("starting ./no-such-handler");
    listener.stop();
    let both = ["--current", "--exec", "true"];
    elect(&scope, &both).run().expect(2);
}
