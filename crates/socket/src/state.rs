//! The states of a connection.

use serde::{Deserialize, Serialize};

/// The connection states of RFC 9293 §3.3.2, numbered as in Linux (`include/net/tcp_states.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "named by the RFC")]
pub enum TcpState {
    Established,
    SynSent,
    SynReceived,
    FinWait1,
    FinWait2,
    TimeWait,
    Closed,
    CloseWait,
    LastAck,
    Listen,
    Closing,
    /// A number this program does not know.
    Unknown,
}

impl From<u8> for TcpState {
    fn from(number: u8) -> Self {
        match number {
            1 => Self::Established,
            2 => Self::SynSent,
            // 12 is TCP_NEW_SYN_RECV, which user space is shown as SYN_RECV.
            3 | 12 => Self::SynReceived,
            4 => Self::FinWait1,
            5 => Self::FinWait2,
            6 => Self::TimeWait,
            7 => Self::Closed,
            8 => Self::CloseWait,
            9 => Self::LastAck,
            10 => Self::Listen,
            11 => Self::Closing,
            _ => Self::Unknown,
        }
    }
}

impl From<TcpState> for u8 {
    /// The number that gives this state again; 0 for one that this program does not know.
    fn from(state: TcpState) -> Self {
        match state {
            TcpState::Unknown => 0,
            // They are listed in the kernel's order, which begins at 1.
            known => known as Self + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_from_its_number() {
        for number in 0..=11 {
            assert_eq!(u8::from(TcpState::from(number)), number);
        }
    }
}
