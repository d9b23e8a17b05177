//! Payload bytes over whatever carries them.

use crate::exchange::ExchangeBytes;
use crate::websocket::WebSocketBytes;
use crate::{Counters, Gate, SocketHandle, Wire};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use units::ByteSize;

/// Carries one measured stream, or the control messages of a run.
#[derive(Debug)]
pub struct Stream {
    carrier: Carrier,
    socket: SocketHandle,
    /// Of payload; the same as the socket's where nothing lies between.
    counters: Arc<Counters>,
    /// The largest message, where the carrier has messages.
    message: usize,
}

#[derive(Debug)]
enum Carrier {
    Plain(Wire),
    WebSocket(Box<WebSocketBytes>),
    Exchange(Box<ExchangeBytes>),
}

/// Control lines are cut into messages of this size.
const MESSAGE: usize = 64 << 10;

impl Stream {
    /// The bytes of a connection as they are.
    pub fn plain(wire: Wire) -> Self {
        let handle = wire.handle();
        let counters = Arc::clone(handle.counters());
        Self { carrier: Carrier::Plain(wire), socket: handle, counters, message: MESSAGE }
    }

    pub(crate) fn websocket(bytes: WebSocketBytes, socket: SocketHandle) -> Self {
        let carrier = Carrier::WebSocket(Box::new(bytes));
        Self { carrier, socket, counters: Arc::default(), message: MESSAGE }
    }

    pub(crate) fn exchange(bytes: ExchangeBytes, socket: SocketHandle) -> Self {
        let carrier = Carrier::Exchange(Box::new(bytes));
        Self { carrier, socket, counters: Arc::default(), message: MESSAGE }
    }

    /// The openings are over: what is counted begins here. Writes become messages of at most this size.
    pub fn begin(&mut self, message: ByteSize) -> io::Result<()> {
        self.message = usize::try_from(message.as_u64()).unwrap_or(usize::MAX).max(1);
        match &mut self.carrier {
            Carrier::WebSocket(_) | Carrier::Exchange(_) => self.counters = Arc::default(),
            Carrier::Plain(wire) => {
                wire.begin(message);
                self.counters.reset();
            }
        }
        // The openings left one end acknowledging at once and the other waiting for something to acknowledge with,
        // which decides what a cold path absorbs: both directions begin alike.
        socket::delay_acknowledgements(&self.socket)
    }

    /// What passed so far.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// What lets reads pass.
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(self.socket.gate())
    }

    /// The socket beneath, to ask the kernel about it. It keeps the connection open.
    pub fn socket(&self) -> SocketHandle {
        self.socket.clone()
    }

    /// Makes the coming close send RST instead of FIN.
    pub fn reset_on_close(&self) -> io::Result<()> {
        socket::reset_on_close(&self.socket)
    }

    /// What the carrier holds in user space may have changed.
    fn note_held(&self) {
        let socket = self.socket.counters();
        match &self.carrier {
            Carrier::Plain(_) => {}
            Carrier::WebSocket(bytes) => {
                self.counters.set_held(bytes.unwritten(socket), bytes.unread(socket));
            }
            Carrier::Exchange(bytes) => self.counters.set_held(bytes.unwritten(socket), bytes.unread()),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Carrier::Plain(wire) = &mut this.carrier {
            return Pin::new(wire).poll_read(context, buffer);
        }
        // What the carrier has read already does not pass either.
        if !this.socket.gate().passes(context) {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let result = match &mut this.carrier {
            Carrier::Plain(wire) => Pin::new(wire).poll_read(context, buffer),
            Carrier::WebSocket(bytes) => bytes.poll_read(context, buffer),
            Carrier::Exchange(bytes) => bytes.poll_read(context, buffer),
        };
        this.counters.add_read(buffer.filled().len() - before);
        this.note_held();
        result
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let result = match &mut this.carrier {
            Carrier::Plain(wire) => return Pin::new(wire).poll_write_vectored(context, slices),
            Carrier::WebSocket(bytes) => bytes.poll_write(context, slices, this.message),
            Carrier::Exchange(bytes) => bytes.poll_write(context, slices, this.message, &this.socket),
        };
        if let Poll::Ready(Ok(count)) = result {
            this.counters.add_written(count);
        }
        this.counters.set_waiting(result.is_pending());
        this.note_held();
        result
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let result = match &mut this.carrier {
            Carrier::Plain(wire) => return Pin::new(wire).poll_flush(context),
            Carrier::WebSocket(bytes) => bytes.poll_flush(context),
            Carrier::Exchange(bytes) => bytes.poll_flush(context, &this.socket),
        };
        this.counters.set_waiting(result.is_pending());
        this.note_held();
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match &mut this.carrier {
            Carrier::Plain(wire) => Pin::new(wire).poll_shutdown(context),
            Carrier::Exchange(bytes) => bytes.poll_shutdown(context, &this.socket),
            Carrier::WebSocket(bytes) => {
                ready!(bytes.poll_flush(context))?;
                bytes.poll_shutdown(context)
            }
        }
    }
}

#[cfg(test)]
mod tests;
