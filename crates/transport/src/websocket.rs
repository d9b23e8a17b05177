//! Payload bytes as binary WebSocket messages (RFC 6455).
//!
//! A write becomes one message, of which the kernel takes what it can at once; the next write waits until it has
//! taken all. So no more than one message waits in user space, and how much of it does is known.

use crate::{Counters, Socket, SocketHandle};
use bytes::{Bytes, BytesMut};
use futures_util::{Sink, Stream as _};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// The largest message that is taken, and the bound of what waits to be written.
const LARGEST_MESSAGE: usize = 17 << 20;

/// Bytes read from the socket at once.
const READ_AT_ONCE: usize = 128 << 10;

/// The configuration of both ends: nothing is held back to be written together with what comes later.
pub(crate) fn configuration() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_AT_ONCE)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * LARGEST_MESSAGE)
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE))
}

/// A WebSocket that is read and written as a stream of bytes.
#[derive(Debug)]
pub(crate) struct WebSocketBytes {
    socket: WebSocketStream<Socket>,
    /// The rest of a message that was read in part.
    rest: Bytes,
    written: Ledger,
    read: Ledger,
}

/// What passed one direction of the socket, as told by its messages: the difference to the socket's own count is in
/// user space.
#[derive(Debug)]
struct Ledger {
    masked: bool,
    /// The socket's count when the messages began.
    base: u64,
    framed: u64,
}

impl Ledger {
    fn add(&mut self, payload: usize) {
        let length = match payload {
            0..=125 => 2,
            126..=65_535 => 4,
            _ => 10,
        };
        self.framed += (payload + length + if self.masked { 4 } else { 0 }) as u64;
    }
}

impl WebSocketBytes {
    /// The messages of `socket`, whose handshake is done; `early` bytes of them were read with it.
    pub(crate) fn new(
        socket: WebSocketStream<Socket>,
        handle: &SocketHandle,
        role: Role,
        early: usize,
    ) -> Self {
        let counters = handle.counters();
        let client = role == Role::Client;
        Self {
            socket,
            rest: Bytes::new(),
            written: Ledger { masked: client, base: counters.written(), framed: 0 },
            read: Ledger { masked: !client, base: counters.read() - early as u64, framed: 0 },
        }
    }

    /// Bytes in user space that were written here and not yet taken by the kernel, wire framing included.
    pub(crate) fn unwritten(&self, socket: &Counters) -> u64 {
        self.written.framed.saturating_sub(socket.written() - self.written.base)
    }

    /// Bytes in user space that were read from the kernel and not yet given out, wire framing included.
    pub(crate) fn unread(&self, socket: &Counters) -> u64 {
        let given = self.read.framed - self.rest.len() as u64;
        (socket.read() - self.read.base).saturating_sub(given)
    }

    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                Some(Ok(Message::Binary(bytes))) => self.rest = bytes,
                Some(Ok(Message::Text(text))) => self.rest = text.into(),
                // The answer goes out with the next write.
                Some(Ok(Message::Ping(payload))) => {
                    self.read.add(payload.len());
                    self.written.add(payload.len());
                    continue;
                }
                Some(Ok(Message::Pong(payload))) => {
                    self.read.add(payload.len());
                    continue;
                }
                Some(Ok(Message::Frame(_))) => continue,
                Some(Ok(Message::Close(frame))) => {
                    self.read.add(frame.map_or(0, |frame| 2 + frame.reason.len()));
                    return Poll::Ready(Ok(()));
                }
                None => return Poll::Ready(Ok(())),
                Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {
                    return Poll::Ready(Ok(()));
                }
                Some(Err(error)) => return Poll::Ready(Err(into_io(error))),
            }
            self.read.add(self.rest.len());
        }
        let count = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.split_to(count));
        Poll::Ready(Ok(()))
    }

    /// Makes one message of at most `largest` bytes; waits while the kernel has not taken all of the one before.
    pub(crate) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
        largest: usize,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(context))?;
        let all: usize = slices.iter().map(|slice| slice.len()).sum();
        let mut message = BytesMut::with_capacity(all.min(largest));
        for slice in slices {
            let room = largest - message.len();
            message.extend_from_slice(slice.get(..room.min(slice.len())).unwrap_or_default());
        }
        let count = message.len();
        if count > 0 {
            Pin::new(&mut self.socket).start_send(Message::Binary(message.freeze())).map_err(into_io)?;
            self.written.add(count);
        }
        Poll::Ready(Ok(count))
    }

    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context).map_err(into_io)
    }

    /// Says goodbye by a Close frame.
    pub(crate) fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(context).map_err(into_io)
    }
}

fn into_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed | Error::Protocol(ProtocolError::SendAfterClosing) => {
            io::ErrorKind::BrokenPipe.into()
        }
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}
