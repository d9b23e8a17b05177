//! A pair's figures as people read them.

use super::document::{PairConnection, PairDocument};
use crate::figures::{count, rate, size, time};
use std::fmt::Write;
use trace::{Role, printable};

/// The report of one end of a pair.
pub fn pair_text(document: &PairDocument) -> String {
    let mut page = Page(String::new());
    let totals = &document.totals;
    match document.role {
        Role::Producer => producer(&mut page, document),
        Role::Consumer => consumer(&mut page, document),
    }
    page.line("zero window", &totals.zero_window_ms.map_or_else(unknown, time));
    if let (Role::Producer, latency) = (document.role, totals.latency) {
        let latency = latency.map_or_else(
            || "none: no request had an intended time".to_owned(),
            |latency| {
                let [half, most, max] = [latency.p50_ms, latency.p99_ms, latency.max_ms].map(time);
                format!("p50 {half} · p99 {most} · max {max}, counted from the intended time")
            },
        );
        page.line("send latency", &latency);
    }
    if totals.connections + totals.unopened > 1 {
        connections(&mut page, document);
    }
    for sentence in &document.unmeasured {
        page.line("unmeasured", &printable(sentence));
    }
    for sentence in &document.unexpected {
        page.line("unexpected", &printable(sentence));
    }
    page.0
}

struct Page(String);

impl Page {
    fn line(&mut self, name: &str, text: &str) {
        writeln!(self.0, "{name:<13} {text}").expect("a string takes all that is written to it");
    }
}

fn unknown() -> String {
    "unknown: the kernel does not tell".to_owned()
}

fn producer(page: &mut Page, document: &PairDocument) {
    let totals = &document.totals;
    page.line("sent", &carried(document, "request"));
    let stalls = if totals.write_stalls == 0 {
        "none above 20 ms".to_owned()
    } else {
        let (all, longest) = (time(totals.write_stalls_ms), time(totals.longest_write_stall_ms));
        format!("{} above 20 ms, {all} in all, the longest {longest}", totals.write_stalls)
    };
    page.line("write stalls", &stalls);
    let held: Option<u64> =
        document.connections.iter().map(|connection| connection.unacknowledged_bytes).sum();
    let held =
        held.map_or_else(unknown, |held| format!("{} unacknowledged after the last write", size(held)));
    page.line("held back", &held);
    page.line("queued", &format!("at most {} at once in a send queue", size(queue_max(document))));
    if totals.heard_bytes > 0 {
        let heard = size(totals.heard_bytes);
        page.line(
            "heard",
            &format!("{heard} from the other end, unread: both send; give both files the same `direction`"),
        );
    }
}

fn consumer(page: &mut Page, document: &PairDocument) {
    page.line("read", &carried(document, "read"));
    page.line(
        "longest wait",
        &format!("{} for bytes that would have been read", time(document.totals.longest_wait_ms)),
    );
    page.line("unread", &format!("at most {} at once in a receive queue", size(queue_max(document))));
}

fn queue_max(document: &PairDocument) -> u64 {
    document.connections.iter().map(|connection| connection.queue_max_bytes).max().unwrap_or_default()
}

fn carried(document: &PairDocument, what: &str) -> String {
    let totals = &document.totals;
    let rate = totals.bytes_per_second.map_or_else(String::new, |bytes| format!(", {}", rate(bytes)));
    format!(
        "{} in {}, {} in {}{rate}",
        size(totals.bytes),
        count(totals.requests, what),
        document.direction,
        time(totals.took_ms)
    )
}

fn connections(page: &mut Page, document: &PairDocument) {
    let totals = &document.totals;
    let mut text = count(totals.connections, "connection");
    for (number, what) in [(totals.unopened, "not opened"), (totals.ended_early, "ended before their time")] {
        if number > 0 {
            text = format!("{text}, {number} {what}");
        }
    }
    page.line("connections", &text);
    let mut by_rate: Vec<&PairConnection> = document.connections.iter().collect();
    by_rate.sort_by(|a, b| of(a).total_cmp(&of(b)));
    let middle = by_rate.get(by_rate.len().saturating_sub(1) / 2);
    if let (Some(slowest), Some(middle), Some(fastest)) = (by_rate.first(), middle, by_rate.last()) {
        let told =
            |connection: &PairConnection| format!("{} (number {})", rate(of(connection)), connection.number);
        let (slowest, fastest) = (told(slowest), told(fastest));
        page.line("each", &format!("slowest {slowest} · median {} · fastest {fastest}", rate(of(middle))));
    }
}

fn of(connection: &PairConnection) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "printed to two figures")]
    let bytes = connection.bytes as f64;
    if connection.took_ms > 0.0 { bytes / connection.took_ms * 1e3 } else { 0.0 }
}
