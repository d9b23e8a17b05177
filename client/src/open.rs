//! Opens a connection: says what it is for, and hears who answers.

use crate::dial::{DialError, dial};
use scenario::Transport;
use socket::Buffers;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};
use transport::{HandshakeError, Stream, TlsClient, TlsError, Wire};
use wire::{MAX_OPENING_LINE, Opening, OpeningError, Purpose, Reply, RunId};

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody was reached.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection stood, and nothing came back.
    #[error("{address} accepted the connection but did not answer within {} s", patience.as_secs())]
    Silent {
        /// What was dialled.
        address: String,
        /// How long an answer was awaited.
        patience: Duration,
    },
    /// The connection ended before an answer came.
    #[error("{address} accepted the connection and ended it without an answer")]
    Ended {
        /// What was dialled.
        address: String,
        /// How.
        source: io::Error,
    },
    /// The peer does not speak what the streams are carried by.
    #[error("could not begin a WebSocket at {address}")]
    Handshake {
        /// What was dialled.
        address: String,
        /// What it did instead.
        source: HandshakeError,
    },
    /// The connection cannot be encrypted.
    #[error("could not begin TLS with {address}")]
    Tls {
        /// What was dialled.
        address: String,
        /// Why not.
        source: TlsError,
    },
    /// The peer wants the connection to be encrypted.
    #[error("{address} speaks TLS: use tls://, wss:// or --tls, or `tls` in a client's file")]
    SpeaksTls {
        /// What was dialled.
        address: String,
    },
    /// The server is ours, and of another version.
    #[error("could not talk to {address}")]
    Version {
        /// What was dialled.
        address: String,
        /// Both versions.
        source: OpeningError,
    },
    /// The answer is not ours.
    #[error("{address} is no backpressure server")]
    Foreign {
        /// What was dialled.
        address: String,
        /// What is wrong with the answer.
        source: OpeningError,
    },
    /// The server refuses.
    #[error("the server behind {address} refused: {reason}")]
    Refused {
        /// What was dialled.
        address: String,
        /// The server process that answered.
        instance: RunId,
        /// Why.
        reason: String,
    },
}

impl OpenError {
    /// It would end the same way again: no gateway was just waiting for its upstream.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Handshake { source: HandshakeError::Status { status }, .. } => {
                !(502..=504).contains(&status.as_u16())
            }
            Self::Tls { source: TlsError::Io(_) | TlsError::Ended, .. } => false,
            Self::Dial(_)
            | Self::Silent { .. }
            | Self::Handshake { .. }
            | Self::Tls { .. }
            | Self::SpeaksTls { .. } => true,
            _ => false,
        }
    }
}

/// A connection that was answered.
#[derive(Debug)]
pub struct Opened {
    /// The connection; nothing beyond the answer was read.
    pub stream: Stream,
    /// The server process that answered.
    pub instance: RunId,
    /// From the opening's last byte to the answer's.
    pub round_trip: Duration,
}

/// How a server is reached: over what, where, and how long that may take.
#[derive(Debug, Clone)]
pub struct Route {
    /// What carries the streams.
    pub transport: Transport,
    /// What encrypts them, if anything does.
    pub tls: Option<TlsClient>,
    /// `HOST:PORT`.
    pub address: String,
    /// How long each step may take.
    pub patience: Duration,
}

/// Opens the data connection of a stream.
pub async fn open_stream(
    route: &Route,
    run: RunId,
    stream: u32,
    buffers: Buffers,
) -> Result<Opened, OpenError> {
    open(route, Opening { run, purpose: Purpose::Stream(stream) }, buffers).await
}

pub(crate) async fn open(route: &Route, opening: Opening, buffers: Buffers) -> Result<Opened, OpenError> {
    let wire = route.dial(buffers).await?;
    let Route { transport, address, patience, .. } = route;
    let (address, patience) = (address.clone(), *patience);
    let socket = wire.handle();
    let exchange = async {
        let mut stream = transport::connect(wire, transport, &address).await?;
        stream.write_all(&opening.encode()).await?;
        stream.flush().await?;
        let asked = Instant::now();
        let line = transport::read_line(&mut stream, MAX_OPENING_LINE).await?;
        Ok::<_, HandshakeError>((stream, line, asked.elapsed()))
    };
    let (stream, line, round_trip) = match timeout(patience, exchange).await {
        Ok(Ok(answer)) => answer,
        _ if route.tls.is_none() && socket.hears_tls() => return Err(OpenError::SpeaksTls { address }),
        Err(_) => return Err(OpenError::Silent { address, patience }),
        Ok(Err(HandshakeError::Io(error))) if error.kind() == io::ErrorKind::InvalidData => {
            let source = OpeningError::Stranger("a long line".to_owned());
            return Err(OpenError::Foreign { address, source });
        }
        Ok(Err(HandshakeError::Io(source))) => return Err(OpenError::Ended { address, source }),
        Ok(Err(source)) => return Err(OpenError::Handshake { address, source }),
    };
    match Reply::decode(&line) {
        Err(source @ OpeningError::Version { .. }) => Err(OpenError::Version { address, source }),
        Err(source) => Err(OpenError::Foreign { address, source }),
        Ok(Reply { instance, refused: Some(reason) }) => {
            Err(OpenError::Refused { address, instance, reason })
        }
        Ok(Reply { instance, refused: None }) => Ok(Opened { stream, instance, round_trip }),
    }
}

impl Route {
    /// A connection, encrypted where that is asked for, on which nothing was said yet.
    pub(crate) async fn dial(&self, buffers: Buffers) -> Result<Wire, OpenError> {
        let Self { transport, tls, address, patience } = self;
        let ended = |source| OpenError::Ended { address: address.clone(), source };
        let wire = Wire::plain(dial(address, buffers, *patience).await?).map_err(ended)?;
        let Some(tls) = tls else { return Ok(wire) };
        let encrypted = tls.encrypt(wire, transport, address, *patience).await;
        encrypted.map_err(|source| OpenError::Tls { address: address.clone(), source })
    }
}
