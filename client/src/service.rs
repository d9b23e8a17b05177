//! Opens a stream with a service that is not ours.

use crate::open::{OpenError, Route, USE_TLS};
use scenario::FirstMessage;
use socket::Buffers;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use trace::Direction;
use transport::{HandshakeError, Stream, connect_service};

/// Why there is no stream.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The connection could not be opened, or nothing came back on it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The service does something else than it was asked.
    #[error("could not begin a stream at {address}")]
    Refused {
        /// What was dialled.
        address: String,
        /// What it does.
        source: HandshakeError,
    },
}

/// A stream with a service.
#[derive(Debug)]
pub struct ServiceStream {
    /// Of bytes or messages, as the transport has it.
    pub stream: Stream,
    /// How long it took to connect: a round trip, and with TLS some more.
    pub round_trip: Duration,
}

/// Connects to a service, says what it is to be told first, and begins a stream in this direction.
pub async fn open_service(
    route: &Route,
    direction: Direction,
    first: Option<&FirstMessage>,
    buffers: Buffers,
) -> Result<ServiceStream, ServiceError> {
    let Route { transport, address, patience, tls, .. } = route;
    let asked = Instant::now();
    let wire = route.dial(buffers).await?;
    let round_trip = asked.elapsed();
    let socket = wire.handle();
    let begun = connect_service(wire, transport, address, direction, first);
    let (address, patience) = (address.clone(), *patience);
    match timeout(patience, begun).await {
        Ok(Ok(stream)) => Ok(ServiceStream { stream, round_trip }),
        _ if tls.is_none() && socket.hears_tls() => {
            Err(OpenError::SpeaksTls { address, remedy: USE_TLS }.into())
        }
        Ok(Err(HandshakeError::Io(source))) => Err(OpenError::Ended { address, source }.into()),
        Ok(Err(source)) => Err(ServiceError::Refused { address, source }),
        Err(_) => Err(OpenError::Silent { address, patience }.into()),
    }
}
