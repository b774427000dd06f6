//! Connection flags and environment variables, resolved into the configuration of a client.

mod target;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches};

pub use self::target::TargetStoreArgs;
use self::tls::TlsArgs;
use super::address;
use super::duration::{duration, duration_text};
use super::env::Env;
use super::proxy;
use super::size::{size, size_text};
use crate::consul::{
    Address, AnswerBounds, Config, Consistency, ConsulEndpoint, Scheme, Secret, TokenSource,
};
use crate::exit::Failure;

/// The address of Consul and the settings of the connection. Only `--help` shows these flags.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectArgs {
    #[arg(
        long,
        value_name = "ADDR",
        value_parser = secret,
        hide_short_help = true,
        help = format!(
            "Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or \
             unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is \
             not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: {}]",
            ConsulEndpoint::default().address
        )
    )]
    http_addr: Vec<Secret>,

    /// File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]
    ///
    /// A pipe is read once.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    token_file: Option<PathBuf>,

    /// ACL token [env: CONSUL_HTTP_TOKEN]
    ///
    /// Other users of this machine can see it in the process list: prefer --token-file or the
    /// environment.
    #[arg(long, hide_short_help = true, value_parser = secret)]
    token: Option<Secret>,

    /// Datacenter to query [default: the agent's]
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    datacenter: Option<String>,

    /// Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    namespace: Option<String>,

    /// Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    partition: Option<String>,

    #[command(flatten)]
    tls: TlsArgs,

    /// Allow stale reads from any server
    #[arg(long, conflicts_with = "consistent", hide_short_help = true)]
    stale: bool,

    /// Consistent reads: the leader confirms its leadership first
    #[arg(long, hide_short_help = true)]
    consistent: bool,

    /// Time limit for connecting
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = duration_text(Config::default().connect_timeout),
        hide_short_help = true
    )]
    connect_timeout: Duration,

    /// Time limit for an answer; a blocking query adds its own wait time
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = duration_text(Config::default().request_timeout),
        hide_short_help = true
    )]
    request_timeout: Duration,

    /// Retry failed reads for this long; 0 disables retries
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = duration_text(Config::default().retry_for),
        hide_short_help = true
    )]
    retry_for: Duration,

    /// Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = size,
        default_value = size_text(AnswerBounds::default().least_rate),
        hide_short_help = true
    )]
    speed_limit: usize,

    /// Longest value that is read; an answer with a longer one has failed
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = size,
        default_value = size_text(AnswerBounds::default().longest_value),
        hide_short_help = true
    )]
    max_value: usize,
}

/// The arguments of a command line without connection flags.
impl Default for ConnectArgs {
    fn default() -> Self {
        let flags = ConnectArgs::augment_args(Command::new("kvw"));
        ConnectArgs::from_arg_matches(&flags.get_matches_from(["kvw"]))
            .expect("no connection flag is required")
    }
}

impl ConnectArgs {
    /// Returns the configuration of a client: a flag beats the environment, which beats the default.
    ///
    /// # Errors
    /// Exit 2, naming the flag or variable whose value is invalid.
    pub fn config(&self, env: &Env) -> Result<Config, Failure> {
        let default = Config::default();
        let (endpoint, alternatives) = self.endpoints(env)?;
        let addresses = std::iter::once(&endpoint).chain(&alternatives);
        let addresses = addresses.map(|endpoint| &endpoint.address);
        let or_env = |flag: &Option<String>, name| match flag {
            Some(text) if text.is_empty() => Ok(None),
            Some(text) => Ok(Some(text.clone())),
            None => env.text(name),
        };
        Ok(Config {
            tls: self.tls.config(env, addresses)?,
            endpoint,
            alternatives,
            token: self.token(env)?,
            datacenter: self.datacenter.clone().filter(|name| !name.is_empty()),
            namespace: or_env(&self.namespace, "CONSUL_NAMESPACE")?,
            partition: or_env(&self.partition, "CONSUL_PARTITION")?,
            consistency: match (self.stale, self.consistent) {
                (true, _) => Consistency::Stale,
                (_, true) => Consistency::Consistent,
                _ => Consistency::Default,
            },
            connect_timeout: nonzero(self.connect_timeout, "--connect-timeout")?,
            request_timeout: nonzero(self.request_timeout, "--request-timeout")?,
            bounds: AnswerBounds {
                least_rate: self.speed_limit,
                longest_value: self.max_value,
            },
            retry_for: self.retry_for,
            connections: default.connections,
        })
    }

    /// Returns the address that is asked first, and those that are asked in its stead.
    fn endpoints(&self, env: &Env) -> Result<(ConsulEndpoint, Vec<ConsulEndpoint>), Failure> {
        let mut endpoints: Vec<ConsulEndpoint> = Vec::new();
        let mut add = |text: &str, source: &str| -> Result<(), Failure> {
            for text in address::split(text).map_err(|what| refuse(source, &what))? {
                let (address, user) = address::parse(text).map_err(|what| refuse(source, &what))?;
                endpoints.push(ConsulEndpoint {
                    basic_auth: user,
                    ..ConsulEndpoint::new(address)
                });
            }
            Ok(())
        };
        match (&self.http_addr[..], env.text("CONSUL_HTTP_ADDR")?) {
            ([], Some(text)) => add(&text, "CONSUL_HTTP_ADDR")?,
            ([], None) => endpoints.push(ConsulEndpoint::default()),
            (texts, _) => {
                for text in texts {
                    add(text.expose(), "--http-addr")?;
                }
            }
        }
        let auth = env.text("CONSUL_HTTP_AUTH")?.map(|text| {
            let (user, password) = text.split_once(':').unwrap_or((&text, ""));
            (user.to_owned(), Secret::new(password))
        });
        let ssl = env.text("CONSUL_HTTP_SSL")?;
        let ssl = go_bool("CONSUL_HTTP_SSL", ssl.as_deref())?;
        for endpoint in &mut endpoints {
            // As for Consul's own client, `http://` does not switch it off. A socket has no TLS.
            if let (true, Address::Tcp { scheme, .. }) = (ssl, &mut endpoint.address) {
                *scheme = Scheme::Https;
            }
            endpoint.basic_auth = endpoint.basic_auth.take().or_else(|| auth.clone());
            endpoint.proxy = proxy::proxy_for(env, &endpoint.address);
        }
        let mut endpoints = endpoints.into_iter();
        let first = endpoints.next().unwrap_or_default();
        let mut others: Vec<ConsulEndpoint> = Vec::new();
        for endpoint in endpoints {
            let mut known = std::iter::once(&first).chain(&others);
            if !known.any(|known| known.address == endpoint.address) {
                others.push(endpoint);
            }
        }
        Ok((first, others))
    }

    fn token(&self, env: &Env) -> Result<Option<TokenSource>, Failure> {
        // The order of Consul's own tools since 1.15.
        if let Some(path) = &self.token_file {
            return Ok(Some(TokenSource::File(path.clone())));
        }
        if let Some(token) = &self.token {
            return literal_token(token.expose(), "--token").map(Some);
        }
        if let Some(path) = env.var("CONSUL_HTTP_TOKEN_FILE") {
            return Ok(Some(TokenSource::File(path.into())));
        }
        let token = env.text("CONSUL_HTTP_TOKEN")?;
        let token = token.map(|token| literal_token(&token, "CONSUL_HTTP_TOKEN"));
        token.transpose()
    }
}

/// Parses a text that may be or hold a secret, for clap.
#[allow(clippy::unnecessary_wraps, reason = "clap calls it so")]
fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text))
}

/// Returns a token without the white space around it, which a file or a secret store has left.
fn literal_token(text: &str, source: &str) -> Result<TokenSource, Failure> {
    let token = text.trim();
    if token.contains(['\n', '\r']) {
        return Err(Failure::usage(format!(
            "using the token of {source}: it holds a line break"
        )));
    }
    Ok(TokenSource::Literal(Secret::new(token)))
}

fn refuse(source: &str, what: &str) -> Failure {
    Failure::usage(format!("{source}: {what}"))
}

fn nonzero(timeout: Duration, flag: &str) -> Result<Duration, Failure> {
    if timeout.is_zero() {
        return Err(Failure::usage(format!("{flag} must be longer than 0")));
    }
    Ok(timeout)
}

/// Parses a boolean as Go's `strconv.ParseBool` does, as Consul's own tools do.
fn go_bool(name: &str, text: Option<&str>) -> Result<bool, Failure> {
    match text {
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some(text) => Err(Failure::usage(format!(
            "{name}: expected true or false, got '{text}'"
        ))),
    }
}

#[cfg(test)]
mod tests;
