//! What holds for any plan, on a simulated clock.

use super::super::pace::quantum;
use super::*;
use proptest::prelude::*;

/// What was read in one phase.
#[derive(Debug, Clone, Default)]
struct Seen {
    began: Timestamp,
    ended: Timestamp,
    bytes: u64,
    reads: u64,
}

/// One step of a simulation.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// How late the reader is asked, and how long a read takes, in microseconds.
    late_us: u64,
    /// How much of the allowance a read finds, 1 to 100 %.
    percent: u64,
}

/// Runs `reader` over `steps`, repeated; returns what each phase saw, the present one last.
fn run(reader: &mut Reader, steps: &[Step], asks: usize) -> Vec<Seen> {
    let place = |reader: &Reader| (reader.ahead.len(), reader.phase.end.is_none());
    let (mut now, mut present) = (START, place(reader));
    let mut seen = vec![Seen { began: now, ..Seen::default() }];
    for step in steps.iter().cycle().take(asks) {
        let allowance = reader.next(now);
        if place(reader) != present {
            seen.push(Seen { began: now, ..Seen::default() });
            present = place(reader);
        }
        let phase = seen.last_mut().unwrap();
        let late = Duration::from_micros(step.late_us);
        match allowance {
            Allowance::Read { at_most } => {
                assert!(at_most > 0);
                let found = (at_most as u64).min(1 << 40) * step.percent / 100;
                let taken = found.max(1);
                now = now.plus(late);
                reader.took(usize::try_from(taken).unwrap(), now);
                (phase.bytes, phase.reads) = (phase.bytes + taken, phase.reads + 1);
            }
            Allowance::Wait { until } | Allowance::Stalled { until: Some(until) } => {
                assert!(until > now);
                now = until.plus(late);
            }
            Allowance::Stalled { until: None } => now = now.plus(late),
        }
        phase.ended = now;
    }
    seen
}

fn any_manner() -> impl Strategy<Value = Manner> {
    prop_oneof![
        Just(Manner::Unlimited),
        prop_oneof![1u64..1000, 1000u64..100_000_000, Just(1 << 53)].prop_map(paced),
        (1u64..1 << 24, 0u64..100).prop_map(|(chunk, every)| chunks(chunk, every)),
    ]
}

fn any_phase() -> impl Strategy<Value = ReadPhase> {
    prop_oneof![
        (any_manner(), 1u64..500).prop_map(|(manner, ms)| ReadPhase { manner, end: after(ms) }),
        (any_manner(), 1u64..1_000_000).prop_map(|(manner, most)| ReadPhase { manner, end: bytes(most) }),
        (1u64..500).prop_map(|ms| ReadPhase { manner: Manner::Stalled, end: after(ms) }),
    ]
}

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let late = prop_oneof![Just(0u64), 0u64..50_000];
    let step = (late, 1u64..=100).prop_map(|(late_us, percent)| Step { late_us, percent });
    prop::collection::vec(step, 1..20)
}

/// The most that `manner` may have read, given what was seen.
fn most(manner: Manner, seen: &Seen) -> u128 {
    match manner {
        Manner::Unlimited => u128::MAX,
        Manner::Stalled => 0,
        Manner::Paced(rate) => {
            let nanoseconds = seen.ended.since(seen.began).unwrap().as_nanos();
            // Rounded up: a read is due on a whole nanosecond.
            let due = (u128::from(rate.as_u64()) * nanoseconds).div_ceil(1_000_000_000);
            due + u128::from(quantum(rate).as_u64())
        }
        Manner::Chunks { chunk, .. } => u128::from(chunk.as_u64()) * u128::from(seen.reads),
    }
}

proptest! {
    #[test]
    fn no_phase_is_skipped_cut_short_or_exceeded(
        ending in prop::collection::vec(any_phase(), 0..6), last in any_manner(), steps in any_steps(),
    ) {
        let mut reader = Reader::new(&ReadPlan::of_checked(ending.clone(), last), START);
        let seen = run(&mut reader, &steps, 3000);
        prop_assert!(seen.len() <= ending.len() + 1);
        for (index, phase) in seen.iter().enumerate() {
            let over = index + 1 < seen.len();
            let manner = ending.get(index).map_or(last, |planned| planned.manner);
            prop_assert!(u128::from(phase.bytes) <= most(manner, phase), "{manner:?} {phase:?}");
            match ending.get(index).map(|planned| planned.end) {
                Some(PhaseEnd::After(span)) if over => {
                    prop_assert!(phase.ended.since(phase.began).unwrap() >= span.0, "{phase:?}");
                }
                Some(PhaseEnd::Bytes(size)) if over => prop_assert_eq!(phase.bytes, size.as_u64()),
                Some(PhaseEnd::Bytes(size)) => prop_assert!(phase.bytes <= size.as_u64()),
                Some(PhaseEnd::After(_)) | None => {}
            }
        }
    }

    #[test]
    fn a_pace_is_kept_by_a_reader_that_is_faster_than_it(
        rate in prop_oneof![1u64..1000, 1000u64..1 << 40], steps in any_steps(),
    ) {
        // Reads find all they may take; a wait that is 2 ms late and a read of 2 ms are below the 5 ms of the shortest quantum,
        // one byte of 199 a second.
        let steps: Vec<Step> =
            steps.into_iter().map(|step| Step { percent: 100, late_us: step.late_us.min(2000) }).collect();
        let mut reader = reader(&[], paced(rate));
        let seen = run(&mut reader, &steps, 2000).pop().unwrap();
        let nanoseconds = seen.ended.since(seen.began).unwrap().as_nanos();
        let due = u128::from(rate) * nanoseconds / 1_000_000_000;
        prop_assert!(u128::from(seen.bytes) <= most(paced(rate), &seen));
        let slack = 2 * u128::from(quantum(ByteRate::bytes_per_second(rate)).as_u64());
        prop_assert!(u128::from(seen.bytes) + slack >= due, "{} of {due}", seen.bytes);
    }

    #[test]
    fn chunks_are_never_closer_than_their_pause(chunk in 1u64..1 << 20, every in 1u64..100, steps in any_steps()) {
        let mut reader = reader(&[], chunks(chunk, every));
        let seen = run(&mut reader, &steps, 500).pop().unwrap();
        let pauses = seen.ended.since(seen.began).unwrap().as_millis() / u128::from(every);
        prop_assert!(u128::from(seen.reads) <= pauses + 1);
        prop_assert!(seen.reads >= 249, "each second ask is a read");
    }
}
