//! The context of a verb: streams, environment, and a client on demand.

use crate::args::connect::ConnectArgs;
use crate::args::env::Env;
use crate::consul::Client;
use crate::term::Ui;

/// The streams and the environment of one command.
pub struct Context {
    /// The user's streams.
    pub ui: Ui,
    /// Environment variables.
    pub env: Env,
}

impl Context {
    /// Creates the context of this process.
    pub fn new(ui: Ui) -> Self {
        Context {
            ui,
            env: Env::from_process(),
        }
    }

    /// Creates the client that the connection flags and the environment describe. Sends no request:
    /// a token that may read a single key suffices to read it.
    pub fn client(&self, args: &ConnectArgs) -> anyhow::Result<Client> {
        let config = args.config(&self.env)?;
        Ok(Client::new(config)?)
    }
}
