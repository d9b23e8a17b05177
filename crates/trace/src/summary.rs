//! What an end knows only when its stream is over.

use crate::Latencies;
use serde::{Deserialize, Serialize};
use units::{ByteSize, Timestamp};

/// What became of the bytes, as the consumer found them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integrity {
    /// Bytes read.
    pub bytes: u64,
    /// Frames that arrived whole.
    pub frames: u64,
    /// Bytes sent before the last intact frame that did not arrive; added ones are negative.
    pub lost_bytes: i64,
    /// Frames that arrived after one with a higher sequence number (RFC 4737 §3.3).
    pub reordered_frames: u64,
    /// Frames that arrived a second time.
    pub duplicated_frames: u64,
    /// Frames whose checksum was wrong, or that lost or gained bytes.
    pub corrupted_frames: u64,
    /// The end-of-stream frame arrived.
    pub complete: bool,
}

/// A trickle message's way: all three times on the clock of whoever holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrickleArrival {
    /// When it should have been sent.
    pub intended: Timestamp,
    /// When its write began.
    pub sent: Timestamp,
    /// When the consumer had it.
    pub read: Timestamp,
}

/// What the sampler cost, and how late it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SamplerCost {
    /// CPU time over wall-clock time of the sampler's thread: the share of one core.
    pub cpu_share: f64,
    /// Time between two samples, µs.
    pub interval_us: u64,
    /// Median lateness of a sample, µs.
    pub late_p50_us: u64,
    /// Lateness that one sample in a hundred exceeds, µs.
    pub late_p99_us: u64,
    /// Samples taken.
    pub taken: u64,
    /// Samples left out because there were too many, or because the kernel did not answer.
    pub lost: u64,
}

/// The producer's last word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProducerSummary {
    /// Bytes that write calls accepted.
    pub bytes: u64,
    /// How long each write took, from its start until its last byte was accepted.
    pub write: Latencies,
    /// Pauses beyond the number that is kept.
    pub pauses_left_out: u64,
    /// The smaller of its socket's buffers, as one would have to ask for it.
    pub buffers: ByteSize,
    /// What the sampler cost.
    pub sampler: SamplerCost,
}

/// The consumer's last word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsumerSummary {
    /// What became of the bytes.
    pub integrity: Integrity,
    /// Intended send time to read; trickle and paced messages only.
    pub latency: Latencies,
    /// Intended send time to the start of the write.
    pub held_back: Latencies,
    /// Start of the write to read.
    pub in_path: Latencies,
    /// The trickle messages.
    pub trickle: Vec<TrickleArrival>,
    /// The smaller of its socket's buffers, as one would have to ask for it.
    pub buffers: ByteSize,
    /// What the sampler cost.
    pub sampler: SamplerCost,
}

/// Either end's last word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum EndSummary {
    /// Of the end that wrote.
    Producer(ProducerSummary),
    /// Of the end that read.
    Consumer(ConsumerSummary),
}

impl EndSummary {
    /// Bytes that it wrote, or read.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Producer(summary) => summary.bytes,
            Self::Consumer(summary) => summary.integrity.bytes,
        }
    }

    /// The smaller of its socket's buffers, as one would have to ask for it.
    pub fn buffers(&self) -> ByteSize {
        match self {
            Self::Producer(summary) => summary.buffers,
            Self::Consumer(summary) => summary.buffers,
        }
    }

    /// What its sampler cost.
    pub fn sampler(&self) -> SamplerCost {
        match self {
            Self::Producer(summary) => summary.sampler,
            Self::Consumer(summary) => summary.sampler,
        }
    }
}
