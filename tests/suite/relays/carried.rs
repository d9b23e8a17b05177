//! The same relays under streams that something carries above TCP: messages of a WebSocket, the bodies of HTTP.

use super::{BOTH, MIB, Path, absorbed, assert_intact, assert_propagates};
use crate::command::{self, check};
use crate::figures;
use crate::relay::{Behaviour, Relay};

/// A transport, the scheme of its URLs, and what frames one message at the most.
const CARRIED: [(&str, &str, u64); 2] = [("websocket", "ws", 14), ("http", "http", 12)];

#[test]
fn a_cold_direct_path_absorbs_as_much_as_over_tcp_beside_what_the_ends_hold() {
    assert_as_much_as_over_tcp(&["--transport websocket", "--transport http", "--transport sse"]);
}

#[test]
fn a_cold_direct_path_absorbs_as_much_encrypted_as_plain_beside_what_the_ends_hold() {
    assert_as_much_as_over_tcp(&["--tls", "--tls --transport websocket"]);
}

/// What the kernels and the path hold is that of TCP; a message in user space at either end comes on top.
fn assert_as_much_as_over_tcp(others: &[&str]) {
    let tcp = between_the_ends("--transport tcp");
    for carried in others {
        let other = between_the_ends(carried);
        println!("between the ends: {tcp:?} over TCP, {other:?} with {carried}");
        for (tcp, other) in tcp.into_iter().zip(other) {
            assert!(tcp.abs_diff(other) * 10 <= tcp, "within 10 %: {tcp}, {carried}: {other}");
        }
    }
}

/// Bytes between the ends of a cold direct path, by direction.
fn between_the_ends(carried: &str) -> [u64; 2] {
    let options = ["--baseline", "0s", "--hold", "300ms"];
    let checked = check(&carried.split(' ').chain(options).collect::<Vec<_>>());
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    BOTH.map(|direction| {
        let figures = checked.direction(direction);
        figures::assert_propagates(figures);
        let held = figures::absorbed(figures);
        let bound = figures["absorbed"]["framing_bytes"].as_i64().expect("a bound");
        assert!(held.path <= 0 && held.path >= -bound, "{carried}, {direction}: {held:?}, {bound}");
        // Of events, the queues hold four bytes for three.
        if carried.ends_with("sse") {
            held.send_queue + held.receive_queue
        } else {
            held.total - held.producer - held.consumer
        }
    })
}

#[test]
fn no_more_than_a_message_waits_in_the_producer() {
    for (transport, _, framing) in CARRIED {
        let checked = check(&["--transport", transport, "--message", "256KiB", "--hold", "300ms"]);
        assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
        for direction in BOTH {
            let held = figures::absorbed(checked.direction(direction));
            assert!(held.producer <= (256 << 10) + framing, "{transport}, {direction}: {held:?}");
        }
    }
}

#[test]
fn a_plain_relay_propagates_in_both_directions_and_as_events() {
    let carried = CARRIED.iter().flat_map(|(transport, ..)| BOTH.map(|direction| (*transport, direction)));
    for (transport, direction) in carried.chain([("sse", "download")]) {
        let options = options(transport, direction, "--baseline 300ms");
        assert_propagates(&Path::through(Behaviour::Plain).check(&options));
    }
}

#[test]
fn a_relay_that_reads_without_limit_absorbs() {
    for (transport, _, _) in CARRIED {
        for direction in BOTH {
            let options = options(transport, direction, "--limit 64MiB --baseline 0s");
            let checked = Path::through(Behaviour::Unlimited).check(&options);
            assert_eq!((checked.word(), checked.code), ("absorbs", 1), "{}", checked.verdict);
            assert!(absorbed(checked.only()) >= 64 * MIB, "{}", checked.verdict);
            assert_intact(&checked);
        }
    }
}

#[test]
fn a_reset_in_the_baseline_breaks() {
    for (transport, _, _) in CARRIED {
        for direction in BOTH {
            let behaviour = Behaviour::ResetAfter(8 * MIB as u64);
            let checked = Path::through(behaviour).check(&options(transport, direction, ""));
            assert_eq!((checked.word(), checked.code), ("breaks", 1), "{}", checked.verdict);
            assert_eq!(checked.only()["ended"]["how"], "reset", "{}", checked.verdict);
            assert!(checked.reason().contains("reset the connection"), "{}", checked.verdict);
        }
    }
}

#[test]
fn an_upload_of_an_announced_length_is_measured_like_one_in_chunks() {
    for direction in BOTH {
        let options = options("http", direction, "--http-length=8GiB");
        assert_propagates(&Path::through(Behaviour::Plain).check(&options));
    }
}

#[test]
fn a_server_elsewhere_is_checked_through_a_relay_by_its_url() {
    let (_server, address) = command::server();
    let relay = Relay::start(address, Behaviour::Plain);
    for (_, scheme, _) in CARRIED {
        let target = format!("{scheme}://{}", relay.address());
        let checked = check(&["--target", &target, "--baseline", "300ms", "--hold", "500ms"]);
        assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
        for direction in BOTH {
            let figures = checked.direction(direction);
            assert_eq!(figures["integrity"]["lost_bytes"], 0, "{figures}");
            let uncertainty = figures["clock_uncertainty_ms"].as_f64();
            assert!(uncertainty > Some(0.0) && uncertainty < Some(50.0), "{figures}");
        }
    }
}

fn options(transport: &str, direction: &str, more: &str) -> String {
    format!("--transport {transport} --direction {direction} --hold 500ms {more}")
}
