//! The ways in which a TLS handshake fails, each with the side that objects.

use std::fmt;
use std::time::{Duration, SystemTime};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use crate::model::name_first;

/// The most names of a certificate that a message has.
const MOST_NAMES: usize = 6;

/// The side that ends a handshake, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFault {
    /// No authority that is trusted here signed the server's certificate.
    UnknownAuthority,
    /// The server's certificate is over, or not valid yet.
    ServerExpired,
    /// The server's certificate is for other names.
    ServerName,
    /// The server's certificate cannot be used for another reason.
    ServerCertificate,
    /// The server wants a client certificate, and none is configured.
    ClientMissing,
    /// The server does not accept the client certificate.
    ClientRefused,
    /// What answers is no TLS.
    PlainHttp,
    /// The connection ended, or nothing came, before the handshake was over.
    NoAnswer,
    /// The sides have no version or cipher of TLS in common, or one broke its rules.
    Protocol,
}

impl TlsFault {
    /// Whether the same handshake may succeed later without a change of certificates or settings: a
    /// server that restarts, or a load balancer without one, closes connections.
    pub fn is_transient(self) -> bool {
        self == TlsFault::NoAnswer
    }

    /// What the user can do about it.
    pub fn hint(self) -> &'static str {
        match self {
            TlsFault::UnknownAuthority => {
                "--ca-file or CONSUL_CACERT must name the CA that signed it"
            }
            TlsFault::ServerExpired => {
                "the server needs another certificate, unless the clock of this machine is wrong"
            }
            TlsFault::ServerName => {
                "--tls-server-name or CONSUL_TLS_SERVER_NAME is the name to expect in it"
            }
            TlsFault::ServerCertificate => "the server needs another certificate",
            TlsFault::ClientMissing => {
                "--client-cert and --client-key, or CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY, name one"
            }
            TlsFault::ClientRefused => {
                "is it expired, or of a CA that the server does not know? \
                 openssl x509 -in FILE -noout -dates -issuer"
            }
            TlsFault::PlainHttp => {
                "this port speaks plain HTTP, which needs an address that starts with http://, and no \
                 CONSUL_HTTP_SSL; Consul's usual port of HTTPS is 8501"
            }
            TlsFault::NoAnswer => "does this port speak TLS? Consul's usual port of HTTPS is 8501",
            TlsFault::Protocol => {
                "kvw speaks TLS 1.2 and 1.3, with keys of RSA from 2048 bits on, ECDSA with P-256 or P-384, \
                 and Ed25519"
            }
        }
    }
}

/// A failed handshake. Nothing of a request was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFailure {
    pub(in crate::consul) fault: TlsFault,
    pub(in crate::consul) text: String,
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TlsFailure {
    pub(super) fn new(fault: TlsFault, text: impl Into<String>) -> Self {
        TlsFailure {
            fault,
            text: text.into(),
        }
    }

    /// Describes the end of a handshake before the server chose a version and a cipher. Servers that miss a
    /// client certificate may give the same alert, but later.
    pub(super) fn nothing_in_common() -> Self {
        TlsFailure::new(
            TlsFault::Protocol,
            "the server ended the TLS handshake: it has no cipher, or no kind of certificate, in common \
             with kvw",
        )
    }

    /// Describes an error of the handshake with the server that should have `name`. Servers answer
    /// with the same alert whether a client certificate is missing or not accepted: which it is
    /// follows from whether one was sent (`has_certificate`).
    pub(super) fn from_error(error: &Error, name: &str, has_certificate: bool) -> Self {
        let new = |fault, text: &str| TlsFailure::new(fault, text);
        match error {
            Error::InvalidCertificate(error) => from_certificate(error, name),
            Error::AlertReceived(alert) => from_alert(*alert, name, has_certificate),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
                new(TlsFault::PlainHttp, "the answer is not TLS")
            }
            Error::PeerIncompatible(
                PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::ServerDoesNotSupportTls12Or13,
            )
            | Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => too_old(),
            error => new(
                TlsFault::Protocol,
                &format!("the TLS handshake failed: {error}"),
            ),
        }
    }
}

fn too_old() -> TlsFailure {
    TlsFailure::new(
        TlsFault::Protocol,
        "the server speaks only versions of TLS before 1.2, which are no longer safe",
    )
}

fn from_certificate(error: &CertificateError, name: &str) -> TlsFailure {
    let (fault, text) = match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => (
            TlsFault::UnknownAuthority,
            "the server's certificate is signed by an authority that is not trusted".to_owned(),
        ),
        CertificateError::Expired => (
            TlsFault::ServerExpired,
            "the server's certificate has expired".to_owned(),
        ),
        CertificateError::ExpiredContext { not_after, .. } => (
            TlsFault::ServerExpired,
            format!("the server's certificate expired at {}", date(*not_after)),
        ),
        CertificateError::NotValidYet => (
            TlsFault::ServerExpired,
            "the server's certificate is not valid yet".to_owned(),
        ),
        CertificateError::NotValidYetContext { not_before, .. } => (
            TlsFault::ServerExpired,
            format!(
                "the server's certificate is not valid before {}",
                date(*not_before)
            ),
        ),
        CertificateError::NotValidForName => (
            TlsFault::ServerName,
            format!("the server's certificate is not for {name}"),
        ),
        CertificateError::NotValidForNameContext { presented, .. } => (
            TlsFault::ServerName,
            format!(
                "the server's certificate is not for {name}, but for {}",
                names(presented)
            ),
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => (
            TlsFault::ServerCertificate,
            "the server's certificate is not one for servers".to_owned(),
        ),
        CertificateError::Revoked => (
            TlsFault::ServerCertificate,
            "the server's certificate is revoked".to_owned(),
        ),
        // `openssl req -x509` makes such a one unless asked for another.
        error if is_authority(error) => (
            TlsFault::UnknownAuthority,
            "the server's certificate is that of an authority, and not among those that are trusted"
                .to_owned(),
        ),
        error => (
            TlsFault::ServerCertificate,
            format!("the server's certificate cannot be used: {error}"),
        ),
    };
    TlsFailure::new(fault, text)
}

/// Whether a certificate was refused because it is that of an authority.
pub(super) fn is_authority(error: &CertificateError) -> bool {
    // Of rustls this is one of many other errors.
    matches!(error, CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity"))
}

fn from_alert(alert: AlertDescription, name: &str, has_certificate: bool) -> TlsFailure {
    use AlertDescription as Alert;
    let new = |fault, text: &str| TlsFailure::new(fault, text);
    match alert {
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied
        | Alert::DecryptError
        | Alert::CertificateRequired
        | Alert::NoCertificate => match (has_certificate, alert) {
            (false, _) => new(
                TlsFault::ClientMissing,
                "the server requires a client certificate",
            ),
            (true, Alert::CertificateExpired) => new(
                TlsFault::ClientRefused,
                "the server refused the client certificate: it has expired",
            ),
            (true, Alert::UnknownCA) => new(
                TlsFault::ClientRefused,
                "the server refused the client certificate: it does not know the authority",
            ),
            (true, _) => new(
                TlsFault::ClientRefused,
                "the server refused the client certificate",
            ),
        },
        Alert::UnrecognisedName => new(
            TlsFault::ServerName,
            &format!("the server has no certificate for {name}"),
        ),
        Alert::ProtocolVersion => too_old(),
        Alert::HandshakeFailure | Alert::InsufficientSecurity if !has_certificate => new(
            TlsFault::ClientMissing,
            "the server ended the TLS handshake: it may require a client certificate",
        ),
        alert => new(
            TlsFault::Protocol,
            &format!("the server ended the TLS handshake: {alert:?}"),
        ),
    }
}

/// Lists the names of a certificate, which come as `DnsName("localhost")` and `IpAddress(127.0.0.1)`.
fn names(presented: &[String]) -> String {
    let plain = |text: &String| -> Option<String> {
        let (kind, rest) = text.split_once('(')?;
        let name = rest.strip_suffix(')')?.trim_matches('"');
        matches!(kind, "DnsName" | "IpAddress").then(|| name.to_owned())
    };
    let all: Vec<_> = presented.iter().filter_map(plain).collect();
    match all.len() {
        // As for Go, the common name of the subject is none.
        0 => "no host: it has no subject alternative name".to_owned(),
        _ => name_first(all.iter().map(String::as_str), MOST_NAMES),
    }
}

fn date(time: UnixTime) -> String {
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(time.as_secs()))
        .map(|time| humantime::format_rfc3339_seconds(time).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_names_the_client_certificate_that_was_sent_or_not() {
        let failure = |alert, has| TlsFailure::from_error(&Error::AlertReceived(alert), "h", has);
        for alert in [
            AlertDescription::BadCertificate,
            AlertDescription::CertificateRequired,
            AlertDescription::UnknownCA,
        ] {
            assert_eq!(failure(alert, false).fault, TlsFault::ClientMissing);
            assert_eq!(failure(alert, true).fault, TlsFault::ClientRefused);
        }
        let failed = failure(AlertDescription::HandshakeFailure, true);
        assert_eq!(failed.fault, TlsFault::Protocol);
        let too_old = failure(AlertDescription::ProtocolVersion, false);
        assert_eq!(too_old.fault, TlsFault::Protocol);
        assert!(too_old.text.contains("before 1.2"), "{too_old}");
    }

    #[test]
    fn the_names_of_a_certificate_are_listed() {
        let list = |presented: &[&str]| {
            let presented: Vec<_> = presented.iter().map(ToString::to_string).collect();
            names(&presented)
        };
        let both = [r#"DnsName("a.b")"#, "IpAddress(10.0.0.1)", "DirectoryName"];
        assert_eq!(list(&both), "a.b, 10.0.0.1");
        assert_eq!(
            list(&["Unsupported(0x66)"]),
            "no host: it has no subject alternative name"
        );
        let many: Vec<_> = (0..9).map(|n| format!("DnsName(\"n{n}\")")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(list(&many), "n0, n1, n2, n3, n4, n5 and 3 more");
    }
}
