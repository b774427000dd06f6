//! Flags and environment variables of TLS.

use std::path::PathBuf;

use clap::Args;

use super::go_bool;
use crate::args::env::Env;
use crate::consul::{Address, ClientCertificate, TlsConfig, TrustedRoots};
use crate::exit::Failure;

/// The settings of TLS, for addresses that start with `https://`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub struct TlsArgs {
    /// PEM file with the CAs that may sign the server's certificate [env: CONSUL_CACERT] [default: the
    /// system's]
    ///
    /// This and the other certificate files are read again when they were written anew.
    #[arg(
        long,
        value_name = "FILE",
        hide_short_help = true,
        conflicts_with = "ca_path"
    )]
    pub(super) ca_file: Option<PathBuf>,

    /// Folder of such PEM files [env: CONSUL_CAPATH]
    #[arg(
        long,
        value_name = "DIR",
        hide_short_help = true,
        value_hint = clap::ValueHint::DirPath
    )]
    pub(super) ca_path: Option<PathBuf>,

    /// PEM file with the client certificate [env: CONSUL_CLIENT_CERT]
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) client_cert: Option<PathBuf>,

    /// PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) client_key: Option<PathBuf>,

    /// Name to expect in the server's certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(super) tls_server_name: Option<String>,

    /// Accept any server certificate: others can read and change what is sent
    ///
    /// As CONSUL_HTTP_SSL_VERIFY=false does.
    #[arg(long, hide_short_help = true)]
    pub(super) tls_skip_verify: bool,
}

impl TlsArgs {
    /// Returns the settings for these addresses.
    ///
    /// # Errors
    /// Exit 2, naming the flag or variable.
    pub(super) fn config<'a>(
        &self,
        env: &Env,
        addresses: impl Iterator<Item = &'a Address>,
    ) -> Result<TlsConfig, Failure> {
        self.check_use(addresses)?;
        let path = |flag: &Option<PathBuf>, name| -> Option<PathBuf> {
            let from_env = || env.var(name).map(PathBuf::from);
            flag.clone().or_else(from_env)
        };
        // A flag of either kind beats both variables. Of these the file beats the folder, as in Consul's
        // own client.
        let roots = match (&self.ca_file, &self.ca_path) {
            (Some(file), _) => TrustedRoots::File(file.clone()),
            (None, Some(folder)) => TrustedRoots::Folder(folder.clone()),
            (None, None) => match (env.var("CONSUL_CACERT"), env.var("CONSUL_CAPATH")) {
                (Some(file), _) => TrustedRoots::File(file.into()),
                (None, Some(folder)) => TrustedRoots::Folder(folder.into()),
                (None, None) => TrustedRoots::System,
            },
        };
        let certificate = path(&self.client_cert, "CONSUL_CLIENT_CERT");
        let key = path(&self.client_key, "CONSUL_CLIENT_KEY");
        let client = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
            (None, None) => None,
            (Some(_), None) => return Err(lacks("certificate", "key", "--client-key")),
            (None, Some(_)) => return Err(lacks("key", "certificate", "--client-cert")),
        };
        let verify = env.text("CONSUL_HTTP_SSL_VERIFY")?;
        let verify = match verify.as_deref() {
            None => true,
            text => go_bool("CONSUL_HTTP_SSL_VERIFY", text)?,
        };
        Ok(TlsConfig {
            roots,
            client,
            server_name: self.server_name(env)?,
            skip_verify: self.tls_skip_verify || !verify,
        })
    }

    /// Returns the server's name without a port, as for Consul's own client.
    fn server_name(&self, env: &Env) -> Result<Option<String>, Failure> {
        let (name, source) = match (&self.tls_server_name, env.text("CONSUL_TLS_SERVER_NAME")?) {
            (Some(name), _) if name.is_empty() => return Ok(None),
            (Some(name), _) => (name.clone(), "--tls-server-name"),
            (None, Some(name)) => (name, "CONSUL_TLS_SERVER_NAME"),
            (None, None) => return Ok(None),
        };
        let host = match name.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') && port.parse::<u16>().is_ok() => host,
            _ => &name,
        };
        if TlsConfig::is_server_name(host) {
            return Ok(Some(host.to_owned()));
        }
        Err(Failure::usage(format!(
            "{source}: it can be the name of no server"
        )))
    }

    /// Refuses a flag that has no effect at any of the addresses: who gives it does not want plain HTTP.
    /// Variables may be meant for another address.
    fn check_use<'a>(
        &self,
        mut addresses: impl Iterator<Item = &'a Address>,
    ) -> Result<(), Failure> {
        let first = addresses.next();
        let Some(address) = first.filter(|first| !first.is_https()) else {
            return Ok(());
        };
        if addresses.any(Address::is_https) {
            return Ok(());
        }
        let flags = [
            ("--ca-file", self.ca_file.is_some()),
            ("--ca-path", self.ca_path.is_some()),
            ("--client-cert", self.client_cert.is_some()),
            ("--client-key", self.client_key.is_some()),
            ("--tls-server-name", self.tls_server_name.is_some()),
            ("--tls-skip-verify", self.tls_skip_verify),
        ];
        let Some((flag, _)) = flags.into_iter().find(|(_, given)| *given) else {
            return Ok(());
        };
        let failure = Failure::usage(format!(
            "{flag}: {address} is spoken to without TLS, so it has no effect"
        ));
        Err(match address {
            Address::Tcp { .. } => failure.hint(format!(
                "an address of TLS starts with https://: --http-addr https://{address}, or \
                 CONSUL_HTTP_SSL=true"
            )),
            Address::Unix(_) => failure,
        })
    }
}

fn lacks(given: &str, other: &str, flag: &str) -> Failure {
    let name = match flag {
        "--client-key" => "CONSUL_CLIENT_KEY",
        _ => "CONSUL_CLIENT_CERT",
    };
    Failure::usage(format!("a client {given} needs its {other} too")).hint(format!(
        "{flag} FILE or {name} names it; one file may hold both"
    ))
}
