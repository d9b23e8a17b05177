//! The text of a check whose other end is a service.

use super::*;
use crate::one_sided::{Memory, OneSided};

fn one_sided(direction: Direction, change: impl FnOnce(&mut OneSided)) -> Recording {
    let mut figures = OneSided { stall_ms: Some(3_200.0), ..OneSided::default() };
    change(&mut figures);
    let mut report = example::direction();
    (report.absorbed, report.integrity, report.trickle_held_ms) = (None, None, None);
    report.one_sided = Some(figures);
    let mut recording = upload(|_| ());
    let mut run = example::run(report);
    let report = run.directions.remove(&Direction::Upload).unwrap();
    run.directions.insert(direction, report);
    recording.verdict = fold(vec![run], []);
    recording
}

#[test]
fn of_a_service_that_produces_is_told_what_had_piled_up() {
    let recording = one_sided(Direction::Download, |figures| {
        figures.piled_bytes = Some(80_000_000);
        figures.piled_uncertainty_bytes = Some(1_300_000);
        figures.own_bytes = Some(131_072);
        figures.due_bytes = Some(81_000_000);
        figures.baseline_uncertainty_bytes_per_second = Some(20_000_000.0);
        figures.memory = Some(Memory {
            process: 4711,
            before_bytes: 52 << 20,
            stalled_bytes: 131 << 20,
            after_bytes: 60 << 20,
            cpu_live: Some(0.12),
            cpu_stalled: Some(0.11),
        });
    });
    assert_snapshot!(lines(&recording, &["path", "piled up", "timing", "process", "price"]), @r"
        path      client ← service :9000     tcp, download, one side alone
        piled up  76.3 MiB ± 1.2 MiB · 128 KiB of it at our own end · 77.2 MiB were due · in a stall of 3.20 s
        timing    our window closed after 258 ms · stopped after about 38 ms · went on 3.3 ms after resume · live rate 1.6 GB/s ± 20 MB/s
        process   4711 held 52 MiB before, 131 MiB at the end (+79 MiB), 60 MiB afterwards · 12 % of a core before, 11 % at the end
        price     the connection lived · run-1/
        ");
    let hidden = one_sided(Direction::Download, |figures| figures.own_bytes = Some(131_072));
    assert_snapshot!(lines(&hidden, &["piled up"]), @"piled up  not to be told from what came later · 128 KiB of it at our own end · in a stall of 3.20 s");
}

#[test]
fn of_a_service_that_consumes_is_told_what_it_took() {
    let recording = one_sided(Direction::Upload, |figures| {
        figures.taken_bytes = Some(195_584);
        figures.send_queue_bytes = Some(161_792);
        figures.window_limited_share = Some(0.998);
        figures.went_on_by_itself = Some(0);
    });
    assert_snapshot!(lines(&recording, &["path", "taken", "timing", "price"]), @r"
        path      client → service :9000     tcp, upload, one side alone
        taken     191 KiB · 158 KiB more in our own send queue · in a flood of 3.20 s · held back by its window 100 % of that
        timing    last write 38 ms · zero window 258 ms · did not go on by itself
        price     the connection lived · run-1/
        ");
}
