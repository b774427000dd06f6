//! Three real Consul servers on loopback addresses. What one server sends another goes through a
//! proxy, so that a server can be cut off.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::agent::{REAL, Server, consul_port, not_tried, try_request};
use super::certificates::Authority;
use super::proxy::Proxy;
use super::signals::reset_signals_for_children;
use super::waiting::wait_within;

/// How many servers there are: one may be away.
const SERVERS: u8 = 3;

/// How long an election may take on a busy machine.
const ELECTION: Duration = Duration::from_secs(60);

/// A running cluster.
pub struct Cluster {
    consul: OsString,
    folder: tempfile::TempDir,
    nodes: Vec<ClusterServer>,
}

/// A server of it: it listens at one address, and the others reach it at another.
struct ClusterServer {
    own: Ipv4Addr,
    http: u16,
    https: u16,
    proxy: Proxy,
    server: Option<Server>,
}

impl Cluster {
    /// Starts one; `None`, with the reason printed, where there is no real Consul or no loopback
    /// address but 127.0.0.1.
    pub fn start() -> Option<Cluster> {
        let Some(consul) = std::env::var_os(REAL) else {
            not_tried("a cluster under fire: KVW_TEST_CONSUL names no Consul");
            return None;
        };
        let own = |number| Ipv4Addr::new(127, 0, 0, number);
        if TcpListener::bind((own(2), 0)).is_err() {
            not_tried("a cluster under fire: there is no address 127.0.0.2");
            return None;
        }
        reset_signals_for_children();
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("Agent CA");
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        authority.client().write(folder.path(), "client");
        let serf: Vec<u16> = (0..SERVERS).map(|_| consul_port()).collect();
        let joined: Vec<String> = serf
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        let mut nodes = Vec::new();
        for number in 0..SERVERS {
            let (own, seen) = (own(1 + number), own(11 + number));
            let (http, https, rpc) = (consul_port(), consul_port(), consul_port());
            let name = format!("server{number}");
            let certificate = authority.server(&[&own.to_string(), "server.dc1.consul"]);
            certificate.write(folder.path(), &name);
            let path = |file: &str| folder.path().join(file);
            let config = serde_json::json!({
                "server": true,
                "bootstrap_expect": SERVERS,
                "node_name": name,
                "data_dir": path(&format!("{name}.data")),
                "bind_addr": own,
                "client_addr": own,
                // Gossip goes past the proxies: what is cut is what the servers agree by.
                "serf_lan": "0.0.0.0",
                "advertise_addr": seen,
                "retry_join": joined,
                "retry_interval": "1s",
                "disable_update_check": true,
                "log_level": "err",
                "performance": {"raft_multiplier": 1},
                "limits": {"http_max_conns_per_client": 2000},
                "autopilot": {"cleanup_dead_servers": false},
                "ports": {
                    "http": http, "https": https, "server": rpc, "dns": -1, "grpc": -1,
                    "serf_lan": serf[usize::from(number)], "serf_wan": -1,
                },
                "verify_incoming_https": true,
                "ca_file": path("ca.pem"),
                "cert_file": path(&format!("{name}.pem")),
                "key_file": path(&format!("{name}-key.pem")),
            });
            std::fs::write(path(&format!("{name}.json")), config.to_string()).unwrap();
            nodes.push(ClusterServer {
                own,
                http,
                https,
                proxy: Proxy::at(&format!("{seen}:{rpc}"), &format!("{own}:{rpc}")),
                server: None,
            });
        }
        let mut cluster = Cluster {
            consul,
            folder,
            nodes,
        };
        for number in cluster.numbers() {
            cluster.run(number);
        }
        cluster.wait_until_well();
        Some(cluster)
    }

    /// The numbers of its servers.
    pub fn numbers(&self) -> std::ops::Range<usize> {
        0..self.nodes.len()
    }

    /// `host:port` of a server's HTTP API.
    pub fn http(&self, number: usize) -> String {
        let node = &self.nodes[number];
        format!("{}:{}", node.own, node.http)
    }

    /// The address of a server's HTTPS API, which wants a client certificate.
    pub fn https(&self, number: usize) -> String {
        let node = &self.nodes[number];
        format!("https://{}:{}", node.own, node.https)
    }

    /// A file of the client certificate: `ca.pem`, `client.pem`, `client-key.pem`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a server that was killed or stopped; it has its data still.
    pub fn run(&mut self, number: usize) {
        let file = self.file(&format!("server{number}.json"));
        let mut command = Server::command();
        command
            .args([
                "sh",
                "-c",
                r#"exec "$0" agent -config-file "$1" >/dev/null"#,
            ])
            .args([&self.consul, file.as_os_str()]);
        self.nodes[number].server = Some(Server::start(command).0);
    }

    /// Kills a server, as a power cut would.
    pub fn kill(&mut self, number: usize) {
        if let Some(server) = self.nodes[number].server.take() {
            server.kill();
        }
    }

    /// Stops a server in an orderly way.
    pub fn stop(&mut self, number: usize) {
        if let Some(server) = &self.nodes[number].server {
            server.signal("TERM");
        }
        let address = self.http(number);
        wait_within(ELECTION, "the end of a server", || {
            TcpListener::bind(&address).is_ok().then_some(())
        });
        self.kill(number);
    }

    /// Stops a server from answering while its connections stay open, or lets it go on.
    pub fn freeze(&self, number: usize, frozen: bool) {
        self.nodes[number].server.as_ref().unwrap().freeze(frozen);
    }

    /// Cuts a server off from the others.
    pub fn cut_off(&self, number: usize) {
        let address = |node: &ClusterServer| IpAddr::from(node.own);
        let others = self.nodes.iter().map(address);
        let others: Vec<_> = others
            .filter(|other| *other != address(&self.nodes[number]))
            .collect();
        for (at, node) in self.nodes.iter().enumerate() {
            match at == number {
                true => node.proxy.cut_from(&others),
                false => node.proxy.cut_from(&[address(&self.nodes[number])]),
            }
        }
    }

    /// Mends what was cut.
    pub fn mend(&self) {
        for node in &self.nodes {
            node.proxy.mend();
        }
    }

    /// The server that leads, where the others know one.
    pub fn leader(&self) -> Option<usize> {
        self.numbers().find_map(|asked| {
            let address = self.http(asked);
            let answer = try_request(&address, "GET", "/v1/status/leader", &[], b"").ok()?;
            let leader = String::from_utf8_lossy(answer.body()).into_owned();
            let seen = |node: &ClusterServer| leader.contains(&node.proxy.address());
            self.nodes.iter().position(seen)
        })
    }

    /// Waits until each server writes.
    pub fn wait_until_well(&self) {
        for number in self.numbers() {
            let address = self.http(number);
            wait_within(ELECTION, &format!("the server at {address}"), || {
                let answer = try_request(&address, "PUT", "/v1/kv/_ready", &[], b"").ok()?;
                (answer.status() == 200).then_some(())
            });
        }
    }

    /// A snapshot of the whole state.
    pub fn snapshot(&self) -> Vec<u8> {
        self.ask("GET", b"")
    }

    /// Goes back to a snapshot.
    pub fn restore(&self, snapshot: &[u8]) {
        self.ask("PUT", snapshot);
    }

    /// Asks until it works: what was done is only done again.
    fn ask(&self, method: &str, body: &[u8]) -> Vec<u8> {
        let mut last = String::new();
        let answer = (0..30).find_map(|_| {
            let number = self.leader().unwrap_or_default();
            match try_request(&self.http(number), method, "/v1/snapshot", &[], body) {
                Ok(answer) if answer.status() == 200 => return Some(answer.into_body()),
                Ok(answer) => last = format!("{answer:?}"),
                Err(error) => last = error.to_string(),
            }
            thread::sleep(Duration::from_millis(500));
            None
        });
        answer.unwrap_or_else(|| panic!("{method} of a snapshot: {last}"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for number in self.numbers() {
            self.kill(number);
        }
    }
}
