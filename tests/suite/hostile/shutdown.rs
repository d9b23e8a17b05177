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
fn sigterm_ends_a_server_while_a_check_runs_and_the_path_is_not_blamed() {
    for direction in BOTH {
        ended_in_the_hold(Victim::terminate, &["--direction", direction]).is_undecided_about(direction);
    }
}

#[test]
fn a_server_that_is_killed_is_not_blamed_on_the_path() {
    for direction in BOTH {
        let told = ended_in_the_hold(Victim::kill, &["--direction", direction]);
        told.is_undecided_about(direction);
        let reason = told.verdict["reason"].as_str().expect("a reason is a text");
        assert!(reason.contains("the server does not answer any more"), "{reason}");
    }
}

/// Its run is shorter than the drain.
#[test]
fn a_server_that_drains_serves_its_run_to_the_end() {
    let told = told_after(Victim::terminate, &["--baseline", "0s", "--hold", "100ms"]);
    assert_eq!(told.code, 0, "{}", told.verdict);
}

#[test]
fn what_was_measured_before_the_server_ended_is_kept() {
    let told = ended_in_the_hold(Victim::terminate, &[]);
    told.is_undecided_about("upload");
    assert!(told.place.path().join("run/verdict.json").exists(), "it leaves a recording");
}

/// What a check told whose server ended.
struct Told {
    place: Workplace,
    code: i32,
    verdict: Value,
}

impl Told {
    fn is_undecided_about(&self, direction: &str) {
        assert_eq!(self.code, 1, "{direction}: {}", self.verdict);
        assert_eq!(self.verdict["expected"], false, "{direction}: {}", self.verdict);
        let figures = &self.verdict["directions"][direction];
        assert_eq!(figures["verdict"], "undecided", "{direction}: {figures}");
        assert_eq!(figures["ended"], Value::Null, "{direction}: {figures}");
    }
}

fn ended_in_the_hold<T>(end: impl FnOnce(&mut Victim) -> T, options: &[&str]) -> Told {
    told_after(end, &[&["--baseline", "0s", "--hold", "1m", "--deadline", "2m"], options].concat())
}

/// Starts a check, and ends its server once the first stream is stalled.
fn told_after<T>(end: impl FnOnce(&mut Victim) -> T, options: &[&str]) -> Told {
    let mut victim = Victim::start();
    let place = Workplace::new();
    let before = victim.settled_descriptors();
    let check = victim.start_check(&place, options);
    victim.awaits_a_stalled_stream(before + 2);
    end(&mut victim);
    let check = ended(check);
    let verdict = serde_json::from_str(&check.stdout)
        .unwrap_or_else(|error| panic!("it tells its verdict: {error}: {}", check.stderr));
    Told { place, code: check.code, verdict }
}

const BOTH: [&str; 2] = ["upload", "download"];
