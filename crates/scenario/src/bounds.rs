//! What a scenario may ask for.

use std::time::Duration;
use units::{ByteSize, Ratio, Span};

/// The bounds of a scenario, and of what a server grants a client.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The smallest message: a frame header and a few bytes.
    pub message_min: ByteSize,
    /// The largest message, which an end keeps in memory several times.
    pub message_max: ByteSize,
    /// The smallest and the largest socket buffers; the kernel's option is a signed 32-bit number, and doubled.
    pub buffers: (ByteSize, ByteSize),
    /// The most bytes that a path may be asked to swallow.
    pub limit_max: ByteSize,
    /// The most bytes that one stream carries.
    pub stream_max: ByteSize,
    /// The shortest and the longest length that an upload over HTTP may announce: more than the last message and what ends the
    /// stream, which are kept room for, and no more than is carried.
    pub http_length: (ByteSize, ByteSize),
    /// The longest that a phase may last.
    pub phase_max: Duration,
    /// The shortest and the longest time between samples.
    pub sample: (Duration, Duration),
    /// The longest time between two paced messages: what comes more seldom looks like a path that pauses.
    pub pace_max: Duration,
    /// The smallest and the largest share of the baseline's rate at which a consumer may be asked to read.
    pub slow: (Ratio, Ratio),
    /// The most connections that are measured beside the stalled one.
    pub neighbours_max: u32,
    /// The most connections that are measured at once, or that a paired client opens.
    pub connections_max: u32,
    /// The slowest and the fastest ramp, connections a second.
    pub ramp: (f64, f64),
    /// The most runs in a row: each keeps a few megabytes of samples and histograms until all are over.
    pub repeat_max: u32,
    /// The most bytes that one read asks for.
    pub read_max: ByteSize,
    /// The most phases of a read plan.
    pub read_phases_max: usize,
    /// The most requests of a paired client: times the largest message, they still fit 64 bits.
    pub requests_max: u64,
    /// The longest that a paired end may be told to go on.
    pub duration_max: Duration,
    /// The smallest and the largest rate of requests, a second, if they are paced at all.
    pub request_rate: (f64, f64),
    /// The largest message that a server may be told to take: it is kept whole.
    pub taken_message_max: ByteSize,
    /// The longest configuration file.
    pub file_max: ByteSize,
}

/// The bounds in force.
pub const LIMITS: Limits = Limits {
    message_min: ByteSize::bytes(128),
    message_max: ByteSize::mib(16),
    buffers: (ByteSize::kib(1), ByteSize::mib(1023)),
    limit_max: ByteSize::mib(1024 * 1024),
    stream_max: ByteSize::mib(1024 * 1024),
    http_length: (ByteSize::mib(64), ByteSize::mib(1024 * 1024)),
    phase_max: Duration::from_hours(1),
    sample: (Duration::from_micros(100), Duration::from_secs(1)),
    pace_max: Duration::from_millis(100),
    slow: (Ratio::percent(1), Ratio::percent(90)),
    neighbours_max: 64,
    connections_max: 50_000,
    ramp: (0.1, 1e5),
    repeat_max: 100,
    read_max: ByteSize::mib(16),
    read_phases_max: 1000,
    requests_max: 1_000_000_000_000,
    duration_max: Duration::from_hours(24),
    request_rate: (0.001, 1e9),
    taken_message_max: ByteSize::mib(1024),
    file_max: ByteSize::mib(1),
};

/// Why a scenario cannot be run as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// A value lies outside its bounds.
    #[error("{option} is {given}; it must be {range}")]
    OutOfRange {
        /// The option as written on the command line.
        option: &'static str,
        /// What was given.
        given: String,
        /// What it may be.
        range: String,
    },
    /// Two options do not go together.
    #[error("{0}")]
    Conflict(&'static str),
}

pub(crate) fn size(
    option: &'static str,
    given: ByteSize,
    least: ByteSize,
    most: ByteSize,
) -> Result<(), ScenarioError> {
    if (least..=most).contains(&given) {
        return Ok(());
    }
    Err(ScenarioError::OutOfRange { option, given: given.to_string(), range: format!("{least} to {most}") })
}

pub(crate) fn time(
    option: &'static str,
    given: Span,
    least: Duration,
    most: Duration,
) -> Result<(), ScenarioError> {
    if (least..=most).contains(&given.0) {
        return Ok(());
    }
    let range = format!("{} to {}", Span(least), Span(most));
    Err(ScenarioError::OutOfRange { option, given: given.to_string(), range })
}
