//! Payloads that no middlebox can compress, made once and reused.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use wire::{FRAME_HEADER, payload_crc};

/// How much is kept at least, so that a frame does not repeat the one before it.
const KEPT: usize = 512 * 1024;

/// The most frames that go out in one write.
pub(crate) const FRAMES_A_WRITE: usize = 16;

/// The most bytes that several frames in one write have: larger writes gain nothing on loopback.
const WRITE: usize = 256 * 1024;

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
    /// Blocks of `length` bytes; their checksums are 0 unless `checked`.
    pub(crate) fn new(seed: u64, length: usize, checked: bool) -> Self {
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

    /// How many frames are best written together.
    pub(crate) fn frames_a_write(&self) -> usize {
        (WRITE / (self.block(0).bytes.len() + FRAME_HEADER)).clamp(1, FRAMES_A_WRITE)
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
    fn one_seed_gives_one_pattern_and_neighbouring_blocks_differ() {
        let (one, same, other) =
            (Pattern::new(1, 100, true), Pattern::new(1, 100, true), Pattern::new(2, 100, true));
        assert_eq!(one.block(5).bytes, same.block(5).bytes);
        assert_ne!(one.block(5).bytes, other.block(5).bytes);
        assert_ne!(one.block(5).bytes, one.block(6).bytes);
        assert_eq!(one.block(5).crc, payload_crc(&one.block(5).bytes));
    }
}
