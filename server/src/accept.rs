//! The accept loop: reads each connection's first line, and decides by it.

mod requests;

use crate::answer::{NO_ROOM, NOT_SERVED, TOKEN_MISSING, refuse};
use crate::control;
use crate::errands::is_shown;
use crate::first::{First, first_bytes};
use crate::limits::ServerLimits;
use crate::listen::listen;
use crate::mailbox::Mailboxes;
use crate::metrics::{Metrics, Reason};
use crate::places::{Place, Places};
use crate::registry::{DataConnection, Registry};
use crate::session::{Session, SessionLink, Shared};
use crate::strangers::{Guests, Strangers};
use endpoint::{Crew, Meter, Patterns, Sampler};
use rand::random;
use scenario::Token;
use scenario::files::Protocol;
use socket::Buffers;
use std::convert::Infallible;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use transport::{Stream, TlsServer, Wire};
use units::Clock;
use wire::{Opening, OpeningError, Purpose, RunId};

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
    door: Arc<Door>,
}

/// What every connection's handler needs.
#[derive(Debug)]
struct Door {
    registry: Registry,
    mailboxes: Mailboxes,
    shared: Shared,
    tls: Option<TlsServer>,
    public: bool,
    guests: Option<Arc<Guests>>,
    places: Places,
    token: Option<Token>,
    metrics: Arc<Metrics>,
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
            shared,
            tls: settings.tls,
            public: settings.public,
            guests: settings.strangers.map(|strangers| Arc::new(Guests::new(strangers, clock, meter))),
            places: Places::new(limits.connections, limits.connections_per_address),
            token: settings.token,
            metrics,
        };
        Ok(Self { listener, door: Arc::new(door) })
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
        let Self { listener, door } = self;
        let drain = door.shared.limits.drain;
        let mut handlers = JoinSet::new();
        tokio::select! {
            () = stop.cancelled() => {}
            never = door.accept(&listener, &mut handlers) => match never {},
        }
        door.registry.close();
        if let Some(guests) = &door.guests {
            guests.leave();
        }
        // Runs go on, and open the connections that they need; guests say goodbye.
        let drained = async {
            while door.registry.serves() || door.guests.as_ref().is_some_and(|guests| guests.are_here()) {
                tokio::select! {
                    never = door.accept(&listener, &mut handlers) => match never {},
                    () = sleep(DRAIN_LOOK) => {}
                }
            }
        };
        if timeout(drain, drained).await.is_err() {
            warn!(seconds = drain.as_secs(), "runs or sessions were still going on at the end of the drain");
        }
        handlers.shutdown().await;
    }
}

impl Door {
    async fn accept(self: &Arc<Self>, listener: &TcpListener, handlers: &mut JoinSet<()>) -> Infallible {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
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

    fn admit(self: &Arc<Self>, tcp: TcpStream, peer: SocketAddr, handlers: &mut JoinSet<()>) {
        let place = match self.places.take(peer.ip()) {
            Ok(place) => place,
            Err(reason) => {
                self.metrics.turned_away(reason);
                return warn!(%peer, ?reason, "too many connections: closed");
            }
        };
        let door = Arc::clone(self);
        let counted = self.metrics.accepted();
        handlers.spawn(async move {
            let _counted = counted;
            door.receive(tcp, peer, place).await;
        });
    }

    async fn receive(&self, tcp: TcpStream, peer: SocketAddr, place: Place) {
        // Bytes without an opening can show nothing.
        let raw = self.guests.as_deref().filter(|guests| guests.take(Protocol::Tcp) && self.token.is_none());
        let raw = raw.inspect(|_| pair::keep_alive(&tcp));
        let begun = match Wire::plain(tcp) {
            Ok(wire) => self.look(wire, peer, raw).await,
            Err(error) => Err(error),
        };
        let (wire, first) = match begun {
            Ok(begun) => begun,
            Err(error) => return debug!(%peer, %error, "lost before its opening"),
        };
        if matches!(first, First::Opening | First::Http | First::Http2) {
            // Of a check, silence is what is measured.
            pair::let_be(&wire.handle());
        }
        match (first, raw) {
            // It sends nothing, and may listen.
            (First::Nothing | First::Silent, Some(guests)) if guests.speak_after().is_some() => {
                guests.serve_bytes(wire, peer).await;
            }
            (First::Nothing, _) => debug!(%peer, "closed before it said anything"),
            (First::Opening, _) => self.open(Stream::plain(wire), peer, place).await,
            (First::Http, _) => self.receive_http(wire, false, peer, place).await,
            (First::Http2, _) => self.receive_http(wire, true, peer, place).await,
            (First::Tls, None) => self.turn_away(peer, "it speaks TLS, for which there is no certificate"),
            (First::Undecided | First::Strange(_) | First::Tls, Some(guests)) => {
                guests.serve_bytes(wire, peer).await;
            }
            (First::Silent, _) | (First::Undecided, None) => self.turn_away(peer, "said nothing in time"),
            (First::Strange(bytes), None) => {
                if let Err(reason) = Opening::decode(&bytes) {
                    self.turn_away(peer, reason);
                }
            }
        }
    }

    /// What a connection is: in TLS, where it begins with that and we have a certificate.
    async fn look(
        &self,
        mut wire: Wire,
        peer: SocketAddr,
        raw: Option<&Guests>,
    ) -> io::Result<(Wire, First)> {
        let opening = self.shared.limits.opening;
        let patience = raw.and_then(Guests::speak_after).unwrap_or(opening);
        // As with a go-backpressure server, who sends raw TCP need not begin at once.
        let silence = raw.map_or(opening, Guests::begins_within);
        let first = first_bytes(&mut wire, silence, patience).await?;
        let (First::Tls, Some(tls)) = (&first, &self.tls) else { return Ok((wire, first)) };
        let mut wire = tls.encrypt(wire, opening).await.map_err(|error| {
            self.turn_away(peer, &error);
            io::Error::other(error)
        })?;
        let first = first_bytes(&mut wire, silence, patience).await?;
        Ok((wire, first))
    }

    /// A stream of ours by its first byte, or by the way in which it was asked for.
    async fn open(&self, mut stream: Stream, peer: SocketAddr, place: Place) {
        let line = transport::read_line(&mut stream, wire::MAX_OPENING_LINE);
        let opening = match timeout(self.shared.limits.opening, line).await {
            Ok(Ok(line)) => Opening::decode(&line),
            Ok(Err(error)) => return debug!(%peer, %error, "lost before its opening"),
            Err(_) => return self.turn_away(peer, "said nothing in time"),
        };
        match opening {
            Ok(opening @ Opening { purpose: Purpose::Stream(_), .. }) => {
                self.admit_stream(opening, stream, peer, place).await;
            }
            Ok(Opening { run, purpose: Purpose::Control, token }) if self.public => {
                if is_shown(self.token.as_ref(), token.as_deref()) {
                    self.begin_run(stream, peer, run).await;
                } else {
                    self.turn_away(peer, TOKEN_MISSING);
                    refuse(&mut stream, &self.shared, TOKEN_MISSING).await;
                }
            }
            Ok(Opening { purpose: Purpose::Control, .. }) => {
                debug!(%peer, "another run's control connection: closed");
            }
            Err(reason) => {
                self.turn_away(peer, &reason);
                // A client of another version is told so; a stranger hears nothing.
                if self.public && matches!(reason, OpeningError::Version { .. }) {
                    refuse(&mut stream, &self.shared, &reason.to_string()).await;
                }
            }
        }
    }

    fn turn_away(&self, peer: SocketAddr, reason: impl Display) {
        self.metrics.turned_away(Reason::Stranger);
        info!(%peer, %reason, "stranger: closed");
    }

    async fn admit_stream(
        &self,
        Opening { run, purpose, .. }: Opening,
        connection: Stream,
        peer: SocketAddr,
        place: Place,
    ) {
        match purpose {
            Purpose::Stream(stream) => self.deliver(run, DataConnection { stream, connection, place }).await,
            Purpose::Control => debug!(%peer, "control messages have no stream over HTTP: closed"),
        }
    }

    async fn begin_run(&self, mut stream: Stream, peer: SocketAddr, run: RunId) {
        if let Some(place) = self.registry.register(run, self.shared.limits.runs) {
            control::serve(stream, peer, self.shared.clone(), place).await;
        } else {
            refuse(&mut stream, &self.shared, NO_ROOM).await;
        }
    }

    async fn deliver(&self, run: RunId, connection: DataConnection) {
        if let Err(mut unwanted) = self.registry.deliver(run, connection)
            && self.public
        {
            refuse(&mut unwanted.connection, &self.shared, NOT_SERVED).await;
        }
    }
}
