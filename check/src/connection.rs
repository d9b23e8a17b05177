//! A data connection through the path, with both its ends running.

use crate::conduct::GRACE;
use crate::direction::Means;
use crate::error::CheckError;
use crate::kept::Kept;
use crate::opener::{OpenedStream, Opener};
use crate::stage::Stage;
use client::Opened;
use endpoint::{End, EndHandle};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use trace::Role;
use transport::Stream;
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

/// What became of an attempt to open one.
#[derive(Debug)]
pub(crate) enum Attempt {
    Open(Box<Connection>),
    /// The path keeps the request that the stream is.
    Kept(Box<Kept>),
}

impl Connection {
    /// Opens a connection for a stream that follows `plan`, and starts the client's end of it.
    pub(crate) async fn open(
        means: &Means,
        opener: &Opener,
        plan: Arc<Plan>,
        offset: ClockOffset,
    ) -> Result<Attempt, CheckError> {
        let OpenedStream { opened: Opened { stream, round_trip, .. }, remote, kept } =
            opener.open(&plan, offset).await?;
        if let Some(began) = kept {
            return Ok(Attempt::Kept(Box::new(Kept { stream, plan, began, remote })));
        }
        let role = plan.direction.client_role();
        let (local, client) = ClientEnd::start(means, stream, plan)?;
        let (producer, consumer) = match role {
            Role::Producer => (local, remote),
            Role::Consumer => (remote, local),
        };
        let stage = Stage::new(producer, consumer, means.scenario.sample.0, means.stop.clone());
        Ok(Attempt::Open(Box::new(Self { stage, round_trip, client })))
    }
}

impl ClientEnd {
    /// Starts the client's end of a stream that was opened.
    pub(crate) fn start(
        means: &Means,
        mut stream: Stream,
        plan: Arc<Plan>,
    ) -> Result<(EndHandle, Self), CheckError> {
        let prepared = stream.begin(plan.message);
        prepared.map_err(|source| CheckError::Local { doing: "prepare the data connection", source })?;
        let place = means.crew.place(plan.at_once);
        let place = place.map_err(|source| CheckError::Local { doing: "start threads", source })?;
        let (sampler, patterns) = (means.sampler.clone(), means.patterns.clone());
        let (role, meter) = (plan.direction.client_role(), Arc::default());
        let end = End { role, stream, plan, clock: means.clock, sampler, patterns, meter };
        let (link, handle) = endpoint::link();
        let mut tasks = JoinSet::new();
        tasks.spawn_on(endpoint::run(end, link), &place);
        Ok((handle, Self(tasks)))
    }

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
