//! The options that encrypt what a check sends.

use anyhow::bail;
use clap::Args;
use scenario::Tls;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(next_help_heading = "TLS")]
pub(super) struct TlsOptions {
    /// Encrypt the client's connections; a --target's URL says it itself (tls://, wss://, https://).
    ///
    /// The server of a check takes TLS and plain connections alike, so TLS may end at the middlebox, or pass through to the
    /// server, which has a certificate made on the spot that the client knows.
    #[arg(long, conflicts_with = "target", env = "BACKPRESSURE_TLS")]
    tls: bool,
    /// Trust the certificates in this PEM file instead of the system's.
    #[arg(long, value_name = "FILE", conflicts_with = "insecure", env = "BACKPRESSURE_CA")]
    ca: Option<PathBuf>,
    /// Trust whoever answers: the server's certificate is not checked. The report says so.
    #[arg(long, env = "BACKPRESSURE_INSECURE")]
    insecure: bool,
    /// The name to ask for (SNI) and to look for in the certificate, instead of the host that is dialled.
    #[arg(long, value_name = "NAME", env = "BACKPRESSURE_SNI")]
    sni: Option<String>,
}

impl TlsOptions {
    /// How connections are encrypted, if they are: because these options say so, or a URL.
    pub(super) fn tls(&self, by_url: bool) -> anyhow::Result<Option<Tls>> {
        let Self { tls, ca, insecure, sni } = self;
        if *tls || by_url {
            return Ok(Some(Tls { ca: ca.clone(), insecure: *insecure, sni: sni.clone() }));
        }
        let given = [(ca.is_some(), "--ca"), (*insecure, "--insecure"), (sni.is_some(), "--sni")];
        if let Some((_, option)) = given.into_iter().find(|(given, _)| *given) {
            bail!("{option} needs TLS: --tls, or a --target of tls://, wss:// or https://");
        }
        Ok(None)
    }
}
