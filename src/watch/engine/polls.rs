//! What pollers send: answers, outages, advice.

use std::time::Instant;

use super::Engine;
use crate::model::{Batch, Change, Reason, TargetId};
use crate::watch::event::{AnswerSummary, Event, UnmatchedGlob};
use crate::watch::plan::Initial;
use crate::watch::poll_event::{OutageCause, OutageKind, PollEvent, TargetAnswer};
use crate::watch::shutdown::ShutdownMode;
use crate::watch::withheld::{WithheldChange, WithheldReason};

impl Engine<'_> {
    pub(super) fn take_poll(
        &mut self,
        target: TargetId,
        poll: PollEvent,
        now: Instant,
    ) -> anyhow::Result<()> {
        match poll {
            PollEvent::Answered(answer) => self.take_answer(target, &answer, now),
            PollEvent::WentBack(since, index) => {
                self.notify(&Event::WentBack(target, since, index), now)
            }
            PollEvent::Outage(cause, since) => self.begin_outage(target, &cause, since, now),
            PollEvent::Ended(error) => {
                self.shut_down(ShutdownMode::Stop, Err(error.into()), now);
                Ok(())
            }
            PollEvent::Advice(advice) => self.notify(&Event::Advice(target, &advice), now),
        }
    }

    fn begin_outage(
        &mut self,
        target: TargetId,
        cause: &OutageCause,
        since: Instant,
        now: Instant,
    ) -> anyhow::Result<()> {
        let begun = self.outages.begin(target, cause.kind(), since);
        self.notify(&Event::Unseen(target, cause), now)?;
        if begun {
            self.notify(&Event::Outage(target, cause), now)?;
        }
        Ok(())
    }

    fn take_answer(
        &mut self,
        target: TargetId,
        answer: &TargetAnswer,
        now: Instant,
    ) -> anyhow::Result<()> {
        if self.looks_reset(target, answer) {
            return self.begin_outage(target, &OutageCause::Reset, now, now);
        }
        for (kind, lasted) in self.outages.end(target, now) {
            self.notify(&Event::Recovered(kind, lasted), now)?;
        }
        let as_created = self.plan.initial == Initial::Run;
        let state_file = self.state_file.as_mut();
        let update = self
            .target_states
            .take(target, answer, state_file, as_created);
        self.take_withheld_changes(target, &update.withheld_changes, now)?;
        let skips = update.first && self.plan.initial == Initial::Skip;
        let summary = AnswerSummary {
            target,
            since: answer.since,
            index: answer.snapshot.index(),
            keys: answer.snapshot.len(),
            last_contact: answer.meta.last_contact,
            changes: if skips { 0 } else { update.changes.len() },
            left_out: if skips { 0 } else { update.left_out },
            proven: answer.proven,
            withheld: update.withheld,
            place: answer.meta.place,
            at: answer.at,
        };
        if update.first {
            let present = self.target_states.admitted(target).clone();
            self.notify(&Event::Present(target, &present), now)?;
            self.notify(&Event::Synced(&summary), now)?;
            self.report_unmatched_globs(now)?;
        }
        self.notify(&Event::Answered(&summary), now)?;
        if skips {
            return self.adopt(target, now);
        }
        self.take_changes(update.changes, now)
    }

    /// Reports the globs that match none of the existing keys, once every target was seen. Where there
    /// are no keys yet, a glob cannot be judged.
    fn report_unmatched_globs(&mut self, now: Instant) -> anyhow::Result<()> {
        let keys = || self.target_states.keys();
        let Some(example) = keys().next().filter(|_| self.target_states.synced()) else {
            return Ok(());
        };
        let routes = self.routes.globs().map(|glob| ("--route", glob));
        let globs = self.plan.filter.globs().chain(routes);
        let unmatched = globs.filter(|(_, glob)| !keys().any(|key| glob.matches(key)));
        let unmatched = unmatched.map(|(flag, glob)| UnmatchedGlob {
            flag,
            glob: glob.as_str().to_owned(),
            example: example.to_owned(),
        });
        let mut unmatched: Vec<_> = unmatched.collect();
        // A route stands once for each target that has handlers of its own.
        unmatched.dedup();
        for glob in &unmatched {
            self.notify(&Event::UnmatchedGlob(glob), now)?;
        }
        Ok(())
    }

    fn looks_reset(&self, target: TargetId, answer: &TargetAnswer) -> bool {
        let held = self.outages.latest(target) == Some(OutageKind::Reset);
        !self.plan.accept_reset
            && self
                .state_file
                .as_ref()
                .is_some_and(|file| file.looks_reset(target, &answer.snapshot, held))
    }

    fn take_withheld_changes(
        &mut self,
        target: TargetId,
        changes: &[WithheldChange],
        now: Instant,
    ) -> anyhow::Result<()> {
        for change in changes {
            match change {
                WithheldChange::Begun(WithheldReason::Hidden, _) => self.outages.hide(target, now),
                WithheldChange::Ended(WithheldReason::Hidden) => self.outages.unhide(target),
                WithheldChange::Begun(..) | WithheldChange::Ended(_) => {}
            }
            self.notify(&Event::Withheld(target, change), now)?;
        }
        Ok(())
    }

    /// Takes what exists at startup as handled.
    fn adopt(&mut self, target: TargetId, now: Instant) -> anyhow::Result<()> {
        let present = self.target_states.admitted(target).clone();
        self.save(now, |state_file, random| {
            state_file.adopt(target, &present, now, random);
        })
    }

    fn take_changes(&mut self, changes: Vec<Change>, now: Instant) -> anyhow::Result<()> {
        let batch = Batch {
            reason: Reason::Change,
            changes,
        };
        if self.routes.is_empty() {
            return self.print(&batch, now);
        }
        if !batch.changes.is_empty() {
            self.notify(&Event::Changed(&batch.changes), now)?;
        }
        match self.initial.take() {
            Some(initial) => self.dispatch_initial(initial.then(batch, self.plan.locks), now),
            None => self.dispatch(batch, false, now),
        }
    }

    /// Dispatches the initial batch once every target was seen: a part of it could be taken for the
    /// whole.
    fn dispatch_initial(&mut self, initial: Batch, now: Instant) -> anyhow::Result<()> {
        if !self.target_states.synced() {
            self.initial = Some(initial);
            return Ok(());
        }
        let to_all = self.plan.initial == Initial::Run;
        self.dispatch(initial, to_all, now)
    }

    /// Whether what exists at startup is past: it was skipped, or seen of every target.
    pub(super) fn is_past_start(&self) -> bool {
        self.plan.initial == Initial::Skip || self.target_states.synced()
    }
}
