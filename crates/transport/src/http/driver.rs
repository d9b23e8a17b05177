//! A connection of HTTP, which moves only while somebody polls it: whoever reads from it or writes to it.

use super::error::{BoxError, into_io};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

/// What hyper gives to be polled; it owns the socket.
pub struct Connection {
    moves: Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>,
    leaves: Option<Leaves>,
}

/// Whether a connection that would stay is to end with the requests that it has. Clones share it.
pub(crate) type Leaves = Arc<AtomicBool>;

impl Connection {
    /// One that ends by itself.
    pub fn new<E: Into<BoxError>>(moves: impl Future<Output = Result<(), E>> + Send + 'static) -> Self {
        Self { moves: Box::pin(async { moves.await.map_err(Into::into) }), leaves: None }
    }

    /// One that looks at `leaves` each time that it is polled.
    pub(crate) fn leaving(
        moves: impl Future<Output = Result<(), BoxError>> + Send + 'static,
        leaves: Leaves,
    ) -> Self {
        Self { moves: Box::pin(moves), leaves: Some(leaves) }
    }

    /// Brings it on as far as it goes.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.moves.as_mut().poll(context)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("leaves", &self.leaves).finish_non_exhaustive()
    }
}

/// A connection, until it is over.
#[derive(Debug)]
pub(crate) struct Driver(Option<Connection>);

impl Driver {
    pub(crate) fn new(connection: Connection) -> Self {
        Self(Some(connection))
    }

    /// Brings the connection on as far as it goes; true: it is over.
    pub(crate) fn drive(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        let Some(connection) = &mut self.0 else { return Ok(true) };
        match connection.poll(context) {
            Poll::Pending => Ok(false),
            Poll::Ready(ended) => {
                self.0 = None;
                ended.map(|()| true).map_err(into_io)
            }
        }
    }

    /// No other request is to come: the connection ends when it is done with those that it has.
    pub(crate) fn leave(&self) {
        if let Some(Connection { leaves: Some(leaves), .. }) = &self.0 {
            leaves.store(true, Relaxed);
        }
    }
}
