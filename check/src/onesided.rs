//! Checks from one side: the other end is a service that is not ours.
//!
//! Our end is the same as in any check, but for frames, which there are none of; the service is known by what arrives, by our own
//! kernel's samples, and by its process where that is on this machine and was named. `arrival` has what the curve of arriving bytes
//! tells, `decide` the rules of the verdict.

mod arrival;
mod decide;
mod download;
mod findings;
mod process;
mod side;
mod upload;

use crate::conduct::GRACE;
use crate::course::Cut;
use crate::decisions::Decisions;
use crate::direction::{Means, or_stopped};
use crate::encryption;
use crate::error::CheckError;
use crate::evaluate::Measured;
use crate::live::LiveView;
use client::{Route, ServiceStream, open_service};
use endpoint::End;
use findings::Findings;
use process::Gauge;
use scenario::{SERVICE_PATIENCE, Scenario, Service};
use side::Side;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use trace::Direction;
use units::{ByteSize, Span};
use wire::{ClockOffset, Plan, TrickleShape};

/// What our end may take beside its phases of stated length.
const SLACK: Duration = Duration::from_mins(5);

/// Measures one direction of one run.
pub(crate) async fn measure(
    means: &Means,
    service: &Service,
    direction: Direction,
    run: u32,
) -> Result<Measured, CheckError> {
    let Means { scenario, clock, sampler, patterns, stop, live, .. } = means;
    let (scenario, clock) = (&**scenario, *clock);
    let gauge = service.process.map(|process| {
        Gauge::start(process, clock).map_err(|source| CheckError::Process { process, source })
    });
    let gauge = gauge.transpose()?;
    let (tls, _) = encryption::set_up(scenario)?;
    let (transport, address) = (scenario.transport.clone(), service.address.clone());
    let route = Route { transport, tls, address, token: None, patience: SERVICE_PATIENCE.0 };
    let first = service.first.as_ref();
    let opened = async { Ok(open_service(&route, direction, first, scenario.buffers).await?) };
    let ServiceStream { mut stream, round_trip } = or_stopped(stop, opened).await?;
    let prepared = stream.begin(scenario.message);
    prepared.map_err(|source| CheckError::Local { doing: "prepare the connection", source })?;
    let connected = clock.now();
    let role = direction.client_role();
    let plan = Arc::new(plan(scenario, direction, run));
    let (link, handle) = endpoint::link();
    let end = End {
        role,
        stream,
        plan,
        clock,
        sampler: sampler.clone(),
        meter: Arc::default(),
        patterns: patterns.clone(),
    };
    let mut tasks: JoinSet<io::Result<()>> = JoinSet::new();
    tasks.spawn(endpoint::run_alone(end, link));
    let decisions = Decisions::new(clock, LiveView::new(Some(live), (run, scenario.repeat), direction));
    let mut side = Side::new((role, handle), clock, decisions, gauge, stop.clone());
    let mut findings = Findings::new(scenario, (connected, round_trip), direction, run);
    let cut = match direction {
        Direction::Download => {
            let (marks, cut) = download::conduct(&mut side, scenario).await;
            findings.marks = marks;
            cut
        }
        Direction::Upload => {
            let (flooded, cut) = upload::conduct(&mut side, scenario, round_trip).await;
            findings.flooded = flooded;
            cut
        }
    };
    if timeout(GRACE, tasks.join_next()).await.is_err() {
        findings.unmeasured.push(format!("{direction}: our own end did not finish in time"));
    }
    tasks.shutdown().await;
    before_anything(&side, &findings, cut, service)?;
    Ok(findings.evaluate(&side, cut))
}

/// What ended, or was silent, before anything could be measured, was no check.
fn before_anything(
    side: &Side<'_>,
    findings: &Findings<'_>,
    cut: Option<Cut>,
    service: &Service,
) -> Result<(), CheckError> {
    let begun = findings.marks.stalled.is_some() || findings.flooded.began.is_some();
    let (address, bytes) = (service.address.clone(), ByteSize::bytes(side.bytes()));
    match cut {
        Some(Cut::Dead) if !begun => Err(CheckError::Mute { address, patience: SERVICE_PATIENCE.0 }),
        Some(Cut::Ended) => {
            let detail = side.track.end().map_or_else(String::new, |(_, _, detail)| detail);
            // An answer that refuses the request refuses the check, but for one that finds the body too large.
            let refused = side.answered(|status| status != Some(TOO_LARGE));
            if begun && !refused { Ok(()) } else { Err(CheckError::Short { address, bytes, detail }) }
        }
        _ => Ok(()),
    }
}

/// HTTP's `Content Too Large` (RFC 9110 §15.5.14).
const TOO_LARGE: u16 = 413;

fn plan(scenario: &Scenario, direction: Direction, run: u32) -> Plan {
    let plan = crate::plan::plan(scenario, direction, ClockOffset::default(), run);
    let trickle = TrickleShape { messages: 0, spacing: Span(Duration::ZERO), message: ByteSize::bytes(0) };
    let total_max = Span(scenario.baseline.0 * 3 + scenario.deadline.0 * 4 + SLACK);
    Plan { rate: None, check_payloads: false, trickle, total_max, ..plan }
}
