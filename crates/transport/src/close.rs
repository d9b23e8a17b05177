//! What is said at the end of a WebSocket (RFC 6455 §7.4).

use std::fmt;
use std::io;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use trace::printable;

/// A code, and what is said with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// Why, as a number.
    pub code: u16,
    /// Why, in words: at most 123 bytes.
    pub reason: String,
}

impl Close {
    /// All is done.
    pub const NORMAL: u16 = 1000;
    /// Whoever says so goes away.
    pub const GOING_AWAY: u16 = 1001;
    /// The peer does not keep to the protocol.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// Stands for a goodbye without a code; it is never sent.
    pub const NO_STATUS: u16 = 1005;
    /// A text is not UTF-8.
    pub const INVALID_PAYLOAD: u16 = 1007;
    /// A message is well formed, and not what may be said here.
    pub const POLICY_VIOLATION: u16 = 1008;
    /// A message is larger than it may be.
    pub const TOO_BIG: u16 = 1009;

    /// To be said.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// All is done, and nothing is to be said about it.
    pub fn normal() -> Self {
        Self::new(Self::NORMAL, "")
    }

    /// The peer was done.
    pub fn is_normal(&self) -> bool {
        matches!(self.code, Self::NORMAL | Self::NO_STATUS)
    }

    /// What is to be said to a peer whose bytes made a read end with this `error`; none: the connection failed.
    pub fn after(error: &io::Error) -> Option<Self> {
        match error.get_ref()?.downcast_ref()? {
            Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
                Some(Self::new(Self::TOO_BIG, format!("a message may have {max_size} bytes at most")))
            }
            Error::Utf8(_) => Some(Self::new(Self::INVALID_PAYLOAD, "a text is not UTF-8")),
            Error::Protocol(error) => Some(Self::new(Self::PROTOCOL_ERROR, error.to_string())),
            _ => None,
        }
    }

    pub(crate) fn heard(frame: Option<CloseFrame>) -> Self {
        frame.map_or_else(
            || Self::new(Self::NO_STATUS, ""),
            |frame| Self::new(frame.code.into(), frame.reason.as_str()),
        )
    }
}

/// As go-backpressure prints it.
impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "websocket: close {}", self.code)?;
        if let Some(name) = name(self.code) {
            write!(f, " ({name})")?;
        }
        if self.reason.is_empty() { Ok(()) } else { write!(f, ": {}", printable(&self.reason)) }
    }
}

fn name(code: u16) -> Option<&'static str> {
    Some(match code {
        Close::NORMAL => "normal",
        Close::GOING_AWAY => "going away",
        Close::PROTOCOL_ERROR => "protocol error",
        1003 => "unsupported data",
        Close::NO_STATUS => "no status",
        Close::INVALID_PAYLOAD => "invalid payload data",
        Close::POLICY_VIOLATION => "policy violation",
        Close::TOO_BIG => "message too big",
        1010 => "mandatory extension missing",
        1011 => "internal server error",
        1012 => "service restart",
        1013 => "try again later",
        1014 => "bad gateway",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goodbye_is_printed_as_go_backpressure_does_and_harms_no_terminal() {
        for (close, printed) in [
            (Close::normal(), "websocket: close 1000 (normal)"),
            (Close::heard(None), "websocket: close 1005 (no status)"),
            (Close::new(1008, "no \u{1b}[2J"), "websocket: close 1008 (policy violation): no \u{fffd}[2J"),
            (Close::new(4001, "own"), "websocket: close 4001: own"),
        ] {
            assert_eq!(close.to_string(), printed);
        }
    }
}
