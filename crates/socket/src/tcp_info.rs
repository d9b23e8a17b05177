//! `TCP_INFO`, read into a buffer larger than any kernel's and taken apart by the length that came back.
//!
//! libc's struct is complete only on glibc targets and only since 0.2.187; a field that this kernel does
//! not know is `None` here, never 0.

use crate::TcpState;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

/// What the kernel told of a connection. Each field is `None` where the kernel is older than it.
///
/// Source: `struct tcp_info` in Linux `include/uapi/linux/tcp.h`; offsets checked against 6.18.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpInfo {
    /// State of the connection.
    pub state: TcpState,
    /// Retransmission timeouts since the last progress (`tcpi_retransmits`).
    pub retransmits: u8,
    /// Window probes sent and not yet answered (`tcpi_probes`).
    pub probes: u8,
    /// Doublings of the timeout; counts window probes while the peer's window is zero (`tcpi_backoff`).
    pub backoff: u8,
    /// Retransmission timeout as it stands (`tcpi_rto`).
    pub rto: Duration,
    /// Maximum segment size of what is sent, bytes.
    pub snd_mss: u32,
    /// Segments sent and not yet acknowledged.
    pub unacked: u32,
    /// Time since any acknowledgement arrived (`tcpi_last_ack_recv`), in ms steps.
    pub last_ack_received: Duration,
    /// Smoothed round trip (`tcpi_rtt`).
    pub rtt: Duration,
    /// Congestion window, segments.
    pub snd_cwnd: u32,
    /// Segments retransmitted over the connection's life.
    pub total_retransmits: u32,
    /// Bytes the peer acknowledged (4.1).
    pub bytes_acked: Option<u64>,
    /// Bytes received in order (4.1).
    pub bytes_received: Option<u64>,
    /// Bytes written and not yet sent (4.6).
    pub notsent_bytes: Option<u32>,
    /// Time with unacknowledged or unsent data, limited by the peer's window (4.10); moves in jiffies.
    pub rwnd_limited: Option<Duration>,
    /// The peer's receive window as last seen, bytes (5.4).
    pub snd_wnd: Option<u32>,
    /// Our receive window as last advertised, bytes (6.2).
    pub rcv_wnd: Option<u32>,
}

/// Larger than any kernel's struct; 6.18 returns 280 bytes.
const BUFFER: usize = 512;

impl TcpInfo {
    /// Takes apart what the kernel returned; `None` where it is shorter than Linux 2.6's 104 bytes.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let u8_at = |at: usize| bytes.get(at).copied();
        let u32_at = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let u64_at = |at: usize| Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let micros = |at: usize| Some(Duration::from_micros(u64::from(u32_at(at)?)));
        let total_retransmits = u32_at(100)?;
        Some(Self {
            state: u8_at(0)?.into(),
            retransmits: u8_at(2)?,
            probes: u8_at(3)?,
            backoff: u8_at(4)?,
            rto: micros(8)?,
            snd_mss: u32_at(16)?,
            unacked: u32_at(24)?,
            last_ack_received: Duration::from_millis(u64::from(u32_at(56)?)),
            rtt: micros(68)?,
            snd_cwnd: u32_at(80)?,
            total_retransmits,
            bytes_acked: u64_at(120),
            bytes_received: u64_at(128),
            notsent_bytes: u32_at(144),
            rwnd_limited: u64_at(176).map(Duration::from_micros),
            snd_wnd: u32_at(228),
            rcv_wnd: u32_at(232),
        })
    }
}

/// Asks the kernel about a connection. About 0.7 µs; needs no privilege.
pub fn tcp_info(socket: impl AsFd) -> io::Result<TcpInfo> {
    let mut buffer = [0u8; BUFFER];
    let mut length = libc::socklen_t::try_from(BUFFER).expect("512 fits");
    // SAFETY: the descriptor is borrowed for the call; the kernel writes at most `length` bytes into
    // `buffer`, which is that long, and the number it wrote into `length`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            buffer.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    let written = buffer.get(..length as usize).unwrap_or(&buffer);
    TcpInfo::parse(written).ok_or_else(|| io::Error::other(format!("TCP_INFO returned only {length} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_live_connection_tells_its_windows() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        let info = tcp_info(&near).unwrap();
        assert_eq!(info.state, TcpState::Established);
        assert!(info.snd_wnd.is_some_and(|window| window > 0));
        drop(far);
    }

    #[test]
    fn a_kernel_before_6_2_has_no_receive_window() {
        let mut bytes = [1u8; 232];
        assert_eq!(TcpInfo::parse(&bytes).unwrap().rcv_wnd, None);
        assert!(TcpInfo::parse(&bytes).unwrap().snd_wnd.is_some());
        bytes[0] = 200;
        assert_eq!(TcpInfo::parse(&bytes).unwrap().state, TcpState::Unknown);
    }

    #[test]
    fn less_than_the_oldest_struct_is_refused() {
        assert_eq!(TcpInfo::parse(&[0u8; 103]), None);
    }
}
