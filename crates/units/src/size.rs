//! A number of bytes.

use crate::quantity::{self, QuantityError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A number of bytes, up to 2^53. Parsed from `64KiB`, `1.5MB`, `512B` or `0`; printed in powers of 1024.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteSize(u64);

const UNITS: &[(&str, f64)] = &[
    ("B", 1.0),
    ("kB", 1e3),
    ("KiB", 1024.0),
    ("MB", 1e6),
    ("MiB", 1_048_576.0),
    ("GB", 1e9),
    ("GiB", 1_073_741_824.0),
    ("TB", 1e12),
    ("TiB", 1_099_511_627_776.0),
];

const PRINTED: &[(&str, f64)] = &[
    ("B", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];

impl ByteSize {
    /// `bytes` bytes.
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The nearest whole number of bytes; nothing where it is negative or none.
    pub fn nearest(bytes: f64) -> Self {
        Self(quantity::nearest(bytes))
    }

    /// `count` times 1024 bytes.
    pub const fn kib(count: u64) -> Self {
        Self(count * 1024)
    }

    /// `count` times 1024² bytes.
    pub const fn mib(count: u64) -> Self {
        Self(count * 1024 * 1024)
    }

    /// The number of bytes.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        quantity::parse(text, UNITS, "KiB").map(Self)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "one decimal is printed")]
        let value = self.0 as f64;
        f.pad(&quantity::format(value, PRINTED, "B"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_size_is_parsed_with_its_unit() {
        assert_eq!("64KiB".parse(), Ok(ByteSize::kib(64)));
        assert_eq!("1.5 MB".parse(), Ok(ByteSize::bytes(1_500_000)));
        assert_eq!("0".parse(), Ok(ByteSize::bytes(0)));
        assert_eq!("10kib".parse(), Ok(ByteSize::kib(10)));
    }

    #[test]
    fn a_bare_number_is_refused_and_a_unit_proposed() {
        let error = "64".parse::<ByteSize>().unwrap_err();
        assert_eq!(error.to_string(), "`64` needs a unit, such as `64KiB`");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "KiB", "-1B", "1.2.3B", "64 parsecs", "99999999999TiB", "1e3B"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_nearest_size_is_one_whatever_the_figure() {
        let figures = [1.5, 0.4, -3.0, f64::NAN, f64::INFINITY];
        let nearest = figures.map(|figure| ByteSize::nearest(figure).as_u64());
        assert_eq!(nearest, [2, 0, 0, 0, u64::MAX]);
    }

    #[test]
    fn a_size_prints_in_powers_of_1024() {
        assert_eq!(ByteSize::bytes(512).to_string(), "512 B");
        assert_eq!(ByteSize::kib(64).to_string(), "64 KiB");
        assert_eq!(ByteSize::bytes(8_598_323).to_string(), "8.2 MiB");
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused_without_a_panic(text in ".{0,40}") {
            drop(text.parse::<ByteSize>());
        }

        #[test]
        fn whole_bytes_come_back_as_given(bytes in 0u64..1 << 53) {
            prop_assert_eq!(format!("{bytes}B").parse(), Ok(ByteSize::bytes(bytes)));
        }
    }
}
