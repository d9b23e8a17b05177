//! `latency.hlog`: an interval log of `HdrHistogram`, V2 deflate, in nanoseconds.
//!
//! Other programs read it too (Java, Python, JavaScript). What fits no histogram stands in comments,
//! which they pass over: `#[Unfit: 3] Tag=held_back,1.000,0.500,0.000,` says that three durations of
//! that tag and interval are in no percentile.

use super::lines::{LineBound, Lines};
use super::{Interval, RecordingError};
use crate::histogram;
use crate::{Latencies, Tag};
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogHistogram, IntervalLogIterator, IntervalLogWriterBuilder, IntervalLogWriterError, LogEntry,
    Tag as LogTag,
};
use std::io::{self, Read, Write};
use std::time::{Duration, SystemTime};
use units::Timestamp;

/// Writes the intervals in the order in which they began, those without a duration left out.
///
/// `epoch_unix_ns` is the wall clock's time at the recording's time 0: the log's start and base time.
/// Starts and lengths are cut to milliseconds; the column `Interval_Max` is in ms.
pub fn write_latency_log(
    intervals: &[Interval],
    epoch_unix_ns: u64,
    mut output: impl Write,
) -> Result<(), RecordingError> {
    write(intervals, epoch_unix_ns, &mut output)
        .and_then(|()| output.flush())
        .map_err(|source| RecordingError::Write { file: FILE, source })
}

fn write(intervals: &[Interval], epoch_unix_ns: u64, output: &mut impl Write) -> io::Result<()> {
    let epoch = SystemTime::UNIX_EPOCH + Duration::from_nanos(epoch_unix_ns);
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Durations in nanoseconds, Interval_Max in milliseconds]")
        .add_comment(LEGEND)
        .with_start_time(epoch)
        .with_base_time(epoch)
        .with_max_value_divisor(1e6)
        .begin_log_with(output, &mut serializer)?;
    let mut in_order: Vec<_> = intervals.iter().collect();
    in_order.sort_by_key(|interval| interval.start);
    for interval in in_order {
        let start = milliseconds(Duration::from_nanos(interval.start.as_nanos()));
        let length = milliseconds(interval.end.since(interval.start).unwrap_or(Duration::ZERO));
        let (tag, unfit) = (interval.tag.name(), interval.latencies.unfit());
        if unfit > 0 {
            let (start, length) = (start.as_secs_f64(), length.as_secs_f64());
            log.write_comment(&format!("{UNFIT}{unfit}] Tag={tag},{start:.3},{length:.3},0.000,"))?;
        }
        if !interval.latencies.is_empty() {
            log.write_histogram(&interval.latencies.to_histogram(), start, length, LogTag::new(tag))
                .map_err(|error| match error {
                    IntervalLogWriterError::IoError(error) => error,
                    IntervalLogWriterError::SerializeError(error) => io::Error::other(error),
                })?;
        }
    }
    Ok(())
}

/// Reads what [`write_latency_log`] wrote.
///
/// The first 1,024 intervals are kept apart. Later ones are added to the last of their tag, so that no
/// file takes more than 300 MB of memory and no count is lost.
pub fn read_latency_log(input: impl Read) -> Result<Vec<Interval>, RecordingError> {
    let mut lines = Lines::new(FILE, input, LINE);
    let mut intervals: Vec<Interval> = Vec::new();
    while let Some((number, line)) = lines.next()? {
        let interval = read_line(line).map_err(|reason| RecordingError::malformed(FILE, number, &reason))?;
        if let Some(interval) = interval {
            keep(&mut intervals, interval);
        }
    }
    Ok(intervals)
}

fn keep(intervals: &mut Vec<Interval>, interval: Interval) {
    // The histogram of the interval whose unfit durations the comment before counted.
    if let Some(last) = intervals.last_mut().filter(|last| last.latencies.is_empty())
        && (last.tag, last.start, last.end) == (interval.tag, interval.start, interval.end)
    {
        last.latencies.add(&interval.latencies);
        return;
    }
    let full = intervals.len() >= KEPT_APART;
    match intervals.iter_mut().rev().find(|earlier| full && earlier.tag == interval.tag) {
        Some(earlier) => {
            earlier.start = earlier.start.min(interval.start);
            earlier.end = earlier.end.max(interval.end);
            earlier.latencies.add(&interval.latencies);
        }
        None => intervals.push(interval),
    }
}

/// The interval of a line; `None` where the line is a comment or a legend.
fn read_line(line: &str) -> Result<Option<Interval>, String> {
    if let Some((count, rest)) =
        line.strip_prefix('#').and_then(|line| line.strip_prefix(UNFIT)?.split_once("] "))
    {
        let unfit: u32 = count.parse().map_err(|_| "it counts no unfit durations".to_owned())?;
        return read_interval(rest, |_| Ok(Latencies::default().with_unfit(unfit.into()))).map(Some);
    }
    if line.is_empty() || line.starts_with(['#', '"']) {
        return Ok(None);
    }
    read_interval(line, |entry| histogram::decode(entry.encoded_histogram())).map(Some)
}

fn read_interval(
    line: &str,
    latencies: impl FnOnce(&IntervalLogHistogram<'_>) -> Result<Latencies, String>,
) -> Result<Interval, String> {
    // The library's reader is given one line at a time: over a whole file, it searches it once a line.
    let line = format!("{line}\n");
    let Some(Ok(LogEntry::Interval(entry))) = IntervalLogIterator::new(line.as_bytes()).next() else {
        return Err("it is no interval of an HdrHistogram log".to_owned());
    };
    let tag = entry.tag().and_then(|tag| Tag::ALL.into_iter().find(|known| known.name() == tag.as_str()));
    let start = Timestamp::default().plus(entry.start_timestamp());
    Ok(Interval {
        tag: tag.ok_or("its tag is none of this format's")?,
        start,
        end: start.plus(entry.duration()),
        latencies: latencies(&entry)?,
    })
}

/// No duration but `count` that did not fit.
/// The library rounds to milliseconds; cut, so that an interval read begins no later than the one written.
fn milliseconds(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

const FILE: &str = "latency.hlog";
/// A full histogram is 400 KB of text.
const LINE: LineBound = LineBound { bytes: 8 * 1024 * 1024, words: "8 MiB in a line" };
const LEGEND: &str = r#""StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram""#;
const UNFIT: &str = "[Unfit: ";
/// A histogram takes 270 KB.
const KEPT_APART: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(tag: Tag, start_ms: u64, durations: &[i64]) -> Interval {
        let mut latencies = Latencies::default();
        for nanoseconds in durations {
            latencies.record_nanos(*nanoseconds);
        }
        let start = Timestamp::default().plus(Duration::from_millis(start_ms));
        Interval { tag, start, end: start.plus(Duration::from_millis(500)), latencies }
    }

    fn written(intervals: &[Interval]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_latency_log(intervals, 1_700_000_000_123_456_789, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_log_begins_with_its_legend_and_its_times() {
        let text = String::from_utf8(written(&[interval(Tag::Rtt, 1_250, &[2_500_000])])).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1], format!("#{LEGEND}"));
        assert_eq!(lines[2], "#[StartTime: 1700000000.123 (seconds since epoch)]");
        assert_eq!(lines[3], "#[BaseTime: 1700000000.123 (seconds since epoch)]");
        assert_eq!(lines[4], "#[MaxValueDivisor: 1000000.000]");
        assert!(lines[5].starts_with("Tag=rtt,1.250,0.500,2.501,HISTFAAAA"), "{}", lines[5]);
    }

    #[test]
    fn intervals_come_back_in_order_with_what_did_not_fit() {
        let early = interval(Tag::Write, 1_000, &[10, 20, 3_000_000_000_000]);
        let late = interval(Tag::InPath, 2_000, &[5, -1, -2]);
        let unfit = interval(Tag::HeldBack, 3_000, &[-1]);
        let nothing = interval(Tag::Latency, 4_000, &[]);
        let bytes = written(&[unfit.clone(), late.clone(), nothing, early.clone()]);
        assert_eq!(read_latency_log(bytes.as_slice()).unwrap(), [early, late, unfit]);
    }

    #[test]
    fn beyond_what_is_kept_apart_counts_are_added_up() {
        let intervals: Vec<_> = (0..1_050).map(|n| interval(Tag::Rtt, n * 10, &[7])).collect();
        let read = read_latency_log(written(&intervals).as_slice()).unwrap();
        assert_eq!(read.len(), KEPT_APART);
        assert_eq!(read.iter().map(|interval| interval.latencies.len()).sum::<u64>(), 1_050);
        assert_eq!(read.last().unwrap().end, intervals.last().unwrap().end);
    }

    #[test]
    fn a_line_that_is_no_interval_is_named() {
        for line in [
            "Tag=rtt,1.0,2.0,3.0,AAAA",
            "Tag=other,1.0,2.0,3.0,",
            "nonsense",
            "#[Unfit: x] Tag=rtt,1.0,1.0,0.0,",
        ] {
            let error = read_latency_log(format!("#[BaseTime: 1.0 (s)]\n{line}\n").as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with("could not read line 2 of `latency.hlog`: "), "{error}");
        }
    }
}
