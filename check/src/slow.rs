//! Does the producer follow a consumer that reads slowly, and what stands in the path meanwhile? No I/O, no clock.

use crate::rates::{Passed, mean_rate, pace, value_at};
use crate::stretch::Stretch;
use report::Slow;
use scenario::Scenario;
use std::time::Duration;
use trace::Sample;
use units::{ByteRate, Ratio};

/// The settled part lasts as long as this many messages take, within bounds.
const MESSAGES: u64 = 16;
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);

/// The pace of a consumer at `share` of `baseline` bytes a second.
pub(crate) fn pace_of(share: Ratio, baseline: f64) -> ByteRate {
    // At least one: nothing at all would be a stall.
    ByteRate::nearest((share.as_f64() * baseline).max(1.0))
}

/// How long the settled part lasts: several messages, several round trips, and several samples.
pub(crate) fn settled_part(rate: ByteRate, scenario: &Scenario, round_trip: Duration) -> Duration {
    let messages = units::ByteSize::bytes(MESSAGES * scenario.message.as_u64());
    let passing = rate.time_for(messages).unwrap_or(LONGEST).min(LONGEST);
    SHORTEST.max(passing).max(20 * round_trip).max(4 * scenario.sample.0)
}

/// The producer is hardly faster than the consumer in this stretch.
pub(crate) fn follows(producer: &[Sample], consumer: &[Sample], stretch: Stretch) -> bool {
    let rates = (mean_rate(stretch.passed(producer)), mean_rate(stretch.passed(consumer)));
    matches!(rates, (Some(produced), Some(consumed)) if produced <= Slow::FOLLOWS * consumed)
}

/// What was found in the settled part; `None` where nothing was consumed in it.
pub(crate) fn figures(producer: &[Sample], consumer: &[Sample], stretch: Stretch) -> Option<Slow> {
    let consumed = pace(stretch.passed(consumer)).filter(|rate| *rate > 0.0)?;
    // A producer that wrote nothing, or once, has no pace of its own: what it wrote in all is its rate.
    let produced = pace(stretch.passed(producer)).or_else(|| mean_rate(stretch.passed(producer)))?;
    let queue_bytes = standing(producer, consumer, stretch)?;
    #[expect(clippy::cast_precision_loss, reason = "a time needs no more than 53 bits")]
    let queue_ms = queue_bytes as f64 / consumed * 1e3;
    Some(Slow { rate_ratio: produced / consumed, queue_bytes, queue_ms, consumer_bytes_per_second: consumed })
}

/// The mean of what the producer handed over and the consumer was not yet given.
fn standing(producer: &[Sample], consumer: &[Sample], stretch: Stretch) -> Option<i64> {
    let consumer: Vec<Passed> = consumer.iter().map(|sample| (sample.at, sample.stream_bytes)).collect();
    let (mut sum, mut number) = (0.0, 0.0);
    for (at, produced) in stretch.passed(producer) {
        let Some(consumed) = value_at(&consumer, at) else { continue };
        #[expect(clippy::cast_precision_loss, reason = "a mean needs no more than 53 bits")]
        let in_path = produced as f64 - consumed;
        sum += in_path;
        number += 1.0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole bytes; saturates")]
    (number > 0.0).then(|| (sum / number).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::samples;
    use units::Timestamp;

    /// One sample every 10 ms for a second, at so many bytes a sample, after a start.
    fn stream(start: u64, bytes: u64) -> Vec<Sample> {
        samples((0..=100).map(|step| (step * 10, start + step * bytes)))
    }

    fn second() -> Stretch {
        Stretch { from: Timestamp::default(), until: Timestamp::from_nanos(1_000_000_000) }
    }

    #[test]
    fn a_producer_that_follows_has_a_ratio_of_one_and_a_queue_that_stands() {
        let found = figures(&stream(5_000, 10), &stream(0, 10), second()).unwrap();
        assert!((found.rate_ratio - 1.0).abs() < 1e-9, "{found:?}");
        assert_eq!(found.queue_bytes, 5_000);
        // 5,000 bytes at 1,000 bytes a second.
        assert!((found.queue_ms - 5_000.0).abs() < 1e-6, "{found:?}");
        assert!(follows(&stream(5_000, 10), &stream(0, 10), second()));
    }

    #[test]
    fn a_producer_that_goes_on_at_full_speed_does_not_follow() {
        let found = figures(&stream(0, 100), &stream(0, 10), second()).unwrap();
        assert!((found.rate_ratio - 10.0).abs() < 1e-9, "{found:?}");
        assert!(!follows(&stream(0, 100), &stream(0, 10), second()));
    }

    #[test]
    fn a_consumer_that_is_given_nothing_leaves_nothing_to_compare_with() {
        assert_eq!(figures(&stream(0, 100), &stream(0, 0), second()), None);
        assert!(!follows(&stream(0, 0), &[], second()));
    }

    #[test]
    fn a_pace_is_never_nothing() {
        assert_eq!(pace_of(Ratio::percent(10), 1e9), ByteRate::bytes_per_second(100_000_000));
        assert_eq!(pace_of(Ratio::percent(1), 5.0), ByteRate::bytes_per_second(1));
    }
}
