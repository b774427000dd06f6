//! TLS: what is trusted, what is presented, and connections that read their files again when these
//! were written anew. Nothing of it is built for plain HTTP.

pub(super) mod failure;
mod files;
mod transport;
mod verify;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use ureq::unversioned::transport::{ConnectionDetails, Transport};

pub use self::failure::{TlsFailure, TlsFault};
use self::files::{FileError, ReadFiles, Reading};
pub(super) use self::transport::TlsTransport;
use self::verify::{GivenAuthorities, SkipVerify};

/// The authorities that may sign the server's certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TrustedRoots {
    /// Those of the system.
    #[default]
    System,
    /// Those of a file in PEM form, and no others, as for Consul's own client.
    File(PathBuf),
    /// Those of all files of a folder, and no others.
    Folder(PathBuf),
}

/// The files of a client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and intermediate ones after it.
    pub certificate: PathBuf,
    /// Its private key, not encrypted.
    pub key: PathBuf,
}

/// The settings of TLS; without a meaning for plain HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// The authorities that may sign the server's certificate.
    pub roots: TrustedRoots,
    /// What is presented to servers that want a client certificate.
    pub client: Option<ClientCertificate>,
    /// The name to ask for and to expect in the server's certificate, instead of the host.
    pub server_name: Option<String>,
    /// Whether any certificate is accepted.
    pub skip_verify: bool,
}

impl TlsConfig {
    /// Whether the text can be the name of a server.
    pub fn is_server_name(text: &str) -> bool {
        ServerName::try_from(text).is_ok()
    }
}

/// The TLS of one client.
pub(super) struct Tls {
    config: TlsConfig,
    name: ServerName<'static>,
    /// The longest time to wait for a file that is a pipe.
    patience: Duration,
    /// Shared by the addresses of a client.
    loaded: Arc<Mutex<Loaded>>,
}

/// What was made of the files, and the files.
struct Loaded {
    client: Arc<ClientConfig>,
    files: ReadFiles,
}

/// A failure to set up TLS: what was being done, and why it cannot be.
pub(super) type SetupFailure = (String, String);

impl Tls {
    /// Reads and checks the files. `host` is that of the address, without brackets.
    pub(super) fn new(
        config: &TlsConfig,
        host: &str,
        patience: Duration,
    ) -> Result<Self, SetupFailure> {
        let name = server_name(config, host)?;
        let loaded = load(config, &ReadFiles::default(), patience)
            .map_err(|FileError { doing, reason }| (doing, reason))?;
        Ok(Tls {
            config: config.clone(),
            name,
            patience,
            loaded: Arc::new(Mutex::new(loaded)),
        })
    }

    /// Uses the same files for another host.
    pub(super) fn for_host(&self, host: &str) -> Result<Self, SetupFailure> {
        Ok(Tls {
            config: self.config.clone(),
            name: server_name(&self.config, host)?,
            patience: self.patience,
            loaded: self.loaded.clone(),
        })
    }

    /// Makes a TLS connection of a connection.
    ///
    /// # Errors
    /// A [`FailedPhase`](super::failed_phase::FailedPhase).
    pub(super) fn connect(
        &self,
        inner: Box<dyn Transport>,
        details: &ConnectionDetails<'_>,
    ) -> Result<TlsTransport, ureq::Error> {
        let config = self.client_config();
        TlsTransport::connect(
            config,
            self.name.clone(),
            self.config.client.is_some(),
            inner,
            details,
        )
    }

    /// Returns the configuration of a new connection, made anew if the files were written since. Files
    /// that cannot be used, such as half of a new pair, leave it as it was; the next connection looks
    /// again.
    fn client_config(&self) -> Arc<ClientConfig> {
        let mut loaded = self.lock();
        if loaded.files.look_changed() {
            self.replace(&mut loaded);
        }
        loaded.client.clone()
    }

    /// Reads the files again after a failed handshake, however they look from outside. Returns whether
    /// another handshake may end otherwise.
    pub(super) fn reread(&self) -> bool {
        self.replace(&mut self.lock())
    }

    /// Returns whether the files have other contents, and can be used.
    fn replace(&self, loaded: &mut Loaded) -> bool {
        match load(&self.config, &loaded.files, self.patience) {
            Ok(fresh) => {
                let changed = !fresh.files.have_contents_of(&loaded.files);
                if changed {
                    log::info!("the certificate files have changed and were read again");
                    *loaded = fresh;
                } else {
                    // Sessions of the same trust can be resumed.
                    loaded.files = fresh.files;
                }
                changed
            }
            Err(FileError { doing, reason }) => {
                log::info!("{doing}: {reason}; the ones that were read before are kept");
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name that a server at this host must have.
fn server_name(config: &TlsConfig, host: &str) -> Result<ServerName<'static>, SetupFailure> {
    let name = config.server_name.as_deref().unwrap_or(host);
    ServerName::try_from(name.to_owned()).map_err(|_| {
        let reason = "it can be the name of no server".to_owned();
        (format!("expecting a certificate of {name}"), reason)
    })
}

/// Reads all files and makes a configuration of them.
fn load(config: &TlsConfig, before: &ReadFiles, patience: Duration) -> Result<Loaded, FileError> {
    let provider = Arc::new(ring::default_provider());
    let mut reading = Reading {
        before,
        files: ReadFiles::default(),
        patience,
    };
    let roots = match &config.roots {
        TrustedRoots::System => None,
        TrustedRoots::File(path) => Some(reading.ca_file(path)?),
        TrustedRoots::Folder(folder) => Some(reading.ca_folder(folder)?),
    };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| setup_error("setting up TLS", &error))?;
    let builder = match roots {
        _ if config.skip_verify => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(SkipVerify::new(&provider))),
        Some(roots) => {
            let verifier = GivenAuthorities::new(roots, &provider).map_err(|reason| FileError {
                doing: "setting up TLS".to_owned(),
                reason,
            })?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        }
        None => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(
                rustls_platform_verifier::Verifier::new(provider.clone())
                    .map_err(|error| setup_error("loading the system's CA certificates", &error))?,
            )),
    };
    let client = match &config.client {
        Some(files) => {
            let key = client_certificate(files, &mut reading, &provider)?;
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key)))
        }
        None => builder.with_no_client_auth(),
    };
    Ok(Loaded {
        client: Arc::new(client),
        files: reading.files,
    })
}

/// Reads a client certificate and its key, which must match.
fn client_certificate(
    files: &ClientCertificate,
    reading: &mut Reading<'_>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, FileError> {
    let certificates = reading.client_certificate(&files.certificate)?;
    let key = reading.client_key(&files.key)?;
    CertifiedKey::from_der(certificates.clone(), key.clone_key(), provider).map_err(|error| {
        let shown = files.key.display();
        let reason = match error {
            rustls::Error::InconsistentKeys(_) => {
                let mut others = certificates.into_iter().skip(1);
                let is_of_key = |other| {
                    CertifiedKey::from_der(vec![other], key.clone_key(), provider).is_ok()
                };
                match others.any(is_of_key) {
                    true => format!(
                        "the key {shown} is that of a later certificate in it, which has to be the first"
                    ),
                    false => format!("the key {shown} is that of another one"),
                }
            }
            // What the provider says of a key that it cannot use.
            rustls::Error::General(_) => format!(
                "kvw has no use for a key of the kind of {shown}: only RSA of 2048 to 4096 bits, ECDSA \
                 with P-256 or P-384, and Ed25519"
            ),
            error => error.to_string(),
        };
        FileError {
            doing: format!(
                "using the client certificate {}",
                files.certificate.display()
            ),
            reason,
        }
    })
}

fn setup_error(doing: &str, error: &rustls::Error) -> FileError {
    let reason = match error {
        rustls::Error::General(text) => text.clone(),
        error => error.to_string(),
    };
    FileError {
        doing: doing.to_owned(),
        reason,
    }
}

/// The name of a server as it is shown.
fn shown(name: &ServerName<'_>) -> String {
    match name {
        ServerName::DnsName(name) => name.as_ref().to_owned(),
        ServerName::IpAddress(address) => IpAddr::from(*address).to_string(),
        _ => String::new(),
    }
}
