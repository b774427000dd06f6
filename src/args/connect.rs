//! Connection flags and environment variables, resolved into a client's configuration.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use percent_encoding::percent_decode_str;

use super::duration::duration;
use super::proxy;
use crate::consul::{Address, Config, Consistency, Secret, TokenSource};
use crate::exit::Failure;

/// The environment, taken once. An empty variable counts as unset.
#[derive(Debug, Clone, Default)]
pub struct Env(HashMap<String, OsString>);

impl Env {
    /// That of the process.
    pub fn of_process() -> Self {
        Env::taken(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))),
        )
    }

    /// One made up for a test.
    #[cfg(test)]
    pub fn of(set: &[(&str, &str)]) -> Self {
        Env::taken(
            set.iter()
                .map(|(name, value)| ((*name).to_owned(), value.into())),
        )
    }

    fn taken(set: impl Iterator<Item = (String, OsString)>) -> Self {
        Env(set.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The variable, if set and not empty.
    pub fn var(&self, name: &str) -> Option<&OsString> {
        self.0.get(name)
    }

    /// The variable as text.
    ///
    /// # Errors
    /// Exit 2 naming the variable when it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.var(name).map(|value| value.to_str()) {
            Some(Some(text)) => Ok(Some(text.to_owned())),
            Some(None) => Err(Failure::usage(format!("{name} is not valid UTF-8"))),
            None => Ok(None),
        }
    }
}

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
            parse_address(&text).map_err(|what| Failure::usage(format!("{source}: {what}")))?;
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

const NO_TLS: &str = "this build of kvw does not speak TLS";
const NO_SOCKET: &str = "this build of kvw does not speak over unix sockets";

/// An address as Consul's own tools take it, with user and password where it has them.
fn parse_address(text: &str) -> Result<(Address, Option<(String, Secret)>), String> {
    let rest = match text.split_once("://") {
        None => text,
        Some(("http", rest)) => rest,
        Some(("https", _)) => return Err(NO_TLS.to_owned()),
        Some(("unix", _)) => return Err(NO_SOCKET.to_owned()),
        Some((scheme, _)) => return Err(format!("unknown scheme '{scheme}'")),
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, authority) = match authority.rsplit_once('@') {
        Some((user, authority)) => (Some(parse_user(user)?), authority),
        None => (None, authority),
    };
    let path = path.trim_matches('/');
    let is_url = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte));
    if !is_url {
        return Err("its path cannot stand in a URL".to_owned());
    }
    let address = Address::Http {
        authority: parse_authority(authority)?,
        path: if path.is_empty() {
            String::new()
        } else {
            format!("/{path}")
        },
    };
    Ok((address, user))
}

fn parse_user(text: &str) -> Result<(String, Secret), String> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let decoded = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| "its user or password is not valid UTF-8".to_owned())
    };
    Ok((decoded(user)?, Secret::new(decoded(password)?)))
}

/// `host`, `host:port`, `[address]:port`, and as in Go `:port` for this machine.
fn parse_authority(text: &str) -> Result<String, String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err() || port.starts_with('+')) {
        return Err(format!("'{text}' has no valid port"));
    }
    let is_host = match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
        None => host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    };
    match (host, port) {
        _ if !is_host => Err(format!("'{text}' is not HOST:PORT")),
        ("", Some(port)) => Ok(format!("127.0.0.1:{port}")),
        ("", None) => Err("it names no host".to_owned()),
        _ => Ok(text.to_owned()),
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
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        connect: ConnectArgs,
    }

    fn resolve(flags: &[&str], env: &[(&str, &str)]) -> Result<Config, Failure> {
        let words = std::iter::once(&"kvw").chain(flags);
        Line::try_parse_from(words)
            .unwrap()
            .connect
            .config(&Env::of(env))
    }

    fn address(text: &str) -> Result<String, String> {
        parse_address(text).map(|(address, _)| address.to_string())
    }

    #[test]
    fn nothing_set_is_the_contracts_default() {
        assert_eq!(resolve(&[], &[]), Ok(Config::default()));
    }

    #[test]
    fn a_flag_beats_the_environment_and_an_empty_variable_is_unset() {
        let env = [
            ("CONSUL_HTTP_ADDR", "env:1"),
            ("CONSUL_NAMESPACE", "n"),
            ("CONSUL_PARTITION", ""),
        ];
        let config = resolve(&["--http-addr", "flag:2", "--namespace", "m"], &env).unwrap();
        assert_eq!(config.address.to_string(), "flag:2");
        assert_eq!(config.namespace.as_deref(), Some("m"));
        assert_eq!(config.partition, None);
        let config = resolve(&[], &env).unwrap();
        assert_eq!(config.address.to_string(), "env:1");
        assert_eq!(config.namespace.as_deref(), Some("n"));
        assert_eq!(
            resolve(&[], &[("CONSUL_HTTP_ADDR", "")]),
            Ok(Config::default())
        );
    }

    #[test]
    fn tokens_are_taken_in_consuls_order() {
        let literal = |text: &str| Some(TokenSource::Literal(Secret::new(text)));
        let file = |path: &str| Some(TokenSource::File(path.into()));
        let env = [
            ("CONSUL_HTTP_TOKEN_FILE", "env-file"),
            ("CONSUL_HTTP_TOKEN", "env-token"),
        ];
        let token = |flags: &[&str], env: &[(&str, &str)]| resolve(flags, env).unwrap().token;
        assert_eq!(
            token(&["--token", "t", "--token-file", "f"], &env),
            file("f")
        );
        assert_eq!(token(&["--token", "t"], &env), literal("t"));
        assert_eq!(token(&[], &env), file("env-file"));
        assert_eq!(token(&[], &env[1..]), literal("env-token"));
    }

    #[test]
    fn addresses_are_read_as_consuls_tools_read_them() {
        for (text, shown) in [
            ("10.0.0.1:8500", "10.0.0.1:8500"),
            ("http://consul.example", "consul.example"),
            (
                "http://consul.example:80/behind/proxy/",
                "consul.example:80/behind/proxy",
            ),
            ("[::1]:8500", "[::1]:8500"),
            ("http://[::1]", "[::1]"),
            (":8500", "127.0.0.1:8500"),
        ] {
            assert_eq!(address(text).as_deref(), Ok(shown));
        }
        for (text, words) in [
            ("https://consul.example", "TLS"),
            ("unix:///run/consul.sock", "unix sockets"),
            ("tcp://consul.example", "unknown scheme 'tcp'"),
            ("consul.example:port", "no valid port"),
            ("consul.example:99999", "no valid port"),
            ("consul example:8500", "not HOST:PORT"),
            ("::1", "not HOST:PORT"),
            ("http://", "no host"),
            ("h:1/a b", "path"),
        ] {
            let what = address(text).unwrap_err();
            assert!(what.contains(words), "{text}: {what}");
        }
    }

    #[test]
    fn user_and_password_are_decoded_and_do_not_show() {
        let (address, user) = parse_address("http://us%20er:p%40ss:w@h:1/x").unwrap();
        assert_eq!(address.to_string(), "h:1/x");
        assert_eq!(user, Some(("us er".to_owned(), Secret::new("p@ss:w"))));
        let config = resolve(&[], &[("CONSUL_HTTP_AUTH", "user:pa:ss")]).unwrap();
        assert_eq!(
            config.basic_auth,
            Some(("user".to_owned(), Secret::new("pa:ss")))
        );
        assert!(!format!("{config:?}").contains("pa:ss"));
    }

    #[test]
    fn a_bad_value_names_what_it_came_from() {
        for (flags, env, words) in [
            (
                &[][..],
                ("CONSUL_HTTP_SSL", "yes"),
                "CONSUL_HTTP_SSL: expected true or false",
            ),
            (&[], ("CONSUL_HTTP_SSL", "T"), "CONSUL_HTTP_SSL: this build"),
            (&[], ("CONSUL_HTTP_ADDR", "a b"), "CONSUL_HTTP_ADDR: 'a b'"),
            (
                &["--http-addr", "https://x"],
                ("X", ""),
                "--http-addr: this build",
            ),
            (&["--connect-timeout", "0"], ("X", ""), "--connect-timeout"),
        ] {
            let failure = resolve(flags, &[env]).unwrap_err();
            assert!(failure.message.contains(words), "{failure}");
            assert_eq!(failure.exit, crate::exit::Exit::Usage);
        }
        for fine in ["0", "false", "F"] {
            assert!(resolve(&[], &[("CONSUL_HTTP_SSL", fine)]).is_ok());
        }
    }

    #[test]
    fn modes_and_times_come_from_their_flags() {
        let config = resolve(
            &["--stale", "--retry-for", "0", "--connect-timeout", "500ms"],
            &[],
        )
        .unwrap();
        assert_eq!(config.consistency, Consistency::Stale);
        assert_eq!(config.retry_for, Duration::ZERO);
        assert_eq!(config.connect_timeout, Duration::from_millis(500));
        assert!(Line::try_parse_from(["kvw", "--stale", "--consistent"]).is_err());
    }
}
