//! The same relays under streams in the bodies of HTTP.

use super::{BOTH, MIB, Path, absorbed, assert_intact, assert_propagates};
use crate::command::{self, check};
use crate::figures;
use crate::relay::{Behaviour, Relay};

fn options(direction: &str, more: &str) -> String {
    format!("--transport http --direction {direction} --hold 500ms {more}")
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
            assert!(held.path <= 0 && held.path >= -bound, "{transport}, {direction}: {held:?}, {bound}");
            // Of events, the queues hold four bytes for three.
            if transport == "sse" {
                held.send_queue + held.receive_queue
            } else {
                held.total - held.producer - held.consumer
            }
        })
    };
    let tcp = cold("tcp");
    for transport in ["http", "sse"] {
        let other = cold(transport);
        println!("between the ends: {tcp:?} over TCP, {other:?} over {transport}");
        for (tcp, other) in tcp.into_iter().zip(other) {
            assert!(tcp.abs_diff(other) * 10 <= tcp, "{transport}: {tcp}, {other}");
        }
    }
}

#[test]
fn no_more_than_a_message_waits_in_the_producer() {
    let checked = check(&["--transport", "http", "--message", "256KiB", "--hold", "300ms"]);
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in BOTH {
        let held = figures::absorbed(checked.direction(direction));
        assert!(held.producer <= (256 << 10) + 12, "{direction}: {held:?}");
    }
}

#[test]
fn an_upload_of_an_announced_length_is_measured_like_one_in_chunks() {
    for direction in BOTH {
        let checked = Path::through(Behaviour::Plain).check(&options(direction, "--http-length=8GiB"));
        assert_propagates(&checked);
    }
}

#[test]
fn a_plain_relay_propagates_in_both_directions_and_as_events() {
    for direction in BOTH {
        assert_propagates(&Path::through(Behaviour::Plain).check(&options(direction, "--baseline 300ms")));
    }
    let events = "--transport sse --direction download --hold 500ms --baseline 300ms";
    assert_propagates(&Path::through(Behaviour::Plain).check(events));
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
    for direction in BOTH {
        let behaviour = Behaviour::ResetAfter(8 * MIB as u64);
        let checked = Path::through(behaviour).check(&options(direction, ""));
        assert_eq!((checked.word(), checked.code), ("breaks", 1), "{}", checked.verdict);
        assert_eq!(checked.only()["ended"]["how"], "reset", "{}", checked.verdict);
        assert!(checked.reason().contains("reset the connection"), "{}", checked.verdict);
    }
}

#[test]
fn a_server_elsewhere_is_checked_through_a_relay_by_its_url() {
    let (_server, address) = command::server();
    let relay = Relay::start(address, Behaviour::Plain);
    let target = format!("http://{}", relay.address());
    let checked = check(&["--target", &target, "--baseline", "300ms", "--hold", "1s"]);
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in BOTH {
        let figures = checked.direction(direction);
        assert_eq!(figures["integrity"]["lost_bytes"], 0, "{figures}");
        assert!(figures["clock_uncertainty_ms"].as_f64() > Some(0.0), "{figures}");
        assert!(figures["clock_uncertainty_ms"].as_f64() < Some(50.0), "{figures}");
    }
}
