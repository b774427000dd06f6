//! What follows from the end of a run.

use std::time::Instant;

use super::{
    OnExit, OnFail, Queue, QueueAction, QueuePhase, QueueStage, RETRY, Run, RunOutcome, StopReason,
};
use crate::process::ChildStatus;

/// A run that is over.
struct RunEnd {
    run: Run,
    outcome: RunOutcome,
    status: ChildStatus,
    /// What follows, where the run is a service and leaves nothing running.
    on_exit: Option<OnExit>,
    /// Whether it is run again without a new batch.
    retries: bool,
}

impl Queue {
    pub(super) fn unstarted(
        &mut self,
        status: ChildStatus,
        passing: bool,
        now: Instant,
        random: f64,
    ) -> Vec<QueueAction> {
        match std::mem::replace(&mut self.phase, QueuePhase::Idle) {
            QueuePhase::Starting(batch) => {
                let (outcome, handled) = (RunOutcome::Failed, false);
                let on_exit = match self.on_exit(outcome) {
                    Some(_) if passing && self.policies.on_fail != OnFail::Exit => {
                        Some(OnExit::Restart)
                    }
                    on_exit => on_exit,
                };
                let end = RunEnd {
                    run: Run { batch, handled },
                    outcome,
                    status,
                    on_exit,
                    retries: match (on_exit, self.policies.on_fail) {
                        (Some(on_exit), _) => on_exit == OnExit::Restart,
                        (None, OnFail::Retry) => true,
                        (None, OnFail::Exit) => false,
                        (None, OnFail::Continue | OnFail::Ignore) => passing,
                    },
                };
                self.settle(end, now, random)
            }
            phase => {
                self.phase = phase;
                Vec::new()
            }
        }
    }

    pub(super) fn ended(
        &mut self,
        status: ChildStatus,
        now: Instant,
        random: f64,
    ) -> Vec<QueueAction> {
        let (run, outcome) = match std::mem::replace(&mut self.phase, QueuePhase::Idle) {
            QueuePhase::Running { run, since, .. } => {
                if now.saturating_duration_since(since) >= RETRY.1 {
                    self.backoff.reset();
                }
                let outcome = if status.success() {
                    RunOutcome::Succeeded
                } else {
                    RunOutcome::Failed
                };
                (run, outcome)
            }
            QueuePhase::Stopping { run, reason, .. } => (run, RunOutcome::Stopped(reason)),
            phase @ (QueuePhase::Idle | QueuePhase::Starting(_)) => {
                self.phase = phase;
                return Vec::new();
            }
        };
        let on_exit = self.on_exit(outcome);
        let retries = match on_exit {
            Some(on_exit) => on_exit == OnExit::Restart,
            None => outcome.has_failed() && self.policies.on_fail == OnFail::Retry,
        };
        let end = RunEnd {
            run,
            outcome,
            status,
            on_exit,
            retries,
        };
        self.settle(end, now, random)
    }

    /// Returns the policy for the end of a service that leaves nothing running; `None` for the end of
    /// another run. `--on-fail retry` decides for a service that failed.
    fn on_exit(&self, outcome: RunOutcome) -> Option<OnExit> {
        let ended = outcome.has_failed() || outcome == RunOutcome::Succeeded;
        if !ended || !self.policies.on_busy.runs_service() || self.stage != QueueStage::Open {
            return None;
        }
        Some(match self.policies.on_fail {
            OnFail::Retry if outcome.has_failed() => OnExit::Restart,
            OnFail::Retry | OnFail::Continue | OnFail::Exit | OnFail::Ignore => {
                self.policies.on_exit
            }
        })
    }

    /// Decides what follows from the end of a run: whether its batch was handled or is part of a
    /// later run, when that is, and whether kvw ends.
    fn settle(&mut self, end: RunEnd, now: Instant, random: f64) -> Vec<QueueAction> {
        let RunEnd {
            run,
            outcome,
            status,
            on_exit,
            retries,
        } = end;
        let again = match outcome {
            RunOutcome::Succeeded | RunOutcome::Signalled => retries,
            // A run that was stopped and returned 0 has done its work: the handler itself may be
            // what stops kvw.
            RunOutcome::Stopped(StopReason::Superseded | StopReason::Leaving) => {
                !run.handled && !status.success()
            }
            RunOutcome::Failed
            | RunOutcome::Stopped(StopReason::TimedOut | StopReason::WantsTerminal) => {
                retries || (!run.handled && self.policies.on_fail != OnFail::Ignore)
            }
        };
        let mut actions = Vec::new();
        if again {
            self.backlog.fail(run.batch.clone());
        } else if !run.handled {
            actions.push(QueueAction::Acknowledge(run.batch.clone()));
        }
        let over = !self.backlog.is_ready();
        self.retries |= retries;
        if over && !self.backlog.has_failed() {
            self.retries = false;
            self.backoff.reset();
        } else if over && self.retries && self.stage == QueueStage::Open {
            self.retry = Some(now + self.backoff.next(random));
        }
        let leaves = match on_exit {
            Some(on_exit) => on_exit == OnExit::Exit,
            None => outcome.has_failed() && self.policies.on_fail == OnFail::Exit,
        };
        actions.push(QueueAction::Report {
            batch: run.batch,
            outcome,
            retry: self.retry,
            last: over && self.retry.is_none(),
            on_exit,
            leaves,
        });
        if leaves {
            actions.push(QueueAction::Leave(outcome.code(status)));
            self.stop_starting();
        }
        actions
    }
}
