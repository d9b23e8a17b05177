//! Payload bytes in the bodies of HTTP: a request's upwards, a response's downwards.
//!
//! hyper speaks the protocol, on the socket whose gate and counters are beneath all. It moves only while the stream is read or
//! written, in the stream's own task: nothing is handed to it before the kernel has all that it was given before.

mod accounts;
mod asking;
mod driver;
mod error;
mod events;
mod exchanges;
mod incoming;
mod outgoing;
mod request;
mod respond;
mod sender;
pub(crate) mod service_request;
mod tasks;

pub use driver::Connection;
pub use error::Refusal;
pub use exchanges::Exchanges;
pub use request::Apart;
pub use respond::{Carried, ResponseBody, accept};
pub use tasks::Tasks;

use crate::carrier::{Carrier, gather};
use crate::{Counters, SocketHandle};
use accounts::{Extent, Reading, Writing};
use bytes::Bytes;
use driver::Driver;
use error::cut_off;
use events::{EventReader, event, payload_within};
use incoming::Incoming;
use outgoing::Outgoing;
use respond::Respond;
use scenario::{HTTP2_CONNECTION_WINDOW, HTTP2_STREAM_WINDOW};
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;
use units::ByteSize;

/// Bytes that hyper reads from the socket at once.
pub(crate) const READ_AT_ONCE: usize = 128 << 10;

/// [`HTTP2_STREAM_WINDOW`], as hyper takes it.
pub const STREAM_WINDOW: u32 = as_u32(HTTP2_STREAM_WINDOW);

/// [`HTTP2_CONNECTION_WINDOW`], as hyper takes it.
pub const CONNECTION_WINDOW: u32 = as_u32(HTTP2_CONNECTION_WINDOW);

#[expect(clippy::cast_possible_truncation, reason = "a few MiB, known when this is compiled")]
const fn as_u32(size: ByteSize) -> u32 {
    size.as_u64() as u32
}

/// The most that is handed to HTTP/2 at once. It takes a piece before it looks for room in its windows, beside the rest of the one
/// that they had no more room for, and tells of neither. So twice as much may wait in the producer without being counted there,
/// and be taken for the path's; once as much where pieces divide the window.
pub const PIECE: usize = 16 << 10;

/// A stream in the body of a request, or of a response.
#[derive(Debug)]
pub(crate) struct HttpBytes {
    driver: Driver,
    socket: SocketHandle,
    incoming: Incoming,
    reading: Reading,
    /// The body that is written, where one is.
    outgoing: Option<Outgoing>,
    writing: Writing,
    /// It is the server's end.
    serves: bool,
    /// The answer that is still owed.
    respond: Option<Respond>,
    /// The socket's count before an answer that is under way.
    answering: Option<u64>,
}

impl HttpBytes {
    /// Brings the connection on, and notes what it read; true: it is over.
    fn drive(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        let over = self.driver.drive(context);
        let counters = self.socket.counters();
        if counters.read() != self.reading.seen {
            // HTTP/2 reads ahead, as far as its windows reach.
            let before = if self.is_multiplexed() { self.reading.held } else { 0 };
            let read = if self.is_multiplexed() {
                counters.read() - self.reading.seen
            } else {
                counters.last_read()
            };
            self.reading.held = before + read;
            self.reading.seen = counters.read();
        }
        if self.writing.base.is_none() && self.outgoing.as_ref().is_some_and(Outgoing::is_asked) {
            self.writing.base = Some(counters.written());
        }
        over
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if self.lingers() {
            return self.poll_leave(context).map_ok(|()| None);
        }
        let mut piece = self.incoming.poll_piece(context);
        if piece.is_pending() {
            let driven = self.drive(context);
            piece = self.incoming.poll_piece(context);
            // A body that failed says more than its connection.
            if piece.is_pending() && driven? {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        match &piece {
            Poll::Ready(Ok(Some(piece))) => {
                self.reading.held = self.reading.held.saturating_sub(piece.len() as u64);
            }
            // It wanted to read more, or is at the end: what is left was the framing of what it gave out.
            Poll::Pending | Poll::Ready(Ok(None)) => self.reading.held = 0,
            Poll::Ready(Err(_)) => {}
        }
        piece
    }

    /// HTTP/2 does not tell when the kernel has the last frame, and its client has something to say to the end, window updates
    /// above all: a server that closed at its own end would reset what is still on its way.
    fn lingers(&self) -> bool {
        self.serves && self.is_multiplexed() && self.writing.ended && self.incoming.is_over()
    }

    /// Waits until the client has all, and closes.
    fn poll_leave(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.driver.leave();
        if !self.drive(context)? {
            return Poll::Pending;
        }
        self.socket.poll_forget(context)
    }

    /// What the peer says before all was sent.
    fn hear_early(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.incoming.poll_head(context) {
            Poll::Ready(head) => head,
            Poll::Pending => Ok(()),
        }
    }

    fn is_multiplexed(&self) -> bool {
        self.writing.extent == Extent::Frames
    }

    /// Something is in user space that the kernel has not taken.
    fn waits(&self) -> bool {
        let counters = self.socket.counters();
        let written = match self.writing.extent {
            Extent::Frames => !counters.waiting() && counters.unwritten() == 0,
            _ => self.unwritten(counters) == 0,
        };
        !written
            || self.answering.is_some_and(|before| counters.written() == before)
            || self.outgoing.as_ref().is_some_and(Outgoing::is_waiting)
    }
}

impl Carrier for HttpBytes {
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.reading.rest.is_empty() {
            let piece = ready!(self.poll_piece(context)).map_err(cut_off)?;
            let Some(piece) = piece else { return Poll::Ready(Ok(())) };
            self.reading.rest = match &mut self.reading.events {
                Some(events) => events.read(&piece)?,
                None => piece,
            };
        }
        let count = self.reading.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.reading.rest.split_to(count));
        self.reading.payload += count as u64;
        Poll::Ready(Ok(()))
    }

    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
        largest: usize,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(context))?;
        let Some(outgoing) = &self.outgoing else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let most = match (self.writing.extent, self.writing.events) {
            (Extent::Frames, false) => PIECE,
            (Extent::Frames, true) => payload_within(PIECE),
            _ => usize::MAX,
        };
        let message = gather(slices, largest.min(most));
        let count = message.len();
        if count > 0 {
            let body = if self.writing.events { event(&message) } else { message };
            self.writing.framed += body.len() as u64 + self.writing.extent.frame(body.len());
            outgoing.put(body);
            let driven = self.drive(context);
            // What the peer says tells more than that its connection is over.
            self.hear_early(context)?;
            driven?;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closing = self.writing.ended && self.writing.extent == Extent::Close;
        if !self.waits() && !closing {
            self.hear_early(context)?;
            return Poll::Ready(Ok(()));
        }
        let driven = self.drive(context);
        self.hear_early(context)?;
        let over = driven?;
        match (self.waits() || closing, over) {
            (false, _) => Poll::Ready(Ok(())),
            (true, false) => Poll::Pending,
            (true, true) if self.writing.ended => Poll::Ready(Ok(())),
            (true, true) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Ends the body; where the stream is that of a request, answers it.
    fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(respond) = self.respond.take() {
            self.answering = Some(self.socket.counters().written());
            respond.complete(self.reading.payload);
        }
        if !self.writing.ended && self.writing.extent != Extent::Announced {
            ready!(self.poll_flush(context))?;
            self.writing.ended = true;
            if let Some(outgoing) = &self.outgoing {
                self.writing.framed += self.writing.extent.end();
                outgoing.end();
            }
        }
        self.poll_flush(context)
    }

    fn unwritten(&self, wire: &Counters) -> u64 {
        let framed =
            self.writing.base.map_or(0, |base| self.writing.framed.saturating_sub(wire.written() - base));
        match (&self.outgoing, self.writing.extent) {
            (Some(outgoing), Extent::Frames) => outgoing.waiting_bytes() + wire.unwritten(),
            _ => framed + wire.unwritten(),
        }
    }

    fn unread(&self, wire: &Counters) -> u64 {
        let Reading { events, rest, held, .. } = &self.reading;
        held + (rest.len() + events.as_ref().map_or(0, EventReader::pending)) as u64 + wire.unread()
    }

    fn answer(&mut self, line: &[u8], accepted: bool) -> bool {
        match self.respond.take() {
            // The request's body comes first.
            Some(respond) if accepted && respond.is_upload() => self.respond = Some(respond),
            Some(respond) if accepted => self.outgoing = Some(respond.begin()),
            Some(respond) => {
                self.answering = Some(self.socket.counters().written());
                respond.refuse(line);
            }
            None => {}
        }
        true
    }

    fn poll_answered(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(answered) = self.incoming.poll_head(context) {
            return Poll::Ready(answered);
        }
        let driven = self.drive(context);
        match self.incoming.poll_head(context) {
            Poll::Pending if driven? => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            answered => answered,
        }
    }

    fn may_be_answered(&self) -> bool {
        !self.serves
    }

    fn ends_within(&self) -> bool {
        true
    }

    fn stalls_above(&self) -> bool {
        self.is_multiplexed()
    }

    fn poll_idle(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        self.drive(context).map(drop)
    }
}
