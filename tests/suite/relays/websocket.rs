//! The same relays under streams that WebSocket carries.

use super::{BOTH, MIB, Path, absorbed, assert_intact, assert_propagates};
use crate::command::{self, check};
use crate::figures;
use crate::relay::{Behaviour, Relay};

fn options(direction: &str, more: &str) -> String {
    format!("--transport websocket --direction {direction} --hold 500ms {more}")
}

/// What the kernels and the path hold is that of TCP; a message in user space at either end comes on top.
#[test]
fn a_cold_direct_path_absorbs_as_much_as_over_tcp_beside_what_the_ends_hold() {
    let cold = |transport| {
        let checked = check(&["--transport", transport, "--baseline", "0s", "--hold", "300ms"]);
        assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
        BOTH.map(|direction| {
            let held = figures::absorbed(checked.direction(direction));
            let bound = checked.direction(direction)["absorbed"]["framing_bytes"].as_i64().expect("a bound");
            assert!(held.path <= 0 && held.path >= -bound, "{direction}: {held:?}, {bound}");
            held.total - held.producer - held.consumer
        })
    };
    let (tcp, websocket) = (cold("tcp"), cold("websocket"));
    println!("between the ends: {tcp:?} over TCP, {websocket:?} over WebSocket");
    for (tcp, websocket) in tcp.into_iter().zip(websocket) {
        assert!(tcp.abs_diff(websocket) * 10 <= tcp, "within 10 %: {tcp}, {websocket}");
    }
}

#[test]
fn no_more_than_a_message_waits_in_the_producer() {
    let checked = check(&["--transport", "websocket", "--message", "256KiB", "--hold", "300ms"]);
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in BOTH {
        let held = figures::absorbed(checked.direction(direction));
        assert!(held.producer <= (256 << 10) + 14, "{direction}: {held:?}");
    }
}

#[test]
fn a_plain_relay_propagates_in_both_directions() {
    for direction in BOTH {
        assert_propagates(&Path::through(Behaviour::Plain).check(&options(direction, "--baseline 300ms")));
    }
}

#[test]
fn a_relay_that_reads_without_limit_absorbs() {
    for direction in BOTH {
        let checked =
            Path::through(Behaviour::Unlimited).check(&options(direction, "--limit 64MiB --baseline 0s"));
        assert_eq!((checked.word(), checked.code), ("absorbs", 1), "{}", checked.verdict);
        assert!(absorbed(checked.only()) >= 64 * MIB, "{}", checked.verdict);
        assert_intact(&checked);
    }
}

#[test]
fn a_reset_in_the_baseline_breaks() {
    let behaviour = Behaviour::ResetAfter(8 * MIB as u64);
    let checked = Path::through(behaviour).check(&options("upload", ""));
    assert_eq!((checked.word(), checked.code), ("breaks", 1), "{}", checked.verdict);
    assert_eq!(checked.only()["ended"]["how"], "reset", "{}", checked.verdict);
}

#[test]
fn a_server_elsewhere_is_checked_through_a_relay_by_its_url() {
    let (_server, address) = command::server();
    let relay = Relay::start(address, Behaviour::Plain);
    let target = format!("ws://{}", relay.address());
    let checked = check(&["--target", &target, "--baseline", "300ms", "--hold", "1s"]);
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in BOTH {
        let figures = checked.direction(direction);
        assert_eq!(figures["integrity"]["lost_bytes"], 0, "{figures}");
        assert!(figures["clock_uncertainty_ms"].as_f64() > Some(0.0), "{figures}");
    }
}
