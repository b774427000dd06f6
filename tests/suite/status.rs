//! kvw status

use crate::harness::contract::{Status, parse_document};
use crate::harness::{AclAgent, Agent, Faulty, Kvw, MASTER, PATIENCE, prefix_rules, wait_for};

#[test]
fn a_led_server_is_shown_with_its_leader_servers_time_and_datacenter() {
    let agent = Agent::shared();
    let json = agent.kvw(["status", "-o", "json"]).ok();
    let status: Status = parse_document(&json);
    let leader = status.leader.unwrap();
    assert!(status.servers.contains(&leader), "{json}");
    assert!(status.rtt_ms > 0.0, "{json}");
    assert_eq!(status.datacenter.as_deref(), Some("dc1"));
    let text = agent.kvw(["status"]).ok();
    assert!(
        text.starts_with(&format!("leader:      {leader}\n")),
        "{text}"
    );
}

#[test]
fn nobody_there_is_trouble_and_is_said_at_once() {
    let output = Kvw::at("127.0.0.1:9").args(["status"]).run();
    output
        .expect(3)
        .one_line()
        .says(&["checking for a leader at 127.0.0.1:9: connection refused"]);
    assert!(output.stdout.is_empty(), "{output}");
}

#[test]
fn waiting_outlasts_a_server_that_starts_late() {
    let mut agent = Agent::own();
    agent.kill();
    let waiting = agent.kvw(["status", "--wait", "60s", "-o", "json"]).spawn();
    agent.start();
    waiting.wait(2 * PATIENCE).expect(0);
}

#[test]
fn waiting_ends_with_the_last_reason() {
    let output = Kvw::at("127.0.0.1:9")
        .args(["status", "--wait", "300ms"])
        .run();
    output.expect(3).one_line().says(&["connection refused"]);
}

#[test]
fn a_dead_leader_that_is_still_named_does_not_count() {
    // `status/leader` would still name it; it is not asked.
    let server = Faulty::script()
        .on("GET /v1/kv/.kvw-looks-for-a-leader/?keys&consistent")
        .answers(500, "rpc error getting client: failed to get conn: dial tcp 127.0.0.1:8300: connect: connection refused")
        .start();
    let output = Kvw::at(server.address())
        .args(["status", "--retry-for", "0"])
        .run();
    output
        .expect(3)
        .one_line()
        .says(&["checking for a leader", "500"]);
}

#[test]
fn a_token_without_rights_proves_a_leader_too() {
    let server = Faulty::script()
        .on("GET /v1/kv/")
        .having("X-Consul-Token: weak")
        .answers(403, "Permission denied")
        .on("GET /v1/status/leader")
        .answers(200, "\"10.0.0.1:8300\"")
        .on("GET /v1/status/peers")
        .answers(200, "[\"10.0.0.1:8300\",\"10.0.0.2:8300\"]")
        .on("GET /v1/agent/self")
        .answers(403, "Permission denied")
        .on("GET /v1/acl/token/self")
        .answers(200, "{}")
        .start();
    let json = Kvw::at(server.address())
        .args(["status", "-o", "json", "--token", "weak"])
        .ok();
    let status: Status = parse_document(&json);
    assert_eq!(status.leader.as_deref(), Some("10.0.0.1:8300"));
    assert_eq!(status.servers, ["10.0.0.1:8300", "10.0.0.2:8300"]);
    assert_eq!(status.datacenter, None);
    assert_eq!(status.token.as_deref(), Some("known"));
}

#[test]
fn a_server_with_acls_is_proven_without_any_token() {
    let Some(agent) = AclAgent::start() else {
        return;
    };
    let json = agent.kvw(["status", "-o", "json"]).ok();
    let status: Status = parse_document(&json);
    assert!(status.leader.is_some());
    assert_eq!(status.datacenter, None);
    let json = agent
        .kvw(["status", "-o", "json"])
        .env("CONSUL_HTTP_TOKEN", MASTER)
        .ok();
    let status: Status = parse_document(&json);
    assert_eq!(status.datacenter.as_deref(), Some("dc1"));
}

#[test]
fn the_access_of_a_token_is_tried_without_writing() {
    let scope = Agent::shared();
    let prefix = scope.prefix();
    let json = scope.kvw(["status", "--access", prefix, "-o", "json"]).ok();
    let status: Status = parse_document(&json);
    let access = status.access.unwrap();
    assert_eq!(
        (access.prefix.as_str(), access.read, access.write),
        (prefix, true, true)
    );
    assert_eq!(status.token.as_deref(), Some("none"));
    assert_eq!(status.address, scope.address());
    assert!(scope.kvw(["get", "--keys", prefix]).ok().is_empty());
    let text = scope.kvw(["status", "--access", ""]).ok();
    assert!(
        text.contains("access to all keys: read yes, write yes"),
        "{text}"
    );
    let Some(agent) = AclAgent::start() else {
        return;
    };
    let rules = |policy: &str| prefix_rules(policy, &["config/"]);
    let policy = agent.create_policy(&rules("write"));
    let token = agent.create_token(&policy);
    for (right, exit, words) in [
        ("write", 0, "access to config/: read yes, write yes\n"),
        ("read", 0, "access to config/: read yes, write no\n"),
        ("deny", 4, "access to config/: read no, write no\n"),
    ] {
        agent.set_rules(&policy, &rules(right));
        // The servers keep what a token may do for a moment.
        let output = wait_for(words, || {
            let tried = agent.kvw(["status", "--access", "config/"]);
            let output = tried.env("CONSUL_HTTP_TOKEN", &token.secret).run();
            output.text().ends_with(words).then_some(output)
        });
        output.expect(exit);
        assert!(output.text().contains("token:       known\n"), "{output}");
    }
    let unknown = agent
        .kvw(["status"])
        .env("CONSUL_HTTP_TOKEN", "00000000-0000-0000-0000-00000000dead");
    let output = unknown.run();
    output.expect(0).says(&["does not know this token"]);
    assert!(
        output.text().contains("not known to the cluster"),
        "{output}"
    );
}

#[test]
fn an_html_page_is_named_and_not_printed() {
    let server = Faulty::script()
        .on("GET /v1/kv/")
        .answers(
            502,
            "<html>\r\n<head><title>502 Bad Gateway</title></head><body><hr></body></html>",
        )
        .start();
    let output = Kvw::at(server.address())
        .args(["status", "--retry-for", "0"])
        .run();
    output
        .expect(3)
        .says(&["a proxy answered 502 with an HTML page"]);
    assert!(!output.stderr.contains('<'), "{output}");
}

#[test]
fn a_port_alone_and_a_host_without_one_are_explained() {
    let output = Kvw::at("8500").args(["status"]).run();
    output.expect(2).says(&["a port without a host: :8500"]);
}
