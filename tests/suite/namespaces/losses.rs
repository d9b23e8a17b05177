//! Packets that are lost in the hold without a sign: what dies must be told from what is merely held.

use super::link::Link;
use super::{PORT, assert_held, check_within, finish};
use crate::command::{Background, Checked};
use crate::namespace::Namespace;
use crate::waiting::pause;
use serde_json::Value;
use std::time::Duration;

#[test]
fn long_an_upload_breaks_when_only_its_own_packets_are_lost() {
    assert_breaks_when_data_is_lost("upload");
}

#[test]
fn long_a_download_breaks_when_only_its_own_packets_are_lost() {
    assert_breaks_when_data_is_lost("download");
}

#[test]
fn long_an_upload_breaks_when_all_packets_are_lost() {
    assert_breaks_when_all_is_lost("upload", "upload");
}

/// The producer cannot tell what it sees: only after the resume does its silence show.
#[test]
fn long_a_download_breaks_when_all_packets_are_lost() {
    assert_breaks_when_all_is_lost("download", "download");
}

#[test]
fn long_what_was_found_is_told_although_the_other_direction_cannot_be_measured_any_more() {
    assert_breaks_when_all_is_lost("both", "upload");
}

/// Nobody can lead the server's end any more, but the path of the stream is well.
#[test]
fn long_a_lost_control_connection_is_no_verdict_on_an_upload() {
    assert_undecided_when_control_is_lost("upload");
}

#[test]
fn long_a_lost_control_connection_is_no_verdict_on_a_download() {
    assert_undecided_when_control_is_lost("download");
}

#[test]
fn a_direct_path_breaks_when_its_packets_are_lost() {
    let network = Namespace::with_loopback(65_536);
    let run = check_within(&network, PORT, PORT, &COLD_UPLOAD);

    network.await_persisting(PORT);
    network.lose(&format!("tcp dport {PORT}"));
    let checked = finish(run);

    assert_fell_silent(&checked, checked.only(), DEADLINE_MS);
}

/// The middlebox goes on answering the producer: only after the resume does it show that nothing comes through.
#[test]
fn a_middlebox_that_lost_its_upstream_breaks_the_stream() {
    let (network, middlebox) = (Namespace::with_loopback(65_536), PORT + 1);
    let mut socat = network.command("socat");
    // It serves one connection: a child of its own would wait for the lost packets when the test is over.
    socat.arg(format!("TCP-LISTEN:{middlebox},bind=127.0.0.1,reuseaddr"));
    let _socat = Background(socat.arg(format!("TCP:127.0.0.1:{PORT}")).spawn().expect("socat starts"));
    network.await_listener(middlebox);
    let run = check_within(&network, PORT, middlebox, &COLD_UPLOAD);

    network.await_persisting(middlebox);
    network.lose(&format!("tcp dport {PORT}"));
    let checked = finish(run);

    assert_fell_silent(&checked, checked.only(), DEADLINE_MS);
}

#[test]
fn an_upload_survives_an_outage_of_a_second_in_the_hold() {
    assert_survives_an_outage("upload");
}

#[test]
fn a_download_survives_an_outage_of_a_second_in_the_hold() {
    assert_survives_an_outage("download");
}

fn assert_breaks_when_data_is_lost(direction: &str) {
    let link = Link::new();
    let run = link.check(&["--baseline", "0s", "--direction", direction]);

    link.cut_only(&link.await_hold().data);
    let checked = finish(run);

    assert_fell_silent(&checked, checked.only(), DEADLINE_MS);
}

fn assert_breaks_when_all_is_lost(asked: &str, measured: &str) {
    let link = Link::new();
    let run = link.check(&["--baseline", "0s", "--deadline", "10s", "--direction", asked]);

    link.await_hold();
    link.cut();
    let checked = finish(run);

    assert_fell_silent(&checked, checked.direction(measured), 10_000.0 + SILENCE_MS);
}

fn assert_undecided_when_control_is_lost(direction: &str) {
    let link = Link::new();
    let run = link.check(&["--baseline", "0s", "--deadline", "10s", "--direction", direction]);

    link.cut_only(&link.await_hold().control);
    let checked = finish(run);

    println!("{}", checked.verdict);
    assert_eq!((checked.word(), checked.code), ("undecided", 1), "{}", checked.verdict);
    assert_eq!(checked.only()["ended"], Value::Null, "{}", checked.verdict);
    assert!(checked.verdict.to_string().contains("control connection"), "said: {}", checked.verdict);
}

fn assert_survives_an_outage(direction: &str) {
    let link = Link::new();
    let run = link.check(&["--baseline", "0s", "--direction", direction]);

    link.await_hold();
    link.cut();
    pause(Duration::from_secs(1));
    let lost = link.mend();
    let checked = finish(run);

    println!("{lost} packets were lost");
    assert!(lost > 0, "an outage loses something");
    assert_held(&checked, &[direction]);
}

/// The path ended the stream by falling silent, and that was noticed in time.
fn assert_fell_silent(checked: &Checked, figures: &Value, deadline_ms: f64) {
    println!("{}", checked.verdict);
    assert_eq!((checked.word(), checked.code), ("breaks", 1), "{}", checked.verdict);
    assert_eq!(figures["verdict"], "breaks");
    assert_eq!((&figures["ended"]["by"], &figures["ended"]["how"]), (&"path".into(), &"timeout".into()));
    let reason = figures["reason"].as_str().expect("a reason is a text");
    assert!(reason.contains("the path fell silent"), "{reason}");
    let after = figures["ended"]["after_ms"].as_f64().expect("the end has a time");
    assert!(after > 0.0 && after < deadline_ms, "noticed {after} ms after the stall began");
}

const COLD_UPLOAD: [&str; 4] = ["--baseline", "0s", "--direction", "upload"];

/// The default of `--deadline`, for stall and hold together.
const DEADLINE_MS: f64 = 30_000.0;

/// A consumer that reads waits at least 5 s for bytes before it calls their path dead.
const SILENCE_MS: f64 = 7_000.0;
