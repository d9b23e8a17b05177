//! Takes a byte stream apart into frames, and counts what the path did to them.
//!
//! A damaged stream is found again at the next intact header. Because each header tells its own offset
//! in the stream, the bytes that went missing or were added in between are known exactly.

use crate::frame::{FRAME_HEADER, FrameHeader, FrameKind, MAGIC, crc32c};
use crate::sequence::{Arrival, Sequence};
use memchr::memmem;
use trace::Integrity;

/// The space for a read that a consumer should have where memory is no concern: larger reads gain nothing.
pub const READ_SPACE: usize = 256 * 1024;

/// Has the consumer's only buffer: two frames, or the space for a read and a frame. Bytes are read into [`space`](Self::space).
/// The buffer is made when it is first needed, unless one is [lent](Self::lend).
#[derive(Debug)]
pub struct Inspector {
    /// Where it is shorter than `size`, it holds what is pending and no more.
    buffer: Box<[u8]>,
    size: usize,
    start: usize,
    end: usize,
    max_frame: usize,
    /// Length of the last intact frame: reads are cut so that they end with a frame, and nothing must be moved.
    usual_frame: usize,
    check_payloads: bool,
    /// Position in the stream of `buffer[start]`.
    position: u64,
    sequence: Sequence,
    search: Option<Search>,
    integrity: Integrity,
}

/// The stream is damaged, and the next intact header is looked for.
#[derive(Debug, Clone, Copy)]
enum Search {
    /// A frame with a good header had a wrong payload; it is counted already.
    AfterBadPayload,
    /// Where a header should have been there was none.
    AfterBadHeader,
}

impl Inspector {
    /// For frames of at most `max_frame` bytes, that come in reads of up to `read_space` bytes, or one frame.
    pub fn new(max_frame: usize, read_space: usize, check_payloads: bool) -> Self {
        Self {
            buffer: Box::default(),
            size: read_space.max(max_frame) + max_frame,
            start: 0,
            end: 0,
            max_frame,
            usual_frame: max_frame,
            check_payloads,
            position: 0,
            sequence: Sequence::default(),
            search: None,
            integrity: Integrity::default(),
        }
    }

    /// Lends it a buffer, which it need not make then, until it is [given back](Self::give_back). One that is too small is
    /// replaced by a larger one.
    pub fn lend(&mut self, room: Box<[u8]>) {
        if self.buffer.len() < self.size {
            self.read_to(room);
        }
    }

    /// Gives the buffer back, if it has one, and keeps what is pending aside.
    pub fn give_back(&mut self) -> Option<Box<[u8]>> {
        if self.buffer.len() < self.size {
            return None;
        }
        let pending: Box<[u8]> = self.buffer.get(self.start..self.end).unwrap_or_default().into();
        (self.start, self.end) = (0, pending.len());
        Some(std::mem::replace(&mut self.buffer, pending))
    }

    /// Moves what is pending to a buffer that is large enough.
    fn read_to(&mut self, room: Box<[u8]>) {
        let mut room = if room.len() < self.size { vec![0; self.size].into_boxed_slice() } else { room };
        let pending = self.buffer.get(self.start..self.end).unwrap_or_default();
        room.get_mut(..pending.len()).expect("what is pending is less than `size`").copy_from_slice(pending);
        (self.start, self.end) = (0, pending.len());
        self.buffer = room;
    }

    /// Where the next bytes are to be read to; never empty.
    pub fn space(&mut self) -> &mut [u8] {
        if self.buffer.len() < self.size {
            self.read_to(Box::default());
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.size - self.end < self.max_frame {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let free = self.size - self.end;
        let pending = self.end - self.start;
        let whole = (pending + free) / self.usual_frame * self.usual_frame;
        let wanted = if whole > pending { whole - pending } else { free };
        self.buffer.get_mut(self.end..self.end + wanted).expect("at most what is free")
    }

    /// Tells that `count` bytes were read into [`space`](Self::space).
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.size);
        self.integrity.bytes += count as u64;
    }

    /// Bytes that were read but belong to no complete frame yet.
    pub fn pending(&self) -> usize {
        self.end - self.start
    }

    /// The next intact frame; `None` when more bytes are needed.
    pub fn next_frame(&mut self) -> Option<FrameHeader> {
        loop {
            if self.integrity.complete {
                self.count_added();
                return None;
            }
            if self.search.is_some() && !self.find_header() {
                return None;
            }
            let waiting = self.buffer.get(self.start..self.end).unwrap_or_default();
            if waiting.len() < FRAME_HEADER {
                return None;
            }
            let header =
                FrameHeader::decode(waiting).filter(|header| header.frame_length() <= self.max_frame);
            let Some(header) = header else {
                self.search = Some(Search::AfterBadHeader);
                self.skip(1);
                continue;
            };
            let payload = waiting.get(FRAME_HEADER..header.frame_length())?;
            let intact = !self.check_payloads || crc32c(payload) == header.payload_crc;
            self.note_damage_before(&header);
            if !intact {
                self.integrity.corrupted_frames += 1;
                self.note_position(&header);
                self.search = Some(Search::AfterBadPayload);
                self.skip(1);
                continue;
            }
            self.accept(&header);
            return Some(header);
        }
    }

    /// The stream is over. A frame that was under way is no damage: its rest was not delivered.
    pub fn finish(&mut self) -> Integrity {
        if self.integrity.complete {
            self.count_added();
        }
        if matches!(self.search, Some(Search::AfterBadHeader)) {
            self.integrity.corrupted_frames += 1;
        }
        self.integrity.clone()
    }

    /// What was found so far.
    pub fn integrity(&self) -> &Integrity {
        &self.integrity
    }

    /// Moves on to the next thing that looks like a header and is intact; false when more bytes are needed.
    fn find_header(&mut self) -> bool {
        let waiting = self.buffer.get(self.start..self.end).unwrap_or_default();
        let found = memmem::find_iter(waiting, &MAGIC)
            .map(|at| (at, waiting.get(at..).unwrap_or_default()))
            .find(|(_, rest)| rest.len() < FRAME_HEADER || FrameHeader::decode(rest).is_some());
        // The start of a header may be the last thing that came.
        let kept = MAGIC.len() - 1;
        let (skipped, complete) = match found {
            Some((at, rest)) => (at, rest.len() >= FRAME_HEADER),
            None => (waiting.len().saturating_sub(kept), false),
        };
        self.skip(skipped);
        complete
    }

    /// A header was found again after a damaged place: was a frame torn there?
    fn note_damage_before(&mut self, header: &FrameHeader) {
        // Bytes that were merely added between two frames tore none: the next number follows.
        let torn = header.sequence > self.sequence.next();
        if matches!(self.search.take(), Some(Search::AfterBadHeader)) && torn {
            self.integrity.corrupted_frames += 1;
        }
    }

    fn accept(&mut self, header: &FrameHeader) {
        self.note_position(header);
        self.integrity.frames += 1;
        self.integrity.complete = header.kind == FrameKind::End;
        self.usual_frame = header.frame_length();
        self.skip(header.frame_length());
    }

    /// Compares where the header is with where it says it is, and its number with the expected one.
    fn note_position(&mut self, header: &FrameHeader) {
        match self.sequence.arrived(header.sequence) {
            Arrival::Expected => {
                self.integrity.lost_bytes = header.offset.wrapping_sub(self.position).cast_signed();
            }
            Arrival::Reordered => self.integrity.reordered_frames += 1,
            Arrival::Duplicate => self.integrity.duplicated_frames += 1,
        }
    }

    /// Nothing belongs behind the end: whatever follows was added by the path.
    fn count_added(&mut self) {
        self.integrity.lost_bytes -= i64::try_from(self.pending()).unwrap_or(i64::MAX);
        self.skip(self.pending());
    }

    fn skip(&mut self, count: usize) {
        self.start += count;
        self.position += count as u64;
    }
}

#[cfg(test)]
mod tests;
