//! The server as a program: what it is told in, an exit code out.

use crate::{Server, ServerLimits, Settings, Strangers};
use anyhow::Context;
use endpoint::Sampler;
use pair::{Collection, Watching};
use process::{port_of, print, read_file, start_printing, start_runtime, stop_on_signal};
use report::{Started, make_folder};
use scenario::Token;
use scenario::files::{CertificateFiles, FileError, Listen, ServerFile};
use socket::Buffers;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use transport::{TlsServer, TlsSetupError};
use units::Clock;

/// What a server is told.
#[derive(Debug, Clone, Default)]
pub struct Told<'a> {
    /// A file: clients of a pair are served too, as it says.
    pub file: Option<&'a Path>,
    /// Where to listen; wins over the file and the environment, and is needed where there is no file.
    pub listen: Option<SocketAddr>,
    /// Socket buffers of the listener; win over the file.
    pub buffers: Option<Buffers>,
    /// The certificate with which TLS is answered; wins over the file.
    pub certificate: Option<CertificateFiles>,
    /// The most connections at a time.
    pub connections: Option<u32>,
    /// The most connections from one address.
    pub connections_per_address: Option<u32>,
    /// What clients must show; wins over the file.
    pub token: Option<Token>,
}

/// Serves until a signal ends it.
pub fn run(told: &Told<'_>) -> anyhow::Result<ExitCode> {
    let Some(path) = told.file else {
        let listen = told.listen.context("--listen or a file is needed")?;
        let buffers = told.buffers.unwrap_or(Buffers::Auto);
        let tls = tls(told.certificate.as_ref())?;
        let settings = told.settings(Place { listen, tls }, buffers, None);
        let clock = Clock::start();
        let sampler = Sampler::start(clock).context("could not start the sampler's thread")?;
        return start_runtime()?.block_on(serve(settings, clock, sampler));
    };
    let text = read_file(path)?;
    let name = path.display().to_string();
    let file = ServerFile::parse(&text, &name)?;
    let port = port_of(std::env::var_os("PORT"))?;
    let listen = told.listen.unwrap_or_else(|| address(file.listen, port));
    let tls = match (&told.certificate, &file.tls) {
        (None, Some(files)) => {
            let server = TlsServer::from_files(&files.cert, &files.key);
            let blamed =
                |error: TlsSetupError| at(&name, &text, &["tls", key_of(&error, files)], &error.into());
            Some(server.map_err(blamed)?)
        }
        (certificate, _) => tls(certificate.as_ref())?,
    };
    if let Some(folder) = &file.end.output {
        // A mistake shows before anything is served.
        make_folder(folder).map_err(|error| at(&name, &text, &["output"], &error.into()))?;
    }
    serve_file(&text, file, Place { listen, tls }, told)
}

/// Where a file's server is found, and who encrypts there.
struct Place {
    listen: SocketAddr,
    tls: Option<TlsServer>,
}

/// What cannot be done that the file asks for with these keys, each within the one before.
fn at(name: &str, text: &str, keys: &[&str], error: &anyhow::Error) -> FileError {
    FileError::at_key(name, text, keys, &format!("{error:#}"))
}

/// What below `tls` is to blame: certificate and key may be in one file.
fn key_of(error: &TlsSetupError, files: &CertificateFiles) -> &'static str {
    match error.file() {
        Some((path, what)) if path == files.key && (path != files.cert || what == Some("private key")) => {
            "key"
        }
        _ => "cert",
    }
}

fn serve_file(text: &str, file: ServerFile, place: Place, told: &Told<'_>) -> anyhow::Result<ExitCode> {
    let ServerFile { protocol, message_max, end, .. } = file;
    let (buffers, output, seed) =
        (told.buffers.unwrap_or(end.buffers), end.output.clone(), end.seed.unwrap_or_else(rand::random));
    let (lines, printer) = start_printing()?;
    let clock = Clock::start();
    let started = Started::now(clock);
    let sampler = Sampler::start(clock).context("could not start the sampler's thread")?;
    // As many as may be here at a time: what watching costs is bounded whoever comes.
    let most = told.connections.map_or(ServerLimits::default().connections, |most| most as usize);
    let watching = Watching::of(u32::try_from(most).unwrap_or(u32::MAX), sampler.clone(), output.is_some());
    let (interval, ledger) = (watching.interval, watching.ledger.clone());
    let collected = output.map(|folder| {
        let collection = Collection::new(end.direction, Strangers::role_of(end.direction), ledger);
        (folder, Arc::new(Mutex::new(collection)))
    });
    let collection = collected.as_ref().map(|(_, collection)| Arc::clone(collection));
    let strangers = Strangers { protocol, end, seed, message_max, lines, watching, collection };
    let settings = told.settings(place, buffers, Some(strangers));
    let served = start_runtime()?.block_on(serve(settings, clock, sampler))?;
    let mut recorded = None;
    if let Some((folder, collection)) = collected {
        // Before anything is printed: a recording must not be lost because nobody reads what is.
        // A connection may outlive the server for a moment: what it adds then is too late.
        let collection = collection.lock().unwrap_or_else(PoisonError::into_inner).take();
        let document = collection.document();
        let run = pair::describe(text, seed, interval, started);
        collection.into_recording(run, document).write(&folder)?;
        recorded = Some(folder);
    }
    printer.finish()?;
    if let Some(folder) = recorded {
        print(&format!("recording {}\n", folder.display()))?;
    }
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
fn tls(files: Option<&CertificateFiles>) -> anyhow::Result<Option<TlsServer>> {
    let server = files.map(|files| TlsServer::from_files(&files.cert, &files.key));
    server.transpose().context("could not set TLS up")
}

impl Told<'_> {
    fn settings(&self, place: Place, buffers: Buffers, strangers: Option<Strangers>) -> Settings {
        let Place { listen, tls } = place;
        let mut limits = ServerLimits::default();
        if let Some(connections) = self.connections {
            limits.connections = connections as usize;
            limits.streams = limits.connections;
        }
        if let Some(connections) = self.connections_per_address {
            limits.connections_per_address = connections as usize;
        }
        Settings { listen, buffers, limits, tls, public: true, token: self.token.clone(), strangers }
    }
}

async fn serve(settings: Settings, clock: Clock, sampler: Sampler) -> anyhow::Result<ExitCode> {
    let listen = settings.listen;
    let could_not_listen = || format!("could not listen on {listen}");
    let server = Server::bind(settings, clock, sampler).with_context(could_not_listen)?;
    let address = server.local_addr().with_context(could_not_listen)?;
    print(&format!("listening on {address}\n"))?;
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
