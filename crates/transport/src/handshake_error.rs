//! Why a connection carries no stream.

use crate::http::Refusal;
use std::io;

/// Why a connection carries no stream.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The connection failed, or ended.
    #[error(transparent)]
    Io(io::Error),
    /// The peer's answer is longer than any of ours.
    #[error("its answer is too long")]
    TooLong,
    /// The peer speaks something else.
    #[error("it does not answer as a WebSocket server does: {0}")]
    Foreign(String),
    /// The peer speaks something else than HTTP.
    #[error("it does not answer as an HTTP server does: {0}")]
    ForeignHttp(String),
    /// The peer speaks HTTP, and does not do what was asked.
    #[error(transparent)]
    Refused(Refusal),
}

impl HandshakeError {
    /// From an error of a stream, where the peer's answer is what ended that.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref().and_then(|error| error.downcast_ref())
    }

    /// As an error of the stream, where it comes later than at the beginning.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Io(error) => error,
            other => io::Error::other(other),
        }
    }
}

/// The other way about.
impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(Self::Io)
    }
}
