//! A server in another network, behind a packet filter, and under another wall clock.

use super::link::{Link, target};
use super::{PORT, assert_held, finish};
use crate::command::Checked;
use crate::figures::milliseconds;
use crate::stepped_clock::SteppedClock;
use crate::underway::CheckUnderWay;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

#[test]
fn one_open_port_is_enough_for_a_server_in_another_network() {
    let link = Link::new();
    link.far.open_only(PORT);

    let checked = finish(link.check(&[]));

    assert_held(&checked, &DIRECTIONS);
    assert_clocks_compared(&checked);
}

#[test]
fn a_step_of_the_wall_clock_changes_nothing() {
    let clock = SteppedClock::new();
    clock.set(DAY);
    let link = Link::governed(|server| clock.govern(server));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let recording = folder.path().join("run");
    let mut client = link.near.program();
    clock.govern(&mut client);
    client.args(["check", "--format", "json", "--target", &target(), "--output"]).arg(&recording);

    let run = CheckUnderWay::start_as_is(client);
    for _direction in DIRECTIONS {
        link.await_hold();
        clock.set(DAY + HOUR);
        link.await_flow();
        clock.set(DAY - HOUR);
    }
    let checked = finish(run);

    assert_held(&checked, &DIRECTIONS);
    assert_clocks_compared(&checked);
    for direction in DIRECTIONS {
        let figures = checked.direction(direction);
        // Two clocks are compared: what comes first on one may come last on the other, by their uncertainty.
        assert!((-1000.0..1000.0).contains(&milliseconds(figures, "last_write_ms")), "{figures}");
        assert!((-1000.0..1000.0).contains(&milliseconds(figures, "release_ms")), "{figures}");
        assert!((2000.0..5000.0).contains(&milliseconds(figures, "blocked_ms")), "{figures}");
    }
    let ahead = started(&recording).abs_diff(made(folder.path()));
    assert!(ahead > DAY.unsigned_abs() / 2, "the clock that was stepped is the one it reads: {ahead} s");
}

/// Two clocks were compared, and nothing kept them from it.
fn assert_clocks_compared(checked: &Checked) {
    for direction in DIRECTIONS {
        let uncertainty = milliseconds(checked.direction(direction), "clock_uncertainty_ms");
        println!("{direction}: uncertain by {uncertainty} ms");
        assert!(uncertainty > 0.0 && uncertainty < 50.0, "{uncertainty} ms");
    }
    assert_eq!(checked.verdict["unmeasured"], json!([]));
}

/// When a run began by the wall clock that it saw, in seconds since 1970.
fn started(recording: &Path) -> u64 {
    let text = fs::read(recording.join("run.json")).expect("the run is recorded");
    let run: Value = serde_json::from_slice(&text).expect("run.json is JSON");
    run["epoch_unix_ns"].as_u64().expect("it says when it began") / 1_000_000_000
}

/// When a file was made by the machine's wall clock, in seconds since 1970.
fn made(file: &Path) -> u64 {
    let made = fs::metadata(file).and_then(|file| file.modified()).expect("files have times");
    made.duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs()
}

const DIRECTIONS: [&str; 2] = ["upload", "download"];

/// In seconds.
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
