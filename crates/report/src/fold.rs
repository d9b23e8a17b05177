//! Several runs as one verdict: medians, spread, and the worst of them.

mod columns;

use crate::document::{DirectionReport, FORMAT, RunReport, VerdictDocument};
use columns::Column;
use serde_json::Value;
use std::collections::BTreeMap;
use trace::{Direction, Verdict};

/// The runs as one document; what was expected of them is judged later.
///
/// Each figure is the lower median of the runs that have it, so that it is one that occurred, and an integer
/// where it was one; the medians of parts need not add up to the median of their whole. The verdict is the
/// worst. Its reason, and how the connection ended, are those of one run that came to that verdict: the one
/// with the median last write, if there is such a one. One run folds to itself; none to `undecided`.
pub fn fold(runs: Vec<RunReport>, unmeasured: impl IntoIterator<Item = String>) -> VerdictDocument {
    let directions: Vec<Direction> = [Direction::Upload, Direction::Download]
        .into_iter()
        .filter(|direction| runs.iter().any(|run| run.directions.contains_key(direction)))
        .collect();
    let mut document = VerdictDocument {
        format: FORMAT,
        verdict: Verdict::Undecided,
        reason: "nothing was measured".to_owned(),
        expected: true,
        unexpected: Vec::new(),
        directions: BTreeMap::new(),
        unmeasured: Vec::new(),
        runs: Vec::new(),
        spread: BTreeMap::new(),
    };
    for direction in directions {
        let reports: Vec<&DirectionReport> =
            runs.iter().filter_map(|run| run.directions.get(&direction)).collect();
        let figures = figures(&reports);
        if let Some(folded) = fold_figures(&reports, &figures, Several::Runs) {
            if runs.len() > 1 {
                figures.spread(&direction.to_string(), &mut document.spread);
            }
            document.directions.insert(direction, folded);
        }
    }
    let verdicts: Vec<Verdict> = runs.iter().map(|run| run.verdict).collect();
    if let Some(worst) = worst_run(&runs, &document.directions) {
        document.verdict = worst.verdict;
        document.reason = reason_among(&verdicts, worst.verdict, &worst.reason, Several::Runs);
    }
    for sentence in unmeasured {
        if !document.unmeasured.contains(&sentence) {
            document.unmeasured.push(sentence);
        }
    }
    document.runs = if runs.len() > 1 { runs } else { Vec::new() };
    document
}

/// The run that the verdict is taken from.
fn worst_run<'a>(
    runs: &'a [RunReport],
    medians: &BTreeMap<Direction, DirectionReport>,
) -> Option<&'a RunReport> {
    let verdict = runs.iter().map(|run| run.verdict).max()?;
    let mut worst = runs.iter().filter(|run| run.verdict == verdict);
    let (direction, median) =
        medians.iter().find(|(_, report)| report.verdict == verdict).or(medians.iter().next())?;
    let is_median = |run: &&RunReport| {
        run.directions.get(direction).is_some_and(|report| report.last_write_ms == median.last_write_ms)
    };
    worst.clone().find(is_median).or_else(|| worst.next())
}

/// What is folded, as it is called where some differ from the others.
#[derive(Debug, Clone, Copy)]
enum Several {
    Runs,
    Connections,
}

/// Connections as one, and the least and greatest value of each figure.
pub(crate) fn fold_connections(
    reports: &[&DirectionReport],
) -> Option<(DirectionReport, BTreeMap<String, [f64; 2]>)> {
    let figures = figures(reports);
    let mut extremes = BTreeMap::new();
    figures.spread("", &mut extremes);
    Some((fold_figures(reports, &figures, Several::Connections)?, extremes))
}

fn fold_figures(reports: &[&DirectionReport], figures: &Column, what: Several) -> Option<DirectionReport> {
    let verdict = reports.iter().map(|report| report.verdict).max()?;
    let verdicts: Vec<Verdict> = reports.iter().map(|report| report.verdict).collect();
    let medians = figures.median();
    let mut worst = reports.iter().filter(|report| report.verdict == verdict);
    let last_write = medians.get("last_write_ms").and_then(Value::as_f64);
    let chosen = worst.clone().find(|report| report.last_write_ms == last_write).or_else(|| worst.next())?;
    // Only a figure that is no number at all, which no file can hold, would not come back from JSON.
    let mut folded = serde_json::from_value(medians).unwrap_or_else(|_| (*chosen).clone());
    folded.verdict = verdict;
    folded.reason = reason_among(&verdicts, verdict, &chosen.reason, what);
    folded.ended = chosen.ended;
    folded.connections.clone_from(&chosen.connections);
    Some(folded)
}

/// The reports as JSON would have them, without that which has no median: an end belongs to one connection, a crowd to
/// one run.
fn figures(reports: &[&DirectionReport]) -> Column {
    let mut column = Column::default();
    for report in reports {
        let mut value = serde_json::to_value(report).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.remove("ended");
            fields.remove("connections");
        }
        column.add(value);
    }
    column
}

/// `reason`, and how many came to that verdict where not all did.
fn reason_among(verdicts: &[Verdict], worst: Verdict, reason: &str, what: Several) -> String {
    let what = match what {
        Several::Runs => "runs",
        Several::Connections => "connections",
    };
    let (among, all) = (verdicts.iter().filter(|verdict| **verdict == worst).count(), verdicts.len());
    let did = match worst {
        Verdict::Propagates => "propagated",
        Verdict::Undecided => "stayed undecided",
        Verdict::Absorbs => "absorbed",
        Verdict::Breaks => "broke",
    };
    if among == all { reason.to_owned() } else { format!("{among} of {all} {what} {did}: {reason}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Ended;
    use crate::example;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use trace::{How, Party, Phase};

    fn run(last_write_ms: f64, total_bytes: u64) -> RunReport {
        let mut report = example::direction();
        report.last_write_ms = Some(last_write_ms);
        report.reason = format!("stopped after {last_write_ms} ms");
        report.absorbed.as_mut().unwrap().total_bytes = total_bytes;
        let reason = report.reason.clone();
        let directions = BTreeMap::from([(Direction::Upload, report)]);
        RunReport { verdict: Verdict::Propagates, reason, directions }
    }

    #[test]
    fn figures_become_medians_and_the_reason_that_of_the_median_run() {
        let document = fold(vec![run(44.0, 300), run(31.0, 100), run(38.0, 200)], []);
        let upload = &document.directions[&Direction::Upload];
        assert_eq!(upload.last_write_ms, Some(38.0));
        assert_eq!(upload.absorbed.unwrap().total_bytes, 200);
        assert_eq!(
            (document.reason.as_str(), upload.reason.as_str()),
            ("stopped after 38 ms", "stopped after 38 ms")
        );
        assert_eq!(document.spread.get("upload.absorbed.total_bytes"), Some(&[100.0, 300.0]));
        assert_eq!(document.spread.get("upload.last_write_ms"), Some(&[31.0, 44.0]));
        assert_eq!(document.runs.len(), 3);
    }

    #[test]
    fn the_median_of_an_even_number_is_the_lower_one_that_occurred() {
        let document = fold(vec![run(2.0, 20), run(1.0, 10)], []);
        assert_eq!(document.directions[&Direction::Upload].last_write_ms, Some(1.0));
    }

    #[test]
    fn a_figure_that_some_runs_lack_is_the_median_of_the_others() {
        let mut runs = vec![run(1.0, 10), run(2.0, 20), run(3.0, 30)];
        let figures = |run: &mut RunReport| {
            let upload = run.directions.get_mut(&Direction::Upload).unwrap();
            (upload.zero_window_ms, upload.absorbed, upload.release_ms) = (None, None, None);
        };
        runs.iter_mut().take(2).for_each(figures);
        runs[2].directions.get_mut(&Direction::Upload).unwrap().release_ms = None;
        let document = fold(runs, []);
        let upload = &document.directions[&Direction::Upload];
        assert_eq!(upload.absorbed.unwrap().total_bytes, 30);
        assert_eq!((upload.zero_window_ms, upload.release_ms), (Some(258.0), None));
        assert!(!document.spread.contains_key("upload.release_ms"));
    }

    #[test]
    fn the_worst_verdict_wins_and_says_how_often_it_came() {
        let mut broken = run(50.0, 10);
        let ended = Ended { by: Party::Path, how: How::Reset, phase: Phase::Hold, after_ms: 1000.0 };
        let upload = broken.directions.get_mut(&Direction::Upload).unwrap();
        (upload.verdict, upload.reason, upload.ended) =
            (Verdict::Breaks, "it was reset".to_owned(), Some(ended));
        (broken.verdict, broken.reason) = (Verdict::Breaks, "it was reset".to_owned());
        let document = fold(vec![run(1.0, 10), broken, run(2.0, 10)], []);
        assert_eq!(document.verdict, Verdict::Breaks);
        assert_eq!(document.reason, "1 of 3 runs broke: it was reset");
        let upload = &document.directions[&Direction::Upload];
        assert_eq!((upload.verdict, upload.ended), (Verdict::Breaks, Some(ended)));
        assert_eq!(upload.reason, "1 of 3 runs broke: it was reset");
    }

    #[test]
    fn what_could_not_be_measured_is_said_once() {
        let document = fold(vec![run(1.0, 1)], ["a", "b", "a"].map(str::to_owned));
        assert_eq!(document.unmeasured, ["a", "b"]);
    }

    #[test]
    fn no_run_is_undecided() {
        assert_eq!(fold(vec![], []).verdict, Verdict::Undecided);
    }

    proptest! {
        #[test]
        fn a_fold_of_one_run_is_that_run(last_write in any::<u32>(), total in any::<u64>()) {
            let run = run(f64::from(last_write) / 7.0, total);
            let document = fold(vec![run.clone()], []);
            prop_assert_eq!(document.directions, run.directions);
            prop_assert_eq!((document.verdict, document.reason), (run.verdict, run.reason));
            prop_assert!(document.runs.is_empty() && document.spread.is_empty());
        }

        #[test]
        fn a_median_occurred_and_lies_within_the_spread_in_any_order(totals in vec(any::<u32>(), 2..9)) {
            let runs: Vec<_> = totals.iter().map(|n| run(f64::from(*n), u64::from(*n))).collect();
            let backwards = fold(runs.iter().rev().cloned().collect(), []);
            let document = fold(runs, []);
            prop_assert_eq!(&document.directions, &backwards.directions);
            let upload = &document.directions[&Direction::Upload];
            let total = upload.absorbed.unwrap().total_bytes;
            let occurred = totals.iter().find(|n| u64::from(**n) == total);
            let total = f64::from(*occurred.unwrap());
            prop_assert_eq!(upload.last_write_ms, Some(total));
            let [least, greatest] = document.spread["upload.absorbed.total_bytes"];
            prop_assert!(least <= total && total <= greatest);
        }
    }
}
