//! What the producer did while the consumer read slowly.

use crate::document::{DirectionReport, Slow};
use crate::figures::{rate, size, time};
use scenario::Scenario;

/// `at 160 MB/s the producer followed (1.00 of its rate) with 8.2 MiB in the path, 51 ms to read`; nothing where it was
/// not asked.
pub(super) fn sentence(report: &DirectionReport, scenario: &Scenario) -> Option<String> {
    let share = scenario.slow?;
    let Some(slow) = &report.slow else { return Some(format!("not measured at {share}")) };
    let follows = if slow.rate_ratio <= Slow::FOLLOWS { "followed" } else { "did not follow" };
    let queue = u64::try_from(slow.queue_bytes).map_or_else(|_| format!("{} B", slow.queue_bytes), size);
    Some(format!(
        "at {share}, {}, the producer {follows}: {:.2} of the consumer's rate · {queue} in the path, {} to read",
        rate(slow.consumer_bytes_per_second),
        slow.rate_ratio,
        time(slow.queue_ms),
    ))
}
