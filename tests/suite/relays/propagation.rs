//! Relays that stop the producer when the consumer stops.

use super::{BOTH, MIB, Path, absorbed, assert_propagates, figure};
use crate::relay::Behaviour;
use std::time::Duration;

#[test]
fn a_plain_relay_propagates_and_loses_nothing() {
    let path = Path::through(Behaviour::Plain);
    for direction in BOTH {
        let checked = path.check(&format!("--direction {direction} --baseline 300ms --hold 1s"));
        assert_propagates(&checked);
        let absorbed = absorbed(checked.only());
        assert!((1..2 * MIB).contains(&absorbed), "{direction}: a plain relay holds little: {absorbed}");
    }
}

#[test]
fn both_directions_are_measured_one_after_the_other_by_default() {
    let checked = Path::through(Behaviour::Plain).check("--baseline 300ms --hold 1s");
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in BOTH {
        let figures = checked.direction(direction);
        assert_eq!(figures["verdict"], "propagates", "{figures}");
        assert_eq!(figures["integrity"]["lost_bytes"], 0, "{figures}");
    }
}

#[test]
fn a_long_path_is_not_taken_for_one_that_absorbs() {
    // The relay keeps what is under way, at most 64 MiB: that is the path's length, and below the limit.
    let path = Path::through(Behaviour::Delay(Duration::from_millis(150)));
    let checked = path.check("--direction upload --hold 1s");
    assert_propagates(&checked);
    assert!(figure(&checked, "round_trip_ms") >= 290.0, "{}", checked.only());
}

#[test]
fn a_long_path_is_not_taken_for_one_that_holds_messages_back() {
    // Longer than a busy machine may keep a relay waiting for its turn.
    let path = Path::through(Behaviour::Delay(Duration::from_millis(400)));
    let checked = path.check("--direction download --baseline 0s --hold 1s");
    assert_propagates(&checked);
    assert!(figure(&checked, "round_trip_ms") >= 790.0, "{}", checked.only());
    assert!(figure(&checked, "trickle_held_ms") < 300.0, "{}", checked.only());
}

#[test]
fn a_relay_that_stalls_both_directions_at_once_propagates() {
    // Nothing runs against the measured stream, so there is nothing that the other direction could lose.
    let path = Path::through(Behaviour::StallsBoth);
    for direction in BOTH {
        let checked = path.check(&format!("--direction {direction} --baseline 300ms --hold 1s"));
        assert_propagates(&checked);
    }
}
