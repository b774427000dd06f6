//! Batches handed over, and what became of them.

use std::cell::RefCell;
use std::time::{Instant, SystemTime};

use super::Engine;
use super::shutdown::{ShutdownMode, exit_of};
use crate::exit::Exit;
use crate::handlers::{Acknowledge, HandlerContext, HandlerEvent, RunReport};
use crate::model::Batch;
use crate::state_file::{SaveOutcome, StateFile};
use crate::watch::event::Event;
use crate::watch::routes::{RouteEvents, Routes};

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
        deed: impl FnOnce(&mut Routes, &HandlerContext<'_>) -> RouteEvents,
    ) -> anyhow::Result<()> {
        let current = || self.target_states.current();
        let recorder = StateFileLog::new(self.state_file.as_mut(), now);
        let around = HandlerContext {
            targets: &self.names,
            index: self.target_states.index(),
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

    fn told(&mut self, route: usize, told: &HandlerEvent, now: Instant) -> anyhow::Result<()> {
        self.tell(&Event::Handler { route, told }, now)?;
        match told {
            HandlerEvent::Leave(code) => {
                self.close(ShutdownMode::Stopping, Ok(exit_of(*code)), now);
            }
            HandlerEvent::Ended(report) if report.last => self.ended(report, now),
            _ => {}
        }
        Ok(())
    }

    fn ended(&mut self, report: &RunReport, now: Instant) {
        self.batches += 1;
        if self.status == 0 {
            self.status = report.code();
        }
        self.count(now);
    }

    pub(super) fn count(&mut self, now: Instant) {
        if self.plan.count.is_some_and(|count| self.batches >= count) {
            self.close(ShutdownMode::Finishing, Ok(Exit::Yes), now);
        }
    }

    /// Prints what changed: that is what handling is where there is no handler.
    pub(super) fn print(&mut self, batch: &Batch, now: Instant) -> anyhow::Result<()> {
        self.record(now, |recorder| recorder.begins(batch))?;
        self.tell(&Event::Changed(&batch.changes), now)?;
        self.record(now, |recorder| recorder.handled(batch))
    }

    fn record(&mut self, now: Instant, what: impl FnOnce(&StateFileLog<'_>)) -> anyhow::Result<()> {
        let recorder = StateFileLog::new(self.state_file.as_mut(), now);
        what(&recorder);
        for saved in recorder.saved.into_inner() {
            self.saved(saved, now)?;
        }
        Ok(())
    }

    pub(super) fn saved(&mut self, saved: SaveOutcome, now: Instant) -> anyhow::Result<()> {
        match saved {
            SaveOutcome::Yes | SaveOutcome::NotYet => Ok(()),
            SaveOutcome::Again => self.tell(&Event::Saved(None), now),
            SaveOutcome::Failed(failure) => self.tell(&Event::Saved(Some(&failure)), now),
        }
    }
}

/// The state file, if there is one, as the handlers see it.
struct StateFileLog<'a> {
    state_file: RefCell<Option<&'a mut StateFile>>,
    /// What became of it, to be told when the handlers are done.
    saved: RefCell<Vec<SaveOutcome>>,
    now: Instant,
}

impl<'a> StateFileLog<'a> {
    fn new(state_file: Option<&'a mut StateFile>, now: Instant) -> Self {
        StateFileLog {
            state_file: RefCell::new(state_file),
            saved: RefCell::default(),
            now,
        }
    }

    fn note(&self, what: impl FnOnce(&mut StateFile, f64) -> SaveOutcome) {
        if let Some(state_file) = self.state_file.borrow_mut().as_mut() {
            let saved = what(state_file, fastrand::f64());
            self.saved.borrow_mut().push(saved);
        }
    }
}

impl Acknowledge for StateFileLog<'_> {
    fn begins(&self, batch: &Batch) {
        self.note(|state_file, random| state_file.begin(batch, self.now, random));
    }

    fn handled(&self, batch: &Batch) {
        self.note(|state_file, random| state_file.save(batch, self.now, random));
    }
}
