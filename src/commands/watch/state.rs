//! Flags of the state file, and of what is not accepted without consent.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::consul::Config;
use crate::exit::Failure;
use crate::model::{MaxDelete, Target};
use crate::state_file::{Identity, Keep, OpenedStateFile, StateFile};

/// The state file and the limits of accepted changes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "State and safety")]
pub struct StateArgs {
    /// Keep the handled state in FILE, across restarts
    ///
    /// After a restart, exactly the changes since then are reported, including deletes. A FILE that is
    /// no state of this watch, is damaged, has several hard links, or belongs to neither you nor root
    /// is refused and left as it is; in a folder that others may write to, it must be yours.
    ///
    /// A FILE that has lost its end just behind a record looks like one whose kvw was killed there:
    /// all changes since that record are then reported again, as one batch, except of keys that are
    /// as they were at that record. A record that was cut off in the middle is reported.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Keep values in the state file too, so that updates show the old value after a restart
    ///
    /// Otherwise it contains only keyed hashes of values.
    #[arg(long, requires = "state", hide_short_help = true)]
    state_values: bool,

    /// Accept an emptied Consul whose index went backwards as real
    #[arg(long, requires = "state", hide_short_help = true)]
    pub accept_reset: bool,

    /// Hold back larger bursts of deletes until the keys return or kvw restarts
    #[arg(long, value_name = "N|N%", hide_short_help = true)]
    pub max_delete: Option<MaxDelete>,
}

impl StateArgs {
    /// Whether there is a state file.
    pub fn is_given(&self) -> bool {
        self.state.is_some()
    }

    /// The state file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.state.as_deref()
    }

    /// Opens the state file of a watch of these targets, if one is given.
    ///
    /// # Errors
    /// If it belongs to another watch, is damaged, in use, or cannot be written.
    pub fn open(
        &self,
        targets: &[Target],
        config: &Config,
        locks: bool,
    ) -> Result<Option<OpenedStateFile>, Failure> {
        let Some(path) = &self.state else {
            return Ok(None);
        };
        let identity = Identity {
            targets: targets
                .iter()
                .map(|target| target.scope.to_string())
                .collect(),
            namespace: config.namespace.clone(),
            partition: config.partition.clone(),
            datacenter: config.datacenter.clone(),
            address: config.addresses(),
        };
        let keep = Keep {
            values: self.state_values,
            sessions: locks,
        };
        StateFile::open(path, identity, keep).map(Some)
    }
}
