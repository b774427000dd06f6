//! What the engine tells observers.

use std::time::{Duration, Instant, SystemTime};

use super::poll_event::{Advice, OutageCause, OutageKind};
use super::routes::{RouteId, WaitingChanges};
use super::withheld::{WithheldChange, WithheldReason};
use crate::exit::{Exit, Failure};
use crate::handlers::HandlerEvent;
use crate::model::{Change, Index, TargetId};

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerSummary {
    /// Whose it is.
    pub target: TargetId,
    /// The index that was waited on.
    pub since: Option<Index>,
    /// The index that it carried.
    pub index: Index,
    /// How many keys it showed.
    pub keys: usize,
    /// How long ago the answering server heard from the leader, where it said so.
    pub last_contact: Option<Duration>,
    /// How many changes are told of.
    pub changes: usize,
    /// How many are not: left out by filters, or another target's.
    pub left_out: usize,
    /// How many deletes were proven.
    pub proven: usize,
    /// The keys that are withheld, and why.
    pub withheld: Vec<(String, WithheldReason)>,
    /// When it came.
    pub at: SystemTime,
}

/// What observers are told.
#[derive(Debug)]
pub enum Event<'a> {
    /// A target was seen for the first time.
    Synced(&'a AnswerSummary),
    /// An answer was taken, news or not; comes before what it brought.
    Answered(&'a AnswerSummary),
    /// An index went back: the target is looked at again from the start.
    WentBack(TargetId, Index, Index),
    /// What changed, or what was there at the start where that was asked for.
    Changed(&'a [Change]),
    /// A target cannot be seen, since now or for another reason than before.
    Unseen(TargetId, &'a OutageCause),
    /// A kind of outage began, with this target.
    Outage(TargetId, &'a OutageCause),
    /// It ended for all targets, after this long.
    Recovered(OutageKind, Duration),
    /// Keys began or ceased to be withheld.
    Withheld(TargetId, &'a WithheldChange),
    /// Something to say once.
    Advice(TargetId, &'a Advice),
    /// Something happened in the handler of this route.
    Handler(RouteId, &'a HandlerEvent),
    /// Changes wait in a route.
    Waiting(WaitingChanges),
    /// The end has begun.
    Leaving,
    /// All handlers have come to rest.
    Left,
    /// What was handled can no longer be saved, or can be again.
    Saved(Option<&'a Failure>),
}

/// What an observer wants of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Come to an end.
    Stop(Exit),
}

/// Who looks on.
pub trait Observer {
    /// Something happened.
    ///
    /// # Errors
    /// When it cannot be shown; the watch ends.
    fn event(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<Flow>;

    /// The deadline is due.
    ///
    /// # Errors
    /// As [`Observer::event`].
    fn tick(&mut self, _now: Instant) -> anyhow::Result<Flow> {
        Ok(Flow::Continue)
    }

    /// When to be called next.
    fn deadline(&self) -> Option<Instant> {
        None
    }
}
