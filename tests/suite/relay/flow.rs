//! What a relay holds of one direction of a connection, and what it has seen of it.

use std::collections::VecDeque;

use tokio::time::Instant;

/// One direction: the bytes that wait to be passed on, each with the moment of its arrival.
pub(super) struct Flow {
    chunks: VecDeque<Chunk>,
    /// How much of the first chunk has been passed on.
    front_gone: usize,
    waiting: usize,
    /// Bytes read from the producer's side, before any edit.
    pub(super) arrived: u64,
    /// Bytes the consumer's side has accepted, after any edit.
    pub(super) passed: u64,
    /// When the producer's side half-closed.
    pub(super) ended_at: Option<Instant>,
    /// Since when the consumer's side has refused every write.
    pub(super) stalled_since: Option<Instant>,
    /// When a byte was last read or written; at first, when the flow began.
    pub(super) moved_at: Instant,
}

struct Chunk {
    arrived: Instant,
    bytes: Vec<u8>,
}

impl Flow {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            chunks: VecDeque::new(),
            front_gone: 0,
            waiting: 0,
            arrived: 0,
            passed: 0,
            ended_at: None,
            stalled_since: None,
            moved_at: now,
        }
    }

    /// Bytes that wait to be passed on.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// When the first of the waiting bytes arrived.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.chunks.front().map(|chunk| chunk.arrived)
    }

    /// The waiting bytes that arrived together with the first of them.
    pub(super) fn front(&self) -> &[u8] {
        self.chunks.front().map_or(&[], |chunk| chunk.bytes.split_at(self.front_gone).1)
    }

    pub(super) fn push(&mut self, bytes: Vec<u8>, arrived: Instant) {
        if !bytes.is_empty() {
            self.waiting += bytes.len();
            self.chunks.push_back(Chunk { arrived, bytes });
        }
    }

    /// Notes that the consumer's side accepted `count` bytes of [`Self::front`].
    pub(super) fn pass(&mut self, count: usize, now: Instant) {
        self.front_gone += count;
        self.waiting -= count;
        self.passed += count as u64;
        self.stalled_since = None;
        self.moved_at = now;
        if self.front().is_empty() {
            self.chunks.pop_front();
            self.front_gone = 0;
        }
    }
}
