//! What pollers send.

use std::time::Instant;

use super::Engine;
use super::closing::Closing;
use crate::model::{Batch, Change, Reason, TargetId};
use crate::watch::event::{Account, Answered, Event, OutageKind, Poll, Trouble};
use crate::watch::plan::Initial;
use crate::watch::withheld::{Notice, Why};

impl Engine<'_> {
    pub(super) fn polled(
        &mut self,
        target: TargetId,
        poll: Poll,
        now: Instant,
    ) -> anyhow::Result<()> {
        match poll {
            Poll::Answered(answered) => self.answered(target, &answered, now),
            Poll::WentBack(since, index) => self.tell(&Event::WentBack(target, since, index), now),
            Poll::Outage(trouble) => self.outage(target, &trouble, now),
            Poll::Ended(error) => {
                self.close(Closing::Stopping, Err(error.into()), now);
                Ok(())
            }
            Poll::Note(note) => self.tell(&Event::Note(target, &note), now),
        }
    }

    fn outage(&mut self, target: TargetId, trouble: &Trouble, now: Instant) -> anyhow::Result<()> {
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
        answered: &Answered,
        now: Instant,
    ) -> anyhow::Result<()> {
        let (seen, index) = (&answered.snapshot, answered.snapshot.index());
        let held = self.outages.of(target) == Some(OutageKind::Reset);
        let reset = self.resume.as_ref().is_some_and(|resume| {
            !self.plan.accept_reset && resume.looks_reset(target, seen, held)
        });
        if reset {
            return self.outage(target, &Trouble::Reset, now);
        }
        for (kind, lasted) in self.outages.end(target, now) {
            self.tell(&Event::Recovered(kind, lasted), now)?;
        }
        let anew = self.plan.initial == Initial::Run;
        let resume = self.resume.as_mut();
        let news = self.standings.take(target, answered, resume, anew);
        self.notices(target, &news.notices, now)?;
        let skips = news.first && self.plan.initial == Initial::Skip;
        let account = Account {
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
            self.tell(&Event::Synced(&account), now)?;
        }
        self.tell(&Event::Answered(&account), now)?;
        if skips {
            return self.adopt(target, now);
        }
        self.changed(news.changes, now)
    }

    fn notices(
        &mut self,
        target: TargetId,
        notices: &[Notice],
        now: Instant,
    ) -> anyhow::Result<()> {
        for notice in notices {
            match notice {
                Notice::Begun(Why::Hidden, _) => self.outages.hide(target, now),
                Notice::Ended(Why::Hidden) => self.outages.unhide(target),
                Notice::Begun(..) | Notice::Ended(_) => {}
            }
            self.tell(&Event::Withheld(target, notice), now)?;
        }
        Ok(())
    }

    /// What is there at the start counts as handled.
    fn adopt(&mut self, target: TargetId, now: Instant) -> anyhow::Result<()> {
        let Some(resume) = &mut self.resume else {
            return Ok(());
        };
        let there = self.standings.admitted(target);
        let saved = resume.adopt(target, there, now, fastrand::f64());
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
        let whole = self.plan.initial == Initial::Skip || self.standings.synced();
        if whole && std::mem::take(&mut self.uncounted) {
            self.batches += 1;
            self.count(now);
        }
        Ok(())
    }

    /// Hands the initial batch over when every target was seen: a part of it could be taken for
    /// the whole.
    fn gather(&mut self, initial: Batch, now: Instant) -> anyhow::Result<()> {
        if !self.standings.synced() {
            self.initial = Some(initial);
            return Ok(());
        }
        let to_all = self.plan.initial == Initial::Run;
        self.give(initial, to_all, now)
    }
}
