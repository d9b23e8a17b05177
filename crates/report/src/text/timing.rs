//! When the producer noticed, and when it went on.

use crate::document::DirectionReport;
use crate::figures::{rate, time};
use trace::Phase;

/// `last write 38 ms · zero window 258 ms · released 3.3 ms after resume · 90 % of 1.6 GB/s after 14 ms`
pub(super) fn sentence(report: &DirectionReport) -> String {
    let parts = if report.ended.is_some_and(|ended| ended.phase < Phase::Stall) {
        vec![Some("the connection ended before the stall".to_owned()), Some(baseline(report))]
    } else {
        vec![
            Some(last_write(report)),
            Some(zero_window(report)),
            release(report),
            Some(recovery(report)),
            swallowing(report),
        ]
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn last_write(report: &DirectionReport) -> String {
    report.last_write_ms.map_or_else(
        || "never blocked".to_owned(),
        |last_write| format!("last write {}", by_two_clocks(last_write, report)),
    )
}

fn zero_window(report: &DirectionReport) -> String {
    report.zero_window_ms.map_or_else(
        || "zero window not seen".to_owned(),
        |zero_window| format!("zero window {}", by_two_clocks(zero_window, report)),
    )
}

/// Nothing where there was nothing to release.
fn release(report: &DirectionReport) -> Option<String> {
    match report.release_ms {
        Some(release) => Some(format!("released {} after resume", by_two_clocks(release, report))),
        None if report.last_write_ms.is_none() => None,
        None if report.ended.is_some() => Some("not released before the connection ended".to_owned()),
        None => Some("release not seen".to_owned()),
    }
}

fn recovery(report: &DirectionReport) -> String {
    let Some(before) = report.baseline_bytes_per_second else {
        return baseline(report);
    };
    let goal = format!("90 % of {}", rate(before));
    match report.recovery_ms {
        Some(recovery) => format!("{goal} after {}", time(recovery)),
        None if report.release_ms.is_none() => baseline(report),
        None if report.ended.is_some() => format!("did not recover to {goal} before the connection ended"),
        None => format!("did not recover to {goal} before the end was sent"),
    }
}

fn baseline(report: &DirectionReport) -> String {
    report
        .baseline_bytes_per_second
        .map_or_else(|| "no baseline measured".to_owned(), |before| format!("baseline {}", rate(before)))
}

fn swallowing(report: &DirectionReport) -> Option<String> {
    report
        .swallowing_bytes_per_second
        .map(|swallowing| format!("still swallowing {} at the end", rate(swallowing)))
}

/// A time between something on the producer's clock and something on the consumer's.
fn by_two_clocks(milliseconds: f64, report: &DirectionReport) -> String {
    let uncertainty = report.clock_uncertainty_ms;
    if uncertainty > 0.0 {
        format!("{} ± {}", time(milliseconds), time(uncertainty))
    } else {
        time(milliseconds)
    }
}
