//! What is said to an opening.

use crate::session::Shared;
use std::io;
use tokio::time::timeout;
use tracing::debug;
use transport::Stream;
use wire::Reply;

/// Why whoever shows no token, or another, is not served.
pub(crate) const TOKEN_MISSING: &str = "it serves only whoever shows its token (--token)";

/// Why a run does not begin.
pub(crate) const NO_ROOM: &str = "the server serves as many runs as it may, or is about to end";

/// Why a stream does not begin.
pub(crate) const NOT_SERVED: &str = "this run is not served here";

/// Says that what is asked for is done; fails where the client does not take it in time.
pub(crate) async fn accept(stream: &mut Stream, shared: &Shared) -> io::Result<()> {
    say(stream, shared, &Reply::accepted(shared.instance)).await
}

/// Says why it is not, as far as the client listens.
pub(crate) async fn refuse(stream: &mut Stream, shared: &Shared, reason: &str) {
    if let Err(error) = say(stream, shared, &Reply::refused(shared.instance, reason)).await {
        debug!(%error, "a reply was not sent");
    }
}

/// A client that never reads makes even a line wait: what it said before may have been answered until its socket was full, as
/// pings are, and windows of HTTP/2 may be closed.
async fn say(stream: &mut Stream, shared: &Shared, reply: &Reply) -> io::Result<()> {
    let accepted = reply.refused.is_none();
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the answer was not taken in time");
    timeout(shared.limits.opening, stream.answer(&reply.encode(), accepted)).await.map_err(late)?
}
