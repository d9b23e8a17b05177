//! The shape of `verdict.json` and `run.json`: times in ms, sizes in bytes, null where not seen.
//!
//! Fields may be added, none renamed.

use crate::one_sided::OneSided;
use scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trace::{Direction, How, Party, Phase, SamplerCost, Verdict};

/// The version of the recording's format, and of the shapes below.
pub const FORMAT: u32 = 1;

/// `verdict.json`, and what `--format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerdictDocument {
    /// Version of this shape: [`FORMAT`] where this program wrote it.
    pub format: u32,
    /// The worst of the directions (and of the runs).
    pub verdict: Verdict,
    /// One sentence.
    pub reason: String,
    /// Every expectation was met.
    pub expected: bool,
    /// The expectations that were not met, a sentence each.
    pub unexpected: Vec<String>,
    /// The figures; with several runs their medians.
    pub directions: BTreeMap<Direction, DirectionReport>,
    /// What could not be measured, a sentence each.
    pub unmeasured: Vec<String>,
    /// Each run, where there were several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<RunReport>,
    /// Least and greatest value of each figure over the runs, by `direction.field`, where there were several.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub spread: BTreeMap<String, [f64; 2]>,
}

/// One run of all directions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The worst of the directions.
    pub verdict: Verdict,
    /// One sentence.
    pub reason: String,
    /// The figures.
    pub directions: BTreeMap<Direction, DirectionReport>,
}

/// The figures of one direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DirectionReport {
    /// What the path does with backpressure in this direction.
    pub verdict: Verdict,
    /// One sentence.
    pub reason: String,
    /// Rate at which the consumer read in the second half of the baseline.
    pub baseline_bytes_per_second: Option<f64>,
    /// Longest time a trickle message was held beyond the fastest way through the path.
    pub trickle_held_ms: Option<f64>,
    /// Where the bytes sat at the end of the hold.
    pub absorbed: Option<Absorbed>,
    /// Stall to the last write that was accepted.
    pub last_write_ms: Option<f64>,
    /// Stall to the first sample in which the producer saw a zero window.
    pub zero_window_ms: Option<f64>,
    /// Window probes the producer's kernel sent in the stall.
    pub window_probes: u64,
    /// Resume to the first write that was accepted.
    pub release_ms: Option<f64>,
    /// Resume to the start of the first 100 ms at 90 % of the baseline rate.
    pub recovery_ms: Option<f64>,
    /// What the producer did while the consumer read at a share of the baseline's rate, where that was asked.
    #[serde(default)]
    pub slow: Option<Slow>,
    /// All connections, where several were measured at once: the other figures are the median connection's then, but for the
    /// bytes' fate, which is that of all.
    #[serde(default)]
    pub connections: Option<Connections>,
    /// What the stall did to other connections through the path, where that was asked.
    #[serde(default)]
    pub neighbours: Option<Neighbours>,
    /// What became of the bytes; unknown where the consumer's last word never came.
    pub integrity: Option<Bytes>,
    /// Who ended the connection before its time, and how.
    pub ended: Option<Ended>,
    /// End-to-end round trip of the opening, through the path.
    pub round_trip_ms: Option<f64>,
    /// How long the producer stayed blocked before the consumer resumed.
    pub blocked_ms: Option<f64>,
    /// The rate at which the path swallowed in the last second before the deadline, where it still did.
    pub swallowing_bytes_per_second: Option<f64>,
    /// A path that takes bytes more slowly than this would have looked blocked.
    pub slowest_drip_bytes_per_second: Option<f64>,
    /// Uncertainty of every time that needs both ends' clocks; 0 in one process.
    pub clock_uncertainty_ms: f64,
    /// What the producer's sampler cost, and how late it was.
    pub sampler: Option<SamplerCost>,
    /// Where the other end is a service that is not ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_sided: Option<OneSided>,
}

/// Where the absorbed bytes sat at the end of the hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absorbed {
    /// Handed over by the producing application minus given to the consuming one.
    pub total_bytes: u64,
    /// In the producer's user space.
    pub producer_bytes: u64,
    /// In the producer's send queue.
    pub send_queue_bytes: u64,
    /// The remainder: between the two kernels. Never clamped.
    pub path_bytes: i64,
    /// In the consumer's receive queue.
    pub receive_queue_bytes: u64,
    /// In the consumer's user space.
    pub consumer_bytes: u64,
    /// By so much the path's share may be too low: queues hold frame headers too, where the transport has them. `--max-path`
    /// bounds both together, or all that was absorbed where that is less.
    #[serde(default)]
    pub framing_bytes: u64,
}

/// The settled part of a consumer's slow reading.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slow {
    /// The producer's rate over the consumer's: near 1 where the producer follows.
    pub rate_ratio: f64,
    /// What stood in the whole path, both ends' sockets included: the mean. Only two clocks can make it negative.
    pub queue_bytes: i64,
    /// How old what the consumer reads is because of that: the queue over the consumer's rate.
    pub queue_ms: f64,
    /// The rate at which the consumer read.
    pub consumer_bytes_per_second: f64,
}

/// Connections that were measured at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// How many were asked for.
    pub asked: u32,
    /// How many could be opened.
    pub opened: u32,
    /// From the first attempt until the last was open.
    pub opening_ms: f64,
    /// How many came to each verdict.
    pub verdicts: BTreeMap<Verdict, u32>,
    /// The first of those with the worst verdict, unless that is `propagates`.
    pub worst: Vec<Worst>,
    /// The baseline of all together.
    pub baseline_bytes_per_second: f64,
    /// What the path and both ends absorbed of all together.
    pub absorbed_bytes: u64,
    /// Time between two samples of one socket.
    pub sample_interval_us: u64,
    /// The connection, from 1, whose samples are in `windows.csv` and whose events are in `events.jsonl`.
    pub shown: u32,
    /// Least and greatest value of each figure over the connections.
    pub spread: BTreeMap<String, [f64; 2]>,
}

/// A connection that is told by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worst {
    /// Which, from 1.
    pub connection: u32,
    /// What it came to.
    pub verdict: Verdict,
    /// One sentence.
    pub reason: String,
}

/// Healthy connections beside the stalled one, each a small message every few milliseconds: the end of the stall beside a
/// time at which the measured connection was idle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Neighbours {
    /// How many there were.
    pub connections: u32,
    /// Messages read during the stall over those read in as much time before: of the neighbour that fared worst.
    pub rate_ratio: f64,
    /// The 99th percentile of latency during the stall over that before, each counted as 10 ms at least, or as the
    /// longest time for which the machine starved even its sampler: of the neighbour that fared worst.
    pub p99_ratio: f64,
    /// That neighbour's 99th percentile before, from the time at which a message was due.
    pub p99_before_ms: f64,
    /// And during the stall; messages that did not arrive count as late as the measurement lasted.
    pub p99_during_ms: f64,
    /// Neighbours whose connection ended before its time, or whose bytes did not all arrive.
    pub broken: u32,
}

impl Neighbours {
    /// How many times slower they became, by rate or by latency; infinite where nothing arrived.
    pub fn slowdown(&self) -> f64 {
        self.p99_ratio.max(1.0 / self.rate_ratio)
    }
}

impl Slow {
    /// A producer that is at most so many times as fast as its consumer follows it.
    pub const FOLLOWS: f64 = 1.25;
}

/// What became of the bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// Bytes the consumer read.
    pub bytes: u64,
    /// Bytes that went missing from the middle of the stream; added ones are negative.
    pub lost_bytes: i64,
    /// Frames that arrived after a later one.
    pub reordered_frames: u64,
    /// Frames that arrived a second time.
    pub duplicated_frames: u64,
    /// Frames whose checksum was wrong, or that lost or gained bytes.
    pub corrupted_frames: u64,
    /// Bytes written that the consumer never got, because the connection or the run ended.
    pub undelivered_bytes: Option<u64>,
}

/// The end of a connection before its time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Who ended it.
    pub by: Party,
    /// How.
    pub how: How,
    /// In which phase.
    pub phase: Phase,
    /// Since the stall began; since the connect where there was no stall yet.
    pub after_ms: f64,
}

/// `run.json`: everything that is needed to understand the rest of the recording, or to make it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDocument {
    /// Version of the recording's format.
    pub format: u32,
    /// Version of the program that wrote it.
    pub tool_version: String,
    /// Wall-clock start, RFC 3339.
    pub started_at: String,
    /// The wall clock's nanoseconds since 1970 at the recording's time 0.
    pub epoch_unix_ns: u64,
    /// The scenario as resolved.
    pub scenario: Scenario,
    /// The path in words.
    pub path: PathDescription,
    /// Kernel release of the client's machine.
    pub kernel: String,
    /// TCP sysctls of the client's network namespace, by name.
    pub sysctls: BTreeMap<String, String>,
    /// Congestion control of the client's connections.
    pub congestion_control: Option<String>,
    /// Maximum segment size the producer sent with, by direction.
    pub mss: BTreeMap<Direction, u32>,
    /// Effective capabilities of the process, as in `/proc/self/status`.
    pub privileges: Option<String>,
    /// Offset of the server's clock, ns, and its uncertainty, ns; none in one process.
    pub clock_offset_ns: Option<(i64, u64)>,
    /// What could not be measured, a sentence each.
    pub unmeasured: Vec<String>,
}

/// The path in words, for the report's first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathDescription {
    /// What the client dialled, if it is not the server itself.
    pub via: Option<String>,
    /// Where the server listens.
    pub server: String,
    /// `tcp` for now.
    pub transport: String,
}
