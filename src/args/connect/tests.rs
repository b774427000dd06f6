use super::*;
use crate::consul::TrustedRoots;
use clap::Parser;

#[derive(Parser)]
struct ParsedConnect {
    #[command(flatten)]
    connect: ConnectArgs,
}

fn resolve(flags: &[&str], env: &[(&str, &str)]) -> Result<Config, Failure> {
    let words = std::iter::once(&"kvw").chain(flags);
    ParsedConnect::try_parse_from(words)
        .unwrap()
        .connect
        .config(&Env::with(env))
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
    assert_eq!(config.endpoint.address.to_string(), "flag:2");
    assert_eq!(config.namespace.as_deref(), Some("m"));
    assert_eq!(config.partition, None);
    let config = resolve(&[], &env).unwrap();
    assert_eq!(config.endpoint.address.to_string(), "env:1");
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
fn user_and_password_do_not_show() {
    let config = resolve(&[], &[("CONSUL_HTTP_AUTH", "user:pa:ss")]).unwrap();
    assert_eq!(
        config.endpoint.basic_auth,
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
        (
            &["--http-addr", "https://h"],
            ("CONSUL_HTTP_SSL_VERIFY", "no"),
            "CONSUL_HTTP_SSL_VERIFY: expected true or false",
        ),
        (
            &["--ca-file", "f"],
            ("X", ""),
            "--ca-file: 127.0.0.1:8500 is spoken to without TLS",
        ),
        (
            &["--tls-skip-verify"],
            ("CONSUL_HTTP_ADDR", "unix:///s"),
            "--tls-skip-verify: unix:///s is spoken to",
        ),
        (
            &["--http-addr", "https://h", "--client-cert", "c"],
            ("X", ""),
            "needs its key too",
        ),
        (
            &["--http-addr", "https://h"],
            ("CONSUL_CLIENT_KEY", "k"),
            "needs its certificate too",
        ),
        (
            &["--http-addr", "https://h", "--tls-server-name", "a b"],
            ("X", ""),
            "--tls-server-name: it can be the name of no server",
        ),
        (
            &[],
            ("CONSUL_HTTP_ADDR", "a b"),
            "CONSUL_HTTP_ADDR: it is not HOST:PORT",
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
    assert!(ParsedConnect::try_parse_from(["kvw", "--stale", "--consistent"]).is_err());
}

#[test]
fn tls_comes_from_the_scheme_or_a_variable() {
    let address = |flags: &[&str], env: &[(&str, &str)]| {
        let config = resolve(flags, env).unwrap();
        config.endpoint.address.to_string()
    };
    let ssl = ("CONSUL_HTTP_SSL", "true");
    assert_eq!(address(&["--http-addr", "https://h:1"], &[]), "https://h:1");
    assert_eq!(address(&[], &[ssl]), "https://127.0.0.1:8500");
    // As for Consul's own client.
    assert_eq!(
        address(&["--http-addr", "http://h:1"], &[ssl]),
        "https://h:1"
    );
    assert_eq!(address(&["--http-addr", "unix:///s"], &[ssl]), "unix:///s");
    let off = ("CONSUL_HTTP_SSL", "false");
    assert_eq!(
        address(&["--http-addr", "https://h:1"], &[off]),
        "https://h:1"
    );
}

#[test]
fn the_files_of_tls_come_from_flags_before_variables() {
    let env = [
        ("CONSUL_HTTP_SSL", "1"),
        ("CONSUL_CACERT", "env-ca"),
        ("CONSUL_CAPATH", "env-folder"),
        ("CONSUL_CLIENT_CERT", "env-cert"),
        ("CONSUL_CLIENT_KEY", "env-key"),
        ("CONSUL_TLS_SERVER_NAME", "env.name:8501"),
        ("CONSUL_HTTP_SSL_VERIFY", "0"),
    ];
    let tls = |flags: &[&str], env: &[(&str, &str)]| resolve(flags, env).unwrap().tls;
    let of_env = tls(&[], &env);
    assert_eq!(of_env.roots, TrustedRoots::File("env-ca".into()));
    let client = of_env.client.unwrap();
    assert_eq!(client.certificate, PathBuf::from("env-cert"));
    assert_eq!(client.key, PathBuf::from("env-key"));
    assert_eq!(of_env.server_name.as_deref(), Some("env.name"));
    assert!(of_env.skip_verify);
    let flags = [
        "--ca-path",
        "d",
        "--client-cert",
        "c",
        "--tls-server-name",
        "n",
    ];
    let of_flags = tls(&flags, &env[..6]);
    assert_eq!(of_flags.roots, TrustedRoots::Folder("d".into()));
    let client = of_flags.client.unwrap();
    assert_eq!(client.certificate, PathBuf::from("c"));
    assert_eq!(client.key, PathBuf::from("env-key"));
    assert_eq!(of_flags.server_name.as_deref(), Some("n"));
    assert!(!of_flags.skip_verify);
    let folder = tls(&[], &env[2..3]);
    assert_eq!(folder.roots, TrustedRoots::Folder("env-folder".into()));
}
