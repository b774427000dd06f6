//! The connection of a watch as its handlers see it, and what they must not see.

use std::ffi::OsString;
use std::path::Path;

use crate::consul::{Address, Config, TokenSource, TrustedRoots};

/// Variables of the connection, which a handler finds as flags or kvw's own environment said. The scheme
/// of the address says whether it is TLS.
const CONNECTION: [&str; 10] = [
    "CONSUL_HTTP_ADDR",
    "CONSUL_HTTP_SSL",
    "CONSUL_HTTP_SSL_VERIFY",
    "CONSUL_CACERT",
    "CONSUL_CAPATH",
    "CONSUL_CLIENT_CERT",
    "CONSUL_CLIENT_KEY",
    "CONSUL_TLS_SERVER_NAME",
    "CONSUL_NAMESPACE",
    "CONSUL_PARTITION",
];

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
/// withhold. An address is passed on without its user and password. Of several addresses it is the one
/// at this `place`, which answers: other programs understand no list. Paths are absolute, because the program
/// may run elsewhere.
pub fn connection(config: &Config, place: usize, pass_token: bool) -> Variables {
    let withhold = CONNECTION
        .iter()
        .chain(&CREDENTIALS)
        .chain(&SERVICE)
        .map(OsString::from);
    let mut set: Vec<(OsString, OsString)> = Vec::new();
    let mut add = |name: &str, value: Option<OsString>| {
        set.extend(value.map(|value| (name.into(), value)));
    };
    let endpoint = config.endpoint_at(place);
    let address = match &endpoint.address {
        Address::Unix(path) => Address::Unix(absolute(path).into()),
        address => address.clone(),
    };
    add("CONSUL_HTTP_ADDR", Some(address.to_string().into()));
    let tls = &config.tls;
    match &tls.roots {
        TrustedRoots::System => {}
        TrustedRoots::File(file) => add("CONSUL_CACERT", Some(absolute(file))),
        TrustedRoots::Folder(folder) => add("CONSUL_CAPATH", Some(absolute(folder))),
    }
    if let Some(client) = &tls.client {
        add("CONSUL_CLIENT_CERT", Some(absolute(&client.certificate)));
        add("CONSUL_CLIENT_KEY", Some(absolute(&client.key)));
    }
    let name = tls.server_name.as_ref();
    add("CONSUL_TLS_SERVER_NAME", name.map(OsString::from));
    if tls.skip_verify {
        add("CONSUL_HTTP_SSL_VERIFY", Some("false".into()));
    }
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
            Some(TokenSource::File(path)) => add("CONSUL_HTTP_TOKEN_FILE", Some(absolute(path))),
            None => {}
        }
        let auth = endpoint.basic_auth.as_ref();
        let auth = auth.map(|(user, password)| format!("{user}:{}", password.expose()).into());
        add("CONSUL_HTTP_AUTH", auth);
    }
    (set, withhold.collect())
}

/// The path from the root, or as it is where the working directory is gone.
fn absolute(path: &Path) -> OsString {
    std::path::absolute(path).map_or_else(|_| path.into(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consul::{Address, ClientCertificate, ConsulEndpoint, Scheme, Secret, TlsConfig};

    fn environment(config: &Config, pass_token: bool) -> Vec<String> {
        let (set, withhold) = connection(config, 0, pass_token);
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
            endpoint: ConsulEndpoint {
                basic_auth: Some(("user".to_owned(), Secret::new("pass"))),
                ..ConsulEndpoint::default()
            },
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
            token: Some(TokenSource::File("/run/t".into())),
            ..Config::default()
        };
        assert_eq!(
            environment(&file, true)[1..],
            ["CONSUL_HTTP_TOKEN_FILE=/run/t"]
        );
    }

    #[test]
    fn a_handler_finds_the_settings_of_tls_and_the_scheme() {
        let config = Config {
            endpoint: ConsulEndpoint::new(Address::Tcp {
                scheme: Scheme::Https,
                authority: "h:8501".to_owned(),
                path: String::new(),
            }),
            tls: TlsConfig {
                roots: TrustedRoots::Folder("/etc/cas".into()),
                client: Some(ClientCertificate {
                    certificate: "/etc/c.pem".into(),
                    key: "k.pem".into(),
                }),
                server_name: Some("server.dc1.consul".to_owned()),
                skip_verify: true,
            },
            ..Config::default()
        };
        let set = environment(&config, false);
        let here = std::env::current_dir().unwrap();
        let key = format!("CONSUL_CLIENT_KEY={}/k.pem", here.display());
        assert_eq!(
            set,
            [
                "CONSUL_HTTP_ADDR=https://h:8501",
                "CONSUL_CAPATH=/etc/cas",
                "CONSUL_CLIENT_CERT=/etc/c.pem",
                &key,
                "CONSUL_TLS_SERVER_NAME=server.dc1.consul",
                "CONSUL_HTTP_SSL_VERIFY=false",
            ]
        );
        let (_, withhold) = connection(&config, 0, false);
        for variable in &set {
            let name = variable.split_once('=').unwrap().0;
            assert!(withhold.contains(&name.into()), "{name}");
        }
    }
}
