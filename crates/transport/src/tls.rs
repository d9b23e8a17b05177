//! TLS over a socket, and the accounts of what it holds in user space.
//!
//! A write begins only when the kernel has all of the one before, and takes no more than a message: so no more than that
//! waits in user space, and rustls tells how much of it does. The gate is the socket's, beneath all this.

mod client;
mod error;
mod records;
mod remedies;
mod server;

pub use client::{TlsClient, host};
pub use error::{TlsError, TlsSetupError};
pub use remedies::Remedies;
pub use server::{OwnCertificate, TlsServer};

use crate::socket::SocketHandle;
use records::Records;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;
use units::ByteSize;

/// The protocols that are agreed on by ALPN (RFC 7301) where HTTP is spoken; the second only with who offers nothing else.
const HTTP_1_1: &[u8] = b"http/1.1";
const HTTP_2: &[u8] = b"h2";

/// The most that one write takes, whatever the size of its message: two full records. What a cold path absorbs depends on how
/// writes cut the kernel's send buffer; on loopback 32 KiB come nearest to what TCP alone does (within 9 %; 64 KiB: 15 %).
const WRITTEN_AT_ONCE: usize = 32 << 10;

/// What is encrypted on a connection, after the handshake.
#[derive(Debug)]
pub(crate) struct TlsBytes {
    stream: TlsStream<Records>,
    /// The socket's, with counters of what is encrypted.
    handle: SocketHandle,
    /// What was looked at, and not taken yet.
    seen: Vec<u8>,
}

impl TlsBytes {
    fn new(stream: impl Into<TlsStream<Records>>) -> Self {
        let stream = stream.into();
        let handle = stream.get_ref().0.socket().handle().with_own_counters();
        let mut bytes = Self { stream, handle, seen: Vec::new() };
        bytes.bound_writes(WRITTEN_AT_ONCE);
        bytes
    }

    /// The socket's handle; its counters count here.
    pub(crate) fn handle(&self) -> SocketHandle {
        self.handle.clone()
    }

    /// From now on no write takes more than a message of this size.
    pub(crate) fn begin(&mut self, message: ByteSize) {
        let message = usize::try_from(message.as_u64()).unwrap_or(usize::MAX).max(1);
        self.bound_writes(message.min(WRITTEN_AT_ONCE));
    }

    fn bound_writes(&mut self, most: usize) {
        match &mut self.stream {
            TlsStream::Client(stream) => stream.get_mut().1.set_buffer_limit(Some(most)),
            TlsStream::Server(stream) => stream.get_mut().1.set_buffer_limit(Some(most)),
        }
    }

    /// Looks at what comes next, without taking it: waits for the first byte, or the end.
    pub(crate) async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|context| {
            let mut more = [0; 64];
            let mut more = ReadBuf::new(&mut more);
            if self.seen.len() < buffer.len() {
                match Pin::new(&mut self.stream).poll_read(context, &mut more) {
                    Poll::Pending if self.seen.is_empty() => return Poll::Pending,
                    Poll::Pending => {}
                    Poll::Ready(read) => read.map_err(into_io)?,
                }
                self.seen.extend_from_slice(more.filled());
                self.note_held();
            }
            let count = self.seen.len().min(buffer.len());
            for (to, from) in buffer.iter_mut().zip(&self.seen) {
                *to = *from;
            }
            Poll::Ready(Ok(count))
        })
        .await
    }

    /// What is held in user space may have changed.
    fn note_held(&mut self) {
        // Tells the state, for whatever came was processed when it was read.
        let state = match &mut self.stream {
            TlsStream::Client(stream) => stream.get_mut().1.process_new_packets(),
            TlsStream::Server(stream) => stream.get_mut().1.process_new_packets(),
        };
        // A connection that failed holds nothing that anybody would still be given.
        let Ok(state) = state else { return };
        let decrypted = state.plaintext_bytes_to_read() + self.seen.len();
        let unread = self.stream.get_ref().0.unprocessed() + decrypted;
        self.handle.counters().set_held(state.tls_bytes_to_write() as u64, unread as u64);
    }
}

impl AsyncRead for TlsBytes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // What was decrypted already does not pass either.
        if !self.handle.gate().passes(context) {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let result = if self.seen.is_empty() {
            Pin::new(&mut self.stream).poll_read(context, buffer).map_err(into_io)
        } else {
            let count = self.seen.len().min(buffer.remaining());
            let rest = self.seen.split_off(count);
            buffer.put_slice(&std::mem::replace(&mut self.seen, rest));
            Poll::Ready(Ok(()))
        };
        self.handle.counters().add_read(buffer.filled().len() - before);
        self.note_held();
        result
    }
}

impl AsyncWrite for TlsBytes {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.as_mut().poll_flush(context))?;
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.handle.note_write(&result);
        self.note_held();
        result
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.handle.counters().set_waiting(result.is_pending());
        self.note_held();
        result
    }

    /// Says goodbye by `close_notify`, then closes the socket's direction.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// RFC 8446 §6.1: an end without `close_notify` may be somebody's in between. It is told as what it is.
fn into_io(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let how = "the peer closed the connection without TLS's close_notify";
        return io::Error::new(io::ErrorKind::UnexpectedEof, how);
    }
    error
}

#[cfg(test)]
mod tests;
