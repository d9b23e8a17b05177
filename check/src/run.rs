//! All runs of a check, one direction after the other.

use crate::bench::Bench;
use crate::direction::{Means, measure};
use crate::error::CheckError;
use crate::evaluate::Measured;
use crate::live::Live;
use crate::nothing::{is_local, lost, unopened};
use crate::onesided;
use endpoint::{Crew, Patterns, Sampler};
use report::{ConnectionRow, DirectionReport, Environment, PathDescription, RunDocument, RunReport, Started};
use scenario::{Scenario, Service, Topology};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use trace::{Direction, EventRecord, Interval, StreamTrace, Verdict};
use units::Clock;

/// A check that is about to run.
#[derive(Debug)]
pub struct Check {
    /// What is to be measured.
    pub scenario: Scenario,
    /// Ends the check early; what was measured until then is kept.
    pub stop: CancellationToken,
    /// Where its state is shown.
    pub live: watch::Sender<Option<Live>>,
}

/// All that a check left behind.
#[derive(Debug)]
pub struct CheckResult {
    /// Scenario and circumstances.
    pub run: RunDocument,
    /// The figures of each run.
    pub reports: Vec<RunReport>,
    /// Each connection, where several were measured at once.
    pub connections: Vec<ConnectionRow>,
    /// The samples.
    pub streams: Vec<StreamTrace>,
    /// The events.
    pub events: Vec<EventRecord>,
    /// The histograms.
    pub latencies: Vec<Interval>,
}

/// Runs a check to its end, or until it is stopped.
pub async fn run(check: Check) -> Result<CheckResult, CheckError> {
    let Check { scenario, stop, live } = check;
    let clock = Clock::start();
    let started = Started::now(clock);
    let sampler = Sampler::start(clock)
        .map_err(|source| CheckError::Local { doing: "start the sampler's thread", source })?;
    let means = Means {
        scenario: Arc::new(scenario.clone()),
        clock,
        sampler,
        patterns: Patterns::default(),
        crew: Crew::default(),
        stop: stop.clone(),
        live,
    };
    if let Topology::Service(service) = &scenario.topology {
        return run_one_sided(&means, service, started).await;
    }
    let mut bench = Bench::set_up(&scenario, clock, &means.sampler).await?;
    let mut result = CheckResult::empty(describe(&scenario, bench.opener.path.clone(), started));
    for run in 1..=scenario.repeat {
        let mut directions = BTreeMap::new();
        let mut gone = false;
        for direction in &scenario.directions {
            let asked = clock.now();
            let measured = match measure(&means, &mut bench, *direction, run).await {
                Ok(measured) => measured,
                // Before anything was opened the check could not run; later the path broke.
                Err(CheckError::Open(error))
                    if !result.streams.is_empty()
                        && !is_local(&error)
                        && bench.clock_offset().await.is_ok() =>
                {
                    let waited = clock.now().since(asked).unwrap_or_default();
                    unopened(&error, waited, *direction, run)
                }
                Err(error) if !result.streams.is_empty() => {
                    gone = true;
                    lost(&error, *direction, run)
                }
                Err(error) => return Err(error),
            };
            directions.insert(*direction, result.keep(measured, *direction, &scenario));
        }
        result.reports.push(run_report(directions));
        if stop.is_cancelled() || gone {
            break;
        }
    }
    bench.tear_down().await;
    if stop.is_cancelled() {
        result.run.unmeasured.push("everything after the interruption".to_owned());
    }
    Ok(result)
}

/// Runs a check of a service that is not ours.
async fn run_one_sided(
    means: &Means,
    service: &Service,
    started: Started,
) -> Result<CheckResult, CheckError> {
    let scenario = &*means.scenario;
    let path = PathDescription { via: None, server: service.address.clone(), transport: scenario.carriage() };
    let mut result = CheckResult::empty(describe(scenario, path, started));
    for run in 1..=scenario.repeat {
        let mut directions = BTreeMap::new();
        for direction in &scenario.directions {
            let measured = match onesided::measure(means, service, *direction, run).await {
                Err(error) if !result.streams.is_empty() => lost(&error, *direction, run),
                measured => measured?,
            };
            directions.insert(*direction, result.keep(measured, *direction, scenario));
        }
        result.reports.push(run_report(directions));
        if means.stop.is_cancelled() {
            result.run.unmeasured.push("everything after the interruption".to_owned());
            break;
        }
    }
    Ok(result)
}

/// A run is as good as its worst direction.
fn run_report(directions: BTreeMap<Direction, DirectionReport>) -> RunReport {
    // Of equally bad ones the first.
    let worst = directions.iter().rev().max_by_key(|(_, report)| report.verdict);
    let (verdict, reason) = match worst {
        Some((direction, report)) if directions.len() > 1 => {
            (report.verdict, format!("{direction}: {}", report.reason))
        }
        Some((_, report)) => (report.verdict, report.reason.clone()),
        None => (Verdict::Undecided, "nothing was measured".to_owned()),
    };
    RunReport { verdict, reason, directions }
}

impl CheckResult {
    fn empty(run: RunDocument) -> Self {
        Self {
            run,
            reports: Vec::new(),
            connections: Vec::new(),
            streams: Vec::new(),
            events: Vec::new(),
            latencies: Vec::new(),
        }
    }

    fn keep(&mut self, measured: Measured, direction: Direction, scenario: &Scenario) -> DirectionReport {
        let Measured { report, trace, events, intervals, unmeasured, connections, mss, offset } = measured;
        self.connections.extend(connections);
        self.streams.push(trace);
        self.events.extend(events);
        self.latencies.extend(intervals);
        for sentence in unmeasured {
            if !self.run.unmeasured.contains(&sentence) {
                self.run.unmeasured.push(sentence);
            }
        }
        if let Some(mss) = mss {
            self.run.mss.insert(direction, mss);
        }
        if matches!(scenario.topology, Topology::Target { .. }) {
            self.run.clock_offset_ns = Some((offset.nanoseconds, offset.uncertainty));
        }
        report
    }
}

fn describe(scenario: &Scenario, path: PathDescription, started: Started) -> RunDocument {
    let Environment { kernel, sysctls, congestion_control, privileges } = Environment::read();
    RunDocument {
        format: 1,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: started.text,
        epoch_unix_ns: started.epoch_unix_ns,
        scenario: scenario.clone(),
        path,
        kernel,
        sysctls,
        congestion_control,
        mss: BTreeMap::new(),
        privileges,
        clock_offset_ns: None,
        unmeasured: Vec::new(),
    }
}
