//! The block of a direction whose other end is a service that is not ours.

use super::page::{LABEL, Page};
use super::{TextOptions, sparkline, spread};
use crate::document::DirectionReport;
use crate::figures::{count, rate, size, time};
use crate::one_sided::{Memory, OneSided};
use crate::recording::Recording;
use trace::{Direction, Verdict};

pub(super) fn write(
    page: &mut Page,
    recording: &Recording,
    (direction, report, found): (Direction, &DirectionReport, &OneSided),
    options: &TextOptions,
) {
    let arrow = if direction == Direction::Download { '←' } else { '→' };
    let path = &recording.run.path;
    let path =
        format!("client {arrow} service {}     {}, {direction}, one side alone", path.server, path.transport);
    page.line("path", &path);
    page.verdict(report.verdict, &report.reason);
    match direction {
        Direction::Download => {
            page.line("piled up", &piled(found));
            page.line("timing", &download_timing(report, found));
        }
        Direction::Upload => {
            page.line("taken", &taken(found));
            page.line("timing", &upload_timing(report, found));
        }
    }
    if let Some(memory) = &found.memory {
        page.line("process", &process(memory));
    }
    page.line("price", &price(report, options.folder.as_deref()));
    sparkline::write(page, recording, direction, options.width.saturating_sub(LABEL));
    if let Some(ranges) = spread::sentence(&recording.verdict, direction) {
        page.line("runs", &ranges);
    }
}

/// `80 MiB ± 1.2 MiB in a stall of 3.2 s = 0.1 MiB at our own end + the rest beyond it; 80 MiB were due`
fn piled(found: &OneSided) -> String {
    let due = found.due_bytes.map(|due| format!("{} were due", size(due)));
    let own = found.own_bytes.map(|own| format!("{} of it at our own end", size(own)));
    let piled = match (found.piled_bytes, found.piled_uncertainty_bytes) {
        (Some(piled), Some(uncertainty)) => format!("{} ± {}", size(piled), size(uncertainty)),
        (Some(piled), None) => format!("at least {}", size(piled)),
        (None, _) => "not to be told from what came later".to_owned(),
    };
    let stall = found.stall_ms.map(|stall| format!("in a stall of {}", time(stall)));
    [Some(piled), own, due, stall].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn download_timing(report: &DirectionReport, found: &OneSided) -> String {
    let uncertainty = found.baseline_uncertainty_bytes_per_second.map(|by| format!(" ± {}", rate(by)));
    let live = |live| format!("live rate {}{}", rate(live), uncertainty.unwrap_or_default());
    let parts = [
        Some(report.zero_window_ms.map_or_else(
            || "our window never closed".to_owned(),
            |shut| format!("our window closed after {}", time(shut)),
        )),
        report.last_write_ms.map(|onset| format!("stopped after about {}", time(onset))),
        report.release_ms.map(|release| format!("went on {} after resume", time(release))),
        Some(report.baseline_bytes_per_second.map_or_else(|| "no live rate measured".to_owned(), live)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn taken(found: &OneSided) -> String {
    let parts = [
        Some(found.taken_bytes.map_or_else(|| "not measured".to_owned(), size)),
        found.send_queue_bytes.map(|queue| format!("{} more in our own send queue", size(queue))),
        found.stall_ms.map(|flood| format!("in a flood of {}", time(flood))),
        found
            .window_limited_share
            .map(|share| format!("held back by its window {:.0} % of that", share * 100.0)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn upload_timing(report: &DirectionReport, found: &OneSided) -> String {
    let by_itself = match (found.went_on_by_itself, report.last_write_ms) {
        (Some(1..), _) => {
            found.went_on_by_itself.map(|times| format!("went on by itself {}", count(times, "time")))
        }
        (_, Some(_)) => Some("did not go on by itself".to_owned()),
        _ => None,
    };
    let parts = [
        Some(report.last_write_ms.map_or_else(
            || "never stopped".to_owned(),
            |last_write| format!("last write {}", time(last_write)),
        )),
        Some(report.zero_window_ms.map_or_else(
            || "zero window not seen".to_owned(),
            |zero_window| format!("zero window {}", time(zero_window)),
        )),
        by_itself,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// `4711 held 52 MiB before, 131 MiB at the end (+79 MiB), 60 MiB afterwards · 12 % of a core, then 11 %`
fn process(memory: &Memory) -> String {
    let Memory { process, before_bytes, stalled_bytes, after_bytes, cpu_live, cpu_stalled } = *memory;
    let grown = if stalled_bytes >= before_bytes {
        format!("+{}", size(stalled_bytes - before_bytes))
    } else {
        format!("-{}", size(before_bytes - stalled_bytes))
    };
    let used = cpu_live.zip(cpu_stalled).map_or_else(String::new, |(live, stalled)| {
        format!(" · {:.0} % of a core before, {:.0} % at the end", live * 100.0, stalled * 100.0)
    });
    let (before, stalled, after) = (size(before_bytes), size(stalled_bytes), size(after_bytes));
    format!("{process} held {before} before, {stalled} at the end ({grown}), {after} afterwards{used}")
}

fn price(report: &DirectionReport, folder: Option<&str>) -> String {
    let lived = match report.ended {
        Some(ended) => format!("the connection ended in the {} phase", ended.phase),
        None if report.verdict == Verdict::Breaks => "the connection ended".to_owned(),
        None if report.blocked_ms.is_some() => "the connection lived".to_owned(),
        None => "the connection was not put to the test".to_owned(),
    };
    let folder = folder.map(|folder| format!("{}/", folder.trim_end_matches('/')));
    [Some(lived), folder].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
