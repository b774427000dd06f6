//! What a watch remembers over a restart, and what it does not believe at once.

use std::path::PathBuf;

use clap::Args;

use crate::consul::Config;
use crate::exit::Failure;
use crate::model::Target;
use crate::state_file::{Identity, Keep, OpenedStateFile, StateFile};
use crate::watch::MaxDelete;

/// Memory and mistrust.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What is remembered and believed")]
pub struct StateArgs {
    /// Keep in FILE what was handled: after a restart only what changed since is told, deletes
    /// included
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Keep values too, so that an update shows the old one after a restart; without this only
    /// keyed hashes of them are kept
    #[arg(long, requires = "state")]
    state_values: bool,

    /// Believe a Consul that looks reset: empty, with an index below the remembered one
    #[arg(long, requires = "state")]
    pub accept_reset: bool,

    /// Hold more deletes at once than this back, until the keys return or a restart allows more
    #[arg(long, value_name = "N|N%")]
    pub max_delete: Option<MaxDelete>,
}

impl StateArgs {
    /// Whether there is a state file.
    pub fn is_kept(&self) -> bool {
        self.state.is_some()
    }

    /// Opens the state file of a watch of these targets, if there is to be one.
    ///
    /// # Errors
    /// When it belongs to another watch, is damaged, in use, or cannot be written.
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
            address: config.address.to_string(),
        };
        let keep = Keep {
            values: self.state_values,
            sessions: locks,
        };
        StateFile::open(path, identity, keep).map(Some)
    }
}
