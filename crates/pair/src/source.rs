//! What is read: bytes as they come, or messages.

use crate::goodbye::leave_bytes;
use std::io;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use transport::{Close, Messages, Received, SocketHandle, Wire};

/// What came of a read.
#[derive(Debug)]
pub enum Taken<'a> {
    /// These, at least one; or an empty message.
    Bytes(&'a [u8]),
    /// The peer said goodbye.
    Close(Close),
    /// The peer sends no more.
    End,
}

/// Something to read from.
pub trait Source {
    /// Reads at most `at_most` bytes, at least 1. Nothing is lost when the wait is given up.
    fn read(&mut self, at_most: usize) -> impl Future<Output = io::Result<Taken<'_>>> + Send;

    /// From now on one read of the socket takes at most so many bytes; none: what the plan allows.
    fn limit_reads(&mut self, at_once: Option<usize>);

    /// The socket beneath.
    fn socket(&self) -> SocketHandle;
}

impl<S: Source + Send> Source for &mut S {
    fn read(&mut self, at_most: usize) -> impl Future<Output = io::Result<Taken<'_>>> + Send {
        (**self).read(at_most)
    }

    fn limit_reads(&mut self, at_once: Option<usize>) {
        (**self).limit_reads(at_once);
    }

    fn socket(&self) -> SocketHandle {
        (**self).socket()
    }
}

/// Bytes read at once where the plan sets no bound.
const UNBOUNDED: usize = 64 << 10;

/// Bytes without messages.
#[derive(Debug)]
pub struct Bytes {
    wire: Wire,
    buffer: Vec<u8>,
}

impl Bytes {
    /// The bytes of a connection.
    pub fn new(wire: Wire) -> Self {
        Self { wire, buffer: Vec::new() }
    }

    /// Sends no more, says so, and forgets what comes until the peer closes too, for at most `patience`.
    pub async fn leave(self, patience: Duration) -> io::Result<()> {
        leave_bytes(self.wire, patience).await
    }
}

impl Source for Bytes {
    async fn read(&mut self, at_most: usize) -> io::Result<Taken<'_>> {
        let wanted = if at_most == usize::MAX { UNBOUNDED } else { at_most.min(LARGEST) };
        if self.buffer.len() < wanted {
            self.buffer = vec![0; wanted];
        }
        let part = self.buffer.get_mut(..wanted).unwrap_or_default();
        match self.wire.read(part).await? {
            0 => Ok(Taken::End),
            count => Ok(Taken::Bytes(part.get(..count).unwrap_or_default())),
        }
    }

    // A read of bytes is one of the socket, and takes what the plan allows.
    fn limit_reads(&mut self, _: Option<usize>) {}

    fn socket(&self) -> SocketHandle {
        self.wire.handle()
    }
}

/// The most that a file asks for with one read.
const LARGEST: usize = 16 << 20;

/// Messages, of which the plan may take parts. One at most is in user space, and what one read of the socket takes.
#[derive(Debug)]
pub struct Whole {
    messages: Messages,
    /// Bytes that one read of the socket takes; none: what the plan allows.
    at_once: Option<usize>,
    /// What the plan took last.
    taken: bytes::Bytes,
    /// What of the present message it has not taken.
    rest: bytes::Bytes,
}

impl Whole {
    /// The messages, of which one read of the socket takes what the plan allows.
    pub fn new(messages: Messages) -> Self {
        Self { messages, at_once: None, taken: bytes::Bytes::new(), rest: bytes::Bytes::new() }
    }

    /// The messages, with what was not read.
    pub fn into_messages(self) -> Messages {
        self.messages
    }

    fn take(&mut self, at_most: usize) -> Taken<'_> {
        self.taken = self.rest.split_to(self.rest.len().min(at_most));
        Taken::Bytes(&self.taken)
    }
}

impl Source for Whole {
    async fn read(&mut self, at_most: usize) -> io::Result<Taken<'_>> {
        if !self.rest.is_empty() {
            return Ok(self.take(at_most));
        }
        self.messages.socket().limit_reads(self.at_once.unwrap_or(at_most));
        match self.messages.next().await? {
            Received::Binary(bytes) | Received::Text(bytes) => {
                self.rest = bytes;
                Ok(self.take(at_most))
            }
            Received::Close(close) => Ok(Taken::Close(close)),
            Received::End => Ok(Taken::End),
        }
    }

    fn limit_reads(&mut self, at_once: Option<usize>) {
        self.at_once = at_once;
    }

    fn socket(&self) -> SocketHandle {
        self.messages.socket()
    }
}
