//! Everything goes wrong at random for a while: handlers fail and hang, kvw is killed, the server
//! freezes and (a real one, which has its data on disk) is killed. At the end what the
//! handlers got is what the store holds, they got nothing that did not happen, and no process is left.
//!
//! `KVW_SOAK=1m cargo test --test suite soak -- --nocapture` runs it longer and shows the figures.

mod ledger;
mod writers;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use self::ledger::{Ledger, Replay, Store};
use crate::harness::{Agent, Kvw, PATIENCE, Running};

/// How long it lasts: a duration as people write it.
const LENGTH: &str = "KVW_SOAK";

/// Long enough to see each kind of trouble.
const DEFAULT: Duration = Duration::from_secs(6);

const WRITERS: usize = 3;

/// Keeps each batch as a file whose name is its place. Of sixteen runs two fail, two hang, and one
/// leaves a process behind; once there is a file `calm`, none does.
const HANDLER: &str = r#"#!/bin/sh
dir=$1
batch=$(mktemp "$dir/taken/XXXXXX") || exit 9
cat > "$batch"
luck=$(($(od -An -N1 -tu1 /dev/urandom) % 16))
[ -e "$dir/calm" ] && luck=15
case $luck in
    0) exit 3 ;;
    1) exec sh "$dir/forever" ;;
    2) sh "$dir/forever" & ;;
esac
place=$(ls "$dir/record" | wc -l)
until ln "$batch" "$dir/record/$(printf %08d "$place")" 2>/dev/null; do place=$((place + 1)); done
case $luck in
    3) exit 4 ;;
    4) exec sh "$dir/forever" ;;
esac
"#;

struct Soak {
    agent: Mutex<Agent>,
    address: String,
    folder: tempfile::TempDir,
    ledger: Ledger,
    over: AtomicBool,
    outages: AtomicUsize,
}

#[test]
fn nothing_is_lost_and_nothing_is_made_up_whatever_goes_wrong() {
    let length = match std::env::var(LENGTH) {
        Ok(text) => humantime::parse_duration(&text).unwrap(),
        Err(_) => DEFAULT,
    };
    let soak = Soak::new();
    let until = Instant::now() + length;
    let (kills, stops) = thread::scope(|scope| {
        for number in 0..WRITERS {
            let soak = &soak;
            scope.spawn(move || writers::write(number, &soak.address, &soak.ledger, &soak.over));
        }
        scope.spawn(|| soak.disturb());
        let restarts = soak.run_and_kill(until);
        soak.over.store(true, Ordering::Relaxed);
        restarts
    });
    soak.comes_to_rest();
    let replay = Replay::read(&soak.path("record"));
    let store = Store::read(&soak.address, writers::PREFIX);
    let lost = replay.differences(&store);
    println!(
        "soak of {length:?} on {}: {} writes, {} restarts ({kills} of them kill -9), {} outages, \
         {} batches, {} changes, {} keys at the end, {} lost, {} made up",
        if Agent::is_real() {
            "a real Consul"
        } else {
            "kvw dev"
        },
        soak.ledger.writes(),
        kills + stops,
        soak.outages.load(Ordering::Relaxed),
        replay.batches(),
        replay.changes().len(),
        store.len(),
        lost.len(),
        soak.ledger.made_up(replay.changes()).len(),
    );
    assert_eq!(lost, [""; 0]);
    assert_eq!(soak.ledger.made_up(replay.changes()), [""; 0]);
    soak.stays_silent(replay.batches());
}

impl Soak {
    fn new() -> Self {
        let agent = Agent::own();
        let soak = Soak {
            address: agent.address(),
            agent: Mutex::new(agent),
            folder: tempfile::tempdir().unwrap(),
            ledger: Ledger::default(),
            over: AtomicBool::new(false),
            outages: AtomicUsize::new(0),
        };
        for folder in ["taken", "record"] {
            fs::create_dir(soak.path(folder)).unwrap();
        }
        fs::write(soak.path("handler"), HANDLER).unwrap();
        fs::write(soak.path("forever"), "while :; do sleep 1; done\n").unwrap();
        soak
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn agent(&self) -> MutexGuard<'_, Agent> {
        self.agent.lock().unwrap()
    }

    /// Freezes the server, or kills it where it keeps its data, again and again.
    fn disturb(&self) {
        while self.sleep(500, 2500) {
            let mut agent = self.agent();
            if Agent::is_real() && fastrand::bool() {
                agent.kill();
                self.sleep(100, 1000);
                agent.start();
            } else {
                agent.freeze(true);
                self.sleep(200, 1500);
                agent.freeze(false);
            }
            self.outages.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sleeps for so many milliseconds, or to the end; says whether there is more to do.
    fn sleep(&self, least: u64, most: u64) -> bool {
        let until = Instant::now() + Duration::from_millis(fastrand::u64(least..most));
        while Instant::now() < until && !self.over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(10));
        }
        !self.over.load(Ordering::Relaxed)
    }

    /// A watch with the state file and the handler.
    fn watch<S: AsRef<OsStr>>(&self, args: &[S]) -> Kvw {
        let handler = [self.path("handler"), self.folder.path().to_owned()];
        Kvw::at(&self.address)
            .args(["watch", writers::PREFIX, "--state"])
            .args([self.path("state")])
            // Trouble is to be noticed soon: a frozen server, and a delete that wakes nobody.
            .args(["--request-timeout", "700ms", "--wait", "1s"])
            .args(["--handler-timeout", "400ms", "--stop-timeout", "100ms"])
            .args(args)
            .args(["--", "sh"])
            .args(handler)
    }

    /// Starts kvw and kills it, mostly without mercy, until time is up: how often either way.
    fn run_and_kill(&self, until: Instant) -> (usize, usize) {
        let (mut kills, mut stops) = (0, 0);
        while Instant::now() < until {
            let running = self.watch(&self.some_flags()).spawn();
            self.sleep(100, 2500);
            let (signal, count) = match fastrand::u8(..4) {
                0 => ("TERM", &mut stops),
                _ => ("KILL", &mut kills),
            };
            running.signal(signal);
            *count += 1;
            let output = running.wait(2 * PATIENCE);
            let signals = [Some(9), Some(15)];
            assert!(
                signals.contains(&output.signal),
                "it ended by itself: {output}"
            );
            self.leaves_nobody();
        }
        (kills, stops)
    }

    /// Flags that change what is handed over when and how, and not what it comes to. What is held
    /// back of deletes comes with a restart that allows more.
    fn some_flags(&self) -> Vec<String> {
        let one_of = |words: &[&str]| words[fastrand::usize(..words.len())].to_owned();
        let mut flags = vec![
            format!("--debounce={}", one_of(&["0", "20ms", "150ms"])),
            format!("--on-fail={}", one_of(&["continue", "retry"])),
        ];
        let handler = self.path("handler");
        let route = format!(
            "--route=s/a/**=sh {} {}",
            handler.display(),
            self.folder.path().display()
        );
        let bound = format!("--max-delete={}", one_of(&["3", "20%"]));
        for flag in ["--each", "--state-values", &bound, &route] {
            if fastrand::u8(..5) == 0 {
                flags.push(flag.to_owned());
            }
        }
        flags
    }

    /// Waits until no handler is left: it would go on with the past in the next run's time.
    fn leaves_nobody(&self) {
        let until = Instant::now() + 2 * PATIENCE;
        loop {
            let left = processes_with(self.folder.path());
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "still there: {left:#?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// With the trouble over, a watch catches up by itself, and one look after it finds the rest
    /// of what there may be.
    fn comes_to_rest(&self) {
        fs::write(self.path("calm"), "").unwrap();
        let running = self.watch::<&str>(&[]).spawn();
        let until = Instant::now() + 2 * PATIENCE;
        let store = Store::read(&self.address, writers::PREFIX);
        while !Replay::read(&self.path("record"))
            .differences(&store)
            .is_empty()
        {
            assert!(Instant::now() < until, "{}", self.behind(running, &store));
            thread::sleep(Duration::from_millis(20));
        }
        running.signal("KILL");
        running.wait(2 * PATIENCE);
        self.leaves_nobody();
        self.watch(&["--for", "0"]).run().expect(0);
    }

    fn behind(&self, running: Running, store: &Store) -> String {
        let replay = Replay::read(&self.path("record"));
        let output = running.stop();
        format!("not caught up: {:#?}{output}", replay.differences(store))
    }

    /// Where nothing happens, no handler runs.
    fn stays_silent(&self, batches: usize) {
        self.watch(&["--for", "0"]).run().expect(0);
        self.watch(&["--for", "2s"]).run().expect(0);
        assert_eq!(Replay::read(&self.path("record")).batches(), batches);
        self.leaves_nobody();
    }
}

/// The command lines that speak of this folder.
fn processes_with(folder: &Path) -> Vec<String> {
    let listed = Command::new("ps")
        .args(["-A", "-o", "pid=,stat=,args="])
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let lines = listed
        .lines()
        .filter(|line| line.contains(folder.to_str().unwrap()));
    lines.map(str::to_owned).collect()
}
