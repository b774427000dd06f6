//! Several addresses of one cluster: asked in their order where one is not reached or has no leader.

use std::fs;
use std::net::TcpListener;

use serde_json::Value;

use crate::harness::{
    Agent, Authority, Faulty, Kvw, PATIENCE, Presents, Proxy, SILENCE, Script, TlsFront, wait_for,
};

const NO_LEADER: &str = "No cluster leader";

/// An address at which nothing listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn list(addresses: &[&str]) -> String {
    addresses.join(",")
}

fn put(script: Script) -> Script {
    script.on("PUT /v1/kv/a").answers(200, "true")
}

#[test]
fn a_read_goes_to_the_first_address_that_answers() {
    let agent = Agent::shared();
    let (key, gone) = (agent.key("a"), nobody());
    agent.put("a", "1");
    let both = list(&[&gone, &agent.address()]);
    assert_eq!(Kvw::at(&both).args(["get", &key, "-oraw"]).ok(), "1");
    // As flags, which beat the environment, and with a comma in one of them.
    let flags = [
        "--http-addr",
        &gone,
        "--http-addr",
        &format!("{},{}", nobody(), agent.address()),
    ];
    let kvw = || Kvw::at("127.0.0.1:1").args(["get", &key]).args(flags);
    kvw().ok();
    let output = kvw().args(["-v"]).run();
    output.expect(0).says(&[
        &gone,
        "connection refused",
        &format!("at {}: 200", agent.address()),
    ]);
    // Each is asked once, however often it is named.
    let output = Kvw::at(&list(&[&gone, &gone, &gone]))
        .args(["get", &key])
        .run();
    assert_eq!(
        output.expect(3).stderr.matches(&gone).count(),
        1,
        "{output}"
    );
}

#[test]
fn an_address_without_a_leader_is_passed_over_by_reads_and_writes() {
    for (read, args) in [
        ("GET /v1/kv/a", &["get", "a"][..]),
        ("PUT /v1/kv/a", &["put", "a", "1", "-q"]),
    ] {
        let led = match args[0] {
            "get" => Faulty::script().on(read).finds(7, ENTRY),
            _ => put(Faulty::script()),
        };
        let (unled, led) = (
            Faulty::script().on(read).answers(500, NO_LEADER).start(),
            led.start(),
        );
        let both = list(&[unled.address(), led.address()]);
        Kvw::at(&both).args(args).ok();
        assert_eq!((unled.requests().len(), led.requests().len()), (1, 1));
    }
}

const ENTRY: &str =
    r#"[{"LockIndex":0,"Key":"a","Flags":0,"Value":"MQ==","CreateIndex":7,"ModifyIndex":7}]"#;

#[test]
fn a_write_that_may_have_been_done_goes_to_no_other_address() {
    for script in [
        Faulty::script().on("PUT /v1/kv/a").closes(),
        Faulty::script().on("PUT /v1/kv/a").resets(),
        Faulty::script().on("PUT /v1/kv/a").stalls(),
        Faulty::script()
            .on("PUT /v1/kv/a")
            .answers(500, "rpc error making call: EOF"),
        Faulty::script()
            .on("PUT /v1/kv/a")
            .answers(500, "leadership lost while committing log"),
        Faulty::script()
            .on("PUT /v1/kv/a")
            .answers(502, "bad gateway"),
    ] {
        let (first, second) = (script.start(), Faulty::script().start());
        let both = list(&[first.address(), second.address()]);
        let args = ["put", "a", "1", "-q", "--request-timeout=300ms"];
        let output = Kvw::at(&both).args(args).run();
        output.expect(5).one_line().says(&["read it back"]);
        assert_eq!(second.connections(), 0, "{output}");
        assert_eq!(first.requests().len(), 1, "{output}");
    }
}

#[test]
fn what_another_address_would_answer_too_is_asked_once() {
    for (status, text, code) in [(403, "Permission denied", 4), (400, "Bad", 2), (404, "", 1)] {
        let script = Faulty::script().on("GET /v1/kv/a");
        let script = match status {
            404 => script.misses(3),
            _ => script.answers(status, text),
        };
        let (first, second) = (script.start(), Faulty::script().start());
        let both = list(&[first.address(), second.address()]);
        Kvw::at(&both).args(["get", "a"]).run().expect(code);
        assert_eq!(second.connections(), 0);
    }
}

#[test]
fn where_none_answers_each_is_named_once_in_one_line() {
    let gone = [nobody(), nobody()];
    let unled = Faulty::script()
        .on("PUT /v1/kv/a")
        .answers(500, NO_LEADER)
        .start();
    let all = list(&[&gone[0], unled.address(), &gone[1]]);
    let output = Kvw::at(&all).args(["put", "a", "1", "-q"]).run();
    output
        .expect(3)
        .one_line()
        .says(&[NO_LEADER, "nothing was done"]);
    for address in [&gone[0], &gone[1], unled.address()] {
        let times = output.stderr.matches(address).count();
        assert_eq!(times, 1, "{address}: {output}");
    }
    // A read is tried again while one of them may recover.
    let unled = Faulty::script()
        .on("GET /v1/kv/a")
        .answers(500, NO_LEADER)
        .on("GET /v1/kv/a")
        .finds(7, ENTRY)
        .start();
    let both = list(&[&gone[0], unled.address()]);
    Kvw::at(&both).args(["get", "a"]).ok();
}

#[test]
fn a_server_that_hangs_is_left_for_the_next() {
    let hung = Faulty::script().on("GET /v1/kv/a").stalls().start();
    let fine = Faulty::script().on("GET /v1/kv/a").finds(7, ENTRY).start();
    let both = list(&[hung.address(), fine.address()]);
    let args = ["get", "a", "--request-timeout=300ms", "--retry-for=0"];
    Kvw::at(&both).args(args).ok();
}

#[test]
fn addresses_of_all_kinds_stand_in_one_list() {
    let agent = Agent::shared();
    agent.put("a", "1");
    let authority = Authority::new("Agent CA");
    let certificate = authority.server(&["127.0.0.1"]);
    let front = TlsFront::start(&agent.address(), &Presents::new(&certificate));
    let foreign = Authority::new("Other CA").server(&["127.0.0.1"]);
    let foreign = TlsFront::start(&agent.address(), &Presents::new(&foreign));
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, authority.pem()).unwrap();
    let socket = format!("unix://{}/none.sock", folder.path().display());
    let all = list(&[&socket, &nobody(), &foreign.address(), &front.address()]);
    let get = || {
        Kvw::at(&all)
            .args(["get", &agent.key("a"), "-v"])
            .env("CONSUL_CACERT", &ca)
    };
    let output = get().run();
    output
        .expect(0)
        .says(&["not trusted", &format!("at {}: 200", front.address())]);
    // A flag of TLS needs one address with TLS, and files are checked before any is asked.
    let args = ["--ca-file", ca.to_str().unwrap()];
    get().args(args).ok();
    let plain = list(&[&socket, &agent.address()]);
    let output = Kvw::at(&plain).args(["get", "a"]).args(args).run();
    output.expect(2).one_line().says(&["without TLS"]);
    let mixed = list(&[&agent.address(), &front.address()]);
    let output = Kvw::at(&mixed)
        .args(["get", "a", "--ca-file", "none.pem"])
        .run();
    output.expect(2).one_line().says(&["none.pem"]);
}

#[test]
fn a_list_that_is_none_is_refused_without_a_word_of_a_password() {
    for address in [
        "127.0.0.1:1,",
        ",127.0.0.1:1",
        "127.0.0.1:1,,127.0.0.1:2",
        "127.0.0.1:1,h:port",
        "127.0.0.1:1,http://h:2/v1/kv",
        "http://user:8500,SECRET@127.0.0.1:1",
        "127.0.0.1:1,user:SECRET@127.0.0.1:1",
        "http://user:SEC,RET@127.0.0.1:1",
    ] {
        let output = Kvw::at(address).args(["get", "a"]).run();
        output.expect(2).one_line().says(&["CONSUL_HTTP_ADDR: "]);
        let shown = ["SEC", "RET", "8500"]
            .iter()
            .any(|part| output.stderr.contains(part));
        assert!(!shown, "{output}");
    }
}

#[test]
fn a_watch_moves_without_an_outage_and_says_which_address_answers() {
    let agent = Agent::shared();
    agent.put("a", "1");
    let proxies = [
        Proxy::start(&agent.address()),
        Proxy::start(&agent.address()),
    ];
    let both = list(&[&proxies[0].address(), &proxies[1].address()]);
    let handler = r#"echo "$KVW_COUNT $CONSUL_HTTP_ADDR""#;
    let folder = tempfile::tempdir().unwrap();
    let state = format!("--state={}", folder.path().join("state").display());
    let mut watch = Kvw::at(&both)
        .args(["watch", agent.prefix(), &state, "--status-file=status"])
        .args(["--debounce=0", "--exec", handler])
        .spawn();
    let status = watch.home().join("status");
    let answering = || {
        let text = fs::read_to_string(&status).ok()?;
        let status: Value = serde_json::from_str(&text).ok()?;
        Some(status["targets"][0]["address"].as_str()?.to_owned())
    };
    assert_eq!(watch.line(), format!("1 {}", proxies[0].address()));
    for (number, at) in [1, 0, 1].into_iter().enumerate() {
        // Also while a query is held, which then ends.
        proxies[1 - at].cut();
        agent.put("a", format!("{number} again"));
        assert_eq!(watch.line(), format!("1 {}", proxies[at].address()));
        wait_for("the address in the status file", || {
            (answering()? == proxies[at].address()).then_some(())
        });
        proxies[1 - at].mend();
    }
    let output = watch.stop();
    assert!(!output.stderr.contains("refused"), "{output}");
    assert!(!output.stderr.contains("lost"), "{output}");
    // The same list in another order is the same watch.
    let other = list(&[&proxies[1].address(), &proxies[0].address()]);
    let mut watch = Kvw::at(&other)
        .args(["watch", agent.prefix(), &state, "--debounce=0"])
        .args(["--exec", handler])
        .spawn();
    assert!(watch.silent_for(SILENCE));
    watch.stop();
}

#[test]
fn a_server_that_lags_makes_no_change_of_what_it_shows() {
    let entry = |value: &str, index: u64| {
        format!(
            r#"[{{"LockIndex":0,"Key":"a/x","Flags":0,"Value":"{value}","CreateIndex":3,"ModifyIndex":{index}}}]"#
        )
    };
    const READ: &str = "GET /v1/kv/a/?recurse";
    let first = Faulty::script()
        .on(READ)
        .finds(9, &entry("Mg==", 9))
        .on(&format!("{READ}&index=9&"))
        .closes()
        .start();
    // It is behind, and what it shows is from before; its leader is not.
    let lagging = Faulty::script()
        .on(&format!("{READ}&index=9&"))
        .finds(4, &entry("MQ==", 4))
        .on(&format!("{READ}&consistent"))
        .finds(9, &entry("Mg==", 9))
        .on(&format!("{READ}&index=9&"))
        .finds(10, &entry("Mw==", 10))
        .on(&format!("{READ}&index=10&"))
        .perhaps()
        .stalls()
        .start();
    let both = list(&[first.address(), lagging.address()]);
    let mut watch = Kvw::at(&both)
        .args(["watch", "a/", "--initial=run", "-ojsonl", "--stale"])
        .spawn();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let change: Value = serde_json::from_str(&watch.line()).unwrap();
        seen.push(change["after"]["value"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ["2", "3"]);
    watch.stop();
}

#[test]
fn a_lock_is_held_on_when_its_address_is_cut() {
    let agent = Agent::shared();
    let proxies = [
        Proxy::start(&agent.address()),
        Proxy::start(&agent.address()),
    ];
    let both = list(&[&proxies[0].address(), &proxies[1].address()]);
    let lock = agent.key("lock");
    // Longer than a lease that is not renewed lasts.
    let command = ["--", "sh", "-c", "echo held; sleep 12"];
    let mut held = Kvw::at(&both)
        .args(["lock", &lock, "--ttl=10s", "--stop-timeout=1s"])
        .args(command)
        .spawn();
    assert_eq!(held.line(), "held");
    proxies[0].cut();
    held.wait(PATIENCE).expect(0);
}
