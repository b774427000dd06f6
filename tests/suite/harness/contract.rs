//! The JSON that kvw publishes, as types that refuse unknown fields. A field may be added here when
//! one is added there; none may ever go.
#![allow(
    dead_code,
    reason = "a type names all fields of the contract, also those that no test reads"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Parses one JSON text with nothing after it but a newline.
#[track_caller]
pub fn parse_document<T: DeserializeOwned>(text: &str) -> T {
    assert!(text.ends_with('\n'), "no newline at the end of {text:?}");
    parse_line(text)
}

/// Parses one line of JSON.
#[track_caller]
pub fn parse_line<T: DeserializeOwned>(line: &str) -> T {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// An entry, wherever one is printed. `value` and `encoding` are null where the value is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub key: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub value: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub encoding: Option<String>,
    pub flags: u64,
    pub create_index: u64,
    pub modify_index: u64,
    pub lock_index: u64,
    #[serde(deserialize_with = "Option::deserialize")]
    pub session: Option<String>,
}

impl Entry {
    /// The decoded value.
    pub fn bytes(&self) -> Vec<u8> {
        let value = self.value.as_ref().unwrap();
        match self.encoding.as_deref() {
            Some("utf8") => value.clone().into_bytes(),
            Some("base64") => STANDARD.decode(value).unwrap(),
            other => panic!("encoding {other:?}"),
        }
    }
}

/// `delete KEY...`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deleted {
    pub deleted: Vec<String>,
}

/// `delete --recurse`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeletedPrefix {
    pub prefix: String,
    pub listed: u64,
}

/// `delete --dry-run`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WouldDelete {
    pub would_delete: Vec<String>,
}

/// `txn` that was applied.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    pub applied: bool,
    pub results: Vec<Entry>,
}

/// `txn` that was rolled back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolledBack {
    pub applied: bool,
    pub errors: Vec<FailedOperation>,
}

/// An operation that made a transaction roll back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedOperation {
    pub op: usize,
    pub text: String,
    pub reason: String,
}

/// `import`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    pub written: u64,
    pub unchanged: u64,
    pub skipped: u64,
    pub unknown: u64,
    pub refused: u64,
}

/// `apply --dry-run`, `undo --dry-run`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub changes: Vec<PlannedChange>,
    pub unchanged: u64,
    pub unmanaged: u64,
    pub skipped: Vec<SkippedKey>,
    pub transactions: u64,
}

/// A change of a plan.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedChange {
    pub op: String,
    pub key: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub before: Option<Entry>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub after: Option<PlannedContent>,
    pub secret: Option<SecretChange>,
}

/// What a key is to be.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedContent {
    #[serde(deserialize_with = "Option::deserialize")]
    pub value: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub encoding: Option<String>,
    pub flags: u64,
}

/// What is said of secret values.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretChange {
    #[serde(deserialize_with = "Option::deserialize")]
    pub before: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub after: Option<String>,
}

/// A key that differs and is left alone.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkippedKey {
    pub key: String,
    pub reason: String,
}

/// `apply`, `undo`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanOutcome {
    pub outcome: String,
    pub written: u64,
    pub deleted: u64,
    pub unchanged: u64,
    pub transactions: u64,
    #[serde(deserialize_with = "Option::deserialize")]
    pub index: Option<u64>,
    pub conflicts: Vec<Conflict>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub check: Option<CheckRun>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub undo: Option<String>,
}

/// `cp`, `mv`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copied {
    pub copied: u64,
    pub moved: u64,
    pub skipped: u64,
    pub unchanged: u64,
    pub transactions: u64,
}

/// A key that was not as it was read.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    pub key: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub expected: Option<u64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub found: Option<u64>,
}

/// How a check ended.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRun {
    #[serde(deserialize_with = "Option::deserialize")]
    pub status: Option<u8>,
    pub ms: u64,
}

/// A session.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub id: String,
    pub name: String,
    pub node: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub ttl_ms: Option<u64>,
    pub lock_delay_ms: u64,
    pub behavior: String,
    pub checks: Vec<String>,
    pub create_index: u64,
    #[serde(deserialize_with = "Option::deserialize")]
    pub keys: Option<Vec<String>>,
}

/// `lock KEY` without a command.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldLock {
    pub key: String,
    pub session: String,
    pub fence: u64,
}

/// `lock KEY --show`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockState {
    pub key: String,
    pub lock_key: String,
    pub held: bool,
    pub holders: Vec<LockHolder>,
    pub limit: u64,
    #[serde(deserialize_with = "Option::deserialize")]
    pub waiting: Option<u64>,
}

/// A line of `elect --listen -o jsonl`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum LeaderEvent {
    Leader {
        key: String,
        value: String,
        session: String,
        fence: u64,
        time: String,
    },
    None {
        key: String,
        time: String,
    },
}

/// A holder of a lock.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockHolder {
    pub session: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub name: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub node: Option<String>,
    pub value: String,
    pub since_index: u64,
}

/// A line of `ls`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Listed {
    Entry(Entry),
    Folder(Folder),
}

/// A folder in `ls`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    pub key: String,
    pub folder: bool,
}

/// A node of `tree`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    pub name: String,
    pub keys: u64,
    pub bytes: Option<u64>,
    pub children: Vec<Node>,
}

/// `wait` whose conditions came to hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Met {
    pub met: bool,
    pub entries: Vec<Entry>,
}

/// `wait` whose time was up.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unmet {
    pub met: bool,
    pub unmet: Vec<String>,
}

/// `status`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub leader: Option<String>,
    pub servers: Vec<String>,
    pub rtt_ms: f64,
    pub datacenter: Option<String>,
    pub address: String,
    pub token: Option<String>,
    pub access: Option<Access>,
}

/// What a token may do, as `kvw status --access` shows it.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Access {
    pub prefix: String,
    pub read: bool,
    pub write: bool,
}

/// What a handler reads from its stdin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    pub index: u64,
    pub time: String,
    pub targets: Vec<String>,
    pub reason: String,
    pub changes: Vec<Change>,
}

/// A change in a batch, and a line of `watch -o jsonl`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub event: String,
    pub key: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub before: Option<Entry>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub after: Option<Entry>,
    pub index: u64,
    pub time: String,
    pub target: String,
    #[serde(default)]
    pub recreated: bool,
}

/// A line of `watch -o jsonl --events all` that is no change.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    Synced {
        time: String,
        target: String,
        index: u64,
        keys: usize,
    },
    Outage {
        time: String,
        target: String,
        kind: String,
        error: String,
    },
    RightsLost {
        time: String,
        target: String,
        error: Option<String>,
        keys: Option<Vec<String>>,
    },
    Recovered {
        time: String,
        from: String,
        target: Option<String>,
        lasted_ms: Option<u64>,
    },
    Handler {
        time: String,
        state: String,
        route: Option<String>,
        reason: Option<String>,
        changes: Option<usize>,
        success: Option<bool>,
        exit: Option<i32>,
        signal: Option<i32>,
        error: Option<String>,
        duration_ms: Option<u64>,
        retry_ms: Option<u64>,
    },
}

/// An entry as Consul and `consul watch` write it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ConsulEntry {
    pub key: String,
    pub create_index: u64,
    pub modify_index: u64,
    pub lock_index: u64,
    pub flags: u64,
    pub value: Option<String>,
    pub session: String,
}
