//! Reads one line and nothing beyond it.

use std::error::Error;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads up to a newline, which is left out. A byte at a time: what follows the line belongs to somebody else.
///
/// Fails with `UnexpectedEof` when the peer closes first, with `InvalidData` after `most` bytes without one.
pub async fn read_line(reader: &mut (impl AsyncRead + Unpin), most: usize) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    while line.len() < most {
        match reader.read_u8().await? {
            b'\n' => return Ok(line),
            byte => line.push(byte),
        }
    }
    Err(TooLong.into())
}

/// More came than any answer of ours has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the first line is too long")]
pub(crate) struct TooLong;

impl TooLong {
    /// It is what an error tells of.
    pub(crate) fn is_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<Self>)
    }
}

impl From<TooLong> for io::Error {
    fn from(too_long: TooLong) -> Self {
        Self::new(io::ErrorKind::InvalidData, too_long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_is_read_and_what_follows_is_left() {
        let mut bytes: &[u8] = b"first\nsecond";
        assert_eq!(read_line(&mut bytes, 10).await.unwrap(), b"first");
        assert_eq!(bytes, b"second");
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_refused() {
        let mut bytes: &[u8] = &[7; 100];
        assert!(TooLong::is_in(&read_line(&mut bytes, 10).await.unwrap_err()));
    }
}
