//! What goes into a queue and what comes out of it.

use std::sync::Arc;
use std::time::Instant;

use crate::handlers::OnExit;
use crate::model::Batch;
use crate::process::{ChildStatus, Signal};

/// Something that happens to a queue.
#[derive(Debug, Clone)]
pub enum QueueInput {
    /// Keys changed; or, with [`Reason::Initial`](crate::model::Reason), these are the keys that
    /// exist at startup.
    Changes(Batch),
    /// Run now, with every entry as created.
    Run(Batch),
    /// The child of [`QueueAction::Start`] runs.
    Started,
    /// Whether the signal of [`QueueAction::Signal`] reached a process.
    Signalled(bool),
    /// The child has returned, and its group is not gone yet.
    Returned,
    /// The child was stopped because it wants the terminal, which it does not have.
    WantsTerminal,
    /// The child has ended and its group is gone.
    Ended(ChildStatus),
    /// The child could not be started, which stands for this status.
    Unstarted {
        /// The status that a shell would give.
        status: ChildStatus,
        /// Whether the reason is expected to pass: the program is being written, the system is
        /// short of processes or descriptors.
        passing: bool,
    },
    /// The deadline has come.
    Due,
    /// Hand over at once what is pending, retry nothing, take no more; a service that runs under
    /// `restart` ends.
    Drain,
    /// Let a run end, start nothing more, take no more.
    Finish,
    /// End what runs, start nothing, take no more.
    Stop,
}

/// Why a run is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// A newer batch takes its place.
    Superseded,
    /// It took longer than `--handler-timeout`.
    TimedOut,
    /// It wants the terminal, which it does not have.
    WantsTerminal,
    /// kvw ends.
    Leaving,
}

/// How a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// It returned 0.
    Succeeded,
    /// It returned something else, died of a signal, or could not be started.
    Failed,
    /// It was stopped.
    Stopped(StopReason),
    /// It goes on, and was sent the signal.
    Signalled,
}

impl RunOutcome {
    /// Whether the run failed: by itself, or because it took too long.
    pub fn has_failed(self) -> bool {
        matches!(
            self,
            RunOutcome::Failed
                | RunOutcome::Stopped(StopReason::TimedOut | StopReason::WantsTerminal)
        )
    }

    /// The exit code that stands for it: the handler's own. 124, as of `timeout`, for a run that
    /// was stopped for its time and then returned 0.
    pub fn code(self, status: ChildStatus) -> u8 {
        match self {
            RunOutcome::Stopped(StopReason::TimedOut) if status.success() => 124,
            _ => status.code(),
        }
    }
}

/// Something that has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueAction {
    /// Start the child with this batch; answered by [`QueueInput::Started`] or
    /// [`QueueInput::Unstarted`].
    Start(Arc<Batch>),
    /// Send the child this signal; answered by [`QueueInput::Signalled`].
    Signal(Signal),
    /// Ask the child's group to end.
    Stop(StopReason),
    /// Kill the child's group.
    Kill,
    /// Record this batch as handled.
    Acknowledge(Arc<Batch>),
    /// Report these changes as dropped.
    Drop(Arc<Batch>),
    /// Report how a run went.
    Report {
        /// The batch it was run with.
        batch: Arc<Batch>,
        /// How it went.
        outcome: RunOutcome,
        /// The time of the next try, if it failed and is to be retried.
        retry: Option<Instant>,
        /// Whether all runs of the batch are over, which `--count` counts.
        last: bool,
        /// What happens next, where the run is a service and leaves nothing running.
        on_exit: Option<OnExit>,
        /// Whether kvw ends because of it.
        leaves: bool,
    },
    /// End kvw with this code.
    Leave(u8),
}
