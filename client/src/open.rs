//! Opens a connection: says what it is for, and hears who answers.

use crate::dial::{DialError, dial};
use scenario::{Token, Transport};
use socket::Buffers;
use std::io;
use std::time::Duration;
use tokio::time::timeout;
use trace::Direction;
use transport::{Answer, HandshakeError, Place, Refusal, SocketHandle, Stream, TlsClient, TlsError, Wire};
use wire::{Opening, OpeningError, Reply, RunId};

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
    #[error("could not begin {what} at {address}")]
    Handshake {
        /// What was to begin there.
        what: &'static str,
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
    #[error("{address} speaks TLS: {remedy}")]
    SpeaksTls {
        /// What was dialled.
        address: String,
        /// What helps.
        remedy: &'static str,
    },
    /// The peer speaks HTTP, and not the version that was asked for.
    #[error("{address} speaks HTTP/1.1 and not HTTP/2: leave --http2 out")]
    SpeaksHttp1 {
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
            Self::Handshake { source: HandshakeError::Refused(Refusal::Status { status, .. }), .. } => {
                !(502..=504).contains(&status.as_u16())
            }
            Self::Handshake { source: HandshakeError::Io(_), .. }
            | Self::Tls { source: TlsError::Io(_) | TlsError::Ended, .. } => false,
            Self::Dial(_)
            | Self::Silent { .. }
            | Self::Handshake { .. }
            | Self::Tls { .. }
            | Self::SpeaksTls { .. }
            | Self::SpeaksHttp1 { .. } => true,
            _ => false,
        }
    }
}

/// What helps a check whose peer wants TLS.
pub(crate) const USE_TLS: &str = "use tls://, wss://, https:// or --tls";

/// A connection that was answered.
#[derive(Debug)]
pub struct Opened {
    /// The connection; nothing beyond the answer was read.
    pub stream: Stream,
    /// The stream is in a request of its own, which may not have arrived: the server tells when it does.
    pub apart: bool,
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
    /// What is shown to a server that does not serve everybody.
    pub token: Option<Token>,
    /// How long each step may take.
    pub patience: Duration,
}

/// Opens the data connection of a stream.
pub async fn open_stream(
    route: &Route,
    opening: Opening,
    direction: Direction,
    buffers: Buffers,
) -> Result<Opened, OpenError> {
    let Introduced { place, reply, round_trip } = introduce(route, opening.clone(), buffers).await?;
    let instance = reply.instance;
    match place {
        Place::Here(stream) => Ok(Opened { stream, apart: false, instance, round_trip }),
        Place::Apart(server) => {
            let wire = route.dial(buffers).await?;
            let socket = wire.handle();
            let stream = route.within(&socket, server.carry(wire, opening, direction)).await?;
            Ok(Opened { stream, apart: true, instance, round_trip })
        }
    }
}

/// A server that answered, and serves what was asked for.
#[derive(Debug)]
pub(crate) struct Introduced {
    pub(crate) place: Place,
    pub(crate) reply: Reply,
    pub(crate) round_trip: Duration,
}

/// Says what is wanted, and hears who answers.
pub(crate) async fn introduce(
    route: &Route,
    opening: Opening,
    buffers: Buffers,
) -> Result<Introduced, OpenError> {
    let wire = route.dial(buffers).await?;
    let socket = wire.handle();
    let asked = transport::open(wire, &route.transport, &route.address, opening);
    let Answer { line, round_trip, place } = route.within(&socket, asked).await?;
    let address = route.address.clone();
    match Reply::decode(&line) {
        Err(source @ OpeningError::Version { .. }) => Err(OpenError::Version { address, source }),
        Err(source) => Err(OpenError::Foreign { address, source }),
        Ok(Reply { instance, refused: Some(reason), .. }) => {
            Err(OpenError::Refused { address, instance, reason })
        }
        Ok(reply) => Ok(Introduced { place, reply, round_trip }),
    }
}

impl Route {
    /// One step of an opening, within its time.
    async fn within<T>(
        &self,
        socket: &SocketHandle,
        step: impl Future<Output = Result<T, HandshakeError>>,
    ) -> Result<T, OpenError> {
        match timeout(self.patience, step).await {
            Ok(Err(_)) | Err(_) if self.tls.is_none() && socket.hears_tls() => {
                Err(OpenError::SpeaksTls { address: self.address.clone(), remedy: USE_TLS })
            }
            Ok(Err(_)) | Err(_) if self.transport.is_http2() && socket.hears_http1() => {
                Err(OpenError::SpeaksHttp1 { address: self.address.clone() })
            }
            Err(_) => Err(OpenError::Silent { address: self.address.clone(), patience: self.patience }),
            Ok(done) => done.map_err(|error| self.failed(error)),
        }
    }

    /// What a stream's peer did instead of serving it.
    pub fn failed(&self, error: HandshakeError) -> OpenError {
        let address = self.address.clone();
        match error {
            HandshakeError::TooLong => {
                let source = OpeningError::Stranger("a long line".to_owned());
                OpenError::Foreign { address, source }
            }
            // It did not end; it, or the path, made something of it that is none.
            HandshakeError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                let source = HandshakeError::Io(error);
                OpenError::Handshake { what: self.transport.begins(), address, source }
            }
            HandshakeError::Io(source) => OpenError::Ended { address, source },
            HandshakeError::Refused(Refusal::Line(line)) => match Reply::decode(line.trim_ascii_end()) {
                Ok(Reply { instance, refused, .. }) => {
                    OpenError::Refused { address, instance, reason: refused.unwrap_or_default() }
                }
                Err(source) => OpenError::Foreign { address, source },
            },
            source => OpenError::Handshake { what: self.transport.begins(), address, source },
        }
    }
}

impl Route {
    /// A connection, encrypted where that is asked for, on which nothing was said yet.
    pub(crate) async fn dial(&self, buffers: Buffers) -> Result<Wire, OpenError> {
        let Self { transport, tls, address, patience, .. } = self;
        let ended = |source| OpenError::Ended { address: address.clone(), source };
        let wire = Wire::plain(dial(address, buffers, *patience).await?).map_err(ended)?;
        let Some(tls) = tls else { return Ok(wire) };
        let encrypted = tls.encrypt(wire, transport, address, *patience).await;
        encrypted.map_err(|source| OpenError::Tls { address: address.clone(), source })
    }
}
