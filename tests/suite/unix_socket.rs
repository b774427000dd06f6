//! An agent on a unix socket.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use crate::harness::{Agent, Kvw, PATIENCE, Running};

/// A server on a socket in this folder: `kvw dev`, or a real Consul.
struct SocketServer {
    address: String,
    _dev: Option<Running>,
    _consul: Option<Agent>,
}

fn server(folder: &Path) -> SocketServer {
    if Agent::is_real() {
        let consul = Agent::with_socket();
        return SocketServer {
            address: consul.socket_address(),
            _dev: None,
            _consul: Some(consul),
        };
    }
    let address = format!("unix://{}", folder.join("http.sock").display());
    let mut dev = Kvw::bare().args(["dev", "--listen", &address]).spawn();
    assert_eq!(dev.line(), address);
    SocketServer {
        address,
        _dev: Some(dev),
        _consul: None,
    }
}

#[test]
fn everything_that_works_over_tcp_works_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let kvw = |args: [&str; 3]| Kvw::at(&server.address).args(args);
    kvw(["put", "app/a", "1"]).ok();
    assert_eq!(kvw(["get", "app/a", "-oraw"]).ok(), "1");
    let long = "y".repeat(400_000);
    kvw(["put", "app/long", "-"]).stdin(&*long).ok();
    assert_eq!(kvw(["get", "app/long", "-oraw"]).ok(), long);
    kvw(["status", "-q", "-v"]).ok();
    // A blocking query, and a clean stop while it is held.
    let handler = ["--", "sh", "-c", r#"echo "$CONSUL_HTTP_ADDR""#];
    let mut watch = kvw(["watch", "app/a", "--initial=skip"])
        .args(handler)
        .spawn();
    assert!(watch.silent_for(Duration::from_millis(300)));
    kvw(["put", "app/a", "2"]).ok();
    assert_eq!(watch.line(), server.address);
    watch.stop();
    let mut wait = kvw(["wait", "app/b", "--timeout=60s"]).spawn();
    assert!(wait.silent_for(Duration::from_millis(200)));
    kvw(["put", "app/b", "1"]).ok();
    wait.wait(PATIENCE).expect(0);
}

#[test]
fn a_socket_without_an_agent_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.sock");
    let address = format!("unix://{}", path.display());
    let output = Kvw::at(&address).args(["get", "a"]).run();
    output.expect(3).one_line().says(&[
        &address,
        "no such file",
        "is a Consul agent running there",
    ]);
    // Left by an agent that was killed.
    drop(UnixListener::bind(&path).unwrap());
    let output = Kvw::at(&address).args(["put", "a", "1"]).run();
    output.expect(3).one_line().says(&["connection refused"]);
    let long = format!("unix:///{}", "x".repeat(200));
    let output = Kvw::at(&long).args(["get", "a"]).run();
    assert_eq!(output.code, 3, "{output}");
    output.one_line();
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silent.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let address = format!("unix://{}", path.display());
    let output = Kvw::at(&address)
        .args(["get", "a", "--request-timeout=300ms"])
        .run();
    output.expect(3).one_line().says(&["no answer in time"]);
    // A full queue: a process that is stopped accepts nothing.
    let mut waiting = Vec::new();
    loop {
        let socket = rustix::net::socket(
            rustix::net::AddressFamily::UNIX,
            rustix::net::SocketType::STREAM,
            None,
        )
        .unwrap();
        rustix::io::ioctl_fionbio(&socket, true).unwrap();
        let name = rustix::net::SocketAddrUnix::new(&path).unwrap();
        if rustix::net::connect(&socket, &name).is_err() {
            break;
        }
        waiting.push(socket);
    }
    let output = Kvw::at(&address)
        .args(["get", "a", "--connect-timeout=300ms"])
        .run();
    output
        .expect(3)
        .one_line()
        .says(&["connecting took too long"]);
    drop(listener);
}

#[test]
fn dev_replaces_an_abandoned_socket_and_removes_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.sock");
    let address = format!("unix://{}", path.display());
    drop(UnixListener::bind(&path).unwrap());
    let start = || Kvw::bare().args(["dev", "--listen", &address]).spawn();
    let mut dev = start();
    assert_eq!(dev.line(), address);
    let second = Kvw::bare().args(["dev", "--listen", &address]).run();
    second.expect(3).one_line().says(&["listening on unix://"]);
    dev.stop();
    assert!(!path.exists());
    // What came to its place since is not its own.
    for other in ["a file", "another socket"] {
        let mut dev = start();
        assert_eq!(dev.line(), address);
        std::fs::remove_file(&path).unwrap();
        let _socket = match other {
            "a file" => std::fs::write(&path, "mine").map(|()| None).unwrap(),
            _ => Some(UnixListener::bind(&path).unwrap()),
        };
        dev.stop();
        assert!(path.exists(), "{other}");
        std::fs::remove_file(&path).unwrap();
    }
    // A file is not replaced.
    std::fs::write(&path, "mine").unwrap();
    let output = Kvw::bare().args(["dev", "--listen", &address]).run();
    output.expect(3).one_line();
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    let output = Kvw::bare()
        .args(["dev", "--listen", "unix://own.sock", "--"])
        .args([
            "sh",
            "-c",
            r#"cd / && kvw put a 1 && echo "$CONSUL_HTTP_ADDR""#,
        ])
        .run();
    output.expect(0);
    assert!(output.text().contains("/own.sock"), "{output}");
}
