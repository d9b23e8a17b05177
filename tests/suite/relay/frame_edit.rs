//! Exchanges, repeats or loses whole frames.

use super::editing::{Edit, MAGIC};

/// Holds each frame until it is whole, up to the last one that matters.
pub(super) struct FrameEdit {
    at: u64,
    change: FrameChange,
    /// Whole frames seen so far.
    frames: u64,
    /// The beginning of the next frame.
    partial: Vec<u8>,
    /// A frame that waits for the one that shall overtake it.
    overtaken: Vec<u8>,
}

pub(super) enum FrameChange {
    Swap,
    Duplicate,
    Drop,
}

impl FrameEdit {
    pub(super) fn new(at: u64, change: FrameChange) -> Self {
        Self { at, change, frames: 0, partial: Vec::new(), overtaken: Vec::new() }
    }

    fn pass(&mut self, frame: &[u8], out: &mut Vec<u8>) {
        let is_the_one = self.frames == self.at;
        self.frames += 1;
        match self.change {
            FrameChange::Swap if is_the_one => self.overtaken = frame.to_vec(),
            FrameChange::Drop if is_the_one => {}
            FrameChange::Duplicate if is_the_one => {
                out.extend_from_slice(frame);
                out.extend_from_slice(frame);
            }
            _ => {
                out.extend_from_slice(frame);
                out.append(&mut self.overtaken);
            }
        }
    }
}

impl Edit for FrameEdit {
    fn edit(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.partial.extend_from_slice(bytes);
        while self.frames <= self.at + 1 {
            let Some(length) = frame_length(&self.partial) else { return };
            if self.partial.len() < length {
                return;
            }
            let frame: Vec<u8> = self.partial.drain(..length).collect();
            self.pass(&frame, out);
        }
        out.append(&mut self.partial);
    }

    fn rest(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.overtaken);
        rest.append(&mut self.partial);
        rest
    }
}

/// Bytes of the frame that begins here, or `None` while its header is incomplete.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let header: &[u8; HEADER] = bytes.first_chunk()?;
    assert!(
        header.starts_with(&MAGIC),
        "a frame begins with its magic, not with {:02X?}",
        header.first_chunk::<4>()
    );
    let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = *header;
    Some(HEADER + usize::try_from(u32::from_le_bytes([a, b, c, d])).expect("a frame fits into memory"))
}

/// Bytes before the payload; its length is at 8, little endian.
pub(super) const HEADER: usize = 52;

mod tests {
    use tokio::io::AsyncWriteExt;

    use super::{FrameChange, FrameEdit, HEADER, MAGIC};
    use crate::relay::{
        Behaviour,
        byte_edit::FOREIGN,
        editing::Edit,
        trial::{Trial, Way, receive_all},
    };

    /// A frame whose number is its payload's every byte.
    fn frame(number: u8, payload: u32) -> Vec<u8> {
        let mut frame = [&MAGIC[..], &[0; 4], &payload.to_le_bytes()].concat();
        frame.resize(HEADER, 0);
        frame.resize(HEADER + payload as usize, number);
        frame
    }

    /// Five frames, of which one has no payload, and half of a sixth.
    fn frames() -> [Vec<u8>; 6] {
        let mut half = frame(5, 300);
        half.truncate(150);
        [frame(0, 10), frame(1, 300), frame(2, 0), frame(3, 200), frame(4, 1), half]
    }

    fn edited(at: u64, change: FrameChange, piece: usize) -> Vec<u8> {
        let mut edit = FrameEdit::new(at, change);
        let mut out = Vec::new();
        frames().concat().chunks(piece).for_each(|piece| edit.edit(piece, &mut out));
        out.append(&mut edit.rest());
        out
    }

    #[test]
    fn exactly_the_one_frame_is_changed_however_the_stream_is_cut() {
        for piece in [1, 7, 52, 53, 500, 2000] {
            for at in 0..4 {
                let mut swapped = frames();
                swapped.swap(at, at + 1);
                let (before, rest) = (frames()[..at].concat(), frames()[at..].concat());
                let (one, after) = (frames()[at].clone(), frames()[at + 1..].concat());
                let at = at as u64;
                assert_eq!(edited(at, FrameChange::Swap, piece), swapped.concat());
                assert_eq!(edited(at, FrameChange::Duplicate, piece), [&before[..], &one, &rest].concat());
                assert_eq!(edited(at, FrameChange::Drop, piece), [before, after].concat());
            }
        }
    }

    #[test]
    fn nothing_is_lost_when_the_stream_ends_before_its_time() {
        for at in [4, 5, 100] {
            assert_eq!(edited(at, FrameChange::Swap, 100), frames().concat());
        }
    }

    #[tokio::test]
    async fn a_relay_edits_what_follows_the_opening_line() {
        let frames = [frame(0, 100), frame(1, 200), frame(2, 300)];
        let [zero, one, two] = frames.each_ref().map(Vec::as_slice);
        let stream = frames.concat();
        let (before, after) = stream.split_at(60);
        let cases = [
            (Behaviour::DropByte { at: 60 }, [before, &after[1..]].concat()),
            (Behaviour::FlipBit { at: 60 }, [before, &[after[0] ^ 1], &after[1..]].concat()),
            (Behaviour::InsertByte { at: 60 }, [before, &[FOREIGN], after].concat()),
            (Behaviour::SwapFrames { at_frame: 1 }, [zero, two, one].concat()),
            (Behaviour::DuplicateFrame { at_frame: 1 }, [zero, one, one, two].concat()),
            (Behaviour::DropFrame { at_frame: 1 }, [zero, two].concat()),
        ];
        for (behaviour, edited) in cases {
            let trial = Trial::of(behaviour.clone());
            for way in Way::BOTH {
                let (mut producer, mut consumer) = trial.connect(way).await;
                producer.write_all(b"\xFFopening\n").await.unwrap();
                producer.write_all(&stream).await.unwrap();
                producer.shutdown().await.unwrap();
                let (came, ended) = receive_all(&mut consumer).await;
                assert!(came.strip_prefix(b"\xFFopening\n") == Some(&edited[..]), "{behaviour:?} {way:?}");
                assert!(ended.is_ok(), "{behaviour:?} {way:?}");
            }
        }
    }
}
