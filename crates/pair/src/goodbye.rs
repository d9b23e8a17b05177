//! The end of a connection that the other end may still send on.

use std::io;
use std::time::Duration;
use tokio::time::timeout;
use transport::{Close, Messages, Received, Wire};

/// What is said at the end of a WebSocket.
#[derive(Debug, Clone)]
pub enum Goodbye {
    /// The peer has said its own.
    Answer,
    /// This.
    Say(Close),
}

impl Goodbye {
    /// This end goes away, for this reason.
    pub fn going_away(reason: &str) -> Self {
        Self::Say(Close::new(Close::GOING_AWAY, reason))
    }
}

/// Says goodbye, and reads for at most `patience` what is still on its way: the kernel would answer it with a reset, which
/// overtakes the goodbye.
pub async fn leave_messages(mut messages: Messages, goodbye: &Goodbye, patience: Duration) -> io::Result<()> {
    messages.socket().limit_reads(usize::MAX);
    let farewell = async {
        let Goodbye::Say(close) = goodbye else { return messages.flush().await };
        messages.close(close).await?;
        answered(&mut messages).await
    };
    in_time(patience, farewell).await
}

/// Waits for the answer to a goodbye, or the connection's end. What comes before it is forgotten, even where it makes no sense.
async fn answered(messages: &mut Messages) -> io::Result<()> {
    loop {
        match messages.next().await {
            Ok(Received::Close(_)) => return Ok(()),
            Ok(Received::Binary(_) | Received::Text(_)) => {}
            Ok(Received::End) | Err(_) => return messages.forget_rest().await,
        }
    }
}

/// The same without messages: to a peer in TLS the mere end of the connection would look like a cut.
pub(crate) async fn leave_bytes(mut wire: Wire, patience: Duration) -> io::Result<()> {
    in_time(patience, wire.forget_rest()).await
}

async fn in_time(patience: Duration, farewell: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "the peer did not close in time");
    timeout(patience, farewell).await.unwrap_or_else(|_| Err(late()))
}
