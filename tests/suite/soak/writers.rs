//! Who writes: puts, deletes of one key and of many, transactions, and writes that change nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ledger::Ledger;
use crate::harness::try_request;

/// Below this all of it happens.
pub const PREFIX: &str = "s/";

const FOLDERS: [&str; 5] = ["", "a/", "a/x/", "b/", "ü & <c>/"];
const NAMES: usize = 8;

fn folder() -> &'static str {
    FOLDERS[fastrand::usize(..FOLDERS.len())]
}

fn key() -> String {
    format!("{PREFIX}{}k{}", folder(), fastrand::usize(..NAMES))
}

/// Writes until it is over. What fails may have been written all the same, or not.
pub fn write(number: usize, address: &str, ledger: &Ledger, over: &AtomicBool) {
    let mut turn = 0;
    while !over.load(Ordering::Relaxed) {
        turn += 1;
        let value = match fastrand::u8(..8) {
            0 => "same".to_owned(),
            _ => format!("{number}-{turn}"),
        };
        let done = match fastrand::u8(..100) {
            0..60 => put(address, ledger, &value),
            60..75 => delete(address, ledger, &key(), false),
            75..80 => delete(address, ledger, &format!("{PREFIX}{}", folder()), true),
            // From above the prefix: leaves no mark below it.
            80..81 => delete(address, ledger, "s", true),
            _ => transact(address, ledger, &value),
        };
        if done {
            ledger.wrote();
        }
        thread::sleep(Duration::from_millis(fastrand::u64(1..12)));
    }
}

fn put(address: &str, ledger: &Ledger, value: &str) -> bool {
    let (key, flags) = (key(), fastrand::u64(..3));
    ledger.will_put(&key, value, flags);
    let path = format!("/v1/kv/{}?flags={flags}", encoded(&key));
    sent(address, "PUT", &path, value.as_bytes())
}

fn delete(address: &str, ledger: &Ledger, key: &str, recurse: bool) -> bool {
    ledger.will_delete(key, recurse);
    let query = if recurse { "?recurse" } else { "" };
    let path = format!("/v1/kv/{}{query}", encoded(key));
    sent(address, "DELETE", &path, b"")
}

fn transact(address: &str, ledger: &Ledger, value: &str) -> bool {
    let ops = (0..fastrand::usize(1..6)).map(|_| operation(ledger, value));
    let body = Value::from_iter(ops).to_string();
    sent(address, "PUT", "/v1/txn", body.as_bytes())
}

fn operation(ledger: &Ledger, value: &str) -> Value {
    let key = key();
    match fastrand::u8(..8) {
        0 => {
            let folder = format!("{PREFIX}{}", folder());
            ledger.will_delete(&folder, true);
            json!({"KV": {"Verb": "delete-tree", "Key": folder}})
        }
        1..4 => {
            ledger.will_delete(&key, false);
            json!({"KV": {"Verb": "delete", "Key": key}})
        }
        _ => {
            ledger.will_put(&key, value, 0);
            json!({"KV": {"Verb": "set", "Key": key, "Value": STANDARD.encode(value)}})
        }
    }
}

fn sent(address: &str, method: &str, path: &str, body: &[u8]) -> bool {
    let answer = try_request(address, method, path, &[], body);
    answer.is_ok_and(|response| response.status() == 200)
}

/// Good enough for the names above.
fn encoded(key: &str) -> String {
    let bytes = key.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    });
    bytes.collect()
}
