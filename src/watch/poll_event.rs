//! What pollers tell the engine.

use std::fmt;
use std::time::{Instant, SystemTime};

use super::wait_time::ShortenedWait;
use super::withheld::WithheldReason;
use crate::consul::{Cause, Error, ErrorClass, Meta};
use crate::model::{Continuity, Index, Key, Snapshot, TargetId};

/// Why a target cannot be seen.
#[derive(Debug)]
pub enum OutageCause {
    /// Consul gives no usable answer.
    Consul(Error),
    /// A listing is empty, and the token may read nothing in it.
    NoRights,
    /// No handled entry exists any more, and the index went back: this is another Consul, or one
    /// that was emptied.
    Reset,
}

/// A kind of outage: each begins, ends and is reported on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutageKind {
    /// Consul gives no usable answer.
    Consul,
    /// The token may not read.
    Rights,
    /// Consul looks as if it had been reset.
    Reset,
    /// One side does not trust the other's certificate. It has a report of its own: a server that
    /// restarts with another certificate is unreachable first.
    Tls,
}

impl OutageCause {
    /// The kind of outage.
    pub fn kind(&self) -> OutageKind {
        match self {
            OutageCause::Consul(error) if error.class() == ErrorClass::Denied => OutageKind::Rights,
            OutageCause::NoRights => OutageKind::Rights,
            OutageCause::Reset => OutageKind::Reset,
            OutageCause::Consul(error) if matches!(error.cause(), Cause::Handshake(fault) if !fault.is_transient()) => {
                OutageKind::Tls
            }
            OutageCause::Consul(_) => OutageKind::Consul,
        }
    }

    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            OutageCause::Consul(error) => error.hint(),
            OutageCause::NoRights => None,
            OutageCause::Reset => Some("--accept-reset accepts it as real".to_owned()),
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
                "Consul looks reset: its index went back and none of the handled keys exist",
            ),
        }
    }
}

impl OutageKind {
    /// Says that it is over.
    pub fn recovery(self) -> &'static str {
        match self {
            OutageKind::Consul => "Consul is available again",
            OutageKind::Tls => "certificates are accepted again",
            OutageKind::Rights => "read permission restored",
            OutageKind::Reset => "the state of Consul is restored",
        }
    }
}

/// An answer about a target, after what vanished from it was proven.
#[derive(Debug)]
pub struct TargetAnswer {
    /// The index that was waited on.
    pub since: Option<Index>,
    /// The entries that Consul shows. Keys in `unproven` are not among them.
    pub snapshot: Snapshot,
    /// Whether it belongs to one history with the answer before.
    pub continuity: Continuity,
    /// Keys that are no longer listed and not proven deleted.
    pub unproven: Vec<(String, WithheldReason)>,
    /// The number of vanished keys that were proven deleted.
    pub proven: usize,
    /// The answer's headers.
    pub meta: Meta,
    /// The time at which it was complete.
    pub at: SystemTime,
}

/// Something that happened in a poller.
#[derive(Debug)]
pub enum PollEvent {
    /// An answer was taken, whether anything changed or not.
    Answered(Box<TargetAnswer>),
    /// The index went back from the first to the second: the target is fetched from the start.
    WentBack(Index, Index),
    /// The target cannot be seen, from now on or for another reason than before.
    /// It began at the given time.
    Outage(OutageCause, Instant),
    /// The target could never be seen, and trying again will not help: the poller has ended.
    Ended(Error),
    /// Advice for the user, given once.
    Advice(Advice),
}

/// Advice about a target, given once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// The key does not exist, but keys below it do.
    Folder(Key),
    /// The target has no keys, and its name looks like a glob.
    Glob,
    /// Keys whose names are not UTF-8 are left out.
    NonUtf8,
    /// The listing is cut down by ACLs.
    Filtered,
    /// Something on the way to Consul cuts queries that are held: they are held for less time.
    ShortenedWait(ShortenedWait),
}

/// A message to the engine.
#[derive(Debug)]
pub enum Message {
    /// Something happened in the poller of this target.
    Polled(TargetId, PollEvent),
    /// A signal was caught.
    Signal,
    /// Something outside came for an observer.
    Wake,
}
