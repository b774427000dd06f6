//! How a watch ends.

use std::time::{Duration, Instant};

use super::Engine;
use crate::exit::{Exit, Failure};
use crate::handlers::QueueInput;
use crate::state_file::StateFile;
use crate::watch::event::Event;
use crate::watch::poll_event::OutageKind;

/// What to return at the end.
pub(super) type Ending = anyhow::Result<Exit>;

/// How a watch comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ShutdownMode {
    /// What runs may end, nothing more is started.
    Finishing,
    /// What is pending is still handed over.
    Draining,
    /// What runs is stopped.
    Stopping,
}

impl Engine<'_> {
    /// When the clock ends the watch.
    pub(super) fn own_deadline(&self) -> Option<Instant> {
        let given_up = self.given_up().map(|(due, _)| due);
        self.until.into_iter().chain(given_up).min()
    }

    /// When an outage will have lasted too long, and of which kind it is.
    fn given_up(&self) -> Option<(Instant, OutageKind)> {
        let most = self.plan.max_outage?;
        let (since, kind) = self.outages.oldest()?;
        Some((since.checked_add(most)?, kind))
    }

    /// Ends the watch when its time is up, when an outage lasts too long, or when one look was
    /// asked for and was had.
    pub(super) fn look_at_the_clock(&mut self, now: Instant) {
        if self.closing.is_some() {
            return;
        }
        match self.given_up() {
            Some((due, kind)) if due <= now => {
                let failure = self.too_long(kind);
                self.close(ShutdownMode::Stopping, Err(failure.into()), now);
            }
            _ if self.is_over(now) => {
                let exit = self.exit_in_time();
                self.close(ShutdownMode::Draining, Ok(exit), now);
            }
            _ => {}
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        let mut unseen = self.target_states.unseen();
        let looked = unseen.all(|target| self.outages.latest(target.id).is_some());
        let one_look = self.plan.time == Some(Duration::ZERO);
        (one_look && looked) || self.until.is_some_and(|until| until <= now)
    }

    /// The exit of a watch whose time is up: what was not seen by then was not watched.
    fn exit_in_time(&self) -> Exit {
        let unseen = self.target_states.unseen();
        let outages: Vec<_> = unseen
            .map(|target| self.outages.latest(target.id))
            .collect();
        if outages.is_empty() {
            Exit::Yes
        } else if outages.contains(&Some(OutageKind::Rights)) {
            Exit::Denied
        } else {
            Exit::Unavailable
        }
    }

    fn too_long(&self, kind: OutageKind) -> Failure {
        let most = self.plan.max_outage.unwrap_or_default();
        let most = humantime::format_duration(most);
        match kind {
            OutageKind::Consul => Failure::new(
                Exit::Unavailable,
                format!("watching: Consul gave no usable answer for {most}"),
            ),
            OutageKind::Rights => Failure::new(
                Exit::Denied,
                format!("watching: the token may not read what it could, for {most}"),
            ),
            OutageKind::Reset => Failure::new(
                Exit::Unavailable,
                format!("watching: Consul has looked reset for {most}"),
            ),
        }
    }

    /// Begins the end; a sharper one takes the place of a softer one that is under way.
    pub(super) fn close(&mut self, how: ShutdownMode, ending: Ending, now: Instant) {
        let under_way = self.closing.as_ref().map(|(under_way, _)| *under_way);
        if under_way >= Some(how) {
            return;
        }
        self.closing = Some((how, ending));
        if under_way.is_none() {
            if let Err(error) = self.tell(&Event::Leaving, now) {
                self.close(ShutdownMode::Stopping, Err(error), now);
            }
        }
        let input = match how {
            ShutdownMode::Finishing => QueueInput::Finish,
            ShutdownMode::Draining => QueueInput::Drain,
            ShutdownMode::Stopping => QueueInput::Stop,
        };
        if let Err(error) = self.drive(now, |routes, around| routes.all(&input, around)) {
            self.close(ShutdownMode::Stopping, Err(error), now);
        }
    }

    /// All handlers have come to rest.
    pub(super) fn end(mut self, now: Instant) -> Ending {
        let saved = self.state_file.take().map_or(Ok(()), StateFile::close);
        let told = self.tell(&Event::Left, now);
        let exit = match self.closing.take() {
            Some((_, ending)) => ending?,
            None => Exit::Yes,
        };
        if let (Exit::Signal(_), Err(failure)) = (exit, &saved) {
            // The signal is what the process dies of, whatever else went wrong.
            self.tell(&Event::Saved(Some(failure)), now)?;
            return Ok(exit);
        }
        saved?;
        told?;
        Ok(match (exit, self.plan.count) {
            (Exit::Yes, Some(count)) if self.batches < count => Exit::No,
            (Exit::Yes, Some(_)) if self.plan.pass_status => exit_of(self.status),
            (exit, _) => exit,
        })
    }
}

/// A handler's code as kvw's own.
pub(super) fn exit_of(code: u8) -> Exit {
    match code {
        0 => Exit::Yes,
        code => Exit::Child(code),
    }
}
