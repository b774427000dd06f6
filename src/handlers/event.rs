//! What a handler reports: events in order, and how each run went.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{OnExit, RunOutcome, StopReason};
use crate::model::Batch;
use crate::process::ChildStatus;

/// A run that is over, or that was sent a signal and goes on.
#[derive(Debug)]
pub struct RunReport {
    /// The batch it was run with.
    pub batch: Arc<Batch>,
    /// How it went.
    pub outcome: RunOutcome,
    /// How the process ended; `None` where it goes on.
    pub status: Option<ChildStatus>,
    /// The reason why it never began.
    pub error: Option<io::Error>,
    /// The time from its start to its end.
    pub took: Duration,
    /// The number of processes that it left behind and that had to be ended.
    pub left_behind: usize,
    /// The time of the next try, if it failed and is to be retried.
    pub retry: Option<Instant>,
    /// Whether all runs of its batch are over, which `--count` counts.
    pub last: bool,
    /// What happens next, where the run is a service and leaves nothing running.
    pub on_exit: Option<OnExit>,
    /// Whether kvw ends because of it.
    pub leaves: bool,
}

impl RunReport {
    /// The exit code to pass on; 0 where the run goes on.
    pub fn code(&self) -> u8 {
        self.status.map_or(0, |status| self.outcome.code(status))
    }
}

/// Something that happened in a handler, in order.
#[derive(Debug)]
pub enum HandlerEvent {
    /// A run began.
    Started(Arc<Batch>),
    /// A run is being stopped.
    Stopping(StopReason),
    /// A batch was handled, and recorded so.
    Handled(Arc<Batch>),
    /// A batch was dropped, because the handler is busy.
    Dropped(Arc<Batch>),
    /// A run was stopped by a signal of this number, as job control does, and is continued.
    Paused(i32),
    /// The handler seems to be run by what it writes itself: this key.
    Feedback(String),
    /// A run is over.
    Ended(RunReport),
    /// A run failed, and kvw has to end with this code.
    Leave(u8),
}
