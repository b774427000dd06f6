//! The policies by which a queue decides.

use std::time::Duration;

use crate::process::Signal;

/// What happens to changes while the handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBusy {
    /// They are merged into one next batch.
    Queue,
    /// The handler is stopped and run again; a batch counts as handled once its run has started.
    Restart,
    /// The handler is sent this signal, which hands over no data.
    Signal(Signal),
    /// They are dropped.
    Drop,
}

impl OnBusy {
    /// Whether a run is a service, which is not expected to end: its batch counts as handled once it
    /// has started, and the end that nobody asked for has a policy of its own, [`OnExit`].
    pub fn runs_service(self) -> bool {
        self == OnBusy::Restart
    }

    /// Whether changes that come during a run are dropped.
    pub fn drops(self) -> bool {
        self == OnBusy::Drop
    }

    /// What changes do to a run under way, other than wait for its end.
    pub fn reaction(self) -> Option<Reaction> {
        match self {
            OnBusy::Restart => Some(Reaction::Stop),
            OnBusy::Signal(signal) => Some(Reaction::Signal(signal)),
            OnBusy::Queue | OnBusy::Drop => None,
        }
    }
}

/// What changes do to a run under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// They stop it, so that the next run has them.
    Stop,
    /// They send it this signal.
    Signal(Signal),
}

/// What happens to a batch whose handler failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFail {
    /// It is part of the next batch.
    Continue,
    /// It is run again after a back-off.
    Retry,
    /// kvw ends with the handler's status.
    Exit,
    /// It counts as handled.
    Ignore,
}

/// What happens when a service that runs under `restart` ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExit {
    /// kvw ends with the service's status, 0 included.
    Exit,
    /// The service is started again after a back-off.
    Restart,
    /// Nothing runs until the next batch.
    Wait,
}

/// The policies of one queue.
#[derive(Debug, Clone)]
pub struct Policies {
    /// The quiet time before a batch is handed over.
    pub debounce: Duration,
    /// The longest time that a batch waits for quiet.
    pub max_delay: Duration,
    /// The bound of the random delay of each batch.
    pub splay: Duration,
    /// See [`OnBusy`].
    pub on_busy: OnBusy,
    /// See [`OnFail`].
    pub on_fail: OnFail,
    /// See [`OnExit`].
    pub on_exit: OnExit,
    /// The shortest time between the starts of two runs.
    pub min_interval: Duration,
    /// The longest time that a run may take; `None` is no limit.
    pub timeout: Option<Duration>,
    /// The signal that asks a handler to end.
    pub stop_signal: Signal,
    /// The time that a group has to become empty after its handler has returned, before the rest of
    /// it is asked to end.
    pub linger: Duration,
    /// The time that a handler has to end after the stop signal, before it is killed. The default is
    /// less than the 10 s after which container engines kill.
    pub stop_timeout: Duration,
    /// Whether each changed key has a run of its own, and the initial state none.
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
            on_exit: OnExit::Exit,
            min_interval: Duration::ZERO,
            timeout: None,
            stop_signal: Signal::TERM,
            linger: Duration::from_secs(1),
            stop_timeout: Duration::from_secs(8),
            each: false,
            locks: false,
        }
    }
}
