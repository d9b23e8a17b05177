//! Decides when a consumer may read, and how much. It does no I/O and reads no clock.

mod pace;

use crate::read_plan::{Manner, PhaseEnd, ReadPhase, ReadPlan};
use pace::Pace;
use std::vec;
use units::{ByteSize, Timestamp};

/// What a consumer may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// One read.
    Read {
        /// Bytes, at least 1; `usize::MAX`: no bound.
        at_most: usize,
    },
    /// Nothing before this instant; then ask again.
    Wait {
        /// Later than the present.
        until: Timestamp,
    },
    /// Nothing, for the phase reads nothing.
    Stalled {
        /// When the phase is over; none: never.
        until: Option<Timestamp>,
    },
}

/// Follows a [`ReadPlan`].
///
/// A phase begins when it is asked for, once the one before is over: none is skipped or cut short because nobody asked. An
/// instant before the latest one counts as that one.
#[derive(Debug)]
pub struct Reader {
    ahead: vec::IntoIter<ReadPhase>,
    last: Manner,
    latest: Timestamp,
    phase: Phase,
}

/// The present phase.
#[derive(Debug)]
struct Phase {
    began: Timestamp,
    manner: Manner,
    /// None: it stays.
    end: Option<PhaseEnd>,
    /// Bytes read in it.
    taken: u64,
    pace: Pace,
}

impl Reader {
    /// A reader whose first phase begins at `now`.
    pub fn new(plan: &ReadPlan, now: Timestamp) -> Self {
        let (mut ahead, last) = (plan.ending().to_vec().into_iter(), plan.last());
        let phase = Phase::begin(ahead.next(), last, now);
        Self { ahead, last, latest: now, phase }
    }

    /// What may be done at `now`.
    pub fn next(&mut self, now: Timestamp) -> Allowance {
        let now = self.advance(now);
        if self.phase.is_over(now) {
            self.phase = Phase::begin(self.ahead.next(), self.last, now);
        }
        self.phase.allowance(now)
    }

    /// A read of `bytes` has returned at `now`.
    pub fn took(&mut self, bytes: usize, now: Timestamp) {
        let now = self.advance(now);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.phase.taken = self.phase.taken.saturating_add(bytes);
        self.phase.pace.took(bytes, now);
    }

    /// When the present phase ends by the clock; a read that still waits for bytes then is to be given up, and
    /// [`next`](Self::next) asked again.
    pub fn phase_ends(&self) -> Option<Timestamp> {
        self.phase.ends()
    }

    fn advance(&mut self, now: Timestamp) -> Timestamp {
        self.latest = self.latest.max(now);
        self.latest
    }
}

impl Phase {
    /// `next`, or the last one where there is no next.
    fn begin(next: Option<ReadPhase>, last: Manner, now: Timestamp) -> Self {
        let (manner, end) = next.map_or((last, None), |phase| (phase.manner, Some(phase.end)));
        Self { began: now, manner, end, taken: 0, pace: Pace::of(manner, now) }
    }

    fn ends(&self) -> Option<Timestamp> {
        match self.end {
            Some(PhaseEnd::After(span)) => Some(self.began.plus(span.0)),
            Some(PhaseEnd::Bytes(_)) | None => None,
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.ends().is_some_and(|end| end <= now) || self.remaining() == 0
    }

    /// Bytes that may still be read in it.
    fn remaining(&self) -> u64 {
        match self.end {
            Some(PhaseEnd::Bytes(bytes)) => bytes.as_u64().saturating_sub(self.taken),
            Some(PhaseEnd::After(_)) | None => u64::MAX,
        }
    }

    fn allowance(&self, now: Timestamp) -> Allowance {
        if self.manner == Manner::Stalled {
            return Allowance::Stalled { until: self.ends() };
        }
        let due = self.pace.due();
        if due > now {
            return Allowance::Wait { until: self.ends().map_or(due, |end| end.min(due)) };
        }
        let at_most = self.pace.read().map_or(u64::MAX, ByteSize::as_u64).min(self.remaining());
        Allowance::Read { at_most: usize::try_from(at_most).unwrap_or(usize::MAX) }
    }
}

#[cfg(test)]
mod tests;
