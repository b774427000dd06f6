//! The server that a test runs on: `kvw dev`, or a real Consul where `KVW_TEST_CONSUL` names its
//! binary. The test cannot tell which.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use super::Kvw;
use super::certificates::{Authority, Certificate};
use super::processes::send_signal;
use super::signals::reset_signals_for_children;
use super::waiting::{wait_for_stop, wait_within};

/// Names a Consul binary; unset, the suite runs on `kvw dev`.
pub(super) const REAL: &str = "KVW_TEST_CONSUL";

/// Runs a server as long as its own stdin is open, so that no server outlives the suite however
/// that ends. Prints the server's process id, and then what the server prints.
const HOLD: &str = r#"sh -c 'echo $$; exec "$@"' server "$@" </dev/null & child=$!; exec 1>&-; cat >/dev/null; kill -9 $child; wait $child"#;

/// A running server.
pub struct Agent {
    /// The port of its HTTP API; `None` until `kvw dev` has chosen one.
    port: Option<u16>,
    /// The token that may do everything, on a server with ACLs.
    master_token: Option<&'static str>,
    /// The port of its HTTPS API, where it has one.
    https_port: Option<u16>,
    /// Whether it listens on a unix socket too.
    has_socket: bool,
    folder: tempfile::TempDir,
    server: Option<Server>,
}

/// The process of a server.
pub(super) struct Server {
    holder: Child,
    pid: u32,
}

impl Server {
    /// A command that runs a server as long as its own stdin is open; the server's words are still to
    /// be added.
    pub(super) fn command() -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", HOLD, "hold"]);
        command
    }

    /// Starts it; returns the lines that it prints too.
    pub(super) fn start(mut command: Command) -> (Self, Lines<BufReader<ChildStdout>>) {
        let mut holder = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        let pid = lines.next().unwrap().unwrap().parse().unwrap();
        (Server { holder, pid }, lines)
    }

    /// Kills it, as a power cut would.
    pub(super) fn kill(mut self) {
        drop(self.holder.stdin.take());
        self.holder.wait().unwrap();
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, name: &str) {
        send_signal(name, self.pid);
    }

    /// Stops it from answering while its connections stay open, or lets it go on.
    pub(super) fn freeze(&self, frozen: bool) {
        send_signal(if frozen { "STOP" } else { "CONT" }, self.pid);
        wait_for_stop(self.pid, frozen);
    }
}

impl Agent {
    /// How long a server may take to elect itself.
    pub(super) const START: Duration = Duration::from_secs(60);

    /// Whether the suite runs on a real Consul.
    pub fn is_real() -> bool {
        std::env::var_os(REAL).is_some()
    }

    /// Whether the server is at least of this version of Consul. `kvw dev` imitates 1.8.
    pub fn is_since(version: (u32, u32)) -> bool {
        std::env::var_os(REAL).is_some_and(|consul| version_of(Path::new(&consul)) >= version)
    }

    /// Whether the server is newer than the one that `kvw dev` imitates, and may have other words.
    pub fn is_newer() -> bool {
        Agent::is_since((1, 9))
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
        Agent::new(None)
    }

    /// A real Consul with `verify_incoming`, which presents this certificate and wants one of the same
    /// authority; `None`, with the reason printed, on `kvw dev`.
    pub fn with_tls(certificate: &Certificate, authority: &Authority) -> Option<Agent> {
        if !Agent::is_real() {
            not_tried("kvw dev has no TLS; KVW_TEST_CONSUL names a Consul that has");
            return None;
        }
        let mut agent = Agent::stopped(None);
        agent.https_port = Some(consul_port());
        agent.write_certificates(certificate, authority);
        agent.start();
        Some(agent)
    }

    /// A real Consul that listens on a unix socket too: `addresses.http` takes several.
    pub fn with_socket() -> Agent {
        assert!(Agent::is_real());
        let mut agent = Agent::stopped(None);
        agent.has_socket = true;
        agent.start();
        agent
    }

    /// The address of its unix socket: a real Consul listens on it beside its port.
    pub fn socket_address(&self) -> String {
        format!("unix://{}", self.folder.path().join("http.sock").display())
    }

    /// Writes what a server with TLS presents and trusts from its next start on.
    pub fn write_certificates(&self, certificate: &Certificate, authority: &Authority) {
        certificate.write(self.folder.path(), "server");
        std::fs::write(self.folder.path().join("ca.pem"), authority.pem()).unwrap();
    }

    /// The address of its HTTPS API, by number.
    pub fn https_address(&self) -> String {
        format!("https://127.0.0.1:{}", self.https_port.unwrap())
    }

    /// A server of the test's own with ACLs, default policy deny.
    pub(super) fn with_master_token(token: &'static str) -> Agent {
        Agent::new(Some(token))
    }

    fn new(master_token: Option<&'static str>) -> Agent {
        let mut agent = Agent::stopped(master_token);
        agent.start();
        agent
    }

    fn stopped(master_token: Option<&'static str>) -> Agent {
        reset_signals_for_children();
        Agent {
            port: None,
            master_token,
            https_port: None,
            has_socket: false,
            folder: tempfile::tempdir().unwrap(),
            server: None,
        }
    }

    /// `host:port` of its HTTP API.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port.unwrap())
    }

    /// Starts it again at the same address. A real Consul has its data still; `kvw dev` has none.
    pub fn start(&mut self) {
        assert!(self.server.is_none(), "it is running");
        let mut command = Server::command();
        match std::env::var_os(REAL) {
            Some(consul) => self.add_consul(&mut command, Path::new(&consul)),
            None => self.add_dev(&mut command),
        }
        let (server, mut lines) = Server::start(command);
        self.server = Some(server);
        // `kvw dev` prints its address; what Consul prints is dropped.
        if let Some(address) = lines.next() {
            let address = address.unwrap();
            let (_, port) = address.rsplit_once(':').unwrap();
            self.port = Some(port.parse().unwrap());
        }
        self.wait_for_leader();
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill();
        }
    }

    /// Stops it from answering while connections stay open, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        self.server.as_ref().unwrap().freeze(frozen);
    }

    /// The program, speaking to this server.
    pub fn kvw<const N: usize>(&self, args: [&str; N]) -> Kvw {
        Kvw::at(&self.address()).args(args)
    }

    /// A raw request: status, headers, body. Redirects are not followed.
    pub fn http(&self, method: &str, path: &str, body: &[u8]) -> ureq::http::Response<Vec<u8>> {
        request(&self.address(), method, path, &[], body)
    }

    fn wait_for_leader(&self) {
        let address = self.address();
        let what = format!("the server at {address}");
        wait_within(Agent::START, &what, || {
            // A write proves a leader that has finished its election.
            let answer = try_request(&address, "PUT", "/v1/kv/_ready", &[], b"").ok()?;
            match answer.status().as_u16() {
                200 => {
                    self.http("DELETE", "/v1/kv/_ready", b"");
                    // A session needs its node, which a new leader lists a moment later.
                    let nodes = self.http("GET", "/v1/catalog/nodes", b"");
                    (nodes.body() != b"[]").then_some(())
                }
                403 => Some(()),
                _ => None,
            }
        });
    }

    /// Port 0 at first: `kvw dev` takes a free one and prints it.
    fn add_dev(&self, command: &mut Command) {
        let listen = format!("127.0.0.1:{}", self.port.unwrap_or(0));
        let kvw = assert_cmd::cargo::cargo_bin!("kvw");
        command.arg(kvw).args(["dev", "--listen", &listen]);
    }

    /// Consul takes no port 0, so its ports are chosen here and stay: peers are remembered by
    /// address.
    fn add_consul(&mut self, command: &mut Command, consul: &Path) {
        let port = *self.port.get_or_insert_with(consul_port);
        let file = self.folder.path().join("consul.json");
        if !file.exists() {
            let version = version_of(consul);
            let (policy, tokens) = match self.master_token {
                Some(token) => ("deny", serde_json::json!({master_name(version): token})),
                None => ("allow", serde_json::json!({})),
            };
            let mut config = serde_json::json!({
                "server": true,
                "bootstrap_expect": 1,
                "data_dir": self.folder.path().join("data"),
                "bind_addr": "127.0.0.1",
                "client_addr": "127.0.0.1",
                "disable_update_check": true,
                "log_level": "err",
                "performance": {"raft_multiplier": 1},
                "limits": {"http_max_conns_per_client": 2000},
                "ports": {
                    "http": port, "dns": -1, "grpc": -1, "server": consul_port(),
                    "serf_lan": consul_port(), "serf_wan": consul_port(),
                },
                "acl": {
                    "enabled": self.master_token.is_some(),
                    "default_policy": policy,
                    "tokens": tokens,
                },
            });
            if version >= (1, 13) {
                // A port of its own since then, on by default.
                config["ports"]["grpc_tls"] = (-1).into();
            }
            if let Some(https) = self.https_port {
                let path = |name: &str| self.folder.path().join(name);
                config["ports"]["https"] = https.into();
                config["verify_incoming"] = true.into();
                config["ca_file"] = serde_json::json!(path("ca.pem"));
                config["cert_file"] = serde_json::json!(path("server.pem"));
                config["key_file"] = serde_json::json!(path("server-key.pem"));
            }
            if self.has_socket {
                let addresses = format!("127.0.0.1 {}", self.socket_address());
                config["addresses"] = serde_json::json!({"http": addresses});
            }
            std::fs::write(&file, config.to_string()).unwrap();
        }
        command
            .args([
                "sh",
                "-c",
                r#"exec "$0" agent -config-file "$1" >/dev/null"#,
            ])
            .args([consul, &file]);
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

    /// `kvw watch` of the prefix.
    pub fn watch(&self, args: &[&str]) -> Kvw {
        self.kvw(["watch", self.prefix()]).args(args)
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

    /// Creates a session that lasts as long as the server, without a lock delay.
    pub fn create_session(&self) -> String {
        let answer = self.http("PUT", "/v1/session/create", br#"{"LockDelay":"0s"}"#);
        let answer: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        answer["ID"].as_str().unwrap().to_owned()
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

/// Returns major and minor version of a Consul binary.
fn version_of(consul: &Path) -> (u32, u32) {
    static KNOWN: OnceLock<(u32, u32)> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let output = Command::new(consul).arg("version").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        parse_version(&text).unwrap_or_else(|| panic!("no version of Consul: {text}"))
    })
}

/// Parses what `consul version` prints first: `Consul v1.8.7`, `Consul v1.22.0+ent`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let version = text.lines().next()?.strip_prefix("Consul v")?;
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The name of the setting for the token that may do everything. The old one is gone in newer versions.
fn master_name(version: (u32, u32)) -> &'static str {
    if version >= (1, 13) {
        "initial_management"
    } else {
        "master"
    }
}

#[test]
fn a_newer_consul_is_configured_by_its_own_names() {
    for (printed, version, name) in [
        ("Consul v1.8.7\nProtocol 2 spoken", (1, 8), "master"),
        ("Consul v1.13.0", (1, 13), "initial_management"),
        (
            "Consul v1.22.0+ent\nRevision x",
            (1, 22),
            "initial_management",
        ),
        ("Consul v2.1.0-dev", (2, 1), "initial_management"),
    ] {
        assert_eq!(parse_version(printed), Some(version));
        assert_eq!(master_name(version), name);
    }
    assert_eq!(parse_version("consul: not found"), None);
}

/// A port that nobody listens on. Below the range from which the system answers port 0, so that
/// nothing in the suite takes it before Consul does; never the same twice.
pub(super) fn consul_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const PORTS: std::ops::Range<u16> = 20_000..32_000;
    let count = u32::from(PORTS.end - PORTS.start);
    let first = u16::try_from(std::process::id() * 97 % count).unwrap();
    loop {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start + (first + next) % (PORTS.end - PORTS.start);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
