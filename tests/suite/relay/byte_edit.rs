//! Loses, changes or adds one byte.

use super::editing::Edit;

pub(super) struct ByteEdit {
    at: u64,
    change: ByteChange,
    /// Bytes seen so far.
    position: u64,
}

pub(super) enum ByteChange {
    Drop,
    Flip,
    Insert,
}

impl ByteEdit {
    pub(super) fn new(at: u64, change: ByteChange) -> Self {
        Self { at, change, position: 0 }
    }
}

impl Edit for ByteEdit {
    fn edit(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let here = self.at.checked_sub(self.position).and_then(|ahead| usize::try_from(ahead).ok());
        self.position += bytes.len() as u64;
        let Some((before, (byte, after))) =
            here.and_then(|here| bytes.split_at_checked(here)).and_then(|(b, a)| Some((b, a.split_first()?)))
        else {
            out.extend_from_slice(bytes);
            return;
        };
        out.extend_from_slice(before);
        match self.change {
            ByteChange::Drop => {}
            ByteChange::Flip => out.push(byte ^ 1),
            ByteChange::Insert => out.extend([FOREIGN, *byte]),
        }
        out.extend_from_slice(after);
    }
}

/// What is inserted.
pub(super) const FOREIGN: u8 = 0xA5;

mod tests {
    use super::{ByteChange, ByteEdit, FOREIGN};
    use crate::relay::editing::Edit;

    const STREAM: &[u8] = b"0123456789";

    fn edited(at: u64, change: ByteChange, piece: usize) -> Vec<u8> {
        let mut edit = ByteEdit::new(at, change);
        let mut out = Vec::new();
        STREAM.chunks(piece).for_each(|piece| edit.edit(piece, &mut out));
        out
    }

    #[test]
    fn exactly_the_one_byte_changes_however_the_stream_is_cut() {
        for piece in 1..=10 {
            for at in 0..10 {
                let (before, after) = STREAM.split_at(at);
                let (byte, after) = after.split_first().unwrap();
                let at = at as u64;
                assert_eq!(edited(at, ByteChange::Drop, piece), [before, after].concat());
                assert_eq!(edited(at, ByteChange::Flip, piece), [before, &[byte ^ 1], after].concat());
                assert_eq!(
                    edited(at, ByteChange::Insert, piece),
                    [before, &[FOREIGN, *byte], after].concat()
                );
            }
        }
    }

    #[test]
    fn a_stream_that_ends_before_stays_as_it_is() {
        assert_eq!(edited(10, ByteChange::Drop, 3), STREAM);
    }
}
