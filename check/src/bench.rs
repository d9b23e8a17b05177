//! The two sides of a path, ready for streams: the server's session, and where the client dials.

mod addresses;

use crate::bridge::{Wires, carry};
use crate::encryption;
use crate::error::CheckError;
use crate::opener::{Opener, PATIENCE};
use addresses::{dialled, leads_to, listened};
use client::{OpenError, Route, open_control};
use endpoint::Sampler;
use rand::random;
use report::PathDescription;
use scenario::{Scenario, Service, Topology};
use server::{Server, ServerLimits, SessionLink, Settings};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use trace::Direction;
use transport::TlsServer;
use units::Clock;
use wire::{ClockOffset, Exchange, FromServer, RunId, ToServer};

/// Connections of nobody of ours that a check's own server has room for.
const OTHERS: usize = 128;

/// Exchanges of one clock estimate, and the time between them.
const EXCHANGES: u32 = 16;
const EXCHANGE_PAUSE: Duration = Duration::from_millis(5);

/// A path between a client and a server, with a run on it.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) opener: Opener,
    /// The server process that control reached, where it is another than this.
    elsewhere: Option<RunId>,
    exchanges: mpsc::Receiver<Exchange>,
    clock: Clock,
    tasks: JoinSet<()>,
    stop: CancellationToken,
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
        let route = |address| Route {
            transport: scenario.transport.clone(),
            tls,
            address,
            token: scenario.token.clone(),
            patience: PATIENCE,
        };
        let Reached { say, hear, elsewhere, route, via, server, mut tasks } = match &scenario.topology {
            // A service that is not ours is measured without a bench, and does not come here.
            Topology::Target { address } | Topology::Service(Service { address, .. }) => {
                find(route(address.clone()), run).await?
            }
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
        let (exchange_sender, exchanges) = mpsc::channel(64);
        let wires = Wires {
            say: say.clone(),
            hear,
            attachments,
            exchanges: exchange_sender,
            clock,
            heartbeat: elsewhere.is_some(),
        };
        tasks.spawn(carry(wires));
        let buffers = scenario.buffers;
        let opener = Opener { path, route, run, buffers, say, attach, streams: Arc::default() };
        Ok(Self { opener, elsewhere, exchanges, clock, tasks, stop })
    }

    /// How far the server's clock is from ours, from a few exchanges.
    pub(crate) async fn clock_offset(&mut self) -> Result<ClockOffset, CheckError> {
        if self.elsewhere.is_none() {
            return Ok(ClockOffset::default());
        }
        while self.exchanges.try_recv().is_ok() {}
        let mut exchanges = Vec::new();
        for _ in 0..EXCHANGES {
            self.opener.tell(ToServer::Ping { sent: self.clock.now() }).await?;
            exchanges.push(self.exchange().await?);
            sleep(EXCHANGE_PAUSE).await;
        }
        ClockOffset::estimate(&exchanges).ok_or(CheckError::ControlLost)
    }

    /// What is known of the server once the streams of a direction are over, whose clock was `before` from ours; whether it is
    /// gone only where one of them `may_be_its_end`.
    pub(crate) async fn afterwards(
        &mut self,
        before: ClockOffset,
        direction: Direction,
        may_be_its_end: bool,
    ) -> Afterwards {
        match self.clock_offset().await {
            Ok(after) => {
                Afterwards { offset: before.confirmed_by(after), unconfirmed: None, server_is_gone: false }
            }
            // A clock that cannot be asked again is as uncertain as it was, and that is said.
            Err(error) => Afterwards {
                offset: before,
                unconfirmed: Some(format!("{direction}: the clock offset could not be confirmed: {error}")),
                server_is_gone: may_be_its_end && self.server_is_gone().await,
            },
        }
    }

    /// The server process does not answer a fresh connection.
    async fn server_is_gone(&self) -> bool {
        let Some(instance) = self.elsewhere else { return false };
        let asked = open_control(&self.opener.route, RunId::from_random(random())).await;
        let answered = match asked {
            Ok((link, _)) => Some(link.instance),
            Err(OpenError::Refused { instance, .. }) => Some(instance),
            Err(_) => None,
        };
        answered != Some(instance)
    }

    /// Says goodbye and waits for everything this run started.
    pub(crate) async fn tear_down(self) {
        let Self { opener, mut tasks, stop, .. } = self;
        // What the streams said last may still wait to be carried.
        if opener.tell(ToServer::Bye).await.is_err() {
            tracing::debug!("the server did not hear the goodbye");
        }
        stop.cancel();
        drop(opener);
        let ended = async { while tasks.join_next().await.is_some() {} };
        if timeout(PATIENCE, ended).await.is_err() {
            tasks.shutdown().await;
        }
    }

    async fn exchange(&mut self) -> Result<Exchange, CheckError> {
        match timeout(PATIENCE, self.exchanges.recv()).await {
            Ok(Some(exchange)) => Ok(exchange),
            Ok(None) => Err(CheckError::ControlLost),
            Err(_) => Err(CheckError::ControlSilent(PATIENCE)),
        }
    }
}

/// The server after the streams of a direction.
#[derive(Debug)]
pub(crate) struct Afterwards {
    /// How far its clock is from ours.
    pub(crate) offset: ClockOffset,
    /// Why that could not be asked again.
    pub(crate) unconfirmed: Option<String>,
    /// It ended, which is not the path's doing.
    pub(crate) server_is_gone: bool,
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
        limits: ServerLimits::default().for_connections(connections(scenario)),
        tls,
        public: false,
        token: None,
        strangers: None,
    }
}

fn bind(settings: Settings, clock: Clock, sampler: &Sampler) -> Result<Server, CheckError> {
    let address = settings.listen;
    Server::bind(settings, clock, sampler.clone()).map_err(|source| CheckError::Listen { address, source })
}

/// As many as the check opens, and some for health checks and whoever else comes by.
fn connections(scenario: &Scenario) -> usize {
    (scenario.connections + scenario.neighbours) as usize + OTHERS
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
