//! The client of a pair: sends requests as go-backpressure's does, or reads what a server sends, over as many connections as its
//! file says, and measures what became of them.

mod connection;

use crate::open::OpenError;
use connection::connect;
use endpoint::Sampler;
use pair::{Collection, Finished, Watching};
use report::Lines;
use scenario::files::ClientFile;
use std::io;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use trace::Role;
use transport::{Remedies, TlsClient, TlsSetupError};
use units::Clock;

/// Why nothing was sent, or read.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The connection could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It was, and ended at once.
    #[error("could not {what} {address}")]
    Nothing {
        /// What was to be done.
        what: &'static str,
        /// What was dialled.
        address: String,
        /// How it ended.
        source: io::Error,
    },
    /// It was asked to end before.
    #[error("interrupted before anything was sent to or read from {0}")]
    Interrupted(String),
    /// The program's own fault.
    #[error("could not watch a connection")]
    Watch(#[source] io::Error),
}

/// A client that is about to run.
#[derive(Debug)]
pub struct Client {
    /// What it does.
    pub file: ClientFile,
    /// Reaches every random choice.
    pub seed: u64,
    /// The time.
    pub clock: Clock,
    /// How its connections are watched.
    pub watching: Watching,
    /// What encrypts its connections, if anything does.
    pub tls: Option<TlsClient>,
    /// Ends it early.
    pub stop: CancellationToken,
    /// Where each request, or read, is told.
    pub lines: Lines,
}

/// What became of all connections.
#[derive(Debug)]
pub struct Outcome {
    /// Figures and recording.
    pub collection: Collection,
    /// How the first ended that did so before its time, or the server's waiting.
    pub remark: Option<Remark>,
}

/// What is to be said of an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// All is well but for this.
    Note(String),
    /// A connection ended before its time, or was not opened.
    Early(String),
}

impl Client {
    /// For a file.
    pub fn new(
        file: ClientFile,
        clock: Clock,
        sampler: Sampler,
        lines: Lines,
    ) -> Result<Self, TlsSetupError> {
        let tls = file.tls.as_ref().map(|tls| TlsClient::new(tls, None, Remedies::KEYS)).transpose()?;
        let seed = file.end.seed.unwrap_or_else(rand::random);
        let watching = Watching::of(file.connections, sampler, file.end.output.is_some());
        Ok(Self { file, seed, clock, watching, tls, stop: CancellationToken::new(), lines })
    }

    /// The part that it plays.
    pub fn role(&self) -> Role {
        self.file.end.direction.client_role()
    }

    /// `HOST:PORT` of the server.
    pub(crate) fn address(&self) -> String {
        let (host, port) = (&self.file.server_addr, self.file.server_port);
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// Opens the connections and does what the file says, until it is done or told to stop.
    pub async fn run(self: Arc<Self>) -> Result<Outcome, PairError> {
        let mut connections = JoinSet::new();
        let began = self.clock.now();
        for number in 1..=self.file.connections {
            let opened_after = self.file.ramp.map(|ramp| ramp.slot(number - 1)).unwrap_or_default();
            connections.spawn(connect(Arc::clone(&self), number, began.plus(opened_after)));
        }
        let mut collection =
            Collection::new(self.file.end.direction, self.role(), self.watching.ledger.clone());
        let (mut done, mut remark, mut failed) = (0, None, None);
        while let Some(ended) = connections.join_next().await {
            let ended = ended.unwrap_or_else(|error| Err(PairError::Watch(io::Error::other(error))));
            match ended {
                Ok((finished, note)) => {
                    done += 1;
                    remark = worse(remark, note.or_else(|| early(&finished)));
                    collection.add(finished);
                }
                Err(error) => {
                    match error {
                        PairError::Nothing { .. } => collection.add_lost(),
                        _ => collection.add_unopened(),
                    }
                    failed.get_or_insert(error);
                }
            }
        }
        match failed {
            Some(error) if done == 0 => return Err(error),
            Some(error) => {
                let unopened = Remark::Early(format!(
                    "not all connections were opened and carried something: {}",
                    chain(&error)
                ));
                remark = worse(remark, Some(unopened));
            }
            None => {}
        }
        Ok(Outcome { collection, remark })
    }
}

fn early(finished: &Finished) -> Option<Remark> {
    finished.early.then(|| Remark::Early(finished.ending.clone()))
}

/// The first that tells of a connection's early end, else the first of all.
fn worse(one: Option<Remark>, other: Option<Remark>) -> Option<Remark> {
    match (one, other) {
        (Some(Remark::Note(_)), Some(early @ Remark::Early(_))) => Some(early),
        (one, other) => one.or(other),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
