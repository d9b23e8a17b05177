//! What goes wrong with TLS, each in one line.

use super::Remedies;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

/// Why TLS cannot be used at all, whoever the peer is.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// A file cannot be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} holds no {what} in PEM", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// A certificate among those in a file is damaged.
    #[error("could not read certificate {number} in {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Which of them, from 1.
        number: usize,
    },
    /// The system trusts nobody.
    #[error("this system has no CA certificates; give {} or {}", .0.ca, .0.insecure)]
    NoRoots(Remedies),
    /// It is neither a host's name nor an address.
    #[error("`{0}` is no name that can be asked for by TLS")]
    Name(String),
    /// Certificate and key do not go together, or are of no known kind.
    #[error("could not use the certificate")]
    Certificate(#[from] Error),
    /// No certificate could be made.
    #[error("could not make a certificate")]
    Make(#[from] rcgen::Error),
}

/// Why a connection carries no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The connection failed.
    #[error("the connection failed in the handshake")]
    Io(#[source] io::Error),
    /// The peer closed.
    #[error("it ended the connection in the handshake: it may not speak TLS")]
    Ended,
    /// The peer took its time.
    #[error("it had not finished the handshake after {} s: it may not speak TLS", .0.as_secs())]
    Silent(Duration),
    /// The peer speaks something else.
    #[error("it does not speak TLS")]
    Foreign,
    /// The peer says no.
    #[error("it refused the handshake: {0}")]
    Refused(String),
    /// The peer does not speak the version of HTTP that was asked for (ALPN).
    #[error(
        "it does not agree to speak the version of HTTP that is asked for: give --http2, or leave it out"
    )]
    Protocol,
    /// The peer is not who it should be.
    #[error("its certificate {0}")]
    Certificate(String),
    /// The host that is dialled is none that a certificate can name.
    #[error(transparent)]
    Setup(#[from] TlsSetupError),
    /// TLS failed otherwise.
    #[error("the handshake failed: {0}")]
    Other(Error),
}

impl TlsSetupError {
    /// The file that does not do, and what was looked for there, if that is known.
    pub fn file(&self) -> Option<(&Path, Option<&'static str>)> {
        match self {
            Self::Pem { path, what } => Some((path, Some(what))),
            Self::Read { path, .. } | Self::Unreadable { path, .. } => Some((path, None)),
            Self::NoRoots(_) | Self::Name(_) | Self::Certificate(_) | Self::Make(_) => None,
        }
    }
}

impl TlsError {
    pub(super) fn of(error: io::Error, remedies: Remedies) -> Self {
        if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) {
            return Self::Ended;
        }
        match error.downcast::<Error>() {
            Ok(Error::InvalidMessage(_)) => Self::Foreign,
            Ok(Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => Self::Protocol,
            Ok(Error::AlertReceived(alert)) => Self::Refused(format!("{alert:?}")),
            Ok(Error::InvalidCertificate(error)) => Self::Certificate(complaint(&error, remedies)),
            Ok(error) => Self::Other(error),
            Err(error) => Self::Io(error),
        }
    }
}

/// What is wrong with a certificate, as a sentence goes on after "its certificate".
fn complaint(error: &CertificateError, remedies: Remedies) -> String {
    let Remedies { ca, insecure, sni } = remedies;
    match error {
        CertificateError::UnknownIssuer => {
            format!("is signed by nobody who is trusted here; give {ca}, or {insecure}")
        }
        CertificateError::BadSignature => {
            "is signed by another key than that of the CA of this name that is trusted here".to_owned()
        }
        CertificateError::ExpiredContext { not_after, .. } => format!("expired at {}", date(*not_after)),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("is valid from {} on", date(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } if presented.is_empty() => {
            format!("names nobody, not `{}` either; give {sni} or {insecure}", expected.to_str())
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let named = presented.iter().map(|name| bare(name)).collect::<Vec<_>>().join(", ");
            format!("is not for `{}` but for {named}", expected.to_str())
        }
        error if super::client::is_an_authoritys(error) => {
            format!("is a CA's own, as openssl makes them: give it as {ca}, or {insecure}")
        }
        other => format!("is not accepted: {other}"),
    }
}

/// rustls tells names as it holds them: `DnsName("a.example")`.
fn bare(name: &str) -> &str {
    name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name).trim_matches('"')
}

fn date(time: UnixTime) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(time.as_secs())).to_string()
}
