//! One look at one end of a stream: what its application and its kernel say at the same moment.

use serde::{Deserialize, Serialize};
use socket::TcpState;
use units::Timestamp;

/// A row of `windows.csv`. Counters run from the stream's first byte; the opening lines do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When, on the clock of whoever holds the sample.
    pub at: Timestamp,
    /// Producer: bytes its write calls accepted. Consumer: bytes its read calls returned.
    pub stream_bytes: u64,
    /// Bytes that the application gave up but that sit in user space still, or the other way about.
    pub user_bytes: u64,
    /// Producer: a write waits because the send buffer is full.
    pub waiting: bool,
    /// State of the connection.
    pub state: TcpState,
    /// The peer's receive window, bytes.
    pub snd_wnd: Option<u32>,
    /// Our receive window as last advertised, bytes.
    pub rcv_wnd: Option<u32>,
    /// Producer: bytes written and not acknowledged (`SIOCOUTQ`); 0 for the consumer, who writes nothing.
    pub send_queue: u64,
    /// Bytes written and not yet sent (`tcpi_notsent_bytes`).
    pub unsent: Option<u32>,
    /// Consumer: bytes received and not read (`SIOCINQ`); 0 for the producer, who is sent nothing.
    pub receive_queue: u64,
    /// Bytes the peer's kernel acknowledged, of all that this connection carried.
    pub bytes_acked: Option<u64>,
    /// Bytes this kernel received, of all that this connection carried.
    pub bytes_received: Option<u64>,
    /// Segments in flight.
    pub unacked: u32,
    /// Smoothed round trip, µs.
    pub rtt_us: u32,
    /// Retransmission timeout, µs.
    pub rto_us: u32,
    /// Congestion window, segments.
    pub snd_cwnd: u32,
    /// Maximum segment size sent, bytes.
    pub snd_mss: u32,
    /// Timeouts since the last progress.
    pub retransmits: u8,
    /// Segments retransmitted so far.
    pub total_retransmits: u32,
    /// Window probes not yet answered.
    pub probes: u8,
    /// Window probes of this stall.
    pub backoff: u8,
    /// Time since the last acknowledgement of any kind, ms.
    pub last_ack_received_ms: u32,
    /// Time limited by the peer's window so far, µs in jiffy steps.
    pub rwnd_limited_us: Option<u64>,
}

impl Sample {
    /// Not a byte of the stream has been anywhere yet.
    pub fn is_idle(&self) -> bool {
        [self.stream_bytes, self.user_bytes, self.send_queue, self.receive_queue] == [0; 4] && !self.waiting
    }

    /// The header of the columns that a sample fills, in order.
    pub const COLUMNS: [&str; 23] = [
        "at_ns",
        "stream_bytes",
        "user_bytes",
        "waiting",
        "state",
        "snd_wnd",
        "rcv_wnd",
        "send_queue",
        "unsent",
        "receive_queue",
        "bytes_acked",
        "bytes_received",
        "unacked",
        "rtt_us",
        "rto_us",
        "snd_cwnd",
        "snd_mss",
        "retransmits",
        "total_retransmits",
        "probes",
        "backoff",
        "last_ack_received_ms",
        "rwnd_limited_us",
    ];
}

/// Makes room for another sample, and few more: of thousands of streams each keeps some tens of them.
pub fn make_room(samples: &mut Vec<Sample>) {
    if samples.len() == samples.capacity() {
        samples.reserve_exact(samples.len() / 4 + 8);
    }
}

/// A text that holds no samples.
#[derive(Debug, thiserror::Error)]
#[error("could not read samples")]
pub struct SampleError(#[from] csv::Error);

/// Samples as lines of CSV without a header: a quarter of the size of JSON.
pub fn samples_to_csv(samples: &[Sample]) -> String {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for sample in samples {
        writer.serialize(sample).expect("numbers and names are written to memory");
    }
    let bytes = writer.into_inner().expect("memory takes all that is flushed");
    String::from_utf8(bytes).expect("numbers and names are text")
}

/// The reverse of [`samples_to_csv`].
pub fn samples_from_csv(text: &str) -> Result<Vec<Sample>, SampleError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    Ok(reader.deserialize().collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Sample {
        Sample {
            at: Timestamp::from_nanos(5),
            stream_bytes: 1,
            user_bytes: 0,
            waiting: true,
            state: TcpState::CloseWait,
            snd_wnd: Some(0),
            rcv_wnd: None,
            send_queue: 3,
            unsent: Some(2),
            receive_queue: 0,
            bytes_acked: Some(9),
            bytes_received: None,
            unacked: 1,
            rtt_us: 20,
            rto_us: 200_000,
            snd_cwnd: 10,
            snd_mss: 1448,
            retransmits: 0,
            total_retransmits: 0,
            probes: 1,
            backoff: 2,
            last_ack_received_ms: 7,
            rwnd_limited_us: Some(4000),
        }
    }

    #[test]
    fn samples_come_back_from_csv_with_what_is_unknown_still_unknown() {
        let samples = vec![sample(), sample()];
        assert_eq!(samples_from_csv(&samples_to_csv(&samples)).unwrap(), samples);
    }

    #[test]
    fn the_header_names_every_column() {
        let line = samples_to_csv(&[sample()]);
        assert_eq!(line.trim().split(',').count(), Sample::COLUMNS.len());
    }

    #[test]
    fn a_broken_line_is_an_error() {
        assert!(samples_from_csv("1,2,3\n").is_err());
    }
}
