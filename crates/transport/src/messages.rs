//! A WebSocket as messages, for peers to whom their bounds mean something.

use crate::websocket::{Received, WebSocketBytes};
use crate::{Close, SocketHandle, Stream};
use bytes::Bytes;
use std::future::poll_fn;
use std::io;
use std::task::{Poll, ready};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// The messages of a WebSocket whose handshake is done.
#[derive(Debug)]
pub struct Messages {
    websocket: WebSocketBytes,
    socket: SocketHandle,
    /// The goodbye, or the end, that came while something was sent.
    heard: Option<io::Result<Received>>,
    /// Bytes of messages that came while something was sent.
    forgotten: u64,
}

/// What can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// A binary message.
    Binary(Bytes),
    /// A text message.
    Text(String),
}

impl Messages {
    pub(crate) fn new(websocket: WebSocketBytes, socket: SocketHandle) -> Self {
        Self { websocket, socket, heard: None, forgotten: 0 }
    }

    /// The next message; pings are answered on the way. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> io::Result<Received> {
        if let Some(heard) = self.heard.take() {
            return heard;
        }
        poll_fn(|context| self.websocket.poll_message(context)).await
    }

    /// Sends one message: waits until the kernel has it all. What the peer sends meanwhile is read and forgotten, so that both
    /// do not wait for each other; its goodbye, or the end, fails the wait, and [`next`](Self::next) tells it.
    ///
    /// When the wait is given up the message is either not sent at all, or goes out before whatever is sent next.
    pub async fn send(&mut self, message: Sent) -> io::Result<()> {
        let mut message = Some(match message {
            Sent::Binary(bytes) => Message::Binary(bytes),
            Sent::Text(text) => Message::text(text),
        });
        poll_fn(|context| {
            while self.heard.is_none()
                && let Poll::Ready(heard) = self.websocket.poll_message(context)
            {
                match heard {
                    Ok(message @ (Received::Binary(_) | Received::Text(_))) => {
                        self.forgotten += message.length() as u64;
                    }
                    ended => self.heard = Some(ended),
                }
            }
            if self.heard.is_some() {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            ready!(self.websocket.poll_flush(context))?;
            if let Some(message) = message.take() {
                self.websocket.start(message)?;
            }
            self.websocket.poll_flush(context)
        })
        .await
    }

    /// Says goodbye; waits until the kernel has it. Messages of the peer may still come.
    pub async fn close(&mut self, close: &Close) -> io::Result<()> {
        let mut frame = Some(CloseFrame { code: close.code.into(), reason: close.reason.as_str().into() });
        poll_fn(|context| {
            if let Some(frame) = frame.take() {
                self.websocket.start(Message::Close(Some(frame)))?;
            }
            self.websocket.poll_flush(context)
        })
        .await
    }

    /// Sends what waits to be sent, such as the answer to a goodbye.
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|context| self.websocket.poll_flush(context)).await
    }

    /// Sends no more, and forgets what comes, whether in messages or not, until the peer closes too. Nothing is left unread then,
    /// for which the kernel would send a reset, which overtakes what was said.
    pub async fn forget_rest(&mut self) -> io::Result<()> {
        self.websocket.wire().forget_rest().await
    }

    /// Bytes of messages that came while something was sent, and were forgotten.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The socket beneath.
    pub fn socket(&self) -> SocketHandle {
        self.socket.clone()
    }

    /// The messages as a stream of bytes that begins with `first`, which was read as a message.
    pub fn into_stream(mut self, first: Bytes) -> Stream {
        self.websocket.give_back(first);
        Stream::carried(self.websocket, self.socket)
    }
}

#[cfg(test)]
mod tests;
