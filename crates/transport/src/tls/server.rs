//! TLS as the server: its certificate, and its handshake.

use super::client::certificates;
use super::records::Records;
use super::{HTTP_1_1, HTTP_2, Remedies, TlsBytes, TlsError, TlsSetupError};
use crate::Wire;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Encrypts connections, and has a certificate.
#[derive(Debug, Clone)]
pub struct TlsServer {
    config: Arc<ServerConfig>,
}

/// A certificate that was made on the spot, and is nobody else's.
#[derive(Debug, Clone)]
pub struct OwnCertificate(pub(super) CertificateDer<'static>);

impl TlsServer {
    /// With the certificate, and those between it and its root, and the private key of these PEM files.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsSetupError> {
        let chain = certificates(certificate)?;
        let read = |source| TlsSetupError::Read { path: key.to_owned(), source };
        let text = std::fs::read(key).map_err(read)?;
        let pem = |_| TlsSetupError::Pem { path: key.to_owned(), what: "private key" };
        Self::new(chain, PrivateKeyDer::from_pem_slice(&text).map_err(pem)?)
    }

    /// With a certificate made on the spot for `names`, hosts' names or addresses.
    pub fn with_own_certificate(names: Vec<String>) -> Result<(Self, OwnCertificate), TlsSetupError> {
        let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names)?;
        let own = OwnCertificate(cert.der().clone());
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        Ok((Self::new(vec![own.0.clone()], key)?, own))
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsSetupError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        // A client that only writes would never read a ticket, and its close would be a reset.
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![HTTP_1_1.to_vec(), HTTP_2.to_vec()];
        Ok(Self { config: Arc::new(config) })
    }

    /// The same, which speaks no other protocols than these.
    #[cfg(test)]
    pub(super) fn speaking(mut self, protocols: &[&[u8]]) -> Self {
        let protocols = protocols.iter().map(|protocol| protocol.to_vec());
        Arc::make_mut(&mut self.config).alpn_protocols = protocols.collect();
        self
    }

    /// Encrypts a connection whose client begins with TLS.
    pub async fn encrypt(&self, wire: Wire, patience: Duration) -> Result<Wire, TlsError> {
        let socket = wire.into_socket().map_err(TlsError::Io)?;
        let handshake = TlsAcceptor::from(Arc::clone(&self.config)).accept(Records::new(socket));
        let done = timeout(patience, handshake).await.map_err(|_| TlsError::Silent(patience))?;
        done.map(|stream| Wire::encrypted(TlsBytes::new(stream)))
            .map_err(|error| TlsError::of(error, Remedies::OPTIONS))
    }
}
