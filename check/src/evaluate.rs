//! All that is left of a stream that is over: figures, samples, events, histograms. No I/O, no clock.

use crate::course::{Conducted, Outcome};
use crate::figures::{Evidence, ms_between};
use crate::judge::Rules;
use crate::reason::{Judgement, judge};
use crate::unmeasured::unmeasured_by;
use report::{ConnectionRow, DirectionReport};
use scenario::Scenario;
use std::time::Duration;
use trace::{Direction, EventRecord, Interval, Role, StreamTrace, Tag};
use units::Timestamp;
use wire::ClockOffset;

/// All that one direction left behind.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) report: DirectionReport,
    pub(crate) trace: StreamTrace,
    pub(crate) events: Vec<EventRecord>,
    pub(crate) intervals: Vec<Interval>,
    pub(crate) unmeasured: Vec<String>,
    /// Where several were measured at once.
    pub(crate) connections: Vec<ConnectionRow>,
    pub(crate) mss: Option<u32>,
    pub(crate) offset: ClockOffset,
}

/// What is known of a stream beside its course.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) round_trip: Duration,
    pub(crate) offset: ClockOffset,
    pub(crate) unmeasured: Vec<String>,
}

/// Turns the course of one stream into figures.
pub(crate) fn evaluate(
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
    let (producer, consumer) = evidence.into_samples();
    unmeasured.extend(unmeasured_by(&conducted, direction, scenario));
    let events = merge_events(&conducted, direction, run);
    let trace = StreamTrace { run, direction, producer, consumer };
    Measured { report, trace, events, intervals, unmeasured, connections: Vec::new(), mss, offset }
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
        connections: None,
        neighbours: evidence.neighbours(),
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
        one_sided: None,
    }
}

fn intervals(evidence: &Evidence<'_>) -> Vec<Interval> {
    let stage = &evidence.conducted.stage;
    let start = evidence.conducted.marks.connected;
    let last = |samples: &[trace::Sample]| samples.last().map(|sample| sample.at);
    let end = last(&evidence.producer).max(last(&evidence.consumer)).unwrap_or(start);
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
