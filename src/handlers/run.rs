//! A route's handler: carries out what its queue decides, and hands batches to children.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::{Serialize, Serializer};

use super::queue::{Queue, QueueAction, QueueInput};
use super::{OnBusy, Policies, RunOutcome, StopReason, environment};
use crate::model::{self, Batch, Index};
use crate::output::{consul, json};
use crate::process::{Child, ChildStatus, Command, ProcessGroups, Program, StdinSource, Stdout};

/// What a handler reads on its stdin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum StdinFormat {
    /// The batch as one JSON document
    #[default]
    Json,
    /// The state as `consul watch` gives it
    Consul,
    /// Nothing
    None,
}

/// What is run for a route, and how.
#[derive(Debug, Clone)]
pub struct HandlerSpec {
    /// The program.
    pub program: Program,
    /// The queue's.
    pub policies: Policies,
    /// What it reads.
    pub stdin: StdinFormat,
    /// Where its stdout goes.
    pub stdout: Stdout,
    /// Connection settings to set in its environment.
    pub set: Vec<(OsString, OsString)>,
    /// Variables of ours that it must not see: the token.
    pub withhold: Vec<OsString>,
}

/// The state that `consul watch` would give, as it is now.
#[derive(Debug, Clone)]
pub enum WatchedState {
    /// Of a watched key.
    Key(Option<model::Entry>),
    /// Of a watched prefix.
    Prefix(Vec<model::Entry>),
}

/// Who remembers, over a crash too, what handlers were shown and what they handled. Told in the
/// order in which it happens: a run may show keys again that the one before it has handled.
pub trait Acknowledge {
    /// A run is about to begin: from here on nobody knows what of this batch was done.
    fn begins(&self, batch: &Batch);

    /// The batch was handled.
    fn handled(&self, batch: &Batch);
}

/// What a handler is told about the rest of the world at each step.
pub struct HandlerContext<'a> {
    /// The targets' names, in the order of their ids.
    pub targets: &'a [String],
    /// The index of Consul's last answer.
    pub index: Index,
    /// For decisions.
    pub now: Instant,
    /// For documents.
    pub time: SystemTime,
    /// Asked only for `--stdin consul`.
    pub current: &'a dyn Fn() -> WatchedState,
    /// Told of runs before they begin, and of what was handled.
    pub recorder: &'a dyn Acknowledge,
}

/// A run that is over, or that was sent a signal and goes on.
#[derive(Debug)]
pub struct RunReport {
    /// What it was run with.
    pub batch: Arc<Batch>,
    /// What became of it.
    pub outcome: RunOutcome,
    /// How it ended; none where it goes on.
    pub status: Option<ChildStatus>,
    /// Why it never began.
    pub error: Option<io::Error>,
    /// From its start to its end.
    pub took: Duration,
    /// When it is run again, if it failed and is to be.
    pub retry: Option<Instant>,
    /// Whether all runs of its batch are over: what `--count` counts.
    pub last: bool,
}

impl RunReport {
    /// The code to pass on; 0 where it goes on.
    pub fn code(&self) -> u8 {
        self.status.map_or(0, |status| self.outcome.code(status))
    }
}

/// What a handler did, for the engine to carry on, in order.
#[derive(Debug)]
pub enum HandlerEvent {
    /// A run began.
    Started(Arc<Batch>),
    /// A run is being stopped.
    Stopping(StopReason),
    /// It is handled, and remembered so.
    Handled(Arc<Batch>),
    /// Forgotten, because the handler is busy.
    Dropped(Arc<Batch>),
    /// A run is over.
    Ended(RunReport),
    /// End kvw with this code.
    Leave(u8),
}

/// A route's handler: its queue, and its child.
pub struct Handler {
    spec: Arc<HandlerSpec>,
    queue: Queue,
    child: Child,
    /// How the last run ended, until the queue has said what became of it.
    status: Option<ChildStatus>,
    error: Option<io::Error>,
    took: Duration,
}

impl Handler {
    /// Nothing to do yet.
    pub fn new(spec: HandlerSpec, groups: Arc<ProcessGroups>) -> Self {
        Handler {
            queue: Queue::new(spec.policies.clone()),
            child: Child::new(groups),
            spec: Arc::new(spec),
            status: None,
            error: None,
            took: Duration::ZERO,
        }
    }

    /// Something happened to the route.
    pub fn step(&mut self, input: QueueInput, around: &HandlerContext<'_>) -> Vec<HandlerEvent> {
        let mut told = Vec::new();
        let mut next = Some(input);
        while let Some(input) = next.take() {
            for action in self.queue.step(input, around.now, fastrand::f64()) {
                // At most one action of a step has an answer, and it is the last one.
                next = self.perform(action, around, &mut told);
            }
        }
        told
    }

    /// Looks after the child and the clock: on SIGCHLD and at the deadline.
    pub fn poll(&mut self, around: &HandlerContext<'_>) -> Vec<HandlerEvent> {
        if let Some(ended) = self.child.poll(around.now) {
            self.status = Some(ended.status);
            self.took = ended.took;
            return self.step(QueueInput::Ended(ended.status), around);
        }
        match self.queue.deadline() {
            Some(due) if due <= around.now => self.step(QueueInput::Due, around),
            _ => Vec::new(),
        }
    }

    /// When to [`Handler::poll`] at the latest.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let deadlines = [self.queue.deadline(), self.child.deadline(now)];
        deadlines.into_iter().flatten().min()
    }

    /// Whether nothing runs, and nothing will by itself.
    pub fn idle(&self) -> bool {
        self.child.is_idle() && self.queue.idle()
    }

    /// The child's process id, while one runs.
    pub fn running(&self) -> Option<u32> {
        self.child.id()
    }

    /// How many changes wait for a run.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    fn perform(
        &mut self,
        action: QueueAction,
        around: &HandlerContext<'_>,
        told: &mut Vec<HandlerEvent>,
    ) -> Option<QueueInput> {
        match action {
            QueueAction::Start(batch) => return Some(self.start(batch, around, told)),
            QueueAction::Signal => {
                let OnBusy::Signal(signal) = self.spec.policies.on_busy else {
                    return Some(QueueInput::Signalled(false));
                };
                return Some(QueueInput::Signalled(self.child.signal(signal)));
            }
            QueueAction::Stop(why) => {
                told.push(HandlerEvent::Stopping(why));
                self.child.stop(self.spec.policies.stop_signal);
            }
            QueueAction::Kill => self.child.kill(around.now),
            QueueAction::Handled(batch) => {
                around.recorder.handled(&batch);
                told.push(HandlerEvent::Handled(batch));
            }
            QueueAction::Dropped(batch) => told.push(HandlerEvent::Dropped(batch)),
            QueueAction::Ended {
                batch,
                outcome,
                retry,
                last,
            } => {
                let over = outcome != RunOutcome::Signalled;
                told.push(HandlerEvent::Ended(RunReport {
                    batch,
                    outcome,
                    status: self.status.take().filter(|_| over),
                    error: self.error.take(),
                    took: if over { self.took } else { Duration::ZERO },
                    retry,
                    last,
                }));
            }
            QueueAction::Leave(code) => told.push(HandlerEvent::Leave(code)),
        }
        None
    }

    fn start(
        &mut self,
        batch: Arc<Batch>,
        around: &HandlerContext<'_>,
        told: &mut Vec<HandlerEvent>,
    ) -> QueueInput {
        self.took = Duration::ZERO;
        let command = self.command(&batch, around);
        around.recorder.begins(&batch);
        match self.child.start(command, around.now) {
            Ok(()) => {
                told.push(HandlerEvent::Started(batch));
                QueueInput::Started
            }
            Err(error) => {
                let status = ChildStatus::unstarted(&error);
                let error = io::Error::other(format!("{}: {error}", self.spec.program));
                (self.status, self.error) = (Some(status), Some(error));
                QueueInput::Ended(status)
            }
        }
    }

    fn command(&self, batch: &Arc<Batch>, around: &HandlerContext<'_>) -> Command {
        let HandlerSpec {
            stdin, policies, ..
        } = &*self.spec;
        let input = match stdin {
            StdinFormat::None => StdinSource::Null,
            StdinFormat::Json => batch_document(batch.clone(), around),
            StdinFormat::Consul => {
                let current = (around.current)();
                StdinSource::Document(Box::new(move |mut out| {
                    json::write_line(&mut out, &current)
                }))
            }
        };
        let mut set = self.spec.set.clone();
        set.extend(environment::of(batch, around.index, policies.each));
        let mut withhold = self.spec.withhold.clone();
        withhold.extend(environment::NAMES.map(OsString::from));
        Command {
            program: self.spec.program.clone(),
            env: set,
            env_remove: withhold,
            input,
            stdout: self.spec.stdout,
        }
    }
}

fn batch_document(batch: Arc<Batch>, around: &HandlerContext<'_>) -> StdinSource {
    let (targets, time) = (around.targets.to_vec(), around.time);
    StdinSource::Document(Box::new(move |mut out| {
        json::write_line(&mut out, &json::Batch::new(&batch, &targets, time))
    }))
}

/// A deleted key and a prefix without keys are `null`.
impl Serialize for WatchedState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            WatchedState::Key(entry) => entry
                .as_ref()
                .map(consul::WatchedEntry::from)
                .serialize(serializer),
            WatchedState::Prefix(entries) if entries.is_empty() => serializer.serialize_none(),
            WatchedState::Prefix(entries) => {
                serializer.collect_seq(entries.iter().map(consul::WatchedEntry::from))
            }
        }
    }
}

#[cfg(test)]
mod tests;
