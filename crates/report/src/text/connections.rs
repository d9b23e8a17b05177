//! Connections that were measured at once.

use crate::document::{Connections, DirectionReport};
use crate::figures::{count, rate, size, time};

/// `200 connections, open after 2.00 s: 200 propagates · 1.2 GB/s and 43 MiB absorbed together`, then each of the worst; nothing
/// where there was one connection.
pub(super) fn sentences(report: &DirectionReport) -> Vec<String> {
    let Some(found) = &report.connections else { return Vec::new() };
    let mut sentences = vec![summary(found)];
    sentences.extend(found.worst.iter().map(|worst| format!("{}: {}", worst.connection, worst.reason)));
    sentences
        .push("the figures below are the median connection's, the bytes' fate is that of all".to_owned());
    sentences
}

fn summary(found: &Connections) -> String {
    let open = if found.opened == found.asked {
        format!("{}, open after {}", count(found.asked.into(), "connection"), time(found.opening_ms))
    } else {
        format!("{} of {} opened", found.opened, count(found.asked.into(), "connection"))
    };
    let verdicts = found.verdicts.iter().rev().map(|(verdict, number)| format!("{number} {verdict}"));
    format!(
        "{open}: {} · {} and {} absorbed together",
        verdicts.collect::<Vec<_>>().join(", "),
        rate(found.baseline_bytes_per_second),
        size(found.absorbed_bytes),
    )
}
