//! Who writes: puts and deletes, a counter by CAS, imports, and waits for a value.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ledger::{COUNTER, DELETED, Written};
use super::{Fire, PREFIX};
use crate::harness::contract::{Entry, parse_line};
use crate::harness::{Output, request};

const KEYS: usize = 6;
const IMPORTED: usize = 20;

/// The longest time in which a value that was written must be noticed.
const NOTICED: &str = "--timeout=90s";

fn pause() {
    thread::sleep(Duration::from_millis(fastrand::u64(5..60)));
}

/// Values of one key, in the order in which they are written.
fn value(turn: usize, writer: &str) -> String {
    format!("{turn:06} by {writer}")
}

/// Writes every key that is never deleted: a snapshot has them all.
pub fn prepare(fire: &Fire) {
    let own =
        (0..2).flat_map(|number| (0..KEYS).map(move |key| format!("{PREFIX}p/{number}/{key}")));
    let imported = (0..IMPORTED).map(imported);
    let waited = [waited()];
    for key in own.chain(imported).chain(waited) {
        write(
            fire,
            0,
            &key,
            &value(0, "nobody"),
            &["put", &key, &value(0, "nobody"), "-q"],
        );
    }
    write(fire, 0, COUNTER, "0", &["put", COUNTER, "0", "-q"]);
    fire.ledger.begin_to_count();
}

fn imported(number: usize) -> String {
    format!("{PREFIX}i/{number}")
}

fn waited() -> String {
    format!("{PREFIX}w")
}

/// Runs a write of one key. Nothing else writes while a snapshot is taken.
fn write(fire: &Fire, first: usize, key: &str, value: &str, args: &[&str]) -> Written {
    let _writing = fire.writing.read().unwrap();
    fire.ledger.will_write(key, value);
    let output = fire.kvw(first).args(args).run();
    let written = fire.ledger.wrote(key, value, code(fire, &output));
    if written == Written::Lost {
        fire.ledger
            .violation(format!("lost without a CAS: {output}"));
    }
    written
}

/// An exit says how to find out where nobody knows.
fn code(fire: &Fire, output: &Output) -> i32 {
    let hints = ["read it back", "run again, it finishes the job"];
    if output.code == 5 && !hints.iter().any(|hint| output.stderr.contains(hint)) {
        fire.ledger
            .violation(format!("no way to find out: {output}"));
    }
    output.code
}

/// Puts, and deletes of keys that only this writer has.
pub fn put_and_delete(fire: &Fire, number: usize) {
    let mut turn = 0;
    while !fire.is_over() {
        turn += 1;
        let value = value(turn, "put");
        if fastrand::u8(..4) == 0 {
            let key = format!("{PREFIX}d/{number}");
            write(fire, turn, &key, &value, &["put", &key, &value]);
            write(fire, turn, &key, DELETED, &["delete", &key]);
        } else {
            let key = format!("{PREFIX}p/{number}/{}", fastrand::usize(..KEYS));
            write(fire, turn, &key, &value, &["put", &key, &value, "-q"]);
        }
        pause();
    }
}

/// Raises a counter by one, each time from what was read: two writers, and none may undo the other.
pub fn count(fire: &Fire, number: usize) {
    let mut turn = number;
    while !fire.is_over() {
        turn += 1;
        let _writing = fire.writing.read().unwrap();
        let read = fire.kvw(turn).args(["get", COUNTER, "-ojson"]).run();
        if read.code != 0 {
            continue;
        }
        let entry: Entry = parse_line(&read.text());
        let next = entry.value.unwrap().parse::<u64>().unwrap() + 1;
        let next = next.to_string();
        fire.ledger.will_write(COUNTER, &next);
        let op = format!("cas {COUNTER} {} {next}", entry.modify_index);
        let output = fire.kvw(turn).args(["txn", &op]).run();
        fire.ledger.wrote(COUNTER, &next, code(fire, &output));
        drop(_writing);
        pause();
    }
}

/// Imports a document of many keys, again and again until all of it is there.
pub fn import(fire: &Fire) {
    let mut turn = 0;
    while !fire.is_over() {
        turn += 1;
        let value = value(turn, "import");
        let entry =
            |number| json!({"key": imported(number), "flags": 0, "value": STANDARD.encode(&value)});
        let document = Value::from_iter((0..IMPORTED).map(entry)).to_string();
        loop {
            let _writing = fire.writing.read().unwrap();
            for number in 0..IMPORTED {
                fire.ledger.will_write(&imported(number), &value);
            }
            let import = fire.kvw(turn).args(["import", "-"]).stdin(document.clone());
            let output = import.run();
            let written = fire.ledger.ended("import", code(fire, &output));
            for number in 0..IMPORTED {
                match written {
                    Written::Done => fire.ledger.acknowledge(&imported(number), &value),
                    // Some of it may be there.
                    _ => fire.ledger.perhaps(&imported(number), &value),
                }
            }
            if written == Written::Done || fire.is_over() {
                break;
            }
        }
        pause();
    }
}

/// Waits for a value while it is written.
pub fn wait(fire: &Fire) {
    let mut turn = 0;
    while !fire.is_over() {
        turn += 1;
        let (key, value) = (waited(), value(turn, "wait"));
        let condition = format!("{key}={value}");
        let args = ["wait", "--wait=5s", "--equals", &condition, NOTICED];
        let waiting = fire.kvw(turn).args(args).spawn();
        while write(fire, turn + 1, &key, &value, &["put", &key, &value, "-q"]) != Written::Done {}
        let output = waiting.wait(Duration::from_secs(120));
        fire.waits.fetch_add(1, Ordering::Relaxed);
        // An attempt whose outcome is unknown may reach the store after one that was acknowledged, and bring an
        // earlier value back before anybody has seen this one: a leader that was paused passes on what it
        // held when it goes on.
        if output.code != 0 && !fire.ledger.was_restored() && is_there(fire, &key, &value) {
            fire.ledger.violation(format!("not noticed: {output}"));
        }
        pause();
    }
}

/// Whether a key has this value, once a leader says so.
fn is_there(fire: &Fire, key: &str, value: &str) -> bool {
    (0..).find_map(|turn| {
        let get = fire.kvw(turn).args(["get", "--consistent", key]).run();
        (get.code == 0).then(|| get.text() == value)
    }) == Some(true)
}

/// What is there, asked behind kvw's back.
pub fn store(address: &str) -> BTreeMap<String, String> {
    let path = format!("/v1/kv/{PREFIX}?recurse&consistent");
    let answer = request(address, "GET", &path, &[], b"");
    let entries: Vec<Value> = serde_json::from_slice(answer.body()).unwrap();
    let entries = entries.iter().map(|entry| {
        let value = STANDARD.decode(entry["Value"].as_str().unwrap()).unwrap();
        let key = entry["Key"].as_str().unwrap().to_owned();
        (key, String::from_utf8(value).unwrap())
    });
    entries.collect()
}
