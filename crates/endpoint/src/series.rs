//! All samples of a stream, in bounded memory.

use trace::Sample;

/// At 1 ms, samples of more than three minutes.
const ROOM: usize = 200_000;

/// Keeps every sample until there are too many, then every second, every fourth, and so on.
#[derive(Debug)]
pub struct Series {
    room: usize,
    samples: Vec<Sample>,
    stride: u64,
    offered: u64,
    left_out: u64,
    /// Else each sample is told when it is taken, and need not be told again.
    kept: bool,
}

impl Series {
    pub(crate) fn new(kept: bool) -> Self {
        Self { kept, ..Self::with_room(ROOM) }
    }

    /// For at most so many samples, at least 2.
    pub fn with_room(room: usize) -> Self {
        Self { room: room.max(2), samples: Vec::new(), stride: 1, offered: 0, left_out: 0, kept: true }
    }

    /// Takes the next sample.
    pub fn push(&mut self, sample: Sample) {
        if !self.kept {
            return;
        }
        // A stream that has not begun looks the same all the time: its latest sample is enough.
        if sample.is_idle() && self.samples.last().is_some_and(Sample::is_idle) {
            self.samples.pop();
            self.offered -= 1;
        }
        let kept = self.offered.is_multiple_of(self.stride);
        self.offered += 1;
        if !kept {
            self.left_out += 1;
            return;
        }
        if self.samples.len() == self.room {
            let mut index = 0;
            self.samples.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.left_out += (self.room - self.samples.len()) as u64;
            self.stride *= 2;
        }
        trace::make_room(&mut self.samples);
        self.samples.push(sample);
    }

    /// Samples that were taken but are not kept.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The samples that are kept, and how many are not.
    pub fn into_samples(self) -> (Vec<Sample>, u64) {
        (self.samples, self.left_out)
    }

    pub(crate) fn samples(&self) -> &[Sample] {
        &self.samples
    }
}
