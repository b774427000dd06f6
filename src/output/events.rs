//! What happens in a watch beside changes, as lines of the published JSON (`--events all`).

use serde::Serialize;

/// One event. Fields that do not apply are null, so that a line of a kind always has the same.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// A target was seen for the first time.
    Synced {
        /// When.
        time: String,
        /// Which.
        target: &'a str,
        /// At which index.
        index: u64,
        /// With how many keys.
        keys: usize,
    },
    /// Consul does not answer usefully, or looks reset.
    Outage {
        /// When it began.
        time: String,
        /// The first target that it concerns.
        target: &'a str,
        /// `consul` or `reset`.
        kind: &'static str,
        /// In words.
        error: String,
    },
    /// The token may not read a target at all, or some of its keys any more.
    RightsLost {
        /// When it was seen.
        time: String,
        /// Of which target.
        target: &'a str,
        /// In words, where it is the whole target.
        error: Option<String>,
        /// The hidden keys, where it is a part.
        keys: Option<&'a [String]>,
    },
    /// Something of the above, or of what is held back, has ended.
    Recovered {
        /// When.
        time: String,
        /// The event that began it.
        from: &'static str,
        /// Whose it was, where it was one target's.
        target: Option<&'a str>,
        /// How long an outage lasted.
        lasted_ms: Option<u128>,
    },
    /// Keys are no longer listed and not reported as deleted.
    HeldBack {
        /// When.
        time: String,
        /// Of which target.
        target: &'a str,
        /// `max_delete`, or `unproven`.
        reason: &'static str,
        /// Which.
        keys: &'a [String],
    },
    /// A handler did something.
    Handler(Handler<'a>),
}

/// What a handler did.
#[derive(Debug, Default, Serialize)]
pub struct Handler<'a> {
    /// When.
    pub time: String,
    /// `started`, `stopping`, `ended`, `signalled` or `dropped`.
    pub state: &'static str,
    /// The route's glob.
    pub route: Option<&'a str>,
    /// The batch's reason.
    pub reason: Option<&'static str>,
    /// How many changes the batch has.
    pub changes: Option<usize>,
    /// Whether it returned 0.
    pub success: Option<bool>,
    /// What it returned.
    pub exit: Option<i32>,
    /// What it died of.
    pub signal: Option<i32>,
    /// Why it could not be started.
    pub error: Option<String>,
    /// How long it ran.
    pub duration_ms: Option<u128>,
    /// In what time it is run again.
    pub retry_ms: Option<u128>,
}
