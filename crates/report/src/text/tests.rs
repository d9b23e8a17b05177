mod one_sided;

use super::*;
use crate::document::{Bytes, DirectionReport, Ended, Neighbours, Slow};
use crate::example;
use crate::fold::fold;
use insta::assert_snapshot;
use trace::{Direction, How, Party, Phase, Verdict};
use units::Ratio;

fn options() -> TextOptions {
    TextOptions { width: 100, colour: false, folder: Some("run-1".to_owned()) }
}

/// The lines with one of the labels.
fn lines(recording: &Recording, labels: &[&str]) -> String {
    let text = text(recording, &options());
    text.lines()
        .filter(|line| labels.iter().any(|label| line.starts_with(label)))
        .collect::<Vec<_>>()
        .join("\n")
}

fn upload(change: impl FnOnce(&mut DirectionReport)) -> Recording {
    let mut report = example::direction();
    change(&mut report);
    example::upload(report)
}

fn found(report: &mut DirectionReport) -> &mut Bytes {
    report.integrity.as_mut().expect("the example's bytes are known")
}

#[test]
fn slow_reading_has_a_line_where_it_was_asked() {
    let mut recording = upload(|report| {
        report.slow = Some(Slow {
            rate_ratio: 1.0,
            queue_bytes: 8_598_323,
            queue_ms: 53.3,
            consumer_bytes_per_second: 161_234_567.0,
        });
    });
    assert_eq!(lines(&recording, &["slow"]), "", "it was not asked");
    recording.run.scenario.slow = Some(Ratio::percent(10));
    assert_snapshot!(
        lines(&recording, &["slow"]),
        @"slow      at 10 %, 161.2 MB/s, the producer followed: 1.00 of the consumer's rate · 8.2 MiB in the path, 53 ms to read"
    );
    recording.verdict.directions.values_mut().for_each(|report| report.slow = None);
    assert_snapshot!(lines(&recording, &["slow"]), @"slow      not measured at 10 %");
}

#[test]
fn neighbours_have_a_line_where_there_were_any() {
    let mut recording = upload(|report| {
        report.neighbours = Some(Neighbours {
            connections: 8,
            rate_ratio: 0.0,
            p99_ratio: 250.0,
            p99_before_ms: 0.2,
            p99_during_ms: 2500.0,
            broken: 1,
        });
    });
    assert_eq!(lines(&recording, &["neighbours"]), "", "it was not asked");
    recording.run.scenario.neighbours = 8;
    assert_snapshot!(
        lines(&recording, &["neighbours"]),
        @"neighbours 8 beside the stall, the worst of them: 0.00 of its rate · p99 200 µs before, 2.50 s during · 1 broken"
    );
    recording.verdict.directions.values_mut().for_each(|report| report.neighbours = None);
    assert_snapshot!(lines(&recording, &["neighbours"]), @"neighbours not measured");
}

#[test]
fn a_recording_reads_as_in_the_readme() {
    let mut recording = example::recording();
    recording.verdict.unexpected = vec!["upload: release 3.3 ms, at most 2.0 ms was asked".to_owned()];
    assert_snapshot!(text(&recording, &options()), @r"
        path      client → [127.0.0.1:8080] → server :9000     tcp, upload
        verdict   PROPAGATES: the producer was stopped 38 ms after the consumer
        absorbed  8.2 MiB = 0 in the producer + 2.7 send queue + 5.4 path + 0.1 receive queue + 0 in the consumer
        timing    last write 38 ms · zero window 258 ms · released 3.3 ms after resume · 90 % of 1.6 GB/s after 14 ms
        price     0 bytes lost, reordered or changed in 3.1 GiB · connection survived the 2 s hold · run-1/
        trickle   held ≤ 200 µs
        window    █████████████████████████▇▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▇████████  0–64 KiB
        rate      ▂▂▂▂▂▂▂▂▂▂████████████▄▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▇████████  0–1.6 GB/s
        stall                           ├────────── 2.30 s ──────────┤          in 4.79 s
        note      a path that takes 32.8 kB/s or less would have looked blocked in this hold

        path      client ← [127.0.0.1:8080] ← server :9000     tcp, download
        verdict   PROPAGATES: the producer was stopped 38 ms after the consumer
        absorbed  8.2 MiB = 0 in the producer + 2.7 send queue + 5.4 path + 0.1 receive queue + 0 in the consumer
        timing    last write 38 ms · zero window 258 ms · released 3.3 ms after resume · 90 % of 1.6 GB/s after 14 ms
        price     0 bytes lost, reordered or changed in 3.1 GiB · connection survived the 2 s hold · run-1/
        trickle   held ≤ 200 µs
        window    █████████████████████████▇▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▇████████  0–64 KiB
        rate      ▂▂▂▂▂▂▂▂▂▂████████████▄▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▇████████  0–1.6 GB/s
        stall                           ├────────── 2.30 s ──────────┤          in 4.79 s
        note      a path that takes 32.8 kB/s or less would have looked blocked in this hold

        latency   latency      intended send to read    count        4   p50  120 µs   p99  320 µs   max  320 µs
                  held_back    intended send to write   count        2   p50    2 µs   p99    3 µs   max    3 µs   and 1 other below 0 or above 1 h
                  zero_window  length of a zero window  count        1   p50  2.10 s   p99  2.10 s   max  2.10 s
        unmeasured what the path's own host holds
        unexpected upload: release 3.3 ms, at most 2.0 ms was asked
        ");
}

#[test]
fn a_direct_path_has_no_middle() {
    let mut recording = upload(|_| ());
    (recording.run.path.via, recording.run.path.server) = (None, "127.0.0.1:40213".to_owned());
    assert_snapshot!(lines(&recording, &["path"]), @"path      client → server 127.0.0.1:40213     tcp, upload");
}

#[test]
fn what_was_not_seen_is_said_in_words() {
    let recording = upload(|report| {
        report.verdict = Verdict::Undecided;
        report.reason = "it was still swallowing 625 kB/s at the deadline".to_owned();
        (report.last_write_ms, report.zero_window_ms) = (None, None);
        (report.release_ms, report.recovery_ms, report.blocked_ms) = (None, None, None);
        (report.absorbed, report.trickle_held_ms, report.baseline_bytes_per_second) = (None, None, None);
        (report.swallowing_bytes_per_second, report.slowest_drip_bytes_per_second) = (Some(625_000.0), None);
    });
    assert_snapshot!(lines(&recording, &["verdict", "absorbed", "timing", "price", "trickle", "note"]), @r"
        verdict   UNDECIDED: it was still swallowing 625 kB/s at the deadline
        absorbed  not measured
        timing    never blocked · zero window not seen · no baseline measured · still swallowing 625 kB/s at the end
        price     0 bytes lost, reordered or changed in 3.1 GiB · the connection was not seen to the end of a hold · run-1/
        trickle   not measured
        ");
}

#[test]
fn a_path_that_does_not_recover_is_told_from_one_without_a_baseline() {
    let slow = upload(|report| report.recovery_ms = None);
    assert_snapshot!(lines(&slow, &["timing"]), @"timing    last write 38 ms · zero window 258 ms · released 3.3 ms after resume · did not recover to 90 % of 1.6 GB/s before the end was sent");
    let cold = upload(|report| (report.recovery_ms, report.baseline_bytes_per_second) = (None, None));
    assert_snapshot!(lines(&cold, &["timing"]), @"timing    last write 38 ms · zero window 258 ms · released 3.3 ms after resume · no baseline measured");
    let hanging = upload(|report| (report.recovery_ms, report.release_ms) = (None, None));
    assert_snapshot!(lines(&hanging, &["timing"]), @"timing    last write 38 ms · zero window 258 ms · release not seen · baseline 1.6 GB/s");
}

#[test]
fn an_end_names_who_and_when() {
    let ended = |phase| Some(Ended { by: Party::Path, how: How::Reset, phase, after_ms: 1_020.0 });
    let held = upload(|report| {
        report.ended = ended(Phase::Hold);
        (report.release_ms, report.recovery_ms) = (None, None);
        found(report).undelivered_bytes = Some(8_598_323);
    });
    assert_snapshot!(lines(&held, &["timing", "price"]), @r"
        timing    last write 38 ms · zero window 258 ms · not released before the connection ended · baseline 1.6 GB/s
        price     0 bytes lost, reordered or changed in 3.1 GiB · 8.2 MiB written but never delivered · connection reset by the path in the hold phase, 1.02 s after the stall began · run-1/
        ");
    let early = upload(|report| {
        report.ended = ended(Phase::Trickle);
        (report.last_write_ms, report.zero_window_ms, report.baseline_bytes_per_second) = (None, None, None);
    });
    assert_snapshot!(lines(&early, &["timing", "price"]), @r"
        timing    the connection ended before the stall · no baseline measured
        price     0 bytes lost, reordered or changed in 3.1 GiB · connection reset by the path in the trickle phase, 1.02 s after the connect · run-1/
        ");
}

#[test]
fn bytes_of_an_unknown_fate_are_not_said_to_be_whole() {
    let recording = upload(|report| report.integrity = None);
    let price = lines(&recording, &["price"]);
    assert!(price.contains("what became of the bytes is unknown"), "{price}");
}

#[test]
fn damage_is_counted_by_its_kind() {
    let recording = upload(|report| {
        found(report).lost_bytes = 1_460;
        found(report).reordered_frames = 2;
        found(report).corrupted_frames = 1;
    });
    assert_snapshot!(lines(&recording, &["price"]), @"price     1,460 bytes lost, 2 frames reordered, 1 frame changed in 3.1 GiB · connection survived the 2 s hold · run-1/");
    let added = upload(|report| found(report).lost_bytes = -1);
    assert_snapshot!(lines(&added, &["price"]), @"price     1 byte added in 3.1 GiB · connection survived the 2 s hold · run-1/");
}

#[test]
fn figures_of_two_clocks_bear_their_uncertainty() {
    let recording = upload(|report| {
        report.clock_uncertainty_ms = 0.15;
        report.release_ms = Some(-0.05);
    });
    assert_snapshot!(lines(&recording, &["timing"]), @"timing    last write 38 ms ± 150 µs · zero window 258 ms ± 150 µs · released -50 µs ± 150 µs after resume · 90 % of 1.6 GB/s after 14 ms");
}

#[test]
fn several_runs_show_medians_and_how_far_they_were_apart() {
    let mut recording = example::recording();
    let runs = [(258_048, 31.0), (317_440, 44.0), (300_000, 38.0)].map(|(total_bytes, last_write)| {
        let mut report = example::direction();
        report.absorbed.as_mut().unwrap().total_bytes = total_bytes;
        report.last_write_ms = Some(last_write);
        example::run(report)
    });
    recording.verdict = fold(runs.to_vec(), []);
    assert_snapshot!(lines(&recording, &["timing", "stall", "runs"]), @r"
        timing    last write 38 ms · zero window 258 ms · released 3.3 ms after resume · 90 % of 1.6 GB/s after 14 ms
        stall                           ├────────── 2.30 s ──────────┤          in 4.79 s, run 1 of 3
        runs      3 runs: absorbed 252–310 KiB · last write 31–44 ms · zero window 258 ms · released after 3.3 ms · recovered after 14 ms · baseline 1.6 GB/s · trickle held 200 µs
        ");
}

#[test]
fn nothing_measured_is_said_without_a_direction() {
    let mut recording = example::recording();
    recording.verdict = fold(vec![], ["the check was interrupted in the connect phase".to_owned()]);
    (recording.run.unmeasured, recording.latencies) = (vec![], vec![]);
    assert_snapshot!(text(&recording, &options()), @r"
        path      client → [127.0.0.1:8080] → server :9000     tcp
        verdict   UNDECIDED: nothing was measured

        unmeasured the check was interrupted in the connect phase
        ");
}

#[test]
fn a_stall_that_never_ends_and_a_kernel_without_windows_are_shown_as_such() {
    let mut recording = upload(|_| ());
    recording.events.retain(|event| !matches!(event.timed.event, trace::Event::Resumed { .. }));
    for sample in &mut recording.streams[0].producer {
        sample.snd_wnd = None;
    }
    assert_snapshot!(lines(&recording, &["window", "stall"]), @r"
        window    not told by the kernel
        stall                           ├────────── never resumed ───────────╌  in 4.79 s
        ");
    recording.streams.clear();
    assert_snapshot!(lines(&recording, &["window", "rate", "stall"]), @r"
        window    not sampled
        rate      not sampled
        ");
}

#[test]
fn curves_fit_a_narrow_screen() {
    let text = text(&upload(|_| ()), &TextOptions { width: 60, ..options() });
    let curve = text.lines().find(|line| line.starts_with("rate")).unwrap();
    assert!(curve.chars().count() <= 60, "{curve}");
}

#[test]
fn colour_is_used_only_where_it_was_asked_for() {
    let plain = text(&example::recording(), &options());
    assert!(plain.chars().all(|c| c == '\n' || !c.is_control()));
    let coloured = text(&example::recording(), &TextOptions { colour: true, ..options() });
    assert!(coloured.contains("\u{1b}[1;32mPROPAGATES\u{1b}[0m: "), "{coloured}");
    let without = coloured.replace("\u{1b}[1;32m", "").replace("\u{1b}[2m", "").replace("\u{1b}[0m", "");
    assert_eq!(without, plain);
}

#[test]
fn what_a_recording_holds_cannot_steer_the_terminal() {
    let hostile = "\u{1b}]0;owned\u{7}\r\n\u{202e}".to_owned();
    let mut recording = upload(|report| report.reason = hostile.clone());
    recording.run.path.server = hostile.clone();
    recording.run.path.transport = hostile.clone();
    recording.verdict.unmeasured = vec![hostile.clone()];
    recording.verdict.unexpected = vec![hostile.clone()];
    let text = text(&recording, &TextOptions { folder: Some(hostile), ..options() });
    assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{text:?}");
}
