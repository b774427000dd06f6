//! The store that keys are copied to, where it is another one.

use std::path::PathBuf;

use clap::Args;

use super::tls::TlsArgs;
use super::{ConnectArgs, secret};
use crate::args::env::Env;
use crate::consul::{Config, Secret};
use crate::exit::Failure;

/// The store that keys are copied to. Without an address it is the same cluster, with its token; with one,
/// nothing of the connection flags and variables counts for it: no token is sent to another cluster than
/// its own.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetStoreArgs {
    /// Datacenter to copy to
    #[arg(long, value_name = "NAME")]
    to_datacenter: Option<String>,

    /// Address of the cluster to copy to
    ///
    /// Its token, namespace and TLS are those of the --to flags alone.
    #[arg(long, value_name = "ADDR", value_parser = secret)]
    to_http_addr: Option<Secret>,

    /// File with the ACL token for the target
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    to_token_file: Option<PathBuf>,

    /// Namespace to copy to (Consul Enterprise)
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    to_namespace: Option<String>,

    /// Admin partition to copy to (Consul Enterprise)
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    to_partition: Option<String>,

    /// PEM file with the CAs of the target
    #[arg(
        long,
        value_name = "FILE",
        requires = "to_http_addr",
        hide_short_help = true
    )]
    to_ca_file: Option<PathBuf>,

    /// Folder of such PEM files
    #[arg(
        long,
        value_name = "DIR",
        requires = "to_http_addr",
        conflicts_with = "to_ca_file",
        hide_short_help = true
    )]
    to_ca_path: Option<PathBuf>,

    /// PEM file with the client certificate for the target
    #[arg(
        long,
        value_name = "FILE",
        requires = "to_http_addr",
        hide_short_help = true
    )]
    to_client_cert: Option<PathBuf>,

    /// PEM file with the key of that certificate
    #[arg(
        long,
        value_name = "FILE",
        requires = "to_http_addr",
        hide_short_help = true
    )]
    to_client_key: Option<PathBuf>,

    /// Name to expect in the target's certificate
    #[arg(
        long,
        value_name = "NAME",
        requires = "to_http_addr",
        hide_short_help = true
    )]
    to_tls_server_name: Option<String>,

    /// Accept any certificate of the target
    #[arg(long, requires = "to_http_addr", hide_short_help = true)]
    to_tls_skip_verify: bool,
}

impl TargetStoreArgs {
    /// Returns the configuration for the target; `None` where it is the store that keys are read from.
    ///
    /// # Errors
    /// Exit 2, naming the flag or variable whose value is invalid.
    pub fn config(&self, from: &ConnectArgs, env: &Env) -> Result<Option<Config>, Failure> {
        let source = from.config(env)?;
        let target = match &self.to_http_addr {
            None => {
                let or = |to: &Option<String>, from: &Option<String>| to.clone().or(from.clone());
                let mut connect = from.clone();
                connect.datacenter = or(&self.to_datacenter, &from.datacenter);
                connect.namespace = or(&self.to_namespace, &from.namespace);
                connect.partition = or(&self.to_partition, &from.partition);
                if let Some(file) = &self.to_token_file {
                    connect.token = None;
                    connect.token_file = Some(file.clone());
                }
                connect.config(env)?
            }
            Some(address) => {
                let connect = ConnectArgs {
                    http_addr: vec![address.clone()],
                    token_file: self.to_token_file.clone(),
                    token: None,
                    datacenter: self.to_datacenter.clone(),
                    namespace: self.to_namespace.clone(),
                    partition: self.to_partition.clone(),
                    tls: TlsArgs {
                        ca_file: self.to_ca_file.clone(),
                        ca_path: self.to_ca_path.clone(),
                        client_cert: self.to_client_cert.clone(),
                        client_key: self.to_client_key.clone(),
                        tls_server_name: self.to_tls_server_name.clone(),
                        tls_skip_verify: self.to_tls_skip_verify,
                    },
                    ..from.clone()
                };
                connect.config(&env.without_consul())?
            }
        };
        let place = |config: &Config| {
            (
                config
                    .endpoints()
                    .map(|endpoint| endpoint.address.to_string())
                    .collect::<Vec<_>>(),
                config.datacenter.clone(),
                config.namespace.clone(),
                config.partition.clone(),
            )
        };
        let is_same = place(&source) == place(&target);
        if is_same && self.to_token_file.is_some() {
            let failure = Failure::usage("--to-token-file is for another store, and none is named");
            return Err(failure.hint("--to-datacenter or --to-http-addr names it"));
        }
        Ok((!is_same).then_some(target))
    }
}
