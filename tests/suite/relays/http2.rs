//! HTTP/2, whose own windows stop a producer while TCP's stays open.

use super::{BOTH, MIB, Path, assert_propagates};
use crate::command::{check, server};
use crate::figures;
use crate::relay::Behaviour;
use serde_json::Value;

/// What our ends take of a stream before somebody reads it.
const WINDOW: u64 = MIB as u64;

/// The largest piece that is handed over at once.
const PIECE: u64 = 16 << 10;

#[test]
fn the_streams_window_stops_the_producer_and_is_named() {
    let checked = check(&["--transport", "http", "--http2", "--baseline", "300ms", "--hold", "500ms"]);
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in BOTH {
        assert_stopped_by_the_window(checked.direction(direction));
    }
}

#[test]
fn tls_agrees_on_http2() {
    let options = ["--transport", "http", "--http2", "--tls", "--direction", "download"];
    let checked = check(&[&options[..], &["--baseline", "0s", "--hold", "500ms"]].concat());
    assert_stopped_by_the_window(checked.only());
}

#[test]
fn a_plain_relay_carries_http2_and_events_on_it() {
    for transport in ["http", "sse"] {
        let options =
            format!("--transport {transport} --http2 --direction download --hold 500ms --baseline 300ms");
        assert_propagates(&Path::through(Behaviour::Plain).check(&options));
    }
}

#[test]
fn a_server_elsewhere_is_checked_over_http2() {
    let (_server, address) = server();
    let target = format!("http://{address}");
    let checked = check(&["--target", &target, "--http2", "--baseline", "300ms", "--hold", "500ms"]);
    for direction in BOTH {
        assert_stopped_by_the_window(checked.direction(direction));
    }
}

fn assert_stopped_by_the_window(direction: &Value) {
    figures::assert_propagates(direction);
    let reason = direction["reason"].as_str().unwrap_or_default();
    assert!(
        reason.contains("by HTTP/2's stream window") && reason.contains("TCP's stayed open"),
        "{direction}"
    );
    let held = figures::absorbed(direction);
    assert_eq!((held.send_queue, held.receive_queue), (0, 0), "{held:?}");
    // The window opens again only when half of it was read, so as much of it may be closed.
    assert!(held.consumer >= WINDOW / 2 - PIECE && held.total <= WINDOW + 2 * PIECE, "{held:?}");
    // A piece in the producer and one in the consumer may be on the way through HTTP/2, which does not tell.
    assert!(u64::try_from(held.path).is_ok_and(|path| path <= 2 * PIECE + 9 * 80), "{held:?}");
}
