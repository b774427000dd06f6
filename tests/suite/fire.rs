//! Three real Consul servers that are killed, paused, cut off, restarted and restored while kvw
//! writes, imports, transacts, waits and watches: no acknowledged write is missing, no change is
//! reported that did not happen, no delete is invented, no CAS is lost in silence, and every watch
//! ends with what the store holds.
//!
//! `KVW_TEST_FIRE=600 KVW_TEST_CONSUL=… cargo test --test suite fire -- --nocapture` runs it for 600
//! seconds and shows the figures.

mod ledger;
mod witness;
mod writers;

use std::collections::BTreeMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use self::ledger::FireLedger;
use self::witness::{Watch, WatchLog};
use crate::harness::{Cluster, Kvw};

/// How long it lasts, in seconds.
const LENGTH: &str = "KVW_TEST_FIRE";

/// Long enough for some kinds of trouble.
const DEFAULT: u64 = 20;

/// Below this all of it happens.
const PREFIX: &str = "fire/";

/// What is done to the servers, in this order: each kind in the first minute.
const FAULTS: [Fault; 6] = [
    Fault::LeaderKilled,
    Fault::LeaderPaused,
    Fault::LeaderCutOff,
    Fault::Restored,
    Fault::Restarted,
    Fault::FollowerCutOff,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    LeaderKilled,
    LeaderPaused,
    LeaderCutOff,
    FollowerCutOff,
    Restarted,
    Restored,
}

/// What writers and watches share.
struct Fire {
    ledger: FireLedger,
    over: AtomicBool,
    /// Held by each write, and by a snapshot or restore alone: what it holds is known then.
    writing: RwLock<()>,
    http: Vec<String>,
    https: Vec<String>,
    /// The files of the client certificate.
    tls: [(&'static str, std::path::PathBuf); 3],
    waits: AtomicUsize,
}

impl Fire {
    fn new(cluster: &Cluster) -> Self {
        Fire {
            ledger: FireLedger::default(),
            over: AtomicBool::new(false),
            writing: RwLock::new(()),
            http: cluster.numbers().map(|at| cluster.http(at)).collect(),
            https: cluster.numbers().map(|at| cluster.https(at)).collect(),
            tls: [
                ("CONSUL_CACERT", cluster.file("ca.pem")),
                ("CONSUL_CLIENT_CERT", cluster.file("client.pem")),
                ("CONSUL_CLIENT_KEY", cluster.file("client-key.pem")),
            ],
            waits: AtomicUsize::new(0),
        }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// kvw with all addresses, beginning with this one; every other one over TLS.
    fn kvw(&self, first: usize) -> Kvw {
        let mut addresses = match first % 2 {
            0 => self.http.clone(),
            _ => self.https.clone(),
        };
        let count = addresses.len();
        addresses.rotate_left(first % count);
        let kvw = Kvw::at(&addresses.join(",")).args(["--connect-timeout=2s"]);
        let kvw = kvw.args(["--request-timeout=5s"]);
        let with = |kvw: Kvw, (name, path): &(&str, std::path::PathBuf)| kvw.env(name, path);
        self.tls.iter().fold(kvw, with)
    }
}

/// Ends all that goes on.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_cluster_under_fire_loses_nothing_and_makes_nothing_up() {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    let length = std::env::var(LENGTH).map_or(DEFAULT, |text| text.parse().unwrap());
    let until = Instant::now() + Duration::from_secs(length);
    let fire = Fire::new(&cluster);
    writers::prepare(&fire);
    let (faults, witnesses) = thread::scope(|scope| {
        let fire = &fire;
        // Also when something panics: the other threads would go on for ever.
        let over = Over(&fire.over);
        for number in 0..2 {
            scope.spawn(move || writers::put_and_delete(fire, number));
            scope.spawn(move || writers::count(fire, number));
        }
        scope.spawn(|| writers::import(fire));
        scope.spawn(|| writers::wait(fire));
        let watches = [Watch::OneServer, Watch::Tls, Watch::Killed]
            .map(|watch| scope.spawn(move || witness::watch(fire, watch)));
        let faults = set_on_fire(&mut cluster, fire, until);
        cluster.wait_until_well();
        drop(over);
        (faults, watches.map(|watch| watch.join().unwrap()))
    });
    let mut violations = fire.ledger.violations();
    violations.extend(fire.ledger.missing(&writers::store(&fire.http[0])));
    violations.extend(
        witnesses
            .iter()
            .flat_map(|witness| witness.violations.clone()),
    );
    let tally = fire.ledger.tally();
    let changes = |witness: &WatchLog| witness.changes.to_string();
    let changes: Vec<String> = witnesses.iter().map(changes).collect();
    println!(
        "fire of {length} s: faults {faults:?}; writes: {} acknowledged, {} ambiguous, {} not done, {} \
         lost a CAS; {} waits; changes by watch: {} ({} restarts by kill -9); violations: {}",
        tally.acknowledged,
        tally.ambiguous,
        tally.refused,
        tally.lost,
        fire.waits.load(Ordering::Relaxed),
        changes.join(", "),
        witnesses.iter().map(|witness| witness.kills).sum::<usize>(),
        violations.len(),
    );
    assert_eq!(violations, [""; 0]);
}

/// Does one thing after another to the servers, of which two always work. Returns how often what was
/// done.
fn set_on_fire(cluster: &mut Cluster, fire: &Fire, until: Instant) -> BTreeMap<Fault, usize> {
    let mut done = BTreeMap::new();
    let mut snapshot = None;
    for fault in FAULTS.into_iter().cycle() {
        if Instant::now() >= until {
            break;
        }
        // The length of a fault, not a wait for something to happen.
        let lasting = || thread::sleep(Duration::from_millis(fastrand::u64(2500..6000)));
        let leader = cluster.leader().unwrap_or_default();
        let other = (leader + fastrand::usize(1..3)) % 3;
        match fault {
            Fault::LeaderKilled => {
                cluster.kill(leader);
                lasting();
                cluster.run(leader);
            }
            Fault::LeaderPaused => {
                cluster.freeze(leader, true);
                lasting();
                cluster.freeze(leader, false);
            }
            Fault::LeaderCutOff | Fault::FollowerCutOff => {
                cluster.cut_off(if fault == Fault::LeaderCutOff {
                    leader
                } else {
                    other
                });
                lasting();
                cluster.mend();
            }
            Fault::Restarted => {
                cluster.stop(other);
                lasting();
                cluster.run(other);
            }
            Fault::Restored => {
                let alone = fire.writing.write().unwrap();
                let older = snapshot.replace((cluster.snapshot(), fire.ledger.remember()));
                drop(alone);
                // The first one is gone back to at once, with what was written meanwhile.
                let (older, remembered) = match older {
                    Some(older) => older,
                    None => {
                        lasting();
                        snapshot.take().unwrap()
                    }
                };
                let _alone = fire.writing.write().unwrap();
                fire.ledger.go_back(remembered, || cluster.restore(&older));
            }
        }
        *done.entry(fault).or_default() += 1;
        cluster.wait_until_well();
        lasting();
    }
    done
}
