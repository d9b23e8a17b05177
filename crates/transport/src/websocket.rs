//! Payload bytes as binary WebSocket messages (RFC 6455), and the accounts of what is in user space.
//!
//! A write becomes one message, of which the kernel takes what it can at once; the next write waits until it has
//! taken all. So no more than one message waits in user space, and how much of it does is known.

mod upgrade;

pub use upgrade::{WebSocketUpgrade, connect_messages, upgrade};

use crate::carrier::{Carrier, gather};
use crate::{Close, Counters, SocketHandle, Wire};
use bytes::Bytes;
use futures_util::{Sink, Stream as _};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use units::ByteSize;

/// The largest message of a stream.
pub(crate) const LARGEST_MESSAGE: ByteSize = ByteSize::mib(17);

/// More than a message and what is added to it: one is begun only once the one before was written.
const WRITTEN_AT_MOST: usize = 34 << 20;

/// Bytes of answers to pings that may wait: a peer that does not take them is not read from.
const REPLIES_AT_MOST: u64 = 64 << 10;

/// Bytes read from the socket at once.
const READ_AT_ONCE: usize = 128 << 10;

/// The configuration of both ends, which take messages up to `largest`: nothing is held back to be written together with
/// what comes later.
pub(crate) fn configuration(largest: ByteSize) -> WebSocketConfig {
    let largest = usize::try_from(largest.as_u64()).unwrap_or(usize::MAX);
    WebSocketConfig::default()
        .read_buffer_size(READ_AT_ONCE)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITTEN_AT_MOST)
        .max_message_size(Some(largest))
        .max_frame_size(Some(largest))
}

/// A WebSocket that is read and written as a stream of bytes.
#[derive(Debug)]
pub(crate) struct WebSocketBytes {
    socket: WebSocketStream<Wire>,
    /// The rest of a message that was read in part.
    rest: Bytes,
    /// What came while this end wrote.
    heard: Option<io::Result<Received>>,
    /// Nothing that was read from the socket is left to be told.
    drained: bool,
    /// Bytes of answers to pings since all was written.
    replies: u64,
    written: Ledger,
    read: Ledger,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A binary message.
    Binary(Bytes),
    /// A text message, which is UTF-8.
    Text(Bytes),
    /// The peer says goodbye.
    Close(Close),
    /// The connection is over.
    End,
}

impl Received {
    /// Bytes of payload.
    pub fn length(&self) -> usize {
        match self {
            Self::Binary(bytes) | Self::Text(bytes) => bytes.len(),
            Self::Close(_) | Self::End => 0,
        }
    }
}

/// What passed one direction of the wire, as told by its messages: the difference to the wire's own count is in
/// user space, and so is what the wire holds.
#[derive(Debug)]
struct Ledger {
    masked: bool,
    /// The wire's count when the messages began.
    base: u64,
    framed: u64,
}

impl Ledger {
    /// Adds a frame, and tells its length.
    fn add(&mut self, payload: usize) -> u64 {
        let length = match payload {
            0..=125 => 2,
            126..=65_535 => 4,
            _ => 10,
        };
        let frame = (payload + length + if self.masked { 4 } else { 0 }) as u64;
        self.framed += frame;
        frame
    }
}

impl WebSocketBytes {
    /// The messages of `socket`, whose handshake is done; `early` bytes of them were read with it.
    pub(crate) fn new(
        socket: WebSocketStream<Wire>,
        handle: &SocketHandle,
        role: Role,
        early: usize,
    ) -> Self {
        let counters = handle.counters();
        let client = role == Role::Client;
        Self {
            socket,
            rest: Bytes::new(),
            heard: None,
            drained: false,
            replies: 0,
            written: Ledger { masked: client, base: counters.written(), framed: 0 },
            read: Ledger { masked: !client, base: counters.read() - early as u64, framed: 0 },
        }
    }

    /// Bytes of all frames that were read, with their headers.
    #[cfg(test)]
    pub(crate) fn framed_bytes_read(&self) -> u64 {
        self.read.framed
    }

    /// The next message that is for us.
    pub(crate) fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Received>> {
        match self.heard.take() {
            Some(heard) => Poll::Ready(heard),
            None => self.poll_receive(context),
        }
    }

    /// Reads what the peer says to an end that writes, so that its pings are answered; one message, or the end, is kept for the
    /// next read.
    fn listen(&mut self, context: &mut Context<'_>) {
        if self.heard.is_none()
            && let Poll::Ready(heard) = self.poll_receive(context)
        {
            self.heard = Some(heard);
            // Whoever waits to read was not told of it.
            context.waker().wake_by_ref();
        }
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Received>> {
        loop {
            let replies_wait = self.replies > 0 && self.poll_flush(context)?.is_pending();
            if replies_wait && self.replies > REPLIES_AT_MOST {
                return Poll::Pending;
            }
            // tungstenite clears its whole buffer before each attempt to read: as much work as a message.
            if self.drained && !replies_wait && self.socket.get_ref().poll_readable(context).is_pending() {
                return Poll::Pending;
            }
            let next = Pin::new(&mut self.socket).poll_next(context);
            self.drained = next.is_pending();
            let received = match ready!(next) {
                Some(Ok(Message::Binary(bytes))) => Received::Binary(bytes),
                Some(Ok(Message::Text(text))) => Received::Text(text.into()),
                // It answers when it is asked for the next message, or flushed.
                Some(Ok(Message::Ping(payload))) => {
                    self.read.add(payload.len());
                    self.replies += self.written.add(payload.len());
                    continue;
                }
                Some(Ok(Message::Pong(payload))) => {
                    self.read.add(payload.len());
                    continue;
                }
                Some(Ok(Message::Frame(_))) => continue,
                Some(Ok(Message::Close(frame))) => {
                    self.read.add(frame.as_ref().map_or(0, |frame| 2 + frame.reason.len()));
                    return Poll::Ready(Ok(Received::Close(Close::heard(frame))));
                }
                None | Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {
                    return Poll::Ready(Ok(Received::End));
                }
                Some(Err(error)) => return Poll::Ready(Err(into_io(error))),
            };
            self.read.add(received.length());
            return Poll::Ready(Ok(received));
        }
    }

    /// A message was read, and `rest` of it is still to be given out as bytes.
    pub(crate) fn give_back(&mut self, rest: Bytes) {
        self.rest = rest;
    }

    /// Takes `message` whole; the kernel takes it with what [`poll_flush`](Self::poll_flush) does.
    pub(crate) fn start(&mut self, message: Message) -> io::Result<()> {
        let length = message.len();
        Pin::new(&mut self.socket).start_send(message).map_err(into_io)?;
        self.written.add(length);
        Ok(())
    }

    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_flush(context)).map_err(into_io)?;
        self.replies = 0;
        Poll::Ready(Ok(()))
    }

    /// What the messages are carried by.
    pub(crate) fn wire(&mut self) -> &mut Wire {
        self.socket.get_mut()
    }
}

impl Carrier for WebSocketBytes {
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(self.poll_message(context))? {
                Received::Binary(bytes) | Received::Text(bytes) => self.rest = bytes,
                Received::Close(_) | Received::End => return Poll::Ready(Ok(())),
            }
        }
        let count = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.split_to(count));
        Poll::Ready(Ok(()))
    }

    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
        largest: usize,
    ) -> Poll<io::Result<usize>> {
        self.listen(context);
        ready!(self.poll_flush(context))?;
        let message = gather(slices, largest);
        let count = message.len();
        if count > 0 {
            self.start(Message::Binary(message))?;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_flush(self, context)
    }

    /// Says goodbye by a Close frame.
    fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(context))?;
        Pin::new(&mut self.socket).poll_close(context).map_err(into_io)
    }

    fn unwritten(&self, wire: &Counters) -> u64 {
        self.written.framed.saturating_sub(wire.written() - self.written.base) + wire.unwritten()
    }

    fn unread(&self, wire: &Counters) -> u64 {
        let heard = match &self.heard {
            Some(Ok(received)) => received.length(),
            Some(Err(_)) | None => 0,
        };
        let given = self.read.framed - (self.rest.len() + heard) as u64;
        (wire.read() - self.read.base).saturating_sub(given) + wire.unread()
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
