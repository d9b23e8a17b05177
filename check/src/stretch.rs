//! A stretch of time, and what fell into it. No I/O, no clock.

use crate::rates::Passed;
use std::time::Duration;
use trace::Sample;
use units::Timestamp;

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

impl Stretch {
    /// The last `length` before `until`, though nothing before `earliest`.
    pub(crate) fn before(until: Timestamp, length: Duration, earliest: Timestamp) -> Self {
        let nanoseconds = i64::try_from(length.as_nanos()).unwrap_or(i64::MAX);
        Self { from: until.shifted(nanoseconds.saturating_neg()).max(earliest), until }
    }

    /// Those of `samples` that fall into it.
    pub(crate) fn passed(self, samples: &[Sample]) -> impl Iterator<Item = Passed> + Clone {
        let start = samples.partition_point(|sample| sample.at < self.from);
        let within = samples.get(start..).unwrap_or_default().iter();
        within
            .take_while(move |sample| sample.at <= self.until)
            .map(|sample| (sample.at, sample.stream_bytes))
    }

    pub(crate) fn contains(self, at: Timestamp) -> bool {
        (self.from..=self.until).contains(&at)
    }

    /// The longest time between two neighbouring ones of `samples` in it.
    pub(crate) fn longest_gap(self, samples: &[Sample]) -> Duration {
        let mut before = None;
        let gaps =
            self.passed(samples).filter_map(|(at, _)| before.replace(at).and_then(|before| at.since(before)));
        gaps.max().unwrap_or_default()
    }

    pub(crate) fn length(self) -> Duration {
        self.until.since(self.from).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_does_not_begin_before_its_phase() {
        let until = Timestamp::from_nanos(2_000_000_000);
        let earliest = Timestamp::from_nanos(1_500_000_000);
        let stretch = Stretch::before(until, Duration::from_secs(1), earliest);
        assert_eq!((stretch.from, stretch.length()), (earliest, Duration::from_millis(500)));
    }
}
