//! Bytes per second.

use crate::ByteSize;
use crate::quantity::{self, QuantityError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Bytes per second, whole. Parsed from `10MB/s`, `64KiB/s`, `5Mbit/s` or `0`; printed in powers of 1000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteRate(u64);

const UNITS: &[(&str, f64)] = &[
    ("B/s", 1.0),
    ("kB/s", 1e3),
    ("KiB/s", 1024.0),
    ("MB/s", 1e6),
    ("MiB/s", 1_048_576.0),
    ("GB/s", 1e9),
    ("GiB/s", 1_073_741_824.0),
    ("bit/s", 0.125),
    ("kbit/s", 125.0),
    ("Mbit/s", 125e3),
    ("Gbit/s", 125e6),
];

const PRINTED: &[(&str, f64)] = &[("B/s", 1.0), ("kB/s", 1e3), ("MB/s", 1e6), ("GB/s", 1e9)];

impl ByteRate {
    /// `bytes` bytes a second.
    pub const fn bytes_per_second(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The nearest whole number of bytes a second; none where it is negative or no number.
    pub fn nearest(bytes_per_second: f64) -> Self {
        Self(quantity::nearest(bytes_per_second))
    }

    /// The rate at which `size` passes in `time`; `None` where no time passed.
    pub fn of(size: ByteSize, time: Duration) -> Option<Self> {
        if time.is_zero() {
            return None;
        }
        let per_second = u128::from(size.as_u64()) * 1_000_000_000 / time.as_nanos();
        Some(Self(u64::try_from(per_second).unwrap_or(u64::MAX)))
    }

    /// Bytes a second.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// How long `size` takes at this rate; `None` at rate 0.
    pub fn time_for(self, size: ByteSize) -> Option<Duration> {
        if self.0 == 0 {
            return None;
        }
        let nanoseconds = u128::from(size.as_u64()) * 1_000_000_000 / u128::from(self.0);
        Some(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)))
    }
}

impl FromStr for ByteRate {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        quantity::parse(text, UNITS, "MB/s").map(Self)
    }
}

impl fmt::Display for ByteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "one decimal is printed")]
        let value = self.0 as f64;
        f.pad(&quantity::format(value, PRINTED, "B/s"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_parsed_in_bytes_or_bits() {
        assert_eq!("10MB/s".parse(), Ok(ByteRate::bytes_per_second(10_000_000)));
        assert_eq!("5Mbit/s".parse(), Ok(ByteRate::bytes_per_second(625_000)));
        assert!("10MB".parse::<ByteRate>().is_err());
    }

    #[test]
    fn a_rate_and_a_size_make_a_time() {
        let rate = ByteRate::bytes_per_second(1000);
        assert_eq!(rate.time_for(ByteSize::bytes(250)), Some(Duration::from_millis(250)));
        assert_eq!(ByteRate::default().time_for(ByteSize::bytes(1)), None);
        assert_eq!(ByteRate::of(ByteSize::bytes(500), Duration::from_millis(500)), Some(rate));
    }

    #[test]
    fn a_rate_prints_in_powers_of_1000() {
        assert_eq!(ByteRate::bytes_per_second(1_612_345_678).to_string(), "1.6 GB/s");
    }
}
