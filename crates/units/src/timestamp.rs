//! Instants on a monotonic clock, as numbers that can be sent and written.

use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Nanoseconds since a [`Clock`]'s epoch. Comparable only within one clock, or after shifting by a clock offset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The instant `nanoseconds` after the epoch.
    pub const fn from_nanos(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time since `earlier`; `None` where `earlier` is later.
    pub fn since(self, earlier: Self) -> Option<Duration> {
        self.0.checked_sub(earlier.0).map(Duration::from_nanos)
    }

    /// Nanoseconds since `other`, negative where `other` is later.
    pub fn signed_since(self, other: Self) -> i64 {
        self.0.wrapping_sub(other.0).cast_signed()
    }

    /// This instant on a clock that reads `offset` nanoseconds more.
    #[must_use]
    pub fn shifted(self, offset: i64) -> Self {
        Self(self.0.saturating_add_signed(offset))
    }

    /// The instant `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// A monotonic clock: the one place where the time is read. Steps of the wall clock do not reach it.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch: Instant,
}

impl Clock {
    /// A clock whose epoch is one second ago, so that a small negative offset keeps instants positive.
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is where time is read")]
        let now = Instant::now();
        Self { epoch: now.checked_sub(Duration::from_secs(1)).unwrap_or(now) }
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        Timestamp(u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// How long it is from now until `instant`; zero where it has passed.
    pub fn until(&self, instant: Timestamp) -> Duration {
        instant.since(self.now()).unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_differ_with_their_sign() {
        let (early, late) = (Timestamp::from_nanos(5), Timestamp::from_nanos(12));
        assert_eq!(late.since(early), Some(Duration::from_nanos(7)));
        assert_eq!(early.since(late), None);
        assert_eq!(early.signed_since(late), -7);
        assert_eq!(late.shifted(-7), early);
    }

    #[test]
    fn the_clock_does_not_go_back() {
        let clock = Clock::start();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
