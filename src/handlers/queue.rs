//! The queue of one route: what to do next, decided from policy, state and input alone. Pure: time
//! and randomness come in as arguments, and nothing here starts or stops anything.
//!
//! A batch counts as handled when its run returned 0; under `restart` when it has started; under
//! `signal`, for what came during a run, when the signal was sent; under `ignore` when it ended. A
//! run that was stopped by a shutdown has handled nothing.

mod settle;
mod types;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use types::{QueueAction, QueueInput, RunOutcome, StopReason};

use super::backlog::Backlog;
use super::debounce::Debounce;
use super::policy::Reaction;
use super::{OnExit, OnFail, Policies};
use crate::backoff::Backoff;
use crate::model::{Batch, Reason};

/// The first and the longest back-off before a failed handler is run again.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// The queue of one route.
#[derive(Debug)]
pub struct Queue {
    policies: Policies,
    backlog: Backlog,
    debounce: Debounce,
    /// The random part of the splay that the pending batch waits.
    splay: Duration,
    /// Since when something is pending that need not wait for quiet.
    urgent: Option<Instant>,
    phase: QueuePhase,
    backoff: Backoff,
    retry: Option<Instant>,
    /// Whether something failed that is to be run again without a new batch.
    retries: bool,
    /// The earliest time of the next run or signal, by the shortest interval.
    earliest: Option<Instant>,
    stage: QueueStage,
}

#[derive(Debug)]
enum QueuePhase {
    Idle,
    Starting(Arc<Batch>),
    Running {
        run: Run,
        since: Instant,
        until: Option<Instant>,
        /// The last signal reached no process: the end of the run is about to come in.
        unreachable: bool,
    },
    Stopping {
        run: Run,
        reason: StopReason,
        kill: Option<Instant>,
    },
}

#[derive(Debug)]
struct Run {
    batch: Arc<Batch>,
    handled: bool,
}

/// How far the queue is in its shutdown; it never goes back.
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
            retries: false,
            earliest: None,
            stage: QueueStage::Open,
            policies,
        }
    }

    /// Takes an input and returns what to do, in order. `random` is in 0..1.
    pub fn step(&mut self, input: QueueInput, now: Instant, random: f64) -> Vec<QueueAction> {
        let mut actions = match input {
            QueueInput::Changes(_) | QueueInput::Run(_) if self.stage != QueueStage::Open => {
                Vec::new()
            }
            QueueInput::Changes(batch) => self.changes(batch, now, random),
            QueueInput::Run(batch) => {
                self.backlog.overlay(batch);
                self.make_urgent(now);
                Vec::new()
            }
            QueueInput::Started => self.started(now),
            QueueInput::Signalled(reached) => self.signalled(reached, now),
            QueueInput::Returned => {
                self.returned();
                Vec::new()
            }
            QueueInput::WantsTerminal => {
                let stop = self.stop(StopReason::WantsTerminal, now);
                stop.into_iter().collect()
            }
            QueueInput::Ended(status) => self.ended(status, now, random),
            QueueInput::Unstarted { status, passing } => {
                self.unstarted(status, passing, now, random)
            }
            QueueInput::Due => Vec::new(),
            QueueInput::Drain => self.drain(now),
            QueueInput::Finish => {
                self.stop_starting();
                Vec::new()
            }
            QueueInput::Stop => self.stop_now(now),
        };
        actions.extend(self.advance(now));
        actions
    }

    /// The time at which to put in [`QueueInput::Due`].
    pub fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            QueuePhase::Idle if self.stage == QueueStage::Stopped => None,
            QueuePhase::Idle => {
                let next = match (self.retry, self.backlog.is_ready()) {
                    (Some(retry), _) => Some(retry),
                    (None, true) => self.earliest,
                    (None, false) => self.due(),
                };
                next.map(|at| at.max(self.earliest.unwrap_or(at)))
            }
            QueuePhase::Starting(_) => None,
            QueuePhase::Running {
                until, unreachable, ..
            } => {
                let reaction = self.reaction(*unreachable);
                let due = self.due().filter(|_| reaction.is_some());
                until.iter().copied().chain(due).min()
            }
            QueuePhase::Stopping { kill, .. } => *kill,
        }
    }

    /// Whether nothing runs, and nothing will by itself.
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, QueuePhase::Idle) && self.deadline().is_none()
    }

    /// The number of changes that wait for a run.
    pub fn waiting(&self) -> usize {
        self.backlog.len()
    }

    fn changes(&mut self, batch: Batch, now: Instant, random: f64) -> Vec<QueueAction> {
        if self.policies.each && batch.reason == Reason::Initial {
            return vec![QueueAction::Acknowledge(Arc::new(batch))];
        }
        let busy = !matches!(self.phase, QueuePhase::Idle);
        if busy && self.policies.on_busy.drops() {
            return vec![QueueAction::Drop(Arc::new(batch))];
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
        self.debounce.touch(now);
        Vec::new()
    }

    /// Makes what is pending wait for nothing but the end of a run.
    fn make_urgent(&mut self, now: Instant) {
        self.urgent = Some(now);
        self.splay = Duration::ZERO;
        self.retry = None;
        self.earliest = None;
    }

    /// Forgets the timers of a pending batch, after it was taken or cancelled out.
    fn clear_timers(&mut self) {
        self.debounce.clear();
        self.urgent = None;
        self.splay = Duration::ZERO;
    }

    /// The time at which to hand over what is pending.
    fn due(&self) -> Option<Instant> {
        let quiet = self.urgent.or_else(|| self.debounce.due())? + self.splay;
        Some(quiet.max(self.earliest.unwrap_or(quiet)))
    }

    fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// What pending changes do to the run under way, other than wait for its end.
    fn reaction(&self, unreachable: bool) -> Option<Reaction> {
        let reaction = self.policies.on_busy.reaction();
        reaction.filter(|reaction| match reaction {
            // A shutdown that waits for the handler does not stop it for the last batch.
            Reaction::Stop => self.stage == QueueStage::Open,
            Reaction::Signal(_) => !unreachable && self.stage != QueueStage::Stopped,
        })
    }

    /// Does what is due at this time.
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
                match self.reaction(unreachable).filter(|_| self.is_due(now))? {
                    Reaction::Signal(signal) => Some(QueueAction::Signal(signal)),
                    Reaction::Stop => self.stop(StopReason::Superseded, now),
                }
            }
            QueuePhase::Stopping { kill, .. } => {
                kill.take_if(|kill| *kill <= now).map(|_| QueueAction::Kill)
            }
        }
    }

    /// Starts the next run, if it is time for one.
    fn begin(&mut self, now: Instant) -> Option<QueueAction> {
        let mut blocked = self.retry.iter().chain(&self.earliest);
        if self.stage == QueueStage::Stopped || blocked.any(|until| *until > now) {
            return None;
        }
        let (due, again) = (self.is_due(now), self.retry.take().is_some());
        if !self.backlog.is_ready() && (due || again) {
            self.backlog.prepare(due);
            if due {
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
                let handled = self.policies.on_busy.runs_service();
                self.earliest = Some(now + self.policies.min_interval);
                self.phase = QueuePhase::Running {
                    run: Run {
                        batch: batch.clone(),
                        handled,
                    },
                    since: now,
                    until: self.policies.timeout.map(|timeout| now + timeout),
                    unreachable: false,
                };
                handled
                    .then_some(QueueAction::Acknowledge(batch))
                    .into_iter()
                    .collect()
            }
            phase => {
                self.phase = phase;
                Vec::new()
            }
        }
    }

    fn signalled(&mut self, reached: bool, now: Instant) -> Vec<QueueAction> {
        let QueuePhase::Running {
            run, unreachable, ..
        } = &mut self.phase
        else {
            return Vec::new();
        };
        *unreachable = !reached;
        if reached {
            self.earliest = Some(now + self.policies.min_interval);
        }
        let Some(pending) = reached.then(|| self.backlog.take_pending()).flatten() else {
            return Vec::new();
        };
        let batch = Arc::new(pending.clone());
        // Should the run fail, the batch of its retry must not be older than what was handled.
        let shown = Batch::clone(&run.batch);
        run.batch = Arc::new(self.backlog.append(Some(shown), pending));
        self.clear_timers();
        vec![
            QueueAction::Acknowledge(batch.clone()),
            QueueAction::Report {
                batch,
                outcome: RunOutcome::Signalled,
                retry: None,
                last: true,
                on_exit: None,
                leaves: false,
            },
        ]
    }

    /// A run that has returned in time is not stopped for what it left behind.
    fn returned(&mut self) {
        if let QueuePhase::Running {
            until, unreachable, ..
        } = &mut self.phase
        {
            *until = None;
            *unreachable = true;
        }
    }

    fn stop(&mut self, reason: StopReason, now: Instant) -> Option<QueueAction> {
        match std::mem::replace(&mut self.phase, QueuePhase::Idle) {
            QueuePhase::Running { run, .. } => {
                self.phase = QueuePhase::Stopping {
                    run,
                    reason,
                    kill: Some(now + self.policies.stop_timeout),
                };
                Some(QueueAction::Stop(reason))
            }
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    /// Allows no run after the present one.
    fn stop_starting(&mut self) {
        self.stage = QueueStage::Stopped;
        self.retry = None;
        self.backlog.give_up();
    }

    /// Hands over at once what is pending, and takes no more. A service is stopped instead: it does not
    /// end by itself, and its batch was handled when it started.
    fn drain(&mut self, now: Instant) -> Vec<QueueAction> {
        let idle = matches!(self.phase, QueuePhase::Idle);
        if self.policies.on_busy.runs_service() && !idle {
            return self.stop_now(now);
        }
        self.stage = self.stage.max(QueueStage::Draining);
        if self.backlog.is_pending() {
            self.make_urgent(now);
        }
        self.retry = None;
        Vec::new()
    }

    fn stop_now(&mut self, now: Instant) -> Vec<QueueAction> {
        self.stop_starting();
        if let QueuePhase::Stopping { reason, .. } = &mut self.phase {
            *reason = StopReason::Leaving;
        }
        self.stop(StopReason::Leaving, now).into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
