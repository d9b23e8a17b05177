//! What happened, when, and to whom.

use crate::{Direction, How, Phase, Role};
use serde::{Deserialize, Serialize};
use units::{ByteRate, Timestamp};

/// An event with the time it happened at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    /// When, on the clock of whoever holds it.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened to a stream: seen by one of its ends, or decided by the check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Consumer: it stopped reading.
    Stalled {
        /// Bytes read until then.
        bytes: u64,
    },
    /// Consumer: it reads again.
    Resumed {
        /// Bytes read until then.
        bytes: u64,
    },
    /// Consumer: from here on it reads no faster than this.
    Slowed {
        /// Bytes a second.
        rate: ByteRate,
        /// Bytes read until then.
        bytes: u64,
    },
    /// Producer: all trickle messages were written. Consumer: all were read.
    TrickleDone,
    /// Producer: the first write at full speed is about to be made.
    FloodBegan,
    /// Producer: no write was accepted from `from` until the event's own time.
    Paused {
        /// When the write before was accepted.
        from: Timestamp,
    },
    /// Producer: it stopped by itself, having written as much as it may.
    LimitReached {
        /// Bytes written.
        bytes: u64,
    },
    /// Either end: it left by itself, before it was told to.
    Left {
        /// Why.
        why: String,
    },
    /// Either end: the peer answered before the stream was over, and not as who takes or gives one.
    Answered {
        /// HTTP's status; none where the answer is none of HTTP.
        status: Option<u16>,
    },
    /// Either end: the connection ended under it.
    Ended {
        /// How this end saw it.
        how: How,
        /// What the kernel said.
        detail: String,
    },
    /// Consumer: the end-of-stream frame arrived. Producer: it was written.
    Complete {
        /// Bytes in all.
        bytes: u64,
    },
    /// Check: a phase began.
    PhaseBegan {
        /// Which.
        phase: Phase,
    },
    /// Check: the producer was found to be blocked.
    Blocked {
        /// Its last progress.
        since: Timestamp,
        /// The quiet period that was asked of it, µs.
        quiet_us: u64,
    },
    /// Check: the producer went on after it was found to be blocked.
    BlockWithdrawn,
    /// Check: what the process of a service that is not ours uses.
    ProcessUse {
        /// Resident memory.
        resident_bytes: u64,
        /// Processor time so far, µs.
        cpu_us: u64,
    },
}

/// A line of `events.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Which of the repeated runs, from 1.
    pub run: u32,
    /// Which direction.
    pub direction: Direction,
    /// The end that saw it; none where the check decided it.
    pub end: Option<Role>,
    /// When and what.
    #[serde(flatten)]
    pub timed: Timed,
}
