//! Healthy connections beside the measured one: what they send, and what the stall did to them. No I/O, no clock.
//!
//! Each sends small messages at a fixed pace, due whatever the path does. Their traffic is light, so that it takes nothing
//! from the measured stream and nothing is found that two busy cores do to each other; and they are compared with a time at
//! which the measured stream was as quiet as it is while it is blocked.

use crate::stretch::Stretch;
use report::Neighbours;
use scenario::Scenario;
use std::time::Duration;
use trace::TrickleArrival;
use units::{ByteSize, Span, Timestamp};
use wire::TrickleShape;

/// How long they are measured before anything else.
pub(crate) const BEFORE: Duration = Duration::from_secs(2);

/// Messages before that count for nothing: connections warm up.
pub(crate) const SETTLE: Duration = Duration::from_millis(250);

/// The pace, and the most messages of one neighbour: an arrival of each is told in one line.
const SPACING: Duration = Duration::from_millis(10);
const MOST_MESSAGES: u32 = 4_000;
const MESSAGE: ByteSize = ByteSize::kib(1);

/// A latency below this is what a busy machine does by itself, and no property of the path.
const NOISE: Duration = Duration::from_millis(10);

/// What is known of one neighbour when it is over.
#[derive(Debug)]
pub(crate) struct Neighbour {
    pub(crate) arrivals: Vec<TrickleArrival>,
    /// Its bytes all arrived, and its end.
    pub(crate) intact: bool,
}

/// What every neighbour sends while it is told to: enough for the longest stall.
pub(crate) fn traffic(scenario: &Scenario) -> TrickleShape {
    let longest = SETTLE + BEFORE + scenario.deadline.0 + 2 * scenario.hold.0;
    let spacing = SPACING.max(longest / (MOST_MESSAGES - 1));
    let messages = longest.as_nanos() / spacing.as_nanos().max(1) + 1;
    let messages = u32::try_from(messages).unwrap_or(MOST_MESSAGES).min(MOST_MESSAGES);
    TrickleShape { messages, spacing: Span(spacing), message: MESSAGE }
}

/// How the neighbours fared `during` the stall beside `before` it; `None` where nothing arrived before. Latencies as short as
/// the time for which this machine `starved` even its sampler count for nothing.
pub(crate) fn figures(
    neighbours: &[Neighbour],
    spacing: Duration,
    (before, during): (Stretch, Stretch),
    starved: Duration,
) -> Option<Neighbours> {
    let noise_ms = NOISE.max(starved).as_secs_f64() * 1e3;
    let mut worst: Option<Neighbours> = None;
    for neighbour in neighbours {
        let found = fared(neighbour, spacing, (before, during), noise_ms)?;
        worst = Some(worst.map_or(found, |worst| Neighbours {
            rate_ratio: worst.rate_ratio.min(found.rate_ratio),
            broken: 0,
            connections: 0,
            ..if found.p99_ratio > worst.p99_ratio { found } else { worst }
        }));
    }
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let broken = neighbours.iter().filter(|neighbour| !neighbour.intact).count();
    worst.map(|worst| Neighbours { connections: count(neighbours.len()), broken: count(broken), ..worst })
}

fn fared(
    neighbour: &Neighbour,
    spacing: Duration,
    (before, during): (Stretch, Stretch),
    noise_ms: f64,
) -> Option<Neighbours> {
    let arrivals = &neighbour.arrivals;
    let rate_before = rate(arrivals, before)?;
    let (p99_before_ms, p99_during_ms) =
        (p99_ms(arrivals, spacing, before)?, p99_ms(arrivals, spacing, during)?);
    Some(Neighbours {
        connections: 0,
        rate_ratio: rate(arrivals, during).unwrap_or(0.0) / rate_before,
        p99_ratio: p99_during_ms.max(noise_ms) / p99_before_ms.max(noise_ms),
        p99_before_ms,
        p99_during_ms,
        broken: 0,
    })
}

/// Messages a second that were read in the stretch; `None` where there were none.
fn rate(arrivals: &[TrickleArrival], stretch: Stretch) -> Option<f64> {
    let read = arrivals.iter().filter(|arrival| stretch.contains(arrival.read)).count();
    let read = u32::try_from(read).ok().filter(|read| *read > 0)?;
    Some(f64::from(read) / stretch.length().as_secs_f64())
}

/// The 99th percentile of the latency of messages that were due in the stretch, those that never came included.
fn p99_ms(arrivals: &[TrickleArrival], spacing: Duration, stretch: Stretch) -> Option<f64> {
    let late = |from: Timestamp, until: Timestamp| until.signed_since(from);
    let due = arrivals.iter().filter(|arrival| stretch.contains(arrival.intended));
    let mut latencies: Vec<i64> = due.map(|arrival| late(arrival.intended, arrival.read)).collect();
    let expected = stretch.length().as_nanos() / spacing.as_nanos().max(1);
    // One at either edge may belong to the next stretch.
    let expected =
        usize::try_from(expected).unwrap_or(usize::MAX).saturating_sub(1).min(MOST_MESSAGES as usize);
    let missing = expected.saturating_sub(latencies.len());
    latencies.extend(std::iter::repeat_n(late(stretch.from, stretch.until), missing));
    latencies.sort_unstable();
    let rank = (latencies.len() * 99).div_ceil(100).checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "2^53 ns are 104 days")]
    latencies.get(rank).map(|nanoseconds| *nanoseconds as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::at;

    const STEP: Duration = Duration::from_millis(10);

    /// A message every 10 ms from `start` to `end`, each so late, all in ms.
    fn arrivals(start: u64, end: u64, late: u64) -> impl Iterator<Item = TrickleArrival> {
        let arrival = move |ms| TrickleArrival { intended: at(ms), sent: at(ms), read: at(ms + late) };
        (start..end).step_by(10).map(arrival)
    }

    fn neighbour(arrivals: impl Iterator<Item = TrickleArrival>) -> Neighbour {
        Neighbour { arrivals: arrivals.collect(), intact: true }
    }

    fn stretches() -> (Stretch, Stretch) {
        let second = |from| Stretch { from: at(from), until: at(from + 1_000) };
        (second(0), second(2_000))
    }

    fn found(neighbours: &[Neighbour]) -> Neighbours {
        figures(neighbours, STEP, stretches(), Duration::ZERO).unwrap()
    }

    #[test]
    fn neighbours_that_are_left_alone_have_ratios_of_one() {
        let healthy = || neighbour(arrivals(0, 1_000, 0).chain(arrivals(2_000, 3_000, 5)));
        let found = found(&[healthy(), healthy()]);
        assert!((found.rate_ratio - 1.0).abs() < 0.03, "{found:?}");
        // 0 ms and 5 ms are both noise.
        assert!((found.p99_ratio - 1.0).abs() < 1e-9, "{found:?}");
        assert!((found.p99_during_ms - 5.0).abs() < 1e-9, "{found:?}");
        assert_eq!((found.connections, found.broken), (2, 0));
    }

    #[test]
    fn one_neighbour_that_is_stopped_is_found_among_those_that_are_not() {
        let healthy = neighbour(arrivals(0, 1_000, 1).chain(arrivals(2_000, 3_000, 1)));
        let stopped = neighbour(arrivals(0, 1_000, 1));
        let found = found(&[healthy, Neighbour { intact: false, ..stopped }]);
        assert!(found.rate_ratio < 1e-9 && found.slowdown().is_infinite(), "{found:?}");
        assert!((found.p99_ratio - 100.0).abs() < 1e-9, "all of the second: {found:?}");
        assert_eq!((found.connections, found.broken), (2, 1));
    }

    #[test]
    fn messages_that_come_after_the_stall_count_from_when_they_were_due() {
        let held = (2_000..3_000).step_by(10).map(|ms| TrickleArrival {
            intended: at(ms),
            sent: at(ms),
            read: at(3_001),
        });
        let found = found(&[neighbour(arrivals(0, 1_000, 1).chain(held))]);
        assert!(found.p99_during_ms > 980.0 && found.rate_ratio < 1e-9, "{found:?}");
    }

    #[test]
    fn a_machine_that_starves_its_own_sampler_is_no_slow_path() {
        let late = [neighbour(arrivals(0, 1_000, 1).chain(arrivals(2_000, 3_000, 400)))];
        let starved = |ms| figures(&late, STEP, stretches(), Duration::from_millis(ms)).unwrap();
        assert!((starved(0).p99_ratio - 40.0).abs() < 1e-9, "{:?}", starved(0));
        assert!((starved(500).p99_ratio - 1.0).abs() < 1e-9, "{:?}", starved(500));
    }

    #[test]
    fn nothing_before_the_stall_is_nothing_to_compare_with() {
        assert_eq!(figures(&[neighbour(arrivals(2_000, 3_000, 1))], STEP, stretches(), STEP), None);
        assert_eq!(figures(&[], STEP, stretches(), STEP), None);
    }
}
