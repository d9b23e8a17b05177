//! One direction on fresh connections: opened, conducted, and turned into figures.

use crate::bench::{Afterwards, Bench};
use crate::company::Company;
use crate::conduct::{Conductor, Setting};
use crate::connection::{Attempt, Connection};
use crate::error::CheckError;
use crate::evaluate::{Context, Measured, evaluate};
use crate::kept;
use crate::live::Live;
use crate::opener::Opener;
use crate::plan::{plan, trickle};
use crate::together::Member;
use crate::{crowd, neighbours};
use endpoint::{Crew, Patterns, Sampler};
use scenario::Scenario;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use trace::Direction;
use units::Clock;
use wire::{ClockOffset, Plan};

/// What every direction of a check is measured with.
#[derive(Debug, Clone)]
pub(crate) struct Means {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) clock: Clock,
    pub(crate) sampler: Sampler,
    pub(crate) patterns: Patterns,
    pub(crate) crew: Crew,
    pub(crate) stop: CancellationToken,
    pub(crate) live: watch::Sender<Option<Live>>,
}

/// Measures one direction of one run.
pub(crate) async fn measure(
    means: &Means,
    bench: &mut Bench,
    direction: Direction,
    run: u32,
) -> Result<Measured, CheckError> {
    if means.stop.is_cancelled() {
        return Err(CheckError::Interrupted);
    }
    let offset = or_stopped(&means.stop, bench.clock_offset()).await?;
    if means.scenario.connections > 1 {
        crowd::measure(means, bench, direction, (offset, run)).await
    } else {
        measure_one(means, bench, direction, (offset, run)).await
    }
}

async fn measure_one(
    means: &Means,
    bench: &mut Bench,
    direction: Direction,
    (before, run): (ClockOffset, u32),
) -> Result<Measured, CheckError> {
    let opened = open(means, &bench.opener, direction, (before, run));
    let (Connection { stage, round_trip, client }, company) = match or_stopped(&means.stop, opened).await? {
        (Attempt::Open(connection), company) => (*connection, company),
        (Attempt::Kept(kept), _) => return kept::measure(means, *kept, run).await,
    };
    let setting = Setting {
        scenario: &means.scenario,
        direction,
        trickle: trickle(1),
        clock: means.clock,
        round_trip,
        run,
        live: Some(&means.live),
        stagger: Duration::ZERO,
    };
    let mut conducted = Conductor::new(setting, stage, company, Member::alone()).conduct().await;
    let mut unmeasured = Vec::new();
    if let Err(failure) = client.over().await {
        unmeasured.push(format!("{direction}: {failure}"));
    }
    let may_be_its_end = conducted.may_be_the_servers_end();
    let Afterwards { offset, unconfirmed, server_is_gone } =
        bench.afterwards(before, direction, may_be_its_end).await;
    unmeasured.extend(unconfirmed);
    conducted.excuse_the_path(server_is_gone);
    Ok(evaluate(&means.scenario, direction, run, conducted, Context { round_trip, offset, unmeasured }))
}

/// Opens the measured connection, and those of its neighbours.
async fn open(
    means: &Means,
    opener: &Opener,
    direction: Direction,
    (offset, run): (ClockOffset, u32),
) -> Result<(Attempt, Company), CheckError> {
    let plan = plan(&means.scenario, direction, offset, run);
    let traffic = neighbours::traffic(&means.scenario);
    let neighbour = Arc::new(Plan { message: traffic.message, rate: None, trickle: traffic, ..plan.clone() });
    let mut neighbours = Vec::new();
    let mut kept = false;
    while !kept && neighbours.len() < means.scenario.neighbours as usize {
        match Connection::open(means, opener, Arc::clone(&neighbour), offset).await? {
            Attempt::Open(connection) => neighbours.push(*connection),
            // So will the measured one be, and that is the finding.
            Attempt::Kept(_) => kept = true,
        }
    }
    match Connection::open(means, opener, Arc::new(plan), offset).await? {
        Attempt::Open(_) if kept => Err(CheckError::Kept),
        attempt => Ok((attempt, Company::new(neighbours, traffic.spacing.0))),
    }
}

/// What is asked of the bench before a stream begins can be given up.
pub(crate) async fn or_stopped<T>(
    stop: &CancellationToken,
    asked: impl Future<Output = Result<T, CheckError>>,
) -> Result<T, CheckError> {
    tokio::select! {
        answer = asked => answer,
        () = stop.cancelled() => Err(CheckError::Interrupted),
    }
}
