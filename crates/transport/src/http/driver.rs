//! A connection of HTTP, which moves only while somebody polls it: whoever reads from it or writes to it.

use super::error::{BoxError, into_io};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What hyper gives to be polled; it owns the socket.
pub type Connection = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// A connection, until it is over.
pub(crate) struct Driver(Option<Connection>);

impl Driver {
    pub(crate) fn new(connection: Connection) -> Self {
        Self(Some(connection))
    }

    /// Brings the connection on as far as it goes; true: it is over.
    pub(crate) fn drive(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        let Some(connection) = &mut self.0 else { return Ok(true) };
        match connection.as_mut().poll(context) {
            Poll::Pending => Ok(false),
            Poll::Ready(ended) => {
                self.0 = None;
                ended.map(|()| true).map_err(into_io)
            }
        }
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Driver").field(&self.0.is_some()).finish()
    }
}
