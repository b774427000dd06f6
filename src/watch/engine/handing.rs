//! Batches handed over, and what became of them.

use std::time::{Instant, SystemTime};

use super::Engine;
use super::closing::{Closing, exit_of};
use crate::exit::Exit;
use crate::handlers::{Around, Report, Told};
use crate::model::Batch;
use crate::watch::event::Event;
use crate::watch::resume::Saved;
use crate::watch::routes::{Deeds, Routes};

impl Engine<'_> {
    /// Gives each handler its part of a batch; with `to_all` also those for which there is nothing.
    pub(super) fn give(&mut self, batch: Batch, to_all: bool, now: Instant) -> anyhow::Result<()> {
        self.drive(now, |routes, around| routes.give(batch, to_all, around))?;
        let waiting: Vec<_> = self.routes.waiting().collect();
        for (route, changes, busy) in waiting {
            let waiting = Event::Waiting {
                route,
                changes,
                busy,
            };
            self.tell(&waiting, now)?;
        }
        Ok(())
    }

    /// Lets the handlers do something, and carries on what they did.
    pub(super) fn drive(
        &mut self,
        now: Instant,
        deed: impl FnOnce(&mut Routes, &Around<'_>) -> Deeds,
    ) -> anyhow::Result<()> {
        let current = || self.standings.current();
        let around = Around {
            targets: &self.names,
            index: self.standings.index(),
            now,
            time: SystemTime::now(),
            current: &current,
        };
        for (route, told) in deed(&mut self.routes, &around) {
            self.told(route, &told, now)?;
        }
        Ok(())
    }

    fn told(&mut self, route: usize, told: &Told, now: Instant) -> anyhow::Result<()> {
        // Before anyone else: what was handled stays so whatever fails after it.
        if let Told::Handled(batch) = told {
            self.handled(batch, now)?;
        }
        self.tell(&Event::Handler { route, told }, now)?;
        match told {
            Told::Leave(code) => self.close(Closing::Stopping, Ok(exit_of(*code)), now),
            Told::Ended(report) if report.last => self.ended(report, now),
            _ => {}
        }
        Ok(())
    }

    fn ended(&mut self, report: &Report, now: Instant) {
        self.batches += 1;
        if self.status == 0 {
            self.status = report.code();
        }
        self.count(now);
    }

    pub(super) fn count(&mut self, now: Instant) {
        if self.plan.count.is_some_and(|count| self.batches >= count) {
            self.close(Closing::Finishing, Ok(Exit::Yes), now);
        }
    }

    pub(super) fn handled(&mut self, batch: &Batch, now: Instant) -> anyhow::Result<()> {
        let Some(resume) = &mut self.resume else {
            return Ok(());
        };
        let saved = resume.save(batch, now, fastrand::f64());
        self.saved(saved, now)
    }

    pub(super) fn saved(&mut self, saved: Saved, now: Instant) -> anyhow::Result<()> {
        match saved {
            Saved::Yes | Saved::NotYet => Ok(()),
            Saved::Again => self.tell(&Event::Saved(None), now),
            Saved::Failed(failure) => self.tell(&Event::Saved(Some(&failure)), now),
        }
    }
}
