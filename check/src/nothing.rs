//! Directions of which nothing could be measured, although others could.

use crate::error::CheckError;
use crate::evaluate::Measured;
use client::{DialError, OpenError};
use report::{DirectionReport, Ended};
use std::io;
use std::time::Duration;
use trace::{Direction, How, Party, Phase, StreamTrace, Verdict};
use wire::ClockOffset;

/// The path let no fresh connection through any more.
pub(crate) fn unopened(error: &OpenError, waited: Duration, direction: Direction, run: u32) -> Measured {
    let how = match error {
        OpenError::Silent { .. } => How::Timeout,
        OpenError::Dial(DialError::Connect { source, .. }) if source.kind() == io::ErrorKind::TimedOut => {
            How::Timeout
        }
        OpenError::Ended { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof => How::Fin,
        _ => How::Reset,
    };
    let ended = Ended { by: Party::Path, how, phase: Phase::Connect, after_ms: waited.as_secs_f64() * 1e3 };
    let reason = format!("a fresh connection could not be opened: {error}");
    nothing(Verdict::Breaks, reason, Some(ended), direction, run)
}

/// The server could not be asked any more.
pub(crate) fn lost(error: &CheckError, direction: Direction, run: u32) -> Measured {
    nothing(Verdict::Undecided, format!("not measured: {error}"), None, direction, run)
}

pub(crate) fn nothing(
    verdict: Verdict,
    reason: String,
    ended: Option<Ended>,
    direction: Direction,
    run: u32,
) -> Measured {
    let report = report(verdict, reason, ended);
    Measured {
        report,
        trace: StreamTrace { run, direction, producer: Vec::new(), consumer: Vec::new() },
        events: Vec::new(),
        intervals: Vec::new(),
        unmeasured: vec![format!("{direction}: everything")],
        connections: Vec::new(),
        mss: None,
        offset: ClockOffset::default(),
    }
}

/// A verdict without figures.
pub(crate) fn report(verdict: Verdict, reason: String, ended: Option<Ended>) -> DirectionReport {
    DirectionReport {
        verdict,
        reason,
        baseline_bytes_per_second: None,
        trickle_held_ms: None,
        absorbed: None,
        last_write_ms: None,
        zero_window_ms: None,
        window_probes: 0,
        release_ms: None,
        recovery_ms: None,
        slow: None,
        connections: None,
        neighbours: None,
        integrity: None,
        ended,
        round_trip_ms: None,
        blocked_ms: None,
        swallowing_bytes_per_second: None,
        slowest_drip_bytes_per_second: None,
        clock_uncertainty_ms: 0.0,
        sampler: None,
        one_sided: None,
    }
}
