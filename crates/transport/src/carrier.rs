//! What lies between a stream's payload and its socket.

use crate::Counters;
use bytes::{Bytes, BytesMut};
use std::fmt;
use std::io::{self, IoSlice};
use std::task::{Context, Poll};
use tokio::io::ReadBuf;

/// Carries payload in messages of its own, and knows what of it is in user space.
///
/// A write becomes one message, and waits until the kernel has all of the one before: so one at most is in user space.
pub(crate) trait Carrier: fmt::Debug + Send {
    /// Reads payload; nothing at its end.
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;

    /// Makes one message of at most `largest` bytes; waits while the kernel has not taken all of the one before.
    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
        largest: usize,
    ) -> Poll<io::Result<usize>>;

    /// Waits until the kernel has all that was written.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Says that nothing more will be written.
    fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Bytes in user space that were written here and not yet taken by the kernel, wire framing included.
    fn unwritten(&self, wire: &Counters) -> u64;

    /// Bytes in user space that were read from the kernel and not yet given out, wire framing included.
    fn unread(&self, wire: &Counters) -> u64;

    /// Answers the opening beside the stream; false: the answer belongs into the stream, as its first bytes.
    fn answer(&mut self, _line: &[u8], _accepted: bool) -> bool {
        false
    }

    /// Waits for an answer to the opening that comes beside the stream; it may come late, or never.
    fn poll_answered(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    /// It has windows of its own: a stall must be seen by them, so reads stop above it, and it goes on beneath.
    fn stalls_above(&self) -> bool {
        false
    }

    /// Goes on while nothing is read.
    fn poll_idle(&mut self, _context: &mut Context<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The peer may say why it ends the connection, in an answer that the next write brings.
    fn may_be_answered(&self) -> bool {
        false
    }

    /// The end of the payload is said within the connection, so that no proxy takes it for the connection's.
    fn ends_within(&self) -> bool {
        false
    }
}

/// The first bytes of `slices`, at most `largest`, as one message.
pub(crate) fn gather(slices: &[IoSlice<'_>], largest: usize) -> Bytes {
    let all: usize = slices.iter().map(|slice| slice.len()).sum();
    let mut message = BytesMut::with_capacity(all.min(largest));
    for slice in slices {
        let room = largest - message.len();
        message.extend_from_slice(slice.get(..room.min(slice.len())).unwrap_or_default());
    }
    message.freeze()
}
