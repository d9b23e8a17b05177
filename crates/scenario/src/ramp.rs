//! How fast connections are opened.

use crate::bounds::LIMITS;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Connections opened a second, within [`ramp`](crate::Limits::ramp). Written as `100/s`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Ramp(f64);

/// A text that is no ramp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RampError {
    /// It is no number a second.
    #[error("`{0}` is no ramp, such as `100/s`")]
    NotARamp(String),
    /// The number is out of bounds.
    #[error("`{0}` is out of bounds: a ramp has {least}/s to {most}/s", least = LIMITS.ramp.0, most = LIMITS.ramp.1)]
    OutOfBounds(String),
}

impl Ramp {
    /// A hundred a second.
    pub const HUNDRED: Self = Self(100.0);

    /// How long after the first the one with this index, from 0, is opened.
    pub fn slot(self, index: u32) -> Duration {
        Duration::try_from_secs_f64(f64::from(index) / self.0).unwrap_or(Duration::MAX)
    }
}

impl FromStr for Ramp {
    type Err = RampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || RampError::NotARamp(text.to_owned());
        let number: f64 =
            text.trim().strip_suffix("/s").ok_or_else(wrong)?.trim_end().parse().map_err(|_| wrong())?;
        let (least, most) = LIMITS.ramp;
        if (least..=most).contains(&number) {
            Ok(Self(number))
        } else {
            Err(RampError::OutOfBounds(text.to_owned()))
        }
    }
}

impl fmt::Display for Ramp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/s", self.0))
    }
}

impl From<Ramp> for String {
    fn from(ramp: Ramp) -> Self {
        ramp.to_string()
    }
}

impl TryFrom<String> for Ramp {
    type Error = RampError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_have_their_slots_one_after_the_other() {
        let ramp: Ramp = "100/s".parse().unwrap();
        assert_eq!(ramp, Ramp::HUNDRED);
        assert_eq!([0, 1, 250].map(|index| ramp.slot(index)), [0, 10, 2_500].map(Duration::from_millis));
    }

    #[test]
    fn a_ramp_is_a_number_a_second_within_its_bounds() {
        for wrong in ["100", "/s", "x/s", "0/s", "-1/s", "inf/s", "NaN/s", "1e9/s"] {
            assert!(wrong.parse::<Ramp>().is_err(), "{wrong}");
        }
        assert_eq!("2.5/s".parse::<Ramp>().unwrap().to_string(), "2.5/s");
    }
}
