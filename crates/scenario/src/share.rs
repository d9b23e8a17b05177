//! What each of many connections gets, so that all of them together ask no more of a machine than it has.

use std::time::Duration;
use units::{ByteSize, Span};

/// The share of one among so many connections that are measured at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Socket buffers, where none are asked for. Beyond a good gigabyte in the queues of all connections the kernel closes
    /// windows and drops what comes for reasons of its own (`net.ipv4.tcp_mem`).
    pub buffers: ByteSize,
    /// Size of a message, where none is asked for: a consumer keeps one that it was given in part.
    pub message: ByteSize,
    /// The most that the path may absorb of one connection, where no limit is asked for.
    pub limit: ByteSize,
    /// The least time between two samples of one socket: all of them take at most a twentieth of a core.
    pub sample: Span,
}

/// What all connections of one end ask of their kernel, four times over: it doubles each buffer, and there are two ends.
const BUFFERS: u64 = 256 << 20;
/// Messages of which all consumers keep a part.
const MESSAGES: u64 = 16 << 20;
/// Shares are whole multiples of this.
const STEP: u64 = 4 << 10;
/// What a path may absorb of all connections.
const ABSORBED: u64 = 4 << 30;
/// A twentieth of a core divided by what a sample costs: 5 µs, twice what it took on two virtual cores.
const SAMPLE: Duration = Duration::from_micros(100);

impl Share {
    /// Of one among `connections`, at least 1.
    pub fn of(connections: u32) -> Self {
        let of = |all: u64, least: ByteSize, most: ByteSize| {
            let share = all / u64::from(connections.max(1));
            ByteSize::bytes(share / STEP * STEP).clamp(least, most)
        };
        let sample = if connections > 1 { SAMPLE * connections } else { Duration::ZERO };
        Self {
            buffers: of(BUFFERS, ByteSize::kib(4), ByteSize::kib(64)),
            message: of(MESSAGES, ByteSize::kib(4), ByteSize::kib(64)),
            limit: of(ABSORBED, ByteSize::mib(1), ByteSize::mib(256)),
            sample: Span(sample.min(crate::LIMITS.sample.1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_has_what_it_always_had() {
        let share = Share::of(1);
        assert_eq!(
            (share.buffers, share.message, share.limit),
            (ByteSize::kib(64), ByteSize::kib(64), ByteSize::mib(256))
        );
        assert_eq!(share.sample, Span(Duration::ZERO));
    }

    #[test]
    fn ten_thousand_have_little_each() {
        let share = Share::of(10_000);
        assert_eq!(
            (share.buffers, share.message, share.limit),
            (ByteSize::kib(24), ByteSize::kib(4), ByteSize::mib(1))
        );
        assert_eq!(share.sample, Span(Duration::from_secs(1)));
    }
}
