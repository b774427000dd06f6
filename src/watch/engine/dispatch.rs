//! Batches handed to the handlers, or printed where there is none, and what becomes of them.

use std::time::{Instant, SystemTime};

use super::Engine;
use crate::exit::Exit;
use crate::handlers::{AcknowledgeLog, HandlerContext, HandlerEvent};
use crate::model::{Batch, Reason};
use crate::state_file::{SaveChange, StateFile};
use crate::watch::event::Event;
use crate::watch::routes::{RouteEvents, RouteId, Routes};
use crate::watch::shutdown::ShutdownMode;

impl Engine<'_> {
    /// Gives each handler its part of a batch; with `to_all` also those whose part is empty.
    pub(super) fn dispatch(
        &mut self,
        batch: Batch,
        to_all: bool,
        now: Instant,
    ) -> anyhow::Result<()> {
        self.drive(now, |routes, context| {
            routes.dispatch(batch, to_all, context)
        })?;
        let waiting: Vec<_> = self.routes.waiting().collect();
        for waiting in waiting {
            self.notify(&Event::Waiting(waiting), now)?;
        }
        Ok(())
    }

    /// Runs every handler with all entries, once every target was seen: a part could be taken for
    /// the whole.
    pub(super) fn run_now(&mut self, now: Instant) -> anyhow::Result<()> {
        if self.target_states.synced() {
            let changes = self.target_states.everything(SystemTime::now());
            let reason = Reason::Manual;
            self.dispatch(Batch { reason, changes }, true, now)?;
        }
        Ok(())
    }

    /// Lets the handlers take a step, and carries out what follows from it.
    pub(super) fn drive(
        &mut self,
        now: Instant,
        step: impl FnOnce(&mut Routes, &mut HandlerContext<'_>) -> RouteEvents,
    ) -> anyhow::Result<()> {
        let current = |target| self.target_states.current(target);
        let log = self.state_file.as_mut();
        let mut context = HandlerContext {
            targets: &self.names,
            index: self.target_states.index(),
            now,
            time: SystemTime::now(),
            current: &current,
            log: log.map(|state_file| state_file as &mut dyn AcknowledgeLog),
        };
        let events = step(&mut self.routes, &mut context);
        self.report_saving(now)?;
        for (route, event) in events {
            self.take_handler_event(route, &event, now)?;
        }
        Ok(())
    }

    fn take_handler_event(
        &mut self,
        route: RouteId,
        event: &HandlerEvent,
        now: Instant,
    ) -> anyhow::Result<()> {
        self.notify(&Event::Handler(route, event), now)?;
        match event {
            HandlerEvent::Leave(status) => {
                let exit = Exit::from_status(*status);
                self.shut_down(ShutdownMode::Stop, Ok(exit), now);
            }
            HandlerEvent::Ended(report) if report.last => self.count_batch(report.code(), now),
            HandlerEvent::Ended(_)
            | HandlerEvent::Started(_)
            | HandlerEvent::Stopping(_)
            | HandlerEvent::Handled(_)
            | HandlerEvent::Dropped(_)
            | HandlerEvent::Paused(_)
            | HandlerEvent::Feedback(_) => {}
        }
        Ok(())
    }

    fn count_batch(&mut self, status: u8, now: Instant) {
        if self.shutdown.count_batch(status) {
            self.shut_down(ShutdownMode::Finish, Ok(Exit::Yes), now);
        }
    }

    /// Prints changes where there is no handler: what was printed is handled. Entries that already
    /// exist are one batch, of however many targets they are.
    pub(super) fn print(&mut self, batch: &Batch, now: Instant) -> anyhow::Result<()> {
        if !batch.changes.is_empty() {
            self.uncounted = true;
            self.save(now, |state_file, random| {
                state_file.begin_run(batch, now, random);
            })?;
            self.notify(&Event::Changed(&batch.changes), now)?;
            self.save(now, |state_file, random| {
                state_file.acknowledge(batch, now, random);
            })?;
        }
        if self.is_past_start() && std::mem::take(&mut self.uncounted) {
            self.count_batch(0, now);
        }
        Ok(())
    }

    /// Does something with the state file, if there is one, and reports what became of saving.
    pub(super) fn save(
        &mut self,
        now: Instant,
        step: impl FnOnce(&mut StateFile, f64),
    ) -> anyhow::Result<()> {
        if let Some(state_file) = &mut self.state_file {
            step(state_file, fastrand::f64());
        }
        self.report_saving(now)
    }

    fn report_saving(&mut self, now: Instant) -> anyhow::Result<()> {
        let state_file = self.state_file.as_mut();
        let changes = state_file.map(StateFile::take_save_changes);
        for change in changes.unwrap_or_default() {
            match change {
                SaveChange::Failed(failure) => self.notify(&Event::Saved(Some(&failure)), now)?,
                SaveChange::Restored => self.notify(&Event::Saved(None), now)?,
            }
        }
        Ok(())
    }
}

/// The state file records what handlers were shown and what they handled.
impl AcknowledgeLog for StateFile {
    fn begin_run(&mut self, batch: &Batch, now: Instant, random: f64) {
        StateFile::begin_run(self, batch, now, random);
    }

    fn acknowledge(&mut self, batch: &Batch, now: Instant, random: f64) {
        StateFile::acknowledge(self, batch, now, random);
    }
}
