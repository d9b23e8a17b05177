//! What both ends of a stream are told beforehand.

use crate::conduct::GRACE;
use crate::neighbours::{BEFORE, SETTLE};
use scenario::{Integrity, LIMITS, Scenario};
use std::time::Duration;
use trace::Direction;
use units::{ByteSize, Span};
use wire::{ClockOffset, FRAME_HEADER, Plan, TrickleShape};

/// A message of the trickle, small as those that some paths hold back.
const TRICKLE: ByteSize = ByteSize::bytes(FRAME_HEADER as u64 + 76);

/// What an end may take beside its phases of stated length.
const SLACK: Duration = Duration::from_mins(5);

/// Forty small messages, 20 ms apart; of many connections each sends fewer, so that all send ten thousand a second at most.
pub(crate) fn trickle(connections: u32) -> TrickleShape {
    let spacing = Duration::from_millis(20).max(connections * Duration::from_micros(100));
    let messages = Duration::from_secs(4).as_micros() / spacing.as_micros();
    let messages = u32::try_from(messages).unwrap_or(40).clamp(4, 40);
    TrickleShape { messages, spacing: Span(spacing), message: TRICKLE }
}

/// The plan of a measured stream.
pub(crate) fn plan(scenario: &Scenario, direction: Direction, offset: ClockOffset, run: u32) -> Plan {
    let trickle = trickle(scenario.connections);
    let slow = if scenario.slow.is_some() { scenario.deadline.0 } else { Duration::ZERO };
    // How long a consumer is slow depends on messages and round trips too.
    let slow_slack = if scenario.slow.is_some() { SLACK } else { Duration::ZERO };
    let beside = if scenario.neighbours > 0 { SETTLE + BEFORE } else { Duration::ZERO };
    let phases = [
        // Who is open waits for those that are opened after it.
        scenario.ramp.slot(scenario.connections),
        beside,
        scenario.baseline.0,
        scenario.deadline.0 * 2,
        slow,
        trickle.spacing.0 * (trickle.messages + 1),
    ];
    Plan {
        direction,
        message: scenario.message,
        buffers: scenario.buffers,
        rate: scenario.rate,
        check_payloads: scenario.integrity == Integrity::Full,
        seed: scenario.seed.wrapping_add(u64::from(run - 1)),
        trickle,
        sample: scenario.sample,
        stall_max: Span(scenario.deadline.0 + scenario.hold.0 + GRACE + slow_slack),
        total_max: Span(phases.into_iter().sum::<Duration>() + SLACK),
        bytes_max: bytes_max(scenario, direction),
        user_timeout: scenario.user_timeout,
        at_once: scenario.connections,
        producer_to_consumer: match direction {
            Direction::Upload => offset.nanoseconds,
            Direction::Download => offset.nanoseconds.saturating_neg(),
        },
    }
}

/// The most that the stream carries. Where a length is announced, the last message must fit into it.
pub(crate) fn bytes_max(scenario: &Scenario, direction: Direction) -> ByteSize {
    let announced = scenario.transport.announced().filter(|_| direction == Direction::Upload);
    announced.map_or(LIMITS.stream_max, |length| {
        ByteSize::bytes(length.as_u64().saturating_sub(LAST_WRITE.as_u64())).min(LIMITS.stream_max)
    })
}

/// More than one write and the end of the stream have.
const LAST_WRITE: ByteSize = ByteSize::mib(17);

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::Ramp;

    #[test]
    fn who_is_open_first_may_wait_until_the_last_is_opened_too() {
        let total_max = |connections| {
            let ramp: Ramp = "1/s".parse().unwrap();
            let scenario = Scenario { connections, ramp, ..Scenario::usual() };
            plan(&scenario, Direction::Upload, ClockOffset::default(), 1).total_max.0
        };
        // Fewer than 200 have the same trickle.
        assert_eq!(total_max(150), total_max(50) + Duration::from_secs(100));
        assert!(total_max(3_600) > Duration::from_hours(1));
    }

    #[test]
    fn many_connections_send_no_more_small_messages_than_two_cores_carry() {
        let shape = |connections| {
            let TrickleShape { messages, spacing, .. } = trickle(connections);
            (messages, spacing.0.as_millis())
        };
        assert_eq!([1, 200, 1_000, 10_000].map(shape), [(40, 20), (40, 20), (40, 100), (4, 1_000)]);
    }
}
