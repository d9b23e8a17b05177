//! TLS as the client: whom it trusts, and its handshake.

use super::records::Records;
use super::server::OwnCertificate;
use super::{HTTP_1_1, HTTP_2, Remedies, TlsBytes, TlsError, TlsSetupError};
use crate::Wire;
use scenario::{Tls, Transport};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// Encrypts connections, and knows whom to trust.
#[derive(Debug, Clone)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
    /// The name to ask for, where it is not the host that is dialled.
    name: Option<ServerName<'static>>,
    remedies: Remedies,
}

impl TlsClient {
    /// As `tls` says, which was said in the words of the `remedies`; who has the key to our `own` certificate is trusted as well.
    pub fn new(tls: &Tls, own: Option<&OwnCertificate>, remedies: Remedies) -> Result<Self, TlsSetupError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = verifier(tls, own, &provider, remedies)?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        // Every connection does all of its handshake: they are compared with each other.
        config.resumption = Resumption::disabled();
        let name = tls.sni.as_deref().map(server_name).transpose()?;
        Ok(Self { config: Arc::new(config), name, remedies })
    }

    /// Encrypts a connection to `address` (`HOST:PORT`), on which `transport` is about to begin.
    pub async fn encrypt(
        &self,
        wire: Wire,
        transport: &Transport,
        address: &str,
        patience: Duration,
    ) -> Result<Wire, TlsError> {
        let socket = wire.into_socket().map_err(TlsError::Io)?;
        let name = match &self.name {
            Some(name) => name.clone(),
            None => server_name(host(address))?,
        };
        let protocols = match transport {
            Transport::Tcp => Vec::new(),
            Transport::Http(http) if http.http2 => vec![HTTP_2.to_vec()],
            Transport::WebSocket(_) | Transport::Http(_) => vec![HTTP_1_1.to_vec()],
        };
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let handshake = connector.with_alpn(protocols).connect(name, Records::new(socket));
        let done = timeout(patience, handshake).await.map_err(|_| TlsError::Silent(patience))?;
        let stream = done.map_err(|error| TlsError::of(error, self.remedies))?;
        if transport.is_http2() && stream.get_ref().1.alpn_protocol() != Some(HTTP_2) {
            return Err(TlsError::Protocol);
        }
        Ok(Wire::encrypted(TlsBytes::new(stream)))
    }
}

fn verifier(
    tls: &Tls,
    own: Option<&OwnCertificate>,
    provider: &Arc<CryptoProvider>,
    remedies: Remedies,
) -> Result<Arc<dyn ServerCertVerifier>, TlsSetupError> {
    if tls.insecure {
        return Ok(Arc::new(Anybody(Arc::clone(provider))));
    }
    let mut known = own.map(|own| own.0.clone()).into_iter().collect::<Vec<_>>();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(known.iter().cloned());
    if let Some(path) = &tls.ca {
        for (certificate, number) in certificates(path)?.into_iter().zip(1..) {
            let unreadable = |_| TlsSetupError::Unreadable { path: path.clone(), number };
            roots.add(certificate.clone()).map_err(unreadable)?;
            known.push(certificate);
        }
    } else {
        // What cannot be read of the system's is said by whoever is not trusted for it.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() {
        return Err(TlsSetupError::NoRoots(remedies));
    }
    let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    Ok(Arc::new(Trusted { chains, known }))
}

/// The certificates in a file.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let read = |source| TlsSetupError::Read { path: path.to_owned(), source };
    let text = std::fs::read(path).map_err(read)?;
    let numbered = CertificateDer::pem_slice_iter(&text).zip(1..);
    let read = numbered.map(|(found, number)| {
        found.map_err(|_| TlsSetupError::Unreadable { path: path.to_owned(), number })
    });
    let found = read.collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() {
        return Err(TlsSetupError::Pem { path: path.to_owned(), what: "certificate" });
    }
    Ok(found)
}

fn server_name(name: &str) -> Result<ServerName<'static>, TlsSetupError> {
    ServerName::try_from(name.to_owned()).map_err(|_| TlsSetupError::Name(name.to_owned()))
}

/// The host of `HOST:PORT`, without the brackets of an IPv6 address.
pub fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The certificate of a CA cannot be a server's, says webpki.
pub(super) fn is_an_authoritys(error: &CertificateError) -> bool {
    let CertificateError::Other(other) = error else { return false };
    matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// Trusts chains that end in a root, and the certificates that a person named, which may be a CA's: `openssl req -x509`
/// makes them so.
#[derive(Debug)]
struct Trusted {
    chains: Arc<WebPkiServerVerifier>,
    known: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Trusted {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.chains.verify_server_cert(certificate, intermediates, name, stapled, now) {
            // Whether it has expired was looked at before.
            Err(Error::InvalidCertificate(error))
                if is_an_authoritys(&error) && self.known.iter().any(|known| known == certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

/// Trusts whoever answers.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
