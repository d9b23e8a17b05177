//! A data connection through the path, with both its ends running.

use crate::conduct::GRACE;
use crate::direction::Means;
use crate::error::CheckError;
use crate::opener::{OpenedStream, Opener};
use crate::stage::Stage;
use client::Opened;
use endpoint::{End, EndHandle};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use trace::{Direction, Role};
use wire::{ClockOffset, Plan};

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stage: Stage,
    pub(crate) round_trip: Duration,
    pub(crate) client: ClientEnd,
}

/// The task of the client's end.
#[derive(Debug)]
pub(crate) struct ClientEnd(JoinSet<io::Result<()>>);

impl Connection {
    /// Opens a connection for a stream that follows `plan`, and starts the client's end of it.
    pub(crate) async fn open(
        means: &Means,
        opener: &Opener,
        plan: Arc<Plan>,
        offset: ClockOffset,
    ) -> Result<Self, CheckError> {
        match opener.open(&plan, offset).await? {
            OpenedStream { opened, remote, kept: None } => Self::start(means, opened, remote, plan),
            OpenedStream { kept: Some(_), .. } => Err(CheckError::Kept),
        }
    }

    /// Starts the client's end of a stream that was opened.
    pub(crate) fn start(
        means: &Means,
        opened: Opened,
        remote: EndHandle,
        plan: Arc<Plan>,
    ) -> Result<Self, CheckError> {
        let round_trip = opened.round_trip;
        let mut stream = opened.stream;
        let prepared = stream.begin(plan.message);
        prepared.map_err(|source| CheckError::Local { doing: "prepare the data connection", source })?;
        let role = match plan.direction {
            Direction::Upload => Role::Producer,
            Direction::Download => Role::Consumer,
        };
        let (link, local) = endpoint::link();
        let (producer, consumer) = match role {
            Role::Producer => (local, remote),
            Role::Consumer => (remote, local),
        };
        let place = means.crew.place(plan.at_once);
        let place = place.map_err(|source| CheckError::Local { doing: "start threads", source })?;
        let (sampler, patterns) = (means.sampler.clone(), means.patterns.clone());
        let meter = Arc::default();
        let end = End { role, stream, plan, clock: means.clock, sampler, patterns, meter };
        let mut tasks = JoinSet::new();
        tasks.spawn_on(endpoint::run(end, link), &place);
        let stage = Stage::new(producer, consumer, means.scenario.sample.0, means.stop.clone());
        Ok(Self { stage, round_trip, client: ClientEnd(tasks) })
    }
}

impl ClientEnd {
    /// Waits until it is over, a while; why it did not end well, if it did not.
    pub(crate) async fn over(mut self) -> Result<(), String> {
        match timeout(GRACE, self.0.join_next()).await {
            Ok(Some(Ok(Ok(()))) | None) => Ok(()),
            Ok(Some(Ok(Err(error)))) => Err(format!("the client's end failed: {error}")),
            Ok(Some(Err(error))) => Err(format!("the client's end failed: {error}")),
            Err(_) => {
                self.0.shutdown().await;
                Err("the client's end did not finish in time".to_owned())
            }
        }
    }
}
