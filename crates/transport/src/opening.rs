//! Says what a connection is for, over any transport, and hears who answers.

use crate::line::TooLong;
use crate::{Apart, HandshakeError, Stream, Wire, connect_messages, read_line};
use bytes::Bytes;
use scenario::Transport;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use wire::{MAX_OPENING_LINE, Opening};

/// What a server said to an opening.
#[derive(Debug)]
pub struct Answer {
    /// Its line, without the newline.
    pub line: Vec<u8>,
    /// From the opening's last byte to the answer's.
    pub round_trip: Duration,
    /// Where what was opened for is done.
    pub place: Place,
}

/// Where what a connection was opened for is done.
#[derive(Debug)]
pub enum Place {
    /// On this connection; nothing beyond the answer was read.
    Here(Stream),
    /// In requests of its own.
    Apart(Apart),
}

/// Says what a connection to `address` is for, and hears who answers.
pub async fn open(
    wire: Wire,
    transport: &Transport,
    address: &str,
    opening: Opening,
) -> Result<Answer, HandshakeError> {
    let mut stream = match transport {
        Transport::Tcp => Stream::plain(wire),
        Transport::WebSocket(request) => {
            connect_messages(wire, request, address).await?.into_stream(Bytes::new())
        }
        Transport::Http(http) => return Apart::new(http, address).ask(wire, opening).await,
    };
    stream.write_all(&opening.encode()).await?;
    stream.flush().await?;
    let asked = Instant::now();
    let line = read_line(&mut stream, MAX_OPENING_LINE).await.map_err(too_long)?;
    Ok(Answer { line, round_trip: asked.elapsed(), place: Place::Here(stream) })
}

fn too_long(error: io::Error) -> HandshakeError {
    if TooLong::is_in(&error) { HandshakeError::TooLong } else { HandshakeError::Io(error) }
}
