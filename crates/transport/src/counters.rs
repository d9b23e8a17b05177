//! What passed a stream so far, for whoever samples it from another thread.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering::Relaxed};

/// Written by the stream alone, read by anyone. Each value is exact; two of them are not read at one moment.
#[derive(Debug, Default)]
pub struct Counters {
    read: AtomicU64,
    last_read: AtomicU64,
    written: AtomicU64,
    waiting: AtomicBool,
    unwritten: AtomicU64,
    unread: AtomicU64,
    /// One more than the first byte that was read; 0: none was.
    first: AtomicU16,
}

impl Counters {
    /// Bytes that read calls returned.
    pub fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// Bytes that the last of them returned.
    pub(crate) fn last_read(&self) -> u64 {
        self.last_read.load(Relaxed)
    }

    /// Bytes that write calls accepted.
    pub fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    /// A write waits because the kernel takes no more.
    pub fn waiting(&self) -> bool {
        self.waiting.load(Relaxed)
    }

    /// Bytes that write calls accepted and the kernel has not taken: in user space, wire framing included.
    pub fn unwritten(&self) -> u64 {
        self.unwritten.load(Relaxed)
    }

    /// Bytes that were taken from the kernel and no read call returned: in user space, wire framing included.
    pub fn unread(&self) -> u64 {
        self.unread.load(Relaxed)
    }

    /// The first byte that was ever read.
    pub(crate) fn first_read(&self) -> Option<u8> {
        self.first.load(Relaxed).checked_sub(1).and_then(|byte| u8::try_from(byte).ok())
    }

    pub(crate) fn note_first(&self, bytes: &[u8]) {
        if let Some(first) = bytes.first()
            && self.first.load(Relaxed) == 0
        {
            self.first.store(u16::from(*first) + 1, Relaxed);
        }
    }

    pub(crate) fn set_held(&self, unwritten: u64, unread: u64) {
        self.unwritten.store(unwritten, Relaxed);
        self.unread.store(unread, Relaxed);
    }

    /// Counts from nothing again.
    pub(crate) fn reset(&self) {
        self.read.store(0, Relaxed);
        self.written.store(0, Relaxed);
    }

    /// Counts what a read call returned.
    pub fn add_read(&self, count: usize) {
        // The stream is the only writer, so no read-modify-write is needed.
        self.read.store(self.read.load(Relaxed) + count as u64, Relaxed);
        if count > 0 {
            self.last_read.store(count as u64, Relaxed);
        }
    }

    pub(crate) fn add_written(&self, count: usize) {
        self.written.store(self.written.load(Relaxed) + count as u64, Relaxed);
    }

    pub(crate) fn set_waiting(&self, waiting: bool) {
        self.waiting.store(waiting, Relaxed);
    }
}
