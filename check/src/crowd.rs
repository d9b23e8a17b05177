//! Many connections at once: opened one after the other, led through the phases together, and summed up.

use crate::bench::{Afterwards, Bench};
use crate::company::Company;
use crate::conduct::{Conductor, Setting};
use crate::connection::{Attempt, Connection};
use crate::course::Conducted;
use crate::direction::{Means, or_stopped};
use crate::error::CheckError;
use crate::evaluate::Measured;
use crate::kept;
use crate::opener::Opener;
use crate::plan::{plan, trickle};
use crate::sum::Sum;
use crate::together::{Member, together};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;
use trace::Direction;
use units::Timestamp;
use wire::{ClockOffset, Plan, TrickleShape};

/// Connections that are being opened at a time: a path that answers slowly is not asked by ever more.
const OPENING: usize = 256;

/// What became of one connection.
#[derive(Debug)]
pub(crate) enum Fate {
    Conducted(Box<Course>),
    /// The path keeps the request that its stream is; how much of it was measured. It was open after so long.
    Kept {
        measured: Box<Measured>,
        opened: Duration,
    },
    /// It could not be opened, which took so long to find out.
    Unopened {
        error: CheckError,
        waited: Duration,
    },
}

/// A connection that was led to its end.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) conducted: Conducted,
    pub(crate) round_trip: Duration,
    /// When it was open, after the first was asked for.
    pub(crate) opened: Duration,
    /// Why the client's end did not end well, if it did not.
    pub(crate) failure: Option<String>,
}

/// What all connections of a direction have in common.
#[derive(Debug)]
struct Shared {
    means: Means,
    opener: Opener,
    plan: Arc<Plan>,
    trickle: TrickleShape,
    offset: ClockOffset,
    places: Arc<Semaphore>,
    began: Timestamp,
    run: u32,
}

/// Measures one direction of one run with as many connections as the scenario has.
pub(crate) async fn measure(
    means: &Means,
    bench: &mut Bench,
    direction: Direction,
    (before, run): (ClockOffset, u32),
) -> Result<Measured, CheckError> {
    let connections = means.scenario.connections;
    let shared = Arc::new(Shared {
        means: means.clone(),
        opener: bench.opener.clone(),
        plan: Arc::new(plan(&means.scenario, direction, before, run)),
        trickle: trickle(connections),
        offset: before,
        places: Arc::new(Semaphore::new(OPENING)),
        began: means.clock.now(),
        run,
    });
    let mut tasks = JoinSet::new();
    for (index, member) in (0..connections).zip(together(connections as usize)) {
        let shared = Arc::clone(&shared);
        tasks.spawn(async move { (index, shared.lead(index, member).await) });
    }
    drop(shared);
    let mut fates: Vec<Option<Fate>> = (0..connections).map(|_| None).collect();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            // All have the same plan: who is refused before anything was sent is refused for all, who need not be asked.
            Ok((_, Fate::Unopened { error: error @ CheckError::Refused(_), .. })) => return Err(error),
            Ok((index, fate)) => {
                if let Some(place) = fates.get_mut(index as usize) {
                    *place = Some(fate);
                }
            }
            Err(error) => tracing::error!(%error, "a connection's task failed"),
        }
    }
    let Afterwards { offset, unconfirmed, server_is_gone } = bench.afterwards(before, direction, true).await;
    let mut sum = Sum::new(Arc::clone(&means.scenario), direction, run, offset);
    sum.unmeasured.extend(unconfirmed);
    for (connection, fate) in (1..).zip(fates) {
        sum.add(connection, fate, server_is_gone);
    }
    sum.finish()
}

impl Shared {
    async fn lead(&self, index: u32, member: Member) -> Fate {
        let scenario = &self.means.scenario;
        let clock = self.means.clock;
        let mut asked = clock.now();
        let opening = async {
            sleep(clock.until(self.began.plus(scenario.ramp.slot(index)))).await;
            let _place = self.places.acquire().await;
            asked = clock.now();
            // A box: what it takes to open a connection is given back once it is open.
            Box::pin(Connection::open(&self.means, &self.opener, Arc::clone(&self.plan), self.offset)).await
        };
        let attempt = or_stopped(&self.means.stop, opening).await;
        let unopened = |error| Fate::Unopened { error, waited: clock.now().since(asked).unwrap_or_default() };
        let opened = clock.now().since(self.began).unwrap_or_default();
        let Connection { stage, round_trip, client } = match attempt {
            Ok(Attempt::Open(connection)) => *connection,
            Ok(Attempt::Kept(kept)) => {
                // It has no phases for the others to wait for.
                drop(member);
                return match Box::pin(kept::measure(&self.means, *kept, self.run)).await {
                    Ok(measured) => Fate::Kept { measured: Box::new(measured), opened },
                    Err(error) => unopened(error),
                };
            }
            Err(error) => return unopened(error),
        };
        let setting = Setting {
            scenario,
            direction: self.plan.direction,
            trickle: self.trickle,
            clock,
            round_trip,
            run: self.run,
            live: (index == 0).then_some(&self.means.live),
            stagger: self.trickle.spacing.0 * index / scenario.connections,
        };
        let conducted = Box::pin(Conductor::new(setting, stage, Company::default(), member).conduct()).await;
        let failure = client.over().await.err();
        Fate::Conducted(Box::new(Course { conducted, round_trip, opened, failure }))
    }
}
