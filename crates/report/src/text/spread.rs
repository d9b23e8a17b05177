//! How far apart several runs were.

use crate::document::{RunReport, VerdictDocument};
use crate::figures::{range, rate, time};
use trace::Direction;
use units::ByteSize;

/// `5 runs: absorbed 258–317 KiB · last write 31–44 ms`; nothing where there was but one run.
pub(super) fn sentence(document: &VerdictDocument, direction: Direction) -> Option<String> {
    if document.runs.is_empty() {
        return None;
    }
    let parts: Vec<String> = SHOWN
        .iter()
        .filter_map(|(field, name, print)| {
            let [least, greatest] = document.spread.get(&format!("{direction}.{field}"))?;
            Some(format!("{name} {}", range(&print(*least), &print(*greatest))))
        })
        .collect();
    let runs = document.runs.len();
    let measured =
        |run: &&RunReport| run.directions.get(&direction).is_some_and(|report| report.absorbed.is_some());
    let all = match document.runs.iter().filter(measured).count() {
        measured if measured == runs => format!("{runs} runs"),
        measured => format!("{measured} of {runs} runs measured"),
    };
    Some(if parts.is_empty() { all } else { format!("{all}: {}", parts.join(" · ")) })
}

/// A figure's field, its name on the screen, and how it is printed.
type Shown = (&'static str, &'static str, fn(f64) -> String);

const SHOWN: [Shown; 7] = [
    ("absorbed.total_bytes", "absorbed", whole_size),
    ("last_write_ms", "last write", time),
    ("zero_window_ms", "zero window", time),
    ("release_ms", "released after", time),
    ("recovery_ms", "recovered after", time),
    ("baseline_bytes_per_second", "baseline", rate),
    ("trickle_held_ms", "trickle held", time),
];

fn whole_size(bytes: f64) -> String {
    ByteSize::nearest(bytes).to_string()
}
