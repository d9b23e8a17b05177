//! TLS for both sides of a check.

use scenario::{Scenario, Topology};
use transport::{Remedies, TlsClient, TlsServer, TlsSetupError, host};

/// What encrypts a check's connections: nothing, or the client's side, and the server's where it runs in this process.
///
/// That server has a certificate of its own, which the client knows: so TLS may end in between, or pass through to the
/// server, and the check need not be told which.
pub(crate) fn set_up(scenario: &Scenario) -> Result<(Option<TlsClient>, Option<TlsServer>), TlsSetupError> {
    let Some(tls) = &scenario.tls else { return Ok((None, None)) };
    let dialled = match &scenario.topology {
        Topology::Target { .. } | Topology::Service(_) => {
            return Ok((Some(TlsClient::new(tls, None, Remedies::OPTIONS)?), None));
        }
        Topology::Loopback => None,
        Topology::Via { via: Some(via), .. } => Some(host(via).to_owned()),
        Topology::Via { listen, via: None } => Some(listen.ip().to_string()),
    };
    let local = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let names = local.into_iter().chain(dialled).chain(tls.sni.clone()).collect();
    let (server, own) = TlsServer::with_own_certificate(names)?;
    Ok((Some(TlsClient::new(tls, Some(&own), Remedies::OPTIONS)?), Some(server)))
}
