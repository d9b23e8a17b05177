use super::*;
use crate::example::{at, sample};
use proptest::prelude::*;

const HOLD: Duration = Duration::from_secs(2);

/// A judge whose consumer stalled at 0 ms, when the producer moved last.
fn judge() -> Judge {
    let mut judge = Judge::new(Rules { hold: HOLD, round_trip: Duration::from_micros(80) });
    judge.stalled(at(0));
    assert_eq!(judge.observe(&sample(0, 10)), Finding::Going);
    judge
}

/// The first finding other than `Going` over samples every 20 ms, and when it was made.
fn first_finding(
    judge: &mut Judge,
    from: u64,
    until: u64,
    bytes: impl Fn(u64) -> u64,
) -> Option<(u64, Finding)> {
    (from..=until)
        .step_by(20)
        .map(|ms| (ms, judge.observe(&sample(ms, bytes(ms)))))
        .find(|(_, finding)| *finding != Finding::Going)
}

#[test]
fn a_quiet_producer_is_blocked_after_half_a_second_and_held_after_the_hold() {
    let mut judge = judge();
    let (blocked_at, finding) = first_finding(&mut judge, 20, 10_000, |_| 10).unwrap();
    assert_eq!(finding, Finding::Blocked { since: at(0), quiet: Duration::from_millis(500) });
    assert_eq!(blocked_at, 500);
    let held = first_finding(&mut judge, blocked_at + 20, 10_000, |_| 10);
    assert_eq!(held, Some((2500, Finding::Held)));
}

#[test]
fn progress_in_the_hold_withdraws_the_block_and_asks_for_a_longer_quiet() {
    let mut judge = judge();
    first_finding(&mut judge, 20, 10_000, |_| 10).unwrap();
    assert_eq!(judge.observe(&sample(700, 11)), Finding::Withdrawn);
    assert_eq!(judge.quiet(), Duration::from_millis(2100));
    let (blocked_at, _) = first_finding(&mut judge, 720, 10_000, |_| 11).unwrap();
    assert_eq!(blocked_at, 2800);
}

#[test]
fn acknowledged_bytes_are_progress_too() {
    let mut judge = judge();
    first_finding(&mut judge, 20, 10_000, |_| 10).unwrap();
    let drip = Sample { bytes_acked: Some(6), ..sample(1000, 10) };
    assert_eq!(judge.observe(&drip), Finding::Withdrawn);
}

#[test]
fn a_path_that_pauses_and_goes_on_is_never_held() {
    let mut judge = judge();
    for ms in (20..60_000).step_by(20) {
        let finding = judge.observe(&sample(ms, 10 + ms / 700));
        assert_ne!(finding, Finding::Held, "at {ms} ms");
    }
}

#[test]
fn an_open_window_and_room_to_write_is_no_block() {
    let mut judge = judge();
    for ms in (20..10_000).step_by(20) {
        let idle = Sample { waiting: false, snd_wnd: Some(1000), ..sample(ms, 10) };
        assert_eq!(judge.observe(&idle), Finding::Going);
    }
}

#[test]
fn before_the_stall_nothing_is_blocked() {
    let mut judge = Judge::new(Rules { hold: HOLD, round_trip: Duration::ZERO });
    assert_eq!(first_finding(&mut judge, 0, 10_000, |_| 10), None);
}

#[test]
fn three_probes_without_an_answer_are_silence() {
    let mut judge = judge();
    first_finding(&mut judge, 20, 10_000, |_| 10).unwrap();
    let unanswered = Sample { probes: 3, last_ack_received_ms: 1500, ..sample(1600, 10) };
    assert_eq!(judge.observe(&unanswered), Finding::Going, "the third may still be answered");
    let later = Sample { at: at(1640), ..unanswered };
    assert_eq!(judge.observe(&later), Finding::Silent);
}

#[test]
fn a_hold_does_not_end_while_a_probe_is_unanswered() {
    let mut judge = judge();
    first_finding(&mut judge, 20, 10_000, |_| 10).unwrap();
    let asked = Sample { probes: 1, last_ack_received_ms: 900, ..sample(2600, 10) };
    assert_eq!(judge.observe(&asked), Finding::Going);
    assert_eq!(judge.observe(&sample(2620, 10)), Finding::Held);
}

#[test]
fn a_long_round_trip_asks_for_a_long_quiet() {
    let mut judge = Judge::new(Rules { hold: HOLD, round_trip: Duration::from_millis(600) });
    judge.stalled(at(0));
    let (blocked_at, _) = first_finding(&mut judge, 0, 10_000, |_| 10).unwrap();
    assert_eq!(blocked_at, 1800);
}

proptest! {
    /// However a path drips: as long as it moves within each quiet period and hold, it is never held.
    #[test]
    fn no_path_that_moves_every_two_seconds_is_held(steps in proptest::collection::vec(1u64..100, 1..60)) {
        let mut judge = judge();
        let (mut ms, mut bytes) = (0, 10);
        for step in steps {
            for _ in 0..step {
                ms += 20;
                prop_assert_ne!(judge.observe(&sample(ms, bytes)), Finding::Held);
            }
            bytes += 1;
        }
    }
}
