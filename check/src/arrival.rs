//! Streams that are requests of their own: whether they reach the server.

use client::{OpenError, Opened, Route};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::sleep;
use trace::Direction;

/// How long the request that is a stream may be on its way; the path answered another a moment ago.
const ARRIVAL: Duration = Duration::from_secs(2);

/// Whether the server has the stream; the error is what the path, or another server, answered.
pub(crate) async fn arrives(
    route: &Route,
    begun: &mut Opened,
    began: &mut oneshot::Receiver<()>,
    direction: Direction,
) -> Result<bool, OpenError> {
    if !begun.apart {
        return Ok(true);
    }
    let patience = ARRIVAL.max(10 * begun.round_trip);
    tokio::select! {
        Ok(()) = began => Ok(true),
        answered = begun.stream.answered() => {
            answered.map(|()| true).map_err(|error| route.failed(error.into()))
        }
        () = sleep(patience) => match direction {
            // A request that is not complete may be kept until it is.
            Direction::Upload => Ok(false),
            Direction::Download => Err(OpenError::Silent { address: route.address.clone(), patience }),
        },
    }
}
