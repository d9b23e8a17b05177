//! Small messages now and then: who holds them back, and who does not.

use super::{BOTH, KIB, Path, assert_propagates, figure};
use crate::relay::Behaviour;
use std::time::Duration;

const BATCHES: Behaviour = Behaviour::Batches { window: Duration::from_millis(300), up_to: 4 * KIB };

#[test]
fn a_relay_that_batches_small_messages_is_said_to_hold_them() {
    let checked = Path::through(BATCHES).check("--direction upload --baseline 300ms --hold 1s");
    assert_propagates(&checked);
    let held = figure(&checked, "trickle_held_ms");
    assert!((200.0..700.0).contains(&held), "{held}");
}

#[test]
fn a_message_held_too_long_is_not_as_expected() {
    let options = "--direction download --baseline 300ms --hold 1s --max-trickle 100ms";
    let checked = Path::through(BATCHES).check(options);
    assert_eq!((checked.word(), checked.code), ("propagates", 1), "{}", checked.verdict);
    let held = figure(&checked, "trickle_held_ms");
    assert!((200.0..700.0).contains(&held), "{held}");
    let unexpected = checked.verdict["unexpected"].as_array().unwrap();
    assert_eq!((unexpected.len(), &checked.verdict["expected"]), (1, &false.into()), "{unexpected:?}");
}

#[test]
fn a_plain_relay_holds_no_message() {
    let path = Path::through(Behaviour::Plain);
    for direction in BOTH {
        let checked = path.check(&format!("--direction {direction} --baseline 100ms --hold 200ms"));
        let held = figure(&checked, "trickle_held_ms");
        assert!((0.0..150.0).contains(&held), "{direction}: {held}");
    }
}
