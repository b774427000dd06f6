//! Events of a watch beside changes, as lines of `--events all`.

use serde::Serialize;

/// An event. Fields that do not apply are null, so that all lines of a kind have the same fields.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// A target was read for the first time.
    Synced {
        /// The time of the event.
        time: String,
        /// The target.
        target: &'a str,
        /// The index of the target.
        index: u64,
        /// The number of keys.
        keys: usize,
    },
    /// Consul gives no usable answer, or appears to be reset.
    Outage {
        /// The time when the outage started.
        time: String,
        /// The first target that is affected.
        target: &'a str,
        /// `consul` or `reset`.
        kind: &'static str,
        /// The text of the error.
        error: String,
    },
    /// The token may not read a target, or some of its keys any more.
    RightsLost {
        /// The time when this was noticed.
        time: String,
        /// The target.
        target: &'a str,
        /// The text of the error, where it concerns the whole target.
        error: Option<String>,
        /// The hidden keys, where it concerns a part.
        keys: Option<&'a [String]>,
    },
    /// An outage has ended, a permission is restored, or keys are no longer held back.
    Recovered {
        /// The time of the event.
        time: String,
        /// The event that started what has ended.
        from: &'static str,
        /// The target, where it concerned one.
        target: Option<&'a str>,
        /// The duration of an outage.
        lasted_ms: Option<u128>,
    },
    /// Keys are no longer listed and not reported as deleted.
    HeldBack {
        /// The time of the event.
        time: String,
        /// The target.
        target: &'a str,
        /// `max_delete`, or `unproven`.
        reason: &'static str,
        /// The keys.
        keys: &'a [String],
    },
    /// A handler changed its state.
    Handler(HandlerEvent<'a>),
}

/// A change of a handler's state.
#[derive(Debug, Default, Serialize)]
pub struct HandlerEvent<'a> {
    /// The time of the event.
    pub time: String,
    /// `started`, `stopping`, `ended`, `signalled` or `dropped`.
    pub state: &'static str,
    /// The glob of the route.
    pub route: Option<&'a str>,
    /// The reason of the batch.
    pub reason: Option<&'static str>,
    /// The number of changes of the batch.
    pub changes: Option<usize>,
    /// Whether the handler exited with 0.
    pub success: Option<bool>,
    /// The exit code.
    pub exit: Option<i32>,
    /// The signal that killed the handler.
    pub signal: Option<i32>,
    /// The reason why the handler could not be started.
    pub error: Option<String>,
    /// The duration of the run.
    pub duration_ms: Option<u128>,
    /// The time until the next try.
    pub retry_ms: Option<u128>,
}
