//! What happens in a watch, for those who look on and for the engine itself.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use super::withheld::{Notice, Why};
use crate::consul::{Error, Meta, Outcome};
use crate::exit::{Exit, Failure};
use crate::handlers::Told;
use crate::model::{Change, Continuity, Index, Key, Snapshot, TargetId};

/// Why a target cannot be seen.
#[derive(Debug)]
pub enum Trouble {
    /// No usable answer.
    Consul(Error),
    /// A listing is empty, and the token may not read there at all.
    NoRights,
    /// Nothing is there any more, and the index went back: this is another Consul, or an empty one.
    Reset,
}

/// Two kinds of outage, which begin, end and are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutageKind {
    /// Consul does not answer, or not usefully.
    Consul,
    /// The token may not read.
    Rights,
    /// Consul looks as if it had been started over.
    Reset,
}

impl Trouble {
    /// Which kind of outage it is.
    pub fn kind(&self) -> OutageKind {
        match self {
            Trouble::Consul(error) if error.outcome() == Outcome::Denied => OutageKind::Rights,
            Trouble::NoRights => OutageKind::Rights,
            Trouble::Reset => OutageKind::Reset,
            Trouble::Consul(_) => OutageKind::Consul,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Trouble::Consul(error) => error.hint(),
            Trouble::NoRights => None,
            Trouble::Reset => Some("if it is meant to be empty, --accept-reset says so".to_owned()),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Consul(error) => error.fmt(f),
            Trouble::NoRights => {
                f.write_str("nothing is listed, and the token may not read here (403)")
            }
            Trouble::Reset => f.write_str(
                "Consul looks reset: its index went back, and nothing of what was handled is there",
            ),
        }
    }
}

/// An answer that was taken.
#[derive(Debug)]
pub struct Answered {
    /// The index that was waited on.
    pub since: Option<Index>,
    /// What Consul shows. Keys in `unproven` are not among its entries.
    pub snapshot: Snapshot,
    /// Whether it belongs to one history with the answer before.
    pub continuity: Continuity,
    /// Keys that are no longer listed and not proven deleted.
    pub unproven: Vec<(String, Why)>,
    /// How many vanished keys were proven deleted.
    pub proven: usize,
    /// The answer's headers.
    pub meta: Meta,
    /// When it was whole.
    pub at: SystemTime,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
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
    pub withheld: Vec<(String, Why)>,
    /// When it came.
    pub at: SystemTime,
}

/// What a poller tells the engine.
#[derive(Debug)]
pub enum Poll {
    /// An answer was taken, with or without news.
    Answered(Box<Answered>),
    /// The index was lower than the one that was sent: the target is looked at anew.
    WentBack(Index, Index),
    /// The target cannot be seen, since now or for another reason than before.
    Outage(Trouble),
    /// It never could, and trying again will not help: the poller has ended.
    Ended(Error),
    /// Something to say once.
    Note(Note),
}

/// Something to say once a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// There is no such key, but there are keys below it.
    Folder(Key),
    /// Keys whose names are not UTF-8 are left out.
    Unreadable,
    /// The listing is cut down by ACLs.
    Filtered,
}

/// What wakes the engine.
#[derive(Debug)]
pub enum Wake {
    /// A poller has something.
    Polled(TargetId, Poll),
    /// A signal came.
    Signal,
}

/// What observers are told.
#[derive(Debug)]
pub enum Event<'a> {
    /// A target was seen for the first time.
    Synced(&'a Account),
    /// An answer was taken, news or not; comes before what it brought.
    Answered(&'a Account),
    /// An index went back: the target is looked at again from the start.
    WentBack(TargetId, Index, Index),
    /// What changed, or what was there at the start where that was asked for.
    Changed(&'a [Change]),
    /// A target cannot be seen, since now or for another reason than before.
    Unseen(TargetId, &'a Trouble),
    /// A kind of outage began, with this target.
    Outage(TargetId, &'a Trouble),
    /// It ended for all targets, after this long.
    Recovered(OutageKind, Duration),
    /// Keys began or ceased to be withheld.
    Withheld(TargetId, &'a Notice),
    /// Something to say once.
    Note(TargetId, &'a Note),
    /// A handler did something.
    Handler {
        /// Which, by its place.
        route: usize,
        /// What.
        told: &'a Told,
    },
    /// Changes wait in a route.
    Waiting {
        /// Which, by its place.
        route: usize,
        /// How many.
        changes: usize,
        /// Whether for a run to end, or else for quiet.
        busy: bool,
    },
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
