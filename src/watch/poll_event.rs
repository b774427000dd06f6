//! What pollers tell the engine.

use std::fmt;
use std::time::SystemTime;

use super::withheld::WithheldReason;
use crate::consul::{Error, ErrorClass, Meta};
use crate::model::{Continuity, Index, Key, Snapshot, TargetId};

/// Why a target cannot be seen.
#[derive(Debug)]
pub enum OutageCause {
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

impl OutageCause {
    /// Which kind of outage it is.
    pub fn kind(&self) -> OutageKind {
        match self {
            OutageCause::Consul(error) if error.class() == ErrorClass::Denied => OutageKind::Rights,
            OutageCause::NoRights => OutageKind::Rights,
            OutageCause::Reset => OutageKind::Reset,
            OutageCause::Consul(_) => OutageKind::Consul,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            OutageCause::Consul(error) => error.hint(),
            OutageCause::NoRights => None,
            OutageCause::Reset => {
                Some("if it is meant to be empty, --accept-reset says so".to_owned())
            }
        }
    }
}

impl fmt::Display for OutageCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutageCause::Consul(error) => error.fmt(f),
            OutageCause::NoRights => {
                f.write_str("nothing is listed, and the token may not read here (403)")
            }
            OutageCause::Reset => f.write_str(
                "Consul looks reset: its index went back, and nothing of what was handled is there",
            ),
        }
    }
}

/// An answer that was taken.
#[derive(Debug)]
pub struct TargetAnswer {
    /// The index that was waited on.
    pub since: Option<Index>,
    /// What Consul shows. Keys in `unproven` are not among its entries.
    pub snapshot: Snapshot,
    /// Whether it belongs to one history with the answer before.
    pub continuity: Continuity,
    /// Keys that are no longer listed and not proven deleted.
    pub unproven: Vec<(String, WithheldReason)>,
    /// How many vanished keys were proven deleted.
    pub proven: usize,
    /// The answer's headers.
    pub meta: Meta,
    /// When it was whole.
    pub at: SystemTime,
}

/// What a poller tells the engine.
#[derive(Debug)]
pub enum PollEvent {
    /// An answer was taken, with or without news.
    Answered(Box<TargetAnswer>),
    /// The index was lower than the one that was sent: the target is looked at anew.
    WentBack(Index, Index),
    /// The target cannot be seen, since now or for another reason than before.
    Outage(OutageCause),
    /// It never could, and trying again will not help: the poller has ended.
    Ended(Error),
    /// Something to say once.
    Advice(Advice),
}

/// Something to say once a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// There is no such key, but there are keys below it.
    Folder(Key),
    /// Keys whose names are not UTF-8 are left out.
    NonUtf8,
    /// The listing is cut down by ACLs.
    Filtered,
}

/// What wakes the engine.
#[derive(Debug)]
pub enum Message {
    /// A poller has something.
    Polled(TargetId, PollEvent),
    /// A signal came.
    Signal,
}
