//! What streams, messages and HTTP run on: no layer above knows what lies between it and the socket.

use crate::socket::{Socket, SocketHandle};
use crate::tls::TlsBytes;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use units::ByteSize;

/// A connection's bytes as both peers mean them.
#[derive(Debug)]
pub struct Wire {
    layer: Layer,
}

#[derive(Debug)]
enum Layer {
    /// The bytes of the connection as they are.
    Plain(Socket),
    /// What TLS encrypts on the connection.
    Tls(Box<TlsBytes>),
}

const FORGOTTEN_AT_ONCE: usize = 64 << 10;

impl Wire {
    /// The bytes of a TCP connection as they are. Small writes are sent at once from here on (`TCP_NODELAY`).
    pub fn plain(tcp: TcpStream) -> io::Result<Self> {
        Ok(Self { layer: Layer::Plain(Socket::new(tcp)?) })
    }

    /// Its handle, which keeps the connection open. It counts the bytes that pass here.
    pub fn handle(&self) -> SocketHandle {
        match &self.layer {
            Layer::Plain(socket) => socket.handle(),
            Layer::Tls(bytes) => bytes.handle(),
        }
    }

    /// TLS encrypts the bytes.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.layer, Layer::Tls(_))
    }

    /// Looks at what comes next, at most 64 bytes, without taking it: waits for the first byte, or the end.
    pub async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.layer {
            Layer::Plain(socket) => socket.peek(buffer).await,
            Layer::Tls(bytes) => bytes.peek(buffer).await,
        }
    }

    /// Sends no more, and forgets what comes until the peer closes too. Nothing is left unread then, for which the kernel would
    /// send a reset, which overtakes what was said.
    pub async fn forget_rest(&mut self) -> io::Result<()> {
        self.shutdown().await?;
        let mut forgotten = vec![0; FORGOTTEN_AT_ONCE];
        while self.read(&mut forgotten).await? > 0 {}
        Ok(())
    }

    /// Waits until a read may find something; it may find nothing, too.
    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        match &self.layer {
            Layer::Plain(socket) => socket.poll_readable(context),
            // It may hold what it has decrypted.
            Layer::Tls(_) => Poll::Ready(()),
        }
    }

    pub(crate) fn encrypted(bytes: TlsBytes) -> Self {
        Self { layer: Layer::Tls(Box::new(bytes)) }
    }

    /// The socket, to encrypt it.
    pub(crate) fn into_socket(self) -> io::Result<Socket> {
        match self.layer {
            Layer::Plain(socket) => Ok(socket),
            Layer::Tls(_) => Err(io::Error::new(io::ErrorKind::Unsupported, "it is encrypted already")),
        }
    }

    /// Writes become messages of this size from now on.
    pub(crate) fn begin(&mut self, message: ByteSize) {
        if let Layer::Tls(bytes) = &mut self.layer {
            bytes.begin(message);
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Layer::Tls(tls) => Pin::new(&mut **tls).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Layer::Tls(tls) => Pin::new(&mut **tls).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_write_vectored(context, slices),
            Layer::Tls(tls) => Pin::new(&mut **tls).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_flush(context),
            Layer::Tls(tls) => Pin::new(&mut **tls).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Layer::Tls(tls) => Pin::new(&mut **tls).poll_shutdown(context),
        }
    }
}
