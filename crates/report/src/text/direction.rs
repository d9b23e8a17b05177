//! The block of one direction.

use super::page::{LABEL, Page};
use super::{TextOptions, connections, neighbours, one_sided, price, slow, sparkline, spread, timing};
use crate::document::{DirectionReport, PathDescription};
use crate::figures::{PartsOf, count, rate, size, time};
use crate::recording::Recording;
use trace::Direction;

pub(super) fn write(
    page: &mut Page,
    recording: &Recording,
    (direction, report): (Direction, &DirectionReport),
    options: &TextOptions,
) {
    if let Some(found) = &report.one_sided {
        return one_sided::write(page, recording, (direction, report, found), options);
    }
    page.line("path", &path(&recording.run.path, Some(direction)));
    page.verdict(report.verdict, &report.reason);
    let mut label = "at once";
    for sentence in connections::sentences(report) {
        page.line(label, &sentence);
        label = "";
    }
    page.line("absorbed", &absorbed(report));
    page.line("timing", &timing::sentence(report));
    page.line("price", &price::sentence(report, &recording.run.scenario, options.folder.as_deref()));
    page.line("trickle", &trickle(report));
    if let Some(slow) = slow::sentence(report, &recording.run.scenario) {
        page.line("slow", &slow);
    }
    if let Some(neighbours) = neighbours::sentence(report, &recording.run.scenario) {
        page.line("neighbours", &neighbours);
    }
    sparkline::write(page, recording, direction, options.width.saturating_sub(LABEL));
    for note in notes(report) {
        page.line("note", &note);
    }
    if let Some(ranges) = spread::sentence(&recording.verdict, direction) {
        page.line("runs", &ranges);
    }
}

/// `client → [127.0.0.1:8080] → server :9000     tcp, upload`; the arrows show where the stream runs.
pub(super) fn path(path: &PathDescription, direction: Option<Direction>) -> String {
    let arrow = if direction == Some(Direction::Download) { '←' } else { '→' };
    let via = path.via.as_deref().map(|via| format!("[{via}] {arrow} ")).unwrap_or_default();
    let direction = direction.map(|direction| format!(", {direction}")).unwrap_or_default();
    format!("client {arrow} {via}server {}     {}{direction}", path.server, path.transport)
}

fn absorbed(report: &DirectionReport) -> String {
    let Some(absorbed) = &report.absorbed else {
        return "not measured".to_owned();
    };
    let parts = PartsOf::total(absorbed.total_bytes);
    let part = |bytes: u64| parts.part(i64::try_from(bytes).unwrap_or(i64::MAX));
    format!(
        "{} = {} in the producer + {} send queue + {} path + {} receive queue + {} in the consumer",
        size(absorbed.total_bytes),
        part(absorbed.producer_bytes),
        part(absorbed.send_queue_bytes),
        parts.part(absorbed.path_bytes),
        part(absorbed.receive_queue_bytes),
        part(absorbed.consumer_bytes),
    )
}

fn trickle(report: &DirectionReport) -> String {
    report.trickle_held_ms.map_or_else(|| "not measured".to_owned(), |held| format!("held ≤ {}", time(held)))
}

fn notes(report: &DirectionReport) -> Vec<String> {
    let drip = report.slowest_drip_bytes_per_second.map(|drip| {
        format!("a path that takes {} or less would have looked blocked in this hold", rate(drip))
    });
    let lost = report.sampler.filter(|sampler| sampler.lost > 0).map(|sampler| {
        format!(
            "the producer's sampler lost {}, took {}",
            count(sampler.lost, "sample"),
            count(sampler.taken, "sample")
        )
    });
    let framing = report.absorbed.as_ref().map_or(0, |absorbed| absorbed.framing_bytes);
    let framing = (framing > 0).then(|| {
        format!(
            "queues hold frame headers too: the path's share may be {} too low, which --max-path allows for",
            count(framing, "byte")
        )
    });
    drip.into_iter().chain(framing).chain(lost).collect()
}
