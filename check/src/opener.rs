//! Opens the data connections of a run, as many at a time as are asked for.

use crate::arrival::arrives;
use crate::bridge::Attachment;
use crate::error::CheckError;
use client::{OpenError, Opened, Route, open_stream};
use endpoint::EndHandle;
use report::PathDescription;
use socket::Buffers;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use wire::{ClockOffset, Opening, Plan, RunId, ToServer};

/// How long a connection, or an answer, is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// How often a data connection is tried that reached the wrong server, or was ended before its answer.
const TRIES: u32 = 5;

/// Time between two tries: a balancer may have just noticed that its upstream is there.
const TRY_PAUSE: Duration = Duration::from_millis(250);

/// What it takes to open connections. Clones number their streams together.
#[derive(Debug, Clone)]
pub(crate) struct Opener {
    pub(crate) path: PathDescription,
    pub(crate) route: Route,
    pub(crate) run: RunId,
    pub(crate) buffers: Buffers,
    pub(crate) say: mpsc::Sender<ToServer>,
    pub(crate) attach: mpsc::Sender<Attachment>,
    pub(crate) streams: Arc<AtomicU32>,
}

/// A data connection, and the link to the server's end of it.
#[derive(Debug)]
pub(crate) struct OpenedStream {
    pub(crate) opened: Opened,
    pub(crate) remote: EndHandle,
    /// The path keeps the request that the stream is; told if it lets it go.
    pub(crate) kept: Option<oneshot::Receiver<()>>,
}

/// A stream that the server awaits.
struct Prepared {
    stream: u32,
    remote: EndHandle,
    /// The process that awaits it.
    instance: RunId,
    /// Told when its connection has arrived.
    began: oneshot::Receiver<()>,
}

impl Opener {
    /// Opens a data connection for a stream that follows `plan`.
    pub(crate) async fn open(&self, plan: &Plan, offset: ClockOffset) -> Result<OpenedStream, CheckError> {
        let mut elsewhere = 0;
        for attempt in 1..=TRIES {
            let Prepared { stream, remote, instance, mut began } = self.prepare(plan, offset).await?;
            let opening = Opening::of_stream(self.run, stream);
            let mut opened = open_stream(&self.route, opening, plan.direction, self.buffers).await;
            let mut arrived = true;
            if let Ok(begun) = &mut opened
                && begun.instance == instance
            {
                match arrives(&self.route, begun, &mut began, plan.direction).await {
                    Ok(here) => arrived = here,
                    Err(error) => opened = Err(error),
                }
            }
            match opened {
                Ok(opened) if opened.instance == instance => {
                    let kept = if arrived { None } else { Some(began) };
                    return Ok(OpenedStream { opened, remote, kept });
                }
                // A server that does not know the run is another one than control reached.
                Ok(_) | Err(OpenError::Refused { .. }) => elsewhere += 1,
                Err(error) if error.is_lasting() || attempt == TRIES => return Err(error.into()),
                Err(_) => {}
            }
            sleep(TRY_PAUSE).await;
        }
        let PathDescription { via, server, .. } = &self.path;
        Err(match via {
            Some(via) => CheckError::Astray { via: via.clone(), listen: server.clone() },
            None => CheckError::Balanced { tries: elsewhere },
        })
    }

    /// Has the server prepare the next stream: gives the link to its end, and the process that awaits it.
    async fn prepare(&self, plan: &Plan, offset: ClockOffset) -> Result<Prepared, CheckError> {
        let stream = self.streams.fetch_add(1, Relaxed) + 1;
        let (link, remote) = endpoint::link();
        let (prepared, answer) = oneshot::channel();
        let (begins, began) = oneshot::channel();
        self.attach
            .send(Attachment { stream, link, offset, prepared, began: begins })
            .await
            .map_err(|_| CheckError::ControlLost)?;
        self.tell(ToServer::Prepare { stream, plan: Box::new(plan.clone()) }).await?;
        match timeout(PATIENCE, answer).await {
            Ok(Ok(Ok(instance))) => Ok(Prepared { stream, remote, instance, began }),
            Ok(Ok(Err(reason))) => Err(CheckError::Refused(reason)),
            Ok(Err(_)) => Err(CheckError::ControlLost),
            Err(_) => Err(CheckError::ControlSilent(PATIENCE)),
        }
    }

    /// Says something to the server.
    pub(crate) async fn tell(&self, message: ToServer) -> Result<(), CheckError> {
        match timeout(PATIENCE, self.say.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(CheckError::ControlLost),
            Err(_) => Err(CheckError::ControlSilent(PATIENCE)),
        }
    }
}
