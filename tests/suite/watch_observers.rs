//! The observers of `kvw watch`: `--events all`, `--explain`, `--status-file`, systemd,
//! `--max-outage`.

use std::os::unix::net::UnixDatagram;
use std::path::Path;

use serde_json::Value;

use crate::harness::contract::{Change, Event, parse_line};
use crate::harness::{
    Agent, Faulty, Kvw, PATIENCE, READ_APP, Running, listing, outage_and_lost_right, wait_for,
};

#[track_caller]
fn event(running: &mut Running) -> Event {
    parse_line(&running.line())
}

/// The status file once it is as it should be.
#[track_caller]
fn status_when(path: &Path, holds: impl Fn(&Value) -> bool) -> Value {
    wait_for("the status", || {
        // Replaced as a whole: whoever reads it finds all of it.
        let text = std::fs::read_to_string(path).ok()?;
        let page = serde_json::from_str(&text).unwrap();
        holds(&page).then_some(page)
    })
}

#[test]
fn all_events_are_lines_of_the_contract() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let args = [
        "-o",
        "jsonl",
        "--events",
        "all",
        "--exec",
        "exit 3",
        "--initial",
        "skip",
    ];
    let mut running = scope.watch(&args).spawn();
    let Event::Synced {
        time,
        target,
        index,
        keys,
    } = event(&mut running)
    else {
        panic!("synced comes first");
    };
    assert_eq!((target.as_str(), keys), (scope.prefix(), 1));
    assert!(time.ends_with('Z') && index > 0);
    scope.put("b", "1");
    let change: Change = parse_line(&running.line());
    assert_eq!(change.event, "create");
    let Event::Handler {
        state,
        reason,
        changes,
        success,
        ..
    } = event(&mut running)
    else {
        panic!("a run begins");
    };
    assert_eq!(
        (state.as_str(), reason.as_deref()),
        ("started", Some("change"))
    );
    assert_eq!((changes, success), (Some(1), None));
    let Event::Handler {
        state,
        route,
        success,
        exit,
        signal,
        error,
        duration_ms,
        retry_ms,
        ..
    } = event(&mut running)
    else {
        panic!("a run ends");
    };
    assert_eq!((state.as_str(), route), ("ended", None));
    assert_eq!(
        (success, exit, signal, error),
        (Some(false), Some(3), None, None)
    );
    assert!(duration_ms.is_some() && retry_ms.is_none());
}

#[test]
fn outages_and_lost_rights_are_events() {
    let server = outage_and_lost_right()
        .on(READ_APP)
        .answers(403, "ACL not found")
        .on(READ_APP)
        .finds(7, &listing(&["app/a", "app/b"]))
        .on(READ_APP)
        .stalls()
        .start();
    let args = ["watch", "app/", "-o", "jsonl", "--events", "all"];
    let mut running = Kvw::at(server.address()).args(args).spawn();
    assert!(matches!(event(&mut running), Event::Synced { .. }));
    match event(&mut running) {
        Event::Outage {
            target,
            kind,
            error,
            ..
        } => {
            assert_eq!((target.as_str(), kind.as_str()), ("app/", "consul"));
            assert!(error.contains("No cluster leader"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let recovered = |event| match event {
        Event::Recovered {
            from,
            target,
            lasted_ms,
            ..
        } => (from, target, lasted_ms.is_some()),
        other => panic!("{other:?}"),
    };
    let ended = recovered(event(&mut running));
    assert_eq!(ended, ("outage".to_owned(), None, true));
    match event(&mut running) {
        Event::RightsLost {
            target,
            error: None,
            keys: Some(keys),
            ..
        } => assert_eq!(
            (target.as_str(), &keys[..]),
            ("app/", &["app/b".to_owned()][..])
        ),
        other => panic!("{other:?}"),
    }
    let ended = recovered(event(&mut running));
    assert_eq!(
        ended,
        ("rights_lost".to_owned(), Some("app/".to_owned()), false)
    );
    assert!(matches!(
        event(&mut running),
        Event::RightsLost {
            error: Some(_),
            keys: None,
            ..
        }
    ));
    let ended = recovered(event(&mut running));
    assert_eq!(ended, ("rights_lost".to_owned(), None, true));
    server.wait_until_played();
}

#[test]
fn each_wake_up_is_explained() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let exclude = scope.key("noise/**");
    let handler = "while [ ! -e go ]; do sleep 0.02; done";
    let args = ["--explain", "--exclude", &exclude, "--exec", handler];
    let mut running = scope.watch(&args).spawn();
    running.err_line_with("full read, index");
    running.err_line_with("started with 1 change, reason initial");
    scope.put("noise/a", "1");
    let left_out = running.err_line_with("excluded by filters");
    assert!(left_out.contains(" → "), "{left_out}");
    scope.put("b", "1");
    running.err_line_with(": 1 change");
    running.err_line_with("1 change waiting for the running handler");
    std::fs::write(running.home().join("go"), "").unwrap();
    running.err_line_with("exited with 0");
    running.err_line_with("handled");
    scope.delete("a");
    running.err_line_with("1 delete proven");
    running.err_line_with("1 change waiting for --debounce");
}

#[test]
fn the_status_file_tells_how_the_watch_stands() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let args = [
        "--status-file",
        "status.json",
        "--exec",
        "[ $KVW_REASON = initial ]",
    ];
    let mut running = scope.watch(&args).spawn();
    let path = running.home().join("status.json");
    let page = status_when(&path, |page| page["handlers"][0]["runs"] == 1);
    assert_eq!(page["state"], "watching");
    assert_eq!(page["pid"], running.pid());
    let target = &page["targets"][0];
    assert_eq!(target["target"], scope.prefix());
    assert_eq!(
        (&target["keys"], &target["outage"]),
        (&Value::from(1), &Value::Null)
    );
    assert!(target["connected_since"].is_string() && target["last_contact"].is_string());
    assert!(target["index"].as_u64().unwrap() > 0);
    let handler = &page["handlers"][0];
    assert_eq!(handler["failures"], 0);
    assert_eq!(handler["last"]["success"], true);
    assert!(handler["lag_ms"]["p99"].is_u64());

    scope.put("b", "1");
    let page = status_when(&path, |page| page["handlers"][0]["runs"] == 2);
    let handler = &page["handlers"][0];
    assert_eq!(
        (&handler["failures"], &handler["last"]["exit"]),
        (&1.into(), &1.into())
    );
    assert_eq!(page["last_change"]["key"], scope.key("b"));
    assert_eq!(page["last_change"]["event"], "create");
    running.err_line_with("its changes will be retried with the next batch");
    running.stop();
}

#[test]
fn the_status_file_names_outages_and_ends_with_the_watch() {
    let server = Faulty::script()
        .on(READ_APP)
        .finds(5, &listing(&["app/a"]))
        .on(READ_APP)
        .answers(403, "ACL not found")
        .on(READ_APP)
        .stalls()
        .start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.json");
    let args = ["watch", "app/", "--status-file", path.to_str().unwrap()];
    let running = Kvw::at(server.address()).args(args).spawn();
    let page = status_when(&path, |page| page["targets"][0]["outage"].is_object());
    let target = &page["targets"][0];
    assert_eq!(target["outage"]["kind"], "rights");
    assert_eq!(target["connected_since"], Value::Null);
    server.wait_until_played();
    running.stop();
    status_when(&path, |page| page["state"] == "ended");
    // Nothing of the replacing is left behind.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_status_file_that_cannot_be_written_is_an_error_at_the_start() {
    let scope = Agent::shared();
    let args = ["--status-file", "no/such/folder/status.json"];
    let output = scope.watch(&args).run();
    output.expect(2).one_line().says(&["no/such/folder"]);
    let output = scope.watch(&["--events", "all"]).run();
    output.expect(2).one_line().says(&["-o jsonl"]);
}

#[test]
fn systemd_hears_of_readiness_life_and_the_end() {
    let scope = Agent::shared();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let notifications = UnixDatagram::bind(&socket).unwrap();
    notifications.set_read_timeout(Some(PATIENCE)).unwrap();
    let next = || {
        let mut bytes = [0; 4096];
        let length = notifications.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    let mut running = scope
        .watch(&["--exec", "env | grep -E '^(NOTIFY|WATCHDOG)' || echo none"])
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "400000")
        .spawn();
    let mut seen = Vec::new();
    while !seen.iter().any(|text: &String| text.contains("READY=1")) {
        seen.push(next());
    }
    // The handler gets none of it.
    assert_eq!(running.line(), "none");
    for _ in 0..3 {
        assert_eq!(next().trim(), "WATCHDOG=1");
    }
    running.signal("TERM");
    while !next().contains("STOPPING=1") {}
    assert_eq!(running.wait(PATIENCE).signal, Some(15));
}

#[test]
fn an_outage_that_lasts_too_long_ends_the_watch() {
    let args = [
        "watch",
        "app/",
        "--max-outage",
        "300ms",
        "--http-addr",
        "127.0.0.1:1",
    ];
    let output = Kvw::bare().args(args).run();
    output.expect(3).says(&["no usable answer for 300ms"]);
    let server = Faulty::script()
        .on(READ_APP)
        .answers(403, "Permission denied")
        .on(READ_APP)
        .stalls()
        .start();
    let args = ["watch", "app/", "--max-outage", "500ms"];
    let output = Kvw::at(server.address()).args(args).run();
    output.expect(4).says(&["no read permission for 500ms"]);
}
