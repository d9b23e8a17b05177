//! The accept loop: takes connections in as long as there is room, and leaves when it is told to.

use crate::door::Door;
use crate::limits::ServerLimits;
use crate::listen::listen;
use crate::mailbox::Mailboxes;
use crate::metrics::Metrics;
use crate::places::Places;
use crate::registry::Registry;
use crate::runs::Runs;
use crate::session::{Session, SessionLink, Shared};
use crate::strangers::{Guests, Strangers};
use endpoint::{Crew, Meter, Patterns, Sampler};
use rand::random;
use scenario::Token;
use socket::Buffers;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use transport::TlsServer;
use units::Clock;
use wire::RunId;

/// How long the loop rests after an accept that failed, for example because there are too many descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often a server that drains looks whether it still serves a run.
const DRAIN_LOOK: Duration = Duration::from_millis(50);

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Socket buffers of the listener, inherited by what it accepts; a plan may still change them.
    pub buffers: Buffers,
    /// What clients may ask for.
    pub limits: ServerLimits,
    /// Who encrypts for the clients that ask for it; plain ones are served as well. None: those are sent away.
    pub tls: Option<TlsServer>,
    /// Serve whoever comes; else only the runs begun in this process, and nobody else's opening is answered.
    pub public: bool,
    /// What everybody must show who is served; none: nothing.
    pub token: Option<Token>,
    /// How those are served who come for no check; none: they are sent away.
    pub strangers: Option<Strangers>,
}

/// A bound server.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    places: Places,
    door: Arc<Door>,
}

impl Server {
    /// Binds the port; nobody is served yet.
    pub fn bind(settings: Settings, clock: Clock, sampler: Sampler) -> io::Result<Self> {
        let listener = listen(settings.listen, settings.buffers)?;
        let meter = Arc::<Meter>::default();
        let metrics = Arc::new(Metrics::new(Arc::clone(&meter)));
        let (limits, crew) = (settings.limits, Crew::default());
        let shared = Shared {
            instance: RunId::from_random(random()),
            clock,
            sampler,
            patterns: Patterns::default(),
            crew,
            limits,
            meter: Arc::clone(&meter),
        };
        let door = Door {
            registry: Registry::default(),
            mailboxes: Mailboxes::default(),
            runs: Runs::default(),
            shared,
            tls: settings.tls,
            public: settings.public,
            guests: settings.strangers.map(|strangers| Arc::new(Guests::new(strangers, clock, meter))),
            token: settings.token,
            metrics,
        };
        let places = Places::new(limits.connections, limits.connections_per_address);
        Ok(Self { listener, places, door: Arc::new(door) })
    }

    /// The address it listens on, with the real port.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Begins a run from within this process; its session must be driven by the returned future.
    pub fn begin(&self, run: RunId) -> Option<(SessionLink, impl Future<Output = ()> + Send + 'static)> {
        let place = self.door.registry.register(run, self.door.shared.limits.runs)?;
        let (session, link) = Session::new(self.door.shared.clone(), place);
        Some((link, session.run()))
    }

    /// Serves until `stop`, then begins nothing new, and waits for the runs it serves as long as its limits say.
    pub async fn serve(self, stop: CancellationToken) {
        let door = &self.door;
        let mut handlers = JoinSet::new();
        tokio::select! {
            () = stop.cancelled() => {}
            never = self.accept(&mut handlers) => match never {},
        }
        door.registry.close();
        if let Some(guests) = &door.guests {
            guests.leave();
        }
        // Runs go on, and open the connections that they need; guests say goodbye.
        let drained = async {
            while door.registry.serves() || door.guests.as_ref().is_some_and(|guests| guests.are_here()) {
                tokio::select! {
                    never = self.accept(&mut handlers) => match never {},
                    () = sleep(DRAIN_LOOK) => {}
                }
            }
        };
        let drain = door.shared.limits.drain;
        if timeout(drain, drained).await.is_err() {
            warn!(seconds = drain.as_secs(), "runs or sessions were still going on at the end of the drain");
        }
        handlers.shutdown().await;
        door.runs.shut_down().await;
    }

    async fn accept(&self, handlers: &mut JoinSet<()>) -> Infallible {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((tcp, peer)) => self.admit(tcp, peer, handlers),
                    Err(error) => {
                        warn!(%error, "could not accept a connection");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(ended) = handlers.join_next() => if let Err(error) = ended {
                    warn!(%error, "a connection's handler failed");
                },
            }
        }
    }

    fn admit(&self, tcp: TcpStream, peer: SocketAddr, handlers: &mut JoinSet<()>) {
        let place = match self.places.take(peer.ip()) {
            Ok(place) => place,
            Err(reason) => {
                self.door.metrics.turned_away(reason);
                return warn!(%peer, ?reason, "too many connections: closed");
            }
        };
        let door = Arc::clone(&self.door);
        let counted = self.door.metrics.accepted();
        handlers.spawn(async move {
            let _counted = counted;
            door.receive(tcp, peer, place).await;
        });
    }
}

#[cfg(test)]
mod tests;
