//! Connection flags and environment variables, resolved into a client's configuration.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::address::{self, NO_TLS};
use super::duration::duration;
use super::env::Env;
use super::proxy;
use crate::consul::{Address, Config, Consistency, Secret, TokenSource};
use crate::exit::Failure;

/// Where Consul is and how it is spoken to.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectArgs {
    /// Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR]
    /// [default: 127.0.0.1:8500]
    #[arg(long, value_name = "ADDR")]
    http_addr: Option<String>,

    /// File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// ACL token; others on this machine can see it in the list of processes, so prefer a file or
    /// the environment [env: CONSUL_HTTP_TOKEN]
    #[arg(long, value_parser = |text: &str| Ok::<_, String>(Secret::new(text)))]
    token: Option<Secret>,

    /// Datacenter to ask [default: the agent's]
    #[arg(long, value_name = "NAME")]
    datacenter: Option<String>,

    /// Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,

    /// Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]
    #[arg(long, value_name = "NAME")]
    partition: Option<String>,

    /// Let any server answer reads, with what it knows
    #[arg(long, conflicts_with = "consistent")]
    stale: bool,

    /// Have the leader make sure that it still leads before it answers reads
    #[arg(long)]
    consistent: bool,

    /// How long connecting may take [default: 5s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    connect_timeout: Option<Duration>,

    /// How long an answer may take; a blocking query adds its own wait [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    request_timeout: Option<Duration>,

    /// How long failed reads are tried again, 0 for never [default: 5s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    retry_for: Option<Duration>,
}

impl ConnectArgs {
    /// Flag over environment over default.
    ///
    /// # Errors
    /// Exit 2 naming the flag or variable that cannot be what it was given for.
    pub fn config(&self, env: &Env) -> Result<Config, Failure> {
        let default = Config::default();
        let (address, user) = self.address(env)?;
        let basic_auth = match user {
            Some(user) => Some(user),
            None => env.text("CONSUL_HTTP_AUTH")?.map(|pair| {
                let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
                (user.to_owned(), Secret::new(password))
            }),
        };
        let or_env = |flag: &Option<String>, name| match flag {
            Some(text) if text.is_empty() => Ok(None),
            Some(text) => Ok(Some(text.clone())),
            None => env.text(name),
        };
        let Address::Http { authority, .. } = &address;
        Ok(Config {
            proxy: proxy::of(env, authority),
            address,
            token: self.token(env)?,
            basic_auth,
            datacenter: self.datacenter.clone().filter(|name| !name.is_empty()),
            namespace: or_env(&self.namespace, "CONSUL_NAMESPACE")?,
            partition: or_env(&self.partition, "CONSUL_PARTITION")?,
            consistency: match (self.stale, self.consistent) {
                (true, _) => Consistency::Stale,
                (_, true) => Consistency::Consistent,
                _ => Consistency::Default,
            },
            connect_timeout: timeout(
                self.connect_timeout,
                "--connect-timeout",
                default.connect_timeout,
            )?,
            request_timeout: timeout(
                self.request_timeout,
                "--request-timeout",
                default.request_timeout,
            )?,
            retry_for: self.retry_for.unwrap_or(default.retry_for),
            connections: default.connections,
        })
    }

    fn address(&self, env: &Env) -> Result<(Address, Option<(String, Secret)>), Failure> {
        let (text, source) = match (&self.http_addr, env.text("CONSUL_HTTP_ADDR")?) {
            (Some(text), _) => (text.clone(), "--http-addr"),
            (None, Some(text)) => (text, "CONSUL_HTTP_ADDR"),
            (None, None) => ("127.0.0.1:8500".to_owned(), "the default address"),
        };
        let parsed =
            address::parse(&text).map_err(|what| Failure::usage(format!("{source}: {what}")))?;
        let ssl = env.text("CONSUL_HTTP_SSL")?;
        if go_bool("CONSUL_HTTP_SSL", ssl.as_deref())? {
            return Err(Failure::usage(format!("CONSUL_HTTP_SSL: {NO_TLS}")));
        }
        Ok(parsed)
    }

    fn token(&self, env: &Env) -> Result<Option<TokenSource>, Failure> {
        // In this order since Consul 1.15.
        if let Some(path) = &self.token_file {
            return Ok(Some(TokenSource::File(path.clone())));
        }
        if let Some(token) = &self.token {
            return Ok(Some(TokenSource::Literal(token.clone())));
        }
        if let Some(path) = env.var("CONSUL_HTTP_TOKEN_FILE") {
            return Ok(Some(TokenSource::File(path.into())));
        }
        let token = env.text("CONSUL_HTTP_TOKEN")?;
        Ok(token.map(|token| TokenSource::Literal(Secret::new(token))))
    }
}

fn timeout(flag: Option<Duration>, name: &str, default: Duration) -> Result<Duration, Failure> {
    match flag {
        Some(Duration::ZERO) => Err(Failure::usage(format!(
            "{name}: no time at all is too little"
        ))),
        flag => Ok(flag.unwrap_or(default)),
    }
}

/// A boolean as Go's `strconv.ParseBool` reads it, which is how Consul's tools read theirs.
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
