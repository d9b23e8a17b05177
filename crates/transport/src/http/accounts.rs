//! The accounts of a stream in bodies of HTTP: what of it is in user space, as told by its pieces and by the socket's counts.

use super::events::EventReader;
use bytes::Bytes;

/// The account of what was read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) events: Option<EventReader>,
    /// Payload that is not given out yet.
    pub(super) rest: Bytes,
    /// The socket's count when hyper last read from it, and what of that it has not given out since. It reads only when it
    /// holds nothing: heads and the headers of chunks, which it does not tell of, are forgotten with each read.
    pub(super) seen: u64,
    pub(super) held: u64,
    pub(super) payload: u64,
}

/// The account of what was written.
#[derive(Debug, Default)]
pub(super) struct Writing {
    pub(super) events: bool,
    /// How the end is told, and what each message is framed by.
    pub(super) extent: Extent,
    /// The socket's count when the body began, after the head, and the bytes of it since.
    pub(super) base: Option<u64>,
    pub(super) framed: u64,
    pub(super) ended: bool,
}

/// How far a body extends (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Each message is a chunk; the last is empty.
    #[default]
    Chunked,
    /// To the end of the connection.
    Close,
    /// As far as was announced, which need not be reached.
    Announced,
    /// To the last frame of HTTP/2, whose windows are its own.
    Frames,
}

impl Extent {
    /// Bytes that frame a message of this length: a chunk has its size before it and a line's end after each (RFC 9112 §7.1).
    pub(super) fn frame(self, length: usize) -> u64 {
        match self {
            Self::Chunked => u64::from(length.checked_ilog(16).unwrap_or_default()) + 5,
            Self::Close | Self::Announced | Self::Frames => 0,
        }
    }

    /// Bytes that tell the end.
    pub(super) fn end(self) -> u64 {
        if self == Self::Chunked { 5 } else { 0 }
    }
}

impl Reading {
    pub(super) fn new(events: bool) -> Self {
        Self { events: events.then(Default::default), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_frames_a_chunk_is_counted_to_the_byte(length in 1usize..10_000_000) {
            prop_assert_eq!(Extent::Chunked.frame(length), (format!("{length:X}").len() + 4) as u64);
        }
    }
}
