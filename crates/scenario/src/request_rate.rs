//! How many requests a second a paired client makes.

use crate::bounds::LIMITS;
use std::time::Duration;

/// Requests a second: 0, which is no pacing, or a rate within [`request_rate`](crate::Limits::request_rate).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RequestRate(f64);

impl RequestRate {
    /// One request a second.
    pub const ONE: Self = Self(1.0);

    /// The rate of `per_second` requests a second; `None` where it is out of bounds.
    pub fn per_second(per_second: f64) -> Option<Self> {
        let (least, most) = LIMITS.request_rate;
        (per_second == 0.0 || (least..=most).contains(&per_second)).then_some(Self(per_second))
    }

    /// How long `requests` take at this rate; `None` where they are not paced.
    ///
    /// The `n`th request, counted from 0, is due this long after the first for `n` requests.
    pub fn time_for(self, requests: u64) -> Option<Duration> {
        if self.0 == 0.0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests, more than LIMITS allows")]
        let seconds = requests as f64 / self.0;
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_for_requests_does_not_drift() {
        let rate = RequestRate::per_second(3.0).unwrap();
        assert_eq!(rate.time_for(3_000_000), Some(Duration::from_secs(1_000_000)));
        assert_eq!(rate.time_for(0), Some(Duration::ZERO));
    }

    #[test]
    fn no_pacing_takes_no_known_time() {
        assert_eq!(RequestRate::per_second(0.0).unwrap().time_for(5), None);
    }

    #[test]
    fn rates_out_of_bounds_are_none() {
        for rate in [-1.0, f64::NAN, f64::INFINITY, 1e-300, 1e10] {
            assert_eq!(RequestRate::per_second(rate), None, "{rate}");
        }
        assert!(RequestRate::per_second(0.001).unwrap().time_for(u64::MAX).is_some());
    }
}
