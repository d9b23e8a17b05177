//! Samples for tests.

use socket::TcpState;
use trace::Sample;
use units::Timestamp;

/// So many milliseconds after the start.
pub(crate) fn at(ms: u64) -> Timestamp {
    Timestamp::from_nanos(ms * 1_000_000)
}

/// Samples at these milliseconds, with so many bytes passed.
pub(crate) fn samples(passed: impl Iterator<Item = (u64, u64)>) -> Vec<Sample> {
    passed.map(|(ms, bytes)| sample(ms, bytes)).collect()
}

/// A producer that waits for a full send buffer, with a peer that answers.
pub(crate) fn sample(ms: u64, bytes: u64) -> Sample {
    Sample {
        at: at(ms),
        stream_bytes: bytes,
        user_bytes: 0,
        waiting: true,
        state: TcpState::Established,
        snd_wnd: Some(0),
        rcv_wnd: Some(65535),
        send_queue: 1000,
        unsent: Some(1000),
        receive_queue: 0,
        bytes_acked: Some(bytes / 2),
        bytes_received: Some(0),
        unacked: 0,
        rtt_us: 50,
        rto_us: 201_000,
        snd_cwnd: 10,
        snd_mss: 1448,
        retransmits: 0,
        total_retransmits: 0,
        probes: 0,
        backoff: 0,
        last_ack_received_ms: 1,
        rwnd_limited_us: None,
    }
}
