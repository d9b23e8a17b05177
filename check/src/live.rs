//! What a person may watch while a check runs.

use trace::{Direction, Phase};

/// The state of a running check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Live {
    /// Which of the repeated runs, from 1.
    pub run: u32,
    /// How many there are.
    pub runs: u32,
    /// The direction being measured.
    pub direction: Direction,
    /// Its phase.
    pub phase: Phase,
    /// Bytes a second that the producer hands over.
    pub rate: f64,
    /// The receive window that the producer sees, bytes.
    pub window: Option<u32>,
    /// Handed over by the producer and not yet given to the consumer, bytes.
    pub in_path: u64,
}
