//! A route's handler: carries out what its queue decides, and hands batches to children.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::{Serialize, Serializer};

use super::queue::{Action, Input as Step, Queue};
use super::{OnBusy, Outcome, Policies, Why, environment};
use crate::model::{self, Batch, Index};
use crate::output::{consul, json};
use crate::process::{Child, Command, Groups, Input, Program, Status, Stdout};

/// What a handler reads on its stdin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Stdin {
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
pub struct Spec {
    /// The program.
    pub program: Program,
    /// The queue's.
    pub policies: Policies,
    /// What it reads.
    pub stdin: Stdin,
    /// Where its stdout goes.
    pub stdout: Stdout,
    /// Connection settings to set in its environment.
    pub set: Vec<(OsString, OsString)>,
    /// Variables of ours that it must not see: the token.
    pub withhold: Vec<OsString>,
}

/// The state that `consul watch` would give, as it is now.
#[derive(Debug, Clone)]
pub enum Current {
    /// Of a watched key.
    Key(Option<model::Entry>),
    /// Of a watched prefix.
    Prefix(Vec<model::Entry>),
}

/// Who remembers, over a crash too, what handlers were shown and what they handled. Told in the
/// order in which it happens: a run may show keys again that the one before it has handled.
pub trait Recorder {
    /// A run is about to begin: from here on nobody knows what of this batch was done.
    fn begins(&self, batch: &Batch);

    /// The batch was handled.
    fn handled(&self, batch: &Batch);
}

/// What a handler is told about the rest of the world at each step.
pub struct Around<'a> {
    /// The targets' names, in the order of their ids.
    pub targets: &'a [String],
    /// The index of Consul's last answer.
    pub index: Index,
    /// For decisions.
    pub now: Instant,
    /// For documents.
    pub time: SystemTime,
    /// Asked only for `--stdin consul`.
    pub current: &'a dyn Fn() -> Current,
    /// Told of runs before they begin, and of what was handled.
    pub recorder: &'a dyn Recorder,
}

/// A run that is over, or that was sent a signal and goes on.
#[derive(Debug)]
pub struct Report {
    /// What it was run with.
    pub batch: Arc<Batch>,
    /// What became of it.
    pub outcome: Outcome,
    /// How it ended; none where it goes on.
    pub status: Option<Status>,
    /// Why it never began.
    pub error: Option<io::Error>,
    /// From its start to its end.
    pub took: Duration,
    /// When it is run again, if it failed and is to be.
    pub retry: Option<Instant>,
    /// Whether all runs of its batch are over: what `--count` counts.
    pub last: bool,
}

impl Report {
    /// The code to pass on; 0 where it goes on.
    pub fn code(&self) -> u8 {
        self.status.map_or(0, |status| self.outcome.code(status))
    }
}

/// What a handler did, for the engine to carry on, in order.
#[derive(Debug)]
pub enum Told {
    /// A run began.
    Started(Arc<Batch>),
    /// A run is being stopped.
    Stopping(Why),
    /// It is handled, and remembered so.
    Handled(Arc<Batch>),
    /// Forgotten, because the handler is busy.
    Dropped(Arc<Batch>),
    /// A run is over.
    Ended(Report),
    /// End kvw with this code.
    Leave(u8),
}

/// A route's handler: its queue, and its child.
pub struct Handler {
    spec: Arc<Spec>,
    queue: Queue,
    child: Child,
    /// How the last run ended, until the queue has said what became of it.
    status: Option<Status>,
    error: Option<io::Error>,
    took: Duration,
}

impl Handler {
    /// Nothing to do yet.
    pub fn new(spec: Spec, groups: Arc<Groups>) -> Self {
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
    pub fn step(&mut self, input: Step, around: &Around<'_>) -> Vec<Told> {
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
    pub fn poll(&mut self, around: &Around<'_>) -> Vec<Told> {
        if let Some(ended) = self.child.poll(around.now) {
            self.status = Some(ended.status);
            self.took = ended.took;
            return self.step(Step::Ended(ended.status), around);
        }
        match self.queue.deadline() {
            Some(due) if due <= around.now => self.step(Step::Due, around),
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
        self.child.idle() && self.queue.idle()
    }

    /// Whether a child runs.
    pub fn running(&self) -> bool {
        self.child.id().is_some()
    }

    /// How many changes wait for a run.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    fn perform(
        &mut self,
        action: Action,
        around: &Around<'_>,
        told: &mut Vec<Told>,
    ) -> Option<Step> {
        match action {
            Action::Start(batch) => return Some(self.start(batch, around, told)),
            Action::Signal => {
                let OnBusy::Signal(signal) = self.spec.policies.on_busy else {
                    return Some(Step::Signalled(false));
                };
                return Some(Step::Signalled(self.child.signal(signal)));
            }
            Action::Stop(why) => {
                told.push(Told::Stopping(why));
                self.child.stop(self.spec.policies.stop_signal);
            }
            Action::Kill => self.child.kill(around.now),
            Action::Handled(batch) => {
                around.recorder.handled(&batch);
                told.push(Told::Handled(batch));
            }
            Action::Dropped(batch) => told.push(Told::Dropped(batch)),
            Action::Ended {
                batch,
                outcome,
                retry,
                last,
            } => {
                let over = outcome != Outcome::Signalled;
                told.push(Told::Ended(Report {
                    batch,
                    outcome,
                    status: self.status.take().filter(|_| over),
                    error: self.error.take(),
                    took: if over { self.took } else { Duration::ZERO },
                    retry,
                    last,
                }));
            }
            Action::Leave(code) => told.push(Told::Leave(code)),
        }
        None
    }

    fn start(&mut self, batch: Arc<Batch>, around: &Around<'_>, told: &mut Vec<Told>) -> Step {
        self.took = Duration::ZERO;
        let command = self.command(&batch, around);
        around.recorder.begins(&batch);
        match self.child.start(command, around.now) {
            Ok(()) => {
                told.push(Told::Started(batch));
                Step::Started
            }
            Err(error) => {
                let status = Status::unstarted(&error);
                let error = io::Error::other(format!("{}: {error}", self.spec.program));
                (self.status, self.error) = (Some(status), Some(error));
                Step::Ended(status)
            }
        }
    }

    fn command(&self, batch: &Arc<Batch>, around: &Around<'_>) -> Command {
        let Spec {
            stdin, policies, ..
        } = &*self.spec;
        let input = match stdin {
            Stdin::None => Input::Null,
            Stdin::Json => batch_document(batch.clone(), around),
            Stdin::Consul => {
                let current = (around.current)();
                Input::Document(Box::new(move |mut out| json::line(&mut out, &current)))
            }
        };
        let mut set = self.spec.set.clone();
        set.extend(environment::of(batch, around.index, policies.each));
        let mut withhold = self.spec.withhold.clone();
        withhold.extend(environment::NAMES.map(OsString::from));
        Command {
            program: self.spec.program.clone(),
            set,
            withhold,
            input,
            stdout: self.spec.stdout,
        }
    }
}

fn batch_document(batch: Arc<Batch>, around: &Around<'_>) -> Input {
    let (targets, time) = (around.targets.to_vec(), around.time);
    Input::Document(Box::new(move |mut out| {
        json::line(&mut out, &json::Batch::new(&batch, &targets, time))
    }))
}

/// A deleted key and a prefix without keys are `null`.
impl Serialize for Current {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Current::Key(entry) => entry
                .as_ref()
                .map(consul::Watched::from)
                .serialize(serializer),
            Current::Prefix(entries) if entries.is_empty() => serializer.serialize_none(),
            Current::Prefix(entries) => {
                serializer.collect_seq(entries.iter().map(consul::Watched::from))
            }
        }
    }
}

#[cfg(test)]
mod tests;
