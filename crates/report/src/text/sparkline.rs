//! Window and rate over time, and where the stall lay.

use super::page::Page;
use super::timeline::Timeline;
use crate::figures::{rate, time};
use crate::recording::Recording;
use std::time::Duration;
use trace::{Direction, Event, Sample, StreamTrace};
use units::{ByteSize, Timestamp, format_duration};

/// Three lines: the producer's send window, the rate of the consumer, and the stall under them. Of several
/// runs, the first is shown.
pub(super) fn write(page: &mut Page, recording: &Recording, direction: Direction, room: usize) {
    let of_direction = recording.streams.iter().filter(|stream| stream.direction == direction);
    let stream = of_direction.min_by_key(|stream| stream.run);
    let columns = u16::try_from(room.saturating_sub(SCALE)).unwrap_or(u16::MAX).clamp(20, 60);
    let timeline =
        stream.and_then(|stream| Timeline::of(stream.producer.iter().chain(&stream.consumer), columns));
    let (Some(stream), Some(timeline)) = (stream, timeline) else {
        page.line("window", "not sampled");
        page.line("rate", "not sampled");
        return;
    };
    page.line(
        "window",
        &curve(
            &windows(stream, timeline),
            |top| ByteSize::nearest(top).to_string(),
            "not told by the kernel",
        ),
    );
    page.line("rate", &curve(&rates(stream, timeline), rate, "not sampled"));
    let run = match recording.verdict.runs.len() {
        0 => String::new(),
        runs => format!(", run {} of {runs}", stream.run),
    };
    let all = format!("in {}{run}", format_duration(Duration::from_nanos(timeline.length())));
    page.line("stall", &format!("{}  {all}", stall(recording, stream, timeline)));
}

/// As the producer saw it, or as the consumer advertised it where it alone is ours.
fn windows(stream: &StreamTrace, timeline: Timeline) -> Vec<Option<f64>> {
    let at = |sample: &Sample, window: Option<u32>| Some((sample.at.as_nanos(), f64::from(window?)));
    if stream.producer.is_empty() {
        return timeline.means(stream.consumer.iter().filter_map(|sample| at(sample, sample.rcv_wnd)));
    }
    timeline.means(stream.producer.iter().filter_map(|sample| at(sample, sample.snd_wnd)))
}

/// Of the consumer, or of the producer where it alone is ours.
fn rates(stream: &StreamTrace, timeline: Timeline) -> Vec<Option<f64>> {
    let samples = if stream.consumer.is_empty() { &stream.producer } else { &stream.consumer };
    timeline.rates(samples.iter().map(|sample| (sample.at.as_nanos(), sample.stream_bytes)).collect())
}

/// The lowest step is kept for nothing at all.
fn curve(values: &[Option<f64>], print: impl Fn(f64) -> String, missing: &str) -> String {
    let Some(top) = values.iter().flatten().copied().reduce(f64::max) else {
        return missing.to_owned();
    };
    let step = |value: f64| {
        let above = |level: &u8| value > top * f64::from(level - 1) / 7.0;
        let level = (1..8).rev().find(above).unwrap_or(0);
        STEPS.get(usize::from(level)).copied().unwrap_or(' ')
    };
    let line: String = values.iter().map(|value| value.map_or(' ', step)).collect();
    format!("{line}  0–{}", print(top))
}

/// `├─── 2.04 s ───┤` under the columns of the stall; open where it never ended.
fn stall(recording: &Recording, stream: &StreamTrace, timeline: Timeline) -> String {
    let columns = timeline.columns();
    let at = |wanted: fn(&Event) -> bool| {
        let of_stream = recording
            .events
            .iter()
            .filter(|event| (event.run, event.direction) == (stream.run, stream.direction));
        of_stream.filter(|event| wanted(&event.timed.event)).map(|event| event.timed.at).min()
    };
    let Some(began) = at(|event| matches!(event, Event::Stalled { .. })) else {
        return format!("{:<columns$}", "none");
    };
    let resumed = at(|event| matches!(event, Event::Resumed { .. })).filter(|resumed| *resumed > began);
    let first = timeline.column(began.as_nanos());
    let last = resumed.map_or(columns.saturating_sub(1), |resumed| timeline.column(resumed.as_nanos()));
    let width = (last + 1).saturating_sub(first);
    let mut ruler =
        format!("{}{}", " ".repeat(first), bar(width, resumed.is_some(), &length(began, resumed)));
    let drawn = ruler.chars().count();
    ruler.extend(std::iter::repeat_n(' ', columns.saturating_sub(drawn)));
    ruler
}

fn length(began: Timestamp, resumed: Option<Timestamp>) -> String {
    resumed
        .and_then(|resumed| resumed.since(began))
        .map_or_else(|| "never resumed".to_owned(), |stall| time(stall.as_secs_f64() * 1e3))
}

/// A bar of that many columns with the text in its middle, or behind it where it does not fit.
fn bar(width: usize, closed: bool, text: &str) -> String {
    let end = if closed { '┤' } else { '╌' };
    let inner = width.saturating_sub(2);
    let label = format!(" {text} ");
    let label_width = label.chars().count();
    match width {
        0 | 1 => format!("│{label}"),
        _ if inner < label_width => format!("├{}{end}{label}", "─".repeat(inner)),
        _ => format!("├{label:─^inner$}{end}"),
    }
}

const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Columns behind a curve, for its scale.
const SCALE: usize = 24;
