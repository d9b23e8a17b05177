//! The body of a request of anybody, as something that a plan reads.

use super::Guests;
use axum::body::{Body, Bytes, HttpBody};
use pair::{ConsumerEnding, Source, Taken};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use tracing::info;
use transport::SocketHandle;

impl Guests {
    /// Reads an upload to its end; its length.
    pub(crate) async fn serve_upload(&self, mut upload: Upload, peer: SocketAddr) -> io::Result<u64> {
        let _here = self.here.token();
        info!(%peer, "upload begins");
        let lines = &self.strangers.lines;
        let told = |bytes: &[u8]| lines.say(format!("read {} bytes", bytes.len()));
        let (ending, bytes) = self.read(&mut upload, false, told, peer).await;
        info!(%peer, bytes, %ending, "upload is over");
        match ending {
            ConsumerEnding::Fin => Ok(bytes),
            ConsumerEnding::Failed(error) => Err(error),
            ending => Err(io::Error::other(ending.to_string())),
        }
    }
}

/// The body of a request, one of perhaps many on its connection, of which it counts its own bytes alone.
///
/// What one read of the socket takes is in user space at most, beside what hyper reads on.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Never locked: it lets others look at the rest while a read waits.
    body: Mutex<Body>,
    /// Counts what the plan took.
    socket: SocketHandle,
    /// The socket carries nothing else meanwhile: its reads may be made as narrow as the plan's.
    alone: bool,
    at_once: Option<usize>,
    /// What the plan took last.
    taken: Bytes,
    /// What of the present piece it has not taken.
    rest: Bytes,
}

impl Upload {
    /// The body of a request on this socket, which carries others at the same time or is `alone`.
    pub(crate) fn new(body: Body, socket: &SocketHandle, alone: bool) -> Self {
        Self {
            body: Mutex::new(body),
            socket: socket.with_own_counters(),
            alone,
            at_once: None,
            taken: Bytes::new(),
            rest: Bytes::new(),
        }
    }
}

impl Source for Upload {
    async fn read(&mut self, at_most: usize) -> io::Result<Taken<'_>> {
        if self.alone {
            self.socket.limit_reads(self.at_once.unwrap_or(at_most));
        }
        while self.rest.is_empty() {
            let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner);
            match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
                Some(Ok(frame)) => self.rest = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Ok(Taken::End),
            }
        }
        self.taken = self.rest.split_to(self.rest.len().min(at_most));
        self.socket.counters().add_read(self.taken.len());
        Ok(Taken::Bytes(&self.taken))
    }

    fn limit_reads(&mut self, at_once: Option<usize>) {
        self.at_once = at_once;
    }

    fn socket(&self) -> SocketHandle {
        self.socket.clone()
    }
}

/// Whatever comes next on the connection is read as before.
impl Drop for Upload {
    fn drop(&mut self) {
        if self.alone {
            self.socket.limit_reads(usize::MAX);
        }
    }
}

#[cfg(test)]
mod tests;
