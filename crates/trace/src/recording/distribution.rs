//! `latency.hgrm`: the percentiles of one tag, in the form that `HdrHistogram`'s plotters read.

use super::{Interval, RecordingError};
use crate::{Latencies, Tag};
use std::io::{self, Write};

/// Writes the distribution of all of `tag`'s durations in `intervals`, in ms, five steps for each halving
/// of the distance to 100 %.
pub fn write_distribution(
    intervals: &[Interval],
    tag: Tag,
    mut output: impl Write,
) -> Result<(), RecordingError> {
    let mut all = Latencies::default();
    for interval in intervals.iter().filter(|interval| interval.tag == tag) {
        all.add(&interval.latencies);
    }
    write(&all, &mut output)
        .and_then(|()| output.flush())
        .map_err(|source| RecordingError::Write { file: "latency.hgrm", source })
}

fn write(latencies: &Latencies, output: &mut impl Write) -> io::Result<()> {
    let histogram = latencies.to_histogram();
    writeln!(
        output,
        "{:>12} {:>14} {:>10} {:>14}\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    )?;
    let mut total = 0;
    // The library's iterator does not end on an empty histogram's one step.
    for step in histogram.iter_quantiles(STEPS).take_while(|_| !latencies.is_empty()) {
        total += step.count_since_last_iteration();
        let (value, quantile) = (milliseconds(step.value_iterated_to()), step.quantile_iterated_to());
        write!(output, "{value:12.3} {quantile:14.12} {total:10}")?;
        if quantile < 1.0 {
            write!(output, " {:14.2}", 1.0 / (1.0 - quantile))?;
        }
        writeln!(output)?;
    }
    let (mean, deviation) = (histogram.mean() / NANOSECONDS, histogram.stdev() / NANOSECONDS);
    writeln!(output, "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]")?;
    let (max, count) = (milliseconds(histogram.max()), latencies.len());
    writeln!(output, "#[Max     = {max:12.3}, Total count    = {count:12}]")?;
    let (buckets, sub_buckets) = (histogram.buckets(), 2 * 10u32.pow(u32::from(histogram.sigfig())));
    writeln!(output, "#[Buckets = {buckets:12}, SubBuckets     = {:12}]", sub_buckets.next_power_of_two())
}

fn milliseconds(nanoseconds: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "three decimals are printed")]
    let nanoseconds = nanoseconds as f64;
    nanoseconds / NANOSECONDS
}

/// In a millisecond.
const NANOSECONDS: f64 = 1e6;
/// Steps for each halving of the distance to 100 %.
const STEPS: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use units::Timestamp;

    fn text(durations_ms: &[u64]) -> String {
        let mut latencies = Latencies::default();
        for ms in durations_ms {
            latencies.record(Duration::from_millis(*ms));
        }
        let (start, end) = (Timestamp::default(), Timestamp::from_nanos(1));
        let mut bytes = Vec::new();
        let interval = Interval { tag: Tag::Latency, start, end, latencies };
        write_distribution(&[interval], Tag::Latency, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_distribution_ends_at_its_largest_value_and_says_its_sums() {
        let text = text(&[1, 2, 3, 4]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "       Value     Percentile TotalCount 1/(1-Percentile)");
        assert_eq!(lines[2], "       1.000 0.000000000000          1           1.00");
        let footer = lines.len() - 3;
        assert_eq!(lines[footer - 1], "       4.002 1.000000000000          4");
        assert_eq!(lines[footer], "#[Mean    =        2.500, StdDeviation   =        1.118]");
        assert_eq!(lines[footer + 1], "#[Max     =        4.002, Total count    =            4]");
        assert_eq!(lines[footer + 2], "#[Buckets =           32, SubBuckets     =         2048]");
    }

    #[test]
    fn an_empty_distribution_counts_nothing() {
        assert_eq!(text(&[]).lines().count(), 5);
    }
}
