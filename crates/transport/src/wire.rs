//! What streams, messages and HTTP run on: no layer above knows what lies between it and the socket.

use crate::socket::{Socket, SocketHandle};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection's bytes as both peers mean them.
#[derive(Debug)]
pub struct Wire {
    layer: Layer,
}

#[derive(Debug)]
enum Layer {
    /// The bytes of the connection as they are.
    Plain(Socket),
}

impl Wire {
    /// The bytes of a TCP connection as they are. Small writes are sent at once from here on (`TCP_NODELAY`).
    pub fn plain(tcp: TcpStream) -> io::Result<Self> {
        Ok(Self { layer: Layer::Plain(Socket::new(tcp)?) })
    }

    /// Its handle, which keeps the connection open. It counts the bytes that pass here.
    pub fn handle(&self) -> SocketHandle {
        match &self.layer {
            Layer::Plain(socket) => socket.handle(),
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
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_shutdown(context),
        }
    }
}
