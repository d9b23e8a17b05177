//! What requests consist of.

use bytes::Bytes;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use units::ByteSize;

/// Random bytes from 0 to 254: 255 begins what is no payload.
#[derive(Debug)]
pub struct Payloads {
    random: Pcg64Mcg,
    size: ByteSize,
}

impl Payloads {
    /// Payloads of this size, the same for the same seed.
    pub fn new(seed: u64, size: ByteSize) -> Self {
        Self { random: Pcg64Mcg::seed_from_u64(seed), size }
    }

    /// The next one.
    pub fn next_payload(&mut self) -> Bytes {
        let mut payload = vec![0; usize::try_from(self.size.as_u64()).unwrap_or(usize::MAX)];
        self.random.fill_bytes(&mut payload);
        for byte in payload.iter_mut().filter(|byte| **byte == u8::MAX) {
            *byte = self.random.random_range(0..u8::MAX);
        }
        payload.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_come_from_the_seed_and_have_no_255() {
        let payloads = |seed| Payloads::new(seed, ByteSize::kib(64));
        let payload = payloads(7).next_payload();
        assert_eq!(payload, payloads(7).next_payload());
        assert_ne!(payload, payloads(8).next_payload());
        assert!((0..u8::MAX).all(|byte| payload.contains(&byte)) && !payload.contains(&u8::MAX));
    }
}
