//! A control connection: JSON lines to and from a session.

use crate::answer::accept;
use crate::registry::Registration;
use crate::session::{Session, SessionLink, Shared};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, ReadHalf, WriteHalf, split};
use tokio::time::timeout;
use tracing::info;
use transport::Stream;
use wire::{FromServer, ToServer};

/// The longest line that a client may send; a plan has less than 1 KiB.
pub(crate) const LONGEST_LINE: usize = 64 * 1024;

/// A client that says nothing for this long is gone; it pings several times a second.
pub(crate) const SILENCE: Duration = Duration::from_mins(2);

/// Serves one run over its control connection.
pub(crate) async fn serve(mut stream: Stream, peer: SocketAddr, shared: Shared, place: Registration) {
    info!(%peer, "run begins");
    if let Err(error) = accept(&mut stream, &shared).await {
        return info!(%peer, %error, "control connection lost");
    }
    let (reader, writer) = split(stream);
    let (session, SessionLink { say, hear }) = Session::new(shared, place);
    let carry = async {
        tokio::select! {
            read = read_messages(reader, say) => read,
            written = write_messages(writer, hear) => written,
        }
    };
    // The session outlives its connection: its ends have deadlines of their own.
    let ((), carried) = tokio::join!(session.run(), carry);
    match carried {
        Ok(()) => info!(%peer, "run is over"),
        Err(error) => info!(%peer, %error, "control connection lost"),
    }
}

async fn read_messages(reader: ReadHalf<Stream>, say: tokio::sync::mpsc::Sender<ToServer>) -> io::Result<()> {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = (&mut reader).take(LONGEST_LINE as u64);
        let read = timeout(SILENCE, bounded.read_until(b'\n', &mut line)).await;
        if read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? == 0 {
            return Ok(());
        }
        let message = serde_json::from_slice(&line)?;
        if say.send(message).await.is_err() {
            return Ok(());
        }
    }
}

async fn write_messages(
    mut writer: WriteHalf<Stream>,
    mut hear: tokio::sync::mpsc::Receiver<FromServer>,
) -> io::Result<()> {
    while let Some(message) = hear.recv().await {
        let mut line = serde_json::to_vec(&message)?;
        line.push(b'\n');
        let written = async {
            writer.write_all(&line).await?;
            writer.flush().await
        };
        timeout(SILENCE, written).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    }
    Ok(())
}
