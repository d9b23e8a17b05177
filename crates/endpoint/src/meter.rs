//! What the streams of a process did so far, all together, for whoever watches the process from outside.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use trace::{Direction, Role, Sample};
use units::Timestamp;

/// A write that waited at least this long without any progress is a stall.
const WRITE_STALL: Duration = Duration::from_millis(20);

/// Totals by direction. They only grow.
#[derive(Debug, Default)]
pub struct Meter {
    upload: Totals,
    download: Totals,
}

#[derive(Debug, Default)]
struct Totals {
    bytes: AtomicU64,
    zero_window_ns: AtomicU64,
    write_stalls: AtomicU64,
    write_stalled_ns: AtomicU64,
}

/// What passed in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Payload that this process's ends wrote, or read.
    pub bytes: u64,
    /// How long receive windows were zero, added up over streams, as this process's ends saw them.
    pub zero_window: Duration,
    /// Writes that waited for 20 ms or longer without any progress; of producers alone.
    pub write_stalls: u64,
    /// How long they waited, added up.
    pub write_stalled: Duration,
}

impl Meter {
    /// The totals of a direction.
    pub fn flow(&self, direction: Direction) -> Flow {
        let Totals { bytes, zero_window_ns, write_stalls, write_stalled_ns } = self.totals(direction);
        let time = |nanoseconds: &AtomicU64| Duration::from_nanos(nanoseconds.load(Relaxed));
        Flow {
            bytes: bytes.load(Relaxed),
            zero_window: time(zero_window_ns),
            write_stalls: write_stalls.load(Relaxed),
            write_stalled: time(write_stalled_ns),
        }
    }

    /// Adds what one stream did.
    pub fn add(&self, direction: Direction, flow: Flow) {
        let totals = self.totals(direction);
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        totals.bytes.fetch_add(flow.bytes, Relaxed);
        totals.zero_window_ns.fetch_add(nanoseconds(flow.zero_window), Relaxed);
        totals.write_stalls.fetch_add(flow.write_stalls, Relaxed);
        totals.write_stalled_ns.fetch_add(nanoseconds(flow.write_stalled), Relaxed);
    }

    fn totals(&self, direction: Direction) -> &Totals {
        match direction {
            Direction::Upload => &self.upload,
            Direction::Download => &self.download,
        }
    }
}

/// Turns the samples of one stream into what passed since the sample before.
#[derive(Debug)]
pub struct Tally {
    role: Role,
    last: Option<Last>,
    /// Since when a write has waited without progress.
    stalled: Option<Timestamp>,
}

/// What the next sample is compared with.
#[derive(Debug)]
struct Last {
    at: Timestamp,
    bytes: u64,
    window: Option<u32>,
    waiting: bool,
}

impl Tally {
    /// Of an end that plays `role`.
    pub fn new(role: Role) -> Self {
        Self { role, last: None, stalled: None }
    }

    /// What passed until `sample`, which comes after all before.
    pub fn observe(&mut self, sample: &Sample) -> Flow {
        let Sample { at, stream_bytes: bytes, waiting, .. } = *sample;
        let window = if self.role == Role::Producer { sample.snd_wnd } else { sample.rcv_wnd };
        let Some(last) = self.last.replace(Last { at, bytes, window, waiting }) else {
            return Flow { bytes, ..Flow::default() };
        };
        let passed = bytes.saturating_sub(last.bytes);
        let between = at.since(last.at).unwrap_or_default();
        let zero_window = if last.window == Some(0) { between } else { Duration::ZERO };
        let waits = self.role == Role::Producer && last.waiting && passed == 0;
        let (write_stalls, write_stalled) = self.stall(waits.then_some(last.at), at, between);
        Flow { bytes: passed, zero_window, write_stalls, write_stalled }
    }

    /// A stall counts once it is long enough, with all of its time.
    fn stall(&mut self, waits: Option<Timestamp>, now: Timestamp, between: Duration) -> (u64, Duration) {
        let Some(before) = waits else {
            self.stalled = None;
            return (0, Duration::ZERO);
        };
        let lasted = now.since(*self.stalled.get_or_insert(before)).unwrap_or_default();
        if lasted < WRITE_STALL {
            (0, Duration::ZERO)
        } else if lasted.saturating_sub(between) < WRITE_STALL {
            (1, lasted)
        } else {
            (0, between)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket::TcpState;

    fn sample(ms: u64, bytes: u64, window: u32, waiting: bool) -> Sample {
        Sample {
            at: Timestamp::from_nanos(ms * 1_000_000),
            stream_bytes: bytes,
            user_bytes: 0,
            waiting,
            state: TcpState::Established,
            snd_wnd: Some(window),
            rcv_wnd: Some(window),
            send_queue: 0,
            unsent: None,
            receive_queue: 0,
            bytes_acked: None,
            bytes_received: None,
            unacked: 0,
            rtt_us: 0,
            rto_us: 0,
            snd_cwnd: 0,
            snd_mss: 0,
            retransmits: 0,
            total_retransmits: 0,
            probes: 0,
            backoff: 0,
            last_ack_received_ms: 0,
            rwnd_limited_us: None,
        }
    }

    fn metered(role: Role, samples: &[Sample]) -> Flow {
        let (meter, mut tally) = (Meter::default(), Tally::new(role));
        for sample in samples {
            meter.add(Direction::Upload, tally.observe(sample));
        }
        assert_eq!(meter.flow(Direction::Download), Flow::default());
        meter.flow(Direction::Upload)
    }

    #[test]
    fn bytes_and_the_time_of_closed_windows_add_up() {
        let samples = [
            sample(0, 10, 9, false),
            sample(5, 30, 0, false),
            sample(12, 30, 0, false),
            sample(13, 40, 9, false),
        ];
        let flow = metered(Role::Consumer, &samples);
        assert_eq!(flow, Flow { bytes: 40, zero_window: Duration::from_millis(8), ..Flow::default() });
    }

    #[test]
    fn a_stall_counts_once_with_all_of_its_time_and_short_waits_do_not() {
        let waits = |ms| sample(ms, 10, 9, true);
        let short = [waits(0), waits(10), sample(19, 11, 9, false)];
        assert_eq!(metered(Role::Producer, &short).write_stalls, 0);
        let long = [waits(0), waits(10), waits(20), waits(35), sample(40, 11, 9, false), waits(50)];
        let flow = metered(Role::Producer, &long);
        assert_eq!((flow.write_stalls, flow.write_stalled), (1, Duration::from_millis(35)));
        assert_eq!(metered(Role::Consumer, &long).write_stalls, 0);
    }
}
