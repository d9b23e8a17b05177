//! The plan by which a consumer reads: phases in order, the last of which stays.

use units::{ByteRate, ByteSize, Span};

/// How a consumer reads while a phase lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As fast as bytes come.
    Unlimited,
    /// Not at all: the window closes.
    Stalled,
    /// Evenly at this rate, which is above 0.
    Paced(ByteRate),
    /// One read, then a pause, as go-backpressure's `bufsize` and `delay`.
    Chunks {
        /// The most that one read takes.
        chunk: ByteSize,
        /// The pause after each read.
        every: Span,
    },
}

/// What ends a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseEnd {
    /// This long after it began.
    After(Span),
    /// Once so many bytes were read in it.
    Bytes(ByteSize),
}

/// A phase that another one follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPhase {
    /// How it reads.
    pub manner: Manner,
    /// What ends it.
    pub end: PhaseEnd,
}

/// Phases in order, at most [`read_phases_max`](crate::Limits::read_phases_max) in all, each of which can end but the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPlan {
    ending: Vec<ReadPhase>,
    last: Manner,
}

impl ReadPlan {
    /// A read of at most `chunk`, then a pause of `every`, for ever.
    pub fn chunks(chunk: ByteSize, every: Span) -> Self {
        Self::of_checked(Vec::new(), Manner::Chunks { chunk, every })
    }

    /// Evenly at `rate`, for ever.
    pub fn paced(rate: ByteRate) -> Self {
        Self::of_checked(Vec::new(), if rate.as_u64() == 0 { Manner::Stalled } else { Manner::Paced(rate) })
    }

    /// `ending`, whose number and ends the caller has checked, then `last` for ever.
    pub(crate) fn of_checked(ending: Vec<ReadPhase>, last: Manner) -> Self {
        Self { ending, last }
    }

    /// All phases but the last, in order.
    pub fn ending(&self) -> &[ReadPhase] {
        &self.ending
    }

    /// How it reads once all other phases are over.
    pub fn last(&self) -> Manner {
        self.last
    }
}
