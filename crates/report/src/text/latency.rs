//! Counts and percentiles of each histogram, all intervals together: as other readers of the log count them.

use super::page::Page;
use crate::figures::count;
use std::time::Duration;
use trace::{Interval, Latencies, Tag};
use units::format_duration;

pub(super) fn write(page: &mut Page, intervals: &[Interval]) {
    let mut label = "latency";
    for tag in Tag::ALL {
        let mut all = Latencies::default();
        for interval in intervals.iter().filter(|interval| interval.tag == tag) {
            all.add(&interval.latencies);
        }
        if !all.is_empty() || all.unfit() > 0 {
            page.line(label, &row(tag, &all));
            label = "";
        }
    }
}

fn row(tag: Tag, all: &Latencies) -> String {
    let figure = |duration: Option<Duration>| duration.map_or_else(|| "-".to_owned(), format_duration);
    let unfit = match all.unfit() {
        0 => String::new(),
        unfit => format!("   and {} below 0 or above 1 h", count(unfit, "other")),
    };
    format!(
        "{:<12} {:<24} count {:>8}   p50 {:>7}   p99 {:>7}   max {:>7}{unfit}",
        tag.name(),
        meaning(tag),
        all.len(),
        figure(all.percentile(50.0)),
        figure(all.percentile(99.0)),
        figure(all.max()),
    )
}

fn meaning(tag: Tag) -> &'static str {
    match tag {
        Tag::Latency => "intended send to read",
        Tag::HeldBack => "intended send to write",
        Tag::InPath => "write to read",
        Tag::Write => "length of a write",
        Tag::Rtt => "round trip, as sampled",
        Tag::ZeroWindow => "length of a zero window",
    }
}
