//! How much one thing is of another.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A finite number that is not negative. Parsed from `10%`, `0.1` or `2`; printed as `10 %`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ratio(f64);

/// A text that is no ratio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no ratio, such as `10%` or `0.1`")]
pub struct RatioError(String);

impl Ratio {
    /// `percent` hundredths.
    pub const fn percent(percent: u32) -> Self {
        Self(percent as f64 / 100.0)
    }

    /// As a number: 0.1 for 10 %.
    pub const fn as_f64(self) -> f64 {
        self.0
    }
}

impl FromStr for Ratio {
    type Err = RatioError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, unit) = match text.trim().strip_suffix('%') {
            Some(digits) => (digits.trim_end(), 0.01),
            None => (text.trim(), 1.0),
        };
        let number: Option<f64> = digits.parse().ok();
        number
            .filter(|number| number.is_finite() && *number >= 0.0)
            .map(|number| Self(number * unit))
            .ok_or_else(|| RatioError(text.to_owned()))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Ten digits: what a hundredth of a decimal number adds behind them is none of its own.
        let percent = (self.0 * 1e10).round() / 1e8;
        f.pad(&format!("{percent} %"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_a_number_or_a_percentage() {
        assert_eq!("10%".parse(), Ok(Ratio::percent(10)));
        assert_eq!("0.1".parse(), Ok(Ratio::percent(10)));
        assert_eq!("2".parse(), Ok(Ratio::percent(200)));
        for wrong in ["", "%", "-1", "ten", "inf", "NaN", "10 percent"] {
            assert!(wrong.parse::<Ratio>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_ratio_prints_in_percent() {
        let printed = ["7%", "0.125", "2"].map(|text| text.parse::<Ratio>().unwrap().to_string());
        assert_eq!(printed, ["7 %", "12.5 %", "200 %"]);
    }
}
