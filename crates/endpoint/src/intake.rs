//! Where a consumer's bytes come in, and what becomes of them.
//!
//! What was read is taken apart before the task gives up its thread, so many consumers that take turns on a thread need
//! one buffer between them: each keeps only the part of a frame that came so far. That part is copied at every read, so
//! large frames, which would be copied over and over until they are whole, are read into buffers of the consumers' own.

use crate::end::Peer;
use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};
use trace::Integrity;
use transport::Stream;
use wire::{FrameHeader, Inspector, Plan, READ_SPACE};

/// What becomes of the bytes.
#[derive(Debug)]
pub(crate) enum Intake {
    /// A producer of ours sends frames.
    Frames {
        inspector: Inspector,
        /// The buffer is the thread's, and is given back after each read.
        shares: bool,
    },
    /// A service sends what it likes; it is counted.
    Bytes { room: Box<[u8]>, count: u64 },
}

/// What all consumers that are measured at once read in their turns, and one of them at least.
const ALL_READS: usize = 32 << 20;
const LEAST_READ: usize = 8 << 10;

/// So many consumers are short of memory; the buffers of fewer are some 20 MiB together.
const MANY: u32 = 64;

/// The largest frame that may be copied at every read: the default message, which is no larger than a read of a few consumers.
const SMALL_FRAME: usize = 64 << 10;

thread_local! {
    /// For whichever consumer reads on this thread.
    static ROOM: Cell<Box<[u8]>> = Cell::default();
}

impl Intake {
    pub(crate) fn new(plan: &Plan, peer: Peer) -> Self {
        let largest = plan.message.max(plan.trickle.message).as_u64();
        let largest = usize::try_from(largest).unwrap_or(usize::MAX);
        let space = read_space(plan.at_once);
        match peer {
            Peer::Ours => {
                let inspector = Inspector::new(largest, space, plan.check_payloads);
                Self::Frames { inspector, shares: shares(plan.at_once, largest) }
            }
            Peer::Service => Self::Bytes { room: vec![0; space].into_boxed_slice(), count: 0 },
        }
    }

    /// Reads at most so many bytes. What came must be taken apart before the task waits for anything; then it [`rests`](Self::rest).
    pub(crate) fn poll_read(
        &mut self,
        stream: &mut Stream,
        at_most: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let space = self.space();
        let length = space.len().min(at_most);
        let mut buffer = ReadBuf::new(space.get_mut(..length).unwrap_or_default());
        let read = Pin::new(stream).poll_read(context, &mut buffer);
        let count = buffer.filled().len();
        match &mut *self {
            Self::Frames { inspector, .. } => inspector.filled(count),
            Self::Bytes { count: all, .. } => *all += count as u64,
        }
        if count == 0 {
            self.rest();
        }
        read.map_ok(|()| count)
    }

    /// The next frame, if one has come whole.
    pub(crate) fn next_frame(&mut self) -> Option<FrameHeader> {
        match self {
            Self::Frames { inspector, .. } => inspector.next_frame(),
            Self::Bytes { .. } => None,
        }
    }

    /// What came was taken apart.
    pub(crate) fn rest(&mut self) {
        if let Self::Frames { inspector, shares: true } = self
            && let Some(room) = inspector.give_back()
        {
            ROOM.set(room);
        }
    }

    /// Bytes that were read.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Frames { inspector, .. } => inspector.integrity().bytes,
            Self::Bytes { count, .. } => *count,
        }
    }

    /// What became of the bytes.
    pub(crate) fn finish(self) -> Integrity {
        match self {
            Self::Frames { mut inspector, .. } => inspector.finish(),
            Self::Bytes { count, .. } => Integrity { bytes: count, ..Integrity::default() },
        }
    }

    fn space(&mut self) -> &mut [u8] {
        match self {
            Self::Frames { inspector, shares } => {
                if *shares {
                    inspector.lend(ROOM.take());
                }
                inspector.space()
            }
            Self::Bytes { room, .. } => room,
        }
    }
}

/// What one of `at_once` consumers reads in its turn.
fn read_space(at_once: u32) -> usize {
    (ALL_READS / (at_once.max(1) as usize)).clamp(LEAST_READ, READ_SPACE)
}

/// Consumers that are measured at once need fewer buffers than there are consumers.
fn shares(at_once: u32, largest_frame: usize) -> bool {
    at_once >= MANY && largest_frame <= SMALL_FRAME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_consumers_of_small_frames_share_a_buffer() {
        assert!(shares(10_000, 64 << 10));
        assert!(!shares(2, 64 << 10), "there is memory enough");
        assert!(!shares(10_000, 16 << 20), "it would be copied a thousand times");
    }
}
