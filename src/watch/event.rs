//! What the engine tells observers.

use std::time::{Duration, Instant, SystemTime};

use super::poll_event::{Advice, OutageCause, OutageKind};
use super::routes::{RouteId, WaitingChanges};
use super::withheld::{WithheldChange, WithheldReason};
use crate::exit::{Exit, Failure};
use crate::handlers::HandlerEvent;
use crate::model::{Change, Index, Snapshot, TargetId};

/// An answer, and what it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerSummary {
    /// The target.
    pub target: TargetId,
    /// The index that was waited on.
    pub since: Option<Index>,
    /// The index of the answer.
    pub index: Index,
    /// The number of keys in it.
    pub keys: usize,
    /// The time since the answering server heard from the leader, where it says so.
    pub last_contact: Option<Duration>,
    /// The number of changes that are reported.
    pub changes: usize,
    /// The number of changes that are not: filtered out, or another target's.
    pub left_out: usize,
    /// The number of deletes that were proven.
    pub proven: usize,
    /// The keys that are withheld, and why.
    pub withheld: Vec<(String, WithheldReason)>,
    /// The place of the address that answered, among those of the client.
    pub place: usize,
    /// The time at which the answer was complete.
    pub at: SystemTime,
}

/// A glob that matches none of the existing keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmatchedGlob {
    /// The flag that it was given with.
    pub flag: &'static str,
    /// The glob.
    pub glob: String,
    /// One of the existing keys.
    pub example: String,
}

/// Something that happened in a watch.
#[derive(Debug)]
pub enum Event<'a> {
    /// The entries that a target had when it was seen for the first time; comes before [`Event::Synced`].
    Present(TargetId, &'a Snapshot),
    /// A target was seen for the first time.
    Synced(&'a AnswerSummary),
    /// An answer was taken, whether it changed anything or not; comes before what it changed.
    Answered(&'a AnswerSummary),
    /// The index of a target went back from the first to the second: it is fetched from the start.
    WentBack(TargetId, Index, Index),
    /// Keys changed, or existed at startup where those are reported too.
    Changed(&'a [Change]),
    /// A target cannot be seen, from now on or for another reason than before.
    Unseen(TargetId, &'a OutageCause),
    /// A kind of outage began, with this target.
    Outage(TargetId, &'a OutageCause),
    /// A kind of outage ended for all targets, after this long.
    Recovered(OutageKind, Duration),
    /// Keys are withheld from now on, or no longer.
    Withheld(TargetId, &'a WithheldChange),
    /// A glob matches none of the keys that exist at startup; comes once every target was seen.
    UnmatchedGlob(&'a UnmatchedGlob),
    /// Advice about a target, given once.
    Advice(TargetId, &'a Advice),
    /// Something happened in the handler of this route.
    Handler(RouteId, &'a HandlerEvent),
    /// Changes wait in a route.
    Waiting(WaitingChanges),
    /// The shutdown has begun.
    Leaving,
    /// All handlers are idle, and the watch ends.
    Left,
    /// What was handled can no longer be saved, or can be again.
    Saved(Option<&'a Failure>),
}

/// What an observer asks of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Run every handler now.
    RunHandlers,
    /// End the watch with this exit.
    Stop(Exit),
}

/// An observer of a watch.
pub trait Observer {
    /// Takes an event.
    ///
    /// # Errors
    /// When it cannot be shown; the watch ends.
    fn event(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<Flow>;

    /// Does what is due at the deadline.
    ///
    /// # Errors
    /// As [`Observer::event`].
    fn tick(&mut self, _now: Instant) -> anyhow::Result<Flow> {
        Ok(Flow::Continue)
    }

    /// Takes what came from outside, after the engine was woken.
    ///
    /// # Errors
    /// As [`Observer::event`].
    fn wake(&mut self, _now: Instant) -> anyhow::Result<Flow> {
        Ok(Flow::Continue)
    }

    /// The time of the next [`Observer::tick`].
    fn deadline(&self) -> Option<Instant> {
        None
    }
}
