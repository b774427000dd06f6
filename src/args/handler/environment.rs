//! The connection of a watch as its handlers see it, and what they must not see.

use std::ffi::OsString;

use crate::consul::{Config, TokenSource};

/// Variables that a handler does not see without `--pass-token`.
const CREDENTIALS: [&str; 3] = [
    "CONSUL_HTTP_TOKEN",
    "CONSUL_HTTP_TOKEN_FILE",
    "CONSUL_HTTP_AUTH",
];

/// Variables of systemd that are meant for kvw alone.
const SERVICE: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// Variables to set, and variables to withhold.
pub type Variables = (Vec<(OsString, OsString)>, Vec<OsString>);

/// Returns the connection, from flags or environment, as variables to set, and the variables to
/// withhold. An address is passed on without its user and password.
pub fn connection(config: &Config, pass_token: bool) -> Variables {
    let names = ["CONSUL_HTTP_ADDR", "CONSUL_NAMESPACE", "CONSUL_PARTITION"];
    let withhold = names
        .iter()
        .chain(&CREDENTIALS)
        .chain(&SERVICE)
        .map(OsString::from);
    let mut set: Vec<(OsString, OsString)> = Vec::new();
    let mut add = |name: &str, value: Option<OsString>| {
        set.extend(value.map(|value| (name.into(), value)));
    };
    add("CONSUL_HTTP_ADDR", Some(config.address.to_string().into()));
    add(
        "CONSUL_NAMESPACE",
        config.namespace.as_ref().map(OsString::from),
    );
    add(
        "CONSUL_PARTITION",
        config.partition.as_ref().map(OsString::from),
    );
    if pass_token {
        match &config.token {
            Some(TokenSource::Literal(token)) => {
                add("CONSUL_HTTP_TOKEN", Some(token.expose().into()));
            }
            Some(TokenSource::File(path)) => add("CONSUL_HTTP_TOKEN_FILE", Some(path.into())),
            None => {}
        }
        let auth = config.basic_auth.as_ref();
        let auth = auth.map(|(user, password)| format!("{user}:{}", password.expose()).into());
        add("CONSUL_HTTP_AUTH", auth);
    }
    (set, withhold.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consul::Secret;

    fn environment(config: &Config, pass_token: bool) -> Vec<String> {
        let (set, withhold) = connection(config, pass_token);
        assert!(
            CREDENTIALS
                .iter()
                .all(|name| withhold.contains(&name.into()))
        );
        set.iter()
            .map(|(name, value)| format!("{}={}", name.to_str().unwrap(), value.to_str().unwrap()))
            .collect()
    }

    #[test]
    fn a_handler_finds_the_connection_but_no_credentials() {
        let config = Config {
            token: Some(TokenSource::Literal(Secret::new("secret"))),
            basic_auth: Some(("user".to_owned(), Secret::new("pass"))),
            namespace: Some("team".to_owned()),
            ..Config::default()
        };
        let shown = ["CONSUL_HTTP_ADDR=127.0.0.1:8500", "CONSUL_NAMESPACE=team"];
        assert_eq!(environment(&config, false), shown);
        let all = environment(&config, true);
        assert_eq!(all[..2], shown);
        assert_eq!(
            all[2..],
            ["CONSUL_HTTP_TOKEN=secret", "CONSUL_HTTP_AUTH=user:pass"]
        );
        let file = Config {
            token: Some(TokenSource::File("t".into())),
            ..Config::default()
        };
        assert_eq!(environment(&file, true)[1..], ["CONSUL_HTTP_TOKEN_FILE=t"]);
    }
}
