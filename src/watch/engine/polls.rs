//! What pollers send.

use std::time::Instant;

use super::Engine;
use super::shutdown::ShutdownMode;
use crate::model::{Batch, Change, Reason, TargetId};
use crate::watch::event::{AnswerSummary, Event};
use crate::watch::plan::Initial;
use crate::watch::poll_event::{OutageCause, OutageKind, PollEvent, TargetAnswer};
use crate::watch::withheld::{WithheldChange, WithheldReason};

impl Engine<'_> {
    pub(super) fn polled(
        &mut self,
        target: TargetId,
        poll: PollEvent,
        now: Instant,
    ) -> anyhow::Result<()> {
        match poll {
            PollEvent::Answered(answered) => self.answered(target, &answered, now),
            PollEvent::WentBack(since, index) => {
                self.tell(&Event::WentBack(target, since, index), now)
            }
            PollEvent::Outage(trouble) => self.outage(target, &trouble, now),
            PollEvent::Ended(error) => {
                self.close(ShutdownMode::Stopping, Err(error.into()), now);
                Ok(())
            }
            PollEvent::Advice(note) => self.tell(&Event::Advice(target, &note), now),
        }
    }

    fn outage(
        &mut self,
        target: TargetId,
        trouble: &OutageCause,
        now: Instant,
    ) -> anyhow::Result<()> {
        let begun = self.outages.begin(target, trouble.kind(), now);
        self.tell(&Event::Unseen(target, trouble), now)?;
        if begun {
            self.tell(&Event::Outage(target, trouble), now)?;
        }
        Ok(())
    }

    fn answered(
        &mut self,
        target: TargetId,
        answered: &TargetAnswer,
        now: Instant,
    ) -> anyhow::Result<()> {
        let (seen, index) = (&answered.snapshot, answered.snapshot.index());
        let held = self.outages.latest(target) == Some(OutageKind::Reset);
        let reset = self.state_file.as_ref().is_some_and(|state_file| {
            !self.plan.accept_reset && state_file.looks_reset(target, seen, held)
        });
        if reset {
            return self.outage(target, &OutageCause::Reset, now);
        }
        for (kind, lasted) in self.outages.end(target, now) {
            self.tell(&Event::Recovered(kind, lasted), now)?;
        }
        let anew = self.plan.initial == Initial::Run;
        let state_file = self.state_file.as_mut();
        let news = self.target_states.take(target, answered, state_file, anew);
        self.notices(target, &news.notices, now)?;
        let skips = news.first && self.plan.initial == Initial::Skip;
        let summary = AnswerSummary {
            target,
            since: answered.since,
            index,
            keys: seen.len(),
            last_contact: answered.meta.last_contact,
            changes: if skips { 0 } else { news.changes.len() },
            left_out: if skips { 0 } else { news.left_out },
            proven: answered.proven,
            withheld: news.withheld,
            at: answered.at,
        };
        if news.first {
            self.tell(&Event::Synced(&summary), now)?;
        }
        self.tell(&Event::Answered(&summary), now)?;
        if skips {
            return self.adopt(target, now);
        }
        self.changed(news.changes, now)
    }

    fn notices(
        &mut self,
        target: TargetId,
        notices: &[WithheldChange],
        now: Instant,
    ) -> anyhow::Result<()> {
        for notice in notices {
            match notice {
                WithheldChange::Begun(WithheldReason::Hidden, _) => self.outages.hide(target, now),
                WithheldChange::Ended(WithheldReason::Hidden) => self.outages.unhide(target),
                WithheldChange::Begun(..) | WithheldChange::Ended(_) => {}
            }
            self.tell(&Event::Withheld(target, notice), now)?;
        }
        Ok(())
    }

    /// What is there at the start counts as handled.
    fn adopt(&mut self, target: TargetId, now: Instant) -> anyhow::Result<()> {
        let Some(state_file) = &mut self.state_file else {
            return Ok(());
        };
        let there = self.target_states.admitted(target);
        let saved = state_file.adopt(target, there, now, fastrand::f64());
        self.saved(saved, now)
    }

    fn changed(&mut self, changes: Vec<Change>, now: Instant) -> anyhow::Result<()> {
        let news = Batch {
            reason: Reason::Change,
            changes,
        };
        if self.routes.is_empty() {
            return self.printed(&news, now);
        }
        if !news.changes.is_empty() {
            self.tell(&Event::Changed(&news.changes), now)?;
        }
        match self.initial.take() {
            Some(initial) => self.gather(initial.then(news, self.plan.locks), now),
            None => self.give(news, false, now),
        }
    }

    /// Without a handler what was printed is handled. What is there at the start is one batch,
    /// however many targets it is of.
    fn printed(&mut self, news: &Batch, now: Instant) -> anyhow::Result<()> {
        if !news.changes.is_empty() {
            self.uncounted = true;
            self.print(news, now)?;
        }
        let whole = self.plan.initial == Initial::Skip || self.target_states.synced();
        if whole && std::mem::take(&mut self.uncounted) {
            self.batches += 1;
            self.count(now);
        }
        Ok(())
    }

    /// Hands the initial batch over when every target was seen: a part of it could be taken for
    /// the whole.
    fn gather(&mut self, initial: Batch, now: Instant) -> anyhow::Result<()> {
        if !self.target_states.synced() {
            self.initial = Some(initial);
            return Ok(());
        }
        let to_all = self.plan.initial == Initial::Run;
        self.give(initial, to_all, now)
    }
}
