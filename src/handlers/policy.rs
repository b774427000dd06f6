//! What the user asked for.

use std::time::Duration;

use crate::process::Signal;

/// What becomes of changes while the handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBusy {
    /// They are merged into one next batch.
    Queue,
    /// The handler is stopped and run again; a batch counts as handled once its run has started.
    Restart,
    /// The handler is sent this signal, which hands over no data.
    Signal(Signal),
    /// They are forgotten.
    Drop,
}

/// What becomes of a batch whose handler failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFail {
    /// It is part of the next batch.
    Continue,
    /// It is run again after a while.
    Retry,
    /// kvw ends with the handler's status.
    Exit,
    /// It counts as handled.
    Ignore,
}

/// How a queue decides.
#[derive(Debug, Clone)]
pub struct Policies {
    /// Quiet time before a batch is handed over.
    pub debounce: Duration,
    /// The longest time that a batch waits for quiet.
    pub max_delay: Duration,
    /// Each batch waits a random part of this on top.
    pub splay: Duration,
    /// See [`OnBusy`].
    pub on_busy: OnBusy,
    /// See [`OnFail`].
    pub on_fail: OnFail,
    /// How long a run may take; none: for ever.
    pub timeout: Option<Duration>,
    /// What asks a handler to end.
    pub stop_signal: Signal,
    /// How long it may take to end before it is killed.
    pub stop_timeout: Duration,
    /// One run a changed key, none for the initial state.
    pub each: bool,
    /// Whether locks count as changes.
    pub locks: bool,
}

impl Default for Policies {
    fn default() -> Self {
        Policies {
            debounce: Duration::from_millis(100),
            max_delay: Duration::from_secs(5),
            splay: Duration::ZERO,
            on_busy: OnBusy::Queue,
            on_fail: OnFail::Continue,
            timeout: None,
            stop_signal: Signal::TERM,
            stop_timeout: Duration::from_secs(10),
            each: false,
            locks: false,
        }
    }
}
