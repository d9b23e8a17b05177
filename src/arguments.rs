//! The command line.

use crate::options::CheckOptions;
use clap::{Args, Parser, Subcommand, ValueEnum};
use scenario::Token;
use scenario::files::CertificateFiles;
use socket::Buffers;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Does "slow down" get through? A TCP flow-control test tool.
///
/// Your consumer stops reading. Does the producer find out, or does something in between swallow gigabytes?
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Log more, on standard error; up to three times.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub(crate) task: Task,
}

const EXAMPLES: &str = "\
Examples:
  backpressure check                                     client and server on loopback, nothing in between
  backpressure check --listen :9000 --via :8080          a proxy on port 8080 whose upstream is port 9000
  backpressure server --listen 0.0.0.0:9000              the far side, for a check from elsewhere
  backpressure check --target tcp://example.net:9000     that check
  backpressure -server configs/server.yml                a server that reads as its file says, as go-backpressure's
  backpressure -client configs/client.yml                its client; both files are go-backpressure's own
  backpressure report runs/2026-01-31T12-00-00Z          the report once more, from its recording

Exit codes: 0 as expected, 1 measured and not as expected, 2 could not run.";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Find out whether backpressure gets through a path, and what the path does with it.
    Check(Box<CheckOptions>),
    /// Serve the far side of checks that run elsewhere, and the clients of a pair.
    Server(ServerOptions),
    /// Send requests as a file says, and measure what holds them up.
    ///
    /// The file is go-backpressure's. A request is due a whole number of intervals after the first; unlike go-backpressure, one
    /// that is late is sent at once, until the client has caught up.
    Client(ClientOptions),
    /// Print what may stand in the files of a pair, as a JSON Schema.
    Config(ConfigOptions),
    /// Make the report of a recording again.
    Report(ReportOptions),
    /// Add recordings up to one.
    Merge(MergeOptions),
}

/// Options of `server`.
#[derive(Debug, Args)]
pub(crate) struct ServerOptions {
    /// Where to listen: ADDRESS:PORT, or :PORT for all addresses; port 0 takes a free one.
    ///
    /// Needed where there is no file, and wins over one.
    #[arg(long, value_name = "ADDR", value_parser = parse_listen_anywhere, env = "BACKPRESSURE_LISTEN")]
    #[arg(required_unless_present_any = ["file", "config"])]
    pub(crate) listen: Option<SocketAddr>,
    /// Socket buffers of the listener, else the file's, else `auto`; each check sets those of its own connections.
    #[arg(long, value_name = "SIZE|auto", env = "BACKPRESSURE_BUFFERS")]
    pub(crate) buffers: Option<Buffers>,
    /// A certificate (PEM), and those between it and its root: TLS is answered, beside plain connections.
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "BACKPRESSURE_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "BACKPRESSURE_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// The most connections at a time.
    #[arg(long, value_name = "N", default_value_t = 512, env = "BACKPRESSURE_MAX_CONNECTIONS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections: u32,
    /// The most connections from one address, or one /64 of IPv6, at a time; by default as many as in all.
    #[arg(long, value_name = "N", env = "BACKPRESSURE_MAX_CONNECTIONS_PER_ADDRESS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections_per_address: Option<u32>,
    /// Serve only whoever shows this: checks by their `--token`, other requests but `/healthz` as `Authorization: Bearer SECRET`.
    ///
    /// Raw TCP without any opening is then sent away.
    #[arg(long, value_name = "SECRET", env = "BACKPRESSURE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<Token>,
    /// How to read what comes from clients of a pair, and where to listen; `PORT` in the environment wins over its port.
    file: Option<PathBuf>,
    /// The same.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
}

impl ServerOptions {
    /// The file, where there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref().or(self.config.as_deref())
    }

    /// The certificate and its key, where they are given.
    pub(crate) fn certificate(&self) -> Option<CertificateFiles> {
        let (cert, key) = (self.tls_cert.clone()?, self.tls_key.clone()?);
        Some(CertificateFiles { cert, key })
    }
}

/// Options of `client`.
#[derive(Debug, Args)]
pub(crate) struct ClientOptions {
    /// What to send, and where to.
    #[arg(required_unless_present = "config")]
    file: Option<PathBuf>,
    /// The same.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
}

impl ClientOptions {
    /// The file.
    pub(crate) fn file(&self) -> &Path {
        self.file.as_deref().or(self.config.as_deref()).expect("clap requires one of them")
    }
}

/// Options of `config`.
#[derive(Debug, Args)]
pub(crate) struct ConfigOptions {
    /// Print the JSON Schema: every key with its unit, its bounds and its default.
    #[arg(long, required = true)]
    pub(crate) schema: bool,
    /// Whose file; both where it is left out.
    #[arg(value_enum, value_name = "server|client")]
    pub(crate) of: Option<Kind>,
}

/// Which end a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The server's.
    Server,
    /// The client's.
    Client,
}

/// Options of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// The recording's folder.
    pub(crate) recording: PathBuf,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Also write a JUnit file.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

/// Options of `merge`.
#[derive(Debug, Args)]
pub(crate) struct MergeOptions {
    /// The folder to make.
    pub(crate) output: PathBuf,
    /// The recordings to add up.
    #[arg(required = true)]
    pub(crate) recordings: Vec<PathBuf>,
}

/// What a result is printed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// `verdict.json`, and nothing else.
    Json,
}

/// `ADDRESS:PORT` or `:PORT`, which means all addresses.
pub(crate) fn parse_listen_anywhere(text: &str) -> Result<SocketAddr, String> {
    let whole = if text.starts_with(':') { format!("[::]{text}") } else { text.to_owned() };
    whole
        .parse()
        .map_err(|_| format!("`{text}` is no address to listen on, such as `127.0.0.1:9000` or `:9000`"))
}
