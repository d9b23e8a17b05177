//! What was measured of one connection.

use std::time::Duration;
use units::{ByteSize, Timestamp};

/// What became of one connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// Requests that the kernel took, or messages that were read, where there are such.
    pub requests: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// When it began.
    pub began: Timestamp,
    /// From the first request's time to the end of the last one's interval, or of its writing; or until the last was read.
    pub took: Duration,
    /// Producer: writes that waited.
    pub stalls: Stalls,
    /// Producer: the write that is under way: when it began, and when it was due.
    pub writing: Option<(Timestamp, Option<Timestamp>)>,
    /// Producer: bytes that the consumer had not acknowledged when the last write returned; none where the kernel does not tell.
    pub held: Option<ByteSize>,
    /// Consumer: the longest wait for bytes that it would have read.
    pub longest_wait: Duration,
    /// Producer: bytes that the peer sent, and that were forgotten.
    pub heard: u64,
}

/// Writes that waited for long enough to be noticed: 20 ms.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stalls {
    /// How many.
    pub writes: u64,
    /// All of them together.
    pub all: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Stalls {
    /// A shorter wait is the scheduler's.
    pub const NOTICED: Duration = Duration::from_millis(20);

    /// Counts a write that waited this long; true if that was long enough to be noticed.
    pub fn count(&mut self, waited: Duration) -> bool {
        let noticed = waited > Self::NOTICED;
        if noticed {
            self.writes += 1;
            self.all += waited;
            self.longest = self.longest.max(waited);
        }
        noticed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stalls_are_counted_from_20_ms_on_and_the_longest_is_kept() {
        let mut stalls = Stalls::default();
        for ms in [20, 300, 1200] {
            stalls.count(Duration::from_millis(ms));
        }
        let expected =
            Stalls { writes: 2, all: Duration::from_millis(1500), longest: Duration::from_millis(1200) };
        assert_eq!(stalls, expected);
    }
}
