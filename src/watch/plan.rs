//! What a watch is to do.

use std::time::Duration;

use super::filter::Filter;
use super::withheld::MaxDelete;
use crate::model::Target;

/// What is made of what is there at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initial {
    /// It is told as created.
    Run,
    /// It is where telling begins.
    Skip,
    /// What differs from what was handled is told.
    IfChanged,
}

/// What a watch is to do.
#[derive(Debug)]
pub struct Plan {
    /// What is watched.
    pub targets: Vec<Target>,
    /// What of it is told, and to whom.
    pub filter: Filter,
    /// Whether taking and releasing a lock is a change.
    pub locks: bool,
    /// What is made of what is there at the start.
    pub initial: Initial,
    /// Whether nothing was ever handled before.
    pub fresh: bool,
    /// The end comes after this many batches.
    pub count: Option<u64>,
    /// With `count`: the handler's status is passed on.
    pub pass_status: bool,
    /// The end comes after this time; zero means one look.
    pub time: Option<Duration>,
    /// The end comes after an outage of this length.
    pub max_outage: Option<Duration>,
    /// More deletes at once than this are held back.
    pub max_delete: Option<MaxDelete>,
    /// A Consul that looks reset is believed.
    pub accept_reset: bool,
}
