use super::*;
use proptest::prelude::*;
use units::Timestamp;

const PAYLOAD: usize = 300;
const FRAME: i64 = 352;

/// A stream of `count` frames and the end, and the offset of each frame.
fn stream(count: u64) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = Vec::new();
    let mut starts = Vec::new();
    for sequence in 0..=count {
        let payload: Vec<u8> = (0..PAYLOAD as u64).map(|i| (i * 7 + sequence).to_le_bytes()[0]).collect();
        let (kind, payload) =
            if sequence == count { (FrameKind::End, Vec::new()) } else { (FrameKind::Data, payload) };
        starts.push(bytes.len());
        let header = FrameHeader {
            kind,
            payload_length: u32::try_from(payload.len()).unwrap(),
            payload_crc: crc32c(&payload),
            sequence,
            offset: bytes.len() as u64,
            intended: Timestamp::default(),
            sent: Timestamp::default(),
        };
        bytes.extend_from_slice(&header.encode());
        bytes.extend_from_slice(&payload);
    }
    (bytes, starts)
}

/// One read of at most `step` bytes, taken apart; what is left to be read.
fn feed<'a>(inspector: &mut Inspector, rest: &'a [u8], step: usize) -> &'a [u8] {
    let space = inspector.space();
    let count = space.len().min(step).min(rest.len());
    space[..count].copy_from_slice(&rest[..count]);
    inspector.filled(count);
    while inspector.next_frame().is_some() {}
    &rest[count..]
}

/// What an inspector finds in `bytes`, fed in pieces of `step`.
fn inspect(bytes: &[u8], step: usize) -> Integrity {
    let mut inspector = Inspector::new(FRAME_HEADER + PAYLOAD, READ_SPACE, true);
    let mut rest = bytes;
    while !rest.is_empty() {
        rest = feed(&mut inspector, rest, step);
    }
    inspector.finish()
}

/// The same with a buffer that is lent for each read, and used for something else in between.
fn inspect_lent(bytes: &[u8], step: usize) -> Integrity {
    let mut inspector = Inspector::new(FRAME_HEADER + PAYLOAD, 2 * PAYLOAD, true);
    let (mut rest, mut room) = (bytes, Box::default());
    while !rest.is_empty() {
        inspector.lend(room);
        rest = feed(&mut inspector, rest, step);
        room = inspector.give_back().unwrap();
        room.fill(0xA5);
        assert!(inspector.buffer.len() < FRAME_HEADER + PAYLOAD);
    }
    inspector.finish()
}

#[test]
fn an_untouched_stream_has_nothing_wrong() {
    let (bytes, _) = stream(20);
    let found = inspect(&bytes, 100);
    let all = Integrity { bytes: bytes.len() as u64, frames: 21, complete: true, ..Integrity::default() };
    assert_eq!(found, all);
}

#[test]
fn a_missing_byte_is_counted_and_tears_one_frame() {
    for at_in_frame in [0, 3, 40, 51, 52, 200] {
        let (mut bytes, starts) = stream(20);
        bytes.remove(starts[5] + at_in_frame);
        let found = inspect(&bytes, 333);
        assert_eq!((found.lost_bytes, found.corrupted_frames), (1, 1), "at {at_in_frame}");
        assert_eq!((found.reordered_frames, found.complete), (0, true));
    }
}

#[test]
fn an_added_byte_is_counted_as_negative() {
    let (mut bytes, starts) = stream(20);
    bytes.insert(starts[5] + 100, 0xFF);
    let found = inspect(&bytes, 333);
    assert_eq!((found.lost_bytes, found.corrupted_frames, found.complete), (-1, 1, true));
}

#[test]
fn bytes_added_between_two_frames_tear_none() {
    let (mut bytes, starts) = stream(20);
    bytes.splice(starts[5]..starts[5], *b"stranger");
    let found = inspect(&bytes, 333);
    assert_eq!((found.lost_bytes, found.corrupted_frames, found.complete), (-8, 0, true));
}

#[test]
fn bytes_added_after_the_end_are_counted() {
    let (mut bytes, _) = stream(3);
    bytes.extend_from_slice(b"more");
    assert_eq!(inspect(&bytes, 50).lost_bytes, -4);
}

#[test]
fn bytes_added_in_the_read_of_the_end_are_counted_by_who_stops_there() {
    let (mut bytes, _) = stream(0);
    bytes.extend_from_slice(&[7; 10]);
    let mut inspector = Inspector::new(FRAME_HEADER + PAYLOAD, READ_SPACE, true);
    inspector.space()[..bytes.len()].copy_from_slice(&bytes);
    inspector.filled(bytes.len());
    assert_eq!(inspector.next_frame().map(|header| header.kind), Some(FrameKind::End));
    assert_eq!(inspector.finish().lost_bytes, -10);
}

#[test]
fn swapped_frames_are_one_reordered_frame_and_no_loss() {
    let (mut bytes, starts) = stream(20);
    let (fifth, sixth) = (bytes[starts[5]..starts[6]].to_vec(), bytes[starts[6]..starts[7]].to_vec());
    bytes.splice(starts[5]..starts[7], [sixth, fifth].concat());
    let found = inspect(&bytes, 1000);
    assert_eq!((found.lost_bytes, found.reordered_frames, found.corrupted_frames), (0, 1, 0));
}

#[test]
fn a_whole_missing_frame_is_lost_and_tears_none() {
    let (mut bytes, starts) = stream(20);
    bytes.drain(starts[5]..starts[6]);
    let found = inspect(&bytes, 1000);
    assert_eq!((found.lost_bytes, found.corrupted_frames), (FRAME, 0));
}

#[test]
fn a_frame_sent_twice_is_a_duplicate_of_added_bytes() {
    let (mut bytes, starts) = stream(20);
    let fifth = bytes[starts[5]..starts[6]].to_vec();
    bytes.splice(starts[6]..starts[6], fifth);
    let found = inspect(&bytes, 1000);
    assert_eq!((found.duplicated_frames, found.lost_bytes), (1, -FRAME));
}

#[test]
fn a_stream_cut_short_has_no_damaged_frame() {
    let (bytes, starts) = stream(20);
    let found = inspect(&bytes[..starts[5] + 60], 1000);
    assert_eq!((found.frames, found.corrupted_frames, found.complete), (5, 0, false));
}

#[test]
fn a_stream_that_ends_in_garbage_has_a_torn_frame() {
    let (mut bytes, starts) = stream(20);
    bytes.truncate(starts[5]);
    bytes.extend_from_slice(&[7; 100]);
    let found = inspect(&bytes, 1000);
    assert_eq!((found.frames, found.corrupted_frames, found.complete), (5, 1, false));
}

proptest! {
    #[test]
    fn any_cut_into_reads_gives_the_same_frames(step in 1usize..2000) {
        let (bytes, _) = stream(12);
        prop_assert_eq!(inspect(&bytes, step), inspect(&bytes, 1 << 20));
        prop_assert_eq!(inspect_lent(&bytes, step), inspect(&bytes, 1 << 20));
    }

    #[test]
    fn any_flipped_bit_is_one_corrupted_frame(at in 0usize..12 * 352, bit in 0u8..8, step in 1usize..2000) {
        let (mut bytes, _) = stream(12);
        bytes[at] ^= 1 << bit;
        let found = inspect(&bytes, step);
        prop_assert_eq!((found.corrupted_frames, found.lost_bytes, found.complete), (1, 0, true));
    }

    #[test]
    fn any_removed_run_of_bytes_is_counted_exactly(at in 0usize..10 * 352, count in 1usize..700, step in 1usize..2000) {
        let (mut bytes, _) = stream(12);
        bytes.drain(at..at + count);
        let found = inspect(&bytes, step);
        prop_assert_eq!((found.lost_bytes, found.complete), (count.cast_signed() as i64, true));
        prop_assert_eq!(inspect_lent(&bytes, step), found);
    }

    #[test]
    fn any_bytes_are_inspected_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3000), step in 1usize..500) {
        prop_assert_eq!(inspect(&bytes, step).bytes, bytes.len() as u64);
    }
}
