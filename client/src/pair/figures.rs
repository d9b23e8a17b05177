//! What was measured, and how it is printed.

use scenario::RequestRate;
use std::fmt;
use std::time::Duration;
use trace::Latencies;
use units::{ByteSize, format_duration};

/// What became of the requests.
#[derive(Debug)]
pub struct Figures {
    /// Requests that the kernel took.
    pub fired: u64,
    /// From the first request's time to the end of the last one's interval, or of its writing.
    pub took: Duration,
    /// Writes that waited.
    pub stalls: Stalls,
    /// Bytes that the server had not acknowledged when the last write returned; none where the kernel does not tell.
    pub held: Option<ByteSize>,
    /// How long the server's window was closed; none where the kernel does not tell.
    pub zero_window: Option<Duration>,
    /// From the time at which a request was to be sent to the time when the kernel had it; empty without pacing.
    pub latency: Latencies,
    requested: u64,
    rate: RequestRate,
}

/// Writes that waited for long enough to be noticed: 20 ms.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stalls {
    /// How many.
    pub writes: u64,
    /// All of them together.
    pub all: Duration,
    /// The longest.
    pub longest: Duration,
}

/// A shorter wait is the scheduler's.
const NOTICED: Duration = Duration::from_millis(20);

impl Stalls {
    /// Counts a write that waited this long.
    pub(super) fn count(&mut self, waited: Duration) {
        if waited > NOTICED {
            self.writes += 1;
            self.all += waited;
            self.longest = self.longest.max(waited);
        }
    }
}

impl Figures {
    pub(super) fn new(requested: u64, rate: RequestRate) -> Self {
        Self {
            fired: 0,
            took: Duration::ZERO,
            stalls: Stalls::default(),
            held: None,
            zero_window: None,
            latency: Latencies::default(),
            requested,
            rate,
        }
    }
}

/// go-backpressure's two lines, and then what it could not tell.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = || "unknown: the kernel does not tell".to_owned();
        writeln!(f, "Fired {} requests in {}", self.fired, format_duration(self.took))?;
        match self.rate.time_for(self.requested) {
            Some(time) => writeln!(f, "Expected: {} requests in {}", self.requested, format_duration(time))?,
            None => writeln!(f, "Expected: {} requests as fast as they go", self.requested)?,
        }
        let Stalls { writes, all, longest } = self.stalls;
        if writes == 0 {
            writeln!(f, "write stalls  none above {}", format_duration(NOTICED))?;
        } else {
            let (all, longest) = (format_duration(all), format_duration(longest));
            let noticed = format_duration(NOTICED);
            writeln!(f, "write stalls  {writes} above {noticed}, {all} in all, the longest {longest}")?;
        }
        let held =
            self.held.map_or_else(unknown, |held| format!("{held} unacknowledged after the last write"));
        writeln!(f, "held back     {held}")?;
        writeln!(f, "zero window   {}", self.zero_window.map_or_else(unknown, format_duration))?;
        let percentile = |percentile| self.latency.percentile(percentile).map(format_duration);
        match (percentile(50.0), percentile(99.0), self.latency.max().map(format_duration)) {
            (Some(half), Some(most), Some(max)) => {
                writeln!(
                    f,
                    "send latency  p50 {half} · p99 {most} · max {max}, counted from the intended time"
                )
            }
            _ => writeln!(f, "send latency  none: no request had an intended time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_backpressure_reads_as_one() {
        let mut figures = Figures::new(5, RequestRate::ONE);
        figures.fired = 5;
        figures.took = Duration::from_millis(5001);
        figures.held = Some(ByteSize::bytes(0));
        figures.zero_window = Some(Duration::ZERO);
        for _ in 0..5 {
            figures.stalls.count(Duration::from_micros(30));
            figures.latency.record(Duration::from_micros(1));
        }
        assert_eq!(
            figures.to_string(),
            "Fired 5 requests in 5.00 s\nExpected: 5 requests in 5.00 s\nwrite stalls  none above 20 ms\n\
             held back     0 B unacknowledged after the last write\nzero window   0 µs\n\
             send latency  p50 1 µs · p99 1 µs · max 1 µs, counted from the intended time\n"
        );
    }

    #[test]
    fn stalls_are_told_with_the_longest_of_them() {
        let mut figures = Figures::new(2, RequestRate::per_second(0.0).unwrap());
        figures.stalls.count(Duration::from_millis(20));
        figures.stalls.count(Duration::from_millis(300));
        figures.stalls.count(Duration::from_millis(1200));
        let text = figures.to_string();
        assert!(text.contains("write stalls  2 above 20 ms, 1.50 s in all, the longest 1.20 s\n"), "{text}");
        assert!(text.contains("Expected: 2 requests as fast as they go\n"), "{text}");
        assert!(text.contains("zero window   unknown"), "{text}");
        assert!(text.ends_with("send latency  none: no request had an intended time\n"), "{text}");
    }
}
