//! The policies by which a queue decides.

use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::process::Signal;

/// What happens to changes while the handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBusy {
    /// Merges them into one next batch.
    Queue,
    /// Stops the handler and runs it again; a batch counts as handled once its run has started.
    Restart,
    /// Sends the handler this signal, which hands over no data.
    Signal(Signal),
    /// Drops them.
    Drop,
}

impl OnBusy {
    /// The signal of [`OnBusy::Signal`] unless another one is given.
    pub const DEFAULT_SIGNAL: Signal = Signal::HUP;

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

/// Written by hand because the derive does not support a variant with a field.
impl ValueEnum for OnBusy {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            OnBusy::Queue,
            OnBusy::Restart,
            OnBusy::Signal(OnBusy::DEFAULT_SIGNAL),
            OnBusy::Drop,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            OnBusy::Queue => ("queue", "Merge them into one next batch"),
            OnBusy::Restart => ("restart", "Stop the handler and run it again"),
            OnBusy::Signal(_) => (
                "signal",
                "Send the handler a signal, which hands over no data",
            ),
            OnBusy::Drop => ("drop", "Discard them"),
        };
        Some(PossibleValue::new(name).help(help))
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

/// What happens to a batch whose handler failed. The comments are the help of `--on-fail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnFail {
    /// Add its changes to the next batch
    Continue,
    /// Run its batch again after a back-off
    Retry,
    /// Exit with the handler's status
    Exit,
    /// Count its changes as handled
    Ignore,
}

/// What happens when a service that runs under `restart` ends by itself or cannot be started. The comments are the help of
/// `--on-exit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnExit {
    /// Exit with the status of the service, 0 included
    Exit,
    /// Start it again after a back-off
    Restart,
    /// Wait for the next batch, with nothing running
    Wait,
}

/// What becomes of a process that a handler put outside its process group. The comments are the help of
/// `--daemons`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Daemons {
    /// It was started on purpose and lives on, while kvw runs and after
    Keep,
    /// It ends with its run: before the next one, and when kvw ends
    End,
}

impl Daemons {
    /// The policy unless another one is given: a service must be gone before its next start.
    pub fn default_for(on_busy: OnBusy) -> Self {
        match on_busy.runs_service() {
            true => Daemons::End,
            false => Daemons::Keep,
        }
    }
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
    /// See [`Daemons`].
    pub daemons: Daemons,
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
            daemons: Daemons::Keep,
            stop_timeout: Duration::from_secs(8),
            each: false,
            locks: false,
        }
    }
}
