//! The end of a connection that the other end may still send on.

use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use transport::{Messages, Received, Wire};

/// What is said at the end of a WebSocket.
#[derive(Debug, Clone, Copy)]
pub enum Goodbye<'a> {
    /// The peer has said its own.
    Answer,
    /// This code, for this reason.
    Say(u16, &'a str),
}

/// Says goodbye, and reads for at most `patience` what is still on its way: the kernel would answer it with a reset, which
/// overtakes the goodbye.
pub async fn leave_messages(
    mut messages: Messages,
    goodbye: Goodbye<'_>,
    patience: Duration,
) -> io::Result<()> {
    messages.socket().limit_reads(usize::MAX);
    let farewell = async {
        let Goodbye::Say(code, reason) = goodbye else { return messages.flush().await };
        messages.close(code, reason).await?;
        while !matches!(messages.next().await?, Received::Close(_) | Received::End) {}
        Ok(())
    };
    in_time(patience, farewell).await
}

/// The same without messages: to a peer in TLS the mere end of the connection would look like a cut.
pub(crate) async fn leave_bytes(mut wire: Wire, patience: Duration) -> io::Result<()> {
    let farewell = async {
        wire.shutdown().await?;
        let mut forgotten = vec![0; AT_ONCE];
        while wire.read(&mut forgotten).await? > 0 {}
        Ok(())
    };
    in_time(patience, farewell).await
}

/// What is forgotten at once.
const AT_ONCE: usize = 64 << 10;

async fn in_time(patience: Duration, farewell: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "the peer did not close in time");
    timeout(patience, farewell).await.unwrap_or_else(|_| Err(late()))
}
