//! A TCP connection to a name and port.

use socket::Buffers;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

/// Why nobody was reached.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name has no address.
    #[error("could not resolve {address}")]
    Resolve {
        /// What was to be dialled.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// No address of the name accepts connections.
    #[error("could not connect to {address}")]
    Connect {
        /// What was dialled.
        address: String,
        /// Why the last of its addresses was not reached.
        source: io::Error,
    },
}

/// Connects to `address` (`HOST:PORT`), trying its addresses in turn, each for at most `patience`.
pub async fn dial(address: &str, buffers: Buffers, patience: Duration) -> Result<TcpStream, DialError> {
    let resolve = |source| DialError::Resolve { address: address.to_owned(), source };
    let found = timeout(patience, lookup_host(address)).await;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for resolved in found.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(resolve)? {
        match connect(resolved, buffers, patience).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(DialError::Connect { address: address.to_owned(), source: last })
}

async fn connect(address: SocketAddr, buffers: Buffers, patience: Duration) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Before connect: the window scale is agreed on in the handshake.
    socket::apply_buffers(&socket, buffers)?;
    timeout(patience, socket.connect(address))
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")))
}
