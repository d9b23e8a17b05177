//! A TCP connection with a gate and counters, beneath whatever is spoken on it.

use crate::tcp::Tcp;
use crate::{Counters, Gate};
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes pass here last on their way to the kernel and first on their way from it.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: Tcp,
    handle: SocketHandle,
}

/// The content type of an alert; no text begins so.
const TLS_ALERT: u8 = 21;

/// The first letter of an answer in HTTP/1.1. In HTTP/2 it would begin a frame of 4.5 MiB, which nobody may send unasked (RFC 9113
/// §4.2).
const HTTP_1: u8 = b'H';

/// What can be done with a socket while other code, such as an HTTP server, reads from it and writes to it.
#[derive(Debug, Clone)]
pub struct SocketHandle {
    connection: Arc<TcpStream>,
    gate: Arc<Gate>,
    counters: Arc<Counters>,
}

impl Socket {
    /// Wraps a connection; small writes are sent at once from here on (`TCP_NODELAY`).
    pub(crate) fn new(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        let tcp = Tcp::new(tcp);
        let handle =
            SocketHandle { connection: tcp.connection(), gate: Arc::default(), counters: Arc::default() };
        Ok(Self { tcp, handle })
    }

    /// Its handle, which keeps the connection open.
    pub(crate) fn handle(&self) -> SocketHandle {
        self.handle.clone()
    }

    /// Looks at what comes next, without taking it: waits for the first byte, or the end.
    pub(crate) async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tcp.peek(buffer).await
    }

    /// Waits until the gate is open and the kernel has something, its end or an error among it.
    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        if !self.handle.gate.passes(context) {
            return Poll::Pending;
        }
        self.tcp.poll_readable(context)
    }
}

impl SocketHandle {
    /// From now on no read takes more than `bytes`, at least 1, from the kernel, whatever is spoken on the socket.
    pub fn limit_reads(&self, bytes: usize) {
        self.gate.narrow(bytes);
    }

    /// What the peer said began as a TLS alert does (RFC 8446 §5.1).
    pub fn hears_tls(&self) -> bool {
        self.counters.first_read() == Some(TLS_ALERT)
    }

    /// What the peer said to a preface of HTTP/2 began as HTTP/1.1 does.
    pub fn hears_http1(&self) -> bool {
        self.counters.first_read() == Some(HTTP_1)
    }

    /// The same socket, for a layer that counts its own bytes.
    #[must_use]
    pub fn with_own_counters(&self) -> Self {
        Self { counters: Arc::default(), ..self.clone() }
    }

    /// A write ended so.
    pub(crate) fn note_write(&self, result: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(count)) = result {
            self.counters.add_written(*count);
        }
        self.counters.set_waiting(result.is_pending());
    }

    /// What lets reads pass.
    pub(crate) fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Takes and forgets what still comes, until the peer closes too: a socket that is closed before sends a reset, which takes
    /// what the peer has not got yet. Whoever else reads from the socket must be gone.
    pub(crate) fn poll_forget(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut rest = [0; 1024];
        loop {
            ready!(self.connection.poll_read_ready(context))?;
            match self.connection.try_read(&mut rest) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// What passed the socket so far.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }
}

impl AsFd for SocketHandle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.handle.gate.passes(context) {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let most = self.handle.gate.width();
        if most < buffer.remaining() {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
            ready!(Pin::new(&mut self.tcp).poll_read(context, &mut part))?;
            let count = part.filled().len();
            buffer.advance(count);
        } else {
            ready!(Pin::new(&mut self.tcp).poll_read(context, buffer))?;
        }
        let read = buffer.filled().get(before..).unwrap_or_default();
        self.handle.counters.note_first(read);
        self.handle.counters.add_read(read.len());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.handle.note_write(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.tcp).poll_write_vectored(context, slices);
        self.handle.note_write(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
