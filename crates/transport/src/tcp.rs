//! A TCP connection by one descriptor, which others may hold too.
//!
//! Whoever owns a tokio stream reads and writes it by `&mut`, and whoever else asks the kernel about the connection then needs
//! a second descriptor: ten thousand connections would take twenty thousand.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A connection that is shared. Only one of those who share it reads and writes.
#[derive(Debug)]
pub(crate) struct Tcp(Arc<TcpStream>);

impl Tcp {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        Self(Arc::new(tcp))
    }

    /// The connection itself. It stays open for as long as anybody holds it.
    pub(crate) fn connection(&self) -> Arc<TcpStream> {
        Arc::clone(&self.0)
    }

    /// Looks at what comes next, without taking it: waits for the first byte, or the end.
    pub(crate) async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.peek(buffer).await
    }

    /// Waits until the kernel has something to read, its end or an error among it.
    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.0.poll_read_ready(context).map(drop)
    }

    fn poll_write_with(
        &self,
        context: &mut Context<'_>,
        length: usize,
        write: impl Fn() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            if let Some(written) = self.attempt(Interest::WRITABLE, length, &write) {
                return Poll::Ready(written);
            }
        }
    }

    /// Tries once; `None` where the kernel has nothing, or no room. What moves fewer bytes than it might have has found
    /// that out too: it tells tokio, so that the next attempt waits instead.
    fn attempt(
        &self,
        interest: Interest,
        length: usize,
        mut attempt: impl FnMut() -> io::Result<usize>,
    ) -> Option<io::Result<usize>> {
        let mut moved = None;
        let tried = self.0.try_io(interest, || match attempt() {
            Ok(count) if (1..length).contains(&count) => {
                moved = Some(count);
                Err(io::ErrorKind::WouldBlock.into())
            }
            other => other,
        });
        match (moved, tried) {
            (Some(count), _) => Some(Ok(count)),
            (None, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => None,
            (None, tried) => Some(tried),
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let space = buffer.initialize_unfilled();
        let length = space.len();
        loop {
            ready!(self.0.poll_read_ready(context))?;
            if let Some(read) = self.attempt(Interest::READABLE, length, || self.0.try_read(space)) {
                let count = read?;
                buffer.advance(count);
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_with(context, bytes.len(), || self.0.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        self.poll_write_with(context, length, || self.0.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(socket::shut_down_writing(&*self.0))
    }
}
