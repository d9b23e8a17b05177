//! Relays that go on taking bytes while the consumer reads nothing.

use super::{BOTH, KIB, MIB, Path, absorbed, assert_intact, assert_propagates, figure};
use crate::relay::Behaviour;
use std::time::Duration;

/// A bounded buffer behind 5 Mbit/s, which takes 40 s to fill.
const DRIP: Behaviour = Behaviour::DripWhenStalled { capacity: 24 * MIB, rate: 625_000 };

#[test]
fn a_relay_that_reads_without_limit_absorbs() {
    for direction in BOTH {
        let path = Path::through(Behaviour::Unlimited);
        let checked =
            path.check(&format!("--direction {direction} --limit 64MiB --baseline 300ms --hold 1s"));
        let only = checked.only();
        assert_eq!((checked.word(), checked.code), ("absorbs", 1), "{only:#}");
        // A relay that reads faster than its consumer may hold more than that before the stall begins.
        assert!(absorbed(only) >= 64 * MIB, "{direction}: {only:#}");
        assert!(checked.reason().contains("took"), "{}", checked.reason());
        assert!(only["last_write_ms"].is_null() && only["release_ms"].is_null(), "{only:#}");
        assert!(only["recovery_ms"].is_null() && only["ended"].is_null(), "{only:#}");
        assert_intact(&checked);
    }
}

#[test]
fn a_relay_that_reads_without_limit_is_as_expected_where_that_is_expected() {
    let path = Path::through(Behaviour::Unlimited);
    let options = "--direction upload --limit 64MiB --expect absorbs --baseline 0s --hold 1s";
    let checked = path.check(options);
    assert_eq!((checked.word(), checked.code), ("absorbs", 0), "{}", checked.verdict);
    assert_eq!(checked.verdict["expected"], true, "{}", checked.verdict);
    assert_eq!(absorbed(checked.only()), 64 * MIB, "{}", checked.verdict);
}

#[test]
fn long_a_relay_that_drips_is_undecided_at_the_default_deadline() {
    let checked = Path::through(DRIP).check("--direction upload");
    assert_eq!((checked.word(), checked.code), ("undecided", 1), "{}", checked.only());
    assert!(checked.reason().contains("after 30"), "{}", checked.reason());
    let rate = figure(&checked, "swallowing_bytes_per_second");
    assert!((500_000.0..750_000.0).contains(&rate), "{rate}: {}", checked.only());
    assert_intact(&checked);
}

#[test]
fn long_a_relay_that_drips_propagates_once_its_buffer_is_full() {
    let checked = Path::through(DRIP).check("--direction download --deadline 90s");
    assert_propagates(&checked);
    assert!((24 * MIB..26 * MIB).contains(&absorbed(checked.only())), "{}", checked.only());
    assert!(figure(&checked, "last_write_ms") > 30_000.0, "{}", checked.only());
}

#[test]
fn a_relay_that_pauses_again_and_again_never_propagates() {
    let pauses = Behaviour::Pauses { pause: Duration::from_millis(700), burst: 256 * KIB };
    let path = Path::through(pauses);
    let checked = path.check("--direction upload --deadline 12s");
    assert_eq!((checked.word(), checked.code), ("undecided", 1), "{}", checked.only());
    assert!(figure(&checked, "swallowing_bytes_per_second") > 50_000.0, "{}", checked.only());
    assert_intact(&checked);
}

#[test]
fn a_relay_that_takes_much_between_its_pauses_absorbs() {
    let pauses = Behaviour::Pauses { pause: Duration::from_millis(700), burst: 8 * MIB };
    let path = Path::through(pauses);
    let checked = path.check("--direction download --limit 64MiB --deadline 20s");
    assert_eq!((checked.word(), checked.code), ("absorbs", 1), "{}", checked.only());
    assert_intact(&checked);
}

#[test]
fn a_deadline_that_leaves_no_time_for_the_hold_is_refused() {
    let (code, _, complaint) =
        crate::command::run(&["check", "--output", "none", "--hold", "2s", "--deadline", "2100ms"]);
    assert_eq!(code, 2, "{complaint}");
    assert!(complaint.contains("--deadline") && complaint.contains("--hold"), "{complaint}");
}
