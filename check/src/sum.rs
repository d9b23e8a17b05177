//! Adds the connections of a direction up to one report. No I/O, no clock.

use crate::crowd::{Course, Fate};
use crate::error::CheckError;
use crate::evaluate::{Context, Measured, evaluate};
use crate::nothing::{is_local, lost, nothing, unopened};
use report::{ConnectionRow, Crowd, DirectionReport};
use scenario::Scenario;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use trace::{Direction, Interval, Tag, Verdict};
use wire::ClockOffset;

/// Kinds of things that were not measured, each told once with the number of connections of which that is true.
const SENTENCES: usize = 20;

/// The connections so far.
#[derive(Debug)]
pub(crate) struct Sum {
    scenario: Arc<Scenario>,
    direction: Direction,
    run: u32,
    offset: ClockOffset,
    pub(crate) unmeasured: Vec<String>,
    /// Of how many connections a thing was not measured.
    missing: BTreeMap<String, u32>,
    reports: Vec<DirectionReport>,
    rows: Vec<ConnectionRow>,
    opened: u32,
    opening: Duration,
    /// The connection whose samples and events are kept: the first of the worst.
    shown: Option<(u32, Verdict, Measured)>,
    merged: BTreeMap<Tag, Interval>,
    /// Why none could be opened.
    refused: Option<CheckError>,
}

impl Sum {
    pub(crate) fn new(scenario: Arc<Scenario>, direction: Direction, run: u32, offset: ClockOffset) -> Self {
        Self {
            scenario,
            direction,
            run,
            offset,
            unmeasured: Vec::new(),
            missing: BTreeMap::new(),
            reports: Vec::new(),
            rows: Vec::new(),
            opened: 0,
            opening: Duration::ZERO,
            shown: None,
            merged: BTreeMap::new(),
            refused: None,
        }
    }

    /// Adds one; `gone`: the server ended, which is not the path's doing.
    pub(crate) fn add(&mut self, connection: u32, fate: Option<Fate>, gone: bool) {
        let (measured, opened) = match fate {
            Some(Fate::Conducted(course)) => {
                let opened = course.opened;
                (self.evaluate(*course, gone), Some(opened))
            }
            Some(Fate::Kept { measured, opened }) => (*measured, Some(opened)),
            Some(Fate::Unopened { error, waited }) => {
                let measured = match &error {
                    CheckError::Open(open) if !is_local(open) => {
                        unopened(open, waited, self.direction, self.run)
                    }
                    other => lost(other, self.direction, self.run),
                };
                self.refused.get_or_insert(error);
                (measured, None)
            }
            None => {
                let reason = "not measured: its task failed, which is a fault of this program".to_owned();
                (nothing(Verdict::Undecided, reason, None, self.direction, self.run), None)
            }
        };
        if let Some(opened) = opened {
            self.opened += 1;
            self.opening = self.opening.max(opened);
        }
        self.rows.push(ConnectionRow::new((self.run, self.direction, connection), opened, &measured.report));
        self.keep(connection, measured);
    }

    fn evaluate(&self, course: Course, gone: bool) -> Measured {
        let Course { mut conducted, round_trip, failure, .. } = course;
        conducted.excuse_the_path(gone);
        let unmeasured =
            failure.map(|failure| format!("{}: {failure}", self.direction)).into_iter().collect();
        let context = Context { round_trip, offset: self.offset, unmeasured };
        evaluate(&self.scenario, self.direction, self.run, conducted, context)
    }

    fn keep(&mut self, connection: u32, mut measured: Measured) {
        for sentence in measured.unmeasured.drain(..) {
            *self.missing.entry(sentence).or_default() += 1;
        }
        for interval in measured.intervals.drain(..) {
            match self.merged.get_mut(&interval.tag) {
                Some(merged) => add_interval(merged, &interval),
                None => drop(self.merged.insert(interval.tag, interval)),
            }
        }
        self.reports.push(measured.report.clone());
        let verdict = measured.report.verdict;
        if self.shown.as_ref().is_none_or(|(_, worst, _)| verdict > *worst) {
            self.shown = Some((connection, verdict, measured));
        }
    }

    /// The direction as one, or why nothing of it could be measured.
    pub(crate) fn finish(mut self) -> Result<Measured, CheckError> {
        if self.opened == 0
            && let Some(error) = self.refused
        {
            return Err(error);
        }
        let (shown, _, measured) = self.shown.ok_or(CheckError::ControlLost)?;
        let crowd = Crowd {
            asked: self.scenario.connections,
            opened: self.opened,
            opening: self.opening,
            sample: self.scenario.sample.0,
            shown,
        };
        let report = crowd.sum_up(&self.reports).ok_or(CheckError::ControlLost)?;
        let kinds = self.missing.len();
        let all = self.scenario.connections;
        for (sentence, connections) in self.missing.into_iter().take(SENTENCES) {
            self.unmeasured.push(format!("{sentence} (of {connections} of {all} connections)"));
        }
        if kinds > SENTENCES {
            let more = format!("{}: {} more things of some connections", self.direction, kinds - SENTENCES);
            self.unmeasured.push(more);
        }
        let Measured { trace, events, mss, .. } = measured;
        Ok(Measured {
            report,
            trace,
            events,
            intervals: self.merged.into_values().collect(),
            unmeasured: self.unmeasured,
            connections: self.rows,
            mss,
            offset: self.offset,
        })
    }
}

fn add_interval(merged: &mut Interval, other: &Interval) {
    merged.start = merged.start.min(other.start);
    merged.end = merged.end.max(other.end);
    merged.latencies.add(&other.latencies);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::at;
    use trace::Latencies;
    use units::Timestamp;

    #[test]
    fn histograms_add_up_over_the_time_of_all() {
        let interval = |start: Timestamp, end: Timestamp, ms: u64| {
            let mut latencies = Latencies::default();
            latencies.record(Duration::from_millis(ms));
            Interval { tag: Tag::Latency, start, end, latencies }
        };
        let mut merged = interval(at(5), at(9), 1);
        add_interval(&mut merged, &interval(at(2), at(7), 3));
        assert_eq!((merged.start, merged.end, merged.latencies.len()), (at(2), at(9), 2));
    }
}
