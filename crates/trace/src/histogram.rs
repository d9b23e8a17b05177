//! A histogram of unknown origin: looked over before the library is given it.
//!
//! The library's reader allocates what the header says and may overflow on counts that no histogram
//! holds; so the bytes are inflated under a bound, the header must be the one we write, and the counts
//! must add up to something that happened.

use crate::Latencies;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::ZlibDecoder;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2Serializer};
use std::io::Read;

/// The histogram in `encoded`: base64 of the V2 deflate form, of the bounds that [`Latencies`] has.
pub(crate) fn decode(encoded: &str) -> Result<Latencies, String> {
    let bytes = BASE64.decode(encoded).map_err(|error| error.to_string())?;
    let Some((DEFLATED, rest)) = bytes.split_first_chunk() else {
        return Err("it is no histogram in the deflated V2 form".to_owned());
    };
    // The length of what follows, which the end of the text tells as well.
    let deflated = rest.get(4..).unwrap_or_default();
    let mut plain = Vec::new();
    ZlibDecoder::new(deflated)
        .take(LARGEST + 1)
        .read_to_end(&mut plain)
        .map_err(|error| error.to_string())?;
    if plain.len() as u64 > LARGEST {
        return Err("its histogram is larger than any that is written".to_owned());
    }
    look_over(&plain)?;
    let histogram =
        Deserializer::new().deserialize(&mut plain.as_slice()).map_err(|error| error.to_string())?;
    Latencies::from_histogram(&histogram).map_err(|error| error.to_string())
}

/// Refuses what is not the form that we write: the header but for its length, the length, the counts.
fn look_over(plain: &[u8]) -> Result<(), String> {
    let mut empty = Vec::new();
    V2Serializer::new()
        .serialize(&Latencies::default().to_histogram(), &mut empty)
        .map_err(|error| error.to_string())?;
    let same = |range: std::ops::Range<usize>| {
        let (ours, theirs) = (empty.get(range.clone()), plain.get(range));
        ours.is_some() && ours == theirs
    };
    if !same(0..4) || !same(8..HEADER) {
        return Err("its histogram has other bounds than this format's".to_owned());
    }
    let (_, payload) = plain.split_at(HEADER);
    let stated = plain.get(4..8).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
    if stated.map(u64::from) != Some(payload.len() as u64) {
        return Err("its histogram is cut short".to_owned());
    }
    match total_count(payload) {
        Some(total) if total <= MOST_COUNTS => Ok(()),
        _ => Err("its histogram counts more than can have happened".to_owned()),
    }
}

/// The sum of the counts, which are zig-zag numbers in LEB128 of at most 9 bytes; negative ones skip
/// that many empty buckets. `None` where a number cannot be one.
fn total_count(payload: &[u8]) -> Option<u64> {
    let (mut total, mut value, mut shift) = (0u64, 0u64, 0u32);
    for byte in payload {
        let last = shift == 56 || byte & 0x80 == 0;
        let bits = if shift == 56 { *byte } else { byte & 0x7f };
        value |= u64::from(bits) << shift;
        shift += 7;
        if last {
            if value == u64::MAX {
                return None;
            }
            let is_count = value & 1 == 0;
            total = total.checked_add(if is_count { value >> 1 } else { 0 })?;
            (value, shift) = (0, 0);
        }
    }
    Some(total)
}

/// The cookie of the V2 form, deflated.
const DEFLATED: &[u8; 4] = &[0x1c, 0x84, 0x93, 0x14];
/// Bytes before the counts.
const HEADER: usize = 40;
/// Above 40 bytes and nine for each of the 33,792 buckets.
const LARGEST: u64 = 512 * 1024;
/// 2^36: 19 hours at a million a second. The sums over all lines of the largest file then fit 64 bits.
pub(crate) const MOST_COUNTS: u64 = 1 << 36;

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    /// A histogram as we would write it, but for its counts.
    fn encoded(payload: &[u8], stated: u32) -> String {
        let mut plain = Vec::new();
        V2Serializer::new().serialize(&Latencies::default().to_histogram(), &mut plain).unwrap();
        plain.truncate(HEADER);
        plain[4..8].copy_from_slice(&stated.to_be_bytes());
        plain.extend(payload);
        let mut deflated = ZlibEncoder::new(Vec::new(), Compression::fast());
        deflated.write_all(&plain).unwrap();
        let deflated = deflated.finish().unwrap();
        let mut bytes = DEFLATED.to_vec();
        bytes.extend(u32::try_from(deflated.len()).unwrap().to_be_bytes());
        bytes.extend(deflated);
        BASE64.encode(bytes)
    }

    #[test]
    fn counts_come_back() {
        // Two zeros skipped, then a count of 5.
        assert_eq!(decode(&encoded(&[3, 10], 2)).unwrap().len(), 5);
    }

    #[test]
    fn a_length_that_the_file_does_not_have_is_not_allocated() {
        assert_eq!(decode(&encoded(&[2], u32::MAX)).unwrap_err(), "its histogram is cut short");
    }

    #[test]
    fn counts_that_would_overflow_are_refused() {
        let largest = [0xff; 9];
        assert!(decode(&encoded(&largest, 9)).is_err());
        let two_to_the_61 = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40];
        assert!(decode(&encoded(&two_to_the_61.repeat(8), 72)).is_err());
    }

    #[test]
    fn a_deflate_bomb_is_refused_at_the_bound() {
        assert!(decode(&encoded(&vec![0; 100_000_000], 100_000_000)).is_err());
    }
}
