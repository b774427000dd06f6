//! The context of a verb: streams, environment, and a client on demand.

use crate::args::connect::ConnectArgs;
use crate::args::env::Env;
use crate::consul::{Client, Config};
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
        self.connect(args.config(&self.env)?)
    }

    /// Creates a client, and warns of a token file that holds no token: Consul's own client sends none
    /// then, and what the token may read is missing. Warns of certificates that are not verified.
    pub fn connect(&self, config: Config) -> anyhow::Result<Client> {
        let has_https = || {
            config
                .endpoints()
                .any(|endpoint| endpoint.address.is_https())
        };
        if config.tls.skip_verify && has_https() {
            self.ui.warn(
                "the server's certificate is not verified: others may read and change what is sent",
            );
        }
        let client = Client::new(config)?;
        if let Some(path) = client.empty_token_file() {
            let path = path.display();
            self.ui.warn(format_args!(
                "the token file {path} is empty: no token is sent"
            ));
        }
        Ok(client)
    }
}
