//! Leads a download through its phases: reads, stops reading, reads again until the service lives at its own rate.

use super::arrival::Live;
use super::side::Side;
use crate::course::Cut;
use crate::figures;
use crate::rates::{Passed, mean_rate};
use scenario::{SERVICE_PATIENCE, Scenario};
use socket::TcpState;
use std::time::Duration;
use trace::{Event, Phase, Sample};
use units::Timestamp;
use wire::Command;

/// What is due must be beyond the limit, by this much, so that what comes can be.
const BEYOND: f64 = 1.5;

/// The burst that follows a resume is over after this time, or is a long one.
const BURST: Duration = Duration::from_millis(250);

/// A window that is not told of is closed where nothing arrives for so long although bytes wait.
const QUIET: Duration = Duration::from_millis(500);

/// When what began.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Marks {
    pub(crate) baseline: Option<Timestamp>,
    pub(crate) stalled: Option<Timestamp>,
    /// Our window closed.
    pub(crate) shut: Option<Timestamp>,
    pub(crate) resumed: Option<Timestamp>,
    /// The service ended its stream in order, after the stall.
    pub(crate) complete: bool,
}

/// All phases, or as many as the connection lives through.
pub(crate) async fn conduct(side: &mut Side<'_>, scenario: &Scenario) -> (Marks, Option<Cut>) {
    let mut marks = Marks::default();
    let cut = match phases(side, scenario, &mut marks).await {
        Ok(()) => None,
        Err(Cut::Ended) if marks.resumed.is_some() && ended_in_order(side) => {
            marks.complete = true;
            None
        }
        Err(cut) => Some(cut),
    };
    side.finish().await;
    (marks, cut)
}

async fn phases(side: &mut Side<'_>, scenario: &Scenario, marks: &mut Marks) -> Result<(), Cut> {
    baseline(side, scenario, marks).await?;
    stall(side, scenario, marks).await?;
    resume(side, scenario, marks).await
}

async fn baseline(side: &mut Side<'_>, scenario: &Scenario, marks: &mut Marks) -> Result<(), Cut> {
    side.decisions.begin(Phase::Baseline);
    let patience = side.clock.now().plus(SERVICE_PATIENCE.0);
    while side.bytes() == 0 {
        if side.clock.now() >= patience {
            return Err(Cut::Dead);
        }
        side.step().await?;
    }
    let deadline = side.clock.now().plus(scenario.deadline.0);
    while side.bytes() < scenario.warm_up.as_u64() && side.clock.now() < deadline {
        side.step().await?;
    }
    let began = side.clock.now();
    marks.baseline = Some(began);
    side.until(began.plus(scenario.baseline.0)).await
}

async fn stall(side: &mut Side<'_>, scenario: &Scenario, marks: &mut Marks) -> Result<(), Cut> {
    side.look();
    let stalled = side.tell(Command::Stall, |event| matches!(event, Event::Stalled { .. })).await?;
    marks.stalled = Some(stalled);
    side.decisions.begin_at(stalled, Phase::Stall);
    let passed = passed(&side.track.samples(), marks.baseline.unwrap_or(stalled), stalled);
    let rate = mean_rate(passed.into_iter()).unwrap_or_default();
    let deadline = stalled.plus(scenario.deadline.0);
    #[expect(clippy::cast_precision_loss, reason = "exact below 8 PiB")]
    let wanted = BEYOND * scenario.limit.as_u64() as f64;
    let mut quiet = (stalled, 0);
    while side.clock.now() < deadline {
        side.step().await?;
        let now = side.clock.now();
        if let Some(sample) = &side.track.latest
            && marks.shut.is_none()
        {
            marks.shut = shut(sample, &mut quiet).filter(|shut| *shut >= stalled);
            if marks.shut.is_some() {
                side.decisions.begin(Phase::Hold);
            }
        }
        let held = marks.shut.is_some_and(|shut| now.since(shut) >= Some(scenario.hold.0));
        let due = rate * now.since(stalled).unwrap_or_default().as_secs_f64();
        if held && due >= wanted {
            break;
        }
    }
    side.look();
    Ok(())
}

/// When our window was seen closed.
fn shut(sample: &Sample, quiet: &mut (Timestamp, u64)) -> Option<Timestamp> {
    if sample.rcv_wnd.is_some() {
        return (sample.rcv_wnd == Some(0)).then_some(sample.at);
    }
    // Kernels before 6.2 do not tell.
    if sample.receive_queue > quiet.1 || sample.receive_queue == 0 {
        *quiet = (sample.at, sample.receive_queue);
    }
    (sample.at.since(quiet.0) >= Some(QUIET)).then_some(sample.at)
}

async fn resume(side: &mut Side<'_>, scenario: &Scenario, marks: &mut Marks) -> Result<(), Cut> {
    let before = baseline_of(&side.track.samples(), marks);
    let resumed = side.tell(Command::Resume, |event| matches!(event, Event::Resumed { .. })).await?;
    marks.resumed = Some(resumed);
    side.decisions.begin_at(resumed, Phase::Resume);
    let tail = tail(scenario);
    let earliest = resumed.plus(tail + BURST);
    let latest = earliest.plus(scenario.deadline.0);
    // Kept beside the samples, which would have to be unpacked at each step.
    let mut since: Vec<Passed> = passed(&side.track.samples(), resumed, Timestamp::from_nanos(u64::MAX));
    while side.clock.now() < latest {
        side.step().await?;
        let newer = |sample: &&Sample| since.last().is_none_or(|(at, _)| *at < sample.at);
        let newest = side.track.latest.as_ref().filter(newer).map(figures::passed);
        since.extend(newest);
        let now = side.clock.now();
        if now < earliest {
            continue;
        }
        let from = Timestamp::from_nanos(now.as_nanos().saturating_sub(nanos(tail)));
        let live = since.get(since.partition_point(|(at, _)| *at < from)..).unwrap_or_default();
        let rate = mean_rate(live.iter().copied()).unwrap_or_default();
        if before.is_none_or(|before| rate <= LIVE_AGAIN * before.most()) {
            break;
        }
    }
    Ok(())
}

/// The service lives at its own rate once it is no faster than this many times the one before.
const LIVE_AGAIN: f64 = 1.25;

/// The time over which the live rate is taken after the resume.
pub(crate) fn tail(scenario: &Scenario) -> Duration {
    scenario.baseline.0.max(Duration::from_millis(500))
}

/// The live rate of the second half of the baseline.
pub(crate) fn baseline_of(samples: &[Sample], marks: &Marks) -> Option<Live> {
    let (began, stalled) = (marks.baseline?, marks.stalled?);
    let middle = began.plus(stalled.since(began)? / 2);
    Live::of(&passed(samples, middle, stalled))
}

/// Bytes read when, from `from` until `until`.
pub(crate) fn passed(samples: &[Sample], from: Timestamp, until: Timestamp) -> Vec<Passed> {
    let within = samples.iter().filter(|sample| sample.at >= from && sample.at <= until);
    within.map(|sample| (sample.at, sample.stream_bytes)).collect()
}

/// The service closed its direction, and did not reset it.
fn ended_in_order(side: &Side<'_>) -> bool {
    let Some((at, trace::How::Fin, _)) = side.track.end() else { return false };
    // Later it is closed because we closed our direction too.
    let samples = side.track.samples();
    let before = samples.iter().rev().find(|sample| sample.at <= at);
    before.is_none_or(|sample| sample.state != TcpState::Closed)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
