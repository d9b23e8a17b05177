//! Figures against what was expected of them.

use crate::document::{DirectionReport, Neighbours, VerdictDocument};
use crate::figures::{rate, size, time};
use scenario::Expectations;
use trace::{Direction, Verdict};
use units::{ByteSize, Span};

impl VerdictDocument {
    /// Notes which of the expectations are not met, in place of what was noted before.
    #[must_use]
    pub fn judged(mut self, expectations: &Expectations) -> Self {
        self.unexpected = unmet(&self, expectations);
        self.expected = self.unexpected.is_empty();
        self
    }
}

/// The expectations that the document does not meet, a sentence each, beginning with the direction.
///
/// Every direction must meet all of them. With several runs the medians must keep the bounds, each run must
/// have the figure, and each must have come to the expected verdict.
pub fn unmet(document: &VerdictDocument, expectations: &Expectations) -> Vec<String> {
    if document.directions.is_empty() {
        return vec![format!(
            "nothing was measured, where the verdict {} was expected",
            expectations.verdict
        )];
    }
    let mut sentences = Vec::new();
    for (direction, median) in &document.directions {
        let runs = runs(document, *direction, median);
        let verdict = verdict_unmet(&runs, expectations.verdict);
        let bounds = bounds(expectations).into_iter().filter_map(|bound| bound.unmet(median, &runs));
        sentences.extend(verdict.into_iter().chain(bounds).map(|unmet| format!("{direction}: {unmet}")));
    }
    sentences
}

/// Each run of the direction; the document's own figures where there was but one.
fn runs<'a>(
    document: &'a VerdictDocument,
    direction: Direction,
    only: &'a DirectionReport,
) -> Vec<&'a DirectionReport> {
    let runs: Vec<_> = document.runs.iter().filter_map(|run| run.directions.get(&direction)).collect();
    if runs.is_empty() { vec![only] } else { runs }
}

fn verdict_unmet(runs: &[&DirectionReport], expected: Verdict) -> Option<String> {
    let worst = runs.iter().map(|run| run.verdict).filter(|verdict| *verdict != expected).max()?;
    let others = runs.iter().filter(|run| run.verdict != expected).count();
    let among = if runs.len() > 1 { format!(" in {others} of {} runs", runs.len()) } else { String::new() };
    let what = if others > 1 && runs.iter().any(|run| run.verdict != expected && run.verdict != worst) {
        format!("not {expected}{among}, at worst {worst}")
    } else {
        format!("{worst}{among}, where {expected} was expected")
    };
    Some(format!("the verdict is {what}"))
}

/// One bound on one figure.
struct Bound {
    name: &'static str,
    figure: fn(&DirectionReport) -> Option<f64>,
    at_least: bool,
    limit: f64,
    unit: Unit,
}

#[derive(Clone, Copy)]
enum Unit {
    Bytes,
    Milliseconds,
    BytesPerSecond,
    Times,
}

/// The bounds that were asked for.
fn bounds(expectations: &Expectations) -> Vec<Bound> {
    let Expectations {
        verdict: _,
        max_absorbed,
        max_path,
        max_onset,
        max_release,
        max_trickle,
        min_baseline,
        max_neighbour_slowdown,
    } = expectations;
    let at_most = |name, figure, limit, unit| Bound { name, figure, at_least: false, limit, unit };
    let bytes = |size: ByteSize| float(size.as_u64());
    let milliseconds = |span: Span| span.0.as_secs_f64() * 1e3;
    [
        max_absorbed.map(|size| at_most("absorbed", total, bytes(size), Unit::Bytes)),
        max_path.map(|size| at_most("absorbed by the path", path, bytes(size), Unit::Bytes)),
        max_onset
            .map(|span| at_most("last write", |r| r.last_write_ms, milliseconds(span), Unit::Milliseconds)),
        max_release.map(|span| at_most("release", |r| r.release_ms, milliseconds(span), Unit::Milliseconds)),
        max_trickle
            .map(|span| at_most("trickle", |r| r.trickle_held_ms, milliseconds(span), Unit::Milliseconds)),
        min_baseline.map(|rate| Bound {
            name: "baseline",
            figure: |report| report.baseline_bytes_per_second,
            at_least: true,
            limit: float(rate.as_u64()),
            unit: Unit::BytesPerSecond,
        }),
        max_neighbour_slowdown
            .map(|ratio| at_most("neighbours' slowdown", slowdown, ratio.as_f64(), Unit::Times)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Bound {
    fn unmet(&self, median: &DirectionReport, runs: &[&DirectionReport]) -> Option<String> {
        let asked = self.asked();
        let name = self.name;
        let missing = runs.iter().filter(|run| (self.figure)(run).is_none()).count();
        if missing > 0 {
            let among =
                if runs.len() > 1 { format!(" in {missing} of {} runs", runs.len()) } else { String::new() };
            return Some(format!("{name} was not seen{among}, {asked} was asked"));
        }
        let figure = (self.figure)(median)?;
        let met = if self.at_least { figure >= self.limit } else { figure <= self.limit };
        let median = if runs.len() > 1 { " in the median" } else { "" };
        (!met).then(|| format!("{name} {}{median}, {asked} was asked", self.distinctly(figure)))
    }

    fn asked(&self) -> String {
        format!("at {} {}", if self.at_least { "least" } else { "most" }, self.print(self.limit))
    }

    /// `figure` in as many digits as tell it from the bound.
    fn distinctly(&self, figure: f64) -> String {
        let short = self.print(figure);
        if short != self.print(self.limit) {
            return short;
        }
        match self.unit {
            Unit::Bytes => format!("{figure:.0} B"),
            Unit::Milliseconds => format!("{figure} ms"),
            Unit::BytesPerSecond => format!("{figure} B/s"),
            Unit::Times => format!("{figure}×"),
        }
    }

    fn print(&self, figure: f64) -> String {
        match self.unit {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole bytes; saturates"
            )]
            Unit::Bytes if figure >= 0.0 => size(figure as u64),
            Unit::Bytes => format!("{figure:.0} B"),
            Unit::Milliseconds => time(figure),
            Unit::BytesPerSecond => rate(figure),
            Unit::Times if figure.is_infinite() => "without end".to_owned(),
            Unit::Times => format!("{figure:.1}×"),
        }
    }
}

fn total(report: &DirectionReport) -> Option<f64> {
    let one_sided = || report.one_sided.and_then(|one_sided| one_sided.piled_bytes.or(one_sided.taken_bytes));
    report.absorbed.map(|absorbed| absorbed.total_bytes).or_else(one_sided).map(float)
}

fn path(report: &DirectionReport) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "exact below 8 PiB")]
    report.absorbed.map(|absorbed| absorbed.path_bytes as f64)
}

fn slowdown(report: &DirectionReport) -> Option<f64> {
    report.neighbours.as_ref().map(Neighbours::slowdown)
}

fn float(whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact below 8 PiB")]
    let float = whole as f64;
    float
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{example, fold};
    use std::time::Duration;
    use units::{ByteRate, Ratio};

    fn document(reports: Vec<DirectionReport>) -> VerdictDocument {
        fold(reports.into_iter().map(example::run).collect(), [])
    }

    fn none() -> Expectations {
        example::expectations()
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
}
