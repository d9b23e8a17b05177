//! One run on the server: obeys the client's messages, and runs the server's end of each stream.

use crate::answer::{accept, refuse};
use crate::limits::ServerLimits;
use crate::registry::{DataConnection, Registration};
use endpoint::{Crew, End, EndHandle, EndLink, Meter, Patterns, Sampler};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, info, warn};
use transport::Stream;
use units::Clock;
use wire::{Command, FromServer, Plan, Report, RunId, ToServer};

/// Messages that may wait in either direction.
pub(crate) const WAITING_MESSAGES: usize = 256;

/// How long a stream may go on whose control connection is gone.
const ORPHANED: Duration = Duration::from_mins(1);

/// Streams that were prepared and whose connection has not come; beyond, the oldest is forgotten.
const PREPARED: usize = 1024;

/// How a client left.
#[derive(Debug, PartialEq, Eq)]
enum Parting {
    Goodbye,
    Lost,
}

/// A client's side of a run: what it says, and what it is told.
#[derive(Debug)]
pub struct SessionLink {
    /// To the server.
    pub say: mpsc::Sender<ToServer>,
    /// From the server.
    pub hear: mpsc::Receiver<FromServer>,
}

/// What all sessions of a server share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) instance: RunId,
    pub(crate) clock: Clock,
    pub(crate) sampler: Sampler,
    pub(crate) patterns: Patterns,
    pub(crate) crew: Crew,
    pub(crate) limits: ServerLimits,
    pub(crate) meter: Arc<Meter>,
}

/// A run being served.
#[derive(Debug)]
pub(crate) struct Session {
    shared: Shared,
    place: Registration,
    hear: mpsc::Receiver<ToServer>,
    say: mpsc::Sender<FromServer>,
    prepared: BTreeMap<u32, Arc<Plan>>,
    /// The streams that are not over, and what commands their ends.
    commands: BTreeMap<u32, endpoint::Sender<Command>>,
    /// One a stream, which gives its number; and one a connection that is refused.
    streams: JoinSet<Option<u32>>,
}

impl Session {
    /// A session, and the client's side of it.
    pub(crate) fn new(shared: Shared, place: Registration) -> (Self, SessionLink) {
        let (say, hear_at_client) = mpsc::channel(WAITING_MESSAGES);
        let (say_at_client, hear) = mpsc::channel(WAITING_MESSAGES);
        let session = Self {
            shared,
            place,
            hear,
            say,
            prepared: BTreeMap::new(),
            commands: BTreeMap::new(),
            streams: JoinSet::new(),
        };
        (session, SessionLink { say: say_at_client, hear: hear_at_client })
    }

    /// Serves until the client says goodbye, or is gone and its streams are over.
    pub(crate) async fn run(mut self) {
        if self.serve().await == Parting::Lost {
            // The path may have cut the control connection alone: the ends may finish what they are about.
            let over = async { while self.streams.join_next().await.is_some() {} };
            if timeout(ORPHANED, over).await.is_err() {
                info!("a stream outlived its control connection for too long");
            }
        }
        self.streams.shutdown().await;
    }

    async fn serve(&mut self) -> Parting {
        loop {
            tokio::select! {
                message = self.hear.recv() => match message {
                    Some(ToServer::Bye) => return Parting::Goodbye,
                    Some(message) => self.obey(message).await,
                    None => return Parting::Lost,
                },
                Some(connection) = self.place.streams.recv() => self.take(connection),
                Some(ended) = self.streams.join_next() => match ended {
                    Ok(Some(stream)) => drop(self.commands.remove(&stream)),
                    Ok(None) => {}
                    Err(error) => warn!(%error, "a stream's task failed"),
                },
            }
        }
    }

    async fn obey(&mut self, message: ToServer) {
        match message {
            ToServer::Ping { sent } => {
                let received = self.shared.clock.now();
                let pong = FromServer::Pong { sent, received, answered: self.shared.clock.now() };
                // A client that does not listen must not keep its own commands from being obeyed.
                if self.say.try_send(pong).is_err() {
                    debug!("a ping was not answered");
                }
            }
            ToServer::Prepare { stream, plan } => {
                if let Some(reason) = self.shared.limits.objection(&plan) {
                    return self.tell(FromServer::Refused { stream, reason }).await;
                }
                if self.prepared.len() >= PREPARED {
                    self.prepared.pop_first();
                }
                self.prepared.insert(stream, Arc::new(*plan));
                self.tell(FromServer::Prepared { stream, instance: self.shared.instance }).await;
            }
            ToServer::Command { stream, command } => {
                let obeyed = self.commands.get(&stream).map(|commands| commands.try_send(command));
                if !matches!(obeyed, Some(Ok(()))) {
                    debug!(?command, "no stream obeys");
                }
            }
            ToServer::Bye => {}
        }
    }

    async fn tell(&self, message: FromServer) {
        if self.say.send(message).await.is_err() {
            debug!("the client is gone");
        }
    }

    /// Starts the server's end on a data connection, if it is the one that was prepared.
    fn take(&mut self, connection: DataConnection) {
        let most = self.shared.limits.streams;
        if self.commands.len() >= most {
            return self.refuse(connection, format!("a run has at most {most} streams at a time"));
        }
        let Some(plan) = self.prepared.remove(&connection.stream) else {
            return self.refuse(connection, "this stream was not prepared".to_owned());
        };
        let place_of_end = match self.shared.crew.place(plan.at_once) {
            Ok(place_of_end) => place_of_end,
            Err(error) => {
                warn!(%error, "could not start threads for streams");
                return self.refuse(connection, "the server could not start threads for streams".to_owned());
            }
        };
        let DataConnection { stream, connection, place } = connection;
        let (link, handle) = endpoint::link();
        self.commands.insert(stream, handle.commands.clone());
        let (shared, say) = (self.shared.clone(), self.say.clone());
        self.streams.spawn(async move {
            let mut end = JoinSet::new();
            end.spawn_on(run_end((stream, connection, plan), shared, link, say.clone()), &place_of_end);
            forward(stream, handle, say).await;
            if let Some(Err(error)) = end.join_next().await {
                warn!(stream, %error, "a stream's task failed");
            }
            drop(place);
            Some(stream)
        });
    }

    /// Others are served meanwhile, for whoever is refused need not listen.
    fn refuse(&mut self, connection: DataConnection, reason: String) {
        let DataConnection { mut connection, place, .. } = connection;
        let shared = self.shared.clone();
        self.streams.spawn(async move {
            refuse(&mut connection, &shared, &reason).await;
            drop((connection, place));
            None
        });
    }
}

/// Runs the server's end of a stream.
async fn run_end(
    (stream, connection, plan): (u32, Stream, Arc<Plan>),
    shared: Shared,
    link: EndLink,
    say: mpsc::Sender<FromServer>,
) {
    info!(stream, direction = %plan.direction, "stream begins");
    match start(connection, &plan, &shared).await {
        Ok(end) => {
            // Where the answer is no part of the stream, a proxy may keep it back.
            if say.send(FromServer::Began { stream }).await.is_err() {
                debug!("the client is gone");
            }
            match endpoint::run(end, link).await {
                Ok(()) => info!(stream, "stream is over"),
                Err(error) => warn!(stream, %error, "stream failed"),
            }
        }
        Err(error) => warn!(stream, %error, "stream could not begin"),
    }
}

/// Answers the opening; from then on the connection carries the stream.
async fn start(mut stream: Stream, plan: &Arc<Plan>, shared: &Shared) -> io::Result<End> {
    socket::apply_buffers(stream.socket(), plan.buffers)?;
    accept(&mut stream, shared).await?;
    stream.begin(plan.message)?;
    let role = plan.direction.server_role();
    let Shared { clock, sampler, patterns, meter, .. } = shared.clone();
    Ok(End { role, stream, plan: Arc::clone(plan), clock, sampler, patterns, meter })
}

/// Passes on what an end tells. When the client does not listen, only the latest sample waits.
async fn forward(stream: u32, mut handle: EndHandle, say: mpsc::Sender<FromServer>) {
    loop {
        let report = tokio::select! {
            biased;
            report = handle.reports.recv() => report,
            Ok(()) = handle.progress.changed() => {
                let latest = handle.progress.borrow_and_update().clone();
                latest.map(|sample| Report::Progress(Box::new(sample)))
            }
        };
        let Some(report) = report else { return };
        if say.send(FromServer::Report { stream, report }).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
