//! One direction on fresh connections: opened, conducted, and turned into figures.

use crate::bench::{Bench, OpenedStream};
use crate::conduct::{Conductor, GRACE, Setting};
use crate::course::{Conducted, Cut, Outcome};
use crate::error::CheckError;
use crate::figures::{Evidence, ms_between};
use crate::judge::Rules;
use crate::live::Live;
use crate::reason::{Judgement, judge};
use crate::stage::Stage;
use crate::unmeasured::unmeasured_by;
use endpoint::{End, Sampler};
use report::DirectionReport;
use scenario::{Integrity, LIMITS, Scenario};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use trace::{Direction, EventRecord, Interval, Role, StreamTrace, Tag};
use units::{ByteSize, Clock, Span, Timestamp};
use wire::{ClockOffset, FRAME_HEADER, Plan, TrickleShape};

/// Forty small messages, 20 ms apart.
const TRICKLE: TrickleShape = TrickleShape {
    messages: 40,
    spacing: Span(Duration::from_millis(20)),
    message: ByteSize::bytes(FRAME_HEADER as u64 + 76),
};

/// What an end may take beside its phases of stated length.
const SLACK: Duration = Duration::from_mins(5);

/// What every direction of a check is measured with.
#[derive(Debug)]
pub(crate) struct Means<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) clock: Clock,
    pub(crate) sampler: &'a Sampler,
    pub(crate) stop: &'a CancellationToken,
    pub(crate) live: &'a watch::Sender<Option<Live>>,
}

/// All that one direction left behind.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) report: DirectionReport,
    pub(crate) trace: StreamTrace,
    pub(crate) events: Vec<EventRecord>,
    pub(crate) intervals: Vec<Interval>,
    pub(crate) unmeasured: Vec<String>,
    pub(crate) mss: Option<u32>,
    pub(crate) offset: ClockOffset,
}

/// Measures one direction of one run.
pub(crate) async fn measure(
    means: &Means<'_>,
    bench: &mut Bench,
    direction: Direction,
    run: u32,
) -> Result<Measured, CheckError> {
    if means.stop.is_cancelled() {
        return Err(CheckError::Interrupted);
    }
    let before = or_stopped(means.stop, bench.clock_offset()).await?;
    let plan = Arc::new(plan(means.scenario, direction, before, run));
    let OpenedStream { opened, remote } = or_stopped(means.stop, bench.open(&plan, before)).await?;
    let round_trip = opened.round_trip;
    let (link, local) = endpoint::link();
    let local_role = match direction {
        Direction::Upload => Role::Producer,
        Direction::Download => Role::Consumer,
    };
    let mut stream = opened.stream;
    let prepared = stream.begin(means.scenario.message);
    prepared.map_err(|source| CheckError::Local { doing: "prepare the data connection", source })?;
    let sampler = means.sampler.clone();
    let end = End { role: local_role, stream, plan, clock: means.clock, sampler, meter: Arc::default() };
    let mut tasks: JoinSet<io::Result<()>> = JoinSet::new();
    tasks.spawn(endpoint::run(end, link));
    let (producer, consumer) = match direction {
        Direction::Upload => (local, remote),
        Direction::Download => (remote, local),
    };
    let stage = Stage::new(producer, consumer, means.stop.clone());
    let setting = Setting {
        scenario: means.scenario,
        direction,
        trickle: TRICKLE,
        clock: means.clock,
        round_trip,
        run,
        live: means.live,
    };
    let mut conducted = Conductor::new(setting, stage).conduct().await;
    let mut unmeasured = Vec::new();
    match timeout(GRACE, tasks.join_next()).await {
        Ok(Some(Ok(Ok(()))) | None) => {}
        Ok(Some(Ok(Err(error)))) => unmeasured.push(format!("{direction}: the client's end failed: {error}")),
        Ok(Some(Err(error))) => unmeasured.push(format!("{direction}: the client's end failed: {error}")),
        Err(_) => unmeasured.push(format!("{direction}: the client's end did not finish in time")),
    }
    tasks.shutdown().await;
    // A clock that cannot be asked again is as uncertain as it was, and that is said.
    let offset = match bench.clock_offset().await {
        Ok(after) => before.confirmed_by(after),
        Err(error) => {
            if conducted.may_be_the_server() && bench.server_is_gone().await {
                conducted.cut = Some(Cut::Gone);
            }
            unmeasured.push(format!("{direction}: the clock offset could not be confirmed: {error}"));
            before
        }
    };
    Ok(evaluate(means.scenario, direction, run, conducted, Context { round_trip, offset, unmeasured }))
}

/// What is asked of the bench before a stream begins can be given up.
async fn or_stopped<T>(
    stop: &CancellationToken,
    asked: impl Future<Output = Result<T, CheckError>>,
) -> Result<T, CheckError> {
    tokio::select! {
        answer = asked => answer,
        () = stop.cancelled() => Err(CheckError::Interrupted),
    }
}

/// What is known of a stream beside its course.
struct Context {
    round_trip: Duration,
    offset: ClockOffset,
    unmeasured: Vec<String>,
}

fn plan(scenario: &Scenario, direction: Direction, offset: ClockOffset, run: u32) -> Plan {
    let slow = if scenario.slow.is_some() { scenario.deadline.0 } else { Duration::ZERO };
    let phases = [scenario.baseline.0, scenario.deadline.0 * 2, slow, TRICKLE.spacing.0 * TRICKLE.messages];
    Plan {
        direction,
        message: scenario.message,
        buffers: scenario.buffers,
        rate: scenario.rate,
        check_payloads: scenario.integrity == Integrity::Full,
        seed: scenario.seed.wrapping_add(u64::from(run - 1)),
        trickle: TRICKLE,
        sample: scenario.sample,
        stall_max: Span(scenario.deadline.0 + scenario.hold.0 + GRACE),
        total_max: Span(phases.into_iter().sum::<Duration>() + SLACK),
        bytes_max: LIMITS.stream_max,
        user_timeout: scenario.user_timeout,
        producer_to_consumer: match direction {
            Direction::Upload => offset.nanoseconds,
            Direction::Download => offset.nanoseconds.saturating_neg(),
        },
    }
}

fn evaluate(
    scenario: &Scenario,
    direction: Direction,
    run: u32,
    mut conducted: Conducted,
    context: Context,
) -> Measured {
    let Context { round_trip, offset, mut unmeasured } = context;
    conducted.judge_again(Rules { hold: scenario.hold.0, round_trip });
    let evidence = Evidence::new(&conducted);
    let report = figures(&evidence, scenario, round_trip, offset);
    let intervals = intervals(&evidence);
    let mss = evidence.producer.last().map(|sample| sample.snd_mss);
    unmeasured.extend(unmeasured_by(&conducted, direction, scenario));
    let events = merge_events(&conducted, direction, run);
    let Conducted { stage, .. } = conducted;
    let trace =
        StreamTrace { run, direction, producer: stage.producer.samples, consumer: stage.consumer.samples };
    Measured { report, trace, events, intervals, unmeasured, mss, offset }
}

fn figures(
    evidence: &Evidence<'_>,
    scenario: &Scenario,
    round_trip: Duration,
    offset: ClockOffset,
) -> DirectionReport {
    let conducted = evidence.conducted;
    let bytes = evidence.bytes();
    let absorbed = evidence.absorbed(scenario);
    let Judgement { verdict, reason, ended } = judge(evidence, absorbed.as_ref(), bytes.as_ref(), scenario);
    let held = conducted.outcome == Outcome::Held;
    let marks = &conducted.marks;
    let since = |mark: Option<Timestamp>, at: Option<Timestamp>| Some(ms_between(mark?, at?));
    let baseline = evidence.baseline_rate();
    let when_held = |figure: Option<f64>| figure.filter(|_| held);
    let when_blocked = |figure: Option<f64>| figure.filter(|_| held || conducted.ended_blocked());
    let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
    #[expect(clippy::cast_precision_loss, reason = "2^53 ns are 104 days")]
    let clock_uncertainty_ms = offset.uncertainty as f64 / 1e6;
    DirectionReport {
        verdict,
        reason,
        baseline_bytes_per_second: baseline,
        trickle_held_ms: evidence.trickle_held(round_trip),
        absorbed,
        last_write_ms: when_blocked(since(marks.stalled, evidence.last_write())),
        zero_window_ms: since(marks.stalled, evidence.zero_window()),
        window_probes: evidence.window_probes(),
        release_ms: when_held(since(marks.resumed, evidence.first_write())),
        recovery_ms: baseline
            .filter(|_| held)
            .and_then(|baseline| evidence.recovery(baseline, scenario.message))
            .map(ms),
        slow: evidence.slow(),
        integrity: bytes,
        ended,
        round_trip_ms: Some(ms(round_trip)),
        blocked_ms: when_held(since(evidence.last_write(), marks.measured)),
        swallowing_bytes_per_second: evidence
            .swallowing_rate()
            .filter(|_| conducted.outcome == Outcome::Deadline),
        slowest_drip_bytes_per_second: held.then(|| evidence.slowest_drip(scenario.hold.0)).flatten(),
        clock_uncertainty_ms,
        sampler: conducted.stage.producer.produced().map(|summary| summary.sampler),
    }
}

fn intervals(evidence: &Evidence<'_>) -> Vec<Interval> {
    let stage = &evidence.conducted.stage;
    let start = evidence.conducted.marks.connected;
    let last = |samples: &[trace::Sample]| samples.last().map(|sample| sample.at);
    let end = last(evidence.producer).max(last(evidence.consumer)).unwrap_or(start);
    let mut found =
        vec![(Tag::Rtt, evidence.round_trips()), (Tag::ZeroWindow, evidence.zero_window_episodes())];
    if let Some(consumed) = stage.consumer.consumed() {
        found.push((Tag::Latency, consumed.latency.clone()));
        found.push((Tag::HeldBack, consumed.held_back.clone()));
        found.push((Tag::InPath, consumed.in_path.clone()));
    }
    if let Some(produced) = stage.producer.produced() {
        found.push((Tag::Write, produced.write.clone()));
    }
    found.sort_by_key(|(tag, _)| *tag);
    found.into_iter().map(|(tag, latencies)| Interval { tag, start, end, latencies }).collect()
}

fn merge_events(conducted: &Conducted, direction: Direction, run: u32) -> Vec<EventRecord> {
    let record = |end| move |timed: &trace::Timed| EventRecord { run, direction, end, timed: timed.clone() };
    let stage = &conducted.stage;
    let mut events: Vec<EventRecord> = conducted.decisions.iter().map(record(None)).collect();
    events.extend(stage.producer.events.iter().map(record(Some(Role::Producer))));
    events.extend(stage.consumer.events.iter().map(record(Some(Role::Consumer))));
    events.sort_by_key(|record| record.timed.at);
    events
}
