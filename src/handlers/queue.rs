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
use crate::process::Status;

/// The waits before a failed handler is run again.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What happens to a queue.
#[derive(Debug, Clone)]
pub enum Input {
    /// Keys changed; or, with [`Reason::Initial`], this is what is there at the start.
    Changes(Batch),
    /// Run now, with all there is as created.
    Run(Batch),
    /// The child that was to start runs.
    Started,
    /// The signal was sent to a child that lives, or found nobody.
    Signalled(bool),
    /// The child has ended and its group is gone, or it could not be started.
    Ended(Status),
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
pub enum Why {
    /// A newer batch takes its place.
    Superseded,
    /// It took longer than it may.
    TimedOut,
    /// kvw ends.
    Leaving,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It returned 0.
    Succeeded,
    /// It did not.
    Failed,
    /// It was stopped.
    Stopped(Why),
    /// It goes on, and was sent the signal.
    Signalled,
}

impl Outcome {
    /// The code that stands for it: the handler's own. Of one that was stopped for its time and
    /// then returned 0, that of `timeout`.
    pub fn code(self, status: Status) -> u8 {
        match self {
            Outcome::Stopped(Why::TimedOut) if status.success() => 124,
            _ => status.code(),
        }
    }
}

/// What has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Start the child with this batch; answer with [`Input::Started`] or [`Input::Ended`].
    Start(Arc<Batch>),
    /// Send the child the policy's signal; answer with [`Input::Signalled`].
    Signal,
    /// Ask the child's group to end.
    Stop(Why),
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
        outcome: Outcome,
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
    phase: Phase,
    backoff: Backoff,
    retry: Option<Instant>,
    closing: Closing,
}

#[derive(Debug)]
enum Phase {
    Idle,
    Starting(Arc<Batch>),
    Running {
        run: Run,
        until: Option<Instant>,
        /// The last signal found nobody: its end is about to be told.
        deaf: bool,
    },
    Stopping {
        run: Run,
        why: Why,
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
enum Closing {
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
            phase: Phase::Idle,
            backoff: Backoff::new(RETRY.0, RETRY.1),
            retry: None,
            closing: Closing::Open,
            policies,
        }
    }

    /// What to do after this input, in order. `random` is in 0..1.
    pub fn step(&mut self, input: Input, now: Instant, random: f64) -> Vec<Action> {
        let mut actions = match input {
            Input::Changes(_) | Input::Run(_) if self.closing != Closing::Open => Vec::new(),
            Input::Changes(batch) => self.changes(batch, now, random),
            Input::Run(batch) => {
                self.backlog.overlay(batch);
                self.hurry(now);
                Vec::new()
            }
            Input::Started => self.started(now),
            Input::Signalled(heard) => self.signalled(heard),
            Input::Ended(status) => self.ended(status, now, random),
            Input::Due => Vec::new(),
            Input::Drain => self.drain(now),
            Input::Finish => {
                self.cease();
                Vec::new()
            }
            Input::Stop => self.leave(now),
        };
        actions.extend(self.advance(now));
        actions
    }

    /// When [`Input::Due`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Idle if self.closing == Closing::Stopped => None,
            Phase::Idle => self.retry.or_else(|| self.due()),
            Phase::Starting(_) => None,
            Phase::Running { until, deaf, .. } => {
                let heeds = self.heeds_news(*deaf);
                let news = self.due().filter(|_| heeds);
                until.iter().copied().chain(news).min()
            }
            Phase::Stopping { kill, .. } => *kill,
        }
    }

    /// Whether nothing runs, and nothing will by itself.
    pub fn idle(&self) -> bool {
        matches!(self.phase, Phase::Idle) && self.deadline().is_none()
    }

    /// How many changes wait for a run.
    pub fn waiting(&self) -> usize {
        self.backlog.len()
    }

    fn changes(&mut self, batch: Batch, now: Instant, random: f64) -> Vec<Action> {
        if self.policies.each && batch.reason == Reason::Initial {
            return vec![Action::Handled(Arc::new(batch))];
        }
        let busy = !matches!(self.phase, Phase::Idle);
        if busy && self.policies.on_busy == OnBusy::Drop {
            return vec![Action::Dropped(Arc::new(batch))];
        }
        let (first, initial) = (!self.backlog.is_pending(), batch.reason == Reason::Initial);
        if !self.backlog.add(batch) {
            self.calm();
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
    fn hurry(&mut self, now: Instant) {
        self.urgent = Some(now);
        self.splay = Duration::ZERO;
        self.retry = None;
    }

    /// Nothing is pending any more.
    fn calm(&mut self) {
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
    fn heeds_news(&self, deaf: bool) -> bool {
        match self.policies.on_busy {
            // An end that waits for the handler does not stop it for what is the last batch.
            OnBusy::Restart => self.closing == Closing::Open,
            OnBusy::Signal(_) => !deaf && self.closing != Closing::Stopped,
            OnBusy::Queue | OnBusy::Drop => false,
        }
    }

    /// What time alone asks for.
    fn advance(&mut self, now: Instant) -> Option<Action> {
        match &mut self.phase {
            Phase::Idle => self.begin(now),
            Phase::Starting(_) => None,
            Phase::Running { until, deaf, .. } => {
                if until.is_some_and(|until| until <= now) {
                    return self.stop(Why::TimedOut, now);
                }
                let deaf = *deaf;
                if !self.heeds_news(deaf) || !self.is_due(now) {
                    return None;
                }
                match self.policies.on_busy {
                    OnBusy::Signal(_) => Some(Action::Signal),
                    _ => self.stop(Why::Superseded, now),
                }
            }
            Phase::Stopping { kill, .. } => kill.take_if(|kill| *kill <= now).map(|_| Action::Kill),
        }
    }

    /// Starts the next run, if it is time for one.
    fn begin(&mut self, now: Instant) -> Option<Action> {
        if self.closing == Closing::Stopped || self.retry.is_some_and(|retry| retry > now) {
            return None;
        }
        let (news, again) = (self.is_due(now), self.retry.take().is_some());
        if !self.backlog.is_ready() && (news || again) {
            self.backlog.prepare(news);
            if news {
                self.calm();
            }
        }
        let batch = self.backlog.next()?;
        self.phase = Phase::Starting(batch.clone());
        Some(Action::Start(batch))
    }

    fn started(&mut self, now: Instant) -> Vec<Action> {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Starting(batch) => {
                let handled = self.policies.on_busy == OnBusy::Restart;
                self.phase = Phase::Running {
                    run: Run {
                        batch: batch.clone(),
                        handled,
                    },
                    until: self.policies.timeout.map(|timeout| now + timeout),
                    deaf: false,
                };
                handled
                    .then_some(Action::Handled(batch))
                    .into_iter()
                    .collect()
            }
            phase => {
                self.phase = phase;
                Vec::new()
            }
        }
    }

    fn signalled(&mut self, heard: bool) -> Vec<Action> {
        let Phase::Running { run, deaf, .. } = &mut self.phase else {
            return Vec::new();
        };
        *deaf = !heard;
        let Some(pending) = heard.then(|| self.backlog.take_pending()).flatten() else {
            return Vec::new();
        };
        let batch = Arc::new(pending.clone());
        // Should the run fail, what it is run again with must not be older than what was handled.
        let seen = Batch::clone(&run.batch);
        run.batch = Arc::new(self.backlog.behind(Some(seen), pending));
        self.calm();
        vec![
            Action::Handled(batch.clone()),
            Action::Ended {
                batch,
                outcome: Outcome::Signalled,
                retry: None,
                last: true,
            },
        ]
    }

    fn stop(&mut self, why: Why, now: Instant) -> Option<Action> {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Running { run, .. } => {
                self.phase = Phase::Stopping {
                    run,
                    why,
                    kill: Some(now + self.policies.stop_timeout),
                };
                Some(Action::Stop(why))
            }
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    /// No run after the present one.
    fn cease(&mut self) {
        self.closing = Closing::Stopped;
        self.retry = None;
        self.backlog.give_up();
    }

    /// A service that runs under `restart` has no end to wait for, and was handled at its start.
    fn drain(&mut self, now: Instant) -> Vec<Action> {
        let idle = matches!(self.phase, Phase::Idle);
        if self.policies.on_busy == OnBusy::Restart && !idle {
            return self.leave(now);
        }
        self.closing = self.closing.max(Closing::Draining);
        if self.backlog.is_pending() {
            self.hurry(now);
        }
        self.retry = None;
        Vec::new()
    }

    fn leave(&mut self, now: Instant) -> Vec<Action> {
        self.cease();
        if let Phase::Stopping { why, .. } = &mut self.phase {
            *why = Why::Leaving;
        }
        self.stop(Why::Leaving, now).into_iter().collect()
    }

    fn ended(&mut self, status: Status, now: Instant, random: f64) -> Vec<Action> {
        let (run, outcome) = match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Idle => return Vec::new(),
            Phase::Starting(batch) => {
                let handled = false;
                (Run { batch, handled }, Outcome::Failed)
            }
            Phase::Running { run, .. } if status.success() => (run, Outcome::Succeeded),
            Phase::Running { run, .. } => (run, Outcome::Failed),
            Phase::Stopping { run, why, .. } => (run, Outcome::Stopped(why)),
        };
        let failed = matches!(outcome, Outcome::Failed | Outcome::Stopped(Why::TimedOut));
        let mut actions = self.settle(&run, outcome, failed);
        let over = !self.backlog.is_ready();
        if over && !self.backlog.has_failed() {
            self.backoff.reset();
        } else if over && self.policies.on_fail == OnFail::Retry && self.closing == Closing::Open {
            self.retry = Some(now + self.backoff.next(random));
        }
        actions.push(Action::Ended {
            batch: run.batch,
            outcome,
            retry: self.retry,
            last: over && self.retry.is_none(),
        });
        if failed && self.policies.on_fail == OnFail::Exit {
            actions.push(Action::Leave(outcome.code(status)));
            self.cease();
        }
        actions
    }

    /// Whether the run's batch was handled, or has to be run again.
    fn settle(&mut self, run: &Run, outcome: Outcome, failed: bool) -> Vec<Action> {
        let again = match outcome {
            Outcome::Succeeded | Outcome::Signalled => false,
            Outcome::Stopped(Why::Superseded | Why::Leaving) => !run.handled,
            Outcome::Failed | Outcome::Stopped(Why::TimedOut) => match self.policies.on_fail {
                OnFail::Ignore => false,
                // A service that runs under `restart` is started again, whatever was handled.
                OnFail::Retry => true,
                OnFail::Continue | OnFail::Exit => !run.handled,
            },
        };
        if again {
            self.backlog.fail(run.batch.clone());
        }
        let handled = !again && !run.handled;
        debug_assert!(!(handled && failed) || self.policies.on_fail == OnFail::Ignore);
        handled
            .then(|| Action::Handled(run.batch.clone()))
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests;
