use super::*;
use proptest::prelude::*;

const MIB: f64 = 1_048_576.0;

fn at_ms(ms: u64) -> Timestamp {
    Timestamp::from_nanos(ms * 1_000_000)
}

/// What a feed has sent at each of so many milliseconds: `block` bytes every `every` ms.
fn feed(ms: u64, every: u64, block: u64) -> Vec<Passed> {
    (0..=ms).map(|ms| (at_ms(ms), ms / every * block)).collect()
}

/// A steady stream of so many bytes a millisecond.
fn steady(ms: u64, bytes: u64) -> Vec<Passed> {
    feed(ms, 1, bytes)
}

/// After a resume: what had piled up comes at `speed` bytes a ms, then what the feed makes.
fn resumed(piled: u64, speed: u64, feed: &[Passed]) -> Vec<Passed> {
    feed.iter().enumerate().map(|(ms, (at, made))| (*at, *made + piled.min(ms as u64 * speed))).collect()
}

fn backlog(passed: &[Passed], own: u64, before: Live) -> Backlog {
    Resumption { passed, tail: Duration::from_secs(1), own, before }.backlog()
}

#[test]
fn the_rate_of_a_feed_is_that_of_its_blocks_and_most_of_the_time_it_is_idle() {
    let live = Live::of(&feed(1000, 10, 262_144)).unwrap();
    assert!((live.bytes_per_second - 26_214_400.0).abs() < 1.0, "{live:?}");
    assert!(live.uncertainty < 0.05 * live.bytes_per_second, "{live:?}");
    assert!((live.idle - 0.9).abs() < 0.01, "{live:?}");
    assert_eq!(Live::of(&feed(1000, 2000, 1)), None);
}

#[test]
fn what_a_flood_had_piled_up_is_hidden() {
    let before = Live::of(&steady(1000, 1_000_000)).unwrap();
    // Its kernel's buffers come three times as fast as it makes more.
    let passed = resumed(4_000_000, 2_000_000, &steady(2000, 1_000_000));
    assert_eq!(backlog(&passed, 65_536, before), Backlog::Hidden);
}

#[test]
fn a_backlog_that_still_comes_when_the_watch_ends_is_a_lower_bound() {
    let before = Live::of(&feed(1000, 10, 100_000)).unwrap();
    let passed = resumed(1_000_000_000, 150_000, &feed(2000, 10, 100_000));
    let Backlog::AtLeast { bytes } = backlog(&passed, 65_536, before) else { panic!("it is still fast") };
    assert!((bytes / 300_000_000.0 - 1.0).abs() < 0.01, "{bytes}");
}

#[test]
fn a_flood_that_was_slow_before_or_is_over_soon_has_no_backlog_to_be_seen() {
    let before = Live::of(&steady(1000, 200_000)).unwrap();
    let passed = steady(2000, 500_000);
    assert_eq!(backlog(&passed, 65_536, before), Backlog::Hidden);
    let resumption = Resumption { passed: &passed[..60], tail: Duration::from_secs(1), own: 65_536, before };
    assert_eq!(resumption.ended(), Backlog::Hidden);
}

#[test]
fn a_service_that_fell_silent_after_the_resume_had_piled_up_what_came() {
    let before = Live::of(&feed(1000, 10, 100_000)).unwrap();
    let passed: Vec<Passed> = (0..=2000).map(|ms| (at_ms(ms), 3_000_000.min(ms * 100_000))).collect();
    let Backlog::Seen { bytes, .. } = backlog(&passed, 65_536, before) else { panic!("it is seen") };
    // What came while the burst lasted counts as made then.
    assert!((bytes - 3_000_000.0).abs() <= 300_001.0, "{bytes}");
}

#[test]
fn a_flood_that_waits_for_a_processor_half_of_the_time_is_still_a_flood() {
    let before = Live::of(&feed(1000, 4, 400_000)).unwrap();
    assert!(before.idle > 0.5, "{before:?}");
    let passed = resumed(4_000_000, 200_000, &feed(2000, 4, 400_000));
    assert_eq!(backlog(&passed, 65_536, before), Backlog::Hidden);
}

#[test]
fn a_slow_feed_without_pauses_is_told_from_a_flood_by_how_fast_its_backlog_comes() {
    let before = Live::of(&steady(1000, 10_000)).unwrap();
    let passed = resumed(30_000_000, 1_000_000, &steady(1500, 10_000));
    let Backlog::Seen { bytes, .. } = backlog(&passed, 65_536, before) else { panic!("it is seen") };
    assert!((bytes - 30_000_000.0).abs() < 20_000.0, "{bytes}");
}

#[test]
fn nothing_at_all_is_hidden() {
    let before = Live::of(&feed(1000, 10, 100_000)).unwrap();
    assert_eq!(backlog(&[], 0, before), Backlog::Hidden);
}

proptest! {
    /// Whatever a feed had piled up is found, within what is stated and a block.
    #[test]
    fn a_feeds_backlog_is_found_within_its_uncertainty(
        piled in 1_500_000u64..200_000_000,
        every in 2u64..40,
        block in 1_000u64..100_000,
        own in 0u64..120_000,
    ) {
        let before = Live::of(&feed(1000, every, block)).unwrap();
        let passed = resumed(piled, 1_000_000, &feed(1500, every, block));
        let found = backlog(&passed, own, before);
        let Backlog::Seen { bytes, uncertainty, .. } = found else {
            return Err(TestCaseError::fail(format!("{found:?}")));
        };
        let off = (bytes - float(piled)).abs();
        prop_assert!(off <= uncertainty + float(block), "{off} off, {uncertainty} stated, of {piled}");
    }

    /// No curve, however odd, makes it panic or tell a negative number.
    #[test]
    fn any_curve_is_taken(steps in proptest::collection::vec((0u64..1_000_000_000, 0u64..100_000_000), 0..60), own in 0u64..1_000_000) {
        let before = Live { bytes_per_second: MIB, uncertainty: 0.0, idle: 0.0 };
        let mut sum = (0, 0);
        let passed: Vec<Passed> = steps.into_iter().map(|(time, bytes)| {
            sum = (sum.0 + time, sum.1 + bytes);
            (Timestamp::from_nanos(sum.0), sum.1)
        }).collect();
        match backlog(&passed, own, before) {
            Backlog::Seen { bytes, uncertainty, .. } => prop_assert!(bytes >= 0.0 && uncertainty >= 0.0),
            Backlog::AtLeast { bytes } => prop_assert!(bytes >= 0.0),
            Backlog::Hidden => {}
        }
    }
}
