//! When the next read of a phase is due, and how large it may be.

use crate::read_plan::Manner;
use std::time::Duration;
use units::{ByteRate, ByteSize, Span, Timestamp};

/// The pace of one phase.
#[derive(Debug)]
pub(super) enum Pace {
    /// Always due. A stalled phase has it too: nobody asks there.
    Free,
    /// `taken` bytes since `from` at `rate`.
    Even { rate: ByteRate, from: Timestamp, taken: u64 },
    /// A pause of `every` after each read.
    Pauses { chunk: ByteSize, every: Span, due: Timestamp },
}

/// How much of a second one read of an even pace takes.
const QUANTUM: Duration = Duration::from_millis(10);

/// The most missed time that an even pace makes up for.
const CATCH_UP: Duration = Duration::from_millis(100);

impl Pace {
    pub(super) fn of(manner: Manner, now: Timestamp) -> Self {
        match manner {
            Manner::Unlimited | Manner::Stalled => Self::Free,
            Manner::Paced(rate) => Self::Even { rate, from: now, taken: 0 },
            Manner::Chunks { chunk, every } => Self::Pauses { chunk, every, due: now },
        }
    }

    /// When the next read may begin; an even pace reads at once, and then as soon as its bytes so far are due.
    pub(super) fn due(&self) -> Timestamp {
        match *self {
            Self::Free => Timestamp::from_nanos(0),
            Self::Even { rate, from, taken } => due_after(rate, from, taken),
            Self::Pauses { due, .. } => due,
        }
    }

    /// The most that one read takes; `None`: no bound.
    pub(super) fn read(&self) -> Option<ByteSize> {
        match *self {
            Self::Free => None,
            Self::Even { rate, .. } => Some(quantum(rate)),
            Self::Pauses { chunk, .. } => Some(chunk),
        }
    }

    /// A read of `bytes` has returned at `now`.
    pub(super) fn took(&mut self, bytes: u64, now: Timestamp) {
        match self {
            Self::Free => {}
            Self::Even { rate, from, taken } => {
                let oldest = before(now, CATCH_UP);
                if due_after(*rate, *from, *taken) < oldest {
                    (*from, *taken) = (oldest, 0);
                }
                *taken = taken.saturating_add(bytes);
            }
            Self::Pauses { every, due, .. } => *due = now.plus(every.0),
        }
    }
}

/// About 10 ms worth, at least 1 byte.
pub(super) fn quantum(rate: ByteRate) -> ByteSize {
    let bytes = u128::from(rate.as_u64()) * QUANTUM.as_millis() / 1000;
    ByteSize::bytes(u64::try_from(bytes).unwrap_or(u64::MAX).max(1))
}

/// Counted from `from` each time, so that many small reads do not add up roundings. At rate 0 never.
fn due_after(rate: ByteRate, from: Timestamp, taken: u64) -> Timestamp {
    from.plus(rate.time_for(ByteSize::bytes(taken)).unwrap_or(Duration::MAX))
}

fn before(now: Timestamp, time: Duration) -> Timestamp {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    Timestamp::from_nanos(now.as_nanos().saturating_sub(nanoseconds))
}
