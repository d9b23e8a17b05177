//! Finds the direction that carries frames, and lets an edit at what follows its opening line.

use super::{flow::Flow, pump::Rules};

/// Changes a stream of frames. It is shown every byte once, from the first frame's first, and may keep some back.
pub(super) trait Edit: Send {
    fn edit(&mut self, bytes: &[u8], out: &mut Vec<u8>);

    /// What it kept back, at the stream's end.
    fn rest(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

pub(super) struct Editing<E> {
    stage: Stage,
    edit: E,
}

enum Stage {
    /// Up to the first line's end.
    OpeningLine,
    /// Seen so much of the magic.
    Magic(usize),
    Frames,
    /// No frames in this direction.
    Other,
}

impl<E: Edit> Editing<E> {
    pub(super) fn new(edit: E) -> Self {
        Self { stage: Stage::OpeningLine, edit }
    }

    /// Handles some of `bytes` and returns the others.
    fn step<'a>(&mut self, bytes: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        match self.stage {
            Stage::OpeningLine => {
                let line = bytes.iter().position(|byte| *byte == b'\n');
                if line.is_some() {
                    self.stage = Stage::Magic(0);
                }
                let (passed, left) = bytes.split_at(line.map_or(bytes.len(), |end| end + 1));
                out.extend_from_slice(passed);
                left
            }
            Stage::Magic(seen) => {
                let (known, missing) = MAGIC.split_at(seen);
                let compared = bytes.len().min(missing.len());
                let (compared, left) = bytes.split_at(compared);
                if !missing.starts_with(compared) {
                    out.extend_from_slice(known);
                    self.stage = Stage::Other;
                    return bytes;
                }
                self.stage = Stage::Magic(seen + compared.len());
                if compared == missing {
                    self.edit.edit(&MAGIC, out);
                    self.stage = Stage::Frames;
                }
                left
            }
            Stage::Frames => {
                self.edit.edit(bytes, out);
                &[]
            }
            Stage::Other => {
                out.extend_from_slice(bytes);
                &[]
            }
        }
    }
}

impl<E: Edit> Rules for Editing<E> {
    fn take(&mut self, _flow: &Flow, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len() + 1);
        let mut left = piece;
        while !left.is_empty() {
            left = self.step(left, &mut out);
        }
        out
    }

    fn rest(&mut self) -> Vec<u8> {
        match self.stage {
            Stage::Magic(seen) => MAGIC.split_at(seen).0.to_vec(),
            _ => self.edit.rest(),
        }
    }
}

/// What every frame begins with.
pub(super) const MAGIC: [u8; 4] = *b"\xFFBP1";

mod tests {
    use tokio::{io::AsyncWriteExt, join, time::Instant};

    use super::{Edit, Editing, MAGIC};
    use crate::relay::{
        Behaviour,
        flow::Flow,
        pump::Rules,
        trial::{Trial, both_ways, receive_all},
    };

    /// Shows what it was shown, in upper case.
    struct Shout;

    impl Edit for Shout {
        fn edit(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
            out.extend(bytes.to_ascii_uppercase());
        }
    }

    /// The stream after an edit that was shown it in pieces of `piece` bytes.
    fn edited(stream: &[u8], piece: usize) -> Vec<u8> {
        let flow = Flow::new(Instant::now());
        let mut editing = Editing::new(Shout);
        let mut out: Vec<u8> = stream.chunks(piece).flat_map(|piece| editing.take(&flow, piece)).collect();
        out.append(&mut editing.rest());
        out
    }

    #[test]
    fn only_what_follows_the_opening_line_and_begins_with_the_magic_is_edited() {
        let with = |line: &[u8], magic: &[u8], rest: &[u8]| [line, magic, rest].concat();
        for piece in 1..16 {
            let frames = with(b"\xFFopening\n", &MAGIC, b"frames\nand more");
            assert_eq!(edited(&frames, piece), with(b"\xFFopening\n", &MAGIC, b"FRAMES\nAND MORE"));

            for other in [&b"\xFFBPother\n\xFFBP1x"[..], b"other", b"\xFFBP", b""] {
                let stream = with(b"\xFFopening\n", other, b"");
                assert_eq!(edited(&stream, piece), stream);
            }
        }
    }

    #[tokio::test]
    async fn the_direction_that_carries_frames_is_found() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::FlipBit { at: 5 });
            let (mut producer, mut consumer) = trial.connect(way).await;
            producer.write_all(b"\xFFline\n\xFFBP1frames").await.unwrap();
            producer.shutdown().await.unwrap();
            consumer.write_all(b"\xFFreply\nno frames\n").await.unwrap();
            consumer.shutdown().await.unwrap();
            let ((there, _), (back, _)) = join!(receive_all(&mut consumer), receive_all(&mut producer));
            assert_eq!(there, b"\xFFline\n\xFFBP1fsames", "{way:?}");
            assert_eq!(back, b"\xFFreply\nno frames\n", "{way:?}");
        })
        .await;
    }
}
