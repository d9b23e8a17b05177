//! How far the server's clock is from the client's, as in RFC 5905 §8: minimum round trip of several exchanges.

use serde::{Deserialize, Serialize};
use units::Timestamp;

/// One question and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Asked, on the client's clock.
    pub sent: Timestamp,
    /// Heard, on the server's clock.
    pub received: Timestamp,
    /// Answered, on the server's clock.
    pub answered: Timestamp,
    /// Answer heard, on the client's clock.
    pub returned: Timestamp,
}

/// What to add to a time on the client's clock to have it on the server's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockOffset {
    /// Nanoseconds; 0 where both are one clock.
    pub nanoseconds: i64,
    /// The true offset lies within this many nanoseconds of it, however unevenly the way there and back are.
    pub uncertainty: u64,
}

impl ClockOffset {
    /// From the exchange with the least round trip; `None` without any.
    pub fn estimate(exchanges: &[Exchange]) -> Option<Self> {
        exchanges.iter().map(Exchange::offset).min_by_key(|offset| offset.uncertainty)
    }

    /// This estimate, trusted only as far as a later one bears it out.
    #[must_use]
    pub fn confirmed_by(self, later: Self) -> Self {
        let drift = later.nanoseconds.abs_diff(self.nanoseconds);
        Self { uncertainty: self.uncertainty.max(later.uncertainty).saturating_add(drift), ..self }
    }

    /// A time on the server's clock, on the client's.
    pub fn to_client(self, server: Timestamp) -> Timestamp {
        server.shifted(self.nanoseconds.saturating_neg())
    }
}

impl Exchange {
    fn offset(&self) -> ClockOffset {
        let there = self.received.signed_since(self.sent);
        let back = self.returned.signed_since(self.answered);
        ClockOffset {
            nanoseconds: i64::midpoint(there, back.saturating_neg()),
            uncertainty: there.saturating_add(back).unsigned_abs() / 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exchange(offset: i64, there: u64, back: u64) -> Exchange {
        let sent = Timestamp::from_nanos(1_000_000_000);
        let received = sent.shifted(there.cast_signed() + offset);
        let answered = received.shifted(10);
        let returned = answered.shifted(back.cast_signed() - offset);
        Exchange { sent, received, answered, returned }
    }

    proptest! {
        #[test]
        fn the_true_offset_lies_within_the_uncertainty(
            offset in -500_000_000i64..500_000_000,
            ways in proptest::collection::vec((0u64..100_000, 0u64..100_000), 1..9),
        ) {
            let exchanges: Vec<_> = ways.iter().map(|&(there, back)| exchange(offset, there, back)).collect();
            let estimate = ClockOffset::estimate(&exchanges).unwrap();
            prop_assert!(estimate.nanoseconds.abs_diff(offset) <= estimate.uncertainty + 1);
        }
    }

    #[test]
    fn drift_widens_the_uncertainty() {
        let before = ClockOffset { nanoseconds: 100, uncertainty: 5 };
        let after = ClockOffset { nanoseconds: 160, uncertainty: 8 };
        assert_eq!(before.confirmed_by(after), ClockOffset { nanoseconds: 100, uncertainty: 68 });
    }
}
