//! Figures against what was expected of them.

use crate::document::{DirectionReport, Neighbours, VerdictDocument};
use crate::figures::{rate, time};
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
            Unit::Bytes if figure >= 0.0 => ByteSize::nearest(figure).to_string(),
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

/// The most that it may have been: what frames the bytes in the queues beside it may have been taken out of it. It is no more
/// than all that was absorbed: the bound is that of framing all of it, wherever it was.
fn path(report: &DirectionReport) -> Option<f64> {
    report.absorbed.map(|absorbed| {
        #[expect(clippy::cast_precision_loss, reason = "exact below 8 PiB")]
        let most = absorbed.path_bytes as f64 + float(absorbed.framing_bytes);
        most.min(float(absorbed.total_bytes))
    })
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
mod tests;
