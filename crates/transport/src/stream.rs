//! A TCP connection with a gate and counters.

use crate::{Counters, Gate};
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Carries one measured stream. What was exchanged on the connection before it was wrapped is not counted.
#[derive(Debug)]
pub struct Stream {
    tcp: TcpStream,
    counters: Arc<Counters>,
    gate: Arc<Gate>,
}

impl Stream {
    /// Wraps a connection; small writes are sent at once from here on (`TCP_NODELAY`).
    pub fn new(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        // The openings left one end acknowledging at once and the other waiting for something to acknowledge with,
        // which decides what a cold path absorbs: both directions begin alike.
        socket::delay_acknowledgements(&tcp)?;
        Ok(Self { tcp, counters: Arc::default(), gate: Arc::default() })
    }

    /// What passed so far.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// What lets reads pass.
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// A second descriptor of the socket, to ask the kernel about it. It keeps the connection open.
    pub fn socket(&self) -> io::Result<OwnedFd> {
        self.tcp.as_fd().try_clone_to_owned()
    }

    /// Takes the error that ended the connection from the kernel, if one did.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.tcp.take_error()
    }

    /// Makes the coming close send RST instead of FIN.
    pub fn reset_on_close(&self) -> io::Result<()> {
        socket::reset_on_close(&self.tcp)
    }

    fn note_write(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(Ok(count)) => self.counters.add_written(*count),
            Poll::Ready(Err(_)) | Poll::Pending => {}
        }
        self.counters.set_waiting(result.is_pending());
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.gate.passes(context) {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(context, buffer))?;
        self.counters.add_read(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.note_write(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.tcp).poll_write_vectored(context, slices);
        self.note_write(&result);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn pair() -> (Stream, Stream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        (Stream::new(near).unwrap(), Stream::new(far).unwrap())
    }

    #[tokio::test]
    async fn a_closed_gate_lets_no_byte_pass_and_an_open_one_lets_the_read_go_on() {
        let (mut near, mut far) = pair().await;
        let (gate, counters) = (far.gate(), far.counters());
        gate.close();
        near.write_all(b"hello").await.unwrap();
        let mut buffer = [0; 5];
        let read = far.read_exact(&mut buffer);
        tokio::pin!(read);
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut read).await.is_err());
        assert_eq!(counters.read(), 0);
        gate.open();
        read.await.unwrap();
        assert_eq!((counters.read(), near.counters().written()), (5, 5));
    }

    #[tokio::test]
    async fn a_write_that_the_kernel_does_not_take_is_seen_to_wait() {
        let (mut near, far) = pair().await;
        far.gate().close();
        let counters = near.counters();
        let payload = vec![7; 65536];
        let flood = async {
            loop {
                near.write_all(&payload).await.unwrap();
            }
        };
        assert!(tokio::time::timeout(Duration::from_millis(300), flood).await.is_err());
        assert!(counters.waiting());
        assert!(counters.written() > 0);
        drop(far);
    }
}
