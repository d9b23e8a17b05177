//! `backpressure server`.

use crate::arguments::ServerOptions;
use crate::signals::stop_on_signal;
use crate::{files, printing, runtime, screen};
use ::server::{Server, ServerLimits, Settings, Strangers};
use anyhow::Context;
use endpoint::Sampler;
use scenario::files::{CertificateFiles, Listen, ServerFile};
use socket::Buffers;
use std::net::{Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use transport::TlsServer;
use units::Clock;

/// Serves until a signal ends it.
pub(crate) fn run(options: &ServerOptions) -> anyhow::Result<ExitCode> {
    let Some(path) = options.file() else {
        let listen = options.listen.context("--listen or a file is needed")?;
        let settings = settings(options, (listen, Buffers::Auto), tls(options.certificate())?, None);
        return runtime::start()?.block_on(serve(settings));
    };
    let file = ServerFile::parse(&files::read(path)?, &path.display().to_string())?;
    let port = files::port(std::env::var_os("PORT"))?;
    let listen = options.listen.unwrap_or_else(|| address(file.listen, port));
    let (lines, printer) = printing::start()?;
    let strangers =
        Strangers { protocol: file.protocol, reads: file.reads, message_max: file.message_max, lines };
    let tls = tls(options.certificate().or(file.tls))?;
    let settings = settings(options, (listen, file.buffers), tls, Some(strangers));
    let served = runtime::start()?.block_on(serve(settings))?;
    printer.finish()?;
    Ok(served)
}

/// Where a file's server listens: the environment's port wins.
fn address(listen: Listen, port: Option<u16>) -> SocketAddr {
    match listen {
        Listen::Everywhere(own) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, port.unwrap_or(own))),
        Listen::At(address) => SocketAddr::new(address.ip(), port.unwrap_or(address.port())),
    }
}

/// Who encrypts, by the files that are given.
fn tls(files: Option<CertificateFiles>) -> anyhow::Result<Option<TlsServer>> {
    let server = files.map(|files| TlsServer::from_files(&files.cert, &files.key));
    server.transpose().context("could not set TLS up")
}

fn settings(
    options: &ServerOptions,
    (listen, buffers): (SocketAddr, Buffers),
    tls: Option<TlsServer>,
    strangers: Option<Strangers>,
) -> Settings {
    let connections = options.connections as usize;
    let limits = ServerLimits { connections, streams: connections, ..ServerLimits::default() };
    Settings { listen, buffers: options.buffers.unwrap_or(buffers), limits, tls, public: true, strangers }
}

async fn serve(settings: Settings) -> anyhow::Result<ExitCode> {
    let clock = Clock::start();
    let sampler = Sampler::start(clock).context("could not start the sampler's thread")?;
    let listen = settings.listen;
    let could_not_listen = || format!("could not listen on {listen}");
    let server = Server::bind(settings, clock, sampler).with_context(could_not_listen)?;
    let address = server.local_addr().with_context(could_not_listen)?;
    screen::print(&format!("listening on {address}\n"))?;
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(stop_on_signal(stop.clone())?);
    server.serve(stop).await;
    tasks.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environments_port_wins_over_the_files_and_leaves_its_address() {
        assert_eq!(address(Listen::Everywhere(8080), None).to_string(), "[::]:8080");
        assert_eq!(address(Listen::Everywhere(8080), Some(9000)).to_string(), "[::]:9000");
        let local = Listen::At(SocketAddr::from(([127, 0, 0, 1], 8080)));
        assert_eq!(address(local, Some(9000)).to_string(), "127.0.0.1:9000");
    }
}
