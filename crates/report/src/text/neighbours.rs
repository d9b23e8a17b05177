//! What the stall did to other connections.

use crate::document::DirectionReport;
use crate::figures::time;
use scenario::Scenario;

/// `8 beside the stall: 1.00 of their rate · p99 200 µs before, 210 µs during it`; nothing where there were none.
pub(super) fn sentence(report: &DirectionReport, scenario: &Scenario) -> Option<String> {
    if scenario.neighbours == 0 {
        return None;
    }
    let Some(found) = &report.neighbours else { return Some("not measured".to_owned()) };
    let broken = match found.broken {
        0 => String::new(),
        broken => format!(" · {broken} broken"),
    };
    Some(format!(
        "{} beside the stall, the worst of them: {:.2} of its rate · p99 {} before, {} during{broken}",
        found.connections,
        found.rate_ratio,
        time(found.p99_before_ms),
        time(found.p99_during_ms),
    ))
}
