use super::*;
use crate::{example, fold};
use std::time::Duration;
use units::{ByteRate, Ratio};

fn document(reports: Vec<DirectionReport>) -> VerdictDocument {
    fold(reports.into_iter().map(example::run).collect(), [])
}

fn none() -> Expectations {
    Expectations::of(Verdict::Propagates)
}

fn milliseconds(ms: u64) -> Span {
    Span(Duration::from_millis(ms))
}

#[test]
fn a_verdict_as_expected_within_all_bounds_is_expected() {
    let expectations = Expectations {
        max_absorbed: Some(ByteSize::mib(9)),
        max_path: Some(ByteSize::mib(6)),
        max_onset: Some(milliseconds(40)),
        max_release: Some(milliseconds(4)),
        max_trickle: Some(milliseconds(1)),
        min_baseline: Some(ByteRate::bytes_per_second(1_000_000_000)),
        ..none()
    };
    let document = document(vec![example::direction()]).judged(&expectations);
    assert!(document.expected);
    assert_eq!(document.unexpected, [""; 0]);
}

#[test]
fn a_path_is_bounded_by_the_most_that_it_may_have_absorbed() {
    let absorbed = |path_bytes, framing_bytes| {
        let mut report = example::direction();
        let absorbed = report.absorbed.as_mut().unwrap();
        (absorbed.path_bytes, absorbed.framing_bytes) = (path_bytes, framing_bytes);
        let expectations = Expectations { max_path: Some(ByteSize::kib(64)), ..none() };
        unmet(&document(vec![report]), &expectations)
    };
    assert_eq!(absorbed(64 << 10, 0), [""; 0]);
    assert_eq!(absorbed(-1000, (64 << 10) + 1000), [""; 0]);
    assert_eq!(
        absorbed(60 << 10, 8 << 10),
        ["upload: absorbed by the path 68 KiB, at most 64 KiB was asked"]
    );
    let mut report = example::direction();
    let absorbed = report.absorbed.as_mut().unwrap();
    (absorbed.total_bytes, absorbed.path_bytes, absorbed.framing_bytes) = (64 << 10, 0, 175 << 10);
    let expectations = Expectations { max_path: Some(ByteSize::kib(64)), ..none() };
    assert_eq!(unmet(&document(vec![report]), &expectations), [""; 0], "no more than all");
}

#[test]
fn an_unmet_bound_is_told_with_the_figure_and_the_bound() {
    let expectations = Expectations {
        max_absorbed: Some(ByteSize::mib(4)),
        max_release: Some(milliseconds(2)),
        min_baseline: Some(ByteRate::bytes_per_second(2_000_000_000)),
        ..none()
    };
    let document = document(vec![example::direction()]).judged(&expectations);
    assert!(!document.expected);
    assert_eq!(
        document.unexpected,
        [
            "upload: absorbed 8.2 MiB, at most 4 MiB was asked",
            "upload: release 3.3 ms, at most 2.0 ms was asked",
            "upload: baseline 1.6 GB/s, at least 2 GB/s was asked",
        ]
    );
}

#[test]
fn neighbours_that_are_slower_or_stopped_are_told() {
    let neighbours = Neighbours {
        connections: 8,
        rate_ratio: 1.0,
        p99_ratio: 3.25,
        p99_before_ms: 0.2,
        p99_during_ms: 32.5,
        broken: 0,
    };
    let expectations = Expectations { max_neighbour_slowdown: Some(Ratio::percent(200)), ..none() };
    let told = |neighbours| {
        unmet(&document(vec![DirectionReport { neighbours, ..example::direction() }]), &expectations)
    };
    assert_eq!(told(Some(neighbours)), ["upload: neighbours' slowdown 3.2×, at most 2.0× was asked"]);
    assert_eq!(
        told(Some(Neighbours { rate_ratio: 0.0, ..neighbours })),
        ["upload: neighbours' slowdown without end, at most 2.0× was asked"]
    );
    assert_eq!(told(Some(Neighbours { p99_ratio: 1.0, ..neighbours })), [""; 0]);
    assert_eq!(told(None), ["upload: neighbours' slowdown was not seen, at most 2.0× was asked"]);
}

#[test]
fn a_figure_just_beyond_its_bound_is_told_from_it() {
    let mut report = example::direction();
    report.absorbed.as_mut().unwrap().total_bytes = 4 * 1024 * 1024 + 1;
    let expectations = Expectations { max_absorbed: Some(ByteSize::mib(4)), ..none() };
    assert_eq!(
        unmet(&document(vec![report]), &expectations),
        ["upload: absorbed 4194305 B, at most 4 MiB was asked"]
    );
}

#[test]
fn a_figure_that_was_not_seen_does_not_meet_its_bound() {
    let report = DirectionReport { release_ms: None, ..example::direction() };
    let expectations = Expectations { max_release: Some(milliseconds(10)), ..none() };
    assert_eq!(
        unmet(&document(vec![report.clone()]), &expectations),
        ["upload: release was not seen, at most 10 ms was asked"]
    );
    assert_eq!(
        unmet(&document(vec![report, example::direction()]), &expectations),
        ["upload: release was not seen in 1 of 2 runs, at most 10 ms was asked"]
    );
}

#[test]
fn another_verdict_is_unexpected_in_a_single_run_already() {
    let other = |verdict| DirectionReport { verdict, ..example::direction() };
    let sentences = |reports| unmet(&document(reports), &none());
    assert_eq!(
        sentences(vec![other(Verdict::Absorbs)]),
        ["upload: the verdict is absorbs, where propagates was expected"]
    );
    assert_eq!(
        sentences(vec![example::direction(), other(Verdict::Breaks), example::direction()]),
        ["upload: the verdict is breaks in 1 of 3 runs, where propagates was expected"]
    );
    assert_eq!(
        sentences(vec![other(Verdict::Undecided), other(Verdict::Breaks), example::direction()]),
        ["upload: the verdict is not propagates in 2 of 3 runs, at worst breaks"]
    );
}

#[test]
fn a_better_verdict_than_expected_is_unexpected_too() {
    let expectations = Expectations { verdict: Verdict::Absorbs, ..none() };
    assert_eq!(
        unmet(&document(vec![example::direction()]), &expectations),
        ["upload: the verdict is propagates, where absorbs was expected"]
    );
}

#[test]
fn nothing_measured_meets_nothing() {
    assert_eq!(unmet(&fold(vec![], []), &none()).len(), 1);
}
