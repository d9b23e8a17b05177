//! Payload bytes over whatever carries them.

use crate::carrier::Carrier;
use crate::{Counters, Gate, SocketHandle, Wire};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use units::ByteSize;

/// Carries one measured stream, or the control messages of a run.
#[derive(Debug)]
pub struct Stream {
    way: Way,
    socket: SocketHandle,
    /// The socket's, or one above a carrier that has windows of its own.
    gate: Arc<Gate>,
    /// Of payload; the same as the socket's where nothing lies between.
    counters: Arc<Counters>,
    /// The largest message, where the carrier has messages.
    message: usize,
}

#[derive(Debug)]
enum Way {
    Plain(Wire),
    Carried(Box<dyn Carrier>),
}

/// Control lines are cut into messages of this size.
const MESSAGE: usize = 64 << 10;

impl Stream {
    /// The bytes of a connection as they are.
    pub fn plain(wire: Wire) -> Self {
        let handle = wire.handle();
        let counters = Arc::clone(handle.counters());
        let gate = Arc::clone(handle.gate());
        Self { way: Way::Plain(wire), gate, socket: handle, counters, message: MESSAGE }
    }

    pub(crate) fn carried(carrier: impl Carrier + 'static, socket: SocketHandle) -> Self {
        let gate = if carrier.stalls_above() { Arc::default() } else { Arc::clone(socket.gate()) };
        let way = Way::Carried(Box::new(carrier));
        Self { way, gate, socket, counters: Arc::default(), message: MESSAGE }
    }

    /// The openings are over: what is counted begins here. Writes become messages of at most this size.
    pub fn begin(&mut self, message: ByteSize) -> io::Result<()> {
        self.message = usize::try_from(message.as_u64()).unwrap_or(usize::MAX).max(1);
        match &mut self.way {
            Way::Carried(_) => self.counters = Arc::default(),
            Way::Plain(wire) => {
                wire.begin(message);
                self.counters.reset();
            }
        }
        // The openings left one end acknowledging at once and the other waiting for something to acknowledge with,
        // which decides what a cold path absorbs: both directions begin alike.
        socket::delay_acknowledgements(&self.socket)
    }

    /// Answers the opening with this line: as the stream's first bytes, or beside it where its carrier has a place for
    /// answers. Such a place may not reach the client before the stream is over.
    pub async fn answer(&mut self, line: &[u8], accepted: bool) -> io::Result<()> {
        let beside = match &mut self.way {
            Way::Plain(_) => false,
            Way::Carried(carrier) => carrier.answer(line, accepted),
        };
        if !beside {
            self.write_all(line).await?;
        }
        self.flush().await
    }

    /// Waits for an answer to the opening that comes beside the stream; where there is none, for ever. Cancel-safe.
    pub async fn answered(&mut self) -> io::Result<()> {
        poll_fn(|context| match &mut self.way {
            Way::Plain(_) => Poll::Pending,
            Way::Carried(carrier) => carrier.poll_answered(context),
        })
        .await
    }

    /// The peer may say why it ends the connection, in an answer that the next write brings.
    pub fn may_be_answered(&self) -> bool {
        matches!(&self.way, Way::Carried(carrier) if carrier.may_be_answered())
    }

    /// The end of what is written is told apart from that of the connection, by whatever lies between.
    pub fn ends_within(&self) -> bool {
        matches!(&self.way, Way::Carried(carrier) if carrier.ends_within())
    }

    /// What passed so far.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// What lets reads pass.
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
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
        if let Way::Carried(carrier) = &self.way {
            let socket = self.socket.counters();
            self.counters.set_held(carrier.unwritten(socket), carrier.unread(socket));
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
        let carrier = match &mut this.way {
            Way::Plain(wire) => return Pin::new(wire).poll_read(context, buffer),
            Way::Carried(carrier) => carrier,
        };
        // What the carrier has read already does not pass either.
        if !this.gate.passes(context) {
            let idled = carrier.poll_idle(context);
            this.note_held();
            return idled.map_or_else(|error| Poll::Ready(Err(error)), |()| Poll::Pending);
        }
        let before = buffer.filled().len();
        let result = carrier.poll_read(context, buffer);
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
        let carrier = match &mut this.way {
            Way::Plain(wire) => return Pin::new(wire).poll_write_vectored(context, slices),
            Way::Carried(carrier) => carrier,
        };
        let result = carrier.poll_write(context, slices, this.message);
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
        let carrier = match &mut this.way {
            Way::Plain(wire) => return Pin::new(wire).poll_flush(context),
            Way::Carried(carrier) => carrier,
        };
        let result = carrier.poll_flush(context);
        this.counters.set_waiting(result.is_pending());
        this.note_held();
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Plain(wire) => Pin::new(wire).poll_shutdown(context),
            Way::Carried(carrier) => carrier.poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests;
