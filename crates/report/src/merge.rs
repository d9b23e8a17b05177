//! Several recordings as one.

use crate::connection_row::ConnectionRow;
use crate::document::{RunDocument, RunReport, VerdictDocument};
use crate::fold::fold;
use crate::recording::Recording;
use serde_json::Value;
use trace::recording::printable;
use trace::{Event, EventRecord, Interval, Sample, StreamTrace};
use units::Timestamp;

/// Why recordings cannot be added up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There are none.
    #[error("could not merge: no recording was given")]
    Nothing,
    /// They measured different things.
    #[error("could not merge recording {number}: its {field} is {theirs}, that of recording 1 is {ours}")]
    Different {
        /// The recording's place among those given, from 1.
        number: usize,
        /// The first field of the scenario that differs.
        field: String,
        /// Its value in that recording.
        theirs: String,
        /// Its value in the first.
        ours: String,
    },
}

/// Adds recordings of the same scenario up: their runs follow one another under new numbers, their clocks
/// are set to the wall clock's earliest start, the verdict is folded and judged by the first's expectations.
///
/// Seeds, repetitions, sampling intervals and expectations may differ.
pub fn merge(recordings: Vec<Recording>) -> Result<Recording, MergeError> {
    let first = recordings.first().ok_or(MergeError::Nothing)?;
    for (number, other) in (1..).zip(&recordings).skip(1) {
        same_scenario(&first.run, &other.run, number)?;
    }
    let mut run = first.run.clone();
    let earliest = recordings.iter().map(|recording| &recording.run).min_by_key(|run| run.epoch_unix_ns);
    if let Some(earliest) = earliest {
        (run.epoch_unix_ns, run.started_at) = (earliest.epoch_unix_ns, earliest.started_at.clone());
    }
    describe_together(&mut run, &recordings);
    let (mut reports, mut unmeasured) = (Vec::new(), Vec::new());
    let mut connections = Vec::new();
    let (mut streams, mut events, mut latencies) = (Vec::new(), Vec::new(), Vec::new());
    for recording in recordings {
        let before = u32::try_from(reports.len()).unwrap_or(u32::MAX);
        let later = recording.run.epoch_unix_ns.saturating_sub(run.epoch_unix_ns);
        let moved = Move { runs: before, time: i64::try_from(later).unwrap_or(i64::MAX) };
        connections.extend(recording.connections.into_iter().map(|row| moved.connection(row)));
        streams.extend(recording.streams.into_iter().map(|stream| moved.stream(stream)));
        events.extend(recording.events.into_iter().map(|event| moved.event(event)));
        latencies.extend(recording.latencies.into_iter().map(|interval| moved.interval(interval)));
        unmeasured.extend(recording.verdict.unmeasured.clone());
        reports.extend(runs_of(recording.verdict));
    }
    run.scenario.repeat = u32::try_from(reports.len()).unwrap_or(u32::MAX);
    unmeasured.extend(run.unmeasured.clone());
    let verdict = fold(reports, unmeasured).judged(&run.scenario.expectations);
    Ok(Recording { run, verdict, connections, streams, events, latencies })
}

/// The runs in a verdict: one, where it speaks of one.
fn runs_of(verdict: VerdictDocument) -> Vec<RunReport> {
    let VerdictDocument { verdict, reason, directions, runs, .. } = verdict;
    if !runs.is_empty() {
        return runs;
    }
    if directions.is_empty() { Vec::new() } else { vec![RunReport { verdict, reason, directions }] }
}

/// Makes the first's description say what is not true of all.
fn describe_together(run: &mut RunDocument, recordings: &[Recording]) {
    let described = |what: &str, of: fn(&RunDocument) -> &str| {
        let mut values: Vec<&str> = recordings.iter().map(|recording| of(&recording.run)).collect();
        values.sort_unstable();
        values.dedup();
        let several = values.len() > 1;
        several.then(|| format!("one {what} for all runs: they were made with {}", values.join(", ")))
    };
    let mut sentences: Vec<String> = [
        described("kernel", |run| &run.kernel),
        described("program version", |run| &run.tool_version),
        described("congestion control", |run| run.congestion_control.as_deref().unwrap_or("an unknown one")),
    ]
    .into_iter()
    .flatten()
    .collect();
    for other in recordings {
        for (direction, mss) in &other.run.mss {
            run.mss.entry(*direction).or_insert(*mss);
        }
        sentences.extend(other.run.unmeasured.iter().cloned());
    }
    let least_certain = recordings.iter().filter_map(|recording| recording.run.clock_offset_ns);
    run.clock_offset_ns = least_certain.max_by_key(|(_, uncertainty)| *uncertainty);
    run.unmeasured.clear();
    for sentence in sentences {
        if !run.unmeasured.contains(&sentence) {
            run.unmeasured.push(sentence);
        }
    }
}

fn same_scenario(ours: &RunDocument, theirs: &RunDocument, number: usize) -> Result<(), MergeError> {
    let fields = |run: &RunDocument| serde_json::to_value(&run.scenario).unwrap_or_default();
    let (ours, theirs) = (fields(ours), fields(theirs));
    let names = ours.as_object().into_iter().flat_map(|fields| fields.keys());
    for field in names.filter(|name| !MAY_DIFFER.contains(&name.as_str())) {
        let (ours, theirs) = (ours.get(field), theirs.get(field));
        if ours != theirs {
            let said = |value: Option<&Value>| printable(&value.unwrap_or(&Value::Null).to_string());
            let (ours, theirs) = (said(ours), said(theirs));
            return Err(MergeError::Different { number, field: field.clone(), theirs, ours });
        }
    }
    Ok(())
}

/// Parts of a scenario that do not change what is measured.
const MAY_DIFFER: [&str; 4] = ["seed", "repeat", "sample", "expectations"];

/// From a recording's own numbers and clock to the merged one's.
#[derive(Clone, Copy)]
struct Move {
    runs: u32,
    time: i64,
}

impl Move {
    fn stream(self, mut stream: StreamTrace) -> StreamTrace {
        stream.run = stream.run.saturating_add(self.runs);
        for Sample { at, .. } in stream.producer.iter_mut().chain(&mut stream.consumer) {
            *at = self.at(*at);
        }
        stream
    }

    fn connection(self, mut row: ConnectionRow) -> ConnectionRow {
        row.run = row.run.saturating_add(self.runs);
        row
    }

    fn event(self, mut record: EventRecord) -> EventRecord {
        record.run = record.run.saturating_add(self.runs);
        record.timed.at = self.at(record.timed.at);
        match &mut record.timed.event {
            Event::Paused { from: time } | Event::Blocked { since: time, .. } => *time = self.at(*time),
            Event::Stalled { .. }
            | Event::Slowed { .. }
            | Event::Resumed { .. }
            | Event::TrickleDone
            | Event::FloodBegan
            | Event::LimitReached { .. }
            | Event::Answered { .. }
            | Event::Ended { .. }
            | Event::Left { .. }
            | Event::Complete { .. }
            | Event::PhaseBegan { .. }
            | Event::BlockWithdrawn
            | Event::ProcessUse { .. } => {}
        }
        record
    }

    fn interval(self, mut interval: Interval) -> Interval {
        (interval.start, interval.end) = (self.at(interval.start), self.at(interval.end));
        interval
    }

    fn at(self, time: Timestamp) -> Timestamp {
        time.shifted(self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use units::ByteSize;

    #[test]
    fn merging_one_recording_leaves_it_as_it_is() {
        let recording = example::recording();
        assert_eq!(merge(vec![recording.clone()]), Ok(recording));
    }

    #[test]
    fn runs_follow_one_another_on_the_clock_of_the_earliest() {
        let early = example::recording();
        let mut late = example::recording();
        late.run.epoch_unix_ns += 5_000;
        late.run.scenario.seed += 1;
        let merged = merge(vec![late, early.clone()]).unwrap();
        assert_eq!(merged.run.epoch_unix_ns, early.run.epoch_unix_ns);
        assert_eq!((merged.run.scenario.repeat, merged.verdict.runs.len()), (2, 2));
        let streams: Vec<_> = merged.streams.iter().map(|stream| stream.run).collect();
        assert_eq!(streams, [1, 1, 2, 2]);
        assert_eq!(merged.streams[0].producer[0].at, early.streams[0].producer[0].at.shifted(5_000));
        assert_eq!(merged.streams[2].producer[0].at, early.streams[0].producer[0].at);
        assert_eq!(merged.events[0].timed.at, early.events[0].timed.at.shifted(5_000));
        assert_eq!(merged.latencies.len(), 2 * early.latencies.len());
    }

    #[test]
    fn recordings_of_different_scenarios_are_refused_by_the_field_that_differs() {
        let mut other = example::recording();
        other.run.scenario.message = ByteSize::kib(4);
        let error = merge(vec![example::recording(), other]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "could not merge recording 2: its message is 4096, that of recording 1 is 65536"
        );
    }

    #[test]
    fn what_is_not_true_of_all_is_said() {
        let mut other = example::recording();
        other.run.kernel = "5.4.0".to_owned();
        let merged = merge(vec![example::recording(), other]).unwrap();
        let sentence = "one kernel for all runs: they were made with 5.4.0, 6.18.0";
        assert!(
            merged.verdict.unmeasured.iter().any(|said| said == sentence),
            "{:?}",
            merged.verdict.unmeasured
        );
    }

    #[test]
    fn nothing_cannot_be_merged() {
        assert_eq!(merge(vec![]), Err(MergeError::Nothing));
    }
}
