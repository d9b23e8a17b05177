//! The shape of `pair.json`, and of the `run.json` beside it: times in ms, sizes in bytes, null where not seen.
//!
//! Fields may be added, none renamed.

use scenario::files::{PairExpectations, Seen};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trace::{Direction, Role};
use units::Span;

/// `pair.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairDocument {
    /// Version of this shape.
    pub format: u32,
    /// Which way the bytes went.
    pub direction: Direction,
    /// The part that the recorded end played.
    pub role: Role,
    /// Every expectation was met.
    pub expected: bool,
    /// The expectations that were not met, a sentence each.
    pub unexpected: Vec<String>,
    /// All connections together.
    pub totals: PairTotals,
    /// Each connection, by its number.
    pub connections: Vec<PairConnection>,
    /// Connections that are in the totals alone, because there were too many.
    pub connections_left_out: u64,
    /// What could not be measured, a sentence each.
    pub unmeasured: Vec<String>,
}

/// All connections together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PairTotals {
    /// Connections that carried something, or were to.
    pub connections: u64,
    /// Connections that could not be opened.
    pub unopened: u64,
    /// Connections that ended before their time.
    pub ended_early: u64,
    /// Producer: requests that the kernel took. Consumer: reads, or messages.
    pub requests: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// From the first connection's begin to the last one's end.
    pub took_ms: f64,
    /// All of it over all of the time.
    pub bytes_per_second: Option<f64>,
    /// Producer: writes that waited for more than 20 ms.
    pub write_stalls: u64,
    /// Producer: how long all of these waited.
    pub write_stalls_ms: f64,
    /// Producer: how long the longest waited.
    pub longest_write_stall_ms: f64,
    /// How long the consumer's window was closed, all connections together; null where no kernel told.
    pub zero_window_ms: Option<f64>,
    /// Consumer: the longest wait for bytes that it would have read.
    pub longest_wait_ms: f64,
    /// Producer: bytes that the other end sent, and that nobody read.
    #[serde(default)]
    pub heard_bytes: u64,
    /// Producer: from the time at which a request was due to the time when the kernel had it.
    pub latency: Option<PairLatency>,
}

/// Percentiles of a latency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairLatency {
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// One in a hundred took longer.
    pub p99_ms: f64,
    /// None took longer.
    pub max_ms: f64,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairConnection {
    /// Its number, from 1; the `run` of its rows and events.
    pub number: u32,
    /// How it ended, in words.
    pub ending: String,
    /// It ended before its time.
    pub ended_early: bool,
    /// Producer: requests that the kernel took. Consumer: reads, or messages.
    pub requests: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// From its begin to its end, on the recording's clock.
    pub began_ms: f64,
    /// How long it took.
    pub took_ms: f64,
    /// Producer: writes that waited for more than 20 ms.
    pub write_stalls: u64,
    /// Producer: how long all of these waited.
    pub write_stalls_ms: f64,
    /// Producer: how long the longest waited.
    pub longest_write_stall_ms: f64,
    /// Producer: bytes unacknowledged when the last write returned.
    pub unacknowledged_bytes: Option<u64>,
    /// The most that waited in this end's queue in any sample.
    pub queue_max_bytes: u64,
    /// How long the consumer's window was closed; null where the kernel does not tell.
    pub zero_window_ms: Option<f64>,
    /// Consumer: the longest wait for bytes that it would have read.
    pub longest_wait_ms: f64,
    /// Producer: bytes that the other end sent, and that nobody read.
    #[serde(default)]
    pub heard_bytes: u64,
}

/// `run.json` beside `pair.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairRun {
    /// Version of the recording's format.
    pub format: u32,
    /// Version of the program that wrote it.
    pub tool_version: String,
    /// Wall-clock start, RFC 3339.
    pub started_at: String,
    /// The wall clock's nanoseconds since 1970 at the recording's time 0.
    pub epoch_unix_ns: u64,
    /// The file as it was given.
    pub file: String,
    /// What the file's random choices began with, where it left that open too.
    pub seed: u64,
    /// Time between two samples of a connection, ms.
    pub sample_ms: f64,
    /// Kernel release.
    pub kernel: String,
    /// TCP sysctls of the network namespace, by name.
    pub sysctls: BTreeMap<String, String>,
    /// Congestion control.
    pub congestion_control: Option<String>,
    /// Effective capabilities of the process, as in `/proc/self/status`.
    pub privileges: Option<String>,
}

impl PairDocument {
    /// Notes which of the expectations are not met, in place of what was noted before.
    #[must_use]
    pub fn judged(mut self, expectations: &PairExpectations) -> Self {
        self.unexpected = unmet(&self.totals, expectations);
        self.expected = self.unexpected.is_empty();
        self
    }
}

impl PairTotals {
    /// Adds a connection.
    pub fn add(&mut self, connection: &PairConnection) {
        self.connections += 1;
        self.ended_early += u64::from(connection.ended_early);
        self.requests += connection.requests;
        self.bytes += connection.bytes;
        self.write_stalls += connection.write_stalls;
        self.write_stalls_ms += connection.write_stalls_ms;
        self.longest_write_stall_ms = self.longest_write_stall_ms.max(connection.longest_write_stall_ms);
        self.longest_wait_ms = self.longest_wait_ms.max(connection.longest_wait_ms);
        self.heard_bytes += connection.heard_bytes;
        if let Some(closed) = connection.zero_window_ms {
            *self.zero_window_ms.get_or_insert_default() += closed;
        }
    }

    /// Its time, and what follows from it.
    pub fn set_time(&mut self, took_ms: f64) {
        self.took_ms = took_ms;
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 bytes")]
        let bytes = self.bytes as f64;
        self.bytes_per_second = (took_ms > 0.0).then(|| bytes / took_ms * 1e3);
    }
}

fn unmet(totals: &PairTotals, expected: &PairExpectations) -> Vec<String> {
    let ms = |span: Span| span.0.as_secs_f64() * 1e3;
    let time = crate::figures::time;
    let mut sentences = Vec::new();
    let stall = totals.longest_write_stall_ms;
    if let Some(most) = expected.max_write_stall.filter(|most| stall > ms(*most)) {
        sentences
            .push(format!("the longest write stall was {}, where at most {most} was expected", time(stall)));
    }
    if let Some(least) = expected.min_write_stall.filter(|least| stall < ms(*least)) {
        sentences.push(format!(
            "the longest write stall was {}, where at least {least} was expected",
            time(stall)
        ));
    }
    if let Some(most) = expected.max_latency {
        match totals.latency {
            Some(latency) if latency.p99_ms <= ms(most) => {}
            Some(latency) => sentences.push(format!(
                "the 99th percentile of the send latency was {}, where at most {most} was expected",
                time(latency.p99_ms)
            )),
            None => sentences.push(format!(
                "no request had an intended time, where a send latency of at most {most} was expected"
            )),
        }
    }
    if let Some(least) = expected.min_rate {
        #[expect(clippy::cast_precision_loss, reason = "a rate is printed to two figures")]
        let wanted = least.as_u64() as f64;
        let rate = totals.bytes_per_second.unwrap_or_default();
        if rate < wanted {
            let rate = crate::figures::rate(rate);
            sentences.push(format!("the rate was {rate}, where at least {least} was expected"));
        }
    }
    if let Some(least) = expected.min_bytes.filter(|least| totals.bytes < least.as_u64()) {
        let came = totals.bytes;
        sentences.push(format!("{came} bytes passed, where at least {} were expected", least.as_u64()));
    }
    sentences.extend(zero_window_unmet(totals.zero_window_ms, expected.zero_window));
    sentences
}

fn zero_window_unmet(zero_window_ms: Option<f64>, expected: Option<Seen>) -> Option<String> {
    match (expected?, zero_window_ms) {
        (_, None) => Some("no kernel told of its window, where that was expected to be known".to_owned()),
        (Seen::Seen, Some(closed)) if closed <= 0.0 => {
            Some("the window was never closed, where that was expected to be seen".to_owned())
        }
        (Seen::None, Some(closed)) if closed > 0.0 => {
            let closed = crate::figures::time(closed);
            Some(format!("the window was closed for {closed}, where it was expected to stay open"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use units::{ByteRate, ByteSize};

    #[test]
    fn expectations_that_are_not_met_are_told_with_both_figures() {
        let totals = PairTotals {
            longest_write_stall_ms: 700.0,
            zero_window_ms: Some(0.0),
            bytes: 5000,
            bytes_per_second: Some(1e6),
            latency: Some(PairLatency { p50_ms: 1.0, p99_ms: 90.0, max_ms: 700.0 }),
            ..PairTotals::default()
        };
        let span = |ms| Some(Span(Duration::from_millis(ms)));
        let met = PairExpectations {
            max_write_stall: span(800),
            min_write_stall: span(600),
            max_latency: span(100),
            min_rate: Some(ByteRate::bytes_per_second(1_000_000)),
            min_bytes: Some(ByteSize::bytes(5000)),
            zero_window: Some(Seen::None),
        };
        assert_eq!(unmet(&totals, &met), Vec::<String>::new());
        let not = PairExpectations {
            max_write_stall: span(500),
            min_write_stall: span(900),
            max_latency: span(50),
            min_rate: Some(ByteRate::bytes_per_second(2_000_000)),
            min_bytes: Some(ByteSize::bytes(5001)),
            zero_window: Some(Seen::Seen),
        };
        assert_eq!(
            unmet(&totals, &not),
            [
                "the longest write stall was 700 ms, where at most 500ms was expected",
                "the longest write stall was 700 ms, where at least 900ms was expected",
                "the 99th percentile of the send latency was 90 ms, where at most 50ms was expected",
                "the rate was 1 MB/s, where at least 2 MB/s was expected",
                "5000 bytes passed, where at least 5001 were expected",
                "the window was never closed, where that was expected to be seen",
            ]
        );
    }
}
