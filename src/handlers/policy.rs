//! The policies of a handler.

use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::process::Signal;

/// How changes are treated that arrive while the handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBusy {
    /// Merges them into one next batch.
    Queue,
    /// Stops the handler and runs it again; a batch counts as handled once its run has started.
    Restart,
    /// Sends the handler this signal, which hands over no data.
    Signal(Signal),
    /// Discards them.
    Drop,
}

impl OnBusy {
    /// The signal of [`OnBusy::Signal`] unless another one is given.
    pub const DEFAULT_SIGNAL: Signal = Signal::HUP;
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

/// How a failed run is treated. The comments are the help of `--on-fail`.
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
