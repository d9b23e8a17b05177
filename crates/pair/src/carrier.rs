//! What carries the requests: bytes without messages, or the messages of a WebSocket.

use bytes::Bytes;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use tracing::debug;
use transport::{Close, Messages, Received, Sent, SocketHandle, Wire};

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
                    // What is encrypted may wait in user space.
                    Pin::new(&mut *wire).poll_flush(context)
                })
                .await
            }
            Way::Messages(messages) => match messages.send(Sent::Binary(payload)).await {
                Ok(()) => Ok(()),
                Err(error) => Err(goodbye(messages).await.unwrap_or(error)),
            },
        }
    }

    /// After an error: says what is wrong with what the peer sent and forgets the rest of it, for unread it would be answered with
    /// a reset; or answers its goodbye. For at most `patience`.
    pub async fn part(&mut self, close: Option<&Close>, patience: Duration) {
        let Way::Messages(messages) = &mut self.way else { return };
        let parting = async {
            let Some(close) = close else { return messages.flush().await };
            messages.close(close).await?;
            messages.forget_rest().await
        };
        if let Ok(Err(error)) = timeout(patience, parting).await {
            debug!(%error, "a connection did not end in order");
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
                    Ok(ended) => return ended_by(ended),
                    Err(error) => return error,
                }
            },
        }
    }

    /// Says why no more is sent, where that can be said, and waits for at most `patience` until the peer has closed too. False:
    /// it has not.
    pub async fn finish(&mut self, close: &Close, patience: Duration) -> io::Result<bool> {
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
                    messages.close(close).await?;
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

/// Waits for the peer's answer to a goodbye.
async fn closed(messages: &mut Messages, heard: &mut u64) -> io::Result<()> {
    loop {
        match messages.next().await? {
            message @ (Received::Binary(_) | Received::Text(_)) => *heard += message.length() as u64,
            Received::Close(close) if close.is_normal() || close.code == Close::GOING_AWAY => return Ok(()),
            ended @ Received::Close(_) => return Err(ended_by(ended)),
            Received::End => return Ok(()),
        }
    }
}

/// The goodbye that was heard, if one was.
async fn goodbye(messages: &mut Messages) -> Option<io::Error> {
    match timeout(Duration::ZERO, messages.next()).await {
        Ok(Ok(ended @ (Received::Close(_) | Received::End))) => Some(ended_by(ended)),
        Ok(Err(error)) => Some(error),
        _ => None,
    }
}

fn ended_by(received: Received) -> io::Error {
    let how = match received {
        Received::Close(close) => close.to_string(),
        _ => "the peer closed the connection".to_owned(),
    };
    io::Error::new(io::ErrorKind::ConnectionAborted, how)
}
