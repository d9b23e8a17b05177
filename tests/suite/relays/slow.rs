//! A consumer that reads slowly instead of not at all.

use super::{BOTH, Path, assert_intact};
use crate::command::check;
use crate::relay::Behaviour;
use crate::workplace::{Workplace, text_of};
use serde_json::Value;

const SLOW: &str = "--baseline 500ms --hold 300ms --slow 10%";

#[test]
fn a_producer_follows_a_slow_consumer_through_a_plain_relay() {
    for direction in BOTH {
        let checked = Path::through(Behaviour::Plain).check(&format!("{SLOW} --direction {direction}"));
        assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
        let slow = slow(checked.only());
        assert!((0.8..1.25).contains(&slow.rate_ratio), "{direction}: {slow:?}");
        assert!((1.0..2.0 * MIB).contains(&slow.queue_bytes), "{direction}: {slow:?}");
        // The share of the rate that was measured, and the time that the queue takes at it.
        let baseline = checked.only()["baseline_bytes_per_second"].as_f64().expect("it was measured");
        assert!((0.04..0.12).contains(&(slow.rate / baseline)), "{direction}: {slow:?} of {baseline}");
        let time = slow.queue_bytes / slow.rate * 1e3;
        assert!((slow.queue_ms - time).abs() < 0.01 * time, "{direction}: {slow:?}");
        assert_intact(&checked);
    }
}

#[test]
fn a_producer_does_not_follow_through_a_relay_that_reads_without_limit() {
    for direction in BOTH {
        let options = format!("{SLOW} --direction {direction} --limit 64MiB --expect absorbs");
        let checked = Path::through(Behaviour::Unlimited).check(&options);
        assert_eq!((checked.word(), checked.code), ("absorbs", 0), "{}", checked.verdict);
        let slow = slow(checked.only());
        assert!(slow.rate_ratio > 2.0, "{direction}: {slow:?}");
        assert!(slow.queue_bytes > 8.0 * MIB, "{direction}: {slow:?}");
        assert_intact(&checked);
    }
}

#[test]
fn slow_reading_is_a_phase_of_the_recording_and_a_line_of_the_report() {
    let place = Workplace::new();
    let run = place.run(&format!("check {SLOW} --direction upload --output run"));
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.lines().any(|line| line.starts_with("slow ")), "{}", run.stdout);
    let events = text_of(&place.path().join("run/events.jsonl"));
    let named = |event: &str, more: &str| {
        let found = events.lines().position(|line| line.contains(event) && line.contains(more));
        found.unwrap_or_else(|| panic!("{event} {more}: {events}"))
    };
    let phases = ["resume", "slow", "verify"].map(|phase| named("phase_began", &format!("\"{phase}\"")));
    assert!(phases.is_sorted(), "{events}");
    named("\"slowed\"", "\"rate\"");
    assert_eq!(place.run("report run").stdout.lines().count(), run.stdout.lines().count());
}

#[test]
fn without_the_option_there_is_no_slow_reading() {
    let checked = check(&["--direction", "upload", "--baseline", "300ms", "--hold", "300ms"]);
    assert_eq!(checked.only()["slow"], Value::Null, "{}", checked.verdict);
}

const MIB: f64 = 1_048_576.0;

#[derive(Debug)]
struct Slow {
    rate_ratio: f64,
    queue_bytes: f64,
    queue_ms: f64,
    rate: f64,
}

fn slow(direction: &Value) -> Slow {
    let found = &direction["slow"];
    let figure = |name: &str| found[name].as_f64().unwrap_or_else(|| panic!("{name}: {direction:#}"));
    Slow {
        rate_ratio: figure("rate_ratio"),
        queue_bytes: figure("queue_bytes"),
        queue_ms: figure("queue_ms"),
        rate: figure("consumer_bytes_per_second"),
    }
}
