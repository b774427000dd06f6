//! Certificates of the tests' own, made for each test.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An authority, or an intermediate one.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The certificates between it and its root, itself first.
    chain: Vec<Vec<u8>>,
}

/// The time in which a certificate is valid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Valid {
    Now,
    /// Until a day of 2020.
    Before,
    /// From a day of 2100 on.
    Later,
}

impl Valid {
    fn set(self, params: &mut CertificateParams) {
        (params.not_before, params.not_after) = match self {
            Valid::Now => (date_time_ymd(2020, 1, 2), date_time_ymd(2100, 1, 2)),
            Valid::Before => (date_time_ymd(2019, 1, 2), date_time_ymd(2020, 1, 2)),
            Valid::Later => (date_time_ymd(2100, 1, 2), date_time_ymd(2101, 1, 2)),
        };
    }
}

/// A certificate with its chain and its key.
pub struct Certificate {
    chain: Vec<Vec<u8>>,
    /// PKCS #8.
    key: Vec<u8>,
}

impl Authority {
    /// A root.
    pub fn new(name: &str) -> Self {
        let issuer = CertifiedIssuer::self_signed(authority(name), key()).unwrap();
        Authority {
            issuer,
            chain: Vec::new(),
        }
    }

    /// An intermediate authority.
    pub fn intermediate(&self, name: &str) -> Self {
        let issuer = CertifiedIssuer::signed_by(authority(name), key(), &self.issuer).unwrap();
        let own = issuer.der().to_vec();
        Authority {
            issuer,
            chain: [vec![own], self.chain.clone()].concat(),
        }
    }

    /// Its own certificate as PEM.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", self.issuer.der())
    }

    /// Its own certificate.
    pub fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A certificate of a server with these names.
    pub fn server(&self, names: &[&str]) -> Certificate {
        self.certificate(names, Valid::Now)
    }

    /// A certificate of a client.
    pub fn client(&self) -> Certificate {
        self.certificate(&["client.dc1.consul"], Valid::Now)
    }

    /// A certificate that is valid at this time, for servers and clients, as Consul's are.
    pub fn certificate(&self, names: &[&str], valid: Valid) -> Certificate {
        self.certify(names, valid, &key())
    }

    /// A certificate of this key.
    pub fn certify(&self, names: &[&str], valid: Valid, key: &KeyPair) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "kvw test");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        valid.set(&mut params);
        let own = params.signed_by(key, &self.issuer).unwrap();
        Certificate {
            chain: [vec![own.der().to_vec()], self.chain.clone()].concat(),
            key: key.serialize_der(),
        }
    }
}

impl Certificate {
    /// An authority's certificate that is a server's too, as `openssl req -x509` makes it.
    pub fn self_signed(names: &[&str], valid: Valid) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        valid.set(&mut params);
        let key = key();
        Certificate {
            chain: vec![params.self_signed(&key).unwrap().der().to_vec()],
            key: key.serialize_der(),
        }
    }

    /// The chain as PEM.
    pub fn pem(&self) -> String {
        let pems = self.chain.iter();
        pems.map(|der| pem("CERTIFICATE", der)).collect()
    }

    /// The key as PEM, in the form of PKCS #8.
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }

    /// The key in the form of SEC 1, as `consul tls cert create` writes it, or of PKCS #1: it is the
    /// last member of PKCS #8.
    pub fn plain_key_pem(&self, label: &str) -> String {
        // Its length is in one or two bytes behind the tag of an octet string.
        let tag = (0..self.key.len()).rev().find(|at| {
            let rest = &self.key[*at..];
            let inner = match rest {
                [4, 0x82, high, low, inner @ ..] => {
                    let length = usize::from(*high) << 8 | usize::from(*low);
                    Some(inner).filter(|inner| inner.len() == length)
                }
                [4, length @ ..=0x7f, inner @ ..] => {
                    Some(inner).filter(|inner| inner.len() == usize::from(*length))
                }
                _ => None,
            };
            // A sequence that begins with a version.
            inner.is_some_and(|inner| inner.first() == Some(&0x30))
        });
        let inner = &self.key[tag.unwrap()..];
        let inner = &inner[if inner[1] == 0x82 { 4 } else { 2 }..];
        pem(label, inner)
    }

    /// Writes the chain and the key, and returns their paths.
    pub fn write(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) = (
            folder.join(format!("{name}.pem")),
            folder.join(format!("{name}-key.pem")),
        );
        std::fs::write(&certificate, self.pem()).unwrap();
        std::fs::write(&key, self.key_pem()).unwrap();
        (certificate, key)
    }

    /// For rustls.
    pub(super) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain
            .iter()
            .cloned()
            .map(CertificateDer::from)
            .collect()
    }

    /// For rustls.
    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

/// A key of P-256.
fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A section of PEM.
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
