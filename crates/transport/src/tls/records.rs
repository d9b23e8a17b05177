//! The records of a TLS connection on their way from the socket: read ahead of TLS, which takes 4 KiB at a time, and
//! followed, so that what TLS holds of an unfinished one is known.

use crate::socket::Socket;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes read from the socket at once: four full records.
const READ_AT_ONCE: usize = 66 << 10;

/// A socket, and where its records end.
#[derive(Debug)]
pub(super) struct Records {
    socket: Socket,
    /// What was read; from `next` on it was not given to TLS yet.
    ahead: Vec<u8>,
    next: usize,
    place: Place,
}

/// Where in a record the bytes are that were given last (RFC 8446 §5.1).
#[derive(Debug, Default)]
struct Place {
    /// Bytes of the current record's header that came.
    header: usize,
    /// The length it tells, as far as it came.
    length: usize,
    /// Bytes of its body that came.
    body: usize,
}

/// Content type, version, and the length in two bytes.
const HEADER: usize = 5;

impl Records {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, ahead: Vec::new(), next: 0, place: Place::default() }
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Bytes that were taken from the kernel and of which TLS made nothing yet, because a record is not complete.
    pub(super) fn unprocessed(&self) -> usize {
        self.ahead.len() - self.next + self.place.unfinished()
    }
}

impl Place {
    /// Bytes of a record that is not complete.
    fn unfinished(&self) -> usize {
        self.header + self.body
    }

    /// These came next.
    fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.header < HEADER {
                self.header += 1;
                self.length = match self.header {
                    4 | 5 => self.length << 8 | usize::from(*first),
                    _ => 0,
                };
                bytes = rest;
            } else {
                let count = bytes.len().min(self.length - self.body);
                self.body += count;
                bytes = bytes.get(count..).unwrap_or_default();
            }
            if self.header == HEADER && self.body == self.length {
                *self = Self::default();
            }
        }
    }
}

impl AsyncRead for Records {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { socket, ahead, next, place } = &mut *self;
        if *next == ahead.len() {
            ahead.resize(READ_AT_ONCE, 0);
            let mut space = ReadBuf::new(ahead);
            let result = Pin::new(socket).poll_read(context, &mut space);
            let count = space.filled().len();
            ahead.truncate(count);
            *next = 0;
            ready!(result)?;
        }
        let given = ahead.get(*next..).unwrap_or_default();
        let given = given.get(..buffer.remaining()).unwrap_or(given);
        buffer.put_slice(given);
        place.pass(given);
        *next += given.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Records {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_unfinished_is_what_came_since_the_last_records_end(
            lengths in proptest::collection::vec(0usize..2000, 1..20),
            pieces in proptest::collection::vec(1usize..700, 1..20),
        ) {
            let mut bytes = Vec::new();
            let mut ends = vec![0];
            for length in lengths {
                let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
                bytes.extend([23, 3, 3, high, low]);
                bytes.extend(vec![0xFF; length]);
                ends.push(bytes.len());
            }
            let mut place = Place::default();
            let mut came = 0;
            for piece in pieces.iter().cycle() {
                let piece = &bytes[came..(came + piece).min(bytes.len())];
                place.pass(piece);
                came += piece.len();
                let last = ends.iter().rev().find(|end| **end <= came).unwrap();
                prop_assert_eq!(place.unfinished(), came - last);
                if came == bytes.len() {
                    break;
                }
            }
        }
    }
}
