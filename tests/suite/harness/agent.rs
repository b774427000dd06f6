//! The server that a test runs on: `kvw dev`, or a real Consul where `KVW_TEST_CONSUL` names its
//! binary. The test cannot tell which.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::Kvw;
use super::signals::reset_signals_for_children;

/// Names a Consul binary; unset, the suite runs on `kvw dev`.
const REAL: &str = "KVW_TEST_CONSUL";

/// How long a server may take to elect itself.
const START: Duration = Duration::from_secs(60);

/// Runs a server as long as its own stdin is open, so that no server outlives the suite however
/// that ends. Prints the server's process id first.
const HOLD: &str = r#""$@" </dev/null >/dev/null & child=$!; echo $child; exec 1>&-; cat >/dev/null; kill -9 $child; wait $child"#;

/// What a server of a test's own may need.
#[derive(Debug, Clone, Default)]
struct Setup {
    acl: bool,
}

/// A running server.
pub struct Agent {
    port: u16,
    setup: Setup,
    folder: tempfile::TempDir,
    process: Option<Process>,
}

struct Process {
    holder: Child,
    pid: u32,
}

impl Agent {
    /// Whether the suite runs on a real Consul.
    pub fn is_real() -> bool {
        std::env::var_os(REAL).is_some()
    }

    /// The server that tests share, and a prefix of this test's own on it.
    pub fn shared() -> Scope {
        static SHARED: OnceLock<Agent> = OnceLock::new();
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let agent = SHARED.get_or_init(Agent::own);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Scope {
            agent,
            prefix: format!("t{number}/"),
        }
    }

    /// A server of the test's own: to stop, to start, to look at as a whole.
    pub fn own() -> Agent {
        Agent::with(Setup::default())
    }

    /// A server of the test's own, set up as it needs it.
    fn with(setup: Setup) -> Agent {
        reset_signals_for_children();
        let mut agent = Agent {
            port: free_port(),
            setup,
            folder: tempfile::tempdir().unwrap(),
            process: None,
        };
        agent.start();
        agent
    }

    /// A server of the test's own with ACLs, default policy deny; `None`, with the reason printed,
    /// on `kvw dev`, which has none.
    pub fn with_acl() -> Option<Agent> {
        if !Agent::is_real() {
            not_tried("kvw dev has no ACLs; KVW_TEST_CONSUL names a Consul that has");
            return None;
        }
        let agent = Agent::with(Setup { acl: true });
        // The leader makes its first tokens and policies a moment after its election.
        let until = Instant::now() + START;
        let master = [("X-Consul-Token", MASTER)];
        while request(&agent.address(), "GET", "/v1/acl/policies", &master, b"").status() != 200 {
            assert!(Instant::now() < until, "the ACL system did not come up");
            thread::sleep(Duration::from_millis(20));
        }
        Some(agent)
    }

    /// `host:port` of its HTTP API.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it again at the same address. A real Consul has its data still; `kvw dev` has none.
    pub fn start(&mut self) {
        assert!(self.process.is_none(), "it is running");
        let mut command = match std::env::var_os(REAL) {
            Some(consul) => real(
                Path::new(&consul),
                self.folder.path(),
                self.port,
                &self.setup,
            ),
            None => dev(self.port),
        };
        let mut holder = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut pid = String::new();
        BufReader::new(holder.stdout.take().unwrap())
            .read_line(&mut pid)
            .unwrap();
        self.process = Some(Process {
            holder,
            pid: pid.trim().parse().unwrap(),
        });
        self.await_leader();
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.holder.stdin.take());
            process.holder.wait().unwrap();
        }
    }

    /// Stops it from answering while connections stay open, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        let pid = self.process.as_ref().unwrap().pid.to_string();
        let signal = if frozen { "STOP" } else { "CONT" };
        assert!(
            Command::new("kill")
                .args(["-s", signal, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// The program, speaking to this server.
    pub fn kvw<const N: usize>(&self, args: [&str; N]) -> Kvw {
        Kvw::at(&self.address()).args(args)
    }

    /// A raw request: status, headers, body. Redirects are not followed.
    pub fn http(&self, method: &str, path: &str, body: &[u8]) -> ureq::http::Response<Vec<u8>> {
        request(&self.address(), method, path, &[], body)
    }

    fn await_leader(&self) {
        let until = Instant::now() + START;
        loop {
            // A write proves a leader that has finished its election.
            if let Ok(response) = try_request(&self.address(), "PUT", "/v1/kv/_ready", &[], b"") {
                if response.status() == 200 || response.status() == 403 {
                    if response.status() == 200 {
                        self.http("DELETE", "/v1/kv/_ready", b"");
                    }
                    return;
                }
            }
            assert!(
                Instant::now() < until,
                "the server at {} did not start",
                self.address()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One test's part of the shared server.
pub struct Scope {
    agent: &'static Agent,
    prefix: String,
}

impl Scope {
    /// The prefix that belongs to this test alone; ends in `/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A key below it.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Writes an entry behind kvw's back.
    pub fn put(&self, name: &str, value: impl AsRef<[u8]>) {
        let response =
            self.agent
                .http("PUT", &format!("/v1/kv/{}", self.key(name)), value.as_ref());
        assert_eq!(response.status(), 200, "{response:?}");
    }

    /// Deletes an entry behind kvw's back.
    pub fn delete(&self, name: &str) {
        let response = self
            .agent
            .http("DELETE", &format!("/v1/kv/{}", self.key(name)), b"");
        assert_eq!(response.status(), 200, "{response:?}");
    }

    /// The value as it stands, seen behind kvw's back.
    pub fn value(&self, name: &str) -> Option<Vec<u8>> {
        let response = self
            .agent
            .http("GET", &format!("/v1/kv/{}?raw", self.key(name)), b"");
        (response.status() == 200).then(|| response.into_body())
    }

    /// The one entry's JSON as Consul has it.
    pub fn entry(&self, name: &str) -> Option<serde_json::Value> {
        let response = self
            .agent
            .http("GET", &format!("/v1/kv/{}", self.key(name)), b"");
        (response.status() == 200).then(|| {
            let mut entries: Vec<serde_json::Value> =
                serde_json::from_slice(response.body()).unwrap();
            entries.remove(0)
        })
    }
}

impl std::ops::Deref for Scope {
    type Target = Agent;

    fn deref(&self) -> &Agent {
        self.agent
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        self.agent
            .http("DELETE", &format!("/v1/kv/{}?recurse", self.prefix), b"");
    }
}

/// Says that a test, or a part of it, could not be tried here: past the capture of its output,
/// because it must not look as if it had been. Once for each reason.
#[expect(clippy::explicit_write, reason = "eprintln! would be captured")]
pub fn not_tried(reason: &str) {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut said = SAID.lock().unwrap();
    if !said.iter().any(|other| other == reason) {
        writeln!(std::io::stderr(), "not tried: {reason}").unwrap();
        said.push(reason.to_owned());
    }
}

/// A raw request with headers of the test's choice.
pub fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> ureq::http::Response<Vec<u8>> {
    try_request(address, method, path, headers, body).unwrap()
}

/// A raw request to a server that may not be there.
pub fn try_request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<ureq::http::Response<Vec<u8>>, ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        // 1.8.7 compresses an empty value to nothing and calls it gzip.
        .accept_encoding(ureq::config::AutoHeaderValue::None)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into();
    let mut builder = ureq::http::Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let mut response = if method == "GET" {
        agent.run(builder.body(()).unwrap())?
    } else {
        agent.run(builder.body(body).unwrap())?
    };
    let body = response
        .body_mut()
        .with_config()
        .limit(1 << 30)
        .read_to_vec()?;
    let (parts, _) = response.into_parts();
    Ok(ureq::http::Response::from_parts(parts, body))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn held() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", HOLD, "hold"]);
    command
}

fn dev(port: u16) -> Command {
    let mut command = held();
    command.arg(assert_cmd::cargo::cargo_bin!("kvw")).args([
        "dev",
        "--listen",
        &format!("127.0.0.1:{port}"),
    ]);
    command
}

fn real(consul: &Path, folder: &Path, port: u16, setup: &Setup) -> Command {
    let config = serde_json::json!({
        "server": true,
        "bootstrap_expect": 1,
        "data_dir": folder.join("data"),
        "bind_addr": "127.0.0.1",
        "client_addr": "127.0.0.1",
        "disable_update_check": true,
        "log_level": "err",
        "performance": {"raft_multiplier": 1},
        "limits": {"http_max_conns_per_client": 2000},
        "ports": {
            "http": port, "dns": -1, "grpc": -1,
            "server": free_port(), "serf_lan": free_port(), "serf_wan": free_port(),
        },
        "acl": {"enabled": setup.acl, "default_policy": if setup.acl { "deny" } else { "allow" },
                "tokens": if setup.acl { serde_json::json!({"master": MASTER}) } else { serde_json::json!({}) }},
    });
    let file = folder.join("consul.json");
    // The ports of the cluster stay the same over a restart: peers are remembered by address.
    if !file.exists() {
        std::fs::write(&file, config.to_string()).unwrap();
    }
    let mut command = held();
    command
        .arg(consul)
        .args(["agent", "-config-file"])
        .arg(file);
    command
}

/// The token that may do everything on a server with ACLs.
pub const MASTER: &str = "6f7b2c1a-3d00-4000-8000-000000000001";
