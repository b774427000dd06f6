//! The handler of one route: carries out what its queue decides, and hands batches to children.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use signal_hook::consts::{SIGTTIN, SIGTTOU};

use super::event::{HandlerEvent, RunReport};
use super::feedback::FeedbackDetector;
use super::queue::{Queue, QueueAction, QueueInput};
use super::stdin::{self, StdinFormat, WatchedState};
use super::{Daemons, Policies, RunOutcome, environment};
use crate::model::{Batch, Index, TargetId};
use crate::process::{
    Child, ChildCommand, ChildEvent, ChildExit, ChildStatus, ProcessGroups, Program, Signal,
    StartFault, Stdout, SweepPolicy,
};
use crate::system_error;

/// Variables of a handler that may be others when it is started the next time.
#[derive(Clone)]
pub struct StartVariables(Arc<dyn Fn() -> Vec<(OsString, OsString)> + Send + Sync>);

impl StartVariables {
    /// Variables that are looked up at each start.
    pub fn new(variables: impl Fn() -> Vec<(OsString, OsString)> + Send + Sync + 'static) -> Self {
        StartVariables(Arc::new(variables))
    }

    /// Returns the variables for a start now.
    fn at_start(&self) -> Vec<(OsString, OsString)> {
        (self.0)()
    }
}

/// Their values may be secret.
impl fmt::Debug for StartVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StartVariables")
    }
}

/// The program of a route, and how it is run.
#[derive(Debug, Clone)]
pub struct HandlerSpec {
    /// The program.
    pub program: Program,
    /// The policies of its queue.
    pub policies: Policies,
    /// The form of its stdin.
    pub stdin: StdinFormat,
    /// The target whose state it reads as `consul watch` gives it.
    pub target: TargetId,
    /// The destination of its stdout.
    pub stdout: Stdout,
    /// Connection settings to set in its environment.
    pub set: StartVariables,
    /// Variables of kvw's own environment that it must not see: the token.
    pub withhold: Vec<OsString>,
}

/// A log of what handlers were shown and what they handled, which survives a crash. Called in the
/// order in which it happens: a run may show keys again that the one before it has handled.
/// `random` is in 0..1.
pub trait AcknowledgeLog {
    /// Records that a run is about to begin. Until the batch is acknowledged, it is unknown how much of
    /// it the run has done.
    fn begin_run(&mut self, batch: &Batch, now: Instant, random: f64);

    /// Records that the batch was handled.
    fn acknowledge(&mut self, batch: &Batch, now: Instant, random: f64);
}

/// What a handler needs to know of the watch at each step.
pub struct HandlerContext<'a> {
    /// The targets' names, in the order of their ids.
    pub targets: &'a [String],
    /// The index of Consul's last answer.
    pub index: Index,
    /// The time by which the queue decides.
    pub now: Instant,
    /// The time of day for documents.
    pub time: SystemTime,
    /// Gives the state of a target for `--stdin consul`; not called for other forms.
    pub current: &'a dyn Fn(TargetId) -> WatchedState,
    /// The log of runs and handled batches, if there is one.
    pub log: Option<&'a mut dyn AcknowledgeLog>,
}

/// The handler of one route: its queue and its child.
pub struct Handler {
    spec: Arc<HandlerSpec>,
    queue: Queue,
    child: Child,
    /// How the last run ended, until the queue has decided what that means for its batch.
    exit: Option<ChildExit>,
    error: Option<io::Error>,
    feedback: FeedbackDetector,
    pauses: Pauses,
}

/// The times at which a run was stopped by a signal, as by SIGSTOP.
#[derive(Debug, Default)]
struct Pauses {
    /// Whether the run was stopped before.
    known: bool,
    /// When to continue it.
    resume: Option<Instant>,
}

/// The status of a shell for a program that it does not find.
const NOT_FOUND: i32 = 127;

/// How long a run stays stopped that was continued before: one that stops itself in a loop would
/// take the processor.
const PAUSE: Duration = Duration::from_secs(1);

impl Handler {
    /// An idle handler.
    pub fn new(spec: HandlerSpec, groups: Arc<ProcessGroups>) -> Self {
        let policy = SweepPolicy {
            linger: spec.policies.linger,
            stop_timeout: spec.policies.stop_timeout,
            ends_daemons: spec.policies.daemons == Daemons::End,
        };
        Handler {
            queue: Queue::new(spec.policies.clone()),
            child: Child::new(groups, policy),
            spec: Arc::new(spec),
            exit: None,
            error: None,
            feedback: FeedbackDetector::default(),
            pauses: Pauses::default(),
        }
    }

    /// Takes an input of the route, and carries out what its queue decides.
    pub fn step(
        &mut self,
        input: QueueInput,
        context: &mut HandlerContext<'_>,
    ) -> Vec<HandlerEvent> {
        let mut events = Vec::new();
        let mut next = Some(input);
        while let Some(input) = next.take() {
            for action in self.queue.step(input, context.now, fastrand::f64()) {
                // At most one action of a step has an answer, and it is the last one.
                next = self.perform(action, context, &mut events);
            }
        }
        events
    }

    /// Looks after the child and the clock: on SIGCHLD and at the deadline.
    pub fn poll(&mut self, context: &mut HandlerContext<'_>) -> Vec<HandlerEvent> {
        let mut events = Vec::new();
        while let Some(event) = self.child.poll(context.now) {
            events.extend(self.take_child_event(event, context));
        }
        let resume = self.pauses.resume.take_if(|due| *due <= context.now);
        if resume.is_some() {
            self.child.resume();
        }
        match self.queue.deadline() {
            Some(due) if due <= context.now => events.extend(self.step(QueueInput::Due, context)),
            _ => {}
        }
        events
    }

    fn take_child_event(
        &mut self,
        event: ChildEvent,
        context: &mut HandlerContext<'_>,
    ) -> Vec<HandlerEvent> {
        match event {
            ChildEvent::Returned => self.step(QueueInput::Returned, context),
            ChildEvent::Stopped(SIGTTIN | SIGTTOU) => self.step(QueueInput::WantsTerminal, context),
            ChildEvent::Stopped(_) if self.pauses.known => {
                self.pauses.resume = Some(context.now + PAUSE);
                Vec::new()
            }
            ChildEvent::Stopped(signal) => {
                self.pauses.known = true;
                self.child.resume();
                vec![HandlerEvent::Paused(signal)]
            }
            ChildEvent::Exited(exit) => {
                self.exit = Some(exit);
                self.error = self.error_behind(exit.status);
                self.pauses.resume = None;
                self.feedback.ended(context.time);
                self.step(QueueInput::Ended(exit.status), context)
            }
        }
    }

    /// Passes a signal on to the child if it is a service.
    pub fn forward(&mut self, signal: Signal) {
        if self.runs_service() {
            self.child.signal_leader(signal);
        }
    }

    /// Whether its runs are services.
    pub fn runs_service(&self) -> bool {
        self.spec.policies.on_busy.runs_service()
    }

    /// When to call [`Handler::poll`] at the latest.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let deadlines = [
            self.queue.deadline(),
            self.child.deadline(now),
            self.pauses.resume,
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Whether nothing runs, and nothing will by itself.
    pub fn is_idle(&self) -> bool {
        self.child.is_idle() && self.queue.is_idle()
    }

    /// Whether a child runs.
    pub fn is_running(&self) -> bool {
        self.child.id().is_some()
    }

    /// The number of changes that wait for a run.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    fn perform(
        &mut self,
        action: QueueAction,
        context: &mut HandlerContext<'_>,
        events: &mut Vec<HandlerEvent>,
    ) -> Option<QueueInput> {
        match action {
            QueueAction::Start(batch) => return Some(self.start(batch, context, events)),
            QueueAction::Signal(signal) => {
                return Some(QueueInput::Signalled(self.child.signal(signal)));
            }
            QueueAction::Stop(reason) => {
                events.push(HandlerEvent::Stopping(reason));
                self.child.stop(self.spec.policies.stop_signal);
            }
            QueueAction::Kill => self.child.kill(context.now),
            QueueAction::Acknowledge(batch) => {
                if let Some(log) = &mut context.log {
                    log.acknowledge(&batch, context.now, fastrand::f64());
                }
                events.push(HandlerEvent::Handled(batch));
            }
            QueueAction::Drop(batch) => events.push(HandlerEvent::Dropped(batch)),
            QueueAction::Report {
                batch,
                outcome,
                retry,
                last,
                on_exit,
                leaves,
            } => {
                let exit = self.exit.take_if(|_| outcome != RunOutcome::Signalled);
                events.push(HandlerEvent::Ended(RunReport {
                    batch,
                    outcome,
                    status: exit.map(|exit| exit.status),
                    error: self.error.take(),
                    took: exit.map_or(Duration::ZERO, |exit| exit.took),
                    left_behind: exit.map_or(0, |exit| exit.left_behind),
                    retry,
                    last,
                    on_exit,
                    leaves,
                }));
            }
            QueueAction::Leave(code) => events.push(HandlerEvent::Leave(code)),
        }
        None
    }

    fn start(
        &mut self,
        batch: Arc<Batch>,
        context: &mut HandlerContext<'_>,
        events: &mut Vec<HandlerEvent>,
    ) -> QueueInput {
        let command = self.command(&batch, context);
        if let Some(log) = &mut context.log {
            log.begin_run(&batch, context.now, fastrand::f64());
        }
        match self.child.start(command, context.now) {
            Ok(()) => {
                self.pauses = Pauses::default();
                let feedback = self.feedback.started(&batch, context.time);
                events.push(HandlerEvent::Started(batch));
                events.extend(feedback.map(HandlerEvent::Feedback));
                QueueInput::Started
            }
            Err(error) => {
                let status = ChildStatus::unstarted(&error);
                let passing = is_passing(&error);
                let error = self.describe_start_error(&error);
                self.exit = Some(ChildExit {
                    status,
                    took: Duration::ZERO,
                    left_behind: 0,
                });
                self.error = Some(error);
                QueueInput::Unstarted { status, passing }
            }
        }
    }

    /// The reason why a shell or `env` did not find the program, where their message misleads.
    fn error_behind(&self, status: ChildStatus) -> Option<io::Error> {
        let program = (status == ChildStatus::Exited(NOT_FOUND))
            .then(|| self.spec.program.first_word())
            .flatten()?;
        let fault = StartFault::behind_not_found(&program)?;
        let name = Path::new(&program).display();
        Some(io::Error::other(format!("{name}: {fault}")))
    }

    fn describe_start_error(&self, error: &io::Error) -> io::Error {
        let program = &self.spec.program;
        let fault = program.words().first();
        let fault = fault.and_then(|name| StartFault::find(name, error));
        io::Error::other(match fault {
            Some(fault @ StartFault::OneWord) => {
                format!("{program}: {fault}; --exec takes a line")
            }
            Some(fault) => format!("{program}: {fault}"),
            None => format!("{program}: {}", system_error::describe(error)),
        })
    }

    fn command(&self, batch: &Arc<Batch>, context: &HandlerContext<'_>) -> ChildCommand {
        let mut set = self.spec.set.at_start();
        set.extend(environment::variables(
            batch,
            context.index,
            self.spec.policies.each,
        ));
        let mut withhold = self.spec.withhold.clone();
        withhold.extend(environment::NAMES.map(OsString::from));
        ChildCommand {
            program: self.spec.program.clone(),
            env: set,
            env_remove: withhold,
            input: stdin::document(&self.spec, batch, context),
            stdout: self.spec.stdout,
        }
    }
}

/// Whether a start failed for a reason that passes by itself: the program is being written
/// (ETXTBSY), or the system is short of processes (EAGAIN), memory or descriptors.
fn is_passing(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let passing = [
        Errno::TXTBSY,
        Errno::AGAIN,
        Errno::NOMEM,
        Errno::MFILE,
        Errno::NFILE,
    ];
    Errno::from_io_error(error).is_some_and(|errno| passing.contains(&errno))
}

#[cfg(test)]
mod tests;
