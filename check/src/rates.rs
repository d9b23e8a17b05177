//! Rates from how many bytes had passed when. No I/O, no clock.

use std::time::Duration;
use units::Timestamp;

/// How many bytes of a stream had passed at a moment.
pub(crate) type Passed = (Timestamp, u64);

/// In bytes per second; `None` where no time passed.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
pub(crate) fn rate(bytes: u64, time: Duration) -> Option<f64> {
    (!time.is_zero()).then(|| bytes as f64 / time.as_secs_f64())
}

/// The mean rate from the first to the last of `passed`.
pub(crate) fn mean_rate(mut passed: impl Iterator<Item = Passed>) -> Option<f64> {
    let first = passed.next()?;
    between(first, passed.last()?)
}

/// The mean rate from step to step: what comes in few large ones would else seem faster or slower by up to a step.
pub(crate) fn pace(passed: impl Iterator<Item = Passed>) -> Option<f64> {
    let mut before = None;
    mean_rate(passed.filter(|(_, bytes)| before.replace(*bytes).is_some_and(|before| *bytes > before)))
}

/// Where the first stretch of at least `window` begins that runs at `target` or faster.
pub(crate) fn first_at_rate(passed: &[Passed], window: Duration, target: f64) -> Option<Timestamp> {
    let mut ends = passed.iter().peekable();
    for start in passed {
        while ends.next_if(|end| end.0.since(start.0) < Some(window)).is_some() {}
        if between(*start, **ends.peek()?)? >= target {
            return Some(start.0);
        }
    }
    None
}

/// The counter at `at`, drawn straight between the readings around it; `None` outside of them.
pub(crate) fn value_at(passed: &[Passed], at: Timestamp) -> Option<f64> {
    let after = passed.partition_point(|(reading, _)| *reading < at);
    let (next, value) = *passed.get(after)?;
    let exactly = |whole: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a mean needs no more than 53 bits")]
        let float = whole as f64;
        float
    };
    if next == at {
        return Some(exactly(value));
    }
    let (before, from) = *passed.get(after.checked_sub(1)?)?;
    let share = at.since(before)?.as_secs_f64() / next.since(before)?.as_secs_f64();
    Some(exactly(from) + (exactly(value) - exactly(from)) * share)
}

fn between(first: Passed, last: Passed) -> Option<f64> {
    rate(last.1.checked_sub(first.1)?, last.0.since(first.0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_ms(rates: &[u64]) -> Vec<Passed> {
        let mut bytes = 0;
        let ms = |index: usize| Timestamp::from_nanos(index as u64 * 1_000_000);
        let step = |(index, rate): (usize, &u64)| {
            bytes += rate;
            (ms(index), bytes)
        };
        rates.iter().enumerate().map(step).collect()
    }

    #[test]
    fn the_first_stretch_that_is_fast_enough_counts_from_its_start() {
        let passed = every_ms(&[0, 0, 0, 10, 10, 10, 10]);
        let found = first_at_rate(&passed, Duration::from_millis(2), 10_000.0);
        assert_eq!(found, Some(Timestamp::from_nanos(2_000_000)));
    }

    #[test]
    fn a_stretch_shorter_than_the_window_does_not_count() {
        let passed = every_ms(&[0, 10, 0, 10, 0]);
        assert_eq!(first_at_rate(&passed, Duration::from_millis(2), 10_000.0), None);
    }

    #[test]
    fn a_pace_in_large_steps_is_that_of_the_steps() {
        let passed = every_ms(&[0, 100, 0, 0, 0, 100, 0, 0, 0, 100, 0, 0]);
        assert_eq!(pace(passed.into_iter()), Some(25_000.0));
    }

    #[test]
    fn a_value_between_two_readings_lies_on_the_line_between_them() {
        let passed = every_ms(&[0, 100, 100]);
        let at = |us: u64| value_at(&passed, Timestamp::from_nanos(us * 1_000));
        assert_eq!([at(0), at(500), at(1_000), at(2_001)], [Some(0.0), Some(50.0), Some(100.0), None]);
    }

    #[test]
    fn no_time_has_no_rate() {
        assert_eq!(mean_rate(every_ms(&[5]).into_iter()), None);
        assert_eq!(rate(5, Duration::ZERO), None);
    }
}
