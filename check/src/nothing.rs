//! Directions of which nothing could be measured, although others could.

use crate::error::CheckError;
use crate::evaluate::Measured;
use client::{DialError, OpenError};
use report::{DirectionReport, Ended};
use rustix::io::Errno;
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

/// This machine is to blame, and not the path: it knows no such name, or has no descriptor, port or memory left.
pub(crate) fn is_local(error: &OpenError) -> bool {
    match error {
        OpenError::Dial(DialError::Resolve { .. }) => true,
        OpenError::Dial(DialError::Connect { source, .. }) | OpenError::Ended { source, .. } => {
            let scarce = [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS, Errno::NOMEM];
            Errno::from_io_error(source).is_some_and(|errno| scarce.contains(&errno))
        }
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_machine_lacks_is_not_the_paths_doing() {
        let address = || "localhost:1".to_owned();
        let connect =
            |errno: Errno| OpenError::Dial(DialError::Connect { address: address(), source: errno.into() });
        for errno in [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS] {
            assert!(is_local(&connect(errno)), "{errno}");
            assert!(is_local(&OpenError::Ended { address: address(), source: errno.into() }), "{errno}");
        }
        for errno in [Errno::CONNREFUSED, Errno::TIMEDOUT, Errno::HOSTUNREACH, Errno::CONNRESET] {
            assert!(!is_local(&connect(errno)), "{errno}");
        }
        let source = io::ErrorKind::NotFound.into();
        assert!(is_local(&OpenError::Dial(DialError::Resolve { address: address(), source })));
    }
}
