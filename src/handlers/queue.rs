//! A route's queue: what to do next, decided from policy, state and input alone. Pure: time and
//! randomness come in as arguments, and nothing here starts or stops anything.
//!
//! A batch counts as handled when its run returned 0; under `restart` when it has started; under
//! `signal`, for what came during a run, when the signal was sent; under `ignore` when it ended. A
//! run that was stopped in order to leave has handled nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::backlog::Backlog;
use super::debounce::Debounce;
use super::{OnBusy, OnFail, Policies};
use crate::backoff::Backoff;
use crate::model::{Batch, Reason};
use crate::process::ChildStatus;

/// The waits before a failed handler is run again.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What happens to a queue.
#[derive(Debug, Clone)]
pub enum QueueInput {
    /// Keys changed; or, with [`Reason::Initial`], this is what is there at the start.
    Changes(Batch),
    /// Run now, with all there is as created.
    Run(Batch),
    /// The child that was to start runs.
    Started,
    /// The signal was sent to a child that lives, or found nobody.
    Signalled(bool),
    /// The child has ended and its group is gone, or it could not be started.
    Ended(ChildStatus),
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
    /// It took longer than it may.
    TimedOut,
    /// kvw ends.
    Leaving,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// It returned 0.
    Succeeded,
    /// It did not.
    Failed,
    /// It was stopped.
    Stopped(StopReason),
    /// It goes on, and was sent the signal.
    Signalled,
}

impl RunOutcome {
    /// The code that stands for it: the handler's own. Of one that was stopped for its time and
    /// then returned 0, that of `timeout`.
    pub fn code(self, status: ChildStatus) -> u8 {
        match self {
            RunOutcome::Stopped(StopReason::TimedOut) if status.success() => 124,
            _ => status.code(),
        }
    }
}

/// What has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueAction {
    /// Start the child with this batch; answer with [`QueueInput::Started`] or [`QueueInput::Ended`].
    Start(Arc<Batch>),
    /// Send the child the policy's signal; answer with [`QueueInput::Signalled`].
    Signal,
    /// Ask the child's group to end.
    Stop(StopReason),
    /// Kill the child's group.
    Kill,
    /// Remember this as handled.
    Handled(Arc<Batch>),
    /// These changes were forgotten, as `drop` has it.
    Dropped(Arc<Batch>),
    /// What became of a run.
    Ended {
        /// What it was run with.
        batch: Arc<Batch>,
        /// How it went.
        outcome: RunOutcome,
        /// When it is run again, if it failed and is to be.
        retry: Option<Instant>,
        /// Whether all runs of the batch are over: what `--count` counts.
        last: bool,
    },
    /// End kvw with this code.
    Leave(u8),
}

/// Decides for one route.
#[derive(Debug)]
pub struct Queue {
    policies: Policies,
    backlog: Backlog,
    debounce: Debounce,
    /// The random part of the splay that the pending batch waits.
    splay: Duration,
    /// Pending since then, with no need to wait for quiet.
    urgent: Option<Instant>,
    phase: QueuePhase,
    backoff: Backoff,
    retry: Option<Instant>,
    closing: QueueStage,
}

#[derive(Debug)]
enum QueuePhase {
    Idle,
    Starting(Arc<Batch>),
    Running {
        run: Run,
        until: Option<Instant>,
        /// The last signal found nobody: its end is about to be told.
        unreachable: bool,
    },
    Stopping {
        run: Run,
        why: StopReason,
        kill: Option<Instant>,
    },
}

#[derive(Debug)]
struct Run {
    batch: Arc<Batch>,
    handled: bool,
}

/// How far the queue is on its way out; it never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum QueueStage {
    Open,
    Draining,
    Stopped,
}

impl Queue {
    /// An empty queue.
    pub fn new(policies: Policies) -> Self {
        Queue {
            backlog: Backlog::new(policies.each, policies.locks),
            debounce: Debounce::new(policies.debounce, policies.max_delay),
            splay: Duration::ZERO,
            urgent: None,
            phase: QueuePhase::Idle,
            backoff: Backoff::new(RETRY.0, RETRY.1),
            retry: None,
            closing: QueueStage::Open,
            policies,
        }
    }

    /// What to do after this input, in order. `random` is in 0..1.
    pub fn step(&mut self, input: QueueInput, now: Instant, random: f64) -> Vec<QueueAction> {
        let mut actions = match input {
            QueueInput::Changes(_) | QueueInput::Run(_) if self.closing != QueueStage::Open => {
                Vec::new()
            }
            QueueInput::Changes(batch) => self.changes(batch, now, random),
            QueueInput::Run(batch) => {
                self.backlog.overlay(batch);
                self.make_urgent(now);
                Vec::new()
            }
            QueueInput::Started => self.started(now),
            QueueInput::Signalled(heard) => self.signalled(heard),
            QueueInput::Ended(status) => self.ended(status, now, random),
            QueueInput::Due => Vec::new(),
            QueueInput::Drain => self.drain(now),
            QueueInput::Finish => {
                self.stop_starting();
                Vec::new()
            }
            QueueInput::Stop => self.leave(now),
        };
        actions.extend(self.advance(now));
        actions
    }

    /// When [`QueueInput::Due`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            QueuePhase::Idle if self.closing == QueueStage::Stopped => None,
            QueuePhase::Idle => self.retry.or_else(|| self.due()),
            QueuePhase::Starting(_) => None,
            QueuePhase::Running {
                until, unreachable, ..
            } => {
                let heeds = self.reacts(*unreachable);
                let news = self.due().filter(|_| heeds);
                until.iter().copied().chain(news).min()
            }
            QueuePhase::Stopping { kill, .. } => *kill,
        }
    }

    /// Whether nothing runs, and nothing will by itself.
    pub fn idle(&self) -> bool {
        matches!(self.phase, QueuePhase::Idle) && self.deadline().is_none()
    }

    /// How many changes wait for a run.
    pub fn waiting(&self) -> usize {
        self.backlog.len()
    }

    fn changes(&mut self, batch: Batch, now: Instant, random: f64) -> Vec<QueueAction> {
        if self.policies.each && batch.reason == Reason::Initial {
            return vec![QueueAction::Handled(Arc::new(batch))];
        }
        let busy = !matches!(self.phase, QueuePhase::Idle);
        if busy && self.policies.on_busy == OnBusy::Drop {
            return vec![QueueAction::Dropped(Arc::new(batch))];
        }
        let (first, initial) = (!self.backlog.is_pending(), batch.reason == Reason::Initial);
        if !self.backlog.add(batch) {
            self.clear_timers();
            return Vec::new();
        }
        if first {
            self.splay = self.policies.splay.mul_f64(random);
        }
        if initial {
            self.urgent.get_or_insert(now);
        }
        self.debounce.news(now);
        Vec::new()
    }

    /// What is pending waits for nothing but a run to end.
    fn make_urgent(&mut self, now: Instant) {
        self.urgent = Some(now);
        self.splay = Duration::ZERO;
        self.retry = None;
    }

    /// Nothing is pending any more.
    fn clear_timers(&mut self) {
        self.debounce.clear();
        self.urgent = None;
        self.splay = Duration::ZERO;
    }

    /// When what is pending should be handed over.
    fn due(&self) -> Option<Instant> {
        let ripe = self.urgent.or_else(|| self.debounce.due());
        ripe.map(|at| at + self.splay)
    }

    fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// Whether news does something to a run, other than wait for its end.
    fn reacts(&self, unreachable: bool) -> bool {
        match self.policies.on_busy {
            // An end that waits for the handler does not stop it for what is the last batch.
            OnBusy::Restart => self.closing == QueueStage::Open,
            OnBusy::Signal(_) => !unreachable && self.closing != QueueStage::Stopped,
            OnBusy::Queue | OnBusy::Drop => false,
        }
    }

    /// What time alone asks for.
    fn advance(&mut self, now: Instant) -> Option<QueueAction> {
        match &mut self.phase {
            QueuePhase::Idle => self.begin(now),
            QueuePhase::Starting(_) => None,
            QueuePhase::Running {
                until, unreachable, ..
            } => {
                if until.is_some_and(|until| until <= now) {
                    return self.stop(StopReason::TimedOut, now);
                }
                let unreachable = *unreachable;
                if !self.reacts(unreachable) || !self.is_due(now) {
                    return None;
                }
                match self.policies.on_busy {
                    OnBusy::Signal(_) => Some(QueueAction::Signal),
                    _ => self.stop(StopReason::Superseded, now),
                }
            }
            QueuePhase::Stopping { kill, .. } => {
                kill.take_if(|kill| *kill <= now).map(|_| QueueAction::Kill)
            }
        }
    }

    /// Starts the next run, if it is time for one.
    fn begin(&mut self, now: Instant) -> Option<QueueAction> {
        if self.closing == QueueStage::Stopped || self.retry.is_some_and(|retry| retry > now) {
            return None;
        }
        let (news, again) = (self.is_due(now), self.retry.take().is_some());
        if !self.backlog.is_ready() && (news || again) {
            self.backlog.prepare(news);
            if news {
                self.clear_timers();
            }
        }
        let batch = self.backlog.next()?;
        self.phase = QueuePhase::Starting(batch.clone());
        Some(QueueAction::Start(batch))
    }

    fn started(&mut self, now: Instant) -> Vec<QueueAction> {
        match std::mem::replace(&mut self.phase, QueuePhase::Idle) {
            QueuePhase::Starting(batch) => {
                let handled = self.policies.on_busy == OnBusy::Restart;
                self.phase = QueuePhase::Running {
                    run: Run {
                        batch: batch.clone(),
                        handled,
                    },
                    until: self.policies.timeout.map(|timeout| now + timeout),
                    unreachable: false,
                };
                handled
                    .then_some(QueueAction::Handled(batch))
                    .into_iter()
                    .collect()
            }
            phase => {
                self.phase = phase;
                Vec::new()
            }
        }
    }

    fn signalled(&mut self, heard: bool) -> Vec<QueueAction> {
        let QueuePhase::Running {
            run, unreachable, ..
        } = &mut self.phase
        else {
            return Vec::new();
        };
        *unreachable = !heard;
        let Some(pending) = heard.then(|| self.backlog.take_pending()).flatten() else {
            return Vec::new();
        };
        let batch = Arc::new(pending.clone());
        // Should the run fail, what it is run again with must not be older than what was handled.
        let seen = Batch::clone(&run.batch);
        run.batch = Arc::new(self.backlog.behind(Some(seen), pending));
        self.clear_timers();
        vec![
            QueueAction::Handled(batch.clone()),
            QueueAction::Ended {
                batch,
                outcome: RunOutcome::Signalled,
                retry: None,
                last: true,
            },
        ]
    }

    fn stop(&mut self, why: StopReason, now: Instant) -> Option<QueueAction> {
        match std::mem::replace(&mut self.phase, QueuePhase::Idle) {
            QueuePhase::Running { run, .. } => {
                self.phase = QueuePhase::Stopping {
                    run,
                    why,
                    kill: Some(now + self.policies.stop_timeout),
                };
                Some(QueueAction::Stop(why))
            }
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    /// No run after the present one.
    fn stop_starting(&mut self) {
        self.closing = QueueStage::Stopped;
        self.retry = None;
        self.backlog.give_up();
    }

    /// A service that runs under `restart` has no end to wait for, and was handled at its start.
    fn drain(&mut self, now: Instant) -> Vec<QueueAction> {
        let idle = matches!(self.phase, QueuePhase::Idle);
        if self.policies.on_busy == OnBusy::Restart && !idle {
            return self.leave(now);
        }
        self.closing = self.closing.max(QueueStage::Draining);
        if self.backlog.is_pending() {
            self.make_urgent(now);
        }
        self.retry = None;
        Vec::new()
    }

    fn leave(&mut self, now: Instant) -> Vec<QueueAction> {
        self.stop_starting();
        if let QueuePhase::Stopping { why, .. } = &mut self.phase {
            *why = StopReason::Leaving;
        }
        self.stop(StopReason::Leaving, now).into_iter().collect()
    }

    fn ended(&mut self, status: ChildStatus, now: Instant, random: f64) -> Vec<QueueAction> {
        let (run, outcome) = match std::mem::replace(&mut self.phase, QueuePhase::Idle) {
            QueuePhase::Idle => return Vec::new(),
            QueuePhase::Starting(batch) => {
                let handled = false;
                (Run { batch, handled }, RunOutcome::Failed)
            }
            QueuePhase::Running { run, .. } if status.success() => (run, RunOutcome::Succeeded),
            QueuePhase::Running { run, .. } => (run, RunOutcome::Failed),
            QueuePhase::Stopping { run, why, .. } => (run, RunOutcome::Stopped(why)),
        };
        let failed = matches!(
            outcome,
            RunOutcome::Failed | RunOutcome::Stopped(StopReason::TimedOut)
        );
        let mut actions = self.settle(&run, outcome, failed);
        let over = !self.backlog.is_ready();
        if over && !self.backlog.has_failed() {
            self.backoff.reset();
        } else if over && self.policies.on_fail == OnFail::Retry && self.closing == QueueStage::Open
        {
            self.retry = Some(now + self.backoff.next(random));
        }
        actions.push(QueueAction::Ended {
            batch: run.batch,
            outcome,
            retry: self.retry,
            last: over && self.retry.is_none(),
        });
        if failed && self.policies.on_fail == OnFail::Exit {
            actions.push(QueueAction::Leave(outcome.code(status)));
            self.stop_starting();
        }
        actions
    }

    /// Whether the run's batch was handled, or has to be run again.
    fn settle(&mut self, run: &Run, outcome: RunOutcome, failed: bool) -> Vec<QueueAction> {
        let again = match outcome {
            RunOutcome::Succeeded | RunOutcome::Signalled => false,
            RunOutcome::Stopped(StopReason::Superseded | StopReason::Leaving) => !run.handled,
            RunOutcome::Failed | RunOutcome::Stopped(StopReason::TimedOut) => {
                match self.policies.on_fail {
                    OnFail::Ignore => false,
                    // A service that runs under `restart` is started again, whatever was handled.
                    OnFail::Retry => true,
                    OnFail::Continue | OnFail::Exit => !run.handled,
                }
            }
        };
        if again {
            self.backlog.fail(run.batch.clone());
        }
        let handled = !again && !run.handled;
        debug_assert!(!(handled && failed) || self.policies.on_fail == OnFail::Ignore);
        handled
            .then(|| QueueAction::Handled(run.batch.clone()))
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests;
