//! SIGTERM, whatever the server is about.

use super::attack::Run;
use super::victim::Victim;
use crate::workplace::{Workplace, ended};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use std::net::TcpStream;
use std::time::Duration;

#[test]
fn sigterm_ends_an_idle_server() {
    let mut victim = Victim::start();
    victim.serves_a_check();
    let waited = victim.terminate();
    assert!(waited < Duration::from_secs(2), "nothing was left to wait for: {waited:?}");
}

#[test]
fn sigterm_ends_a_server_that_strangers_hold_on_to() {
    let mut victim = Victim::start();
    let mut random = StdRng::seed_from_u64(10);
    let idle: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(victim.address()).expect("it listens")).collect();
    let runs: Vec<Run> = (0..20).map(|_| Run::begin(victim.address(), &mut random)).collect();
    victim.terminate();
    drop((idle, runs));
}

#[test]
fn sigterm_ends_a_server_while_a_check_runs_and_the_check_tells_the_truth() {
    for direction in ["upload", "download"] {
        let mut victim = Victim::start();
        let place = Workplace::new();
        let options = ["--direction", direction, "--baseline", "0s", "--hold", "1m", "--deadline", "2m"];
        let before = victim.settled_descriptors();
        let check = victim.start_check(&place, &options);
        victim.awaits_a_stalled_stream(before + 2);
        victim.terminate();
        let check = ended(check);
        assert_eq!(check.code, 1, "{}", check.stderr);
        let verdict: Value = serde_json::from_str(&check.stdout).expect("it tells its verdict");
        let word = verdict["verdict"].as_str().expect("a verdict is a word");
        assert_eq!(word, "undecided", "{direction}: the path is not to blame: {verdict}");
        assert_eq!(verdict["expected"], false, "{direction}: {verdict}");
    }
}

#[test]
fn a_server_that_is_killed_is_not_blamed_on_the_path() {
    for direction in ["upload", "download"] {
        let mut victim = Victim::start();
        let place = Workplace::new();
        let options = ["--direction", direction, "--baseline", "0s", "--hold", "1m", "--deadline", "2m"];
        let before = victim.settled_descriptors();
        let check = victim.start_check(&place, &options);
        victim.awaits_a_stalled_stream(before + 2);
        victim.kill();
        let check = ended(check);
        assert_eq!(check.code, 1, "{}", check.stderr);
        let verdict: Value = serde_json::from_str(&check.stdout).expect("it tells its verdict");
        assert_eq!(verdict["verdict"], "undecided", "{direction}: {verdict}");
        assert_eq!(verdict["directions"][direction]["ended"], Value::Null, "{direction}: {verdict}");
        let reason = verdict["reason"].as_str().expect("a reason is a text");
        assert!(reason.contains("the server does not answer any more"), "{reason}");
    }
}

/// Its run is shorter than the drain.
#[test]
fn a_server_that_drains_serves_its_run_to_the_end() {
    let mut victim = Victim::start();
    let place = Workplace::new();
    let before = victim.settled_descriptors();
    let check = victim.start_check(&place, &["--baseline", "0s", "--hold", "100ms"]);
    victim.awaits_a_stalled_stream(before + 2);
    victim.terminate();
    let check = ended(check);
    assert_eq!(check.code, 0, "{}{}", check.stdout, check.stderr);
}

#[test]
fn what_was_measured_before_the_server_ended_is_kept() {
    let mut victim = Victim::start();
    let place = Workplace::new();
    let before = victim.settled_descriptors();
    let options = ["--baseline", "0s", "--hold", "1m", "--deadline", "2m"];
    let check = victim.start_check(&place, &options);
    victim.awaits_a_stalled_stream(before + 2);
    victim.terminate();
    let check = ended(check);
    assert_eq!(check.code, 1, "the upload was measured until then: {}", check.stderr);
    let verdict: Value = serde_json::from_str(&check.stdout).expect("it tells its verdict");
    let word = verdict["directions"]["upload"]["verdict"].as_str().unwrap_or_default();
    assert_eq!(word, "undecided", "{verdict}");
    assert!(place.path().join("run/verdict.json").exists(), "it leaves a recording");
}
