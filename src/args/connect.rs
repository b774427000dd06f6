//! Connection flags and environment variables, resolved into a client's configuration.

use std::collections::HashMap;
use std::ffi::OsString;

use clap::Args;

use crate::consul::Config;
use crate::term::Ui;

/// The environment, taken once. An empty variable counts as unset.
#[derive(Debug, Clone, Default)]
pub struct Env(HashMap<String, OsString>);

impl Env {
    /// That of the process.
    pub fn of_process() -> Self {
        let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
        Env(set
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect())
    }

    /// The variable, if set and not empty.
    pub fn var(&self, name: &str) -> Option<&OsString> {
        self.0.get(name)
    }
}

/// Where Consul is and how it is spoken to.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectArgs {}

impl ConnectArgs {
    /// Flag over environment over default.
    pub fn config(&self, _env: &Env, _ui: &Ui) -> anyhow::Result<Config> {
        todo!()
    }
}
