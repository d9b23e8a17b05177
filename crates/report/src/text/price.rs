//! What the stall cost: bytes, and the connection.

use crate::document::{Bytes, DirectionReport, Ended};
use crate::figures::{count, round_time, size, time};
use scenario::{Integrity, Scenario};
use trace::{How, Phase};

/// `0 bytes lost, reordered or changed in 3.1 GiB · connection survived the 2 s hold · run-1/`
pub(super) fn sentence(report: &DirectionReport, scenario: &Scenario, folder: Option<&str>) -> String {
    let found = report.integrity.as_ref();
    let undelivered = found.and_then(|found| found.undelivered_bytes).filter(|bytes| *bytes > 0);
    let unknown = || "what became of the bytes is unknown".to_owned();
    let parts = [
        Some(found.map_or_else(unknown, |found| bytes(found, scenario.integrity))),
        undelivered.map(|bytes| format!("{} written but never delivered", size(bytes))),
        Some(connection(report, scenario)),
        folder.map(|folder| format!("{}/", folder.trim_end_matches('/'))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn bytes(found: &Bytes, checked: Integrity) -> String {
    let lost = found.lost_bytes.unsigned_abs();
    let wrong: Vec<String> = [
        (found.lost_bytes > 0).then(|| format!("{} lost", count(lost, "byte"))),
        (found.lost_bytes < 0).then(|| format!("{} added", count(lost, "byte"))),
        frames(found.reordered_frames, "reordered"),
        frames(found.duplicated_frames, "duplicated"),
        frames(found.corrupted_frames, "changed"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let all = size(found.bytes);
    match checked {
        Integrity::Full if wrong.is_empty() => format!("0 bytes lost, reordered or changed in {all}"),
        Integrity::Off if wrong.is_empty() => {
            format!("0 bytes lost or reordered in {all}, payload not checked")
        }
        _ => format!("{} in {all}", wrong.join(", ")),
    }
}

fn frames(number: u64, fate: &str) -> Option<String> {
    (number > 0).then(|| format!("{} {fate}", count(number, "frame")))
}

fn connection(report: &DirectionReport, scenario: &Scenario) -> String {
    match report.ended {
        Some(ended) => end(ended),
        None if report.blocked_ms.is_some() => {
            format!("connection survived the {} hold", round_time(scenario.hold.0))
        }
        None => "the connection was not seen to the end of a hold".to_owned(),
    }
}

fn end(ended: Ended) -> String {
    let Ended { by, how, phase, after_ms } = ended;
    let how = match how {
        How::Fin => "closed by",
        How::Reset => "reset by",
        How::Timeout => "timed out at",
        How::Broken => "broken by",
    };
    let since = if phase < Phase::Stall { "the connect" } else { "the stall began" };
    format!("connection {how} the {by} in the {phase} phase, {} after {since}", time(after_ms))
}
