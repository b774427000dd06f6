//! What a verb is given: the user's streams, the environment, and a client when it asks for one.

use crate::args::connect::ConnectArgs;
use crate::args::env::Env;
use crate::consul::Client;
use crate::term::Ui;

/// The surroundings of one command.
pub struct Context {
    /// stdout and stderr.
    pub ui: Ui,
    /// The variables of the process.
    pub env: Env,
}

impl Context {
    /// The surroundings of this process.
    pub fn new(ui: Ui) -> Self {
        Context {
            ui,
            env: Env::of_process(),
        }
    }

    /// The client that the connection flags and the environment describe. Sends nothing: a token
    /// that may read one key is enough to read it.
    pub fn client(&self, args: &ConnectArgs) -> anyhow::Result<Client> {
        let config = args.config(&self.env)?;
        Ok(Client::new(config)?)
    }
}
