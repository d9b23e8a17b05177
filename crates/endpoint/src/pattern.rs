//! Payloads that no middlebox can compress, made once and reused.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use wire::{FRAME_HEADER, payload_crc};

/// How much is kept at least, so that a frame does not repeat the one before it.
const KEPT: usize = 512 * 1024;

/// The most frames that go out in one write.
pub(crate) const FRAMES_A_WRITE: usize = 16;

/// The most bytes that several frames in one write have: larger writes gain nothing on loopback.
const WRITE: usize = 256 * 1024;

/// The patterns in use: streams that write the same share one. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    made: Arc<Mutex<HashMap<Key, Weak<Pattern>>>>,
}

/// Seed, length of a block, and whether checksums are wanted.
type Key = (u64, usize, bool);

impl Patterns {
    /// Blocks of `length` bytes; their checksums are 0 unless `checked`.
    pub(crate) fn of(&self, seed: u64, length: usize, checked: bool) -> Arc<Pattern> {
        let key = (seed, length, checked);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pattern) = made.get(&key).and_then(Weak::upgrade) {
            return pattern;
        }
        made.retain(|_, pattern| pattern.strong_count() > 0);
        let pattern = Arc::new(Pattern::new(seed, length, checked));
        made.insert(key, Arc::downgrade(&pattern));
        pattern
    }
}

/// What all streams that are measured at once write in their turns, and one of them at least.
const ALL_WRITES: usize = 64 << 20;
const LEAST_WRITE: usize = 16 << 10;

/// Blocks of random bytes from the seed, each with its checksum.
#[derive(Debug)]
pub(crate) struct Pattern {
    blocks: Vec<Block>,
}

#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) bytes: Box<[u8]>,
    pub(crate) crc: u32,
}

impl Pattern {
    fn new(seed: u64, length: usize, checked: bool) -> Self {
        let count = (KEPT / length.max(1)).clamp(2, 16);
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let block = |_| {
            let mut bytes = vec![0; length].into_boxed_slice();
            random.fill_bytes(&mut bytes);
            let crc = if checked { payload_crc(&bytes) } else { 0 };
            Block { bytes, crc }
        };
        Self { blocks: (0..count).map(block).collect() }
    }

    /// How many frames are best written together by one of so many streams.
    pub(crate) fn frames_a_write(&self, at_once: u32) -> usize {
        let write = (ALL_WRITES / (at_once.max(1) as usize)).clamp(LEAST_WRITE, WRITE);
        (write / (self.block(0).bytes.len() + FRAME_HEADER)).clamp(1, FRAMES_A_WRITE)
    }

    /// The payload of the frame with this number.
    pub(crate) fn block(&self, sequence: u64) -> &Block {
        let index = usize::try_from(sequence % self.blocks.len() as u64).unwrap_or_default();
        self.blocks.get(index).expect("the index is below the length")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_is_made_once_and_forgotten_with_its_last_user() {
        let patterns = Patterns::default();
        let one = patterns.of(1, 100, true);
        assert!(Arc::ptr_eq(&one, &patterns.of(1, 100, true)));
        assert!(!Arc::ptr_eq(&one, &patterns.of(1, 100, false)));
        drop(one);
        let again = patterns.of(2, 100, true);
        assert_eq!(patterns.made.lock().unwrap().len(), 1);
        assert_eq!(Arc::strong_count(&again), 1);
    }

    #[test]
    fn one_seed_gives_one_pattern_and_neighbouring_blocks_differ() {
        let (one, same, other) =
            (Pattern::new(1, 100, true), Pattern::new(1, 100, true), Pattern::new(2, 100, true));
        assert_eq!(one.block(5).bytes, same.block(5).bytes);
        assert_ne!(one.block(5).bytes, other.block(5).bytes);
        assert_ne!(one.block(5).bytes, one.block(6).bytes);
        assert_eq!(one.block(5).crc, payload_crc(&one.block(5).bytes));
    }
}
