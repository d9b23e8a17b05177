//! Leads an upload: floods the service until it is blocked and stays so, the limit is reached, or time is up.

use super::decide::UploadOutcome;
use super::side::Side;
use crate::course::Cut;
use crate::judge::{Finding, Judge, Rules};
use crate::stage::Update;
use scenario::Scenario;
use std::time::Duration;
use trace::{Event, Phase, Sample, Timed};
use units::Timestamp;
use wire::Command;

/// What came of the flood, and when.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flooded {
    pub(crate) began: Option<Timestamp>,
    pub(crate) outcome: Option<UploadOutcome>,
    /// The flood was judged.
    pub(crate) measured: Option<Timestamp>,
    /// How often the service stopped us and went on by itself.
    pub(crate) went_on: u64,
    /// The quiet period that was asked of it at last.
    pub(crate) quiet: Duration,
}

/// All of it, or as much as the connection lives through.
pub(crate) async fn conduct(
    side: &mut Side<'_>,
    scenario: &Scenario,
    round_trip: Duration,
) -> (Flooded, Option<Cut>) {
    let mut flooded = Flooded::default();
    let mut judge = Judge::new(Rules { hold: scenario.hold.0, round_trip });
    let cut = phases(side, scenario, &mut judge, &mut flooded).await.err();
    flooded.quiet = judge.quiet();
    side.finish().await;
    (flooded, cut)
}

async fn phases(
    side: &mut Side<'_>,
    scenario: &Scenario,
    judge: &mut Judge,
    flooded: &mut Flooded,
) -> Result<(), Cut> {
    side.look();
    side.track.tell(Command::Limit { bytes: scenario.limit.as_u64() });
    let began = side.tell(Command::Flood, |event| matches!(event, Event::FloodBegan)).await?;
    flooded.began = Some(began);
    judge.stalled(began);
    side.decisions.begin_at(began, Phase::Stall);
    let outcome = flood(side, judge, flooded, began.plus(scenario.deadline.0)).await?;
    flooded.measured = Some(side.clock.now());
    flooded.outcome = Some(outcome);
    side.look();
    if outcome == UploadOutcome::Held {
        // Does it go on by itself?
        side.decisions.begin(Phase::Resume);
        let before = side.bytes();
        let until = side.clock.now().plus(scenario.hold.0);
        while side.clock.now() < until && side.bytes() == before {
            side.step().await?;
        }
        flooded.went_on += u64::from(side.bytes() > before);
    }
    Ok(())
}

async fn flood(
    side: &mut Side<'_>,
    judge: &mut Judge,
    flooded: &mut Flooded,
    deadline: Timestamp,
) -> Result<UploadOutcome, Cut> {
    while side.clock.now() < deadline {
        match side.step().await? {
            Update::Event(_, Timed { event: Event::LimitReached { .. }, .. }) => {
                return Ok(UploadOutcome::Limit);
            }
            Update::Sample(_) => {}
            _ => continue,
        }
        let Some(sample) = side.track.latest.clone() else { continue };
        let finding = judge.observe(&sample);
        flooded.went_on += u64::from(finding == Finding::Withdrawn);
        if side.decisions.take(finding)? {
            return Ok(UploadOutcome::Held);
        }
    }
    Ok(UploadOutcome::Deadline)
}

/// The first sample that shows the last byte that was written until `measured`.
pub(crate) fn last_write(samples: &[Sample], measured: Timestamp) -> Option<Timestamp> {
    let last = samples.iter().rev().find(|sample| sample.at <= measured)?.stream_bytes;
    samples.iter().find(|sample| sample.stream_bytes == last).map(|sample| sample.at)
}
