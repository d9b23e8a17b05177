//! What carries the requests: raw TCP, or the messages of a WebSocket.

use crate::dial::dial;
use crate::open::OpenError;
use bytes::Bytes;
use scenario::files::{ClientFile, Protocol};
use scenario::{HttpRequest, WEBSOCKET_PATH};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use transport::{HandshakeError, Messages, Received, Sent, SocketHandle, Wire};

/// An open connection.
pub(super) enum Carrier {
    /// Bytes without any header.
    Tcp { wire: Box<Wire>, read_to_its_end: bool },
    /// A binary message a request.
    WebSocket(Box<Messages>),
}

/// All is well.
const NORMAL: u16 = 1000;
/// The client goes away (RFC 6455 §7.4.1).
const GOING_AWAY: u16 = 1001;

impl Carrier {
    /// Dials `address`, and tells a WebSocket server what is about to come.
    pub(super) async fn open(
        file: &ClientFile,
        address: &str,
        patience: Duration,
    ) -> Result<Self, OpenError> {
        let tcp = dial(address, file.buffers, patience).await?;
        let begun = timeout(patience, Self::begin(tcp, file, address)).await;
        let address = address.to_owned();
        match begun {
            Ok(Ok(carrier)) => Ok(carrier),
            Ok(Err(HandshakeError::Io(source))) => Err(OpenError::Ended { address, source }),
            Ok(Err(source)) => Err(OpenError::Handshake { address, source }),
            Err(_) => Err(OpenError::Silent { address, patience }),
        }
    }

    async fn begin(tcp: TcpStream, file: &ClientFile, address: &str) -> Result<Self, HandshakeError> {
        if let Some(user_timeout) = file.user_timeout {
            socket::set_user_timeout(&tcp, user_timeout.0)?;
        }
        let wire = Wire::plain(tcp)?;
        if file.protocol == Protocol::Tcp {
            return Ok(Self::Tcp { wire: Box::new(wire), read_to_its_end: false });
        }
        let request = HttpRequest { path: WEBSOCKET_PATH.to_owned(), host: None, headers: Vec::new() };
        let mut messages = transport::connect_messages(wire, &request, address).await?;
        messages.send(Sent::Text(parameters(file))).await?;
        Ok(Self::WebSocket(Box::new(messages)))
    }

    /// The socket beneath.
    pub(super) fn socket(&self) -> SocketHandle {
        match self {
            Self::Tcp { wire, .. } => wire.handle(),
            Self::WebSocket(messages) => messages.socket(),
        }
    }

    /// Sends one request: waits until the kernel has it all. What the server sends meanwhile is read and forgotten.
    pub(super) async fn send(&mut self, payload: Bytes) -> io::Result<()> {
        match self {
            Self::Tcp { wire, read_to_its_end } => {
                let mut rest = payload;
                poll_fn(|context| {
                    poll_forget(wire, read_to_its_end, context)?;
                    while !rest.is_empty() {
                        let count = ready!(Pin::new(&mut *wire).poll_write(context, &rest))?;
                        drop(rest.split_to(count));
                    }
                    Poll::Ready(Ok(()))
                })
                .await
            }
            Self::WebSocket(messages) => match messages.send(Sent::Binary(payload)).await {
                Ok(()) => Ok(()),
                Err(error) => Err(goodbye(messages).await.unwrap_or(error)),
            },
        }
    }

    /// Ends when the connection does; what the server sends is forgotten.
    pub(super) async fn lost(&mut self) -> io::Error {
        match self {
            Self::Tcp { wire, read_to_its_end } => {
                let failed = poll_fn(|context| match poll_forget(wire, read_to_its_end, context) {
                    Ok(()) => Poll::Pending,
                    Err(error) => Poll::Ready(error),
                });
                failed.await
            }
            Self::WebSocket(messages) => loop {
                match messages.next().await {
                    Ok(Received::Binary(_) | Received::Text(_)) => {}
                    Ok(ended) => return ended_by(&ended),
                    Err(error) => return error,
                }
            },
        }
    }

    /// Says that all was sent, or why no more is, and waits for at most `patience` until the server has closed too. False: it
    /// has not.
    pub(super) async fn finish(&mut self, early: Option<&str>, patience: Duration) -> io::Result<bool> {
        let farewell = async {
            match self {
                Self::Tcp { wire, read_to_its_end } => {
                    wire.shutdown().await?;
                    poll_fn(|context| match poll_forget(wire, read_to_its_end, context) {
                        Ok(()) if *read_to_its_end => Poll::Ready(Ok(())),
                        Ok(()) => Poll::Pending,
                        Err(error) => Poll::Ready(Err(error)),
                    })
                    .await
                }
                Self::WebSocket(messages) => {
                    let code = if early.is_none() { NORMAL } else { GOING_AWAY };
                    messages.close(code, early.unwrap_or_default()).await?;
                    closed(messages).await
                }
            }
        };
        timeout(patience, farewell).await.map_or(Ok(false), |ended| ended.map(|()| true))
    }
}

/// go-backpressure's first message.
fn parameters(file: &ClientFile) -> String {
    format!(r#"{{"payloadSize":{},"requestsTotal":{}}}"#, file.payload_size.as_u64(), file.requests_total)
}

/// Reads and forgets what there is.
fn poll_forget(wire: &mut Wire, read_to_its_end: &mut bool, context: &mut Context<'_>) -> io::Result<()> {
    let mut forgotten = [0; 4096];
    while !*read_to_its_end {
        let mut buffer = ReadBuf::new(&mut forgotten);
        match Pin::new(&mut *wire).poll_read(context, &mut buffer) {
            Poll::Pending => break,
            Poll::Ready(read) => read?,
        }
        *read_to_its_end = buffer.filled().is_empty();
    }
    Ok(())
}

/// Waits for the server's answer to a goodbye.
async fn closed(messages: &mut Messages) -> io::Result<()> {
    loop {
        match messages.next().await? {
            Received::Binary(_) | Received::Text(_) => {}
            Received::Close(None | Some(NORMAL | GOING_AWAY)) | Received::End => return Ok(()),
            ended @ Received::Close(_) => return Err(ended_by(&ended)),
        }
    }
}

/// The goodbye that was heard, if one was.
async fn goodbye(messages: &mut Messages) -> Option<io::Error> {
    match timeout(Duration::ZERO, messages.next()).await {
        Ok(Ok(ended @ (Received::Close(_) | Received::End))) => Some(ended_by(&ended)),
        Ok(Err(error)) => Some(error),
        _ => None,
    }
}

fn ended_by(received: &Received) -> io::Error {
    let how = match received {
        Received::Close(Some(code)) => format!("the server closed the WebSocket with code {code}"),
        Received::Close(None) => "the server closed the WebSocket".to_owned(),
        _ => "the server closed the connection".to_owned(),
    };
    io::Error::new(io::ErrorKind::ConnectionAborted, how)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_message_is_go_backpressures_byte_for_byte() {
        let file = ClientFile::parse("", "client.yml").unwrap();
        assert_eq!(parameters(&file), r#"{"payloadSize":1000,"requestsTotal":5}"#);
    }
}
