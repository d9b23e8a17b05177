//! The frame: a header of 52 bytes, then the payload.
//!
//! | bytes | field |
//! |---|---|
//! | 0..4 | magic `FF 'B' 'P' '1'` |
//! | 4 | kind |
//! | 5..8 | zero |
//! | 8..12 | payload length |
//! | 12..16 | CRC-32C of the payload, 0 where it is not checked |
//! | 16..24 | sequence number, from 0 |
//! | 24..32 | offset of the header's first byte in the stream |
//! | 32..40 | intended send time, ns on the producer's clock |
//! | 40..48 | time at which the write began, likewise |
//! | 48..52 | CRC-32C of bytes 0..48 |
//!
//! All little endian. The payload has a checksum of its own, so that its sum is computed once for many frames.

use units::Timestamp;

/// Length of a frame's header, bytes.
pub const FRAME_HEADER: usize = 52;

/// The first bytes of every frame.
pub(crate) const MAGIC: [u8; 4] = [0xFF, b'B', b'P', b'1'];

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// Bytes of the flood.
    Data,
    /// A message of a paced producer: it has an intended send time.
    Paced,
    /// A message of the trickle: it has one too.
    Trickle,
    /// The last frame of the stream.
    End,
}

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// What it is for.
    pub kind: FrameKind,
    /// Bytes that follow the header.
    pub payload_length: u32,
    /// CRC-32C of the payload.
    pub payload_crc: u32,
    /// Number of the frame.
    pub sequence: u64,
    /// Where its header begins in the stream.
    pub offset: u64,
    /// When it should have been sent.
    pub intended: Timestamp,
    /// When its write began.
    pub sent: Timestamp,
}

/// CRC-32C (RFC 3720 §12.1) of `bytes`.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes);
    u32::try_from(sum).expect("a 32-bit checksum fits")
}

impl FrameHeader {
    /// Length of the whole frame, bytes.
    pub fn frame_length(&self) -> usize {
        FRAME_HEADER + self.payload_length as usize
    }

    /// The header as sent.
    pub fn encode(&self) -> [u8; FRAME_HEADER] {
        let mut bytes = [0; FRAME_HEADER];
        let kind = match self.kind {
            FrameKind::Data => 1,
            FrameKind::Paced => 2,
            FrameKind::End => 3,
            FrameKind::Trickle => 4,
        };
        put(&mut bytes, 0, MAGIC);
        put(&mut bytes, 4, [kind, 0, 0, 0]);
        put(&mut bytes, 8, self.payload_length.to_le_bytes());
        put(&mut bytes, 12, self.payload_crc.to_le_bytes());
        put(&mut bytes, 16, self.sequence.to_le_bytes());
        put(&mut bytes, 24, self.offset.to_le_bytes());
        put(&mut bytes, 32, self.intended.as_nanos().to_le_bytes());
        put(&mut bytes, 40, self.sent.as_nanos().to_le_bytes());
        let (fields, crc) = bytes.split_at_mut(48);
        crc.copy_from_slice(&crc32c(fields).to_le_bytes());
        bytes
    }

    /// The header at the start of `bytes`; `None` where there is none, or it is damaged.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; FRAME_HEADER] = bytes.first_chunk()?;
        let (fields, crc) = header.split_at(48);
        if !header.starts_with(&MAGIC) || crc32c(fields).to_le_bytes() != crc {
            return None;
        }
        let kind = match header.get(4)? {
            1 => FrameKind::Data,
            2 => FrameKind::Paced,
            3 => FrameKind::End,
            4 => FrameKind::Trickle,
            _ => return None,
        };
        let u32_at = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?));
        let u64_at = |at: usize| Some(u64::from_le_bytes(header.get(at..at + 8)?.try_into().ok()?));
        Some(Self {
            kind,
            payload_length: u32_at(8)?,
            payload_crc: u32_at(12)?,
            sequence: u64_at(16)?,
            offset: u64_at(24)?,
            intended: Timestamp::from_nanos(u64_at(32)?),
            sent: Timestamp::from_nanos(u64_at(40)?),
        })
    }
}

fn put<const N: usize>(bytes: &mut [u8; FRAME_HEADER], at: usize, field: [u8; N]) {
    bytes.get_mut(at..at + N).expect("all fields lie within the header").copy_from_slice(&field);
}

/// CRC-32C of a payload, as it stands in the header.
pub fn payload_crc(payload: &[u8]) -> u32 {
    crc32c(payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> FrameHeader {
        FrameHeader {
            kind: FrameKind::Trickle,
            payload_length: 100,
            payload_crc: 7,
            sequence: 3,
            offset: 999,
            intended: Timestamp::from_nanos(5),
            sent: Timestamp::from_nanos(6),
        }
    }

    #[test]
    fn a_header_comes_back_from_its_bytes() {
        assert_eq!(FrameHeader::decode(&header().encode()), Some(header()));
    }

    #[test]
    fn the_checksum_is_crc_32c() {
        // RFC 3720 appendix B.4: 32 bytes of zeroes.
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
    }

    proptest! {
        #[test]
        fn any_changed_bit_is_noticed(byte in 0usize..FRAME_HEADER, bit in 0u8..8) {
            let mut bytes = header().encode();
            bytes[byte] ^= 1 << bit;
            prop_assert_eq!(FrameHeader::decode(&bytes), None);
        }

        #[test]
        fn any_bytes_are_a_header_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(FrameHeader::decode(&bytes).is_none());
        }
    }
}
