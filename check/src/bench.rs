//! The two sides of a path, ready for streams: the server's session, and where the client dials.

use crate::bridge::{Answer, Attachment, Wires, carry};
use crate::encryption;
use crate::error::CheckError;
use client::{OpenError, Opened, Route, open_control, open_stream};
use endpoint::{EndHandle, Sampler};
use rand::random;
use report::PathDescription;
use scenario::{Scenario, Topology};
use server::{Server, ServerLimits, SessionLink, Settings};
use socket::Buffers;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use transport::TlsServer;
use units::Clock;
use wire::{ClockOffset, FromServer, Plan, RunId, ToServer};

/// How long a connection, or an answer, is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a data connection is tried that reached the wrong server, or was ended before its answer.
const TRIES: u32 = 5;

/// Time between two tries: a balancer may have just noticed that its upstream is there.
const TRY_PAUSE: Duration = Duration::from_millis(250);

/// Exchanges of one clock estimate, and the time between them.
const EXCHANGES: u32 = 16;
const EXCHANGE_PAUSE: Duration = Duration::from_millis(5);

/// A path between a client and a server, with a run on it.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) path: PathDescription,
    route: Route,
    run: RunId,
    buffers: Buffers,
    /// The server process that control reached, where it is another than this.
    elsewhere: Option<RunId>,
    say: mpsc::Sender<ToServer>,
    attach: mpsc::Sender<Attachment>,
    answers: mpsc::Receiver<Answer>,
    clock: Clock,
    streams: u32,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

/// A data connection, and the link to the server's end of it.
#[derive(Debug)]
pub(crate) struct OpenedStream {
    pub(crate) opened: Opened,
    pub(crate) remote: EndHandle,
}

impl Bench {
    /// Starts or finds the server, and begins a run with it.
    pub(crate) async fn set_up(
        scenario: &Scenario,
        clock: Clock,
        sampler: &Sampler,
    ) -> Result<Self, CheckError> {
        let run = RunId::from_random(random());
        let stop = CancellationToken::new();
        let (tls, server_tls) = encryption::set_up(scenario)?;
        let route =
            |address| Route { transport: scenario.transport.clone(), tls, address, patience: PATIENCE };
        let Reached { say, hear, elsewhere, route, via, server, mut tasks } = match &scenario.topology {
            Topology::Target { address } => find(route(address.clone()), run).await?,
            Topology::Loopback => {
                let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let server = bind(settings(scenario, anywhere, server_tls), clock, sampler)?;
                begin(server, None, route, run, &stop)?
            }
            Topology::Via { listen, via } => {
                let server = bind(settings(scenario, *listen, server_tls), clock, sampler)?;
                begin(server, via.as_deref(), route, run, &stop)?
            }
        };
        let path = PathDescription { via, server, transport: scenario.carriage() };
        let (attach, attachments) = mpsc::channel(4);
        let (answer_sender, answers) = mpsc::channel(64);
        let wires = Wires {
            say: say.clone(),
            hear,
            attachments,
            answers: answer_sender,
            clock,
            heartbeat: elsewhere.is_some(),
        };
        tasks.spawn(carry(wires));
        let buffers = scenario.buffers;
        Ok(Self {
            path,
            route,
            run,
            buffers,
            elsewhere,
            say,
            attach,
            answers,
            clock,
            streams: 0,
            tasks,
            stop,
        })
    }

    /// How far the server's clock is from ours, from a few exchanges.
    pub(crate) async fn clock_offset(&mut self) -> Result<ClockOffset, CheckError> {
        if self.elsewhere.is_none() {
            return Ok(ClockOffset::default());
        }
        while self.answers.try_recv().is_ok() {}
        let mut exchanges = Vec::new();
        for _ in 0..EXCHANGES {
            self.tell(ToServer::Ping { sent: self.clock.now() }).await?;
            if let Answer::Pong(exchange) = self.answer().await? {
                exchanges.push(exchange);
            }
            sleep(EXCHANGE_PAUSE).await;
        }
        ClockOffset::estimate(&exchanges).ok_or(CheckError::ControlLost)
    }

    /// The server process does not answer a fresh connection.
    pub(crate) async fn server_is_gone(&self) -> bool {
        let Some(instance) = self.elsewhere else { return false };
        let asked = open_control(&self.route, RunId::from_random(random())).await;
        let answered = match asked {
            Ok((link, _)) => Some(link.instance),
            Err(OpenError::Refused { instance, .. }) => Some(instance),
            Err(_) => None,
        };
        answered != Some(instance)
    }

    /// Opens a data connection for a stream that follows `plan`.
    pub(crate) async fn open(
        &mut self,
        plan: &Plan,
        offset: ClockOffset,
    ) -> Result<OpenedStream, CheckError> {
        let mut elsewhere = 0;
        for attempt in 1..=TRIES {
            let (remote, instance) = self.prepare(plan, offset).await?;
            match open_stream(&self.route, self.run, self.streams, self.buffers).await {
                Ok(opened) if opened.instance == instance => return Ok(OpenedStream { opened, remote }),
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

    async fn prepare(&mut self, plan: &Plan, offset: ClockOffset) -> Result<(EndHandle, RunId), CheckError> {
        self.streams += 1;
        let (link, remote) = endpoint::link();
        self.attach
            .send(Attachment { stream: self.streams, link, offset })
            .await
            .map_err(|_| CheckError::ControlLost)?;
        self.tell(ToServer::Prepare { stream: self.streams, plan: Box::new(plan.clone()) }).await?;
        let prepared = timeout(PATIENCE, async {
            loop {
                match self.answer().await? {
                    Answer::Prepared { stream, instance } if stream == self.streams => return Ok(instance),
                    Answer::Refused { reason } => return Err(CheckError::Refused(reason)),
                    Answer::Prepared { .. } | Answer::Pong(_) => {}
                }
            }
        });
        let instance = prepared.await.unwrap_or(Err(CheckError::ControlSilent(PATIENCE)))?;
        Ok((remote, instance))
    }

    /// Says goodbye and waits for everything this run started.
    pub(crate) async fn tear_down(self) {
        if self.say.try_send(ToServer::Bye).is_err() {
            tracing::debug!("the server did not hear the goodbye");
        }
        self.stop.cancel();
        let Self { say, attach, mut tasks, .. } = self;
        drop((say, attach));
        let ended = async { while tasks.join_next().await.is_some() {} };
        if timeout(PATIENCE, ended).await.is_err() {
            tasks.shutdown().await;
        }
    }

    async fn tell(&self, message: ToServer) -> Result<(), CheckError> {
        match timeout(PATIENCE, self.say.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(CheckError::ControlLost),
            Err(_) => Err(CheckError::ControlSilent(PATIENCE)),
        }
    }

    async fn answer(&mut self) -> Result<Answer, CheckError> {
        match timeout(PATIENCE, self.answers.recv()).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(CheckError::ControlLost),
            Err(_) => Err(CheckError::ControlSilent(PATIENCE)),
        }
    }
}

/// A server, and how to talk with it and reach it.
struct Reached {
    say: mpsc::Sender<ToServer>,
    hear: mpsc::Receiver<FromServer>,
    /// The server process, where it is another than this.
    elsewhere: Option<RunId>,
    route: Route,
    /// What is dialled in the server's place.
    via: Option<String>,
    /// Where the server listens, as it is told people.
    server: String,
    tasks: JoinSet<()>,
}

/// Begins a run with a server elsewhere.
async fn find(route: Route, run: RunId) -> Result<Reached, CheckError> {
    let (link, carry) = open_control(&route, run).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        if let Err(error) = carry.await {
            tracing::info!(%error, "the control connection ended");
        }
    });
    let server = route.address.clone();
    let elsewhere = Some(link.instance);
    Ok(Reached { say: link.say, hear: link.hear, elsewhere, route, via: None, server, tasks })
}

fn settings(scenario: &Scenario, listen: SocketAddr, tls: Option<TlsServer>) -> Settings {
    Settings {
        listen,
        buffers: scenario.buffers,
        limits: ServerLimits::default(),
        tls,
        public: false,
        strangers: None,
    }
}

fn bind(settings: Settings, clock: Clock, sampler: &Sampler) -> Result<Server, CheckError> {
    let address = settings.listen;
    Server::bind(settings, clock, sampler.clone()).map_err(|source| CheckError::Listen { address, source })
}

/// Begins a run with a server in this process, reached through `via`.
fn begin(
    server: Server,
    via: Option<&str>,
    route: impl FnOnce(String) -> Route,
    run: RunId,
    stop: &CancellationToken,
) -> Result<Reached, CheckError> {
    let bound = server
        .local_addr()
        .map_err(|source| CheckError::Local { doing: "tell where the server listens", source })?;
    if let Some(via) = via.filter(|via| leads_to(via, bound)) {
        return Err(CheckError::Straight { via: via.to_owned() });
    }
    let (SessionLink { say, hear }, session) =
        server.begin(run).ok_or_else(|| CheckError::Refused("the run exists".to_owned()))?;
    let mut tasks = JoinSet::new();
    tasks.spawn(session);
    tasks.spawn(server.serve(stop.clone()));
    let route = route(via.map_or_else(|| dialled(bound).to_string(), str::to_owned));
    let via = via.map(str::to_owned);
    Ok(Reached { say, hear, elsewhere: None, route, via, server: listened(bound), tasks })
}

/// An address, written as such, of this machine's at which `bound` listens; a name may lead anywhere.
fn leads_to(via: &str, bound: SocketAddr) -> bool {
    let via: Option<SocketAddr> = via.replace("localhost:", "127.0.0.1:").parse().ok();
    let reaches =
        |via: SocketAddr| via.ip() == bound.ip() || (bound.ip().is_unspecified() && via.ip().is_loopback());
    via.is_some_and(|via| via.port() == bound.port() && reaches(via))
}

/// Where this machine reaches what listens on `bound`.
fn dialled(bound: SocketAddr) -> SocketAddr {
    if bound.ip().is_unspecified() { (Ipv4Addr::LOCALHOST, bound.port()).into() } else { bound }
}

/// As it is asked for: `:9000` for all addresses.
fn listened(bound: SocketAddr) -> String {
    if bound.ip().is_unspecified() { format!(":{}", bound.port()) } else { bound.to_string() }
}
