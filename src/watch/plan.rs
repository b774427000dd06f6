//! What a watch is to do.

use std::time::Duration;

use crate::model::{Filter, MaxDelete, Target};

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
    /// The targets, by their ids.
    pub targets: Vec<Target>,
    /// The keys that are reported.
    pub filter: Filter,
    /// Whether taking and releasing a lock is a change.
    pub locks: bool,
    /// Whether a key that several targets have is reported for each of them, or only for the narrowest.
    pub per_target: bool,
    /// How entries that already exist are treated at startup.
    pub initial: Initial,
    /// Whether nothing was ever handled before.
    pub fresh: bool,
    /// The number of batches after which the watch ends.
    pub count: Option<u64>,
    /// Whether the handler's status is passed on.
    pub pass_status: bool,
    /// The time after which the watch ends; zero means one fetch.
    pub time: Option<Duration>,
    /// The length of an outage with which the watch ends.
    pub max_outage: Option<Duration>,
    /// The number of deletes at once above which they are held back.
    pub max_delete: Option<MaxDelete>,
    /// Whether a Consul that looks reset is accepted as real.
    pub accept_reset: bool,
}

impl Plan {
    /// A plan to report every change of these targets until the watch is stopped, and no entry that
    /// already exists.
    pub fn new(targets: Vec<Target>) -> Self {
        Plan {
            targets,
            filter: Filter::default(),
            locks: false,
            per_target: false,
            initial: Initial::Skip,
            fresh: true,
            count: None,
            pass_status: false,
            time: None,
            max_outage: None,
            max_delete: None,
            accept_reset: false,
        }
    }
}
