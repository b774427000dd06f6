//! Batches handed over, and what became of them.

use std::cell::RefCell;
use std::time::{Instant, SystemTime};

use super::Engine;
use super::closing::{Closing, exit_of};
use crate::exit::Exit;
use crate::handlers::{Around, Recorder, Report, Told};
use crate::model::Batch;
use crate::watch::event::Event;
use crate::watch::resume::{Resume, Saved};
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
        let recorder = InFile::new(self.resume.as_mut(), now);
        let around = Around {
            targets: &self.names,
            index: self.standings.index(),
            now,
            time: SystemTime::now(),
            current: &current,
            recorder: &recorder,
        };
        let deeds = deed(&mut self.routes, &around);
        for saved in recorder.saved.into_inner() {
            self.saved(saved, now)?;
        }
        for (route, told) in deeds {
            self.told(route, &told, now)?;
        }
        Ok(())
    }

    fn told(&mut self, route: usize, told: &Told, now: Instant) -> anyhow::Result<()> {
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

    /// Prints what changed: that is what handling is where there is no handler.
    pub(super) fn print(&mut self, batch: &Batch, now: Instant) -> anyhow::Result<()> {
        self.record(now, |recorder| recorder.begins(batch))?;
        self.tell(&Event::Changed(&batch.changes), now)?;
        self.record(now, |recorder| recorder.handled(batch))
    }

    fn record(&mut self, now: Instant, what: impl FnOnce(&InFile<'_>)) -> anyhow::Result<()> {
        let recorder = InFile::new(self.resume.as_mut(), now);
        what(&recorder);
        for saved in recorder.saved.into_inner() {
            self.saved(saved, now)?;
        }
        Ok(())
    }

    pub(super) fn saved(&mut self, saved: Saved, now: Instant) -> anyhow::Result<()> {
        match saved {
            Saved::Yes | Saved::NotYet => Ok(()),
            Saved::Again => self.tell(&Event::Saved(None), now),
            Saved::Failed(failure) => self.tell(&Event::Saved(Some(&failure)), now),
        }
    }
}

/// The state file, if there is one, as the handlers see it.
struct InFile<'a> {
    resume: RefCell<Option<&'a mut Resume>>,
    /// What became of it, to be told when the handlers are done.
    saved: RefCell<Vec<Saved>>,
    now: Instant,
}

impl<'a> InFile<'a> {
    fn new(resume: Option<&'a mut Resume>, now: Instant) -> Self {
        InFile {
            resume: RefCell::new(resume),
            saved: RefCell::default(),
            now,
        }
    }

    fn note(&self, what: impl FnOnce(&mut Resume, f64) -> Saved) {
        if let Some(resume) = self.resume.borrow_mut().as_mut() {
            let saved = what(resume, fastrand::f64());
            self.saved.borrow_mut().push(saved);
        }
    }
}

impl Recorder for InFile<'_> {
    fn begins(&self, batch: &Batch) {
        self.note(|resume, random| resume.begin(batch, self.now, random));
    }

    fn handled(&self, batch: &Batch) {
        self.note(|resume, random| resume.save(batch, self.now, random));
    }
}
