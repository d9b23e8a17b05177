//! Several recordings of pairs as one.

use super::document::{PairDocument, PairLatency, PairTotals};
use super::recording::PairRecording;
use trace::{Event, Latencies, Tag};
use units::Timestamp;

/// Why recordings cannot be added up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairMergeError {
    /// There are none.
    #[error("could not merge: no recording was given")]
    Nothing,
    /// They recorded different ends, or files.
    #[error("could not merge recording {number}: its {what} is not that of recording 1")]
    Different {
        /// The recording's place among those given, from 1.
        number: usize,
        /// What differs.
        what: &'static str,
    },
}

/// Adds recordings of the same end and file up: their connections follow one another under new numbers, their clocks are set to
/// the earliest start, and what was not expected in one was not in all.
pub fn merge_pairs(recordings: Vec<PairRecording>) -> Result<PairRecording, PairMergeError> {
    let mut recordings = recordings.into_iter();
    let mut sum = recordings.next().ok_or(PairMergeError::Nothing)?;
    for (number, other) in (2..).zip(recordings) {
        let same_end = (sum.document.role, sum.document.direction);
        if (other.document.role, other.document.direction) != same_end {
            return Err(PairMergeError::Different { number, what: "end" });
        }
        if !same_file(&other.run.file, &sum.run.file) {
            return Err(PairMergeError::Different { number, what: "file" });
        }
        add(&mut sum, other);
    }
    Ok(sum)
}

/// Each recording has its own folder, which changes nothing of what is measured.
fn same_file(one: &str, other: &str) -> bool {
    let lines = |file| str::lines(file).filter(|line| !line.starts_with("output:"));
    lines(one).eq(lines(other))
}

fn add(sum: &mut PairRecording, mut other: PairRecording) {
    if other.run.epoch_unix_ns < sum.run.epoch_unix_ns {
        std::mem::swap(sum, &mut other);
    }
    let later = other.run.epoch_unix_ns - sum.run.epoch_unix_ns;
    let shift = i64::try_from(later).unwrap_or(i64::MAX);
    let before =
        u32::try_from(sum.document.totals.connections + sum.document.totals.unopened).unwrap_or(u32::MAX);
    for mut stream in other.streams {
        stream.run = stream.run.saturating_add(before);
        for sample in stream.producer.iter_mut().chain(&mut stream.consumer) {
            sample.at = sample.at.shifted(shift);
        }
        sum.streams.push(stream);
    }
    for mut record in other.events {
        record.run = record.run.saturating_add(before);
        record.timed.at = record.timed.at.shifted(shift);
        if let Event::Paused { from } = &mut record.timed.event {
            *from = from.shifted(shift);
        }
        sum.events.push(record);
    }
    for mut interval in other.latencies {
        (interval.start, interval.end) = (interval.start.shifted(shift), interval.end.shifted(shift));
        sum.latencies.push(interval);
    }
    add_documents(sum, other.document, later, before);
}

fn add_documents(sum: &mut PairRecording, other: PairDocument, later: u64, before: u32) {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds are printed to three figures")]
    let later_ms = later as f64 / 1e6;
    let ours = &mut sum.document;
    let took_ms = union(span(ours), span(&other).map(|(begin, end)| (begin + later_ms, end + later_ms)));
    add_totals(&mut ours.totals, &other.totals, took_ms);
    ours.totals.latency = latency_of(&sum.latencies);
    for mut connection in other.connections {
        connection.number = connection.number.saturating_add(before);
        connection.began_ms += later_ms;
        ours.connections.push(connection);
    }
    ours.connections_left_out += other.connections_left_out;
    for sentence in other.unmeasured {
        if !ours.unmeasured.contains(&sentence) {
            ours.unmeasured.push(sentence);
        }
    }
    ours.expected &= other.expected;
    ours.unexpected.extend(other.unexpected);
}

/// From the first connection's begin to the last one's end, on the recording's clock: a server waits for its first long before.
fn span(document: &PairDocument) -> Option<(f64, f64)> {
    let begins = document.connections.iter().map(|connection| connection.began_ms);
    let begin = begins.min_by(f64::total_cmp)?;
    Some((begin, begin + document.totals.took_ms))
}

fn union(one: Option<(f64, f64)>, other: Option<(f64, f64)>) -> f64 {
    let (Some((begin, end)), Some((begins, ends))) = (one, other) else {
        return one.or(other).map_or(0.0, |(begin, end)| end - begin);
    };
    end.max(ends) - begin.min(begins)
}

fn add_totals(ours: &mut PairTotals, theirs: &PairTotals, took_ms: f64) {
    ours.connections += theirs.connections;
    ours.unopened += theirs.unopened;
    ours.ended_early += theirs.ended_early;
    ours.requests += theirs.requests;
    ours.bytes += theirs.bytes;
    ours.write_stalls += theirs.write_stalls;
    ours.write_stalls_ms += theirs.write_stalls_ms;
    ours.longest_write_stall_ms = ours.longest_write_stall_ms.max(theirs.longest_write_stall_ms);
    ours.longest_wait_ms = ours.longest_wait_ms.max(theirs.longest_wait_ms);
    ours.heard_bytes += theirs.heard_bytes;
    if let Some(closed) = theirs.zero_window_ms {
        *ours.zero_window_ms.get_or_insert_default() += closed;
    }
    ours.set_time(took_ms);
}

fn latency_of(intervals: &[trace::Interval]) -> Option<PairLatency> {
    let mut all = Latencies::default();
    for interval in intervals.iter().filter(|interval| interval.tag == Tag::Latency) {
        all.add(&interval.latencies);
    }
    PairLatency::of(&all)
}

impl PairLatency {
    /// The percentiles of these; none where there are none.
    pub fn of(latencies: &Latencies) -> Option<Self> {
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        Some(Self {
            p50_ms: ms(latencies.percentile(50.0)?),
            p99_ms: ms(latencies.percentile(99.0)?),
            max_ms: ms(latencies.max()?),
        })
    }
}

impl PairRecording {
    /// All that was counted of one kind, as an interval of the whole run.
    pub fn interval(tag: Tag, latencies: Latencies, end: Timestamp) -> Option<trace::Interval> {
        let start = Timestamp::default();
        (!latencies.is_empty()).then_some(trace::Interval { tag, start, end, latencies })
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::{PairConnection, PairRun};
    use super::*;
    use std::collections::BTreeMap;
    use trace::{Direction, EventRecord, Role, Timed};

    fn recording(epoch_unix_ns: u64) -> PairRecording {
        let connection = PairConnection {
            number: 1,
            ending: "the server closed".to_owned(),
            ended_early: false,
            requests: 5,
            bytes: 5000,
            began_ms: 0.0,
            took_ms: 100.0,
            write_stalls: 1,
            write_stalls_ms: 30.0,
            longest_write_stall_ms: 30.0,
            unacknowledged_bytes: Some(0),
            queue_max_bytes: 10,
            zero_window_ms: Some(5.0),
            longest_wait_ms: 0.0,
            heard_bytes: 0,
        };
        let mut totals = PairTotals::default();
        totals.add(&connection);
        totals.set_time(100.0);
        let document = PairDocument {
            format: 1,
            direction: Direction::Upload,
            role: Role::Producer,
            expected: true,
            unexpected: Vec::new(),
            totals,
            connections: vec![connection],
            connections_left_out: 0,
            unmeasured: Vec::new(),
        };
        let run = PairRun {
            format: 1,
            tool_version: "0".to_owned(),
            started_at: String::new(),
            epoch_unix_ns,
            file: "protocol: tcp\n".to_owned(),
            seed: 7,
            sample_ms: 10.0,
            kernel: "6".to_owned(),
            sysctls: BTreeMap::new(),
            congestion_control: None,
            privileges: None,
        };
        let timed = Timed { at: Timestamp::from_nanos(7), event: Event::Complete { bytes: 5000 } };
        let event = EventRecord { run: 1, direction: Direction::Upload, end: Some(Role::Producer), timed };
        PairRecording { run, document, streams: Vec::new(), events: vec![event], latencies: Vec::new() }
    }

    #[test]
    fn connections_follow_one_another_on_the_clock_of_the_earliest() {
        let merged = merge_pairs(vec![recording(50_000_000), recording(0)]).unwrap();
        assert_eq!(merged.run.epoch_unix_ns, 0);
        let numbers: Vec<_> =
            merged.document.connections.iter().map(|connection| connection.number).collect();
        assert_eq!(numbers, [1, 2]);
        assert_eq!(merged.events[1].timed.at, Timestamp::from_nanos(50_000_007));
        let totals = merged.document.totals;
        assert_eq!((totals.connections, totals.bytes, totals.zero_window_ms), (2, 10_000, Some(10.0)));
        assert!((totals.took_ms - 150.0).abs() < 1e-9, "{totals:?}");
    }

    #[test]
    fn a_server_that_waited_long_for_its_first_connection_took_no_longer_for_it() {
        let began_after = |ms| {
            let mut late = recording(0);
            late.document.connections[0].began_ms = ms;
            late
        };
        let totals = merge_pairs(vec![began_after(60_000.0), began_after(60_150.0)]).unwrap().document.totals;
        assert!((totals.took_ms - 250.0).abs() < 1e-6, "{totals:?}");
        assert!((totals.bytes_per_second.unwrap() - 40_000.0).abs() < 1e-3, "{totals:?}");
        let mut nobody = recording(0);
        nobody.document.connections.clear();
        nobody.document.totals = PairTotals::default();
        let totals = merge_pairs(vec![nobody, began_after(60_000.0)]).unwrap().document.totals;
        assert!((totals.took_ms - 100.0).abs() < 1e-6, "{totals:?}");
    }

    #[test]
    fn the_folder_of_a_recording_may_differ() {
        let mut other = recording(0);
        other.run.file.push_str("output: two\n");
        assert!(merge_pairs(vec![recording(0), other]).is_ok());
    }

    #[test]
    fn recordings_of_different_files_are_refused() {
        let mut other = recording(0);
        other.run.file.push('#');
        let error = merge_pairs(vec![recording(0), other]).unwrap_err().to_string();
        assert_eq!(error, "could not merge recording 2: its file is not that of recording 1");
    }

    #[test]
    fn a_recording_comes_back_from_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("one");
        let written = recording(1);
        written.write(&folder).unwrap();
        assert!(PairRecording::is_in(&folder));
        assert_eq!(PairRecording::read(&folder).unwrap(), written);
        assert!(written.write(&folder).is_err(), "it is not empty any more");
    }
}
