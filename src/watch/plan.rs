//! What a watch is to do.

use std::time::Duration;

use super::filter::Filter;
use super::withheld::MaxDelete;
use crate::model::Target;

/// How entries that already exist are treated at startup. The comments are the help of `--initial`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Initial {
    /// Report them as created
    Run,
    /// Report only later changes
    Skip,
    /// Report what differs from the state that was handled last
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
