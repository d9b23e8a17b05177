//! Many connections as one direction: medians, sums, the worst of them.

use crate::document::{Bytes, Connections, DirectionReport, Worst};
use crate::fold::fold_connections;
use std::collections::BTreeMap;
use std::time::Duration;
use trace::Verdict;

/// The worst connections that are told one by one.
const TOLD: usize = 5;

/// What is known of connections that were measured at once, beside their reports.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// How many were asked for.
    pub asked: u32,
    /// How many could be opened.
    pub opened: u32,
    /// From the first attempt until the last was open.
    pub opening: Duration,
    /// Time between two samples of one socket.
    pub sample: Duration,
    /// The connection, from 1, whose samples and events are recorded.
    pub shown: u32,
}

impl Crowd {
    /// One report for all, in the order of their connections: each figure is the lower median of the connections that have
    /// it, the bytes' fate is that of all together, and the worst verdict counts. `None` without any report.
    pub fn sum_up(&self, reports: &[DirectionReport]) -> Option<DirectionReport> {
        let all: Vec<&DirectionReport> = reports.iter().collect();
        let (mut sum, spread) = fold_connections(&all)?;
        sum.integrity = bytes(reports);
        sum.connections = Some(self.connections(reports, sum.verdict, spread));
        Some(sum)
    }

    fn connections(
        &self,
        reports: &[DirectionReport],
        worst: Verdict,
        spread: BTreeMap<String, [f64; 2]>,
    ) -> Connections {
        let mut verdicts = BTreeMap::new();
        for report in reports {
            *verdicts.entry(report.verdict).or_insert(0) += 1;
        }
        let bad = |(_, report): &(u32, &DirectionReport)| {
            report.verdict == worst && report.verdict != Verdict::Propagates
        };
        let told = (1..).zip(reports).filter(bad).take(TOLD);
        Connections {
            asked: self.asked,
            opened: self.opened,
            opening_ms: self.opening.as_secs_f64() * 1e3,
            verdicts,
            worst: told
                .map(|(connection, report)| Worst {
                    connection,
                    verdict: report.verdict,
                    reason: report.reason.clone(),
                })
                .collect(),
            baseline_bytes_per_second: reports
                .iter()
                .filter_map(|report| report.baseline_bytes_per_second)
                .sum(),
            absorbed_bytes: reports
                .iter()
                .filter_map(|report| report.absorbed.map(|absorbed| absorbed.total_bytes))
                .sum(),
            sample_interval_us: u64::try_from(self.sample.as_micros()).unwrap_or(u64::MAX),
            shown: self.shown,
            spread,
        }
    }
}

/// What became of the bytes of all connections of which that is known.
fn bytes(reports: &[DirectionReport]) -> Option<Bytes> {
    let known = reports.iter().filter_map(|report| report.integrity);
    known.reduce(|sum, one| Bytes {
        bytes: sum.bytes.saturating_add(one.bytes),
        lost_bytes: sum.lost_bytes.saturating_add(one.lost_bytes),
        reordered_frames: sum.reordered_frames.saturating_add(one.reordered_frames),
        duplicated_frames: sum.duplicated_frames.saturating_add(one.duplicated_frames),
        corrupted_frames: sum.corrupted_frames.saturating_add(one.corrupted_frames),
        undelivered_bytes: match (sum.undelivered_bytes, one.undelivered_bytes) {
            (Some(sum), Some(one)) => Some(sum.saturating_add(one)),
            (known, None) | (None, known) => known,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    const CROWD: Crowd = Crowd {
        asked: 4,
        opened: 3,
        opening: Duration::from_millis(30),
        sample: Duration::from_millis(1),
        shown: 2,
    };

    fn reports() -> Vec<DirectionReport> {
        let with = |last_write: f64, verdict: Verdict, reason: &str| DirectionReport {
            last_write_ms: Some(last_write),
            verdict,
            reason: reason.to_owned(),
            ..example::direction()
        };
        vec![
            with(30.0, Verdict::Propagates, "stopped"),
            with(50.0, Verdict::Breaks, "it was reset"),
            with(40.0, Verdict::Propagates, "stopped"),
            with(60.0, Verdict::Absorbs, "it swallowed"),
        ]
    }

    #[test]
    fn the_worst_connection_counts_and_the_others_are_counted() {
        let sum = CROWD.sum_up(&reports()).unwrap();
        assert_eq!(sum.verdict, Verdict::Breaks);
        assert_eq!(sum.reason, "1 of 4 connections broke: it was reset");
        let connections = sum.connections.unwrap();
        let counts = [(Verdict::Propagates, 2), (Verdict::Absorbs, 1), (Verdict::Breaks, 1)];
        assert_eq!(connections.verdicts, BTreeMap::from(counts));
        assert_eq!(connections.worst.len(), 1);
        assert_eq!((connections.worst[0].connection, connections.opened), (2, 3));
    }

    #[test]
    fn figures_are_medians_and_bytes_are_sums() {
        let sum = CROWD.sum_up(&reports()).unwrap();
        assert_eq!(sum.last_write_ms, Some(40.0));
        let one = example::direction().integrity.unwrap();
        assert_eq!(sum.integrity.unwrap().bytes, 4 * one.bytes);
        let connections = sum.connections.unwrap();
        assert_eq!(connections.absorbed_bytes, 4 * 8_598_323);
        assert_eq!(connections.spread.get("last_write_ms"), Some(&[30.0, 60.0]));
    }

    #[test]
    fn nothing_sums_up_to_nothing() {
        assert_eq!(CROWD.sum_up(&[]), None);
    }
}
