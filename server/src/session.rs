//! One run on the server: obeys the client's messages, and runs the server's end of each stream.

use crate::limits::ServerLimits;
use crate::registry::{DataConnection, Registration};
use endpoint::{End, EndHandle, Meter, Sampler};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use trace::{Direction, Role};
use tracing::{debug, info, warn};
use transport::Stream;
use units::Clock;
use wire::{Command, FromServer, Plan, Reply, Report, RunId, ToServer};

/// Messages that may wait in either direction.
pub(crate) const WAITING_MESSAGES: usize = 256;

/// How long a stream may go on whose control connection is gone.
const ORPHANED: Duration = Duration::from_mins(1);

/// A stream has two tasks; the one before it may not be over yet.
const TASKS: usize = 4;

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
    prepared: Option<(u32, Arc<Plan>)>,
    /// The latest stream, and what commands its end.
    commands: Option<(u32, mpsc::Sender<Command>)>,
    tasks: JoinSet<()>,
}

impl Session {
    /// A session, and the client's side of it.
    pub(crate) fn new(shared: Shared, place: Registration) -> (Self, SessionLink) {
        let (say, hear_at_client) = mpsc::channel(WAITING_MESSAGES);
        let (say_at_client, hear) = mpsc::channel(WAITING_MESSAGES);
        let tasks = JoinSet::new();
        let session = Self { shared, place, hear, say, prepared: None, commands: None, tasks };
        (session, SessionLink { say: say_at_client, hear: hear_at_client })
    }

    /// Serves until the client says goodbye, or is gone and its streams are over.
    pub(crate) async fn run(mut self) {
        if self.serve().await == Parting::Lost {
            // The path may have cut the control connection alone: the ends may finish what they are about.
            let over = async { while self.tasks.join_next().await.is_some() {} };
            if timeout(ORPHANED, over).await.is_err() {
                info!("a stream outlived its control connection for too long");
            }
        }
        self.tasks.shutdown().await;
    }

    async fn serve(&mut self) -> Parting {
        loop {
            tokio::select! {
                message = self.hear.recv() => match message {
                    Some(ToServer::Bye) => return Parting::Goodbye,
                    Some(message) => self.obey(message).await,
                    None => return Parting::Lost,
                },
                Some(connection) = self.place.streams.recv() => self.take(connection).await,
                Some(ended) = self.tasks.join_next() => if let Err(error) = ended {
                    warn!(%error, "a stream's task failed");
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
                    return self.tell(FromServer::Refused { reason }).await;
                }
                self.prepared = Some((stream, Arc::new(*plan)));
                self.tell(FromServer::Prepared { stream, instance: self.shared.instance }).await;
            }
            ToServer::Command { stream, command } => {
                let end = self.commands.as_ref().filter(|(number, _)| *number == stream);
                let obeyed = end.map(|(_, commands)| commands.try_send(command));
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
    async fn take(&mut self, connection: DataConnection) {
        let DataConnection { stream, mut connection, place } = connection;
        if self.tasks.len() >= TASKS {
            let reason = "a run has one stream at a time".to_owned();
            return answer(&mut connection, self.shared.instance, Some(reason)).await;
        }
        let plan = match &self.prepared {
            Some((prepared, plan)) if *prepared == stream => Arc::clone(plan),
            _ => {
                answer(
                    &mut connection,
                    self.shared.instance,
                    Some("this stream was not prepared".to_owned()),
                )
                .await;
                return;
            }
        };
        self.prepared = None;
        let (link, handle) = endpoint::link();
        self.commands = Some((stream, handle.commands.clone()));
        self.tasks.spawn(forward(stream, handle, self.say.clone()));
        let shared = self.shared.clone();
        self.tasks.spawn(async move {
            info!(stream, direction = %plan.direction, "stream begins");
            match start(connection, &plan, &shared).await {
                Ok(end) => match endpoint::run(end, link).await {
                    Ok(()) => info!(stream, "stream is over"),
                    Err(error) => warn!(stream, %error, "stream failed"),
                },
                Err(error) => warn!(stream, %error, "stream could not begin"),
            }
            drop(place);
        });
    }
}

/// Answers the opening; from then on the connection carries the stream.
async fn start(mut stream: Stream, plan: &Arc<Plan>, shared: &Shared) -> io::Result<End> {
    socket::apply_buffers(&stream.socket()?, plan.buffers)?;
    say(&mut stream, &Reply { instance: shared.instance, refused: None }).await?;
    stream.begin(plan.message)?;
    let role = match plan.direction {
        Direction::Upload => Role::Consumer,
        Direction::Download => Role::Producer,
    };
    let Shared { clock, sampler, meter, .. } = shared.clone();
    Ok(End { role, stream, plan: Arc::clone(plan), clock, sampler, meter })
}

/// Answers an opening, as far as the client listens.
pub(crate) async fn answer(stream: &mut Stream, instance: RunId, refused: Option<String>) {
    if let Err(error) = say(stream, &Reply { instance, refused }).await {
        debug!(%error, "a reply was not sent");
    }
}

async fn say(stream: &mut Stream, reply: &Reply) -> io::Result<()> {
    stream.write_all(&reply.encode()).await?;
    stream.flush().await
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
