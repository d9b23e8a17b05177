//! Relays that lose, add, change or reorder what they carry, once, in the baseline.

use super::{BOTH, Path, figure};
use crate::relay::Behaviour;

/// Messages of the trickle, and the bytes of each.
const TRICKLE: (u64, u64) = (40, 128);
/// Bytes of a frame of the flood, at the default `--message`.
const FRAME: u64 = 64 * 1024;
/// A frame of the flood; the baseline has hundreds.
const NTH: u64 = 20;
/// Its number in the stream, and its offset.
const AT_FRAME: u64 = TRICKLE.0 + NTH;
const OFFSET: u64 = TRICKLE.0 * TRICKLE.1 + NTH * FRAME;
/// Offsets within that frame: its magic, its sequence number, its payload.
const IN_MAGIC: u64 = OFFSET + 1;
const IN_HEADER: u64 = OFFSET + 18;
const IN_PAYLOAD: u64 = OFFSET + 30_000;

/// What must be counted.
#[derive(Default)]
struct Damage {
    lost: i64,
    corrupted: u64,
    reordered: u64,
    duplicated: u64,
}

/// That exactly this is found in either direction, and that `says` is in the reason.
#[track_caller]
fn finds(behaviour: &Behaviour, damage: &Damage, says: &str) {
    for direction in BOTH {
        let options = format!("--direction {direction} --baseline 300ms --hold 300ms");
        let checked = Path::through(behaviour.clone()).check(&options);
        let (only, integrity) = (checked.only(), &checked.only()["integrity"]);
        assert_eq!((checked.word(), checked.code), ("breaks", 1), "{direction}: {only:#}");
        assert!(only["ended"].is_null(), "{direction}: {only:#}");
        assert_eq!(integrity["lost_bytes"], damage.lost, "{direction}: {integrity}");
        assert_eq!(integrity["corrupted_frames"], damage.corrupted, "{direction}: {integrity}");
        assert_eq!(integrity["reordered_frames"], damage.reordered, "{direction}: {integrity}");
        assert_eq!(integrity["duplicated_frames"], damage.duplicated, "{direction}: {integrity}");
        assert!(checked.reason().contains(says), "{direction}: {}", checked.reason());
    }
}

#[test]
fn a_byte_lost_from_a_payload_is_one_lost_byte_and_one_torn_frame() {
    let damage = Damage { lost: 1, corrupted: 1, ..Damage::default() };
    finds(&Behaviour::DropByte { at: IN_PAYLOAD }, &damage, "lost");
}

#[test]
fn a_byte_lost_from_a_header_is_one_lost_byte_and_one_torn_frame() {
    let damage = Damage { lost: 1, corrupted: 1, ..Damage::default() };
    finds(&Behaviour::DropByte { at: IN_HEADER }, &damage, "lost");
}

#[test]
fn a_byte_lost_from_the_mark_of_a_frame_is_one_lost_byte_and_one_torn_frame() {
    let damage = Damage { lost: 1, corrupted: 1, ..Damage::default() };
    finds(&Behaviour::DropByte { at: IN_MAGIC }, &damage, "lost");
}

#[test]
fn a_byte_put_into_a_payload_is_one_added_byte_and_one_torn_frame() {
    let damage = Damage { lost: -1, corrupted: 1, ..Damage::default() };
    finds(&Behaviour::InsertByte { at: IN_PAYLOAD }, &damage, "added");
}

#[test]
fn a_byte_put_between_two_frames_is_one_added_byte_and_tears_none() {
    finds(&Behaviour::InsertByte { at: OFFSET }, &Damage { lost: -1, ..Damage::default() }, "added");
}

#[test]
fn a_bit_changed_in_a_payload_is_one_changed_frame() {
    let damage = Damage { corrupted: 1, ..Damage::default() };
    finds(&Behaviour::FlipBit { at: IN_PAYLOAD }, &damage, "1 frame arrived changed");
}

#[test]
fn a_bit_changed_in_a_header_is_one_changed_frame() {
    let damage = Damage { corrupted: 1, ..Damage::default() };
    finds(&Behaviour::FlipBit { at: IN_HEADER }, &damage, "1 frame arrived changed");
}

#[test]
fn two_frames_swapped_are_one_frame_out_of_order() {
    let damage = Damage { reordered: 1, ..Damage::default() };
    finds(&Behaviour::SwapFrames { at_frame: AT_FRAME }, &damage, "1 frame arrived out of order");
}

#[test]
fn a_frame_sent_twice_is_one_duplicate_of_added_bytes() {
    let damage = Damage { duplicated: 1, lost: -FRAME.cast_signed(), ..Damage::default() };
    finds(&Behaviour::DuplicateFrame { at_frame: AT_FRAME }, &damage, "1 frame arrived twice");
}

#[test]
fn a_frame_lost_as_a_whole_is_lost_bytes_and_tears_none() {
    let damage = Damage { lost: FRAME.cast_signed(), ..Damage::default() };
    finds(&Behaviour::DropFrame { at_frame: AT_FRAME }, &damage, "65536 bytes were lost");
}

#[test]
fn a_trickle_message_that_is_lost_is_counted() {
    let damage = Damage { lost: TRICKLE.1.cast_signed(), ..Damage::default() };
    finds(&Behaviour::DropFrame { at_frame: 7 }, &damage, "128 bytes were lost");
}

#[test]
fn waiting_for_a_lost_trickle_message_is_no_pause_of_the_path() {
    let path = Path::through(Behaviour::DropFrame { at_frame: 7 });
    let checked = path.check("--direction upload --baseline 300ms --hold 300ms");
    // The producer had nothing to write for two seconds: that says nothing of how long this path's pauses are.
    assert!(figure(&checked, "blocked_ms") < 4e3, "three times the wait was asked for: {}", checked.only());
}
