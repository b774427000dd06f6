//! `kvw watch` on a prefix that it walks: while writers do what they like, what is reported leads
//! from state to state of the store, misses nothing and invents nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::contract::{Batch, Change, Entry, parse_line};
use crate::harness::{AclAgent, Agent, PATIENCE, Running, prefix_rules, request};

/// For how long writers write; `KVW_TEST_SECONDS` asks for a longer run.
fn writing_time() -> Duration {
    let seconds = std::env::var("KVW_TEST_SECONDS").ok();
    Duration::from_secs(seconds.and_then(|text| text.parse().ok()).unwrap_or(4))
}

/// What is watched. Its first letters are the beginning of neighbours, and deletes further up
/// take it along.
const ROOT: &str = "p/q/";

/// Keys and values.
type State = BTreeMap<String, String>;

/// Carries a change out, where what it says was there before was.
#[track_caller]
fn apply(change: &Change, state: &mut State) {
    let value = |entry: &Option<Entry>| entry.as_ref().map(|entry| entry.value.clone().unwrap());
    let was = match value(&change.after) {
        Some(after) => state.insert(change.key.clone(), after),
        None => state.remove(&change.key),
    };
    assert_eq!(was, value(&change.before), "{change:?}");
    let event = match (&change.before, &change.after) {
        (None, _) => "create",
        (_, None) => "delete",
        _ => "update",
    };
    assert_eq!(change.event, event, "{change:?}");
}

/// A stream of random operations.
struct Writer {
    random: fastrand::Rng,
    address: String,
    written: u32,
}

impl Writer {
    fn new(address: String, seed: u64) -> Self {
        Writer {
            random: fastrand::Rng::with_seed(seed),
            address,
            written: 0,
        }
    }

    /// Names that meet each other: as folder and leaf, as beginnings of one another, with
    /// characters of several bytes; one in twelve with what a URL cannot carry.
    fn name(&mut self) -> String {
        let pieces = ["a", "b", "-", "é", "è", "/", "/", "a/", "b/"];
        let mut name = String::new();
        for _ in 0..self.random.usize(1..6) {
            if self.random.usize(0..50) == 0 {
                name += self.random.choice(["//", "/./", "\t", " "]).unwrap();
            } else {
                let piece = self.random.choice(pieces).unwrap();
                name += if name.ends_with('/') {
                    piece.trim_start_matches('/')
                } else {
                    piece
                };
            }
        }
        let name = name.trim_start_matches('/');
        format!("{ROOT}{}", if name.is_empty() { "a" } else { name })
    }

    fn set(&mut self) -> Value {
        self.written += 1;
        let value = base64(&self.written.to_string());
        json!({"KV": {"Verb": "set", "Key": self.name(), "Value": value}})
    }

    fn delete(&mut self) -> Value {
        json!({"KV": {"Verb": "delete", "Key": self.name()}})
    }

    /// Cut anywhere, also further up than what is watched.
    fn delete_tree(&mut self) -> Value {
        let name = self.name();
        let shortest = if self.random.usize(0..12) == 0 {
            1
        } else {
            ROOT.len() + 1
        };
        let length = self.random.usize(shortest..shortest + 5);
        let prefix: String = name.chars().take(length).collect();
        json!({"KV": {"Verb": "delete-tree", "Key": prefix}})
    }

    /// The same value in two places far apart, at one index.
    fn pair(&mut self) -> Vec<Value> {
        self.written += 1;
        let value = base64(&self.written.to_string());
        ["left", "right/a/b"]
            .map(|end| json!({"KV": {"Verb": "set", "Key": format!("{ROOT}~{end}"), "Value": value}}))
            .into()
    }

    /// One random write.
    fn write(&mut self) {
        let ops = match self.random.usize(0..12) {
            0..6 => vec![self.set()],
            6..8 => vec![self.delete()],
            8 => vec![self.delete_tree()],
            9 => self.pair(),
            _ => (0..4)
                .map(|n| if n == 2 { self.delete() } else { self.set() })
                .collect(),
        };
        self.send(&json!(ops));
    }

    fn send(&self, ops: &Value) {
        let body = ops.to_string();
        let response = request(&self.address, "PUT", "/v1/txn", &[], body.as_bytes());
        assert_eq!(response.status(), 200, "{body}: {response:?}");
    }
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// What the store shows, read behind kvw's back.
fn read(address: &str) -> State {
    let path = format!("/v1/kv/{ROOT}?recurse");
    let response = request(address, "GET", &path, &[], b"");
    if response.status() == 404 {
        return State::new();
    }
    let entries: Vec<Value> = serde_json::from_slice(response.body()).unwrap();
    let value = |entry: &Value| {
        use base64::Engine;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(entry["Value"].as_str().unwrap_or_default())
            .unwrap();
        String::from_utf8(bytes).unwrap()
    };
    entries
        .iter()
        .map(|entry| (entry["Key"].as_str().unwrap().to_owned(), value(entry)))
        .collect()
}

/// A store with something in it, and a watch that walks from the first key on and hands each batch
/// to `cat`.
fn start(seed: u64) -> (Agent, Writer, Running) {
    println!("seed {seed}");
    let agent = Agent::own();
    let mut writer = Writer::new(agent.address(), seed);
    for _ in 0..60 {
        let set = writer.set();
        writer.send(&json!([set]));
    }
    let running = agent
        .kvw([
            "watch",
            ROOT,
            "-v",
            "--walk-from",
            "1",
            "--wait",
            "1s",
            "--debounce",
            "0",
            "--",
            "cat",
        ])
        .spawn();
    (agent, writer, running)
}

fn batch(running: &mut Running) -> Batch {
    parse_line(&running.line_within(2 * PATIENCE))
}

/// The reads that `-v` logs: how many walked, how many gave up and read everything.
fn count_reads(stderr: &str) -> (usize, usize) {
    let count = |words: &str| stderr.lines().filter(|line| line.contains(words)).count();
    (count("walked '"), count(", because "))
}

#[test]
fn every_batch_leads_to_a_state_that_the_store_has_had() {
    let (agent, mut writer, mut running) = start(fastrand::u64(..));
    let address = agent.address();
    let mut state = State::new();
    let initial = batch(&mut running);
    for change in &initial.changes {
        apply(change, &mut state);
    }
    let mut history = vec![read(&address)];
    assert_eq!(state, history[0]);

    let (send, states) = channel();
    let end = format!("{ROOT}ÿ");
    let last = end.clone();
    let batches = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&batches);
    let thread = thread::spawn(move || {
        let began = Instant::now();
        // On a busy machine a watch looks seldom.
        let few = || seen.load(Ordering::Relaxed) < 20 && began.elapsed() < PATIENCE;
        while began.elapsed() < writing_time() || few() {
            writer.write();
            send.send(read(&writer.address)).unwrap();
            thread::sleep(Duration::from_millis(writer.random.u64(0..10)));
        }
        writer.send(&json!([{"KV": {"Verb": "set", "Key": last, "Value": ""}}]));
        send.send(read(&writer.address)).unwrap();
    });

    let mut reached = 0;
    while !state.contains_key(&end) {
        for change in &batch(&mut running).changes {
            apply(change, &mut state);
        }
        batches.fetch_add(1, Ordering::Relaxed);
        reached = wait_for_state(&states, &mut history, reached, &state);
        assert_eq!(
            state.get(&format!("{ROOT}~left")),
            state.get(&format!("{ROOT}~right/a/b")),
            "one transaction is one change"
        );
    }
    thread.join().unwrap();
    assert_eq!(state, read(&address));
    let stderr = running.stop().stderr;
    let (walked, read) = count_reads(&stderr);
    println!(
        "{} states, {batches:?} batches, {walked} looks walked, {read} read everything",
        history.len()
    );
    assert!(walked > 10, "{walked} walked, {read} read everything");
}

/// Finds the state among those the store has had, not before the one that was reached last. The
/// writer may not have sent it yet.
fn wait_for_state(
    states: &Receiver<State>,
    history: &mut Vec<State>,
    reached: usize,
    state: &State,
) -> usize {
    loop {
        if let Some(found) = history[reached..].iter().position(|known| known == state) {
            return reached + found;
        }
        match states.recv_timeout(2 * PATIENCE) {
            Ok(next) => history.push(next),
            Err(_) => panic!("the store was never like this: {}", nearest(history, state)),
        }
    }
}

/// How a state differs from the one of the history that is most like it.
fn nearest(history: &[State], state: &State) -> String {
    let differences = |known: &State| -> Vec<String> {
        let keys = known.keys().chain(state.keys());
        let mut keys: Vec<_> = keys
            .filter(|key| known.get(*key) != state.get(*key))
            .collect();
        keys.sort();
        keys.dedup();
        keys.iter()
            .map(|key| format!("{key}: {:?}, not {:?}", state.get(*key), known.get(*key)))
            .collect()
    };
    let numbered = history.iter().map(differences).enumerate();
    let (number, nearest) = numbered.min_by_key(|(_, all)| all.len()).unwrap();
    format!("state {number} but for {nearest:#?}")
}

#[test]
fn several_writers_at_once_are_followed_to_the_end() {
    let (agent, writer, mut running) = start(fastrand::u64(..));
    let mut random = writer.random;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let mut writer = Writer::new(agent.address(), random.u64(..));
            thread::spawn(move || {
                let until = Instant::now() + writing_time();
                while Instant::now() < until {
                    writer.write();
                    thread::sleep(Duration::from_millis(writer.random.u64(0..30)));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let end = format!("{ROOT}ÿ");
    let writer = Writer::new(agent.address(), 0);
    writer.send(&json!([{"KV": {"Verb": "set", "Key": end, "Value": ""}}]));
    let mut state = State::new();
    while !state.contains_key(&end) {
        let batch = batch(&mut running);
        for change in &batch.changes {
            apply(change, &mut state);
        }
    }
    assert_eq!(state, read(&agent.address()));
    let (walked, read) = count_reads(&running.stop().stderr);
    println!("{walked} looks walked, {read} read everything");
    assert!(walked > 0);
}

#[test]
fn a_prefix_that_is_deleted_from_further_up_is_seen_gone() {
    let (agent, writer, mut running) = start(1);
    let initial = batch(&mut running);
    // An older deletion mark below the prefix hides the later one above it: nothing wakes the
    // query, and its index stays.
    let key = &initial.changes[0].key;
    writer.send(&json!([{"KV": {"Verb": "delete", "Key": key}}]));
    assert_eq!(batch(&mut running).changes.len(), 1);
    writer.send(&json!([{"KV": {"Verb": "delete-tree", "Key": "p"}}]));
    let gone = batch(&mut running).changes;
    assert_eq!(gone.len(), initial.changes.len() - 1);
    assert!(gone.iter().all(|change| change.event == "delete"));
    drop(agent);
}

#[test]
fn rights_that_come_and_go_are_seen_on_a_walk_too() {
    let Some(acl) = AclAgent::start() else {
        return;
    };
    for key in ["r/a/1", "r/a/2", "r/b/1", "r/b/2"] {
        acl.put(key, "1");
    }
    let policy = acl.create_policy(&prefix_rules("read", &["r/a/"]));
    let token = acl.create_token(&policy);
    let allow = |prefix: &str| acl.set_rules(&policy, &prefix_rules("read", &[prefix]));
    let args = ["watch", "r/", "--walk-from", "1", "--wait", "1s"];
    let mut running = acl
        .kvw(args)
        .args(["--initial", "run", "--token", &token.secret])
        .spawn();
    let mut expect = |what: &str, keys: &[&str]| {
        for key in keys {
            let line = running.line();
            assert!(line.contains(&format!("{what} {key}")), "{line}");
        }
    };
    expect("+", &["r/a/1", "r/a/2"]);
    // A change that may not be seen moves the index, and is none.
    acl.put("r/b/1", "2");
    acl.put("r/a/2", "2");
    expect("~", &["r/a/2"]);
    allow("r/");
    expect("+", &["r/b/1", "r/b/2"]);
    acl.put("r/b/2", "3");
    expect("~", &["r/b/2"]);
    allow("r/a/");
    running.err_line_with("may no longer read");
}
