//! What carries the requests: bytes without messages, or the messages of a WebSocket.

use bytes::Bytes;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use transport::{Messages, Received, Sent, SocketHandle, Wire};

/// An open connection.
#[derive(Debug)]
pub struct Carrier {
    way: Way,
    /// Bytes that the peer sent, and that were forgotten.
    heard: u64,
}

#[derive(Debug)]
enum Way {
    /// Bytes without any header.
    Bytes {
        wire: Box<Wire>,
        /// The peer sends no more.
        read_to_its_end: bool,
    },
    /// A binary message a request.
    Messages(Box<Messages>),
}

/// All is well.
const NORMAL: u16 = 1000;
/// The client goes away (RFC 6455 §7.4.1).
const GOING_AWAY: u16 = 1001;

impl Carrier {
    /// Bytes without messages.
    pub fn bytes(wire: Wire) -> Self {
        Self { way: Way::Bytes { wire: Box::new(wire), read_to_its_end: false }, heard: 0 }
    }

    /// A WebSocket, of which so many bytes were read before.
    pub fn messages(messages: Messages, heard: u64) -> Self {
        Self { way: Way::Messages(Box::new(messages)), heard }
    }

    /// The socket beneath.
    pub fn socket(&self) -> SocketHandle {
        match &self.way {
            Way::Bytes { wire, .. } => wire.handle(),
            Way::Messages(messages) => messages.socket(),
        }
    }

    /// Bytes that the peer sent so far, and that were forgotten.
    pub fn heard(&self) -> u64 {
        match &self.way {
            Way::Bytes { .. } => self.heard,
            Way::Messages(messages) => self.heard + messages.forgotten(),
        }
    }

    /// Sends one request: waits until the kernel has it all. What the server sends meanwhile is read and forgotten.
    pub async fn send(&mut self, payload: Bytes) -> io::Result<()> {
        match &mut self.way {
            Way::Bytes { wire, read_to_its_end } => {
                let mut rest = payload;
                poll_fn(|context| {
                    poll_forget(wire, read_to_its_end, &mut self.heard, context)?;
                    while !rest.is_empty() {
                        let count = ready!(Pin::new(&mut *wire).poll_write(context, &rest))?;
                        drop(rest.split_to(count));
                    }
                    Poll::Ready(Ok(()))
                })
                .await
            }
            Way::Messages(messages) => match messages.send(Sent::Binary(payload)).await {
                Ok(()) => Ok(()),
                Err(error) => Err(goodbye(messages).await.unwrap_or(error)),
            },
        }
    }

    /// Ends when the connection does; what the server sends is forgotten.
    pub async fn lost(&mut self) -> io::Error {
        match &mut self.way {
            Way::Bytes { wire, read_to_its_end } => {
                let heard = &mut self.heard;
                let failed = poll_fn(|context| match poll_forget(wire, read_to_its_end, heard, context) {
                    Ok(()) => Poll::Pending,
                    Err(error) => Poll::Ready(error),
                });
                failed.await
            }
            Way::Messages(messages) => loop {
                match messages.next().await {
                    Ok(message @ (Received::Binary(_) | Received::Text(_))) => {
                        self.heard += message.length() as u64;
                    }
                    Ok(ended) => return ended_by(&ended),
                    Err(error) => return error,
                }
            },
        }
    }

    /// Says that all was sent, or why no more is, and waits for at most `patience` until the server has closed too. False: it
    /// has not.
    pub async fn finish(&mut self, early: Option<&str>, patience: Duration) -> io::Result<bool> {
        let farewell = async {
            match &mut self.way {
                Way::Bytes { wire, read_to_its_end } => {
                    wire.shutdown().await?;
                    let heard = &mut self.heard;
                    poll_fn(|context| match poll_forget(wire, read_to_its_end, heard, context) {
                        Ok(()) if *read_to_its_end => Poll::Ready(Ok(())),
                        Ok(()) => Poll::Pending,
                        Err(error) => Poll::Ready(Err(error)),
                    })
                    .await
                }
                Way::Messages(messages) => {
                    let code = if early.is_none() { NORMAL } else { GOING_AWAY };
                    messages.close(code, early.unwrap_or_default()).await?;
                    closed(messages, &mut self.heard).await
                }
            }
        };
        timeout(patience, farewell).await.map_or(Ok(false), |ended| ended.map(|()| true))
    }
}

/// Reads and forgets what there is, and counts it.
fn poll_forget(
    wire: &mut Wire,
    read_to_its_end: &mut bool,
    heard: &mut u64,
    context: &mut Context<'_>,
) -> io::Result<()> {
    let mut forgotten = [0; 4096];
    while !*read_to_its_end {
        let mut buffer = ReadBuf::new(&mut forgotten);
        match Pin::new(&mut *wire).poll_read(context, &mut buffer) {
            Poll::Pending => break,
            Poll::Ready(read) => read?,
        }
        *heard += buffer.filled().len() as u64;
        *read_to_its_end = buffer.filled().is_empty();
    }
    Ok(())
}

/// Waits for the server's answer to a goodbye.
async fn closed(messages: &mut Messages, heard: &mut u64) -> io::Result<()> {
    loop {
        match messages.next().await? {
            message @ (Received::Binary(_) | Received::Text(_)) => *heard += message.length() as u64,
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
        Received::Close(Some(code)) => format!("the peer closed the WebSocket with code {code}"),
        Received::Close(None) => "the peer closed the WebSocket".to_owned(),
        _ => "the peer closed the connection".to_owned(),
    };
    io::Error::new(io::ErrorKind::ConnectionAborted, how)
}
